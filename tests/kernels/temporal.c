/* SPDX-License-Identifier: MIT */
/* Time: windows and pooling inside a row, FIR over rows, patches of images.
 * All are linear, so backward must be the transpose of forward:
 * <dy, forward(x)> = <backward(dy), x> for random x and dy. */
#include "tests/kernels/kernel.h"

static double inner(const float *a, const float *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)a[i] * (double)b[i];
	return sum;
}

static void unfold(void)
{
	enum {
		ROWS = 9,
		FRAMES = 17,
		WIDTH = 23,
		TAPS = 5,
		STRIDE = 2,
		PAD = 2,
		OUT = 9,
		NX = ROWS * FRAMES * WIDTH,
		NY = ROWS * OUT * TAPS * WIDTH
	};
	float *x = numbers(NX, 1), *y = zeros(NY), *dy = numbers(NY, 2), *dx = zeros(NX);
	int right = 1;

	SAME_BYTES(y, NY, "unfold_time", 0,
	           RUN(device, unfold_time, ROWS, FRAMES, WIDTH, TAPS, STRIDE, PAD, OUT, x, y));
	for (int r = 0; r < ROWS; r++)
		for (int f = 0; f < OUT; f++)
			for (int j = 0; j < TAPS; j++)
				for (int c = 0; c < WIDTH; c++) {
					int at = f * STRIDE + j - PAD;

					right &= y[((r * OUT + f) * TAPS + j) * WIDTH + c] ==
					         (at < 0 || at >= FRAMES ? 0
					                                 : x[(r * FRAMES + at) * WIDTH + c]);
				}
	ok(right, "each tap is its frame, 0 outside");
	SAME_BYTES(dx, NX, "unfold_time_backward", 1e-6,
	           RUN(device, unfold_time_backward, ROWS, FRAMES, WIDTH, TAPS, STRIDE, PAD, OUT, dy, dx));
	near(inner(dx, x, NX), inner(dy, y, NY), 1e-3, "its backward is its transpose");
	free(x), free(y), free(dy), free(dx);
}

static void pool(void)
{
	enum { ROWS = 6, FRAMES = 5, WIDTH = 41, NX = ROWS * FRAMES * WIDTH, NY = ROWS * 2 * WIDTH };
	const int32_t count[ROWS] = {5, 4, 1, 0, -3, 9};
	float *x = numbers(NX, 1), *y = zeros(NY), *dy = numbers(NY, 2), *dx = zeros(NX);
	const float *last = x + 1 * FRAMES * WIDTH;

	SAME_BYTES(y, NY, "pool_time", 1e-6, RUN(device, pool_time, ROWS, FRAMES, WIDTH, count, x, y));
	near(y[2 * WIDTH + 3], (last[3] + last[WIDTH + 3] + last[2 * WIDTH + 3] + last[3 * WIDTH + 3]) / 4,
	     1e-6, "mean over 4 of 5 frames");
	near(y[3 * WIDTH + 3], (-last[3] - last[WIDTH + 3] + last[2 * WIDTH + 3] + last[3 * WIDTH + 3]) / 2,
	     1e-6, "later half minus earlier half");
	near(y[WIDTH], (x[3 * WIDTH] + x[4 * WIDTH] - x[0] - x[WIDTH]) / 2, 1e-6,
	     "odd count: the middle frame is in neither half");
	ok(y[4 * WIDTH] == x[2 * FRAMES * WIDTH] && y[5 * WIDTH] == 0,
	   "one frame: itself, and no difference");
	ok(y[6 * WIDTH] == 0 && y[8 * WIDTH] == 0 && y[10 * WIDTH] != 0, "counts are cut to 0 ... frames");
	SAME_BYTES(dx, NX, "pool_time_backward", 1e-6,
	           RUN(device, pool_time_backward, ROWS, FRAMES, WIDTH, count, dy, dx));
	near(inner(dx, x, NX), inner(dy, y, NY), 1e-3, "its backward is its transpose");
	free(x), free(y), free(dy), free(dx);
}

