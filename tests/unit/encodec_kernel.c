/* SPDX-License-Identifier: MIT */
/* EnCodec's arithmetic, each processor class against sums in double: products
 * of every edge size, ELU to the last places, LSTM steps, the first of equals. */
#include "base/cpu.h"
#include "base/size.h"
#include "encodec/codec_kernel.h"
#include "base/pool.h"
#include "tests/tap.h"

static gb_err err;
static uint64_t state = 1;

static float number(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (float)((double)(state >> 40) / (1 << 23) - 1);
}

static float *numbers(size_t count)
{
	float *x = gb_array(count, sizeof *x, &err);

	for (size_t i = 0; i < count; i++)
		x[i] = number();
	return x;
}

/* Windows of TAPS pieces of LENGTH floats, LD apart, STEP between rows; then HIDDEN floats of a second
 * span. */
typedef struct shape { size_t rows; int taps, length, hidden, n; size_t ld, step; } shape;

static double element(const shape *s, const float *a, const float *b, const float *w, const float *bias,
                      size_t row, size_t column)
{
	double sum = bias[column];
	size_t k = 0;

	for (int tap = 0; tap < s->taps; tap++)
		for (int i = 0; i < s->length; i++)
			sum += (double)a[row * s->step + (size_t)tap * s->ld + (size_t)i] *
			       w[k++ * (size_t)s->n + column];
	for (int i = 0; i < s->hidden; i++)
		sum += (double)b[row * (size_t)s->hidden + (size_t)i] * w[k++ * (size_t)s->n + column];
	return sum;
}

/* The worst element, raw and as ELU; INFINITY where a float beside the result was touched. */
static double product_error(const shape *s)
{
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	size_t n = (size_t)s->n, k = (size_t)(s->taps * s->length + s->hidden), ld = n + 3;
	float *a = numbers(s->rows * s->step + (size_t)s->taps * s->ld + (size_t)s->length),
	      *b = numbers(s->rows * (size_t)s->hidden + 1);
	float *w = numbers(k * n), *bias = numbers(n), *raw = numbers(s->rows * ld),
	      *elu = numbers(s->rows * ld);
	float edge = raw[ld - 1], edge_elu = elu[n];
	gb_panels panels;
	gb_product p = {.w = &panels,
	                .span = {{a, s->step, s->ld, s->taps, s->length},
	                         {b, (size_t)s->hidden, 0, 1, s->hidden}},
	                .spans = s->hidden ? 2 : 1,
	                .rows = s->rows,
	                .raw = raw,
	                .raw_ld = ld,
	                .elu = elu,
	                .elu_ld = ld};
	double worst = 0;

	if (gb_panels_pack(&panels, (int)k, s->n, w, bias, &err) != GB_OK)
		exit(1);
	kernel->product(&p);
	for (size_t row = 0; row < s->rows; row++)
		for (size_t column = 0; column < n; column++) {
			double want = element(s, a, b, w, bias, row, column);
			worst = fmax(worst, fabs(raw[row * ld + column] - want));
			worst = fmax(worst, fabs(elu[row * ld + column] - (want > 0 ? want : expm1(want))));
		}
	if (raw[ld - 1] != edge || elu[n] != edge_elu)
		worst = INFINITY;
	gb_panels_close(&panels);
	free(a), free(b), free(w), free(bias), free(raw), free(elu);
	return worst;
}

static void products(void)
{
	double worst = 0;

	for (size_t rows = 1; rows < 33; rows++) /* every group of rows, every rest of columns */
		for (int n = 1; n < 70; n += 1 + (int)rows % 3) {
			shape s = {rows, 1 + n % 3, 1 + (int)rows % 9, n % 2 * 5, n, 11, 7};
			worst = fmax(worst, product_error(&s));
		}
	worst = fmax(worst, product_error(&(shape){301, 1, 96, 0, 64, 96, 32}));
	worst = fmax(worst, product_error(&(shape){293, 3, 64, 0, 553, 70, 64}));
	worst = fmax(worst, product_error(&(shape){45, 3, 71, 20, 129, 71, 9}));
	worst = fmax(worst, product_error(&(shape){83, 1, 192, 64, 77, 192, 64}));
	near(worst, 0, 2e-5, "%s: products", gb_cpu_name());
	{
		shape s = {5, 16, 256, 0, 33, 272, 2176};
		near(product_error(&s), 0, 1e-3, "%s: a product of 4096 terms", gb_cpu_name());
	}
}

