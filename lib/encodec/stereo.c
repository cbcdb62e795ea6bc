/* SPDX-License-Identifier: MIT */
#include "encodec/stereo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static size_t chunk_samples(size_t samples, size_t chunk)
{
	size_t rest = samples - chunk * GB_STEREO_STEP;

	return rest < GB_STEREO_CHUNK ? rest : GB_STEREO_CHUNK;
}

/* 1e-8 + the root mean square of the mean of the channels. */
static float loudness(const float *x, size_t samples)
{
	double square = 0;

	for (size_t i = 0; i < samples; i++) {
		double mono = ((double)x[2 * i] + x[2 * i + 1]) / 2;
		square += mono * mono;
	}
	return (float)(1e-8 + sqrt(square / (double)samples));
}

static gb_status encode_chunk(const gb_encodec_weights *w, const float *x, size_t samples, gb_stereo_codes *c, size_t chunk,
                              size_t done, gb_pool *pool, gb_err *err)
{
	size_t frames = c->frames[chunk];
	float *scaled = gb_array(2 * samples, sizeof *scaled, err), *latents = gb_array(frames * (size_t)w->width, sizeof *latents, err);
	gb_status status = scaled && latents ? GB_OK : GB_SYSTEM;

	if (status == GB_OK) {
		c->scale[chunk] = loudness(x, samples);
		for (size_t i = 0; i < 2 * samples; i++)
			scaled[i] = x[i] / c->scale[chunk];
		status = gb_encodec_encode_chunk(w, scaled, samples, latents, pool, err);
	}
	if (status == GB_OK)
		status = gb_encodec_quantise(w, latents, frames, c->codebooks, c->codes + done * (size_t)c->codebooks, NULL, pool, err);
	free(scaled);
	free(latents);
	return status;
}

gb_status gb_stereo_encode(const gb_encodec_weights *w, const float *x, size_t samples, int codebooks, gb_stereo_codes *c,
                           gb_pool *pool, gb_err *err)
{
	size_t total = 0, done = 0;
	gb_status status = GB_OK;

	memset(c, 0, sizeof *c);
	if (!w->normed || w->channels != 2)
		return gb_fail(err, GB_DATA, "weights of the 24 kHz mono model: the 48 kHz stereo model is wanted");
	c->samples = samples;
	c->codebooks = codebooks;
	c->chunks = (samples + GB_STEREO_STEP - 1) / GB_STEREO_STEP;
	if (!(c->frames = gb_array(c->chunks, sizeof *c->frames, err)) || !(c->scale = gb_array(c->chunks, sizeof *c->scale, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < c->chunks; i++) {
		c->frames[i] = (chunk_samples(samples, i) + (size_t)w->hop - 1) / (size_t)w->hop;
		total += c->frames[i];
	}
	if (!(c->codes = gb_array(total * (size_t)codebooks, sizeof *c->codes, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < c->chunks && status == GB_OK; done += c->frames[i++])
		status = encode_chunk(w, x + 2 * i * GB_STEREO_STEP, chunk_samples(samples, i), c, i, done, pool, err);
	return status;
}

gb_status gb_stereo_decode(const gb_encodec_weights *w, const gb_stereo_codes *c, float *out, gb_pool *pool, gb_err *err)
{
	size_t most = GB_STEREO_CHUNK + (size_t)w->hop, done = 0;
	float *latents = gb_array(most / (size_t)w->hop * (size_t)w->width, sizeof *latents, err);
	float *sound = gb_array(2 * most, sizeof *sound, err), *weight = gb_array(c->samples, sizeof *weight, err);
	gb_status status = latents && sound && weight ? GB_OK : GB_SYSTEM;

	memset(out, 0, 2 * c->samples * sizeof *out);
	for (size_t i = 0; i < c->chunks && status == GB_OK; done += c->frames[i++]) {
		size_t length = chunk_samples(c->samples, i), from = i * GB_STEREO_STEP;
		/* The triangle has the length of the first decoded chunk; a shorter one takes its beginning. */
		double whole = (double)(c->frames[0] * (size_t)w->hop) + 1;
		if ((status = gb_encodec_dequantise(w, c->codes + done * (size_t)c->codebooks, c->frames[i], c->codebooks, latents, err)) != GB_OK ||
		    (status = gb_encodec_decode_chunk(w, latents, c->frames[i], sound, pool, err)) != GB_OK)
			break;
		for (size_t k = 0; k < length; k++) {
			float part = (float)(0.5 - fabs((double)(k + 1) / whole - 0.5));
			weight[from + k] += part;
			out[2 * (from + k)] += part * c->scale[i] * sound[2 * k];
			out[2 * (from + k) + 1] += part * c->scale[i] * sound[2 * k + 1];
		}
	}
	for (size_t i = 0; status == GB_OK && i < c->samples; i++) {
		out[2 * i] /= weight[i];
		out[2 * i + 1] /= weight[i];
	}
	free(latents);
	free(sound);
	free(weight);
	return status;
}

void gb_stereo_codes_clear(gb_stereo_codes *c)
{
	free(c->frames);
	free(c->scale);
	free(c->codes);
	memset(c, 0, sizeof *c);
}
