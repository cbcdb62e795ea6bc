/* SPDX-License-Identifier: MIT */
/* nccl.c: the plug-in libgb_nccl.so: gradients from GPU to GPU through NCCL. */
#include <cuda_runtime_api.h>
#include <nccl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "comm/device_link.h"

typedef struct state { ncclComm_t comm; cudaStream_t stream; cudaEvent_t made; bool broken; } state;

#define FAIL(err, ...) (snprintf((err)->text, sizeof (err)->text, __VA_ARGS__), (err)->status = GB_SYSTEM)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static gb_status make_id(char id[GB_LINK_ID], gb_err *err)
{
	ncclUniqueId unique;
	ncclResult_t result = ncclGetUniqueId(&unique);

	_Static_assert(sizeof unique <= GB_LINK_ID, "the id of NCCL grew");
	if (result != ncclSuccess)
		return FAIL(err, "nccl: no id: %s", ncclGetErrorString(result));
	memset(id, 0, GB_LINK_ID);
	memcpy(id, &unique, sizeof unique);
	return GB_OK;
}

static void close_state(void *opaque)
{
	state *s = opaque;

	if (s && s->comm) /* what is under way waits for others, who may be gone */
		s->broken ? ncclCommAbort(s->comm) : ncclCommDestroy(s->comm);
	if (s && s->made)
		cudaEventDestroy(s->made);
	if (s && s->stream)
		cudaStreamDestroy(s->stream);
	free(s);
}

static gb_status open_state(void **opaque, const char id[GB_LINK_ID], int rank, int size, int device,
                            gb_err *err)
{
	state *s = calloc(1, sizeof *s);
	ncclUniqueId unique;
	ncclResult_t result;

	*opaque = s;
	memcpy(&unique, id, sizeof unique);
	if (!s || cudaSetDevice(device) != cudaSuccess ||
	    cudaStreamCreateWithFlags(&s->stream, cudaStreamNonBlocking) != cudaSuccess ||
	    cudaEventCreateWithFlags(&s->made, cudaEventDisableTiming) != cudaSuccess)
		return FAIL(err, "nccl: device %d cannot be used", device);
	result = ncclCommInitRank(&s->comm, size, unique, rank);
	return result == ncclSuccess ? GB_OK
	                             : FAIL(err, "nccl: rank %d of %d on device %d: %s", rank, size, device,
	                                    ncclGetErrorString(result));
}

/* Waits for what is on the stream; PEER −1: of all ranks. */
static gb_status finish(state *s, ncclResult_t queued, int peer, double limit, gb_err *err)
{
	double since = now();
	ncclResult_t later = ncclSuccess;
	cudaError_t done = cudaErrorNotReady;

	while (queued == ncclSuccess && later == ncclSuccess &&
	       (done = cudaStreamQuery(s->stream)) == cudaErrorNotReady) {
		if (ncclCommGetAsyncError(s->comm, &later) != ncclSuccess || now() - since > limit)
			break;
		nanosleep(&(struct timespec){0, 20000}, NULL);
	}
	s->broken = done != cudaSuccess;
	if (!s->broken)
		return GB_OK;
	/* Now: giving back memory waits for all that runs on the device. */
	ncclCommAbort(s->comm);
	s->comm = NULL;
	if (queued != ncclSuccess || later != ncclSuccess)
		return FAIL(err, "nccl: %s", ncclGetErrorString(queued != ncclSuccess ? queued : later));
	if (done != cudaErrorNotReady)
		return FAIL(err, "nccl: %s", cudaGetErrorString(done));
	return peer < 0 ? FAIL(err, "a rank is lost: no answer for %.0f s (--rank-timeout)", limit)
	                : FAIL(err, "rank %d is lost: no answer for %.0f s (--rank-timeout)", peer, limit);
}

static gb_status exchange(void *opaque, int peer, const float *send, size_t sends, float *receive,
                          size_t receives, double limit, gb_err *err)
{
	state *s = opaque;
	ncclResult_t queued = ncclGroupStart();

	if (queued == ncclSuccess && sends)
		queued = ncclSend(send, sends, ncclFloat32, peer, s->comm, s->stream);
	if (queued == ncclSuccess && receives)
		queued = ncclRecv(receive, receives, ncclFloat32, peer, s->comm, s->stream);
	if (queued == ncclSuccess)
		queued = ncclGroupEnd();
	return finish(s, queued, peer, limit, err);
}

static gb_status sum_begin(void *opaque, void *queue, float *x, size_t n, gb_err *err)
{
	state *s = opaque;
	cudaError_t error = cudaEventRecord(s->made, queue);
	ncclResult_t queued;

	if (error == cudaSuccess)
		error = cudaStreamWaitEvent(s->stream, s->made, 0);
	queued = error == cudaSuccess ? ncclAllReduce(x, x, n, ncclFloat32, ncclSum, s->comm, s->stream)
	                              : ncclSuccess;
	s->broken = true; /* until it has ended */
	if (error != cudaSuccess)
		return FAIL(err, "nccl: %s", cudaGetErrorString(error));
	return queued == ncclSuccess ? GB_OK : FAIL(err, "nccl: %s", ncclGetErrorString(queued));
}

static gb_status sum_end(void *opaque, double limit, gb_err *err)
{
	return finish(opaque, ncclSuccess, -1, limit, err);
}

__attribute__((visibility("default")))
const gb_link gb_link_plugin = {GB_LINK_VERSION, "nccl",    make_id, open_state,
                                exchange,        sum_begin, sum_end, close_state};
