/* SPDX-License-Identifier: MIT */
/* memory.cu: memory of the device and transfers, in the order of its operations. */
#include <cstdlib>
#include <cstring>

#include "backend.cuh"

void *gb_cuda_allocate(const gb_device *device, size_t bytes, gb_err *err)
{
	void *memory = NULL;

	if (cudaMalloc(&memory, bytes ? bytes : 1) != cudaSuccess) {
		cudaGetLastError(); /* said here, not by the next launch */
		gb_fail(err, GB_SYSTEM,
		        "%s: out of memory: %zu bytes cannot be had: lower --width, --window or "
		        "--batch-windows",
		        gb_target_name, bytes);
		return NULL;
	}
	gb_cuda_fill(device, memory, 0, bytes);
	return memory;
}

void gb_cuda_release(const gb_device *device, void *memory)
{
	gb_cuda_good(device, cudaStreamSynchronize(gb_stream(device)), "release");
	cudaFree(memory);
}

/* Writing where the weights lie leaves their copy behind. */
static void about_to_write(gb_cuda *cuda, const void *to)
{
	const float *at = (const float *)to;

	if (at >= cuda->weights && at < cuda->weights + cuda->count)
		cuda->shadow_good = false;
}

void gb_cuda_upload(const gb_device *device, void *to, const void *from, size_t bytes)
{
	about_to_write(gb_cuda_of(device), to);
	if (bytes)
		gb_cuda_good(device,
		             cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, gb_stream(device)),
		             "upload");
}

void gb_cuda_copy(const gb_device *device, void *to, const void *from, size_t bytes)
{
	about_to_write(gb_cuda_of(device), to);
	if (bytes && to != from)
		gb_cuda_good(device,
		             cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, gb_stream(device)),
		             "copy");
}

void gb_cuda_fill(const gb_device *device, void *to, int byte, size_t bytes)
{
	about_to_write(gb_cuda_of(device), to);
	if (bytes)
		gb_cuda_good(device, cudaMemsetAsync(to, byte, bytes, gb_stream(device)), "fill");
}

gb_status gb_cuda_download(const gb_device *device, void *to, const void *from, size_t bytes, gb_err *err)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (bytes)
		gb_cuda_good(device, cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, cuda->compute),
		             "download");
	gb_cuda_good(device, cudaStreamSynchronize(cuda->compute), "device");
	if (cuda->failure[0])
		return gb_fail(err, GB_SYSTEM, "%s: %s", gb_target_name, cuda->failure);
	return GB_OK;
}

/* ---- sending the next batch while this one is computed ---- */

void *gb_cuda_allocate_host(const gb_device *device, size_t bytes, gb_err *err)
{
	void *memory = NULL;

	(void)device;
	if (cudaMallocHost(&memory, bytes ? bytes : 1) != cudaSuccess) {
		cudaGetLastError();
		gb_fail(err, GB_SYSTEM, "%s: out of memory: %zu bytes of pinned memory cannot be had",
		        gb_target_name, bytes);
		return NULL;
	}
	memset(memory, 0, bytes);
	return memory;
}

void gb_cuda_release_host(const gb_device *device, void *memory)
{
	gb_cuda_good(device, cudaStreamSynchronize(gb_cuda_of(device)->copy), "release");
	cudaFreeHost(memory);
}

/* FROM → stage on the copy stream, beside what computes; stage → TO in the order
 * of the operations.  The sending before this one is over when this one returns. */
