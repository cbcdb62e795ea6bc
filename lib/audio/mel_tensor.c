/* SPDX-License-Identifier: MIT */
#include "audio/mel_tensor.h"

#include "audio/audio_mel.h"
#include "media/frame_rows.h"

/* ---- sound → frames in a temporary file ---- */

typedef struct spool {
	const gb_mel_job *job;
	gb_frames *frames;
} spool;

static void report_progress(const gb_mel_job *job, int64_t frames)
{
	gb_rational t;

	if (job->progress && gb_rational_mul(job->mel.hop, (gb_rational){frames, 1}, &t) &&
	    gb_rational_div(t, job->step, &t))
		job->progress(gb_rational_floor(t));
}

static gb_status spool_frames(void *context, const float *values, size_t count, gb_err *err)
{
	spool *s = context;
	gb_status status = gb_frames_put(s->frames, values, count, err);

	report_progress(s->job, s->frames->count);
	return status;
}

/* ---- frames → rows ---- */

static gb_json *mel_attributes(const gb_mel_job *job, const gb_mel *mel, const gb_audio_facts *facts)
{
	gb_json *a = gb_json_object();
	char text[GB_RATIONAL_TEXT];

	gb_json_set(a, "sample_rate", gb_json_integer(job->mel.rate));
	gb_json_set(a, "window", gb_json_string(gb_rational_format(job->mel.window, text)));
	gb_json_set(a, "hop", gb_json_string(gb_rational_format(job->mel.hop, text)));
	gb_json_set(a, "fft_length", gb_json_integer(gb_mel_fft_length(mel)));
	gb_audio_describe(facts, a);
	return a;
}

static gb_status write_tensors(const gb_mel_job *job, const gb_mel *mel, const gb_frames *from,
                               gb_mel_result *result, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_ragged ragged = {result->facts.first, job->mel.hop,      job->audio.start,
	                    job->step,           result->facts.end, from->count};
	gb_tensor_spec spec =
	    {.name = "mel",
	     .dtype = GB_F32,
	     .dims = "time,band,frame",
	     .unit = "ln(1 + 1e10 power)",
	     .doc =
	         "log-mel spectrum; frame j covers one hop, its window ends with it; 0 is silence and "
	         "padding"};
	gb_frame_plan plan;
	gb_status status = gb_frame_plan_make(&plan, &ragged, job->partial, job->rows, job->path, err);

	result->rows = plan.rows;
	result->total = from->count;
	result->kept = plan.kept;
	if (!status)
		status = gb_tensor_writer_new(&writer, job->tool, job->params, err);
	if (!status)
		status = gb_tensor_writer_input_path(writer, "sound", job->path, err);
	if (!status) {
		spec.attributes = mel_attributes(job, mel, &result->facts);
		status = gb_frame_rows_declare(&plan, from, job->run, &spec, "mel.count",
		                               "valid frames of each row of mel", writer, err);
	}
	if (!status)
		status = gb_tensor_writer_begin(writer, job->out, err);
	if (!status)
		status = gb_frame_rows_write(&plan, from, 0, writer, "mel", "mel.count", err);
	if (!status)
		status = gb_tensor_writer_commit(writer, job->pool, err);
	gb_tensor_writer_free(writer);
	return status;
}

gb_status gb_mel_tensor_write(const gb_mel_job *job, gb_mel_result *result, gb_err *err)
{
	gb_frames frames = {.descriptor = -1};
	spool to = {.job = job, .frames = &frames};
	gb_audio *audio = NULL;
	gb_mel *mel = NULL;
	gb_status status = gb_mel_new(&mel, &job->mel, err);

	*result = (gb_mel_result){0};
	if (!status)
		status = gb_audio_open(&audio, job->path, &job->audio, err);
	if (!status)
		status = gb_frames_open(&frames, (size_t)job->mel.bands, sizeof(float), err);
	if (!status)
		status = gb_audio_mel(audio, mel, spool_frames, &to, job->pool, err);
	if (!status) {
		result->facts = *gb_audio_about(audio);
		status = write_tensors(job, mel, &frames, result, err);
	}
	gb_audio_close(audio);
	gb_mel_free(mel);
	gb_frames_close(&frames);
	return status;
}
