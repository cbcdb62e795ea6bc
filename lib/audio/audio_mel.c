/* SPDX-License-Identifier: MIT */
#include "audio/audio_mel.h"

#include <stdlib.h>

#include "base/size.h"

enum { SAMPLES = 65536, FRAMES = 512 };

gb_status gb_audio_mel(gb_audio *audio, gb_mel *mel, gb_mel_frames_fn *each, void *context, gb_pool *pool,
                       gb_err *err)
{
	float *samples = gb_array(SAMPLES, sizeof *samples, err);
	float *values = gb_array(FRAMES * (size_t)gb_mel_bands(mel), sizeof *values, err);
	gb_status status = samples && values ? GB_OK : GB_SYSTEM;
	size_t got = 1, frames;

	while (!status && got) {
		GB_TRY(gb_audio_read(audio, samples, SAMPLES, &got, err));
		if (got)
			GB_TRY(gb_mel_put(mel, samples, got, err));
		else
			gb_mel_end(mel);
		do {
			GB_TRY(gb_mel_take(mel, values, FRAMES, &frames, pool, err));
			if (frames)
				GB_TRY(each(context, values, frames, err));
		} while (frames);
	}
done:
	free(values);
	free(samples);
	return status;
}
