/* SPDX-License-Identifier: MIT */
#include "audio/wav.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"

/* Written by hand: the library's writer stamps the time of day into the
 * header, and wants to seek. */
struct gb_wav {
	gb_output output;
	int64_t missing;
};

enum { HEADER = 58 };

static void word(uint8_t *p, uint32_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

gb_status gb_wav_create(gb_wav **wav, const char *out, int64_t rate, int channels, int64_t samples,
                        gb_err *err)
{
	uint8_t h[HEADER];
	gb_status status;
	gb_wav *w;

	*wav = NULL;
	if (samples < 0 || samples > (INT64_C(0xffffffff) - HEADER) / 4 / channels)
		return gb_fail(err, GB_USAGE, "%lld samples: a WAV file holds at most 4 GiB; take fewer rows",
		               (long long)samples);
	w = gb_array(1, sizeof *w, err);
	if (!w)
		return GB_SYSTEM;
	w->missing = samples * channels;
	memcpy(h, "RIFF....WAVEfmt ", 16);
	word(h + 4, (uint32_t)(HEADER - 8 + w->missing * 4), 4);
	word(h + 16, 18, 4);
	word(h + 20, 3, 2); /* IEEE float */
	word(h + 22, (uint32_t)channels, 2);
	word(h + 24, (uint32_t)rate, 4);
	word(h + 28, (uint32_t)rate * 4 * (uint32_t)channels, 4);
	word(h + 32, 4 * (uint32_t)channels, 2);
	word(h + 34, 32, 2);
	word(h + 36, 0, 2);
	memcpy(h + 38, "fact", 4);
	word(h + 42, 4, 4);
	word(h + 46, (uint32_t)samples, 4);
	memcpy(h + 50, "data", 4);
	word(h + 54, (uint32_t)(w->missing * 4), 4);
	status = gb_output_open(&w->output, out ? out : "-", true, err);
	if (!status)
		status = gb_output_write(&w->output, h, sizeof h, err);
	if (status) {
		gb_wav_free(w);
		return status;
	}
	*wav = w;
	return GB_OK;
}

gb_status gb_wav_put(gb_wav *w, const float *samples, size_t count, gb_err *err)
{
	assert((int64_t)count <= w->missing);
	w->missing -= (int64_t)count;
	return gb_output_write(&w->output, samples, count * sizeof *samples, err);
}

gb_status gb_wav_commit(gb_wav *w, gb_err *err)
{
	gb_status status;

	assert(w->missing == 0);
	status = gb_output_commit(&w->output, err);
	gb_wav_free(w);
	return status;
}

void gb_wav_free(gb_wav *w)
{
	if (!w)
		return;
	gb_output_abort(&w->output);
	free(w);
}
