/* SPDX-License-Identifier: MIT */
/* A device as the host uses it: memory and transfers in order, batches sent while
 * others are computed, runs recorded and played, precisions, copies of weights. */
#include "tensor/dtype.h"
#include "tests/kernels/kernel.h"

enum { N = 3001 };

static float *there(const gb_device *d, const float *x, size_t n)
{
	gb_err err;
	float *p = gb_device_array(d, n, sizeof *p, &err);

	if (!p)
		bail(err.text);
	if (x)
		d->ops->upload(d, p, x, n * sizeof *p);
	return p;
}

static void here(const gb_device *d, float *to, const float *from, size_t n)
{
	gb_err err;

	if (d->ops->download(d, to, from, n * sizeof *to, &err) != GB_OK)
		bail(err.text);
}

static void memory(const gb_device *d)
{
	float *x = numbers(N, 1), *got = zeros(N), *a = there(d, NULL, N), *b = there(d, x, N);
	int zero = 1, same = 1;

	here(d, got, a, N);
	for (int i = 0; i < N; i++)
		zero &= got[i] == 0;
	ok(zero, "new memory is 0");
	d->ops->copy(d, a + 1, b, (N - 1) * sizeof *a);
	d->ops->fill(d, a, 0xff, sizeof *a);
	x[1] = d->ops->shares_memory ? x[1] : 99; /* an upload has read what it was given */
	here(d, got, a, N);
	for (int i = 2; i < N; i++)
		same &= got[i] == (i == 2 ? got[2] : x[i - 1]);
	ok(same && isnan(got[0]) && got[2] != 99, "uploads, copies and fills, in order");
	gb_device_release(d, a);
	gb_device_release(d, b);
	free(x), free(got);
}

/* Two buffers of the host in turn; the device adds up what came. */
static void sending(const gb_device *d)
{
	gb_err err;
	float *to = there(d, NULL, N), *sum = there(d, NULL, N), *got = zeros(N), *host[2];
	int right = 1;

	for (int i = 0; i < 2; i++)
		if (!(host[i] = d->ops->allocate_host(d, N * sizeof(float), &err)))
			bail(err.text);
	for (int step = 0; step < 7; step++) {
		float *from = host[step % 2];

		for (int i = 0; i < N; i++)
			from[i] = (float)(step * 10 + i % 3);
		d->ops->send(d, to, from, N * sizeof *to);
		GB_RUN(d, add, N, (float)(step + 1), to, 1.0f, sum);
	}
	here(d, got, sum, N);
	for (int i = 0; i < N; i++)
		right &= got[i] ==
		         (float)(10 * (0 * 1 + 1 * 2 + 2 * 3 + 3 * 4 + 4 * 5 + 5 * 6 + 6 * 7) + i % 3 * 28);
	ok(right, "each batch is computed with what was sent for it");
	for (int i = 0; i < 2; i++)
		d->ops->release_host(d, host[i]);
	gb_device_release(d, to);
	gb_device_release(d, sum);
	free(got);
}

/* The third run is played; what it reads has changed since the second. */
static void recording(const gb_device *d)
{
	enum { ROWS = 7, COLUMNS = 300 };
	float *x = numbers(ROWS * COLUMNS, 1), *got = zeros(COLUMNS), *in = there(d, NULL, ROWS * COLUMNS),
	      *out = there(d, NULL, COLUMNS);
	void *made = NULL;
	int right = 1, calls = 0;

	for (int run = 0; run < 5; run++) {
		for (int i = 0; i < ROWS * COLUMNS; i++)
			x[i] = (float)(i % 11 + run);
		d->ops->upload(d, in, x, ROWS * COLUMNS * sizeof *x);
		if (d->ops->begin(d, &made)) {
			calls++;
			d->ops->fill(d, out, 0, COLUMNS * sizeof *out);
			GB_RUN(d, column_sum, ROWS, COLUMNS, in, out);
			d->ops->end(d, &made);
		}
		here(d, got, out, COLUMNS);
		for (int c = 0; c < COLUMNS; c++) {
			float want = 0;

			for (int r = 0; r < ROWS; r++)
				want += x[r * COLUMNS + c];
			right &= got[c] == want;
		}
	}
	ok(right, "a recorded run reads what is there when it is played");
	ok(calls == (d->ops->shares_memory ? 5 : 2), "and its calls are made twice");
	d->ops->forget(d, made);
	gb_device_release(d, in);
	gb_device_release(d, out);
	free(x), free(got);
}

/* ---- precisions ---- */

static float rounded(float x, int precision)
{
	uint32_t bits;

	if (precision == 0)
		return gb_bfloat_to_float(gb_float_to_bfloat(x));
	memcpy(&bits, &x, 4);
	if (precision == 1)
		bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
	memcpy(&x, &bits, 4);
	return x;
}

static void precision(int kind)
{
	enum { M = 37, K = 131, C = 53 };
	static const char *const name[] = {"bf16", "tf32", "fp32"};
	static const double to_full[] = {0.1, 0.012, 1e-5}; /* sums of 131 products of about 1 */
	float *a = numbers(M * K, 1), *b = numbers(K * C, 2), *c = zeros(M * C);
	double *exact = calloc(M * C, sizeof *exact), *own = calloc(M * C, sizeof *own);
	char device[32];
	gb_device d;
	gb_err err;

	snprintf(device, sizeof device, "%s:%s", kernel_family, name[kind]);
	if (gb_device_open(&d, device, 0, kernel_pool[1], NULL, &err) != GB_OK)
		bail(err.text);
	for (int i = 0; i < M; i++)
		for (int j = 0; j < C; j++)
			for (int k = 0; k < K; k++) {
				exact[i * C + j] += (double)a[i * K + k] * (double)b[k * C + j];
				own[i * C + j] += (double)rounded(a[i * K + k], kind) *
				                  (double)rounded(b[k * C + j], kind);
			}
	RUN(&d, matmul, M, C, K, a, b, c);
	ok(worst(c, own, M * C) < 1e-5, "%s: products of rounded operands, sums in FP32 (%g)", name[kind],
	   worst(c, own, M * C));
	ok(worst(c, exact, M * C) < to_full[kind], "%s: near the full product (%g, at most %g)", name[kind],
	   worst(c, exact, M * C), to_full[kind]);
	gb_device_close(&d);
	free(a), free(b), free(c), free(exact), free(own);
}

