/* SPDX-License-Identifier: MIT */
/* AdamW against its formula in double precision; norms; sums; casts. */
#include "tensor/dtype.h"
#include "tests/kernels/kernel.h"

enum { N = 70001 };

/* Anchors are named by the segments, so they are moved here. */
static void run_adamw(const gb_device *device, struct gb_op_adamw args)
{
	gb_adamw_segment segment[4];
	float *anchor[4] = {NULL};
	gb_err err;

	for (size_t s = 0; s < args.segments; s++) {
		segment[s] = args.segment[s];
		if (!segment[s].anchor || device->ops->shares_memory)
			continue;
		anchor[s] = gb_device_array(device, segment[s].count, sizeof(float), &err);
		device->ops->upload(device, anchor[s], segment[s].anchor, segment[s].count * sizeof(float));
		segment[s].anchor = anchor[s];
	}
	RUN(device, adamw, args.segments, segment, args.w, args.m, args.v, args.g, args.gradient_scale,
	    args.rate, args.beta1, args.beta2, args.epsilon, args.step, args.n);
	for (size_t s = 0; s < args.segments; s++)
		gb_device_release(device, anchor[s]);
}

static void adamw(void)
{
	float *anchor = numbers(40000, 9);
	const gb_adamw_segment segment[3] = {{0, 20000, 1, 0.1f, NULL},
	                                     {20000, 20000, 1, 0.1f, anchor},
	                                     {40000, N - 40000, 0.5f, 0, NULL}};
	float *w = numbers(N, 1), *m = zeros(N), *v = zeros(N), *g = numbers(N, 2);
	double *dw = malloc(N * sizeof *dw), *dm = calloc(N, sizeof *dm), *dv = calloc(N, sizeof *dv);

	for (int i = 0; i < N; i++)
		dw[i] = (double)w[i];
	for (int step = 1; step <= 3; step++) {
		for (int i = 0; i < N; i++) {
			double rate = 0.01 * (i < 40000 ? 1 : 0.5), decay = i < 40000 ? 0.1 : 0,
			       x = (double)g[i] * 0.7;

			dm[i] = 0.9 * dm[i] + 0.1 * x;
			dv[i] = 0.95 * dv[i] + 0.05 * x * x;
			dw[i] -= rate * decay *
			             (dw[i] - (i >= 20000 && i < 40000 ? (double)anchor[i - 20000] : 0)) +
			         rate * dm[i] / (1 - pow(0.9, step)) /
			             (sqrt(dv[i] / (1 - pow(0.95, step))) + 1e-8);
		}
		if (step < 3)
			run_adamw(&kernel_device[step],
			          (struct gb_op_adamw){3, segment, w, m, v, g, 0.7f, 0.01f, 0.9f, 0.95f,
			                               1e-8f, (uint64_t)step, N});
	}
	float *w3 = malloc(N * sizeof *w), *m3 = malloc(N * sizeof *m), *v3 = malloc(N * sizeof *v);
	memcpy(w3, w, N * sizeof *w), memcpy(m3, m, N * sizeof *m), memcpy(v3, v, N * sizeof *v);
	SAME_BYTES(w, N, "adamw", 1e-6,
	           (memcpy(m, m3, N * sizeof *m), memcpy(v, v3, N * sizeof *v),
	            run_adamw(device, (struct gb_op_adamw){3, segment, w, m, v, g, 0.7f, 0.01f, 0.9f, 0.95f,
	                                                   1e-8f, 3, N})));
	ok(worst(w, dw, N) < 1e-6 && worst(m, dm, N) < 1e-6 && worst(v, dv, N) < 1e-6,
	   "three steps, three groups, one anchored (%g)", worst(w, dw, N));
	g[12] = NAN;
	run_adamw(&kernel_device[0],
	          (struct gb_op_adamw){3, segment, w, m, v, g, 0.7f, 0.01f, 0.9f, 0.95f, 1e-8f, 4, N});
	ok(isnan(w[12]) && !isnan(w[13]), "NaN is passed on");
	free(anchor), free(w), free(m), free(v), free(g), free(dw), free(dm), free(dv), free(w3), free(m3),
	    free(v3);
}

