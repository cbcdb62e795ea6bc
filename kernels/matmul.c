/* SPDX-License-Identifier: MIT */
/* matmul.c: matrix products: our own where the processor has fused
 * multiply-add, else cblas, one thread a call, tiles above it. */
#include <cblas.h>
#include <pthread.h>

#include "base/cpu.h"
#include "gemm.h"
#include "loops.h"
#include "tile.h"

/* The bits of an sgemm depend on its shape, so these may not depend on anything
 * but the problem.  256 columns of weights fit the second-level cache. */
enum { TILE_ROWS = 256, TILE_COLUMNS = 256 };

struct grid { const struct gb_op_matmul *args; size_t across; };

static void set_one_thread(void) { openblas_set_num_threads(1); }

static void run_tile(void *context, size_t tile, int worker)
{
	const struct grid *grid = context;
	const struct gb_op_matmul *args = grid->args;
	size_t row = tile / grid->across * TILE_ROWS, column = tile % grid->across * TILE_COLUMNS;
	size_t rows = args->m - row < TILE_ROWS ? args->m - row : TILE_ROWS;
	size_t columns = args->n - column < TILE_COLUMNS ? args->n - column : TILE_COLUMNS;
	float *c = args->c + row * args->n + column;

	(void)worker;
	if (args->k)
		cblas_sgemm(CblasRowMajor, args->transpose_a ? CblasTrans : CblasNoTrans,
		            args->transpose_b ? CblasTrans : CblasNoTrans, (int)rows, (int)columns,
		            (int)args->k, 1.0f, args->transpose_a ? args->a + row : args->a + row * args->k,
		            (int)(args->transpose_a ? args->m : args->k),
		            args->transpose_b ? args->b + column * args->k : args->b + column,
		            (int)(args->transpose_b ? args->k : args->n), args->accumulate ? 1.0f : 0.0f, c,
		            (int)args->n);
	else if (!args->accumulate)
		for (size_t r = 0; r < rows; r++)
			memset(c + r * args->n, 0, columns * sizeof *c);
	if (args->bias || args->pre || args->activation != GB_LINEAR)
		for (size_t r = row; r < row + rows; r++)
			gb_loops_here()->finish(columns, args->c + r * args->n + column,
			                        args->bias ? args->bias + column : NULL,
			                        args->pre ? args->pre + r * args->n + column : NULL,
			                        args->activation);
}

void gb_cpu_matmul(const gb_device *device, const struct gb_op_matmul *args)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct grid grid = {args, (args->n + TILE_COLUMNS - 1) / TILE_COLUMNS};
	size_t tiles = grid.across * ((args->m + TILE_ROWS - 1) / TILE_ROWS);

	if (gb_cpu_class() != GB_CPU_GENERIC && args->k) {
		gb_gemm(device,
		        gb_cpu_class() >= GB_CPU_AVX512 && args->n > 8 ? &gb_gemm_avx512 : &gb_gemm_avx2,
		        args);
		return;
	}
	pthread_once(&once, set_one_thread);
	gb_pool_run(tiles > 1 ? device->pool : NULL, tiles, run_tile, &grid);
}
