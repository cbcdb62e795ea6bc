/* SPDX-License-Identifier: MIT */
#include "audio/mel_tensor.h"

#include <stdlib.h>

#include "base/size.h"
#include "media/frame_rows.h"

enum { SAMPLES = 65536, FRAMES = 512 };

/* ---- sound → frames in a temporary file ---- */

static gb_status take_frames(gb_mel *mel, float *values, gb_frames *to, gb_pool *pool, gb_err *err)
{
	for (;;) {
		size_t got;
		gb_status status = gb_mel_take(mel, values, FRAMES, &got, pool, err);

		if (status || !got)
			return status;
		status = gb_frames_put(to, values, got, err);
		if (status)
			return status;
	}
}

static void report_progress(const gb_mel_job *job, int64_t frames)
{
	gb_rational t;

	if (job->progress && gb_rational_mul(job->mel.hop, (gb_rational){frames, 1}, &t) &&
	    gb_rational_div(t, job->step, &t))
		job->progress(gb_rational_floor(t));
}

static gb_status analyse(const gb_mel_job *job, gb_audio *audio, gb_mel *mel, gb_frames *to, gb_err *err)
{
	float *samples = gb_array(SAMPLES, sizeof *samples, err);
	float *values = gb_array(FRAMES * to->columns, sizeof *values, err);
	gb_status status = samples && values ? GB_OK : GB_SYSTEM;
	size_t got = 1;

	while (!status && got) {
		status = gb_audio_read(audio, samples, SAMPLES, &got, err);
		if (status)
			break;
		if (got)
			status = gb_mel_put(mel, samples, got, err);
		else
			gb_mel_end(mel);
		if (!status)
			status = take_frames(mel, values, to, job->pool, err);
		report_progress(job, to->count);
	}
	free(samples);
	free(values);
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
	gb_audio *audio = NULL;
	gb_mel *mel = NULL;
	gb_status status = gb_mel_new(&mel, &job->mel, err);

	*result = (gb_mel_result){0};
	if (!status)
		status = gb_audio_open(&audio, job->path, &job->audio, err);
	if (!status)
		status = gb_frames_open(&frames, (size_t)job->mel.bands, sizeof(float), err);
	if (!status)
		status = analyse(job, audio, mel, &frames, err);
	if (!status) {
		result->facts = *gb_audio_about(audio);
		status = write_tensors(job, mel, &frames, result, err);
	}
	gb_audio_close(audio);
	gb_mel_free(mel);
	gb_frames_close(&frames);
	return status;
}
