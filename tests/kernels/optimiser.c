/* SPDX-License-Identifier: MIT */
/* AdamW against its formula in double precision; norms; sums; casts. */
#include "tensor/dtype.h"
#include "tests/kernels/kernel.h"

enum { N = 70001 };

static void adamw(void)
{
	float *anchor = numbers(40000, 9);
	const gb_adamw_segment segment[3] = {{0, 20000, 1, 0.1f, NULL}, {20000, 20000, 1, 0.1f, anchor}, {40000, N - 40000, 0.5f, 0, NULL}};
	float *w = numbers(N, 1), *m = zeros(N), *v = zeros(N), *g = numbers(N, 2);
	double *dw = malloc(N * sizeof *dw), *dm = calloc(N, sizeof *dm), *dv = calloc(N, sizeof *dv);

	for (int i = 0; i < N; i++)
		dw[i] = (double)w[i];
	for (int step = 1; step <= 3; step++) {
		for (int i = 0; i < N; i++) {
			double rate = 0.01 * (i < 40000 ? 1 : 0.5), decay = i < 40000 ? 0.1 : 0, x = (double)g[i] * 0.7;

			dm[i] = 0.9 * dm[i] + 0.1 * x;
			dv[i] = 0.95 * dv[i] + 0.05 * x * x;
			dw[i] -= rate * decay * (dw[i] - (i >= 20000 && i < 40000 ? (double)anchor[i - 20000] : 0)) + rate * dm[i] / (1 - pow(0.9, step)) / (sqrt(dv[i] / (1 - pow(0.95, step))) + 1e-8);
		}
		if (step < 3)
			GB_RUN(&kernel_device[step], adamw, 3, segment, w, m, v, g, 0.7f, 0.01f, 0.9f, 0.95f, 1e-8f, (uint64_t)step);
	}
	float *w3 = malloc(N * sizeof *w), *m3 = malloc(N * sizeof *m), *v3 = malloc(N * sizeof *v);
	memcpy(w3, w, N * sizeof *w), memcpy(m3, m, N * sizeof *m), memcpy(v3, v, N * sizeof *v);
	SAME_BYTES(w, N, "adamw", (memcpy(m, m3, N * sizeof *m), memcpy(v, v3, N * sizeof *v),
	                           GB_RUN(device, adamw, 3, segment, w, m, v, g, 0.7f, 0.01f, 0.9f, 0.95f, 1e-8f, 3)));
	ok(worst(w, dw, N) < 1e-6 && worst(m, dm, N) < 1e-6 && worst(v, dv, N) < 1e-6, "three steps, three groups, one anchored (%g)", worst(w, dw, N));
	g[12] = NAN;
	GB_RUN(&kernel_device[0], adamw, 3, segment, w, m, v, g, 0.7f, 0.01f, 0.9f, 0.95f, 1e-8f, 4);
	ok(isnan(w[12]) && !isnan(w[13]), "NaN is passed on");
	free(anchor), free(w), free(m), free(v), free(g), free(dw), free(dm), free(dv), free(w3), free(m3), free(v3);
}

static void square_sum(size_t n)
{
	float *x = numbers(n, 3);
	double want = 0, got[3];

	for (size_t i = 0; i < n; i++)
		want += (double)x[i] * (double)x[i];
	for (int t = 0; t < 3; t++)
		GB_RUN(&kernel_device[t], square_sum, n, x, &got[t]);
	near(got[0], want, 1e-9 * (1 + want), "sum of %zu squares", n);
	ok(got[0] == got[1] && got[1] == got[2], "the same for 1, 2, 3 threads");
	free(x);
}

