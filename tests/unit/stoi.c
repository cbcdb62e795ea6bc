/* SPDX-License-Identifier: MIT */
/* STOI and log-spectral distance of cases whose answer is known.
 * stoi A B: of two files of 10 kHz floats, for the parity test. */
#include "audio/spectrogram.h"
#include "stats/stoi.h"

#include "../tap.h"

enum { COUNT = 30000 };

static float clean[COUNT], other[COUNT], noise[COUNT];

static double of(const float *a, const float *b, size_t count)
{
	double stoi = -2;
	gb_err err;

	if (gb_stoi(a, b, count, &stoi, &err))
		exit(1);
	return stoi;
}

/* Noise whose loudness swings four times a second, with a pause. */
static void make(void)
{
	uint32_t state = 1;

	for (int i = 0; i < COUNT; i++) {
		double u, v;

		state = state * 1664525 + 1013904223;
		u = state / 4294967296.0 - 0.5;
		state = state * 1664525 + 1013904223;
		v = state / 4294967296.0 - 0.5;
		clean[i] = (float)(i > 12000 && i < 15000
		                       ? 1e-5 * u
		                       : u * (0.55 + 0.45 * sin(2 * M_PI * 4 * i / 10000.0)));
		noise[i] = (float)v;
	}
}

static double with_noise(double level)
{
	for (int i = 0; i < COUNT; i++)
		other[i] = clean[i] + (float)level * noise[i];
	return of(clean, other, COUNT);
}

static int print_of_files(char **path)
{
	float *x[2];
	long size[2];

	for (int k = 0; k < 2; k++) {
		FILE *in = fopen(path[k], "rb");

		if (!in || fseek(in, 0, SEEK_END) || (size[k] = ftell(in)) < 0 ||
		    !(x[k] = malloc((size_t)size[k] + 1)))
			return 1;
		rewind(in);
		if (fread(x[k], 1, (size_t)size[k], in) != (size_t)size[k])
			return 1;
		fclose(in);
	}
	printf("%.9f\n", of(x[0], x[1], (size_t)(size[0] < size[1] ? size[0] : size[1]) / sizeof(float)));
	free(x[0]);
	free(x[1]);
	return 0;
}

static void spectra(void)
{
	static float a[COUNT], db[2][500 * 513];
	size_t frames = gb_spectrogram_frames(COUNT, 1024);
	gb_err err;

	for (int i = 0; i < COUNT; i++)
		a[i] = (float)sin(2 * M_PI * 100 * i / 1024.0);
	ok(frames == (COUNT - 1024) / 256 + 1 && gb_spectrogram_frames(1023, 1024) == 0,
	   "frames that fit whole");
	if (gb_spectrogram(a, COUNT, 1024, -100, db[0], &err))
		exit(1);
	near(db[0][5 * 513 + 100], 0, 1e-4, "a full-scale sine on a bin has 0 dB");
	near(db[0][5 * 513 + 101], -6.0206, 1e-3, "half its amplitude in the next");
	near(db[0][5 * 513 + 300], -100, 0, "the floor");
	for (int i = 0; i < COUNT; i++)
		a[i] *= 0.5f;
	if (gb_spectrogram(a, COUNT, 1024, -100, db[1], &err))
		exit(1);
	/* Only the sine's three bins are above the floor. */
	near(gb_log_spectral_distance(db[0], db[1], frames, 513), 6.0206 * sqrt(3 / 513.0), 1e-3,
	     "half as loud in three of 513 bins");
	near(gb_log_spectral_distance(db[0], db[0], frames, 513), 0, 0, "no distance from itself");
}

int main(int argc, char **argv)
{
	double last = 1;

	if (argc == 3)
		return print_of_files(argv + 1);
	make();
	near(of(clean, clean, COUNT), 1, 1e-12, "a sound is as intelligible as itself");
	for (int i = 0; i < COUNT; i++)
		other[i] = 0.125f * clean[i];
	near(of(clean, other, COUNT), 1, 1e-12, "the level of the other does not matter");
	for (double level = 0.1; level < 5; level *= 3) {
		double now = with_noise(level);

		ok(now < last && now > -0.2, "more noise is less intelligible: %.3f", now);
		last = now;
	}
	ok(fabs(of(clean, noise, COUNT)) < 0.2, "noise alone says nothing");
	memset(other, 0, sizeof other);
	near(of(clean, other, COUNT), 0, 0, "neither does silence");
	ok(isnan(of(clean, clean, 3967)), "29 frames are too few");
	near(of(clean, clean, 3968), 1, 1e-12, "30 are enough");
	ok(isnan(of(other, clean, COUNT)) && isnan(of(clean, clean, 10)),
	   "nor is there an answer for silence, or 10 samples");
	spectra();
	return done_testing();
}
