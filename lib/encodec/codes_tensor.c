/* SPDX-License-Identifier: MIT */
#include "encodec/codes_tensor.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "audio/wav.h"
#include "encodec/decoder.h"
#include "encodec/encoder.h"
#include "encodec/quantise.h"
#include "media/frame_rows.h"

enum { SAMPLES = 65536, RATE = 24000, FRAMES = 448 };

/* What the encoder's frames go through. */
typedef struct sink {
	const gb_codes_job *job;
	const gb_encodec_weights *weights;
	gb_frames *frames;
	int16_t *codes; /* [FRAMES, codebooks] */
} sink;

static gb_status keep_codes(void *context, const float *latents, size_t frames, gb_err *err)
{
	sink *s = context;
	gb_status status = GB_OK;

	for (size_t at = 0; at < frames && !status; at += FRAMES) {
		size_t count = frames - at < FRAMES ? frames - at : FRAMES;
		status = gb_encodec_quantise(s->weights, latents + at * (size_t)s->weights->width, count,
		                             s->job->codebooks, s->codes, NULL, s->job->pool, err);
		if (!status)
			status = gb_frames_put(s->frames, s->codes, count, err);
	}
	return status;
}

static gb_rational frame_hop(const gb_encodec_weights *w)
{
	gb_rational hop;

	return gb_rational_make(w->hop, RATE, &hop) ? hop : (gb_rational){w->hop, RATE};
}

static void tell(const gb_codes_job *job, const gb_encodec_weights *w, int64_t frames)
{
	gb_rational t;

	if (job->progress && gb_rational_mul(frame_hop(w), (gb_rational){frames, 1}, &t) &&
	    gb_rational_div(t, job->step, &t))
		job->progress(gb_rational_floor(t));
}

/* The whole sound through the encoder; *COUNT: its samples. */
static gb_status analyse(const gb_codes_job *job, const gb_encodec_weights *w, gb_audio *audio,
                         gb_frames *frames, int64_t *count, gb_err *err)
{
	sink s = {job, w, frames, gb_array((size_t)FRAMES * (size_t)job->codebooks, sizeof(int16_t), err)};
	float *samples = gb_array(SAMPLES, sizeof *samples, err);
	gb_encoder *encoder = NULL;
	size_t got = 1;
	gb_status status = s.codes && samples ? gb_encoder_open(&encoder, w, keep_codes, &s, job->pool, err)
	                                      : GB_SYSTEM;

	for (*count = 0; !status && got; *count += (int64_t)got) {
		if ((status = gb_audio_read(audio, samples, SAMPLES, &got, err)) != GB_OK)
			break;
		status = got ? gb_encoder_put(encoder, samples, got, err) : gb_encoder_finish(encoder, err);
		tell(job, w, frames->count);
	}
	gb_encoder_close(encoder);
	free(s.codes);
	free(samples);
	return status;
}

/* Samples whose time lies before the end of the last row. */
static gb_status samples_in_rows(const gb_codes_job *job, const gb_codes_result *r, int64_t all, int64_t *out,
                                 gb_err *err)
{
	gb_rational t;

	if (!gb_rational_mul(job->step, (gb_rational){r->rows, 1}, &t) ||
	    !gb_rational_add(t, job->audio.start, &t) || !gb_rational_sub(t, r->facts.first, &t) ||
	    !gb_rational_mul(t, (gb_rational){RATE, 1}, &t))
		return gb_fail(err, GB_DATA, "%s: times too large for exact arithmetic", job->path);
	*out = gb_rational_ceil(t);
	*out = *out > all ? all : *out;
	return GB_OK;
}

static gb_json *describe(const gb_codes_job *job, const gb_encodec_weights *w, const gb_codes_result *result)
{
	gb_json *a = gb_json_object();
	gb_rational rate = {RATE, 1};
	char text[GB_RATIONAL_TEXT];

	if (gb_rational_make(RATE, w->hop, &rate))
		gb_json_set(a, "frame_rate", gb_json_string(gb_rational_format(rate, text)));
	gb_json_set(a, "sample_rate", gb_json_integer(RATE));
	gb_json_set(a, "codebooks", gb_json_integer(job->codebooks));
	gb_json_set(a, "codes", gb_json_integer(w->codes));
	gb_json_set(a, "samples", gb_json_integer(result->samples));
	gb_audio_describe(&result->facts, a);
	return a;
}

