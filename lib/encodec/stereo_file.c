/* SPDX-License-Identifier: MIT */
#include "encodec/stereo_file.h"

#include <stdlib.h>
#include <string.h>

#include "audio/wav.h"
#include "base/size.h"
#include "encodec/stereo.h"

enum { SAMPLES = 65536 };

/* One side of a sound into every second place of *X, which grows to hold *ROOM samples of each side;
 * *COUNT: samples. */
static gb_status read_side(const char *path, gb_audio_options options, int side, float **x, size_t *room,
                           size_t *count, gb_err *err)
{
	gb_audio *audio = NULL;
	float *piece = gb_array(SAMPLES, sizeof *piece, err);
	size_t got = 1;
	gb_status status = GB_SYSTEM;

	options.side = side + 1;
	options.rate = GB_STEREO_RATE;
	if (piece)
		status = gb_audio_open(&audio, path, &options, err);
	for (*count = 0; !status && got; *count += got) {
		if ((status = gb_audio_read(audio, piece, SAMPLES, &got, err)) != GB_OK)
			break;
		if (*count + got > *room) {
			*room = *room / 2 * 3 + SAMPLES;
			if ((status = gb_grow(x, 2 * *room, sizeof **x, err)) != GB_OK)
				break;
		}
		for (size_t i = 0; i < got; i++)
			(*x)[2 * (*count + i) + (size_t)side] = piece[i];
	}
	gb_audio_close(audio);
	free(piece);
	return status;
}

static gb_status write_sound(const char *out, const float *x, size_t samples, gb_err *err)
{
	gb_wav *wav;
	gb_status status = gb_wav_create(&wav, out, GB_STEREO_RATE, 2, (int64_t)samples, err);

	if (status)
		return status;
	if ((status = gb_wav_put(wav, x, 2 * samples, err)) == GB_OK)
		return gb_wav_commit(wav, err);
	gb_wav_free(wav);
	return status;
}

gb_status gb_stereo_round_trip(const char *path, const gb_audio_options *options, const char *out,
                               int codebooks, const gb_encodec_weights *w, int64_t *samples, gb_pool *pool,
                               gb_err *err)
{
	gb_stereo_codes codes = {0};
	float *x = NULL, *back = NULL;
	size_t room = 0, left = 0, right = 0;
	gb_status status = GB_OK;

	if (!strcmp(path, "-"))
		return gb_fail(err, GB_USAGE,
		               "-: a stereo sound is read twice: a file is wanted, not standard input");
	status = read_side(path, *options, 0, &x, &room, &left, err);
	if (!status)
		status = read_side(path, *options, 1, &x, &room, &right, err);
	if (!status && left != right)
		status = gb_fail(err, GB_DATA, "%s: %zu samples, then %zu: it changed while it was read",
		                 path, left, right);
	if (!status)
		status = gb_stereo_encode(w, x, left, codebooks, &codes, pool, err);
	free(x);
	if (!status && !(back = gb_array(2 * left, sizeof *back, err)))
		status = GB_SYSTEM;
	if (!status)
		status = gb_stereo_decode(w, &codes, back, pool, err);
	if (!status)
		status = write_sound(out, back, left, err);
	*samples = (int64_t)left;
	gb_stereo_codes_clear(&codes);
	free(back);
	return status;
}
