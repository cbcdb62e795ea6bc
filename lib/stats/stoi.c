/* SPDX-License-Identifier: MIT */
#include "stats/stoi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/fft.h"

enum { FRAME = 256, HOP = FRAME / 2, FFT = 512, BANDS = 15, SEGMENT = 30 };
static const double LOWEST = 150, RANGE = 40, CLIP = 15;

/* Hann without the zeros at its ends: the window of the paper's program. */
static void make_window(double window[FRAME])
{
	for (int n = 0; n < FRAME; n++)
		window[n] = 0.5 - 0.5 * cos(2 * M_PI * (n + 1) / (FRAME + 1));
}

static double loudness(const float *frame, const double *window)
{
	double sum = 0;

	for (int n = 0; n < FRAME; n++)
		sum += (double)frame[n] * window[n] * ((double)frame[n] * window[n]);
	return sum;
}

/* The frames of A and B in which A is loud, overlap-added anew; *COUNT samples. */
static gb_status without_silence(const float *a, const float *b, size_t *count, const double *window,
                                 double *out_a, double *out_b, gb_err *err)
{
	size_t frames = (*count - FRAME) / HOP + 1, kept = 0;
	double *loud = gb_array(frames, sizeof *loud, err), most = 0;

	if (!loud)
		return GB_SYSTEM;
	for (size_t k = 0; k < frames; k++) {
		loud[k] = loudness(a + k * HOP, window);
		most = loud[k] > most ? loud[k] : most;
	}
	for (size_t k = 0; k < frames; k++) {
		if (!(loud[k] > most * pow(10, -RANGE / 10)))
			continue;
		for (size_t n = 0; n < FRAME; n++) {
			out_a[kept * HOP + n] += (double)a[k * HOP + n] * window[n];
			out_b[kept * HOP + n] += (double)b[k * HOP + n] * window[n];
		}
		kept++;
	}
	*count = kept ? (kept - 1) * HOP + FRAME : 0;
	free(loud);
	return GB_OK;
}

/* Bins FIRST … LAST − 1 of band J: its edges at the nearest bins. */
static void band_bins(int j, int *first, int *last)
{
	double centre = LOWEST * pow(2, j / 3.0), bin = (double)GB_STOI_RATE / FFT;

	*first = (int)lround(centre * pow(2, -1 / 6.0) / bin);
	*last = (int)lround(centre * pow(2, 1 / 6.0) / bin);
}

/* OUT [BANDS, frames]: the envelope of each band. */
static gb_status envelopes(const double *x, size_t frames, const double *window, double *out, gb_err *err)
{
	gb_fft *fft = NULL;
	double *in = gb_array(2 * FFT, sizeof *in, err),
	       *bin = in ? gb_array(2 * FFT, sizeof *bin, err) : NULL;
	gb_status status = bin ? gb_fft_new(&fft, FFT, err) : GB_SYSTEM;

	for (size_t k = 0; !status && k < frames; k++) {
		memset(in, 0, 2 * FFT * sizeof *in);
		for (size_t n = 0; n < FRAME; n++)
			in[2 * n] = x[k * HOP + n] * window[n];
		gb_fft_forward(fft, bin, in);
		for (int j = 0; j < BANDS; j++) {
			double sum = 0;
			int first, last;

			band_bins(j, &first, &last);
			for (int i = first; i < last; i++)
				sum += bin[2 * i] * bin[2 * i] + bin[2 * i + 1] * bin[2 * i + 1];
			out[(size_t)j * frames + k] = sqrt(sum);
		}
	}
	gb_fft_free(fft);
	free(in);
	free(bin);
	return status;
}

/* Correlation of a segment with the other's, scaled and clipped. */
static double segment(const double *clean, const double *other)
{
	double most = 1 + pow(10, CLIP / 20), xx = 0, yy = 0, scale, y[SEGMENT], mx = 0, my = 0, sxx = 0,
	       syy = 0, sxy = 0;

	for (int n = 0; n < SEGMENT; n++) {
		xx += clean[n] * clean[n];
		yy += other[n] * other[n];
	}
	scale = yy > 0 ? sqrt(xx / yy) : 0;
	for (int n = 0; n < SEGMENT; n++) {
		y[n] = fmin(scale * other[n], most * clean[n]);
		mx += clean[n] / SEGMENT;
		my += y[n] / SEGMENT;
	}
	for (int n = 0; n < SEGMENT; n++) {
		sxx += (clean[n] - mx) * (clean[n] - mx);
		syy += (y[n] - my) * (y[n] - my);
		sxy += (clean[n] - mx) * (y[n] - my);
	}
	return sxx > 0 && syy > 0 ? sxy / sqrt(sxx * syy) : 0;
}

static double mean_correlation(const double *clean, const double *other, size_t frames)
{
	double sum = 0;
	size_t segments = frames - SEGMENT + 1;

	for (size_t j = 0; j < BANDS; j++)
		for (size_t m = 0; m < segments; m++)
			sum += segment(clean + j * frames + m, other + j * frames + m);
	return sum / (double)(BANDS * segments);
}

gb_status gb_stoi(const float *clean, const float *other, size_t count, double *stoi, gb_err *err)
{
	double *a, *b = NULL, *bands = NULL, window[FRAME];
	size_t frames = 0;
	gb_status status;

	*stoi = NAN;
	if (count < FRAME)
		return GB_OK;
	make_window(window);
	a = gb_array(2 * count, sizeof *a, err);
	b = a + count;
	status = a ? without_silence(clean, other, &count, window, a, b, err) : GB_SYSTEM;
	frames = !status && count >= FRAME ? (count - FRAME) / HOP + 1 : 0;
	if (frames >= SEGMENT) {
		bands = gb_array(2 * BANDS * frames, sizeof *bands, err);
		status = bands ? envelopes(a, frames, window, bands, err) : GB_SYSTEM;
		if (!status)
			status = envelopes(b, frames, window, bands + BANDS * frames, err);
		if (!status)
			*stoi = mean_correlation(bands, bands + BANDS * frames, frames);
	}
	free(bands);
	free(a);
	return status;
}
