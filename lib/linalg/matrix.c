/* SPDX-License-Identifier: MIT */
#include "linalg/matrix.h"

#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { TILE_M = 128, TILE_N = 256, DEPTH = 2048, GRAM_TILE = 192,
       SCRATCH = (TILE_M + TILE_N) * DEPTH + TILE_M * TILE_N };

/* LAPACK comes with OpenBLAS, without a header of its own. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t uplo_length);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b,
             const int *ldb, int *info, size_t uplo_length);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t jobz_length,
             size_t uplo_length);
void openblas_set_num_threads(int threads);

static void set_one_thread(void)
{
	openblas_set_num_threads(1);
}

static void one_thread(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_one_thread);
}

typedef struct product {
	gb_product_size size;
	gb_operand a, b;
	float *c, *scratch;
	size_t stride, tiles_across;
	bool add;
} product;

/* Copy HAVE rows of X from FIRST on, and DEPTH of their columns from COLUMN on, to [TILE, 2048] padded
 * with zeros.  ALONG_ROWS: these are X's stored rows; otherwise they are its stored columns. */
static void pack_rows(float *out, gb_operand x, bool along_rows, size_t first, size_t have, size_t tile,
                      size_t column, size_t depth)
{
	if (depth < DEPTH || have < tile)
		memset(out, 0, tile * DEPTH * sizeof *out);
	if (along_rows)
		for (size_t i = 0; i < have; i++)
			memcpy(out + i * DEPTH, x.data + (first + i) * x.stride + column,
			       depth * sizeof *out);
	else
		for (size_t j = 0; j < depth; j++)
			for (size_t i = 0; i < have; i++)
				out[i * DEPTH + j] = x.data[(column + j) * x.stride + first + i];
}

static void product_tile(void *context, size_t tile, int worker)
{
	product *p = context;
	size_t i0 = tile / p->tiles_across * TILE_M, j0 = tile % p->tiles_across * TILE_N;
	size_t have_m = p->size.rows - i0 < TILE_M ? p->size.rows - i0 : TILE_M;
	size_t have_n = p->size.columns - j0 < TILE_N ? p->size.columns - j0 : TILE_N;
	float *a = p->scratch + (size_t)worker * SCRATCH, *b = a + TILE_M * DEPTH, *c = b + TILE_N * DEPTH;

	for (size_t k0 = 0; k0 < p->size.depth; k0 += DEPTH) {
		size_t depth = p->size.depth - k0 < DEPTH ? p->size.depth - k0 : DEPTH;

		pack_rows(a, p->a, p->a.layout == GB_AS_STORED, i0, have_m, TILE_M, k0, depth);
		pack_rows(b, p->b, p->b.layout == GB_TRANSPOSED, j0, have_n, TILE_N, k0, depth);
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, TILE_M, TILE_N, (int)depth, 1, a, DEPTH,
		            b, DEPTH, k0 > 0, c, TILE_N);
	}
	for (size_t i = 0; i < have_m; i++) {
		float *out = p->c + (i0 + i) * p->stride + j0;

		for (size_t j = 0; j < have_n; j++)
			out[j] = p->add ? out[j] + c[i * TILE_N + j] : c[i * TILE_N + j];
	}
}

gb_status gb_matrix_product(gb_pool *pool, gb_product_size size, gb_operand a, gb_operand b, float *c,
                            size_t stride, bool add, gb_err *err)
{
	product p = {.size = size, .a = a, .b = b, .c = c, .stride = stride, .add = add,
	             .tiles_across = (size.columns + TILE_N - 1) / TILE_N};

	one_thread();
	if (size.rows == 0 || size.columns == 0)
		return GB_OK;
	if (size.depth == 0) {
		for (size_t i = 0; i < size.rows && !add; i++)
			memset(c + i * stride, 0, size.columns * sizeof *c);
		return GB_OK;
	}
	p.scratch = gb_array(SCRATCH * (size_t)gb_pool_threads(pool), sizeof *p.scratch, err);
	if (!p.scratch)
		return GB_SYSTEM;
	gb_pool_run(pool, (size.rows + TILE_M - 1) / TILE_M * p.tiles_across, product_tile, &p);
	free(p.scratch);
	return GB_OK;
}

void gb_matrix_product_one(gb_product_size size, gb_operand_double a, gb_operand_double b, double *c,
                           size_t stride, bool add)
{
	one_thread();
	if (size.rows == 0 || size.columns == 0)
		return;
	if (size.depth == 0) {
		for (size_t i = 0; i < size.rows && !add; i++)
			memset(c + i * stride, 0, size.columns * sizeof *c);
		return;
	}
	cblas_dgemm(CblasRowMajor, a.layout == GB_TRANSPOSED ? CblasTrans : CblasNoTrans,
	            b.layout == GB_TRANSPOSED ? CblasTrans : CblasNoTrans, (int)size.rows, (int)size.columns,
	            (int)size.depth, 1, a.data, (int)a.stride, b.data, (int)b.stride, add ? 1 : 0, c,
	            (int)stride);
}

typedef struct gram {
	const float *x;
	size_t rows, width, ldx, side;
	double *g, *scratch;
	bool add;
} gram;

enum { GRAM_DEPTH = 1024 }; /* columns of X converted to double at a time */

