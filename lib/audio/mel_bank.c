/* SPDX-License-Identifier: MIT */
#include "audio/mel_bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/fft.h"

enum { BANDS_MAX = 1024, WINDOW_MAX = 1 << 20, FFT_MAX = 1 << 21, STEPS = 24 };

typedef struct band { int first, count; size_t at; } band; /* weights of bins FIRST … in WEIGHT + AT */

struct gb_mel_bank {
	gb_rational step; /* hop in samples */
	int64_t window;
	int bands, fft_length, bins;
	double power;     /* Σ window² */
	double *shape;
	band *band;
	double *weight;
};

struct gb_mel_scratch {
	gb_fft *fft;
	double *in, *out;       /* [fft_length] complex */
	double *spectrum;       /* [bins] powers */
	double *wanted, *had;   /* [bins], for the least squares */
};

/* Slaney's scale. */
static double mel_to_hertz(double mel)
{
	return mel < 15 ? mel * 200.0 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static double hertz_to_mel(double hertz)
{
	return hertz < 1000 ? hertz * 3 / 200.0 : 15 + 27 * log(hertz / 1000) / log(6.4);
}

static double corner(const gb_mel_options *o, int index)
{
	return mel_to_hertz(hertz_to_mel((double)o->rate / 2) * index / (o->bands + 1));
}

static gb_status check(const gb_mel_options *o, gb_mel_bank *b, gb_err *err)
{
	gb_rational rate = {o->rate, 1}, window;

	if (o->rate < 1 || o->bands < 1 || o->bands > BANDS_MAX)
		return gb_fail(err, GB_USAGE, "mel: %d bands: 1 to %d are wanted", o->bands, BANDS_MAX);
	if (o->hop.num <= 0 || gb_rational_compare(o->window, o->hop) < 0)
		return gb_fail(err, GB_USAGE,
		               "mel: the hop must be above 0 and the window no shorter than the hop");
	if (!gb_rational_mul(o->hop, rate, &b->step) || !gb_rational_mul(o->window, rate, &window) ||
	    gb_rational_floor(window) > WINDOW_MAX || b->step.den > INT32_MAX)
		return gb_fail(err, GB_USAGE,
		               "mel: window or hop out of range: a window of at most %d samples is wanted",
		               WINDOW_MAX);
	b->window = gb_rational_round(window);
	if (b->step.num < b->step.den || b->window < 2)
		return gb_fail(err, GB_USAGE,
		               "mel: a hop of at least one sample and a window of at least two are wanted");
	b->window = b->window < gb_rational_ceil(b->step) ? gb_rational_ceil(b->step) : b->window;
	return GB_OK;
}

/* A length at which the narrowest triangle still holds a bin on each side. */
static gb_status choose_length(gb_mel_bank *b, const gb_mel_options *o, gb_err *err)
{
	double narrowest = corner(o, 1) - corner(o, 0);
	int length = (int)gb_fft_length((size_t)b->window);

	while ((double)o->rate / length > narrowest && length < FFT_MAX)
		length *= 2;
	if ((double)o->rate / length > narrowest)
		return gb_fail(err, GB_USAGE, "mel: %d bands are too many for %lld Hz", o->bands,
		               (long long)o->rate);
	b->fft_length = length;
	b->bins = length / 2 + 1;
	return GB_OK;
}

static gb_status make_bands(gb_mel_bank *b, const gb_mel_options *o, gb_err *err)
{
	size_t used = 0;

	b->band = gb_array((size_t)b->bands, sizeof *b->band, err);
	b->weight = gb_array((size_t)b->bins * 2 + (size_t)b->bands, sizeof *b->weight, err);
	if (!b->band || !b->weight)
		return GB_SYSTEM;
	for (int i = 0; i < b->bands; i++) {
		double low = corner(o, i), peak = corner(o, i + 1), high = corner(o, i + 2);

		b->band[i] = (band){.at = used};
		for (int k = 0; k < b->bins; k++) {
			double f = (double)k * (double)o->rate / b->fft_length;
			double w = f <= peak ? (f - low) / (peak - low) : (high - f) / (high - peak);

			if (w <= 0)
				continue;
			if (!b->band[i].count)
				b->band[i].first = k;
			b->band[i].count++;
			b->weight[used++] = w;
		}
	}
	return GB_OK;
}

gb_status gb_mel_bank_new(gb_mel_bank **bank, const gb_mel_options *o, gb_err *err)
{
	gb_mel_bank *b = gb_array(1, sizeof *b, err);
	gb_status status;

	*bank = NULL;
	if (!b)
		return GB_SYSTEM;
	status = check(o, b, err);
	if (status)
		goto fail;
	b->bands = o->bands;
	status = choose_length(b, o, err);
	if (status)
		goto fail;
	status = make_bands(b, o, err);
	if (status)
		goto fail;
	b->shape = gb_array((size_t)b->window, sizeof *b->shape, err);
	status = GB_SYSTEM;
	if (!b->shape)
		goto fail;
	for (int64_t i = 0; i < b->window; i++) {
		b->shape[i] = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)b->window);
		b->power += b->shape[i] * b->shape[i];
	}
	*bank = b;
	return GB_OK;
