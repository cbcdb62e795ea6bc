/* SPDX-License-Identifier: MIT */
/* Loops and matrix products compiled for several processor classes give the same bits in each. */
#include "base/cpu.h"
#include "tests/kernels/kernel.h"

#include "gemm.h"

enum { ROWS = 5, N = 1063, OUTPUTS = 12 };

typedef struct results { float *out[OUTPUTS]; double number[1 + 2 * ROWS]; } results;

static void run(results *r)
{
	static const gb_adamw_segment segment[2] = {{0, N, 1, 0.1f, NULL}, {N, N, 0.5f, 0, NULL}};
	const gb_device *device = &kernel_device[1];
	float *x = numbers(ROWS * N, 1), *y = numbers(ROWS * N, 2), *z = numbers(N, 3), rstd[ROWS],
	      mean[ROWS], weight[ROWS] = {1, 2, 0.5f, 0, 3};
	int32_t label[ROWS] = {0, 1062, 500, 3, -1};
	float scale = 0.3f;

	for (int i = 0; i < OUTPUTS; i++)
		r->out[i] = numbers(ROWS * N, 20 + (uint32_t)i);
	for (int i = 0; i < 2 * N; i++)
		r->out[2][i] *= r->out[2][i];
	GB_RUN(device, adamw, 2, segment, r->out[0], r->out[1], r->out[2], x, 0.7f, 0.01f, 0.9f, 0.95f, 1e-8f,
	       3);
	GB_RUN(device, gelu_backward, ROWS * N, x, y, r->out[3]);
	GB_RUN(device, sigmoid, ROWS * N, N, x, z, r->out[4]);
	GB_RUN(device, sigmoid_backward, ROWS * N, r->out[4], y, r->out[5]);
	GB_RUN(device, add, ROWS * N, 0.3f, x, 0.7f, r->out[6]);
	GB_RUN(device, layer_norm, ROWS, N, x, z, y, r->out[7], mean, rstd);
	GB_RUN(device, layer_norm_backward, ROWS, N, x, z, mean, rstd, y, r->out[8], r->out[9],
	       r->out[9] + N);
	GB_RUN(device, softmax_loss, ROWS, N, x, label, weight, &scale, r->number, r->out[10]);
	GB_RUN(device, mse_loss, ROWS, N, x, y, weight, z, &scale, r->number + ROWS, r->out[11]);
	GB_RUN(device, square_sum, ROWS * N, x, r->number + 2 * ROWS);
	free(x), free(y), free(z);
}

static void clear(results *r)
{
	for (int i = 0; i < OUTPUTS; i++)
		free(r->out[i]);
}

/* Our own matrix product by the registers of each class, the generic one in plain C with fmaf. */
static void products(void)
{
	enum { M = 37, PRODUCT_N = 101, K = 300 };
	float *a = numbers(M * K, 5), *b = numbers(K * PRODUCT_N, 6), *want = numbers(M * PRODUCT_N, 7),
	      *got = numbers(M * PRODUCT_N, 7);
	struct gb_op_matmul args =
	    {.m = M, .n = PRODUCT_N, .k = K, .a = a, .b = b, .c = want, .accumulate = true};

	gb_gemm(&kernel_device[1], &gb_gemm_generic, &args);
	args.c = got;
	gb_gemm(&kernel_device[1], gb_cpu_class() >= GB_CPU_AVX512 ? &gb_gemm_avx512 : &gb_gemm_avx2, &args);
	ok(!memcmp(want, got, M * PRODUCT_N * sizeof *got), "matrix product: the bits of plain C with fmaf");
	free(a), free(b), free(want), free(got);
}

int main(void)
{
	static const char *const what[OUTPUTS] = {"weights",       "first moments", "second moments",
	                                          "gelu_backward", "sigmoid",       "sigmoid_backward",
	                                          "add",           "layer_norm",    "layer_norm_backward",
	                                          "dgamma, dbeta", "softmax",       "mse"};
	static const char *const name[] = {"avx2", "avx512", "amx"};
	results plain, fast;
	gb_err err;

	devices_open("cpu");
	if (gb_cpu_force("generic", &err) != GB_OK)
		return 1;
	run(&plain);
	for (int class = 0; class < 3; class++) {
		if (gb_cpu_force(name[class], &err) != GB_OK) {
			ok(1, "%s: not on this processor # SKIP", name[class]);
			continue;
		}
		products();
		run(&fast);
		for (int i = 0; i < OUTPUTS; i++)
			ok(!memcmp(plain.out[i], fast.out[i], ROWS * N * sizeof(float)),
			   "%s: %s: the same bits", name[class], what[i]);
		ok(!memcmp(plain.number, fast.number, sizeof plain.number),
		   "%s: losses and the sum of squares: the same bits", name[class]);
		clear(&fast);
	}
	clear(&plain);
	devices_close();
	return done_testing();
}