static gb_status write_tensors(const gb_codes_job *job, const gb_encodec_weights *w, const gb_frames *frames,
                               int64_t samples, gb_codes_result *result, gb_err *err)
{
	gb_ragged ragged = {result->facts.first, frame_hop(w),      job->audio.start,
	                    job->step,           result->facts.end, frames->count};
	gb_tensor_writer *writer = NULL;
	gb_tensor_spec spec = {.name = "codes",
	                       .dtype = GB_I16,
	                       .dims = "time,codebook,frame",
	                       .doc = "EnCodec codes; -1 is padding"};
	gb_tensor_spec words = {.name = "codes.codebook",
	                        .dtype = GB_F32,
	                        .rank = 3,
	                        .shape = {job->codebooks, w->codes, w->width},
	                        .dims = "codebook,code,latent",
	                        .doc = "codewords; a frame is the sum of its codebooks' words"};
	gb_frame_plan plan;
	gb_status status = gb_frame_plan_make(&plan, &ragged, job->partial, job->rows, job->path, err);

	result->rows = plan.rows;
	result->total = frames->count;
	result->kept = plan.kept;
	if (!status)
		status = samples_in_rows(job, result, samples, &result->samples, err);
	if (!status)
		status = gb_tensor_writer_new(&writer, job->tool, job->params, err);
	if (!status)
		status = gb_tensor_writer_param(writer, "codebooks", gb_json_integer(job->codebooks), err);
	if (!status)
		status = gb_tensor_writer_input_path(writer, "sound", job->path, err);
	if (!status)
		status = gb_tensor_writer_input_path(writer, "weights", job->weights, err);
	if (!status) {
		spec.attributes = describe(job, w, result);
		status = gb_frame_rows_declare(&plan, frames, job->run, &spec, "codes.count",
		                               "valid frames of each row of codes", writer, err);
	}
	if (!status)
		status = gb_tensor_writer_add(writer, &words, err);
	if (!status)
		status = gb_tensor_writer_begin(writer, job->out, err);
	if (!status)
		/* −1 in every byte */
		status = gb_frame_rows_write(&plan, frames, 0xff, writer, "codes", "codes.count", err);
	if (!status)
		status = gb_tensor_writer_put(writer, "codes.codebook", w->codebook,
		                              (size_t)job->codebooks * (size_t)w->codes * (size_t)w->width *
		                                  sizeof *w->codebook,
		                              err);
	if (!status)
		status = gb_tensor_writer_commit(writer, job->pool, err);
	gb_tensor_writer_free(writer);
	return status;
}

gb_status gb_codes_tensor_write(const gb_codes_job *job, const gb_encodec_weights *w, gb_codes_result *result,
                                gb_err *err)
{
	gb_frames frames = {.descriptor = -1};
	gb_audio *audio = NULL;
	int64_t samples;
	gb_status status = gb_audio_open(&audio, job->path, &job->audio, err);

	*result = (gb_codes_result){0};
	if (!status)
		status = gb_frames_open(&frames, (size_t)job->codebooks, sizeof(int16_t), err);
	if (!status)
		status = analyse(job, w, audio, &frames, &samples, err);
	if (!status) {
		result->facts = *gb_audio_about(audio);
		status = write_tensors(job, w, &frames, samples, result, err);
	}
	gb_audio_close(audio);
	gb_frames_close(&frames);
	return status;
}

/* ---- back to sound ---- */

typedef struct output {
	gb_wav *wav;
	int64_t left; /* samples still wanted: the last frame may reach past them */
} output;

static gb_status keep_samples(void *context, const float *samples, size_t count, gb_err *err)
{
	output *o = context;

	if ((int64_t)count > o->left)
		count = (size_t)o->left;
	o->left -= (int64_t)count;
	return count ? gb_wav_put(o->wav, samples, count, err) : GB_OK;
}

static gb_status decode_rows(const gb_tensor *codes, const int64_t *begin, const gb_encodec_weights *w,
                             gb_decoder *decoder, const char *name, gb_err *err)
{
	int64_t books = codes->shape[1], longest = codes->shape[2];
	int16_t *frame = gb_array((size_t)books, sizeof *frame, err);
	float *latents = gb_array((size_t)w->width, sizeof *latents, err);
	gb_status status = frame && latents ? GB_OK : GB_SYSTEM;

	for (int64_t row = 0; row < codes->shape[0] && !status; row++)
		for (int64_t f = 0; f < begin[row + 1] - begin[row] && !status; f++) {
			for (int64_t n = 0; n < books; n++)
				frame[n] = ((const int16_t *)codes->data)[(row * books + n) * longest + f];
			if ((status = gb_encodec_dequantise(w, frame, 1, (int)books, latents, err)) != GB_OK)
				gb_fail_in(err, "%s: codes: row %lld", name, (long long)row);
			else
				status = gb_decoder_put(decoder, latents, 1, err);
		}
	free(frame);
	free(latents);
	return status;
}

