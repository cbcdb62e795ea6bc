/* SPDX-License-Identifier: MIT */
#include "media/mel_tensor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"
#include "media/ragged.h"

enum { SAMPLES = 65536, FRAMES = 512 };

typedef struct spool {
	int descriptor;
	int bands;
	int64_t frames;
} spool;

/* ---- sound → frames in a temporary file ---- */

static gb_status take_frames(gb_mel *mel, float *values, spool *to, gb_pool *pool, gb_err *err)
{
	for (;;) {
		size_t got;
		gb_status status = gb_mel_take(mel, values, FRAMES, &got, pool, err);

		if (status || !got)
			return status;
		status = gb_write_all(to->descriptor, values, got * (size_t)to->bands * sizeof *values, "temporary file (in TMPDIR)",
		                      err);
		if (status)
			return status;
		to->frames += (int64_t)got;
	}
}

static void tell(const gb_mel_job *job, int64_t frames)
{
	gb_rational t;

	if (job->progress && gb_rational_mul(job->mel.hop, (gb_rational){frames, 1}, &t) && gb_rational_div(t, job->step, &t))
		job->progress(gb_rational_floor(t));
}

static gb_status analyse(const gb_mel_job *job, gb_audio *audio, gb_mel *mel, spool *to, gb_err *err)
{
	float *samples = gb_array(SAMPLES, sizeof *samples, err);
	float *values = gb_array((size_t)FRAMES * (size_t)to->bands, sizeof *values, err);
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
		tell(job, to->frames);
	}
	free(samples);
	free(values);
	return status;
}

/* ---- frames → rows ---- */

static gb_status plan_rows(const gb_mel_job *job, const spool *from, gb_ragged *r, gb_mel_result *result, int64_t *longest,
                           gb_err *err)
{
	int64_t begin = 0, end;
	bool fits;

	*r = (gb_ragged){result->facts.first, job->mel.hop, job->audio.start, job->step, result->facts.end, from->frames};
	fits = gb_ragged_rows(r, job->partial, &result->rows);
	if (fits && !result->rows)
		return gb_fail(err, GB_DATA, "%s: the sound ends at %.3f s, before the first row does; --partial writes that row",
		               job->path, gb_rational_double(result->facts.end));
	if (fits && job->rows > result->rows)
		return gb_fail(err, GB_DATA, "%s: %lld rows wanted, its sound fills %lld", job->path, (long long)job->rows,
		               (long long)result->rows);
	if (job->rows >= 0)
		result->rows = job->rows;
	*longest = 0;
	for (int64_t row = 0; fits && row < result->rows; row++, begin = end) {
		fits = gb_ragged_begin(r, row + 1, &end);
		if (fits && end - begin > *longest)
			*longest = end - begin;
	}
	if (!fits)
		return gb_fail(err, GB_DATA, "%s: times too large for exact arithmetic", job->path);
	result->kept = begin;
	result->total = from->frames;
	if (*longest > INT32_MAX)
		return gb_fail(err, GB_USAGE, "--tr: a row would hold %lld frames", (long long)*longest);
	return GB_OK;
}

static gb_json *describe(const gb_mel_job *job, const gb_mel *mel, const gb_mel_result *result)
{
	gb_json *a = gb_json_object();
	const gb_audio_facts *f = &result->facts;
	char text[GB_RATIONAL_TEXT];

	gb_json_set(a, "sample_rate", gb_json_integer(job->mel.rate));
	gb_json_set(a, "window", gb_json_string(gb_rational_format(job->mel.window, text)));
	gb_json_set(a, "hop", gb_json_string(gb_rational_format(job->mel.hop, text)));
	gb_json_set(a, "fft_length", gb_json_integer(gb_mel_fft_length(mel)));
	gb_json_set(a, "first", gb_json_string(gb_rational_format(f->first, text)));
	gb_json_set(a, "total", gb_json_integer(result->total));
	gb_json_set(a, "kept", gb_json_integer(result->kept));
	gb_json_set(a, "source_rate", gb_json_integer(f->rate));
	gb_json_set(a, "source_channels", gb_json_integer(f->channels));
	gb_json_set(a, "source_silence", gb_json_integer(f->silence));
	gb_json_set(a, "source_cut", gb_json_integer(f->cut));
	gb_json_set(a, "source_jumps", gb_json_integer(f->jumps));
	return a;
}

