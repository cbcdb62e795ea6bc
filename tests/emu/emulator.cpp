/* SPDX-License-Identifier: MIT */
/* The emulator itself: what threads of a block do together, against closed forms;
 * what the hardware leaves undefined, which must be reported; streams, which run
 * as late as they may. */
#include "device.cuh"
#include "tests/tap.h"

static gb_pool *pool;
static cudaStream_t stream;
static int at[4096];

static void open(unsigned seed)
{
	gb_emu_configure(pool, seed);
	cudaStreamCreateWithFlags(&stream, 0);
	memset(at, 0, sizeof at);
}

/* The text of the failure, or "". */
static const char *finish(void)
{
	cudaError_t error = cudaStreamSynchronize(stream);

	cudaStreamDestroy(stream);
	return error == cudaSuccess ? "" : cudaGetErrorString(error);
}

/* ---- together ---- */

static void lanes(int *out)
{
	unsigned all = 0xffffffffu, lane = threadIdx.x % 32;
	int i = (int)threadIdx.x, bad = 0;

	bad += __shfl_sync(all, i, 5) != (i & ~31) + 5;
	bad += __shfl_sync(all, i, 3, 8) != (i & ~7) + 3;
	bad += __shfl_xor_sync(all, i, 9) != (i ^ 9);
	bad += __shfl_down_sync(all, i, 4) != (lane < 28 ? i + 4 : i);
	bad += __shfl_up_sync(all, i, 4) != (lane >= 4 ? i - 4 : i);
	bad += __shfl_up_sync(all, 0.5 * i, 1, 16) != 0.5 * (lane % 16 ? i - 1 : i);
	bad += __ballot_sync(all, lane % 3 == 0) != 0x49249249u;
	bad += !__any_sync(all, lane == 31) || __any_sync(all, 0) || !__all_sync(all, 1) ||
	       __all_sync(all, lane);
	bad += __reduce_add_sync(all, lane) != 496 || __reduce_max_sync(all, i) != (i | 31) ||
	       __reduce_min_sync(all, lane + 7) != 7;
	bad += __reduce_or_sync(all, 1u << lane) != all || __reduce_and_sync(all, ~(1u << lane)) != 0 ||
	       __reduce_xor_sync(all, lane) != 0;
	/* Two halves that do not wait for each other. */
	if (lane < 16)
		bad += __reduce_add_sync(0x0000ffffu, 1) != 16;
	else
		bad += __ballot_sync(0xffff0000u, 1) != 0xffff0000u;
	__syncwarp();
	out[threadIdx.x] = bad;
}

static void block(int *out, int n)
{
	SHARED(int, room, 128);
	SHARED_DYNAMIC(float4, moving);
	int i = (int)threadIdx.x, bad = 0;

	bad += room[i] != -1 || moving[i].x == moving[i].x; /* NaN before it is written */
	__syncthreads();
	room[i] = i;
	moving[i] = make_float4((float)i, 0, 0, (float)blockIdx.x);
	__syncthreads();
	bad += room[n - 1 - i] != n - 1 - i || moving[n - 1 - i].x != (float)(n - 1 - i) ||
	       moving[0].w != (float)blockIdx.x;
	bad += __syncthreads_count(i % 2) != n / 2;
	bad += !__syncthreads_or(i == n - 1) || __syncthreads_or(0) || __syncthreads_and(i) ||
	       !__syncthreads_and(1);
	out[blockIdx.x * (unsigned)n + threadIdx.x] = bad;
}

static void counting(int *sum, unsigned *most, float *real)
{
	atomicAdd(sum, 1);
	atomicMax(most, blockIdx.x * blockDim.x + threadIdx.x);
	atomicAdd(real, 0.5f);
}

static void index3(int *out)
{
	unsigned x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y,
		 z = blockIdx.z * blockDim.z + threadIdx.z;

	out[(z * gridDim.y * blockDim.y + y) * gridDim.x * blockDim.x + x]++;
}

