/* SPDX-License-Identifier: MIT */
/* Resampling against closed forms: tones, clicks, lengths, block sizes. */
#include "audio/resample.h"

#include "../tap.h"

typedef struct tone {
	double hertz, rate; /* hertz 0: a click at sample CLICK */
	int64_t click, length, at;
	size_t piece; /* samples a call; 0: as many as fit */
} tone;

static gb_status pull(void *context, float *samples, size_t capacity, size_t *got, gb_err *err)
{
	tone *t = context;

	(void)err;
	if (t->piece && capacity > t->piece)
		capacity = t->piece;
	for (*got = 0; *got < capacity && t->at < t->length; ++*got, t->at++)
		samples[*got] = t->hertz > 0 ? (float)sin(2 * M_PI * t->hertz * (double)t->at / t->rate)
		                             : t->at == t->click;
	return GB_OK;
}

static size_t convert(tone t, gb_resample_quality quality, int64_t to, size_t piece, float *out,
                      size_t capacity)
{
	gb_resampler *r;
	size_t n = 0, got;
	gb_err err;

	if (gb_resampler_new(&r, (int64_t)t.rate, to, quality, pull, &t, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	do {
		if (gb_resampler_read(r, out + n, piece < capacity - n ? piece : capacity - n, &got, &err))
			exit(1);
		n += got;
	} while (got);
	gb_resampler_free(r);
	return n;
}

static float out[200000], other[200000];

/* Least-squares amplitude at HERTZ, and the rms of all else, in the middle. */
static double amplitude(const float *x, size_t n, double hertz, double rate, double *rest)
{
	double c = 0, s = 0, sum = 0, level, count = 0;

	for (size_t i = n / 8; i < n - n / 8; i++, count++) {
		double w = 0.5 - 0.5 * cos(2 * M_PI * (double)(i - n / 8) / (double)(n - 2 * (n / 8)));

		c += 2 * w * (double)x[i] * cos(2 * M_PI * hertz * (double)i / rate);
		s += 2 * w * (double)x[i] * sin(2 * M_PI * hertz * (double)i / rate);
		sum += (double)x[i] * (double)x[i];
	}
	level = 2 * sqrt(c * c + s * s) / count;
	*rest = sqrt(fmax(0, sum / count));
	return level;
}

static double decibel(double x) { return 20 * log10(x > 1e-12 ? x : 1e-12); }

static void sweep(gb_resample_quality quality, double flat_to, const char *name)
{
	double ripple = 0, alias = -999, at_ripple = 0, at_alias = 0, rest;

	for (double f = 50; f <= flat_to; f += f < 1000 ? 237.5 : f < flat_to - 1000 ? 500 : 100) {
		tone t = {.hertz = f, .rate = 44100, .length = 11025};
		size_t n = convert(t, quality, 24000, 4096, out, 200000);
		double db = fabs(decibel(amplitude(out, n, f, 24000, &rest)));

		if (db > ripple)
			ripple = db, at_ripple = f;
	}
	for (double f = 12050; f < 22050; f += f < 13500 ? 50 : 500) {
		tone t = {.hertz = f, .rate = 44100, .length = 11025};
		size_t n = convert(t, quality, 24000, 4096, out, 200000);
		double db;

		amplitude(out, n, 24000 - f, 24000, &rest);
		db = decibel(rest * sqrt(2));
		if (db > alias)
			alias = db, at_alias = f;
	}
	ok(ripple <= 0.01, "%s: ripple to %.0f Hz is %.5f dB (at %.0f Hz), at most 0.01", name, flat_to,
	   ripple, at_ripple);
	ok(alias <= -100, "%s: what lies above 12 kHz comes out at %.1f dB (worst at %.0f Hz), at most -100",
	   name, alias, at_alias);
}

static int64_t peak(const float *x, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (fabsf(x[i]) > fabsf(x[best]))
			best = i;
	return (int64_t)best;
}

int main(void)
{
	static const int64_t rates[] = {8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 24000};
	size_t sizes[] = {1, 7, 479, 4096, 65536}, n;
	tone click = {.rate = 44100, .length = 44100, .click = 441 * 37},
	     noise = {.hertz = 997, .rate = 44100, .length = 30011};
	bool lengths = true, same = true, still = true, level = true;
	gb_resampler *r;
	gb_err err;

	sweep(GB_RESAMPLE_MEDIUM, 10000, "medium");
	sweep(GB_RESAMPLE_BEST, 11000, "best");

	for (int q = 0; q < 2; q++)
		for (click.click = 0; click.click < 44100; click.click += 441 * 9) {
			n = convert(click, q ? GB_RESAMPLE_BEST : GB_RESAMPLE_MEDIUM, 24000, 4096, out,
			            200000);
			still = still && peak(out, n) == click.click * 240 / 441;
			if (click.click > 8000 && click.click < 36000)
				for (int k = 1; k < 3000; k++) /* no delay at all: the response is even */
					level = level &&
					        fabsf(out[peak(out, n) + k] - out[peak(out, n) - k]) < 2e-5f;
		}
	ok(still, "a click stays at its time, also the first and last samples");
	ok(level, "the response to a click is symmetric about its time");

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
		for (int64_t length = 1; length < 20000; length = length * 3 + 1) {
			tone t = {.hertz = 100, .rate = (double)rates[i], .length = length};
			int64_t want = (int64_t)floor((double)length * 24000 / (double)rates[i] + 0.5);

			n = convert(t, GB_RESAMPLE_MEDIUM, 24000, 1000, out, 200000);
			if ((int64_t)n != want) {
				note("%lld samples at %lld Hz: %zu out, want %lld", (long long)length,
				     (long long)rates[i], n, (long long)want);
				lengths = false;
			}
		}
	ok(lengths, "the length is round(samples * 24000/rate) at nine rates");

	n = convert(noise, GB_RESAMPLE_MEDIUM, 24000, 65536, out, 200000);
	for (size_t i = 0; i < 5; i++) {
		noise.piece = sizes[4 - i];
		same = same && convert(noise, GB_RESAMPLE_MEDIUM, 24000, sizes[i], other, 200000) == n &&
		       !memcmp(out, other, n * sizeof *out);
	}
	ok(same, "same bytes for any sizes given and taken");
	ok(gb_resampler_new(&r, 90, 24000, GB_RESAMPLE_MEDIUM, pull, NULL, &err) == GB_DATA && !r,
	   "90 Hz is refused: %s", err.text);
	return done_testing();
}