fail:
	gb_mel_bank_free(b);
	return status;
}

void gb_mel_bank_free(gb_mel_bank *b)
{
	if (!b)
		return;
	free(b->shape);
	free(b->band);
	free(b->weight);
	free(b);
}

int gb_mel_bank_bands(const gb_mel_bank *b) { return b->bands; }
int64_t gb_mel_bank_window(const gb_mel_bank *b) { return b->window; }
int gb_mel_bank_fft_length(const gb_mel_bank *b) { return b->fft_length; }
const double *gb_mel_bank_shape(const gb_mel_bank *b) { return b->shape; }

int64_t gb_mel_bank_position(const gb_mel_bank *b, int64_t frame)
{
	return (int64_t)((__int128)frame * b->step.num / b->step.den);
}

/* Frames whose hop begins before SAMPLES: j·step < samples. */
int64_t gb_mel_bank_frames(const gb_mel_bank *b, int64_t samples)
{
	return (int64_t)(((__int128)samples * b->step.den + b->step.num - 1) / b->step.num);
}

int64_t gb_mel_bank_whole(const gb_mel_bank *b, int64_t samples)
{
	return (int64_t)((__int128)samples * b->step.den / b->step.num);
}

void gb_mel_scratch_free(gb_mel_scratch **scratch, int count)
{
	if (!scratch)
		return;
	for (int i = 0; i < count; i++) {
		gb_mel_scratch *s = scratch[i];

		if (!s)
			continue;
		gb_fft_free(s->fft);
		free(s->in);
		free(s->out);
		free(s->spectrum);
		free(s->wanted);
		free(s->had);
		free(s);
	}
	free(scratch);
}

static gb_status scratch_make(gb_mel_scratch *s, const gb_mel_bank *b, gb_err *err)
{
	gb_status status = gb_fft_new(&s->fft, (size_t)b->fft_length, err);

	if (status)
		return status;
	s->in = gb_array(2 * (size_t)b->fft_length, sizeof(double), err);
	s->out = gb_array(2 * (size_t)b->fft_length, sizeof(double), err);
	s->spectrum = gb_array((size_t)b->bins, sizeof(double), err);
	s->wanted = gb_array((size_t)b->bins, sizeof(double), err);
	s->had = gb_array((size_t)b->bins, sizeof(double), err);
	return s->in && s->out && s->spectrum && s->wanted && s->had ? GB_OK : GB_SYSTEM;
}