static void sums(void)
{
	enum { ROWS = 131, COLUMNS = 531 };
	float *x = numbers(ROWS * COLUMNS, 4), *out = zeros(COLUMNS), *y = numbers(ROWS * COLUMNS, 5);
	double want[COLUMNS] = {0}, *both = malloc(ROWS * COLUMNS * sizeof *both);

	for (int i = 0; i < ROWS * COLUMNS; i++) {
		want[i % COLUMNS] += (double)x[i];
		both[i] = 0.5 * (double)x[i] + 2 * (double)y[i];
	}
	SAME_BYTES(out, COLUMNS, "column_sum", GB_RUN(device, column_sum, ROWS, COLUMNS, x, out));
	ok(worst(out, want, COLUMNS) < 1e-5, "column sums");
	SAME_BYTES(y, ROWS * COLUMNS, "add", GB_RUN(device, add, ROWS * COLUMNS, 0.5f, x, 2.0f, y));
	ok(worst(y, both, ROWS * COLUMNS) < 1e-6, "alpha x + beta y");
	y[0] = NAN;
	GB_RUN(&kernel_device[0], add, ROWS * COLUMNS, 1.0f, x, 0.0f, y);
	ok(!memcmp(x, y, ROWS * COLUMNS * sizeof *x), "beta 0 does not read y");
	GB_RUN(&kernel_device[1], copy_columns, ROWS, 3, COLUMNS, 7, x + 5, y + 2, false);
	GB_RUN(&kernel_device[1], copy_columns, ROWS, 3, COLUMNS, 7, x + 5, y + 2, true);
	ok(y[2] == 2 * x[5] && y[7 * 130 + 4] == 2 * x[COLUMNS * 130 + 7] && y[5] == x[5], "a block of columns, copied and added");
	GB_RUN(&kernel_device[2], copy_rows, 3, 10, 4, 6, 1, 5, 20, x, y, false);
	ok(y[(2 * 6 + 1) * 20] == x[(2 * 10 + 4) * 20] && y[(2 * 6 + 5) * 20 + 19] == x[(2 * 10 + 8) * 20 + 19], "rows of each group");
	GB_RUN(&kernel_device[1], affine, ROWS, COLUMNS, x, x, out, y);
	ok(y[COLUMNS * 130 + 7] == x[COLUMNS * 130 + 7] * x[7] + out[7], "affine by column");
	double sum[3] = {0}, squares[3] = {0};
	float v[9] = {1, 2, 3, NAN, NAN, NAN, 4, 5, 6}, weight[3] = {1, 0, 0.5f};
	GB_RUN(&kernel_device[2], moments, 3, 3, v, weight, sum, squares);
	ok(sum[0] == 5 && sum[2] == 9 && squares[1] == 29, "moments over the rows that count");
	free(x), free(out), free(y), free(both);
}

static void casts(void)
{
	int half = 1, bfloat = 1, back = 1;

	for (uint64_t i = 0; i < 1ull << 32; i += 9973) {
		uint32_t bits = (uint32_t)i;
		uint16_t h, b;
		float x, y, z;

		memcpy(&x, &bits, 4);
		GB_RUN(&kernel_device[0], cast, 1, GB_CAST_F32_F16, &x, &h);
		GB_RUN(&kernel_device[0], cast, 1, GB_CAST_F32_BF16, &x, &b);
		GB_RUN(&kernel_device[0], cast, 1, GB_CAST_F16_F32, &h, &y);
		GB_RUN(&kernel_device[0], cast, 1, GB_CAST_BF16_F32, &b, &z);
		if (isnan(x)) {
			half &= isnan(y), bfloat &= isnan(z);
			continue;
		}
		half &= h == gb_float_to_half(x) && y == gb_half_to_float(h);
		bfloat &= b == gb_float_to_bfloat(x) && z == gb_bfloat_to_float(b);
		back &= fabsf(x) > 65000 || fabsf(x) < 7e-5f || fabsf(y - x) <= fabsf(x) * 4.8829e-4f;
	}
	ok(half, "F16 as the tensor layer rounds it, NaN kept");
	ok(bfloat, "BF16 as the tensor layer rounds it, NaN kept");
	ok(back, "F16 and back is within half a unit in the last place");
}

int main(void)
{
	devices_open();
	adamw();
	square_sum(0);
	square_sum(1);
	square_sum(4097);
	square_sum(64 * 4096 * 3 + 17);
	sums();
	casts();
	devices_close();
	return done_testing();
}
