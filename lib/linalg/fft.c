/* SPDX-License-Identifier: MIT */
#include "linalg/fft.h"

#include <libavutil/tx.h>
#include <stdlib.h>

#include "base/size.h"

struct gb_fft {
	AVTXContext *forward, *inverse;
	av_tx_fn forward_fn, inverse_fn;
};

gb_status gb_fft_new(gb_fft **out, size_t length, gb_err *err)
{
	gb_fft *fft = gb_array(1, sizeof *fft, err);
	double scale = 1;

	*out = NULL;
	if (!fft)
		return GB_SYSTEM;
	if (length < 2 || length > 1u << 24 || length & (length - 1) ||
	    av_tx_init(&fft->forward, &fft->forward_fn, AV_TX_DOUBLE_FFT, 0, (int)length, &scale, 0) < 0 ||
	    av_tx_init(&fft->inverse, &fft->inverse_fn, AV_TX_DOUBLE_FFT, 1, (int)length, &scale, 0) < 0) {
		gb_fft_free(fft);
		return gb_fail(err, GB_SYSTEM, "no FFT of length %zu can be made", length);
	}
	*out = fft;
	return GB_OK;
}

void gb_fft_free(gb_fft *fft)
{
	if (!fft)
		return;
	av_tx_uninit(&fft->forward);
	av_tx_uninit(&fft->inverse);
	free(fft);
}

void gb_fft_forward(gb_fft *fft, double *out, double *in)
{
	fft->forward_fn(fft->forward, out, in, 2 * sizeof *in);
}

void gb_fft_inverse(gb_fft *fft, double *out, double *in)
{
	fft->inverse_fn(fft->inverse, out, in, 2 * sizeof *in);
}

size_t gb_fft_length(size_t n)
{
	size_t length = 2;

	while (length < n)
		length *= 2;
	return length;
}
