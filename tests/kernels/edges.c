/* SPDX-License-Identifier: MIT */
/* Every operation at size 0, where it must touch nothing, and with NaN, which it
 * must pass on to what reads it and to nothing else; in place where a graph does so. */
#include "tests/kernels/kernel.h"

static bool untouched(const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (x[i] != 7)
			return false;
	return true;
}

/* No rows, then no columns, of each. */
static void nothing(void)
{
	const gb_device *d = &kernel_device[1];
	float y[16], z[16], s = 1;
	double loss[4] = {7, 7, 7, 7}, wide[6] = {7, 7, 7, 7, 7, 7};
	const int16_t codes[4] = {0};
	const int32_t label[4] = {0};
	const uint8_t keep[4] = {1};
	const gb_when when = {0, 0};

	for (int i = 0; i < 16; i++)
		y[i] = z[i] = 7;
	for (size_t r = 0; r < 3; r += 2) {
		size_t c = r ? 0 : 3;

		RUN(d, matmul, r, c, 2, z, z, y, false, false, false, z, NULL, GB_GELU);
		RUN(d, column_sum, r, c, z, y);
		RUN(d, moments, r, c, z, z, wide, wide + 3);
		RUN(d, affine, r, c, z, z, z, y);
		RUN(d, copy_columns, r, c, 3, 3, z, y, false);
		RUN(d, copy_rows, r, 2, 0, 2, 0, c ? 1 : 0, 2, z, y, true);
		RUN(d, layer_norm, 0, c, z, z, z, y, y, y);
		RUN(d, layer_norm_backward, 0, c, z, z, z, z, z, y, y + 4, y + 8);
		RUN(d, softmax_loss, 0, c, z, label, z, &s, loss, y);
		RUN(d, mse_loss, 0, c, z, z, z, z, &s, loss, y);
		RUN(d, dropout, r, c, 0.5f, 1, &when, 2, z, y);
		RUN(d, absent, r, c, keep, z, z, y);
		RUN(d, absent_backward, r, c, keep, z, y, y + 8);
		RUN(d, unfold_time, r, 2, c, 2, 1, 0, 1, z, y);
		RUN(d, unfold_time_backward, r, 2, c, 2, 1, 0, 1, z, y);
		RUN(d, pool_time, r, 2, c, NULL, z, y);
		RUN(d, pool_time_backward, r, 2, c, NULL, z, y);
		RUN(d, fir, r, 2, 2, c, 1, 1, 0, z, z, y);
		RUN(d, fir_backward, r, 2, 2, c, 1, 1, 0, z, z, y);
		RUN(d, embedding_sum, r, 1, 2, 2, c, codes, z, y);
		RUN(d, embedding_sum_backward, 0, 1, 2, 2, c, codes, z, y);
	}
	RUN(d, patches, 0, 1, 4, 4, 1, 2, 2, keep, z, z, y);
	RUN(d, gelu_backward, 0, z, z, y);
	RUN(d, sigmoid, 0, 1, z, z, y);
	RUN(d, sigmoid_backward, 0, z, z, y);
	RUN(d, add, 0, 1.0f, z, 0.0f, y);
	RUN(d, adamw, 0, (const gb_adamw_segment[]){{0, 0, 1, 0, NULL}}, y, y + 4, y + 8, z, 1, 1, 0.9f,
	    0.95f, 1e-8f, 1, 0);
	RUN(d, cast, 0, GB_CAST_F32_F16, z, y);
	ok(untouched(y, 16) && loss[0] == 7 && wide[0] == 7 && wide[5] == 7,
	   "size 0 writes nothing, of 28 operations");
	RUN(d, square_sum, 0, z, &loss[0]);
	RUN(d, sum, 0, wide, &loss[1]);
	ok(loss[0] == 0 && loss[1] == 0, "sums of nothing are 0");
	RUN(d, mse_loss, 2, 0, z, z, z, NULL, &s, loss, NULL);
	ok(loss[0] == 0 && loss[1] == 0, "the error over no columns is 0");
}

enum { ROWS = 5, COLUMNS = 301, N = ROWS * COLUMNS };

/* Are exactly the elements of ROW (−1: any) and COLUMN (−1: any) NaN? */
static bool only(const float *y, size_t rows, size_t columns, long row, long column)
{
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++)
			if (isnan(y[r * columns + c]) !=
			    ((row < 0 || (size_t)row == r) && (column < 0 || (size_t)column == c)))
				return false;
	return true;
}

