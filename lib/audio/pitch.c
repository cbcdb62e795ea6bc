/* SPDX-License-Identifier: MIT */
#include "audio/pitch.h"

#include <math.h>

enum { SMOOTH = 8, SHORTEST = GB_PITCH_RATE / 500, LONGEST = GB_PITCH_RATE / 50 };

/* One more shift on each side, so that the ends can be peaks. */
enum { FIRST = SHORTEST - 1, SHIFTS = LONGEST + 1 - FIRST + 1 };

#define LEAST_R 0.6
#define PEAK_SHARE 0.9
#define LEAST_RMS 1e-4

/* OUT [GB_PITCH_FRAME − SMOOTH + 1]: running means, their mean taken off.  False: too quiet. */
static bool smooth(const float *samples, double *out)
{
	const size_t n = GB_PITCH_FRAME - SMOOTH + 1;
	double mean = 0, power = 0;

	for (size_t i = 0; i < n; i++) {
		out[i] = 0;
		for (size_t k = 0; k < SMOOTH; k++)
			out[i] += (double)samples[i + k] / SMOOTH;
		mean += out[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		out[i] -= mean;
		power += out[i] * out[i];
	}
	return sqrt(power / (double)n) >= LEAST_RMS;
}

/* R [SHIFTS]: of shifts from FIRST on. */
static void correlate(const double *x, double *r)
{
	/* Samples that every shift leaves inside the frame: 20 ms less what smoothing takes. */
	const size_t n = GB_PITCH_FRAME - SMOOTH + 1 - (LONGEST + 1);
	double own = 0;

	for (size_t t = 0; t < n; t++)
		own += x[t] * x[t];
	for (size_t k = 0; k < SHIFTS; k++) {
		const double *y = x + FIRST + k;
		double product = 0, power = 0;

		for (size_t t = 0; t < n; t++) {
			product += x[t] * y[t];
			power += y[t] * y[t];
		}
		r[k] = own > 0 && power > 0 ? product / sqrt(own * power) : 0;
	}
}

static bool peak_at(const double *r, size_t k) { return r[k] >= r[k - 1] && r[k] > r[k + 1]; }

float gb_pitch_of(const float *samples)
{
	double x[GB_PITCH_FRAME], r[SHIFTS], highest = 0, curve, shift;
	size_t k;

	if (!smooth(samples, x))
		return 0;
	correlate(x, r);
	for (k = 1; k < SHIFTS - 1; k++)
		if (peak_at(r, k) && r[k] > highest)
			highest = r[k];
	if (highest < LEAST_R)
		return 0;
	for (k = 1; !peak_at(r, k) || r[k] < PEAK_SHARE * highest; k++)
		;
	curve = r[k - 1] - 2 * r[k] + r[k + 1];
	shift = (double)(FIRST + k) + (curve < 0 ? (r[k - 1] - r[k + 1]) / (2 * curve) : 0);
	return r[k] < LEAST_R ? 0 : (float)log2(GB_PITCH_RATE / shift);
}
