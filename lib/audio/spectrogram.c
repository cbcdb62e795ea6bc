/* SPDX-License-Identifier: MIT */
#include "audio/spectrogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/fft.h"

size_t gb_spectrogram_frames(size_t count, size_t window)
{
	return count < window ? 0 : (count - window) / (window / 4) + 1;
}

gb_status gb_spectrogram(const float *samples, size_t count, size_t window, double floor, float *out,
                         gb_err *err)
{
	size_t frames = gb_spectrogram_frames(count, window), bins = window / 2 + 1;
	double *in = gb_array(2 * window, sizeof *in, err),
	       *bin = in ? gb_array(2 * window, sizeof *bin, err) : NULL;
	gb_fft *fft = NULL;
	gb_status status = bin ? gb_fft_new(&fft, window, err) : GB_SYSTEM;

	for (size_t k = 0; !status && k < frames; k++) {
		memset(in, 0, 2 * window * sizeof *in);
		for (size_t n = 0; n < window; n++)
			in[2 * n] = (double)samples[k * (window / 4) + n] *
			            (0.5 - 0.5 * cos(2 * M_PI * (double)n / (double)window));
		gb_fft_forward(fft, bin, in);
		for (size_t i = 0; i < bins; i++) {
			/* The window's mean is 1/2, and a sine's half lies at the negative frequency. */
			double scale = 4 / (double)window,
			       power = (bin[2 * i] * bin[2 * i] + bin[2 * i + 1] * bin[2 * i + 1]) * scale *
			               scale;

			out[k * bins + i] = (float)fmax(floor, 10 * log10(fmax(power, 1e-30)));
		}
	}
	gb_fft_free(fft);
	free(in);
	free(bin);
	return status;
}

double gb_log_spectral_distance(const float *a, const float *b, size_t frames, size_t bins)
{
	double sum = 0;

	for (size_t k = 0; k < frames; k++) {
		double square = 0;

		for (size_t i = k * bins; i < (k + 1) * bins; i++)
			square += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
		sum += sqrt(square / (double)bins);
	}
	return frames ? sum / (double)frames : NAN;
}