/* The error of all elements of a product, of their size: that of a chain of multiply-adds is 4e-7 here, that
 * of five of the six products of BF16 numbers 2.2e-6. */
static void exactness(void)
{
	enum { ROWS = 64, K = 512, N = 64 };
	float *a = numbers(ROWS * K), *w = numbers(K * N), *bias = gb_array(N, sizeof *bias, &err),
	      *got = numbers(ROWS * N);
	shape s = {ROWS, 1, K, 0, N, 0, K};
	gb_panels panels;
	gb_product p =
	    {.w = &panels, .span = {{a, K, 0, 1, K}}, .spans = 1, .rows = ROWS, .raw = got, .raw_ld = N};
	double squares = 0, off = 0;

	if (gb_panels_pack(&panels, K, N, w, bias, &err) != GB_OK)
		exit(1);
	gb_encodec_kernel_of_class()->product(&p);
	for (size_t row = 0; row < ROWS; row++)
		for (size_t column = 0; column < N; column++) {
			double want = element(&s, a, NULL, w, bias, row, column),
			       d = got[row * N + column] - want;
			squares += want * want;
			off += d * d;
		}
	note("%s: products of %d terms are off by %.1e of their size", gb_cpu_name(), K, sqrt(off / squares));
	ok(off < 6e-7 * 6e-7 * squares, "%s: products as exact as floats", gb_cpu_name());
	gb_panels_close(&panels);
	free(a), free(w), free(bias), free(got);
}

/* Rows and columns beside an element must not change its bits. */
static void bits(int k)
{
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	enum { ROWS = 250, N = 75 };
	size_t row_floats = (size_t)k;
	float *a = numbers(ROWS * row_floats), *w = numbers(row_floats * N), *bias = numbers(N),
	      *all = numbers(ROWS * N), one[N];
	gb_panels panels;
	gb_product p = {.w = &panels,
	                .span = {{a, row_floats, 0, 1, k}},
	                .spans = 1,
	                .rows = ROWS,
	                .raw = all,
	                .raw_ld = N};
	size_t differ = 0;

	if (gb_panels_pack(&panels, k, N, w, bias, &err) != GB_OK)
		exit(1);
	kernel->product(&p);
	for (size_t row = 0; row < ROWS; row++) {
		gb_product alone = {.w = &panels,
		                    .span = {{a + row * row_floats, row_floats, 0, 1, k}},
		                    .spans = 1,
		                    .rows = 1,
		                    .raw = one,
		                    .raw_ld = N};
		kernel->product(&alone);
		differ += memcmp(one, all + row * N, sizeof one) != 0;
	}
	ok(!differ, "%s: a row alone has the bits that it has among others, %d terms", gb_cpu_name(), k);
	gb_panels_close(&panels);
	free(a), free(w), free(bias), free(all);
}

