/* SPDX-License-Identifier: MIT */
#include "audio/pitch_tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pitch.h"
#include "base/size.h"
#include "media/frame_rows.h"

static const gb_rational hop = {1, 100};

/* ---- sound → frames in a temporary file ---- */

static void report_progress(const gb_pitch_job *job, int64_t frames)
{
	gb_rational t;

	if (job->progress && gb_rational_mul(hop, (gb_rational){frames, 1}, &t) &&
	    gb_rational_div(t, job->step, &t))
		job->progress(gb_rational_floor(t));
}

/* Fill SAMPLES [GB_PITCH_HOP] unless the sound ends; *GOT samples, silence after them. */
static gb_status read_hop(gb_audio *audio, float *samples, size_t *got, gb_err *err)
{
	size_t more = 1;

	memset(samples, 0, GB_PITCH_HOP * sizeof *samples);
	for (*got = 0; *got < GB_PITCH_HOP && more; *got += more) {
		gb_status status = gb_audio_read(audio, samples + *got, GB_PITCH_HOP - *got, &more, err);

		if (status)
			return status;
	}
	return GB_OK;
}

static gb_status analyse(const gb_pitch_job *job, gb_audio *audio, gb_frames *to, int64_t *voiced,
                         gb_err *err)
{
	float frame[GB_PITCH_FRAME] = {0}; /* before the sound there is silence */
	size_t got = GB_PITCH_HOP;

	while (got == GB_PITCH_HOP) {
		float octave;
		gb_status status;

		memmove(frame, frame + GB_PITCH_HOP, (GB_PITCH_FRAME - GB_PITCH_HOP) * sizeof *frame);
		status = read_hop(audio, frame + GB_PITCH_FRAME - GB_PITCH_HOP, &got, err);
		octave = !status && got ? gb_pitch_of(frame) : 0;
		if (!status && got)
			status = gb_frames_put(to, &octave, 1, err);
		if (status)
			return status;
		*voiced += octave > 0;
		if (to->count % 100 == 0)
			report_progress(job, to->count);
	}
	return GB_OK;
}

/* ---- frames → rows ---- */

/* OUT [GB_PITCH_COLUMNS] of COUNT frames; the mean is 0 where none is voiced. */
static void summarise(const float *frame, size_t count, float *out)
{
	double sum = 0, squares = 0, n = 0;

	for (size_t i = 0; i < count; i++) {
		n += frame[i] > 0;
		sum += (double)frame[i];
	}
	for (size_t i = 0; i < count; i++)
		if (frame[i] > 0)
			squares += ((double)frame[i] - sum / n) * ((double)frame[i] - sum / n);
	out[0] = n > 0 ? (float)(sum / n) : 0;
	out[1] = n > 0 ? (float)sqrt(squares / n) : 0;
	out[2] = count ? (float)(n / (double)count) : 0;
}

/* Rows without voiced frames get the line between their neighbours. */
static void bridge(float *row, int64_t rows)
{
	int64_t before = -1;

	for (int64_t i = 0; i <= rows; i++) {
		if (i < rows && !(row[i * GB_PITCH_COLUMNS + 2] > 0))
			continue;
		for (int64_t k = before + 1; k < i && (before >= 0 || i < rows); k++) {
			float left = row[(before < 0 ? i : before) * GB_PITCH_COLUMNS],
			      right = row[(i < rows ? i : before) * GB_PITCH_COLUMNS];

			row[k * GB_PITCH_COLUMNS] = left + (right - left) * (float)(k - before) /
			                                       (float)(i - before);
		}
		before = i;
	}
}

static gb_status write_rows(const gb_frame_plan *plan, const gb_frames *from, float *out, gb_err *err)
{
	float *frame = gb_array((size_t)plan->longest, sizeof *frame, err);
	gb_status status = frame ? GB_OK : GB_SYSTEM;
	int64_t begin = 0, end;

	for (int64_t i = 0; i < plan->rows && !status; i++, begin = end) {
		if (!gb_ragged_begin(&plan->ragged, i + 1, &end))
			end = begin; /* cannot be: the plan went through all rows */
		status = gb_frames_get(from, begin, end - begin, frame, err);
		if (!status)
			summarise(frame, (size_t)(end - begin), out + i * GB_PITCH_COLUMNS);
	}
	if (!status)
		bridge(out, plan->rows);
	free(frame);
	return status;
}

static gb_json *describe(const gb_audio_facts *facts)
{
	gb_json *a = gb_json_object();
	char text[GB_RATIONAL_TEXT];

	gb_json_set(a, "sample_rate", gb_json_integer(GB_PITCH_RATE));
	gb_json_set(a, "hop", gb_json_string(gb_rational_format(hop, text)));
	gb_audio_describe(facts, a);
	return a;
}

static gb_status write_tensor(const gb_pitch_job *job, const gb_audio_facts *facts, const gb_frames *from,
                              gb_pitch_result *result, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_ragged ragged = {facts->first, hop, job->audio.start, job->step, facts->end, from->count};
	gb_tensor_spec spec = {.name = "pitch",
	                       .dtype = GB_F32,
	                       .rank = 2,
	                       .dims = "time,value",
	                       .unit = "octaves above 1 Hz; octaves; share",
	                       .doc = "mean and SD of log2 F0 over the row's voiced frames, voiced share"};
	gb_frame_plan plan;
	gb_clock clock;
	gb_status status;

	GB_TRY(gb_frame_plan_make(&plan, &ragged, job->partial, job->rows, job->path, err));
	clock = gb_clock_single(job->step, job->run, plan.rows, job->audio.start);
	result->rows = plan.rows;
	spec.shape[0] = plan.rows;
	spec.shape[1] = GB_PITCH_COLUMNS;
	spec.clock = &clock;
	GB_TRY(gb_tensor_writer_new(&writer, job->tool, job->params, err));
	GB_TRY(gb_tensor_writer_input_path(writer, "sound", job->path, err));
	spec.attributes = describe(facts);
	GB_TRY(gb_tensor_writer_add(writer, &spec, err));
	GB_TRY(gb_tensor_writer_begin(writer, job->out, err));
	GB_TRY(write_rows(&plan, from, gb_tensor_writer_data(writer, "pitch"), err));
	GB_TRY(gb_tensor_writer_commit(writer, job->pool, err));
done:
	gb_tensor_writer_free(writer);
	return status;
}

gb_status gb_pitch_tensor_write(const gb_pitch_job *job, gb_pitch_result *result, gb_err *err)
{
	gb_audio *audio = NULL;
	gb_frames frames = {.descriptor = -1};
	gb_status status;

	*result = (gb_pitch_result){0};
	GB_TRY(gb_frames_open(&frames, 1, sizeof(float), err));
	GB_TRY(gb_audio_open(&audio, job->path, &job->audio, err));
	GB_TRY(analyse(job, audio, &frames, &result->voiced, err));
	result->total = frames.count;
	GB_TRY(write_tensor(job, gb_audio_about(audio), &frames, result, err));
done:
	gb_audio_close(audio);
	gb_frames_close(&frames);
	return status;
}
