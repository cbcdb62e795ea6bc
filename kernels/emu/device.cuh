/* SPDX-License-Identifier: MIT */
/* device.cuh (emulated): what .cu sources need, so that g++ compiles them and
 * they run on the CPU.  Its sibling in kernels/cuda is for nvcc.
 *
 * Each CUDA thread of a block is a fibre; blocks are spread over the threads
 * of the device's pool.  Threads and blocks run in an order chosen by a seed:
 * 0 forward, 1 reverse, others at random.  What the hardware would leave
 * undefined is an error that the next transfer reports: a barrier or a shuffle
 * that not all its threads reach, too large a launch.  Shared memory begins as
 * NaN and ends where the array ends, for AddressSanitizer; each fibre is a
 * thread of its own for ThreadSanitizer. */
#ifndef GB_EMU_DEVICE_CUH
#define GB_EMU_DEVICE_CUH

#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>

#include "runtime.cuh"

/* ---- language ---- */

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

struct dim3 {
	unsigned x, y, z;
	dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
static inline float2 make_float2(float x, float y) { return float2{x, y}; }
static inline float4 make_float4(float x, float y, float z, float w) { return float4{x, y, z, w}; }

/* ---- the thread that runs ---- */

struct gb_emu_thread { dim3 thread, block, block_size, grid_size; unsigned number; };
extern thread_local gb_emu_thread *gb_emu_me;
#define threadIdx (gb_emu_me->thread)
#define blockIdx (gb_emu_me->block)
#define blockDim (gb_emu_me->block_size)
#define gridDim (gb_emu_me->grid_size)
#define warpSize 32

/* ---- shared memory: one array a block and place in the source ---- */

void *gb_emu_shared(const void *site, size_t bytes);
void *gb_emu_shared_dynamic(void);
#define SHARED(type, name, count)                                                                            \
	static const char name##_site = 0;                                                                   \
	type *const name = (type *)gb_emu_shared(&name##_site, sizeof(type) * (count))
#define SHARED_DYNAMIC(type, name) type *const name = (type *)gb_emu_shared_dynamic()

/* ---- barriers, votes, shuffles ---- */

enum { GB_EMU_OR, GB_EMU_AND, GB_EMU_COUNT };
int gb_emu_barrier(const void *site, int kind, int predicate);
#define GB_EMU_BARRIER(kind, predicate)                                                                      \
	(__extension__({                                                                                     \
		static const char site_ = 0;                                                                 \
		gb_emu_barrier(&site_, kind, predicate);                                                     \
	}))
#define __syncthreads() ((void)GB_EMU_BARRIER(GB_EMU_OR, 0))
#define __syncthreads_or(predicate) GB_EMU_BARRIER(GB_EMU_OR, (predicate) != 0)
#define __syncthreads_and(predicate) GB_EMU_BARRIER(GB_EMU_AND, (predicate) != 0)
#define __syncthreads_count(predicate) GB_EMU_BARRIER(GB_EMU_COUNT, (predicate) != 0)

/* Wait for the lanes of MASK: their values, until the next meeting. */
struct gb_emu_lanes { uint64_t value[32]; };
const gb_emu_lanes *gb_emu_meet(unsigned mask, uint64_t value, bool ordered);

template <class T> static T gb_emu_lane(unsigned mask, T value, unsigned lane)
{
	uint64_t bits = 0;
	T found;

	static_assert(sizeof value <= 8, "a shuffle moves at most 8 bytes");
	memcpy(&bits, &value, sizeof value);
	bits = gb_emu_meet(mask, bits, false)->value[lane & 31];
	memcpy(&found, &bits, sizeof found);
	return found;
}

#define GB_EMU_LANE (gb_emu_me->number & 31)
static inline bool gb_emu_same_part(unsigned a, unsigned b, int width)
{
	return a < 32 && (a & ~(unsigned)(width - 1)) == (b & ~(unsigned)(width - 1));
}

static inline void __syncwarp(unsigned mask = 0xffffffffu) { gb_emu_meet(mask, 0, true); }
static inline unsigned __activemask(void) { return 0xffffffffu; } /* no kernel may count on more */
template <class T> static T __shfl_sync(unsigned mask, T value, int from, int width = 32)
{
	unsigned lane = GB_EMU_LANE;

	return gb_emu_lane(mask, value,
	                   (lane & ~(unsigned)(width - 1)) | ((unsigned)from & (unsigned)(width - 1)));
}
template <class T> static T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32)
{
	unsigned lane = GB_EMU_LANE, from = lane ^ (unsigned)bits;

	return gb_emu_lane(mask, value, gb_emu_same_part(from, lane, width) ? from : lane);
}
template <class T> static T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32)
{
	unsigned lane = GB_EMU_LANE, from = lane + by;

	return gb_emu_lane(mask, value, gb_emu_same_part(from, lane, width) ? from : lane);
}
template <class T> static T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32)
{
	unsigned lane = GB_EMU_LANE, from = lane - by;

	return gb_emu_lane(mask, value, gb_emu_same_part(from, lane, width) ? from : lane);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate)
{
	const gb_emu_lanes *lanes = gb_emu_meet(mask, predicate != 0, false);
	unsigned all = 0;

	for (unsigned i = 0; i < 32; i++)
		all |= mask >> i & 1 ? (unsigned)lanes->value[i] << i : 0;
	return all;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == mask; }