static void together(void)
{
	for (unsigned seed = 0; seed < 4; seed++) {
		int bad = 0, sum = 0;
		unsigned most = 0;
		float real = 0;

		open(seed);
		LAUNCH_ON(stream, lanes, 1, 96, 0, at);
		LAUNCH_ON(stream, block, 7, 128, 128 * sizeof(float4), at + 96, 128);
		LAUNCH_ON(stream, counting, 5, 65, 0, &sum, &most, &real);
		ok(!*finish(), "order %u: runs", seed);
		for (int i = 0; i < 96 + 7 * 128; i++)
			bad += at[i];
		ok(bad == 0, "shuffles, votes, reductions, barriers, shared memory (%d wrong)", bad);
		ok(sum == 325 && most == 324 && real == 162.5f, "atomics of all threads of all blocks");
		open(seed);
		LAUNCH_ON(stream, index3, dim3(2, 3, 2), dim3(4, 2, 3), 0, at);
		finish();
		for (int i = 0; i < 2 * 3 * 2 * 24; i++)
			bad += at[i] != 1;
		ok(bad == 0, "three dimensions: each place once");
	}
}

/* ---- order ---- */

static void note_order(int *next, int *order) { order[atomicAdd(next, 1)] = (int)threadIdx.x; }

static void order(void)
{
	static int seen[5][64];

	for (unsigned seed = 0; seed < 5; seed++) {
		int next = 0;

		open(seed == 4 ? 3 : seed);
		LAUNCH_ON(stream, note_order, 1, 64, 0, &next, seen[seed]);
		finish();
	}
	ok(seen[0][0] == 0 && seen[0][63] == 63, "order 0 is forward");
	ok(seen[1][0] == 63 && seen[1][63] == 0, "order 1 is reverse");
	ok(memcmp(seen[2], seen[0], sizeof seen[0]) && memcmp(seen[2], seen[1], sizeof seen[0]) &&
	       memcmp(seen[2], seen[3], sizeof seen[0]),
	   "orders 2 and 3 are neither, nor each other");
	ok(!memcmp(seen[3], seen[4], sizeof seen[0]), "an order is the same each time");
}

/* ---- what is undefined on the device ---- */

static void half_at_barrier(int) { if (threadIdx.x < 32) __syncthreads(); }
static void two_barriers(int) { if (threadIdx.x < 32) __syncthreads(); else __syncthreads(); }
static void half_in_shuffle(int *out) { if (threadIdx.x % 32 < 16) *out = __shfl_sync(0xffffffffu, 1, 0); }
static void other_masks(int) { __ballot_sync(threadIdx.x % 32 < 16 ? 0xffffffffu : 0xffff0000u, 1); }
static void returned_early(int n) { if ((int)threadIdx.x >= n) return; __syncthreads(); }
static void too_much(int *out) { SHARED(int, room, 12289); room[threadIdx.x] = 1; *out = room[0]; }
static void nothing(int) {}

static void undefined(void)
{
	const struct { const char *wanted, *what; std::function<void()> run;
	} bad[] = {{"wait at a barrier that the other", "a barrier that half of a block leaves out",
	            [] { LAUNCH_ON(stream, half_at_barrier, 1, 64, 0, 0); }},
	           {"different barriers", "two barriers, one a half",
	            [] { LAUNCH_ON(stream, two_barriers, 2, 64, 0, 0); }},
	           {"do not all come", "a shuffle without half of its lanes",
	            [] { LAUNCH_ON(stream, half_in_shuffle, 1, 32, 0, at); }},
	           {"do not all come", "lanes that disagree who comes",
	            [] { LAUNCH_ON(stream, other_masks, 1, 32, 0, 0); }},
	           {"wait at a barrier that the other", "a thread that has returned",
	            [] { LAUNCH_ON(stream, returned_early, 1, 64, 0, 63); }},
	           {"1 to 1024 threads", "1025 threads", [] { LAUNCH_ON(stream, nothing, 1, 1025, 0, 0); }},
	           {"1 to 1024 threads", "a block 65 deep",
	            [] { LAUNCH_ON(stream, nothing, 1, dim3(1, 1, 65), 0, 0); }},
	           {"a grid has", "a grid of nothing", [] { LAUNCH_ON(stream, nothing, 0, 32, 0, 0); }},
	           {"a grid has", "65536 blocks in y",
	            [] { LAUNCH_ON(stream, nothing, dim3(1, 65536), 32, 0, 0); }},
	           {"227 KB", "too much dynamic shared memory",
	            [] { LAUNCH_ON(stream, nothing, 1, 32, 227 * 1024 + 1, 0); }},
	           {"shared arrays", "too much static shared memory",
	            [] { LAUNCH_ON(stream, too_much, 1, 32, 0, at); }}};

	for (unsigned seed = 0; seed < 3; seed++)
		for (const auto &b : bad) {
			const char *said;

			open(seed);
			b.run();
			said = finish();
			ok(strstr(said, b.wanted) != nullptr, "order %u: %s: %s", seed, b.what, said);
		}
}