static void nan_passed_on(void)
{
	const gb_device *d = &kernel_device[2];
	float *x = numbers(N, 1), *g = numbers(N, 2), *y = zeros(2 * N), *v = numbers(COLUMNS, 3),
	      *w = zeros(COLUMNS);
	double sum[COLUMNS] = {0}, squares[COLUMNS] = {0}, total;
	const uint8_t keep[ROWS] = {1, 1, 1, 0, 1};
	const float one[ROWS] = {1, 1, 1, 1, 1};
	const gb_when when = {1, 2};

	x[2 * COLUMNS + 17] = NAN;
	RUN(d, sigmoid, N, COLUMNS, x, v, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "sigmoid");
	RUN(d, sigmoid_backward, N, x, g, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "sigmoid_backward");
	RUN(d, add, N, 0.5f, x, 0.0f, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "add");
	RUN(d, affine, ROWS, COLUMNS, x, v, NULL, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "affine");
	RUN(d, affine, ROWS, COLUMNS, g, v, x + 2 * COLUMNS, y);
	ok(only(y, ROWS, COLUMNS, -1, 17), "affine by its offset");
	RUN(d, column_sum, ROWS, COLUMNS, x, w);
	ok(only(w, 1, COLUMNS, 0, 17), "column_sum");
	RUN(d, moments, ROWS, COLUMNS, x, one, sum, squares);
	ok(isnan(sum[17]) && isnan(squares[17]) && !isnan(sum[16]) && !isnan(squares[18]), "moments");
	RUN(d, copy_columns, ROWS, 20, COLUMNS, 20, x, y, false);
	ok(only(y, ROWS, 20, 2, 17), "copy_columns");
	RUN(d, copy_rows, 1, ROWS, 1, 3, 0, 3, COLUMNS, x, y, false);
	ok(only(y, 3, COLUMNS, 1, 17), "copy_rows");
	RUN(d, dropout, ROWS, COLUMNS, 0.0f, 1, &when, 3, x, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "dropout");
	RUN(d, absent, ROWS, COLUMNS, keep, g, x + 2 * COLUMNS, y);
	ok(only(y, ROWS, COLUMNS, 3, 17), "absent by its vector");
	memset(w, 0, COLUMNS * sizeof *w);
	RUN(d, absent_backward, ROWS, COLUMNS, keep, x, y, w);
	ok(only(y, ROWS, COLUMNS, 2, 17) && !isnan(w[17]), "absent_backward: of a row that is there");
	RUN(d, unfold_time, 1, ROWS, COLUMNS, 1, 1, 0, ROWS, x, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "unfold_time");
	memset(y, 0, 2 * N * sizeof *y);
	RUN(d, unfold_time_backward, 1, ROWS, COLUMNS, 1, 1, 0, ROWS, x, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "unfold_time_backward");
	RUN(d, pool_time, 1, ROWS - 1, COLUMNS, NULL, x, y);
	ok(only(y, 2, COLUMNS, -1, 17), "pool_time");
	RUN(d, pool_time_backward, 1, 3, COLUMNS, NULL, x + COLUMNS, y);
	ok(isnan(y[17]) && isnan(y[COLUMNS + 17]) && !isnan(y[16]), "pool_time_backward");
	memset(y, 0, 2 * N * sizeof *y);
	RUN(d, fir_backward, 1, ROWS, ROWS, COLUMNS, 1, 1, 0, one, x, y);
	ok(only(y, ROWS, COLUMNS, 2, 17), "fir_backward");
	RUN(d, square_sum, N, x, &total);
	ok(isnan(total), "square_sum");
	total = 0;
	RUN(d, sum, 3, (double[]){1, NAN, 2}, &total);
	ok(isnan(total), "sum");
	RUN(d, embedding_sum, 3, 1, 1, ROWS, COLUMNS, ((const int16_t[]){1, 2, 4}), x, y);
	ok(only(y, 3, COLUMNS, 1, 17), "embedding_sum");
	free(x), free(g), free(y), free(v), free(w);
}

/* A graph lets these overwrite the gradient that came in. */
static void in_place(void)
{
	const gb_device *d = &kernel_device[1];
	float *x = numbers(N, 1), *g = numbers(N, 2), *same = numbers(N, 2), *y = zeros(N),
	      *mean = zeros(ROWS), *rstd = zeros(ROWS), *out = zeros(N);
	float *gamma = numbers(COLUMNS, 3), *dgamma = zeros(4 * COLUMNS);

	RUN(d, gelu_backward, N, x, g, y);
	RUN(d, gelu_backward, N, x, same, same);
	ok(!memcmp(y, same, N * sizeof *y), "gelu_backward");
	RUN(d, layer_norm, ROWS, COLUMNS, x, gamma, NULL, out, mean, rstd);
	RUN(d, layer_norm_backward, ROWS, COLUMNS, x, gamma, mean, rstd, g, y, dgamma, dgamma + COLUMNS);
	memcpy(same, g, N * sizeof *g);
	RUN(d, layer_norm_backward, ROWS, COLUMNS, x, gamma, mean, rstd, same, same, dgamma + 2 * COLUMNS,
	    dgamma + 3 * COLUMNS);
	ok(!memcmp(y, same, N * sizeof *y) && !memcmp(dgamma, dgamma + 2 * COLUMNS, 2 * COLUMNS * sizeof *y),
	   "layer_norm_backward");
	memcpy(same, g, N * sizeof *g);
	RUN(d, add, N, 0.25f, g, 0.0f, y);
	RUN(d, add, N, 0.25f, same, 0.0f, same);
	ok(!memcmp(y, same, N * sizeof *y), "add");
	free(x), free(g), free(same), free(y), free(mean), free(rstd), free(out), free(gamma), free(dgamma);
}