static void gram_panel(const gram *g, size_t first, size_t have, size_t column, size_t depth, double *out)
{
	for (size_t i = 0; i < GRAM_TILE; i++)
		for (size_t j = 0; j < GRAM_DEPTH; j++)
			out[i * GRAM_DEPTH + j] = i < have && j < depth
			                              ? (double)g->x[(first + i) * g->ldx + column + j]
			                              : 0;
}

static void gram_tile(void *context, size_t tile, int worker)
{
	gram *g = context;
	size_t bi = 0, i0, j0, have_i, have_j;
	double *a = g->scratch + (size_t)worker * (2 * GRAM_TILE * GRAM_DEPTH + GRAM_TILE * GRAM_TILE),
	       *b = a + GRAM_TILE * GRAM_DEPTH, *c = b + GRAM_TILE * GRAM_DEPTH;

	while ((bi + 1) * (bi + 2) / 2 <= tile)
		bi++;
	i0 = bi * GRAM_TILE;
	j0 = (tile - bi * (bi + 1) / 2) * GRAM_TILE;
	have_i = g->rows - i0 < GRAM_TILE ? g->rows - i0 : GRAM_TILE;
	have_j = g->rows - j0 < GRAM_TILE ? g->rows - j0 : GRAM_TILE;
	for (size_t k = 0; k < g->width; k += GRAM_DEPTH) {
		size_t depth = g->width - k < GRAM_DEPTH ? g->width - k : GRAM_DEPTH;

		gram_panel(g, i0, have_i, k, depth, a);
		gram_panel(g, j0, have_j, k, depth, b);
		cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, GRAM_TILE, GRAM_TILE, GRAM_DEPTH, 1, a,
		            GRAM_DEPTH, b, GRAM_DEPTH, k > 0, c, GRAM_TILE);
	}
	for (size_t i = 0; i < have_i; i++)
		for (size_t j = 0; j < have_j; j++) {
			double *lower = g->g + (i0 + i) * g->rows + j0 + j,
			       *upper = g->g + (j0 + j) * g->rows + i0 + i;

			if (j0 + j > i0 + i)
				continue;
			*lower = g->add ? *lower + c[i * GRAM_TILE + j] : c[i * GRAM_TILE + j];
			*upper = *lower;
		}
}

gb_status gb_matrix_gram(gb_pool *pool, const float *x, size_t rows, size_t width, size_t ldx, double *out,
                         bool add, gb_err *err)
{
	size_t side = (rows + GRAM_TILE - 1) / GRAM_TILE,
	       each = 2 * GRAM_TILE * GRAM_DEPTH + GRAM_TILE * GRAM_TILE;
	gram g = {x, rows, width, ldx, side, out, NULL, add};

	one_thread();
	if (rows == 0)
		return GB_OK;
	if (width == 0) {
		if (!add)
			memset(out, 0, rows * rows * sizeof *out);
		return GB_OK;
	}
	g.scratch = gb_array(each * (size_t)gb_pool_threads(pool), sizeof *g.scratch, err);
	if (!g.scratch)
		return GB_SYSTEM;
	gb_pool_run(pool, side * (side + 1) / 2, gram_tile, &g);
	free(g.scratch);
	return GB_OK;
}

/* The lower triangle of a row-major matrix is the upper one for LAPACK, which counts by column. */
gb_status gb_cholesky(double *a, size_t n, gb_err *err)
{
	int order = (int)n, info = 0;

	one_thread();
	if (n > 46340)
		return gb_fail(err, GB_SYSTEM, "Cholesky: order %zu, at most 46340 is supported", n);
	if (n > 0)
		dpotrf_("U", &order, a, &order, &info, 1);
	if (info)
		return gb_fail(err, GB_DATA, "Cholesky: pivot %d of %zu is not positive", info, n);
	return GB_OK;
}

void gb_cholesky_solve(const double *factor, size_t n, double *x, size_t count)
{
	int order = (int)n, right = (int)count, info = 0;

	one_thread();
	if (n > 0 && count > 0)
		dpotrs_("U", &order, &right, factor, &order, x, &order, &info, 1);
}

gb_status gb_eigen_symmetric(double *a, size_t n, double *values, gb_err *err)
{
	int order = (int)n, info = 0, query = -1, work_size, integer_size, integer_wanted;
	double wanted;
	double *work;
	int *integers;

	one_thread();
	if (n == 0)
		return GB_OK;
	if (n > 32000)
		return gb_fail(err, GB_SYSTEM, "eigenvectors: order %zu, at most 32000 is supported", n);
	dsyevd_("V", "U", &order, a, &order, values, &wanted, &query, &integer_wanted, &query, &info, 1, 1);
	work_size = (int)wanted;
	integer_size = integer_wanted;
	work = gb_array((size_t)work_size, sizeof *work, err);
	integers = work ? gb_array((size_t)integer_size, sizeof *integers, err) : NULL;
	if (!integers) {
		free(work);
		return GB_SYSTEM;
	}
	dsyevd_("V", "U", &order, a, &order, values, work, &work_size, integers, &integer_size, &info, 1, 1);
	free(work);
	free(integers);
	if (info)
		return gb_fail(err, GB_DATA, "eigenvectors: no convergence (%d)", info);
	for (size_t i = 0; i < n; i++) {
		double *vector = a + i * n;
		size_t first = 0;

		while (first < n && fabs(vector[first]) < 1e-8)
			first++;
		if (first < n && vector[first] < 0)
			for (size_t j = 0; j < n; j++)
				vector[j] = -vector[j];
	}
	return GB_OK;
}
