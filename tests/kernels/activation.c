/* SPDX-License-Identifier: MIT */
/* Activations and their slopes against closed forms and finite differences. */
#include "tests/kernels/kernel.h"

static double gelu(double x) { return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

static void body(void)
{
	enum { N = 40001 };
	float *x = numbers(N, 5), *dy = numbers(N, 6), *dx = zeros(N), *y = zeros(N);
	double *want = malloc(N * sizeof *want);

	for (int i = 0; i < N; i++) {
		double h = 1e-5, v = (double)(x[i] *= 3);

		want[i] = (double)dy[i] * (gelu(v + h) - gelu(v - h)) / (2 * h);
	}
	SAME_BYTES(dx, N, "gelu_backward", 2e-6, RUN(device, gelu_backward, N, x, dy, dx));
	ok(worst(dx, want, N) < 2e-6, "gelu_backward against finite differences (%g)", worst(dx, want, N));
	for (int i = 0; i < N; i++) {
		double s = 1 / (1 + exp(-(double)x[i])), h = 1e-5;

		y[i] = (float)s;
		want[i] = (double)dy[i] *
		          (1 / (1 + exp(-(double)x[i] - h)) - 1 / (1 + exp(-(double)x[i] + h))) / (2 * h);
	}
	SAME_BYTES(dx, N, "sigmoid_backward", 1e-6, RUN(device, sigmoid_backward, N, y, dy, dx));
	ok(worst(dx, want, N) < 2e-6, "sigmoid_backward against finite differences");
	for (int i = 0; i < N; i++)
		want[i] = 1 / (1 + exp(-(double)x[i] - (double)dy[i % 77]));
	SAME_BYTES(dx, N, "sigmoid", 1e-6, RUN(device, sigmoid, N, 77, x, dy, dx));
	ok(worst(dx, want, N) < 1e-6, "sigmoid of x and a repeating offset (%g)", worst(dx, want, N));
	x[7] = NAN;
	RUN(&kernel_device[0], gelu_backward, N, x, dy, dx);
	ok(isnan(dx[7]) && !isnan(dx[6]), "gelu_backward passes NaN on");
	free(x), free(dy), free(dx), free(y), free(want);
}

int main(void) { return on_each_device(body); }