static gb_status declare(const gb_mel_job *job, const gb_mel *mel, const gb_mel_result *result, int64_t longest,
                         gb_tensor_writer *writer, gb_err *err)
{
	gb_clock clock = gb_clock_single(job->step, job->run, result->rows, job->audio.start);
	gb_tensor_spec spec = {.name = "mel", .dtype = GB_F32, .rank = 3, .shape = {result->rows, job->mel.bands, longest},
	                       .dims = "time,band,frame", .clock = &clock, .unit = "ln(1 + 1e10 power)",
	                       .doc = "log-mel spectrum; frame j covers one hop, its window ends with it; 0 is silence and padding",
	                       .attributes = describe(job, mel, result)};
	gb_tensor_spec count = {.name = "mel.count", .dtype = GB_I32, .rank = 1, .shape = {result->rows}, .dims = "time",
	                        .clock = &clock, .unit = "frames", .doc = "valid frames of each row of mel"};
	gb_status status = gb_tensor_writer_add(writer, &spec, err);

	return status ? status : gb_tensor_writer_add(writer, &count, err);
}

static gb_status read_spool(const spool *from, int64_t first, int64_t count, float *values, gb_err *err)
{
	size_t size = (size_t)count * (size_t)from->bands * sizeof *values, done = 0;
	off_t at = (off_t)first * from->bands * (off_t)sizeof *values;

	while (done < size) {
		ssize_t n = pread(from->descriptor, (char *)values + done, size - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return gb_fail_errno(err, GB_SYSTEM, n ? errno : EIO, "temporary file (in TMPDIR)");
		done += (size_t)n;
	}
	return GB_OK;
}

static gb_status write_rows(const gb_ragged *r, const spool *from, int64_t rows, int64_t longest, gb_tensor_writer *writer,
                            gb_err *err)
{
	size_t cells = (size_t)longest * (size_t)from->bands;
	float *frames = gb_array(cells, sizeof *frames, err), *row = gb_array(cells, sizeof *row, err);
	int32_t *count = gb_array((size_t)rows, sizeof *count, err);
	gb_status status = frames && row && count ? GB_OK : GB_SYSTEM;
	int64_t begin = 0, end;

	for (int64_t i = 0; i < rows && !status; i++, begin = end) {
		if (!gb_ragged_begin(r, i + 1, &end))
			end = begin; /* cannot be: the plan went through all rows */
		count[i] = (int32_t)(end - begin);
		status = read_spool(from, begin, end - begin, frames, err);
		if (status)
			break;
		memset(row, 0, cells * sizeof *row);
		for (int64_t f = 0; f < end - begin; f++)
			for (int64_t b = 0; b < from->bands; b++)
				row[b * longest + f] = frames[f * from->bands + b];
		status = gb_tensor_writer_put(writer, "mel", row, cells * sizeof *row, err);
	}
	if (!status)
		status = gb_tensor_writer_put(writer, "mel.count", count, (size_t)rows * sizeof *count, err);
	free(frames);
	free(row);
	free(count);
	return status;
}

static gb_status write_tensors(const gb_mel_job *job, const gb_mel *mel, const spool *from, gb_mel_result *result,
                               gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_ragged ragged;
	int64_t longest = 0;
	gb_status status = plan_rows(job, from, &ragged, result, &longest, err);

	if (!status)
		status = gb_tensor_writer_new(&writer, job->tool, job->params, err);
	if (!status)
		status = gb_tensor_writer_input_path(writer, "sound", job->path, err);
	if (!status)
		status = declare(job, mel, result, longest, writer, err);
	if (!status)
		status = gb_tensor_writer_begin(writer, job->out, err);
	if (!status)
		status = write_rows(&ragged, from, result->rows, longest, writer, err);
	if (!status)
		status = gb_tensor_writer_commit(writer, job->pool, err);
	gb_tensor_writer_free(writer);
	return status;
}

gb_status gb_mel_tensor_write(const gb_mel_job *job, gb_mel_result *result, gb_err *err)
{
	spool spooled = {.descriptor = -1, .bands = job->mel.bands};
	gb_audio *audio = NULL;
	gb_mel *mel = NULL;
	gb_status status = gb_mel_new(&mel, &job->mel, err);

	*result = (gb_mel_result){0};
	if (!status)
		status = gb_audio_open(&audio, job->path, &job->audio, err);
	if (!status)
		status = gb_spool_open(&spooled.descriptor, err);
	if (!status)
		status = analyse(job, audio, mel, &spooled, err);
	if (!status) {
		result->facts = *gb_audio_about(audio);
		status = write_tensors(job, mel, &spooled, result, err);
	}
	gb_audio_close(audio);
	gb_mel_free(mel);
	if (spooled.descriptor >= 0)
		close(spooled.descriptor);
	return status;
}
