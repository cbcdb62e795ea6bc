/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

typedef struct worker {
	gb_pool *pool;
	int number;
	pthread_t thread;
} worker;

struct gb_pool {
	int threads, started;
	worker *workers; /* threads − 1 of them; the caller is worker 0 */
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	uint64_t round;  /* counts runs, so that a sleeping worker sees a new one */
	int busy;        /* workers still in this round */
	bool closing;
	gb_tile_fn *fn;
	void *context;
	size_t tiles;
	atomic_size_t next;
};

static void claim_tiles(gb_pool *pool, int number)
{
	size_t tile;

	while ((tile = atomic_fetch_add(&pool->next, 1)) < pool->tiles)
		pool->fn(pool->context, tile, number);
}

static void *work(void *argument)
{
	worker *self = argument;
	gb_pool *pool = self->pool;
	uint64_t seen = 0;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->round == seen && !pool->closing)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->closing)
			break;
		seen = pool->round;
		pthread_mutex_unlock(&pool->lock);
		claim_tiles(pool, self->number);
		pthread_mutex_lock(&pool->lock);
		if (--pool->busy == 0)
			pthread_cond_signal(&pool->done);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

gb_status gb_pool_open(gb_pool **out, int threads, gb_err *err)
{
	gb_pool *pool = gb_array(1, sizeof *pool, err);

	*out = NULL;
	if (!pool)
		return GB_SYSTEM;
	pool->threads = threads < 1 ? 1 : threads;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->done, NULL);
	if (!(pool->workers = gb_array((size_t)pool->threads, sizeof *pool->workers, err))) {
		gb_pool_close(pool);
		return GB_SYSTEM;
	}
	for (int i = 0; i < pool->threads - 1; i++) {
		pool->workers[i] = (worker){.pool = pool, .number = i + 1};
		int failed = pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i]);
		if (failed) {
			gb_pool_close(pool);
			return gb_fail_errno(err, GB_SYSTEM, failed,
			                     "thread %d of %d cannot be started: use a smaller -j", i + 2,
			                     threads);
		}
		pool->started++;
	}
	*out = pool;
	return GB_OK;
}

void gb_pool_close(gb_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->started; i++)
		pthread_join(pool->workers[i].thread, NULL);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	free(pool->workers);
	free(pool);
}

int gb_pool_threads(const gb_pool *pool) { return pool ? pool->threads : 1; }

void gb_pool_run(gb_pool *pool, size_t tiles, gb_tile_fn *fn, void *context)
{
	if (!pool || !pool->started || tiles < 2) {
		for (size_t tile = 0; tile < tiles; tile++)
			fn(context, tile, 0);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->fn = fn;
	pool->context = context;
	pool->tiles = tiles;
	atomic_store(&pool->next, 0);
	pool->busy = pool->started;
	pool->round++;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	claim_tiles(pool, 0);
	pthread_mutex_lock(&pool->lock);
	while (pool->busy)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

int gb_cpu_count(void)
{
	cpu_set_t set;
	int count = 1;

	if (sched_getaffinity(0, sizeof set, &set) == 0)
		count = CPU_COUNT(&set);
	return count < 1 ? 1 : count;
}
