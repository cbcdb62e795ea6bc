/* SPDX-License-Identifier: MIT */
/* pool.h: a fixed set of worker threads that share out tiles of work.
 *
 * The tiling depends on the problem only, never on the number of threads, so
 * results do not either.  Tiles are claimed in increasing order; each runs
 * exactly once; a tile must not run the same pool again. */
#ifndef GB_BASE_POOL_H
#define GB_BASE_POOL_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_pool gb_pool;
typedef void gb_tile_fn(void *context, size_t tile, int worker); /* worker: 0 … threads−1 */

/* THREADS ≥ 1; 1 makes no thread at all.  Close accepts NULL. */
GB_CHECK gb_status gb_pool_open(gb_pool **pool, int threads, gb_err *err);
void gb_pool_close(gb_pool *pool);

int gb_pool_threads(const gb_pool *pool); /* 1 for NULL */

/* Run FN for tiles 0 … TILES−1 and return when all are done.  POOL may be
 * NULL: everything on the calling thread. */
void gb_pool_run(gb_pool *pool, size_t tiles, gb_tile_fn *fn, void *context);

/* Processors this process may run on (affinity respected), at least 1. */
int gb_cpu_count(void);

GB_END_DECLS
#endif