/* ---- streams ---- */

static void add_one(int *x) { x[threadIdx.x]++; }

static void streams(void)
{
	int plain[8] = {1, 1, 1, 1, 1, 1, 1, 1}, here[8] = {0}, *pinned, *device, done;
	cudaStream_t copy;
	cudaEvent_t sent;
	cudaGraph_t graph;
	cudaGraphExec_t played;

	open(0);
	cudaStreamCreateWithFlags(&copy, 0);
	cudaEventCreateWithFlags(&sent, 0);
	cudaMallocHost((void **)&pinned, sizeof plain);
	cudaMalloc((void **)&device, sizeof plain);
	memcpy(pinned, plain, sizeof plain);
	cudaMemcpyAsync(device, plain, sizeof plain, cudaMemcpyHostToDevice, stream);
	plain[0] = 50;
	done = device[0];
	LAUNCH_ON(stream, add_one, 1, 8, 0, device);
	cudaMemcpyAsync(here, device, sizeof here, cudaMemcpyDeviceToHost, stream);
	ok(done == -1 && here[0] == 0, "work waits until someone waits for it");
	cudaStreamSynchronize(stream);
	ok(here[0] == 2 && here[7] == 2, "ordinary memory is read at the call");
	cudaMemcpyAsync(device, pinned, sizeof plain, cudaMemcpyHostToDevice, copy);
	cudaEventRecord(sent, copy);
	pinned[0] = 70;
	cudaMemcpyAsync(here, device, sizeof here, cudaMemcpyDeviceToHost, stream);
	cudaStreamSynchronize(stream);
	ok(here[1] == 2, "a stream that was not told to wait does not");
	cudaStreamWaitEvent(stream, sent, 0);
	cudaMemcpyAsync(here, device, sizeof here, cudaMemcpyDeviceToHost, stream);
	cudaStreamSynchronize(stream);
	ok(here[1] == 1 && here[0] == 70, "one that was does, and pinned memory is read late");
	cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
	LAUNCH_ON(stream, add_one, 1, 8, 0, device);
	cudaStreamEndCapture(stream, &graph);
	cudaStreamSynchronize(stream);
	ok(device[1] == 1, "what is captured is not run");
	cudaGraphInstantiate(&played, graph, 0);
	cudaGraphLaunch(played, stream);
	cudaGraphLaunch(played, stream);
	cudaStreamSynchronize(stream);
	ok(device[1] == 3, "and then as often as it is played");
	cudaGraphExecDestroy(played);
	cudaGraphDestroy(graph);
	cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
	cudaMemcpyAsync(here, device, sizeof here, cudaMemcpyDeviceToHost, stream);
	cudaStreamEndCapture(stream, &graph);
	cudaGraphDestroy(graph);
	cudaStreamDestroy(copy);
	cudaEventDestroy(sent);
	cudaFreeHost(pinned);
	cudaFree(device);
	ok(strstr(finish(), "captured") != nullptr, "a transfer with the host cannot be captured");
}

int main(void)
{
	for (int threads = 1; threads <= 3; threads += 2) {
		gb_err err;

		if (gb_pool_open(&pool, threads, &err) != GB_OK)
			return 1;
		together();
		order();
		undefined();
		gb_pool_close(pool);
	}
	pool = nullptr;
	streams();
	return done_testing();
}
