/* SPDX-License-Identifier: MIT */
/* emu.cpp: the blocks of a launch, their threads as fibres, and the places where they meet. */
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sys/mman.h>
#include <vector>

#include "device.cuh"
#include "fibre.cuh"
#include "sanitizer.cuh"

thread_local gb_emu_thread *gb_emu_me;

namespace {

enum { STACK = 64 * 1024, WARP = 32, MOST_THREADS = 1024, MOST_SHARED = 227 * 1024, MOST_STATIC = 48 * 1024 };
enum state { READY, AT_BARRIER, IN_WARP, DONE };

struct fibre {
	gb_emu_thread me;
	gb_fibre context;
	char *stack;
	state now;
	const void *site; /* of the barrier */
	int kind, predicate, answer;
	unsigned mask;    /* of the warp operation */
	bool ordered;
	uint64_t value;
	void *fake, *tsan;
};

struct warp { gb_emu_lanes lanes; int waiting; char order; };

struct array { const void *site; char *memory; size_t bytes; };

struct worker { /* one for each thread of the pool, kept between launches */
	std::vector<fibre *> fibres;
	std::vector<array> shared;
	std::vector<int> order;
	size_t dynamic_bytes;
	fibre *now;
	gb_fibre context;
	const std::function<void()> *body;
	int threads, waiting; /* at the barrier */
	warp warps[WARP];
	void *fake, *tsan;
	const void *bottom;
	size_t bottom_size;
	uint64_t random;
	char begin, end, barrier, made; /* addresses that ThreadSanitizer orders by, as each warp's order */
};

thread_local worker *mine;

struct launch {
	const char *name;
	dim3 grid, block;
	size_t shared;
	unsigned seed;
	const std::function<void()> *body;
};

/* ---- switching ---- */

void to_fibre(worker *w, fibre *f)
{
	w->now = f;
	gb_emu_me = &f->me;
	if (__sanitizer_start_switch_fiber)
		__sanitizer_start_switch_fiber(&w->fake, f->stack, STACK);
	if (__tsan_switch_to_fiber)
		__tsan_switch_to_fiber(f->tsan, GB_TSAN_NO_SYNC);
	gb_fibre_switch(&w->context, &f->context);
	if (__sanitizer_finish_switch_fiber)
		__sanitizer_finish_switch_fiber(w->fake, nullptr, nullptr);
}

void to_worker(worker *w, fibre *f, bool for_good)
{
	if (__sanitizer_start_switch_fiber)
		__sanitizer_start_switch_fiber(for_good ? nullptr : &f->fake, w->bottom, w->bottom_size);
	if (__tsan_switch_to_fiber)
		__tsan_switch_to_fiber(w->tsan, GB_TSAN_NO_SYNC);
	gb_fibre_switch(&f->context, &w->context);
	if (__sanitizer_finish_switch_fiber)
		__sanitizer_finish_switch_fiber(f->fake, nullptr, nullptr);
}

void entry(void)
{
	worker *w = mine;

	if (__sanitizer_finish_switch_fiber)
		__sanitizer_finish_switch_fiber(nullptr, &w->bottom, &w->bottom_size);
	gb_tsan_acquire(&w->begin);
	(*w->body)();
	gb_tsan_release(&w->end);
	w->now->now = DONE;
	to_worker(w, w->now, true);
}

/* ---- a block ---- */

uint64_t next_random(worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	return w->random ^= w->random << 17;
}

void prepare(worker *w, const launch *l, dim3 block)
{
	while ((int)w->fibres.size() < w->threads) {
		fibre *f = new fibre();

		f->stack = (char *)mmap(nullptr, STACK, PROT_READ | PROT_WRITE,
		                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		w->fibres.push_back(f);
	}
	w->order.resize((size_t)w->threads);
	for (int i = 0; i < w->threads; i++) {
		fibre *f = w->fibres[(size_t)i];
		unsigned n = (unsigned)i;

		f->me = {dim3(n % l->block.x, n / l->block.x % l->block.y, n / l->block.x / l->block.y),
		         block, l->block, l->grid, n};
		f->now = READY;
		f->fake = nullptr;
		if (__asan_unpoison_memory_region) /* redzones of who ran here before */
			__asan_unpoison_memory_region(f->stack, STACK);
		if (__tsan_create_fiber && !f->tsan)
			f->tsan = __tsan_create_fiber(0);
		gb_fibre_make(&f->context, f->stack, STACK, entry);
		w->order[(size_t)i] = l->seed == 1 ? w->threads - 1 - i : i;
	}
	w->waiting = 0;
	for (warp &at : w->warps)
		at.waiting = 0;
	gb_tsan_release(&w->begin);
}

/* The lanes of MASK go on once all of them wait with that mask. */
bool release_lanes(worker *w, int first, int lanes, unsigned mask, bool ordered)
{
	warp *at = &w->warps[first / WARP];

	for (int q = 0; q < WARP; q++)
		if (mask >> q & 1) {
			const fibre *f = q < lanes ? w->fibres[(size_t)(first + q)] : nullptr;

			if (!f || f->now != IN_WARP || f->mask != mask || f->ordered != ordered)
				return false;
		}
	for (int q = 0; q < lanes; q++)
		if (mask >> q & 1) {
			fibre *f = w->fibres[(size_t)(first + q)];

			at->lanes.value[q] = f->value;
			f->now = READY;
			at->waiting--;
		}
	return true;
}

bool release_warps(worker *w)
{
	bool any = false;

	for (int first = 0; first < w->threads; first += WARP) {
		int lanes = w->threads - first < WARP ? w->threads - first : (int)WARP;

		for (int l = 0; l < lanes && w->warps[first / WARP].waiting; l++) {
			const fibre *f = w->fibres[(size_t)(first + l)];

			if (f->now == IN_WARP && f->mask >> l & 1)
				any |= release_lanes(w, first, lanes, f->mask, f->ordered);
		}
	}
	return any;
}

/* All threads at one barrier go on with their common answer. */
bool release_barrier(worker *w, bool *wrong)
{
	int count = 0;

	if (w->waiting < w->threads)
		return false;
	for (int i = 0; i < w->threads; i++) {
		count += w->fibres[(size_t)i]->predicate;
		*wrong |= w->fibres[(size_t)i]->site != w->fibres[0]->site;
	}
	if (*wrong)
		return false;
	for (int i = 0; i < w->threads; i++) {
		fibre *f = w->fibres[(size_t)i];

		f->answer = f->kind == GB_EMU_COUNT ? count
		            : f->kind == GB_EMU_AND ? count == w->threads
		                                    : count > 0;
		f->now = READY;
	}
	w->waiting = 0;
	return true;
}

void report(const worker *w, const launch *l, bool wrong)
{
	int at[4] = {0}, example[4] = {-1, -1, -1, -1};
	const dim3 block = w->fibres[0]->me.block;

	for (int i = w->threads; i-- > 0;) {
		at[w->fibres[(size_t)i]->now]++;
		example[w->fibres[(size_t)i]->now] = i;
	}
	if (wrong)
		gb_emu_fail(cudaErrorLaunchFailure, "%s: block %u,%u,%u: threads wait at different barriers",
		            l->name, block.x, block.y, block.z);
	else if (at[IN_WARP])
		gb_emu_fail(cudaErrorLaunchFailure,
		            "%s: block %u,%u,%u: thread %d waits in a warp operation of lanes %08x that do "
		            "not all come",
		            l->name, block.x, block.y, block.z, example[IN_WARP],
		            w->fibres[(size_t)example[IN_WARP]]->mask);
	else
		gb_emu_fail(cudaErrorLaunchFailure,
		            "%s: block %u,%u,%u: %d threads (%d the first) wait at a barrier that the other "
		            "%d left out",
		            l->name, block.x, block.y, block.z, at[AT_BARRIER], example[AT_BARRIER],
		            at[DONE]);
}

void run_threads(worker *w, const launch *l)
{
	int done = 0;

	while (done < w->threads) {
		bool moved = false, wrong = false;

		for (size_t i = (size_t)w->threads - 1; l->seed > 1 && i > 0; i--)
			std::swap(w->order[i], w->order[next_random(w) % (i + 1)]);
		for (int i : w->order) {
			fibre *f = w->fibres[(size_t)i];

			if (f->now != READY)
				continue;
			moved = true;
			to_fibre(w, f);
			done += f->now == DONE;
		}
		moved |= release_warps(w);
		moved |= release_barrier(w, &wrong);
		if (wrong || !moved) {
			report(w, l, wrong);
			return;
		}
	}
}

void clear_shared(worker *w)
{
	for (array &a : w->shared)
		free(a.memory);
	w->shared.clear();
}

struct task { const launch *l; std::vector<worker *> *workers; size_t blocks; };

void run_block(void *context, size_t tile, int number)
{
	const task *t = (const task *)context;
	const launch *l = t->l;
	worker *w = (*t->workers)[(size_t)number];
	size_t block = l->seed == 1 ? t->blocks - 1 - tile : tile;

	if (gb_emu_failed())
		return;
	mine = w;
	w->body = l->body;
	w->threads = (int)(l->block.x * l->block.y * l->block.z);
	w->dynamic_bytes = l->shared;
	w->random = (l->seed + 1) * 0x9e3779b97f4a7c15u + block;
	if (__tsan_get_current_fiber)
		w->tsan = __tsan_get_current_fiber();
	prepare(w, l,
	        dim3((unsigned)(block % l->grid.x), (unsigned)(block / l->grid.x % l->grid.y),
	             (unsigned)(block / l->grid.x / l->grid.y)));
	run_threads(w, l);
	gb_tsan_acquire(&w->end);
	clear_shared(w);
	gb_emu_me = nullptr;
	mine = nullptr;
}

const char *refusal(const launch *l)
{
	size_t threads = (size_t)l->block.x * l->block.y * l->block.z;

	if (threads == 0 || threads > MOST_THREADS || l->block.x > 1024 || l->block.y > 1024 ||
	    l->block.z > 64)
		return "a block has 1 to 1024 threads, at most 64 deep";
	if (!l->grid.x || !l->grid.y || !l->grid.z || l->grid.x > 0x7fffffff || l->grid.y > 65535 ||
	    l->grid.z > 65535)
		return "a grid has 1 to 2147483647 × 65535 × 65535 blocks";
	return l->shared > MOST_SHARED ? "a block has at most 227 KB of shared memory" : nullptr;
}

} // namespace

void gb_emu_run(gb_pool *pool, unsigned seed, const char *name, dim3 grid, dim3 block, size_t shared,
                const std::function<void()> &body)
{
	static std::vector<worker *> &workers = *new std::vector<worker *>; /* to the end */
	launch l = {name, grid, block, shared, seed, &body};
	task t = {&l, &workers, (size_t)grid.x * grid.y * grid.z};
	const char *why = refusal(&l);

	if (why) {
		gb_emu_fail(cudaErrorInvalidConfiguration,
		            "%s: grid %u,%u,%u of blocks %u,%u,%u with %zu bytes: %s", name, grid.x, grid.y,
		            grid.z, block.x, block.y, block.z, shared, why);
		return;
	}
	while ((int)workers.size() < gb_pool_threads(pool))
		workers.push_back(new worker());
	gb_pool_run(pool, t.blocks, run_block, &t);
}

/* ---- called by the fibres ---- */

void *gb_emu_shared(const void *site, size_t bytes)
{
	worker *w = mine;
	size_t all = bytes;
	char *memory;

	for (const array &a : w->shared) {
		if (a.site == site) {
			gb_tsan_acquire(&w->made);
			return a.memory;
		}
		all += a.site ? a.bytes : 0;
	}
	if (site && all > MOST_STATIC)
		gb_emu_fail(cudaErrorInvalidConfiguration,
		            "%zu bytes of shared arrays in a block: at most %d", all, MOST_STATIC);
	memory = (char *)malloc(bytes);
	memset(memory, 0xff, bytes); /* NaN: the device does not clear it either */
	w->shared.push_back({site, memory, bytes});
	gb_tsan_release(&w->made);
	return memory;
}

void *gb_emu_shared_dynamic(void) { return gb_emu_shared(nullptr, mine->dynamic_bytes); }

int gb_emu_barrier(const void *site, int kind, int predicate)
{
	worker *w = mine;
	fibre *f = w->now;

	f->site = site;
	f->kind = kind;
	f->predicate = predicate;
	f->now = AT_BARRIER;
	w->waiting++;
	gb_tsan_release(&w->barrier);
	to_worker(w, f, false);
	gb_tsan_acquire(&w->barrier);
	return f->answer;
}

const gb_emu_lanes *gb_emu_meet(unsigned mask, uint64_t value, bool ordered)
{
	worker *w = mine;
	fibre *f = w->now;
	warp *at = &w->warps[f->me.number / WARP];

	f->mask = mask;
	f->value = value;
	f->ordered = ordered;
	f->now = IN_WARP;
	at->waiting++;
	/* A shuffle moves values; only a barrier orders memory. */
	if (ordered)
		gb_tsan_release(&at->order);
	to_worker(w, f, false);
	if (ordered)
		gb_tsan_acquire(&at->order);
	return &at->lanes;
}