static void fir(int64_t offset)
{
	enum {
		GROUPS = 3,
		XROWS = 29,
		YROWS = 13,
		WIDTH = 71,
		BASIS = 2,
		TAPS = 7,
		NX = GROUPS * XROWS * WIDTH,
		NY = GROUPS * YROWS * BASIS * WIDTH
	};
	float *x = numbers(NX, 1), *y = zeros(NY), *dy = numbers(NY, 2), *dx = zeros(NX),
	      *h = numbers(BASIS * TAPS, 3);
	double *want = calloc(NY, sizeof *want);

	for (int g = 0; g < GROUPS; g++)
		for (int i = 0; i < YROWS; i++)
			for (int j = 0; j < BASIS; j++)
				for (int k = 0; k < TAPS; k++)
					for (int c = 0; c < WIDTH; c++) {
						int64_t row = i + offset - k;

						if (row >= 0 && row < XROWS)
							want[((g * YROWS + i) * BASIS + j) * WIDTH +
							     c] += (double)h[j * TAPS + k] *
							           (double)x[(g * XROWS + row) * WIDTH + c];
					}
	SAME_BYTES(y, NY, "fir", 1e-6,
	           RUN(device, fir, GROUPS, XROWS, YROWS, WIDTH, BASIS, TAPS, offset, h, x, y));
	ok(worst(y, want, NY) < 1e-5, "offset %d: values", (int)offset);
	SAME_BYTES(dx, NX, "fir_backward", 1e-6,
	           RUN(device, fir_backward, GROUPS, XROWS, YROWS, WIDTH, BASIS, TAPS, offset, h, dy, dx));
	near(inner(dx, x, NX), inner(dy, y, NY), 1e-3, "its backward is its transpose");
	free(x), free(y), free(dy), free(dx), free(h), free(want);
}

static void impulse(void)
{
	float x[20] = {0}, y[20], h[3] = {0.5f, 0.3f, 0.2f};

	x[11] = 1;
	RUN(&kernel_device[0], fir, 1, 20, 20, 1, 1, 3, 0, h, x, y);
	ok(y[10] == 0 && y[11] == 0.5f && y[12] == 0.3f && y[13] == 0.2f && y[14] == 0,
	   "an impulse is answered from its own row on, to the last tap");
	x[11] = 0, x[2] = NAN;
	RUN(&kernel_device[0], fir, 1, 20, 20, 1, 1, 3, 0, h, x, y);
	ok(!isnan(y[1]) && isnan(y[2]) && isnan(y[4]) && !isnan(y[5]),
	   "NaN reaches the rows that read it and no other");
}

static void patches(void)
{
	enum {
		IMAGES = 7,
		FRAMES = 2,
		HEIGHT = 10,
		WIDTH = 21,
		PH = 3,
		PW = 4,
		ACROSS = 5,
		DOWN = 3,
		PATCH = PH * PW * 3,
		PIXELS = HEIGHT * WIDTH * 3,
		NY = IMAGES * ACROSS * DOWN * PATCH
	};
	uint8_t x[IMAGES * PIXELS];
	float *mean = numbers(FRAMES * PIXELS, 1), *scale = numbers(FRAMES * PIXELS, 2), *y = zeros(NY);
	int right = 1;

	for (int i = 0; i < IMAGES * PIXELS; i++)
		x[i] = (uint8_t)(i * 37 % 251);
	SAME_BYTES(y, NY, "patches", 1e-6,
	           RUN(device, patches, IMAGES, FRAMES, HEIGHT, WIDTH, 3, PH, PW, x, mean, scale, y));
	for (int i = 0; i < NY; i++) {
		int element = i % PATCH, patch = i / PATCH % (ACROSS * DOWN),
		    image = i / PATCH / (ACROSS * DOWN);
		int row = patch / ACROSS * PH + element / (PW * 3),
		    column = patch % ACROSS * PW + element % (PW * 3) / 3;
		int at = (row * WIDTH + column) * 3 + element % 3, frame = image % FRAMES * PIXELS;

		right &= y[i] == ((float)x[image * PIXELS + at] - mean[frame + at]) * scale[frame + at];
	}
	ok(right, "each pixel stands in its patch, standardised by its own frame");
	free(mean), free(scale), free(y);
}

static void body(void)
{
	unfold();
	pool();
	fir(0);
	fir(16);
	fir(-3);
	impulse();
	patches();
}

int main(void) { return on_each_device(body); }
