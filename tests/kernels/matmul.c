/* SPDX-License-Identifier: MIT */
/* Products against a double loop, in every storage order, with their epilogues,
 * and to the bit against the chain of fused multiply-adds that gemm.h promises. */
#include "base/cpu.h"
#include "gemm.h"
#include "tests/kernels/kernel.h"

static double gelu(double x) { return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

static void check(size_t m, size_t n, size_t k, bool ta, bool tb, bool accumulate, int activation)
{
	float *a = numbers(m * k, 1), *b = numbers(k * n, 2), *c = numbers(m * n, 3), *bias = numbers(n, 4),
	      *pre = zeros(m * n);
	double *want = malloc((m * n + 1) * sizeof *want), *want_pre = malloc((m * n + 1) * sizeof *want);
	double limit = 2e-5 * fmax(1, sqrt((double)k / 100));
	char what[80];

	snprintf(what, sizeof what, "%zux%zux%zu ta=%d tb=%d acc=%d act=%d", m, n, k, ta, tb, accumulate,
	         activation);
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++) {
			double sum = accumulate ? (double)c[i * n + j] : (double)bias[j];

			for (size_t l = 0; l < k; l++)
				sum += (double)a[ta ? l * m + i : i * k + l] *
				       (double)b[tb ? j * k + l : l * n + j];
			want_pre[i * n + j] = sum;
			want[i * n + j] = activation == GB_GELU      ? gelu(sum)
			                  : activation == GB_SIGMOID ? 1 / (1 + exp(-sum))
			                                             : sum;
		}
	SAME_BYTES(c, m * n, what, limit,
	           RUN(device, matmul, m, n, k, a, b, c, ta, tb, accumulate, accumulate ? NULL : bias,
	                  accumulate ? NULL : pre, activation));
	ok(worst(c, want, m * n) < limit, "%s: values (%g)", what, worst(c, want, m * n));
	if (!accumulate)
		ok(worst(pre, want_pre, m * n) < limit, "%s: value before the activation", what);
	free(a), free(b), free(c), free(bias), free(pre), free(want), free(want_pre);
}

/* One number of C as gemm.h has it. */
static float chain(const float *a, size_t a_step, const float *b, size_t b_step, size_t k)
{
	float whole = 0;

	for (size_t from = 0; from < k; from += GB_GEMM_DEPTH) {
		float sum = 0;

		for (size_t l = from; l < k && l < from + GB_GEMM_DEPTH; l++)
			sum = fmaf(a[l * a_step], b[l * b_step], sum);
		whole = from ? whole + sum : sum;
	}
	return whole;
}

static void to_the_bit(size_t m, size_t n, size_t k, bool ta, bool tb)
{
	float *a = numbers(m * k, 11), *b = numbers(k * n, 12), *c = zeros(m * n);
	size_t wrong = 0;

	RUN(&kernel_device[1], matmul, m, n, k, a, b, c, ta, tb);
	for (size_t i = 0; i < m; i++)
		for (size_t j = 0; j < n; j++)
			wrong += c[i * n + j] != chain(ta ? a + i : a + i * k, ta ? m : 1,
			                               tb ? b + j * k : b + j, tb ? 1 : n, k);
	ok(!wrong, "%zux%zux%zu ta=%d tb=%d: every bit is that of the chain (%zu are not)", m, n, k, ta, tb,
	   wrong);
	free(a), free(b), free(c);
}

/* Shapes that reach every path: registers tiles cut at both edges, several tiles each way, turned, in
 * slices. */
static void products(void)
{
	float a[6] = {1, 2, NAN, 4, 5, 6}, b[4] = {1, 2, 3, 4}, c[6] = {0}, far[2] = {-300, 300},
	      one[1] = {1}, y[2];

	for (int t = 0; t < 4; t++)
		check(37, 53, 29, t & 1, t & 2, false, GB_LINEAR);
	check(3, 777, 65, false, true, false, GB_GELU);
	check(777, 3, 5, true, false, true, GB_LINEAR);
	check(300, 777, 33, true, true, false, GB_SIGMOID);
	check(67, 1301, 531, false, true, false, GB_GELU);
	check(67, 531, 771, false, false, false, GB_LINEAR);
	check(67, 531, 300, false, true, true, GB_LINEAR);
	check(13, 37, 9001, false, true, false, GB_GELU);
	check(37, 13, 9001, true, false, true, GB_LINEAR);
	check(5, 7, 0, false, false, false, GB_GELU);
	check(0, 7, 3, false, true, false, GB_LINEAR);
	check(4, 0, 3, false, true, true, GB_LINEAR);
	RUN(&kernel_device[1], matmul, 3, 2, 2, a, b, c, false, false, false, NULL, NULL, GB_GELU);
	ok(!isnan(c[0]) && isnan(c[2]) && isnan(c[3]) && !isnan(c[4]), "NaN stays in its row, through GELU");
	RUN(&kernel_device[0], matmul, 2, 1, 1, far, one, y, false, false, false, NULL, NULL, GB_SIGMOID);
	ok(y[0] >= 0 && y[0] < 1e-30f && y[1] == 1.0f, "the sigmoid of ±300 is finite");
}

/* Every class of processor must do on cpu; another device has but one way. */
static void body(void)
{
	static const char *const name[] = {"generic", "avx2", "avx512", "amx"};
	bool cpu = !strcmp(kernel_family, "cpu");
	gb_err err;

	for (int class = 0; class < (cpu ? 4 : 1); class++) {
		if (cpu && gb_cpu_force(name[class], &err) != GB_OK) {
			printf("# %s: not on this processor\n", name[class]);
			continue;
		}
		printf("# %s\n", cpu ? name[class] : kernel_family);
		kernel_compared = 0;
		products();
		for (int t = 0; class && t < 4; t++) {
			to_the_bit(61, 307, 517, t & 1, t & 2);
			to_the_bit(307, 7, 300, t & 1, t & 2);
		}
	}
}

int main(void) { return on_each_device(body); }