static void elus(void)
{
	enum { COUNT = 1000003 };
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	float *x = gb_array(COUNT, sizeof *x, &err), *y = gb_array(COUNT, sizeof *y, &err),
	      odd[] = {0, -0.f, INFINITY, -INFINITY, NAN, 1e-40f, -1e-40f}, got[7];
	double worst = 0;

	for (int i = 0; i < COUNT; i++)
		x[i] = i % 2 ? -100.f * (float)i / COUNT : -powf(2, -40.f * (float)i / COUNT + 4);
	kernel->elu(x, y, COUNT);
	for (int i = 0; i < COUNT; i++) {
		double want = expm1(x[i]);
		worst = fmax(worst, fabs(y[i] - want) / ldexp(1, ilogb(want) - 23));
	}
	note("%s: ELU is off by %.2f units of the last place at most", gb_cpu_name(), worst);
	ok(worst <= 2, "%s: ELU within 2 units of the last place", gb_cpu_name());
	kernel->elu(odd, got, 7);
	ok(got[0] == 0 && got[1] == 0 && got[2] == INFINITY && got[3] == -1 && isnan(got[4]) &&
	       got[5] == 1e-40f && got[6] <= 0,
	   "%s: ELU of 0, Inf, NaN and the smallest", gb_cpu_name());
	free(x), free(y);
}

/* One panel of units, a few steps; gates large enough that the functions bend. */
static void steps(void)
{
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	int units = kernel->units;
	size_t wide = 4 * (size_t)units;
	float *gates = numbers(wide), *w = numbers((size_t)units * wide),
	      *h[2] = {numbers((size_t)units), numbers((size_t)units)};
	float *c = numbers((size_t)units);
	gb_recurrence r = {.width = units,
	                   .panels = 1,
	                   .weight = gb_array((size_t)units * wide, sizeof *w, &err)};
	double worst = 0, *want_c = gb_array((size_t)units, sizeof *want_c, &err);

	for (size_t i = 0; i < wide; i++)
		gates[i] *= 12;
	for (int u = 0; u < units; u++)
		want_c[u] = c[u];
	w[0] = nextafterf(1, 0); /* the most that a column's unit is made for */
	memcpy(r.weight, w, (size_t)units * wide * sizeof *w);
	if (gb_recurrence_pack(&r, &err) != GB_OK)
		exit(1);
	for (int t = 0; t < 5; t++) {
		const float *before = h[t % 2];
		kernel->step(&r, 0, 1, gates, before, c, h[(t + 1) % 2], t % 2);
		for (int u = 0; u < units; u++) {
			double g[4];
			for (int k = 0; k < 4; k++) {
				g[k] = gates[k * units + u];
				for (int j = 0; j < units; j++)
					g[k] += (double)before[j] *
					        w[(size_t)j * wide + (size_t)(k * units + u)];
			}
			want_c[u] = want_c[u] / (1 + exp(-g[1])) + tanh(g[2]) / (1 + exp(-g[0]));
			worst = fmax(worst, fabs(c[u] - want_c[u]));
			worst = fmax(worst, fabs(h[(t + 1) % 2][u] - tanh(want_c[u]) / (1 + exp(-g[3]))));
		}
	}
	note("%s: LSTM steps are off by %.1e", gb_cpu_name(), worst);
	near(worst, 0, 3e-6, "%s: LSTM steps", gb_cpu_name());
	gb_recurrence_close(&r);
	free(gates), free(w), free(h[0]), free(h[1]), free(c), free(want_c);
}

static void firsts(void)
{
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	float score[96];
	size_t wrong = 0;

	for (int trial = 0; trial < 5000; trial++) {
		int count = kernel->lanes * (1 + trial % (96 / kernel->lanes)), want = 0;
		for (int i = 0; i < count; i++) /* many ties */
			score[i] = floorf(number() * (float)(1 + trial % 7));
		for (int i = 1; i < count; i++)
			want = score[i] > score[want] ? i : want;
		wrong += kernel->best(score, count) != want;
	}
	ok(!wrong, "%s: the first of the largest", gb_cpu_name());
}

int main(void)
{
	static const char *const names[] = {"amx", "avx512", "avx2", "generic"};

	for (int class = 0; class < 4; class++) {
		if (gb_cpu_force(names[class], &err) != GB_OK) {
			note("%s", err.text);
			continue;
		}
		products();
		exactness();
		bits(131);
		bits(128);
		elus();
		steps();
		firsts();
	}
	return done_testing();
}
