/* SPDX-License-Identifier: MIT */
#include "stats/picture_quality.h"

enum { WINDOW = 8, STEP = 4 };

/* SSIM (Wang et al. 2004) with C1 = 0.01², C2 = 0.03² for values 0 … 1. */
static double window_ssim(const float *a, const float *b, int64_t width)
{
	double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0, n = WINDOW * WINDOW;

	for (int y = 0; y < WINDOW; y++)
		for (int x = 0; x < WINDOW; x++) {
			const float *p = a + (y * width + x) * 3, *q = b + (y * width + x) * 3;
			double u = 0.2126 * (double)p[0] + 0.7152 * (double)p[1] + 0.0722 * (double)p[2];
			double v = 0.2126 * (double)q[0] + 0.7152 * (double)q[1] + 0.0722 * (double)q[2];

			sa += u;
			sb += v;
			aa += u * u;
			bb += v * v;
			ab += u * v;
		}
	sa /= n;
	sb /= n;
	aa = aa / n - sa * sa;
	bb = bb / n - sb * sb;
	ab = ab / n - sa * sb;
	return (2 * sa * sb + 1e-4) * (2 * ab + 9e-4) / ((sa * sa + sb * sb + 1e-4) * (aa + bb + 9e-4));
}

double gb_ssim(const float *a, const float *b, size_t count, bool b_moves, int64_t height, int64_t width)
{
	double sum = 0;
	size_t n = 0, picture = (size_t)(height * width * 3);

	for (size_t i = 0; i < count; i++)
		for (int64_t y = 0; y + WINDOW <= height; y += STEP)
			for (int64_t x = 0; x + WINDOW <= width; x += STEP, n++)
				sum += window_ssim(a + i * picture + (y * width + x) * 3,
				                   b + (b_moves ? i * picture : 0) + (y * width + x) * 3,
				                   width);
	return n ? sum / (double)n : 1;
}
