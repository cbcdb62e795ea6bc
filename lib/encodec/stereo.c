/* SPDX-License-Identifier: MIT */
#include "encodec/stereo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "encodec/decoder.h"
#include "encodec/encoder.h"
#include "encodec/quantise.h"

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

/* Chunks run in parallel, each with a status of its own; the first failure is reported. */
typedef struct chunk_job {
	const gb_encodec_weights *w;
	const float *x;
	gb_stereo_codes *c;
	float *sound;      /* decoded: a whole chunk and a frame for each of this batch */
	size_t first, most;
	gb_status *status;
	gb_err *err;
} chunk_job;

static size_t frames_before(const gb_stereo_codes *c, size_t chunk)
{
	size_t frames = 0;

	for (size_t i = 0; i < chunk; i++)
		frames += c->frames[i];
	return frames;
}

static gb_status worst_of(const chunk_job *job, size_t count, gb_err *err)
{
	for (size_t i = 0; i < count; i++)
		if (job->status[i] != GB_OK) {
			*err = job->err[i];
			return job->status[i];
		}
	return GB_OK;
}

static void encode_chunk(void *context, size_t chunk, int worker)
{
	const chunk_job *j = context;
	gb_stereo_codes *c = j->c;
	gb_err *err = &j->err[chunk];
	size_t samples = chunk_samples(c->samples, chunk), frames = c->frames[chunk];
	const float *x = j->x + 2 * chunk * GB_STEREO_STEP;
	float *scaled = gb_array(2 * samples, sizeof *scaled, err),
	      *latents = gb_array(frames * (size_t)j->w->width, sizeof *latents, err);
	gb_status status = scaled && latents ? GB_OK : GB_SYSTEM;

	(void)worker;
	if (status == GB_OK) {
		c->scale[chunk] = loudness(x, samples);
		for (size_t i = 0; i < 2 * samples; i++)
			scaled[i] = x[i] / c->scale[chunk];
		status = gb_encodec_encode_chunk(j->w, scaled, samples, latents, err);
	}
	if (status == GB_OK)
		status = gb_encodec_quantise(j->w, latents, frames, c->codebooks,
		                             c->codes + frames_before(c, chunk) * (size_t)c->codebooks, NULL,
		                             NULL, err);
	free(scaled);
	free(latents);
	j->status[chunk] = status;
}

gb_status gb_stereo_encode(const gb_encodec_weights *w, const float *x, size_t samples, int codebooks,
                           gb_stereo_codes *c, gb_pool *pool, gb_err *err)
{
	chunk_job job = {.w = w, .x = x, .c = c};
	size_t total = 0;
	gb_status status = GB_SYSTEM;

	memset(c, 0, sizeof *c);
	if (!w->normed || w->channels != 2)
		return gb_fail(err, GB_DATA,
		               "weights of the 24 kHz mono model: the 48 kHz stereo model is wanted");
	c->samples = samples;
	c->codebooks = codebooks;
	c->chunks = (samples + GB_STEREO_STEP - 1) / GB_STEREO_STEP;
	if (!(c->frames = gb_array(c->chunks, sizeof *c->frames, err)) ||
	    !(c->scale = gb_array(c->chunks, sizeof *c->scale, err)))
		return GB_SYSTEM;
	for (size_t i = 0; i < c->chunks; i++) {
		c->frames[i] = (chunk_samples(samples, i) + (size_t)w->hop - 1) / (size_t)w->hop;
		total += c->frames[i];
	}
	job.status = gb_array(c->chunks, sizeof *job.status, err);
	job.err = gb_array(c->chunks, sizeof *job.err, err);
	c->codes = gb_array(total * (size_t)codebooks, sizeof *c->codes, err);
	if (job.status && job.err && c->codes) {
		gb_pool_run(pool, c->chunks, encode_chunk, &job);
		status = worst_of(&job, c->chunks, err);
	}
	free(job.status);
	free(job.err);
	return status;
}

static void decode_chunk(void *context, size_t at, int worker)
{
	const chunk_job *j = context;
	const gb_stereo_codes *c = j->c;
	size_t chunk = j->first + at, frames = c->frames[chunk];
	float *latents = gb_array(frames * (size_t)j->w->width, sizeof *latents, &j->err[at]);
	gb_status status = latents ? GB_OK : GB_SYSTEM;

	(void)worker;
	if (status == GB_OK)
		status = gb_encodec_dequantise(j->w,
		                               c->codes + frames_before(c, chunk) * (size_t)c->codebooks,
		                               frames, c->codebooks, latents, &j->err[at]);
	if (status == GB_OK)
		status = gb_encodec_decode_chunk(j->w, latents, frames, j->sound + 2 * j->most * at,
		                                 &j->err[at]);
	free(latents);
	j->status[at] = status;
}

/* The triangle has the length of the first decoded chunk; a shorter one takes its beginning. */
static void lay(const gb_encodec_weights *w, const gb_stereo_codes *c, size_t chunk, const float *sound,
                float *weight, float *out)
{
	size_t length = chunk_samples(c->samples, chunk), from = chunk * GB_STEREO_STEP;
	double whole = (double)(c->frames[0] * (size_t)w->hop) + 1;

	for (size_t k = 0; k < length; k++) {
		float part = (float)(0.5 - fabs((double)(k + 1) / whole - 0.5));
		weight[from + k] += part;
		out[2 * (from + k)] += part * c->scale[chunk] * sound[2 * k];
		out[2 * (from + k) + 1] += part * c->scale[chunk] * sound[2 * k + 1];
	}
}

gb_status gb_stereo_decode(const gb_encodec_weights *w, const gb_stereo_codes *c, float *out, gb_pool *pool,
                           gb_err *err)
{
	size_t most = GB_STEREO_CHUNK + (size_t)w->hop, batch = (size_t)gb_pool_threads(pool);
	chunk_job j = {.w = w,
	               .c = (gb_stereo_codes *)c,
	               .most = most,
	               .sound = gb_array(2 * most * batch, sizeof(float), err),
	               .status = gb_array(batch, sizeof *j.status, err),
	               .err = gb_array(batch, sizeof *j.err, err)};
	float *weight = gb_array(c->samples, sizeof *weight, err);
	gb_status status = j.sound && j.status && j.err && weight ? GB_OK : GB_SYSTEM;

	memset(out, 0, 2 * c->samples * sizeof *out);
	for (; j.first < c->chunks && status == GB_OK; j.first += batch) {
		size_t count = c->chunks - j.first < batch ? c->chunks - j.first : batch;
		gb_pool_run(pool, count, decode_chunk, &j);
		if ((status = worst_of(&j, count, err)) == GB_OK)
			for (size_t i = 0; i < count; i++)
				lay(w, c, j.first + i, j.sound + 2 * most * i, weight, out);
	}
	for (size_t i = 0; status == GB_OK && i < c->samples; i++) {
		out[2 * i] /= weight[i];
		out[2 * i + 1] /= weight[i];
	}
	free(j.sound);
	free(j.status);
	free(j.err);
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