/* Frames as they are stored for a while, to sound. */
static gb_status decode_frames(const gb_frames *frames, const gb_encodec_weights *w, int codebooks,
                               gb_decoder *decoder, gb_err *err)
{
	int16_t *codes = gb_array((size_t)FRAMES * (size_t)codebooks, sizeof *codes, err);
	float *latents = gb_array((size_t)FRAMES * (size_t)w->width, sizeof *latents, err);
	gb_status status = codes && latents ? GB_OK : GB_SYSTEM;

	for (int64_t at = 0; at < frames->count && !status; at += FRAMES) {
		int64_t count = frames->count - at < FRAMES ? frames->count - at : FRAMES;
		status = gb_frames_get(frames, at, count, codes, err);
		if (!status)
			status = gb_encodec_dequantise(w, codes, (size_t)count, codebooks, latents, err);
		if (!status)
			status = gb_decoder_put(decoder, latents, (size_t)count, err);
	}
	free(codes);
	free(latents);
	return status ? status : gb_decoder_finish(decoder, err);
}

gb_status gb_codes_round_trip(const gb_codes_job *job, const gb_encodec_weights *w, int64_t *samples,
                              gb_err *err)
{
	gb_frames frames = {.descriptor = -1};
	gb_audio *audio = NULL;
	gb_decoder *decoder = NULL;
	output o = {0};
	gb_status status = gb_audio_open(&audio, job->path, &job->audio, err);

	if (!status)
		status = gb_frames_open(&frames, (size_t)job->codebooks, sizeof(int16_t), err);
	if (!status)
		status = analyse(job, w, audio, &frames, samples, err);
	if (!status) {
		o.left = *samples;
		status = gb_wav_create(&o.wav, job->out, RATE, 1, *samples, err);
	}
	if (!status)
		status = gb_decoder_open(&decoder, w, keep_samples, &o, job->pool, err);
	if (!status)
		status = decode_frames(&frames, w, job->codebooks, decoder, err);
	if (!status) {
		status = gb_wav_commit(o.wav, err);
		o.wav = NULL;
	}
	gb_wav_free(o.wav);
	gb_decoder_close(decoder);
	gb_audio_close(audio);
	gb_frames_close(&frames);
	return status;
}

gb_status gb_codes_tensor_invert(gb_tensor_file *file, const gb_encodec_weights *w, const char *out,
                                 gb_pool *pool, gb_err *err)
{
	const char *name = gb_tensor_file_name(file);
	const gb_tensor *codes;
	gb_decoder *decoder = NULL;
	output o = {0};
	int64_t *begin = NULL;
	gb_status status = gb_tensor_file_need(file, "codes", GB_I16, 3, &codes, err);

	if (!status)
		status = gb_frame_begins(file, "codes.count", codes->shape[0], codes->shape[2], &begin, err);
	if (!status && codes->shape[1] > w->codebooks)
		status = gb_fail(err, GB_DATA, "%s: %lld codebooks, the weights have %d", name,
		                 (long long)codes->shape[1], w->codebooks);
	if (!status && (!gb_json_read_integer(gb_tensor_file_attribute(file, "codes", "samples"), &o.left) ||
	                o.left < 0 || o.left > begin[codes->shape[0]] * w->hop))
		status = gb_fail(err, GB_DATA,
		                 "%s: codes: its description does not say how many samples it holds", name);
	if (!status)
		status = gb_wav_create(&o.wav, out, RATE, 1, o.left, err);
	if (!status)
		status = gb_decoder_open(&decoder, w, keep_samples, &o, pool, err);
	if (!status)
		status = decode_rows(codes, begin, w, decoder, name, err);
	if (!status)
		status = gb_decoder_finish(decoder, err);
	if (!status) {
		status = gb_wav_commit(o.wav, err);
		o.wav = NULL;
	}
	gb_wav_free(o.wav);
	gb_decoder_close(decoder);
	free(begin);
	return status;
}
