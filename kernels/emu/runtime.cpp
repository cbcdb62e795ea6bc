/* SPDX-License-Identifier: MIT */
/* runtime.cpp: streams, events, graphs and memory of the emulated device. */
#include "runtime.cuh"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <vector>

#include "device.cuh"

typedef std::function<void()> gb_work;

struct gb_emu_graph { std::vector<gb_work> work; };
struct gb_emu_stream { std::deque<gb_work> queue; gb_emu_graph *capture; gb_pool *pool; unsigned seed; };
struct gb_emu_event { gb_emu_stream *stream; unsigned recorded, reached; };

void gb_emu_run(gb_pool *pool, unsigned seed, const char *name, dim3 grid, dim3 block, size_t shared,
                const gb_work &body);

static struct { gb_pool *pool; unsigned seed; std::mutex lock; cudaError_t error; char text[400]; } emu;

void gb_emu_configure(gb_pool *pool, unsigned seed)
{
	emu.pool = pool;
	emu.seed = seed;
	emu.error = cudaSuccess;
}

void gb_emu_fail(cudaError_t error, const char *format, ...)
{
	std::lock_guard<std::mutex> guard(emu.lock);
	va_list args;

	if (emu.error != cudaSuccess)
		return;
	emu.error = error;
	va_start(args, format);
	vsnprintf(emu.text, sizeof emu.text, format, args);
	va_end(args);
}

bool gb_emu_failed(void)
{
	std::lock_guard<std::mutex> guard(emu.lock);

	return emu.error != cudaSuccess;
}

cudaError_t cudaGetLastError(void) { return emu.error; }
const char *cudaGetErrorString(cudaError_t error)
{
	return error == emu.error && error != cudaSuccess ? emu.text : "no error";
}

/* ---- device and memory ---- */

cudaError_t cudaGetDeviceCount(int *count)
{
	*count = 4;
	return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device)
{
	*device = (int)(emu.seed % 4);
	return cudaSuccess;
}

/* Few multiprocessors, so that grids are cut short and threads must loop. */
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int)
{
	memset(properties, 0, sizeof *properties);
	snprintf(properties->name, sizeof properties->name, "emulator");
	properties->multiProcessorCount = 1;
	properties->major = 8;
	return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidValue; }

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
	if (posix_memalign(memory, 256, bytes)) /* not a byte more, for AddressSanitizer */
		return cudaErrorMemoryAllocation;
	memset(*memory, 0xff, bytes);
	return cudaSuccess;
}

cudaError_t cudaFree(void *memory)
{
	free(memory);
	return cudaSuccess;
}

struct gb_range { char *first, *end; };
static std::vector<gb_range> pinned;

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
	cudaError_t error = cudaMalloc(memory, bytes);

	if (error == cudaSuccess)
		pinned.push_back({(char *)*memory, (char *)*memory + bytes});
	return error;
}

cudaError_t cudaFreeHost(void *memory)
{
	for (size_t i = 0; i < pinned.size(); i++)
		if (pinned[i].first == memory) {
			pinned.erase(pinned.begin() + (long)i);
			break;
		}
	return cudaFree(memory);
}

static bool is_pinned(const void *memory)
{
	for (const gb_range &range : pinned)
		if ((const char *)memory >= range.first && (const char *)memory < range.end)
			return true;
	return false;
}

/* ---- streams ---- */

void gb_emu_queue(cudaStream_t stream, const gb_work &work)
{
	if (stream->capture)
		stream->capture->work.push_back(work);
	else
		stream->queue.push_back(work);
}

void gb_emu_launch(cudaStream_t stream, const char *name, dim3 grid, dim3 block, size_t shared,
                   const gb_work &body)
{
	gb_emu_queue(stream,
	             [=] { gb_emu_run(stream->pool, stream->seed, name, grid, block, shared, body); });
}

static void run_next(gb_emu_stream *stream)
{
	gb_work work = stream->queue.front();

	stream->queue.pop_front();
	if (!gb_emu_failed())
		work();
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned)
{
	*stream = new gb_emu_stream{{}, nullptr, emu.pool, emu.seed};
	return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
	delete stream;
	return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
	if (stream->capture)
		gb_emu_fail(cudaErrorInvalidValue, "waiting for a stream that is captured");
	while (!stream->queue.empty())
		run_next(stream);
	return emu.error;
}

/* Pinned memory is read when the copy runs, other memory when the call is made, as the driver does. */
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream)
{
	if (stream->capture && kind != cudaMemcpyDeviceToDevice)
		gb_emu_fail(cudaErrorInvalidValue, "a transfer with the host while its stream is captured");
	if (bytes && kind == cudaMemcpyHostToDevice && !is_pinned(from)) {
		std::vector<char> kept((const char *)from, (const char *)from + bytes);

		gb_emu_queue(stream, [=] { memcpy(to, kept.data(), bytes); });
	} else if (bytes) {
		gb_emu_queue(stream, [=] { memcpy(to, from, bytes); });
	}
	return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *to, int byte, size_t bytes, cudaStream_t stream)
{
	if (bytes)
		gb_emu_queue(stream, [=] { memset(to, byte, bytes); });
	return cudaSuccess;
}

/* ---- events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
	*event = new gb_emu_event();
	return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
	delete event;
	return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
	unsigned number = ++event->recorded;

	event->stream = stream;
	gb_emu_queue(stream, [=] { event->reached = number; });
	return cudaSuccess;
}

static void reach(cudaEvent_t event, unsigned number)
{
	while ((int)(event->reached - number) < 0 && !event->stream->queue.empty() && !gb_emu_failed())
		run_next(event->stream);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned)
{
	unsigned number = event->recorded;

	if (number)
		gb_emu_queue(stream, [=] { reach(event, number); });
	return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
	if (event->recorded)
		reach(event, event->recorded);
	return emu.error;
}

/* For another library's streams (tests/nccl): what STREAM has been asked for so far; and doing that much
 * of it, once. */
extern "C" __attribute__((visibility("default"))) void *gb_emu_mark(void *stream)
{
	cudaEvent_t event;

	cudaEventCreateWithFlags(&event, 0);
	cudaEventRecord(event, (cudaStream_t)stream);
	return event;
}

extern "C" __attribute__((visibility("default"))) void gb_emu_reach(void *mark)
{
	cudaEventSynchronize((cudaEvent_t)mark);
	cudaEventDestroy((cudaEvent_t)mark);
}

/* ---- graphs ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
	stream->capture = new gb_emu_graph();
	return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
	*graph = stream->capture;
	stream->capture = nullptr;
	return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
	*exec = new gb_emu_graph(*graph);
	return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
	delete graph;
	return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) { return cudaGraphDestroy(exec); }

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
	for (const gb_work &work : exec->work)
		gb_emu_queue(stream, work);
	return cudaSuccess;
}