gb_status gb_mel_scratch_new(gb_mel_scratch ***scratch, const gb_mel_bank *b, int count, gb_err *err)
{
	gb_mel_scratch **all = gb_array((size_t)count, sizeof *all, err);

	*scratch = NULL;
	if (!all)
		return GB_SYSTEM;
	for (int i = 0; i < count; i++) {
		gb_status status;

		all[i] = gb_array(1, sizeof **all, err);
		status = all[i] ? scratch_make(all[i], b, err) : GB_SYSTEM;
		if (status) {
			gb_mel_scratch_free(all, count);
			return status;
		}
	}
	*scratch = all;
	return GB_OK;
}

static void transform(const gb_mel_bank *b, gb_mel_scratch *s, const float *signal)
{
	memset(s->in, 0, 2 * (size_t)b->fft_length * sizeof(double));
	for (int64_t i = 0; i < b->window; i++)
		s->in[2 * i] = (double)signal[i] * b->shape[i];
	gb_fft_forward(s->fft, s->out, s->in);
}

static double in_band(const gb_mel_bank *b, int i, const double *power)
{
	const double *w = b->weight + b->band[i].at, *p = power + b->band[i].first;
	double sum = 0;

	for (int k = 0; k < b->band[i].count; k++)
		sum += w[k] * p[k];
	return sum;
}

void gb_mel_bank_analyse(const gb_mel_bank *b, gb_mel_scratch *s, const float *signal, float *values)
{
	transform(b, s, signal);
	for (int k = 0; k < b->bins; k++)
		s->spectrum[k] = (s->out[2 * k] * s->out[2 * k] + s->out[2 * k + 1] * s->out[2 * k + 1]) /
		                 b->power;
	for (int i = 0; i < b->bands; i++)
		values[i] = (float)log1p(1e10 * in_band(b, i, s->spectrum));
}

static void spread(const gb_mel_bank *b, int i, double value, double *out)
{
	const double *w = b->weight + b->band[i].at;

	for (int k = 0; k < b->band[i].count; k++)
		out[b->band[i].first + k] += w[k] * value;
}

void gb_mel_bank_amplitude(const gb_mel_bank *b, gb_mel_scratch *s, const float *values, float *amplitude)
{
	size_t bytes = (size_t)b->bins * sizeof(double);
	double *p = s->spectrum;

	memset(s->wanted, 0, bytes);
	for (int i = 0; i < b->bands; i++)
		spread(b, i, values[i] > 0 ? expm1((double)values[i]) * 1e-10 : 0, s->wanted);
	memcpy(p, s->wanted, bytes);
	for (int step = 0; step < STEPS; step++) {
		memset(s->had, 0, bytes);
		for (int i = 0; i < b->bands; i++)
			spread(b, i, in_band(b, i, p), s->had);
		for (int k = 0; k < b->bins; k++)
			p[k] = s->had[k] > 0 ? p[k] * s->wanted[k] / s->had[k] : 0;
	}
	for (int k = 0; k < b->bins; k++)
		amplitude[k] = (float)sqrt(p[k] * b->power);
}

void gb_mel_bank_forward(const gb_mel_bank *b, gb_mel_scratch *s, const float *signal, float *spectrum)
{
	transform(b, s, signal);
	for (int k = 0; k < 2 * b->bins; k++)
		spectrum[k] = (float)s->out[k];
}

void gb_mel_bank_backward(const gb_mel_bank *b, gb_mel_scratch *s, const float *spectrum, float *signal)
{
	int n = b->fft_length;

	for (int k = 0; k < b->bins; k++) {
		s->in[2 * k] = (double)spectrum[2 * k];
		s->in[2 * k + 1] = k == 0 || k == n / 2 ? 0 : (double)spectrum[2 * k + 1];
		if (k && k < n / 2) {
			s->in[2 * (n - k)] = s->in[2 * k];
			s->in[2 * (n - k) + 1] = -s->in[2 * k + 1];
		}
	}
	gb_fft_inverse(s->fft, s->out, s->in);
	for (int64_t i = 0; i < b->window; i++)
		signal[i] = (float)(s->out[2 * i] / n * b->shape[i]);
}