/* Weights are kept in BF16 beside themselves: whoever changes them, products follow. */
static void kept_weights(void)
{
	enum { ROWS = 40, COLUMNS = 30, W = ROWS * COLUMNS };
	float *w = numbers(W, 1), *x = numbers(COLUMNS, 2), y[ROWS], *g = numbers(W, 3), *tw, *tx, *ty, *tm,
	      *tv, *tg;
	gb_adamw_segment segment = {0, W, 1, 0, NULL}, *ts;
	char device[32];
	void *made = NULL;
	gb_device d;
	gb_err err;

	snprintf(device, sizeof device, "%s:bf16", kernel_family);
	if (gb_device_open(&d, device, 0, kernel_pool[1], NULL, &err) != GB_OK)
		bail(err.text);
	tw = there(&d, w, W), tx = there(&d, x, COLUMNS), ty = there(&d, NULL, ROWS), tm = there(&d, NULL, W),
	tv = there(&d, NULL, W), tg = there(&d, g, W);
	ts = (gb_adamw_segment *)(void *)there(&d, (const float *)(const void *)&segment,
	                                       sizeof segment / sizeof(float));
	d.ops->keep_weights(&d, tw, W);
	for (int change = 0; change < 6; change++) {
		double want[ROWS] = {0};

		if (change == 2) {
			for (int i = 0; i < W; i++)
				w[i] = -2 * w[i];
			d.ops->upload(&d, tw, w, W * sizeof *w);
		} else if (change == 3) {
			GB_RUN(&d, adamw, 1, ts, tw, tm, tv, tg, 1, 0.1f, 0.9f, 0.95f, 1e-8f, 1, W);
		} else if (change == 4) {
			d.ops->copy(&d, tw + COLUMNS, tg, COLUMNS * sizeof *w);
		} else if (change == 5) {
			d.ops->fill(&d, tw + 2 * COLUMNS, 0, COLUMNS * sizeof *w);
		}
		here(&d, w, tw, W);
		for (int r = 0; r < ROWS; r++)
			for (int c = 0; c < COLUMNS; c++)
				want[r] += (double)rounded(w[r * COLUMNS + c], 0) * (double)rounded(x[c], 0);
		if (d.ops->begin(&d, &made)) { /* made, recorded, and played from then on */
			GB_RUN(&d, matmul, 1, ROWS - 1, COLUMNS, tx, tw + COLUMNS, ty + 1, false, true);
			d.ops->end(&d, &made);
		}
		here(&d, y, ty, ROWS);
		ok(worst(y + 1, want + 1, ROWS - 1) < 1e-5, "%s",
		   ((const char *[]){"as they were", "recorded", "after an upload", "after AdamW",
		                     "after a copy", "after a fill"})[change]);
	}
	d.ops->forget(&d, made);
	d.ops->keep_weights(&d, NULL, 0);
	gb_device_release(&d, tw), gb_device_release(&d, tx), gb_device_release(&d, ty),
	    gb_device_release(&d, tm), gb_device_release(&d, tv), gb_device_release(&d, tg);
	gb_device_release(&d, ts);
	gb_device_close(&d);
	free(w), free(x), free(g);
}

static void names(void)
{
	static const char *const bad[] = {"gpu", "emu:half", "emu:fp32:", "cpu:1", "emu:-1", ""};
	static const struct { const char *name; unsigned place, number;
	} placed[] = {{"cpu", 3, 0}, {"emu", 0, 0},        {"emu:fp32", 3, 3},
	              {"emu", 5, 1}, {"emu:2:tf32", 1, 2}, {"emu:0", 3, 0}};
	char *why;
	gb_device d;
	gb_err err;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		gb_status status = gb_device_open(&d, bad[i], 0, NULL, NULL, &err);

		if (!strcmp(bad[i], "emu:fp32:"))
			ok(status == GB_OK, "an empty option at the end is none");
		else
			ok(status == GB_USAGE && strlen(err.text) > 20, "%s: %s", bad[i], err.text);
		gb_device_close(&d);
	}
	for (size_t i = 0; i < sizeof placed / sizeof *placed; i++) {
		if (gb_device_open(&d, placed[i].name, placed[i].place, NULL, NULL, &err) != GB_OK)
			bail(err.text);
		ok(d.number == placed[i].number, "%s in place %u: device %u", placed[i].name, placed[i].place,
		   d.number);
		gb_device_close(&d);
	}
	if (gb_device_open(&d, "auto", 0, NULL, &why, &err) != GB_OK)
		bail(err.text);
	ok((why != NULL) == !strcmp(d.ops->name, "cpu"), "auto: %s", why ? why : d.ops->name);
	free(why);
	gb_device_close(&d);
}

static void body(void)
{
	if (kernel_is_first)
		names();
	for (int t = 0; t < THREADS; t++) {
		memory(&kernel_device[t]);
		sending(&kernel_device[t]);
		recording(&kernel_device[t]);
	}
	if (!strcmp(kernel_family, "cpu"))
		return;
	for (int kind = 0; kind < 3; kind++)
		precision(kind);
	kept_weights();
}

int main(void) { return on_each_device(body); }
