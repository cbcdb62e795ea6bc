/* SPDX-License-Identifier: MIT */
/* Products, Gram matrices, Cholesky and eigenvectors against plain loops; bits that do not depend on place
 * or threads. */
#include "linalg/matrix.h"

#include "../tap.h"
#include "base/rng.h"
#include "base/size.h"

enum { M = 389, N = 781, K = 2061 }; /* three odd tiles and more; two depths */

static float *noise(size_t count, uint32_t stream)
{
	float *x = gb_array(count, sizeof *x, NULL);
	gb_rng rng = gb_rng_at(7, stream, 0, 0);

	for (size_t i = 0; i < count; i++)
		x[i] = (float)gb_rng_normal(&rng);
	return x;
}

static void products(gb_pool *pool)
{
	float *a = noise(M * K, 1), *b = noise(K * N, 2), *c = noise(M * N, 3), *d = noise(M * N, 3),
	      *t = gb_array(M * K, sizeof *t, NULL);
	double worst = 0;
	bool same = true;

	ok(gb_matrix_product(pool, (gb_product_size){M, N, K}, (gb_operand){a, K, GB_AS_STORED},
	                     (gb_operand){b, N, GB_AS_STORED}, c, N, false, NULL) == GB_OK, "product");
	for (size_t i = 0; i < M; i += 17)
		for (size_t j = 0; j < N; j++) {
			double sum = 0;

			for (size_t k = 0; k < K; k++)
				sum += (double)a[i * K + k] * (double)b[k * N + j];
			worst = fmax(worst, fabs(sum - (double)c[i * N + j]));
		}
	ok(worst < 1e-3, "it is what plain loops find (%g)", worst);
	ok(gb_matrix_product(NULL, (gb_product_size){M, N, K}, (gb_operand){a, K, GB_AS_STORED},
	                     (gb_operand){b, N, GB_AS_STORED}, d, N, false, NULL) == GB_OK &&
	       !memcmp(c, d, M * N * sizeof *c),
	   "same bits on one thread");
	for (size_t i = 0; i < M; i++)
		for (size_t k = 0; k < K; k++)
			t[k * M + i] = a[i * K + k];
	ok(gb_matrix_product(pool, (gb_product_size){M, N, K}, (gb_operand){t, M, GB_TRANSPOSED},
	                     (gb_operand){b, N, GB_AS_STORED}, d, N, false, NULL) == GB_OK &&
	       !memcmp(c, d, M * N * sizeof *c),
	   "same bits from a transposed A");
	ok(gb_matrix_product(pool, (gb_product_size){201, N, K}, (gb_operand){a + 53 * K, K, GB_AS_STORED},
	                     (gb_operand){b, N, GB_AS_STORED}, d, N, false, NULL) == GB_OK &&
	       !memcmp(c + 53 * N, d, 201 * N * sizeof *c), "same bits for some of the rows");
	ok(gb_matrix_product(pool, (gb_product_size){M, 300, K}, (gb_operand){a, K, GB_AS_STORED},
	                     (gb_operand){b + 111, N, GB_AS_STORED}, d, 300, false, NULL) == GB_OK,
	   "some of the columns");
	for (size_t i = 0; i < M; i++)
		same = same && !memcmp(c + i * N + 111, d + i * 300, 300 * sizeof *c);
	ok(same, "same bits for some of the columns");
	memcpy(d, c, M * N * sizeof *c);
	ok(gb_matrix_product(pool, (gb_product_size){M, N, K}, (gb_operand){a, K, GB_AS_STORED},
	                     (gb_operand){b, N, GB_AS_STORED}, d, N, true, NULL) == GB_OK &&
	       d[5] == c[5] + c[5], "added to what is there");
	free(a);
	free(b);
	free(c);
	free(d);
	free(t);
}

static void grams(gb_pool *pool)
{
	enum { R = 577, W = 1201 };
	float *x = noise(R * W, 4);
	double *g = gb_array(R * R, sizeof *g, NULL), *h = gb_array(R * R, sizeof *h, NULL), worst = 0;

	ok(gb_matrix_gram(pool, x, R, W, W, g, false, NULL) == GB_OK &&
	       gb_matrix_gram(NULL, x, R, W, W, h, false, NULL) == GB_OK && !memcmp(g, h, R * R * sizeof *g),
	   "Gram matrix, same bits on one thread");
	for (size_t i = 0; i < R; i += 31)
		for (size_t j = 0; j < R; j++) {
			double sum = 0;

			for (size_t k = 0; k < W; k++)
				sum += (double)x[i * W + k] * (double)x[j * W + k];
			worst = fmax(worst,
			             fmax(fabs(sum - g[i * R + j]), fabs(g[i * R + j] - g[j * R + i])));
		}
	ok(worst < 1e-9, "it is what plain loops find, and symmetric (%g)", worst);
	free(x);
	free(g);
	free(h);
}

static void systems(void)
{
	enum { S = 211, RIGHT = 3 };
	float *x = noise(S * 300, 5), *right = noise(RIGHT * S, 6);
	double *a = gb_array(S * S, sizeof *a, NULL), *l = gb_array(S * S, sizeof *l, NULL),
	       *b = gb_array(RIGHT * S, sizeof *b, NULL), *values = gb_array(S, sizeof *values, NULL),
	       worst = 0;
	gb_err err = {0};

	if (gb_matrix_gram(NULL, x, S, 300, 300, a, false, NULL))
		exit(1);
	memcpy(l, a, S * S * sizeof *l);
	for (int i = 0; i < RIGHT * S; i++)
		b[i] = (double)right[i];
	ok(gb_cholesky(l, S, &err) == GB_OK, "Cholesky");
	gb_cholesky_solve(l, S, b, RIGHT);
	for (int r = 0; r < RIGHT; r++)
		for (int i = 0; i < S; i++) {
			double sum = -(double)right[r * S + i];

			for (int j = 0; j < S; j++)
				sum += a[i * S + j] * b[r * S + j];
			worst = fmax(worst, fabs(sum));
		}
	ok(worst < 1e-9, "the solutions solve (%g)", worst);
	memcpy(l, a, S * S * sizeof *l);
	ok(gb_eigen_symmetric(l, S, values, &err) == GB_OK, "eigenvectors");
	worst = 0;
	for (int v = 0; v < S; v += 7)
		for (int i = 0; i < S; i++) {
			double sum = -values[v] * l[v * S + i];

			for (int j = 0; j < S; j++)
				sum += a[i * S + j] * l[v * S + j];
			worst = fmax(worst, fabs(sum));
		}
	ok(worst < 1e-9 && values[0] < values[S - 1], "they are, in ascending order (%g)", worst);
	a[5 * S + 5] = -1;
	ok(gb_cholesky(a, S, &err) == GB_DATA && strstr(err.text, "pivot 6 of 211"),
	   "a matrix that is not positive: %s", err.text);
	free(x);
	free(right);
	free(a);
	free(l);
	free(b);
	free(values);
}

int main(void)
{
	gb_pool *pool;

	if (gb_pool_open(&pool, 3, NULL))
		return 1;
	products(pool);
	grams(pool);
	systems();
	gb_pool_close(pool);
	return done_testing();
}
