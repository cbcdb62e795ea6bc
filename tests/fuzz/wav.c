/* SPDX-License-Identifier: MIT */
/* Sounds: WAV, AIFF, FLAC, as gb-audio-encodec reads them. */
#define FUZZ_TARGET "wav"
#include "tests/fuzz/fuzz.h"

#include "audio/audio.h"

static void read_sound(const char *path, const gb_audio_options *options)
{
	static float samples[4096];
	gb_audio *audio;
	gb_err err = {0};
	size_t got = 1, total = 0;
	gb_status status = gb_audio_open(&audio, path, options, &err);

	fuzz_check(status, &err);
	if (status != GB_OK)
		return;
	while (status == GB_OK && got && total < 1 << 16) {
		status = gb_audio_read(audio, samples, 4096, &got, &err);
		fuzz_check(status, &err);
		total += got;
	}
	if (gb_audio_about(audio)->samples < 0)
		abort();
	gb_audio_close(audio);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const magic[] = {"RIFF", "RF64", "FORM", "fLaC", "RIFX"};
	gb_audio_options options[] = {{-1, {0, 1}, 24000, GB_RESAMPLE_MEDIUM},
	                              {0, {1, 100}, 8000, GB_RESAMPLE_MEDIUM}};
	bool known = false;
	char *path;

	for (size_t i = 0; i < 5; i++)
		known |= size >= 12 && !memcmp(data, magic[i], 4);
	if (!known)
		return 0; /* the other formats are the FFmpeg libraries' own, which are fuzzed by others */
	path = fuzz_file("a.wav", data, size);
	for (size_t i = 0; i < 2; i++)
		read_sound(path, &options[i]);
	fuzz_file_remove(path);
	return 0;
}