void gb_cuda_send(const gb_device *device, void *to, const void *from, size_t bytes)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (!bytes)
		return;
	gb_cuda_good(device, cudaEventSynchronize(cuda->sent), "send");
	if (bytes > cuda->stage_bytes) {
		gb_cuda_good(device, cudaStreamSynchronize(cuda->compute), "send");
		cudaFree(cuda->stage);
		cuda->stage = NULL;
		cuda->stage_bytes = 0;
		if (!gb_cuda_good(device, cudaMalloc(&cuda->stage, bytes), "send"))
			return;
		cuda->stage_bytes = bytes;
	}
	gb_cuda_good(device, cudaStreamWaitEvent(cuda->copy, cuda->used, 0), "send");
	gb_cuda_good(device, cudaMemcpyAsync(cuda->stage, from, bytes, cudaMemcpyHostToDevice, cuda->copy),
	             "send");
	gb_cuda_good(device, cudaEventRecord(cuda->sent, cuda->copy), "send");
	gb_cuda_good(device, cudaStreamWaitEvent(cuda->compute, cuda->sent, 0), "send");
	gb_cuda_good(device, cudaMemcpyAsync(to, cuda->stage, bytes, cudaMemcpyDeviceToDevice, cuda->compute),
	             "send");
	gb_cuda_good(device, cudaEventRecord(cuda->used, cuda->compute), "send");
}

/* ---- scratch ---- */

void *gb_scratch(const gb_device *device, enum gb_scratch_slot slot, size_t bytes)
{
	gb_cuda *cuda = gb_cuda_of(device);
	gb_block *old;

	if (cuda->scratch[slot].memory && bytes <= cuda->scratch[slot].bytes)
		return cuda->scratch[slot].memory;
	bytes = bytes < 1 << 20 ? 1 << 20 : bytes;
	if (cuda->scratch[slot].memory) { /* recordings name it, and what is queued uses it */
		if (!(old = (gb_block *)malloc(sizeof *old))) {
			gb_cuda_report(device, "out of memory", NULL);
			return NULL;
		}
		*old = {cuda->retired, cuda->scratch[slot].memory};
		cuda->retired = old;
	}
	cuda->scratch[slot].memory = NULL;
	if (!gb_cuda_good(device, cudaMalloc(&cuda->scratch[slot].memory, bytes), "scratch memory"))
		return NULL;
	cuda->scratch[slot].bytes = bytes;
	return cuda->scratch[slot].memory;
}

/* ---- the weights in BF16 ---- */

void gb_cuda_keep_weights(const gb_device *device, const float *w, size_t n)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (cuda->shadow)
		gb_cuda_release(device, cuda->shadow);
	cuda->weights = w;
	cuda->count = n;
	cuda->shadow = NULL;
	cuda->shadow_good = false;
	if (w && cuda->precision == GB_BF16)
		gb_cuda_good(device, cudaMalloc((void **)&cuda->shadow, n * sizeof *cuda->shadow),
		             "weights in BF16");
}

void gb_cuda_refresh_shadow(const gb_device *device)
{
	gb_cuda *cuda = gb_cuda_of(device);
	struct gb_op_cast cast = {cuda->count, GB_CAST_F32_BF16, cuda->weights, cuda->shadow};

	if (cuda->shadow && !cuda->shadow_good)
		gb_cuda_cast(device, &cast);
	cuda->shadow_good = cuda->shadow != NULL;
}

const uint16_t *gb_shadow_to_read(const gb_device *device, const float *x)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (!cuda->shadow || x < cuda->weights || x >= cuda->weights + cuda->count)
		return NULL;
	gb_cuda_refresh_shadow(device);
	return cuda->shadow + (x - cuda->weights);
}

uint16_t *gb_shadow_to_write(const gb_device *device, const float *w, size_t n)
{
	gb_cuda *cuda = gb_cuda_of(device);

	if (cuda->shadow && w == cuda->weights && n == cuda->count) {
		cuda->shadow_good = true;
		return cuda->shadow;
	}
	about_to_write(cuda, w);
	return NULL;
}

void gb_cuda_free_memory(const gb_device *device)
{
	gb_cuda *cuda = gb_cuda_of(device);

	for (int i = 0; i < GB_SCRATCH_SLOTS; i++)
		cudaFree(cuda->scratch[i].memory);
	while (cuda->retired) {
		gb_block *next = cuda->retired->next;

		cudaFree(cuda->retired->memory);
		free(cuda->retired);
		cuda->retired = next;
	}
	cudaFree(cuda->stage);
	cudaFree(cuda->shadow);
}
