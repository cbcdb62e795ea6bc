/* SPDX-License-Identifier: MIT */
/* runtime.cuh: the part of the CUDA runtime that the back end uses, emulated.
 *
 * Names and meanings are those of NVIDIA's documentation.  Work that is queued
 * on a stream waits as long as it may: it runs when someone waits for it, so
 * that a missing dependency or a host buffer changed too early shows.  While a
 * stream is captured its work goes into a graph instead. */
#ifndef GB_EMU_RUNTIME_CUH
#define GB_EMU_RUNTIME_CUH

#include <cstddef>
#include <functional>

#include "base/pool.h"

enum cudaError_t {
	cudaSuccess,
	cudaErrorInvalidValue,
	cudaErrorMemoryAllocation,
	cudaErrorInvalidConfiguration = 9,
	cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind {
	cudaMemcpyHostToHost,
	cudaMemcpyHostToDevice,
	cudaMemcpyDeviceToHost,
	cudaMemcpyDeviceToDevice,
	cudaMemcpyDefault
};
enum cudaStreamCaptureMode {
	cudaStreamCaptureModeGlobal,
	cudaStreamCaptureModeThreadLocal,
	cudaStreamCaptureModeRelaxed
};
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2 };

typedef struct gb_emu_stream *cudaStream_t;
typedef struct gb_emu_event *cudaEvent_t;
typedef struct gb_emu_graph *cudaGraph_t;
typedef struct gb_emu_graph *cudaGraphExec_t;
struct cudaDeviceProp { char name[256]; int multiProcessorCount, major, minor; size_t totalGlobalMem; };

cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMallocHost(void **memory, size_t bytes);
cudaError_t cudaFreeHost(void *memory);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *to, int byte, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGetLastError(void);
const char *cudaGetErrorString(cudaError_t error);

/* ---- of the emulator itself ---- */

/* Of streams made from now on: blocks run on POOL, SEED chooses the order of threads and blocks. */
void gb_emu_configure(gb_pool *pool, unsigned seed);
/* Queue WORK, as a launch would be. */
void gb_emu_queue(cudaStream_t stream, const std::function<void()> &work);
/* The first thing that went wrong in a kernel; later work is skipped. */
void gb_emu_fail(cudaError_t error, const char *format, ...) GB_PRINTF(2, 3);
bool gb_emu_failed(void);

#endif
