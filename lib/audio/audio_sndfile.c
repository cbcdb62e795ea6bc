/* SPDX-License-Identifier: MIT */
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "audio/audio_internal.h"

enum { FRAMES = 4096, PASSED = 16 << 20 }; /* frames of a read; bytes between two calls of gb_input_pass */

typedef struct sound {
	gb_audio_source source;
	gb_input input;
	SNDFILE *file;
	float *frames, *mono;
	int64_t total, done;
	sf_count_t at, passed; /* positions in INPUT: the next byte; the end of the bytes released */
} sound;

static void sound_close(gb_audio_source *source)
{
	sound *s = (sound *)source;

	if (s->file)
		sf_close(s->file);
	free(s->frames);
	free(s->mono);
	gb_input_close(&s->input);
	free(s);
}

static gb_status sound_read(gb_audio_source *source, gb_audio_piece *piece, gb_err *err)
{
	sound *s = (sound *)source;
	int channels = source->channels, count, first = gb_audio_side(source, channels, &count);
	sf_count_t n = sf_readf_float(s->file, s->frames, FRAMES);

	if (sf_error(s->file))
		return gb_fail(err, GB_DATA, "%s: sample %lld cannot be read: %s", s->input.name,
		               (long long)s->done, sf_strerror(s->file));
	if (n < FRAMES && s->done + n < s->total)
		return gb_fail(err, GB_DATA, "%s: truncated: it ends after %lld of %lld samples",
		               s->input.name, (long long)(s->done + n), (long long)s->total);
	for (sf_count_t i = 0; i < n; i++) {
		double sum = 0;

		for (int c = first; c < first + count; c++)
			sum += (double)s->frames[i * channels + c];
		s->mono[i] = (float)(sum / count);
	}
	piece->timed = s->done == 0;
	piece->time = (gb_rational){0, 1};
	s->done += n;
	piece->samples = s->mono;
	piece->count = (size_t)n;
	return GB_OK;
}

static uint32_t word(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
	           : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* libsndfile reads a truncated WAV or AIFF without complaint.  A chunk of samples that
 * ends beyond the file is damage here.  A size of 2^32−1 means "until the end". */
static gb_status check_whole(const gb_input *input, gb_err *err)
{
	const uint8_t *p = input->data;
	bool big = p[0] == 'F';
	size_t at = 12;

	while (at + 8 <= input->size) {
		size_t size = word(p + at + 4, big);

		if (!memcmp(p + at, big ? "SSND" : "data", 4)) {
			if (size != 0xffffffff && at + 8 + size > input->size)
				return gb_fail(err, GB_DATA,
				               "%s: truncated: %zu bytes, its samples end at byte %zu",
				               input->name, input->size, at + 8 + size);
			return GB_OK;
		}
		at += 8 + size + (size & 1);
	}
	return GB_OK;
}

static bool known(const uint8_t h[12])
{
	return (!memcmp(h, "RIFF", 4) && !memcmp(h + 8, "WAVE", 4)) ||
	       (!memcmp(h, "RF64", 4) && !memcmp(h + 8, "WAVE", 4)) ||
	       (!memcmp(h, "FORM", 4) && (!memcmp(h + 8, "AIFF", 4) || !memcmp(h + 8, "AIFC", 4))) ||
	       !memcmp(h, "fLaC", 4);
}

static sf_count_t memory_length(void *user) { return (sf_count_t)((sound *)user)->input.size; }
static sf_count_t memory_tell(void *user) { return ((sound *)user)->at; }

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user)
{
	sound *s = user;
	sf_count_t size = (sf_count_t)s->input.size, base = whence == SEEK_CUR   ? s->at
	                                                    : whence == SEEK_END ? size
	                                                                         : 0;

	if (__builtin_add_overflow(base, offset, &offset) || offset < 0)
		return -1;
	s->at = offset < size ? offset : size;
	return s->at;
}

static sf_count_t memory_read(void *out, sf_count_t count, void *user)
{
	sound *s = user;
	sf_count_t left = (sf_count_t)s->input.size - s->at;

	count = count < left ? count : left;
	memcpy(out, s->input.data + s->at, (size_t)count);
	s->at += count;
	if (s->at - s->passed > PASSED) {
		gb_input_pass(&s->input, (size_t)s->at);
		s->passed = s->at;
	}
	return count;
}

gb_status gb_audio_sndfile_open(gb_audio_source **source, gb_input *input, gb_err *err)
{
	SF_VIRTUAL_IO memory = {memory_length, memory_seek, memory_read, NULL, memory_tell};
	SF_INFO info = {0};
	sound *s;

	*source = NULL;
	if (input->size < 12 || !known(input->data))
		return GB_OK;
	if (memcmp(input->data, "fLaC", 4) && memcmp(input->data, "RF64", 4)) {
		gb_status status = check_whole(input, err);

		if (status)
			return status;
	}
	s = gb_array(1, sizeof *s, err);
	if (!s)
		return GB_SYSTEM;
	s->input = *input;
	s->file = sf_open_virtual(&memory, SFM_READ, &info, s);
	/* the other reader may know the codec, such as MP3 in WAV */
	if (!s->file || info.channels < 1 || info.samplerate < 1) {
		s->input = (gb_input){0};
		sound_close(&s->source);
		return GB_OK;
	}
	*input = (gb_input){0};
	s->source = (gb_audio_source){"libsndfile", info.samplerate, info.channels, sound_read, sound_close};
	s->total = info.frames;
	s->frames = gb_array((size_t)info.channels * FRAMES, sizeof(float), err);
	s->mono = gb_array(FRAMES, sizeof(float), err);
	if (!s->frames || !s->mono) {
		sound_close(&s->source);
		return GB_SYSTEM;
	}
	*source = &s->source;
	return GB_OK;
}
