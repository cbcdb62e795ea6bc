/* SPDX-License-Identifier: MIT */
/* EnCodec weights; what loads also runs: a little sound there and back. */
#define FUZZ_TARGET "encodec"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/header.h"

#include <math.h>

#include "encodec/quantise.h"
#include "encodec/decoder.h"
#include "encodec/encoder.h"

enum { SAMPLES = 700, FRAMES = 8 };

typedef struct heard { const gb_encodec_weights *w; size_t frames, samples; int16_t code[FRAMES]; } heard;

static gb_status keep(void *context, const float *latents, size_t frames, gb_err *err)
{
	heard *h = context;
	size_t fit = h->frames < FRAMES ? FRAMES - h->frames : 0;
	gb_status status = GB_OK;

	if (fit)
		status = gb_encodec_quantise(h->w, latents, frames < fit ? frames : fit, 1,
		                             h->code + h->frames, NULL, NULL, err);
	h->frames += frames;
	return status;
}

static gb_status count(void *context, const float *samples, size_t number, gb_err *err)
{
	(void)samples, (void)err;
	((heard *)context)->samples += number;
	return GB_OK;
}

static void run(const gb_encodec_weights *w)
{
	gb_err err = {0};
	gb_encoder *encoder;
	gb_decoder *decoder;
	heard h = {.w = w};
	float sound[SAMPLES], *latents = calloc(FRAMES, (size_t)w->width * sizeof *latents);
	size_t wanted = (SAMPLES + (size_t)w->hop - 1) / (size_t)w->hop,
	       few = wanted < FRAMES ? wanted : FRAMES;
	gb_status status = gb_encoder_open(&encoder, w, keep, &h, NULL, &err);

	fuzz_check(status, &err);
	for (int i = 0; i < SAMPLES; i++)
		sound[i] = sinf((float)(i * i));
	if (latents && status == GB_OK && gb_encoder_put(encoder, sound, SAMPLES, &err) == GB_OK &&
	    gb_encoder_finish(encoder, &err) == GB_OK) {
		if (h.frames != wanted || gb_encodec_dequantise(w, h.code, few, 1, latents, &err) != GB_OK)
			abort();
		fuzz_check(gb_decoder_open(&decoder, w, count, &h, NULL, &err), &err);
		if (gb_decoder_put(decoder, latents, few, &err) != GB_OK ||
		    gb_decoder_finish(decoder, &err) != GB_OK || h.samples != few * (size_t)w->hop)
			abort();
		gb_decoder_close(decoder);
	}
	if (status == GB_OK)
		gb_encoder_close(encoder);
	free(latents);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gb_tensor_file *file;
	gb_encodec_weights w;
	gb_err err = {0};
	gb_status status = gb_tensor_file_open_memory(&file, data, size, "fuzz", &err);

	fuzz_check(status, &err);
	if (status != GB_OK)
		return 0;
	status = gb_encodec_weights_read(&w, file, &err);
	fuzz_check(status, &err);
	if (status == GB_OK && w.hop <= 512 && w.width <= 64)
		run(&w);
	gb_encodec_weights_close(&w);
	gb_tensor_file_close(file);
	return 0;
}

#ifdef GB_LIBFUZZER
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t header = seed % 2 ? mutate_header(data, size, max_size) : 0;

	return header ? header : LLVMFuzzerMutate(data, size, max_size);
}
#endif