static void square_sum(size_t n)
{
	float *x = numbers(n, 3);
	double want = 0, got[3];

	for (size_t i = 0; i < n; i++)
		want += (double)x[i] * (double)x[i];
	for (int t = 0; t < 3; t++)
		RUN(&kernel_device[t], square_sum, n, x, &got[t]);
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
	SAME_BYTES(out, COLUMNS, "column_sum", 1e-5, RUN(device, column_sum, ROWS, COLUMNS, x, out));
	ok(worst(out, want, COLUMNS) < 1e-5, "column sums");
	SAME_BYTES(y, ROWS * COLUMNS, "add", 0, RUN(device, add, ROWS * COLUMNS, 0.5f, x, 2.0f, y));
	ok(worst(y, both, ROWS * COLUMNS) < 1e-6, "alpha x + beta y");
	y[0] = NAN;
	RUN(&kernel_device[0], add, ROWS * COLUMNS, 1.0f, x, 0.0f, y);
	ok(!memcmp(x, y, ROWS * COLUMNS * sizeof *x), "beta 0 does not read y");
	RUN(&kernel_device[1], copy_columns, ROWS, 3, COLUMNS, 7, x + 5, y + 2, false);
	RUN(&kernel_device[1], copy_columns, ROWS, 3, COLUMNS, 7, x + 5, y + 2, true);
	ok(y[2] == 2 * x[5] && y[7 * 130 + 4] == 2 * x[COLUMNS * 130 + 7] && y[5] == x[5],
	   "a block of columns, copied and added");
	RUN(&kernel_device[2], copy_rows, 3, 10, 4, 6, 1, 5, 20, x, y, false);
	ok(y[(2 * 6 + 1) * 20] == x[(2 * 10 + 4) * 20] &&
	       y[(2 * 6 + 5) * 20 + 19] == x[(2 * 10 + 8) * 20 + 19],
	   "rows of each group");
	RUN(&kernel_device[1], affine, ROWS, COLUMNS, x, x, out, y);
	ok(y[COLUMNS * 130 + 7] == x[COLUMNS * 130 + 7] * x[7] + out[7], "affine by column");
	double sum[3] = {0}, squares[3] = {0};
	float v[9] = {1, 2, 3, NAN, NAN, NAN, 4, 5, 6}, weight[3] = {1, 0, 0.5f};
	RUN(&kernel_device[2], moments, 3, 3, v, weight, sum, squares);
	ok(sum[0] == 5 && sum[2] == 9 && squares[1] == 29, "moments over the rows that count");
	free(x), free(out), free(y), free(both);
}

static void casts(void)
{
	enum { EACH = 9973, COUNT = 430662 };
	float *x = malloc(COUNT * sizeof *x), *y = zeros(COUNT), *z = zeros(COUNT);
	uint16_t *h = malloc(COUNT * sizeof *h), *b = malloc(COUNT * sizeof *b);
	int half = 1, bfloat = 1, back = 1;

	for (uint64_t i = 0; i < COUNT; i++) {
		uint32_t bits = (uint32_t)(i * EACH);

		memcpy(&x[i], &bits, 4);
	}
	RUN(&kernel_device[0], cast, COUNT, GB_CAST_F32_F16, x, h);
	RUN(&kernel_device[1], cast, COUNT, GB_CAST_F32_BF16, x, b);
	RUN(&kernel_device[2], cast, COUNT, GB_CAST_F16_F32, h, y);
	RUN(&kernel_device[0], cast, COUNT, GB_CAST_BF16_F32, b, z);
	for (size_t i = 0; i < COUNT; i++) {
		if (isnan(x[i])) {
			half &= isnan(y[i]), bfloat &= isnan(z[i]);
			continue;
		}
		half &= h[i] == gb_float_to_half(x[i]) && y[i] == gb_half_to_float(h[i]);
		bfloat &= b[i] == gb_float_to_bfloat(x[i]) && z[i] == gb_bfloat_to_float(b[i]);
		back &= fabsf(x[i]) > 65000 || fabsf(x[i]) < 7e-5f ||
		        fabsf(y[i] - x[i]) <= fabsf(x[i]) * 4.8829e-4f;
	}
	ok(half, "F16 as the tensor layer rounds it, NaN kept");
	ok(bfloat, "BF16 as the tensor layer rounds it, NaN kept");
	ok(back, "F16 and back is within half a unit in the last place");
	free(x), free(y), free(z), free(h), free(b);
}

/* Sums of doubles: of losses by row. */
static void sum(size_t n)
{
	float *x = numbers(n, 8);
	double *wide = malloc((n + 1) * sizeof *wide), want = 0, got[3];

	for (size_t i = 0; i < n; i++)
		want += wide[i] = (double)x[i];
	for (int t = 0; t < 3; t++)
		RUN(&kernel_device[t], sum, n, wide, &got[t]);
	near(got[0], want, 1e-11 * (1 + (double)n), "sum of %zu numbers", n);
	ok(got[0] == got[1] && got[1] == got[2], "the same for 1, 2, 3 threads");
	free(x), free(wide);
}

static void body(void)
{
	adamw();
	square_sum(0);
	square_sum(1);
	square_sum(4097);
	square_sum(64 * 4096 * 3 + 17);
	sums();
	casts();
	sum(0);
	sum(1);
	sum(777);
}

int main(void) { return on_each_device(body); }
