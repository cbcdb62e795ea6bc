/* SPDX-License-Identifier: MIT */
/* backend.cu: opening and closing a device, its table, and the first failure. */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "backend.cuh"
#include "plugin.h"

bool gb_cuda_good(const gb_device *device, cudaError_t error, const char *what)
{
	if (error != cudaSuccess)
		gb_cuda_report(device, what, cudaGetErrorString(error));
	return error == cudaSuccess;
}

void gb_cuda_report(const gb_device *device, const char *what, const char *why)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (!cuda->failure[0])
		snprintf(cuda->failure, sizeof cuda->failure, "%s%s%s", what, why ? ": " : "",
		         why ? why : "");
}

cudaStream_t gb_stream(const gb_device *device) { return gb_cuda_of(device)->compute; }
unsigned gb_bootstrap_most_blocks(const gb_device *device) { return gb_cuda_of(device)->most_blocks; }
void gb_launched(const gb_device *device, const char *kernel)
{
	gb_cuda_good(device, cudaGetLastError(), kernel);
}

/* "bf16", "tf32", "fp32" and a number, in any order, between colons. */
static gb_status read_options(gb_cuda *cuda, const char *options, long *number, gb_err *err)
{
	static const char *const name[] = {"bf16", "tf32", "fp32"};

	while (options && *options) {
		size_t length = strcspn(options, ":");
		char *end;
		unsigned long value = strtoul(options, &end, 10);
		int i = 0;

		while (i < 3 && (strlen(name[i]) != length || strncmp(options, name[i], length)))
			i++;
		if (i < 3)
			cuda->precision = (enum gb_precision)i;
		else if (end == options + length && length && value < 100000)
			*number = (long)value;
		else
			return gb_fail(err, GB_USAGE, "%s:%s: bf16, tf32, fp32 or a number is wanted",
			               gb_target_name, options);
		options += length + (options[length] == ':');
	}
	return GB_OK;
}

static gb_status prepare(gb_device *device, const char *options, unsigned place, gb_err *err)
{
	gb_cuda *cuda = gb_cuda_of(device);
	cudaDeviceProp about;
	long number = -1;
	int current = 0;
	gb_status status = read_options(cuda, options, &number, err);

	if (status == GB_OK)
		status = gb_target_open(device, number, place, err);
	if (status != GB_OK)
		return status;
	if (gb_cuda_good(device, cudaStreamCreateWithFlags(&cuda->compute, cudaStreamNonBlocking),
	                 "stream") &&
	    gb_cuda_good(device, cudaStreamCreateWithFlags(&cuda->copy, cudaStreamNonBlocking), "stream") &&
	    gb_cuda_good(device, cudaEventCreateWithFlags(&cuda->sent, cudaEventDisableTiming), "event") &&
	    gb_cuda_good(device, cudaEventCreateWithFlags(&cuda->used, cudaEventDisableTiming), "event") &&
	    gb_cuda_good(device, cudaGetDevice(&current), "device") &&
	    gb_cuda_good(device, cudaGetDeviceProperties(&about, current), "properties")) {
		cuda->most_blocks = 16 * (unsigned)about.multiProcessorCount;
		return gb_gemm_open(&cuda->gemm, err);
	}
	return gb_fail(err, GB_SYSTEM, "%s: %s", gb_target_name, cuda->failure);
}

static void *queue(const gb_device *device) { return gb_stream(device); }

static void close_device(gb_device *device)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (!cuda)
		return;
	if (cuda->compute) {
		cudaStreamSynchronize(cuda->copy);
		cudaStreamSynchronize(cuda->compute);
	}
	gb_cuda_free_memory(device);
	gb_gemm_close(cuda->gemm);
	if (cuda->used)
		cudaEventDestroy(cuda->used);
	if (cuda->sent)
		cudaEventDestroy(cuda->sent);
	if (cuda->copy)
		cudaStreamDestroy(cuda->copy);
	if (cuda->compute)
		cudaStreamDestroy(cuda->compute);
	free(cuda);
	device->state = NULL;
	device->ops = NULL;
}

static const struct gb_ops table = {gb_target_name,        false,
                                    gb_cuda_allocate,      gb_cuda_release,
                                    gb_cuda_upload,        gb_cuda_copy,
                                    gb_cuda_fill,          gb_cuda_download,
                                    gb_cuda_allocate_host, gb_cuda_release_host,
                                    gb_cuda_send,          gb_cuda_keep_weights,
                                    gb_cuda_begin,         gb_cuda_end,
                                    gb_cuda_forget,        queue,
                                    close_device,
#define GB_OP_ENTRY(op) gb_cuda_##op,
                                    GB_OPS(GB_OP_ENTRY)
#undef GB_OP_ENTRY
};

static gb_status open_device(gb_device *device, const char *options, unsigned place, gb_err *err)
{
	gb_status status;

	device->state = calloc(1, sizeof(gb_cuda));
	if (!device->state)
		return gb_fail(err, GB_SYSTEM, "out of memory");
	device->ops = &table;
	status = prepare(device, options, place, err);
	if (status != GB_OK)
		close_device(device);
	return status;
}

const gb_device_plugin_table gb_device_plugin = {sizeof(struct gb_ops), open_device};
