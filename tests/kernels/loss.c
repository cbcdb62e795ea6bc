/* SPDX-License-Identifier: MIT */
/* The losses against double loops and finite differences. */
#include "tests/kernels/kernel.h"

static float one = 1, half = 0.5f, quarter = 0.25f;

static double entropy(const float *x, const int32_t *label, const float *weight, size_t rows, size_t n)
{
	double total = 0;

	for (size_t r = 0; r < rows; r++) {
		double sum = 0;

		if (label[r] < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			sum += exp((double)x[r * n + i]);
		total += (double)weight[r] * (log(sum) - (double)x[r * n + (size_t)label[r]]);
	}
	return total;
}

static void softmax(void)
{
	enum { ROWS = 77, CLASSES = 129 };
	float *x = numbers(ROWS * CLASSES, 1), *dx = zeros(ROWS * CLASSES), weight[ROWS];
	int32_t label[ROWS];
	double loss[ROWS], sum = 0, off = 0;

	for (int r = 0; r < ROWS; r++) {
		label[r] = r % 5 == 4 ? -1 : r * 31 % CLASSES;
		weight[r] = (float)(r % 3) * 0.5f;
	}
	SAME_BYTES(dx, ROWS * CLASSES, "softmax_loss", 1e-6,
	           RUN(device, softmax_loss, ROWS, CLASSES, x, label, weight, &quarter, loss, dx));
	for (int r = 0; r < ROWS; r++)
		sum += loss[r];
	near(sum, entropy(x, label, weight, ROWS, CLASSES), 1e-5, "cross-entropy");
	for (size_t i = 0; i < ROWS * CLASSES; i += 101)
		off = fmax(off, fabs((double)dx[i] -
		                     0.25 * SLOPE(x, i, entropy(x, label, weight, ROWS, CLASSES))));
	ok(off < 1e-5, "dx against finite differences (%g)", off);
	ok(loss[4] == 0 && dx[4 * CLASSES + 7] == 0, "label -1 counts for nothing");
	for (int i = 0; i < CLASSES; i++)
		x[i] = (float)(i ? 500 : -500);
	label[0] = 0, weight[0] = 1;
	RUN(&kernel_device[0], softmax_loss, 1, CLASSES, x, label, weight, &one, loss, dx);
	near(loss[0], 1000 + log(CLASSES - 1), 1e-6, "large logits do not overflow");
	label[0] = CLASSES;
	RUN(&kernel_device[2], softmax_loss, 1, CLASSES, x, label, weight, &one, loss, dx);
	ok(loss[0] == 0 && dx[0] == 0 && dx[CLASSES - 1] == 0, "nor does a label that is no class");
	label[0] = 0;
	x[3] = NAN;
	RUN(&kernel_device[0], softmax_loss, 2, CLASSES, x, label, weight, &one, loss, dx);
	ok(isnan(loss[0]) && !isnan(loss[1]), "NaN spoils its row and no other");
	RUN(&kernel_device[1], softmax_loss, 0, CLASSES, x, label, weight, &one, loss, dx);
	free(x), free(dx);
}

static double squares(const float *x, const float *t, const float *rw, const float *cw, size_t rows, size_t n)
{
	double total = 0;

	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; i < n; i++)
			total += (double)rw[r] * (cw ? (double)cw[i] : 1) *
			         pow((double)x[r * n + i] - (double)t[r * n + i], 2);
	return total;
}

static void mse(void)
{
	enum { ROWS = 43, COLUMNS = 1777 };
	float *x = numbers(ROWS * COLUMNS, 1), *t = numbers(ROWS * COLUMNS, 2), *cw = numbers(COLUMNS, 3),
	      *dx = zeros(ROWS * COLUMNS), rw[ROWS];
	double loss[ROWS], sum = 0, off = 0;

	for (int r = 0; r < ROWS; r++)
		rw[r] = (float)(r % 4) * 0.5f;
	SAME_BYTES(dx, ROWS * COLUMNS, "mse_loss", 1e-6,
	           RUN(device, mse_loss, ROWS, COLUMNS, x, t, rw, cw, &half, loss, dx));
	for (int r = 0; r < ROWS; r++)
		sum += loss[r];
	near(sum, squares(x, t, rw, cw, ROWS, COLUMNS), 1e-3, "weighted squared error");
	for (size_t i = 0; i < ROWS * COLUMNS; i += 1013)
		off = fmax(off,
		           fabs((double)dx[i] - 0.5 * SLOPE(x, i, squares(x, t, rw, cw, ROWS, COLUMNS))));
	ok(off < 1e-4, "dx against finite differences (%g)", off);
	x[0] = NAN, x[COLUMNS] = NAN;
	RUN(&kernel_device[0], mse_loss, ROWS, COLUMNS, x, t, rw, NULL, &one, loss, dx);
	ok(loss[0] == 0 && dx[0] == 0, "a row of weight 0 is not read");
	ok(isnan(loss[1]) && isnan(dx[COLUMNS]) && !isnan(loss[2]), "NaN spoils its row and no other");
	RUN(&kernel_device[1], mse_loss, 0, COLUMNS, x, t, rw, cw, &one, loss, dx);
	free(x), free(t), free(cw), free(dx);
}

/* Few and very long rows; many classes. */
static void long_rows(void)
{
	enum { ROWS = 3, COLUMNS = 20011, CLASSES = 4099 };
	float *x = numbers(ROWS * COLUMNS, 1), *t = numbers(ROWS * COLUMNS, 2), *dx = zeros(ROWS * COLUMNS),
	      rw[ROWS] = {1, 0, 2};
	double loss[ROWS] = {0}, off = 0;
	int32_t label[ROWS] = {4098, 0, 7};

	SAME_BYTES(dx, ROWS * COLUMNS, "mse_loss, long rows", 1e-6,
	           RUN(device, mse_loss, ROWS, COLUMNS, x, t, rw, NULL, &half, loss, dx));
	for (int i = 0; i < ROWS * COLUMNS; i++)
		off = fmax(off,
		           fabs((double)dx[i] - (double)rw[i / COLUMNS] * ((double)x[i] - (double)t[i])));
	near(loss[0] + loss[1] + loss[2], squares(x, t, rw, NULL, ROWS, COLUMNS), 2e-2,
	     "their squared error");
	ok(off < 1e-5 && loss[1] == 0 && loss[2] > loss[0], "and its slope");
	SAME_BYTES(dx, ROWS * CLASSES, "softmax_loss, many classes", 1e-6,
	           RUN(device, softmax_loss, ROWS, CLASSES, x, label, rw, &one, loss, dx));
	near(loss[0] + loss[1] + loss[2], entropy(x, label, rw, ROWS, CLASSES), 1e-4,
	     "cross-entropy over many classes");
	free(x), free(t), free(dx);
}

static void body(void)
{
	softmax();
	mse();
	long_rows();
}

int main(void) { return on_each_device(body); }