template <class T, class F> static T gb_emu_reduce(unsigned mask, T value, F join)
{
	const gb_emu_lanes *lanes = gb_emu_meet(mask, (uint64_t)value, false);
	bool first = true;
	T all = 0;

	for (unsigned i = 0; i < 32; i++)
		if (mask >> i & 1) {
			all = first ? (T)lanes->value[i] : join(all, (T)lanes->value[i]);
			first = false;
		}
	return all;
}
#define GB_EMU_REDUCE(name, type, expression)                                                                \
	static inline type name(unsigned mask, type value)                                                   \
	{                                                                                                    \
		return gb_emu_reduce(mask, value, [](type a, type b) { return (type)(expression); });        \
	}
GB_EMU_REDUCE(__reduce_add_sync, unsigned, a + b)
GB_EMU_REDUCE(__reduce_add_sync, int, a + b)
GB_EMU_REDUCE(__reduce_max_sync, unsigned, a > b ? a : b)
GB_EMU_REDUCE(__reduce_max_sync, int, a > b ? a : b)
GB_EMU_REDUCE(__reduce_min_sync, unsigned, a < b ? a : b)
GB_EMU_REDUCE(__reduce_min_sync, int, a < b ? a : b)
GB_EMU_REDUCE(__reduce_or_sync, unsigned, a | b)
GB_EMU_REDUCE(__reduce_and_sync, unsigned, a & b)
GB_EMU_REDUCE(__reduce_xor_sync, unsigned, a ^ b)

/* ---- atomics: relaxed, as on the device ---- */

template <class T, class F> static T gb_emu_atomic(T *at, F next)
{
	T old, made;

	__atomic_load(at, &old, __ATOMIC_RELAXED);
	do
		made = next(old);
	while (!__atomic_compare_exchange(at, &old, &made, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return old;
}
template <class T> static T atomicAdd(T *at, T by)
{
	return gb_emu_atomic(at, [=](T old) { return (T)(old + by); });
}
template <class T> static T atomicMax(T *at, T by)
{
	return gb_emu_atomic(at, [=](T old) { return old > by ? old : by; });
}
template <class T> static T atomicMin(T *at, T by)
{
	return gb_emu_atomic(at, [=](T old) { return old < by ? old : by; });
}
template <class T> static T atomicExch(T *at, T by) { return gb_emu_atomic(at, [=](T) { return by; }); }
template <class T> static T atomicCAS(T *at, T wanted, T by)
{
	return gb_emu_atomic(at, [=](T old) { return old == wanted ? by : old; });
}
static inline void __threadfence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* ---- arithmetic ---- */

static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
static inline float __int_as_float(int x) { float y; memcpy(&y, &x, 4); return y; }
static inline int __float_as_int(float x) { int y; memcpy(&y, &x, 4); return y; }
template <class T> static T __ldg(const T *p) { return *p; }
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }

/* ---- launching ---- */

/* Queue BODY, called once by each thread of each block. */
void gb_emu_launch(cudaStream_t stream, const char *name, dim3 grid, dim3 block, size_t shared,
                   const std::function<void()> &body);

template <class... P, class... A>
static void gb_emu_start(cudaStream_t stream, const char *name, dim3 grid, dim3 block, size_t shared,
                         void (*kernel)(P...), A... args)
{
	std::tuple<P...> kept(args...);

	gb_emu_launch(stream, name, grid, block, shared, [=] { std::apply(kernel, kept); });
}
#define LAUNCH_ON(stream, kernel, grid, block, shared, ...)                                                  \
	gb_emu_start(stream, #kernel, grid, block, shared, kernel, __VA_ARGS__)

#endif