/* What accumulates adds to what was there. */
static bool added(const float *now, const float *before, const float *alone, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!(fabsf(now[i] - before[i] - alone[i]) <= 2e-5f * (1 + fabsf(alone[i]))))
			return false;
	return true;
}

/* Runs STATEMENT, which accumulates into `to`, from 0 and from numbers. */
#define ACCUMULATES(n, what, statement)                                                                      \
	do {                                                                                                 \
		float *alone_ = zeros(n), *before_ = numbers(n, 9), *now_ = numbers(n, 9), *to = alone_;     \
		statement;                                                                                   \
		to = now_;                                                                                   \
		statement;                                                                                   \
		ok(added(now_, before_, alone_, n), "%s adds to what was there", what);                      \
		free(alone_), free(before_), free(now_);                                                     \
	} while (0)

static void accumulating(void)
{
	const gb_device *d = &kernel_device[0];
	float *x = numbers(N, 1), *y = zeros(2 * N), *g = numbers(N, 2), mean[ROWS] = {0},
	      rstd[ROWS] = {1, 1, 1, 1, 1}, other[COLUMNS];
	const float one[ROWS] = {1, 1, 0, 1, 1};
	const uint8_t keep[ROWS] = {1, 0, 1, 0, 0};
	const int16_t codes[ROWS] = {1, 1, 0, -1, 1};
	double sum[COLUMNS], squares[COLUMNS];
	bool right = true;

	ACCUMULATES(COLUMNS, "column_sum", RUN(d, column_sum, ROWS, COLUMNS, x, to));
	ACCUMULATES(COLUMNS, "layer_norm_backward, gamma",
	            RUN(d, layer_norm_backward, ROWS, COLUMNS, x, NULL, mean, rstd, g, y, to, other));
	ACCUMULATES(COLUMNS, "layer_norm_backward, beta",
	            RUN(d, layer_norm_backward, ROWS, COLUMNS, x, NULL, mean, rstd, g, y, other, to));
	ACCUMULATES(2 * COLUMNS, "embedding_sum_backward",
	            RUN(d, embedding_sum_backward, ROWS, 1, 1, 2, COLUMNS, codes, x, to));
	ACCUMULATES(COLUMNS, "absent_backward", RUN(d, absent_backward, ROWS, COLUMNS, keep, x, y, to));
	ACCUMULATES(4 * COLUMNS, "unfold_time_backward",
	            RUN(d, unfold_time_backward, 1, 4, COLUMNS, 2, 2, 0, 2, x, to));
	ACCUMULATES(N, "fir_backward", RUN(d, fir_backward, 1, ROWS, ROWS, COLUMNS, 1, 2, 0, g, x, to));
	ACCUMULATES(N, "copy_rows", RUN(d, copy_rows, 1, ROWS, 1, ROWS, 2, 3, COLUMNS, x, to, true));
	ACCUMULATES(N, "copy_columns", RUN(d, copy_columns, ROWS, 7, COLUMNS, COLUMNS, x, to, true));
	for (int c = 0; c < COLUMNS; c++)
		sum[c] = squares[c] = 100;
	RUN(d, moments, ROWS, COLUMNS, x, one, sum, squares);
	for (int c = 0; c < COLUMNS; c++) {
		double s = 100, q = 100;

		for (int r = 0; r < ROWS; r++) {
			s += one[r] > 0 ? (double)x[r * COLUMNS + c] : 0;
			q += one[r] > 0 ? (double)x[r * COLUMNS + c] * (double)x[r * COLUMNS + c] : 0;
		}
		right &= fabs(s - sum[c]) < 1e-12 * 100 && fabs(q - squares[c]) < 1e-12 * 100;
	}
	ok(right, "moments add to what was there, rows of weight 0 left out");
	free(x), free(y), free(g);
}

static void body(void)
{
	accumulating();
	nothing();
	nan_passed_on();
	in_place();
}

int main(void) { return on_each_device(body); }
