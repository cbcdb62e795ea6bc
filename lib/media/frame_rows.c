/* SPDX-License-Identifier: MIT */
#include "media/frame_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"

static const char spool_name[] = "temporary file (in TMPDIR)";

gb_status gb_frames_open(gb_frames *f, size_t columns, size_t size, gb_err *err)
{
	*f = (gb_frames){.descriptor = -1, .columns = columns, .size = size};
	return gb_spool_open(&f->descriptor, err);
}

gb_status gb_frames_put(gb_frames *f, const void *values, size_t count, gb_err *err)
{
	f->count += (int64_t)count;
	return gb_write_all(f->descriptor, values, count * f->columns * f->size, spool_name, err);
}

gb_status gb_frames_get(const gb_frames *f, int64_t first, int64_t count, void *values, gb_err *err)
{
	size_t frame = f->columns * f->size, size = (size_t)count * frame, done = 0;

	while (done < size) {
		ssize_t n = pread(f->descriptor, (char *)values + done, size - done,
		                  (off_t)((size_t)first * frame + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return gb_fail_errno(err, GB_SYSTEM, n ? errno : EIO, "%s", spool_name);
		done += (size_t)n;
	}
	return GB_OK;
}

void gb_frames_close(gb_frames *f)
{
	if (f->descriptor >= 0)
		close(f->descriptor);
	f->descriptor = -1;
}

gb_status gb_frame_plan_make(gb_frame_plan *plan, const gb_ragged *ragged, bool partial, int64_t want,
                             const char *name, gb_err *err)
{
	int64_t begin = 0, end;
	bool fits;

	*plan = (gb_frame_plan){.ragged = *ragged};
	fits = gb_ragged_rows(ragged, partial, &plan->rows);
	if (fits && !plan->rows)
		return gb_fail(err, GB_DATA,
		               "%s: the sound ends at %.3f s, before the first row does; --partial writes "
		               "that row",
		               name, gb_rational_double(ragged->end));
	if (fits && want > plan->rows)
		return gb_fail(err, GB_DATA, "%s: %lld rows wanted, its sound fills %lld", name,
		               (long long)want, (long long)plan->rows);
	if (want >= 0)
		plan->rows = want;
	for (int64_t row = 0; fits && row < plan->rows; row++, begin = end) {
		fits = gb_ragged_begin(ragged, row + 1, &end);
		if (fits && end - begin > plan->longest)
			plan->longest = end - begin;
	}
	if (!fits)
		return gb_fail(err, GB_DATA, "%s: times too large for exact arithmetic", name);
	plan->kept = begin;
	if (plan->longest > INT32_MAX)
		return gb_fail(err, GB_USAGE, "--tr: a row would hold %lld frames", (long long)plan->longest);
	return GB_OK;
}

gb_status gb_frame_rows_declare(const gb_frame_plan *plan, const gb_frames *f, const char *run,
                                gb_tensor_spec *spec, const char *count_name, const char *count_doc,
                                gb_tensor_writer *writer, gb_err *err)
{
	gb_clock clock = gb_clock_single(plan->ragged.step, run, plan->rows, plan->ragged.start);
	gb_tensor_spec count = {.name = count_name,
	                        .dtype = GB_I32,
	                        .rank = 1,
	                        .shape = {plan->rows},
	                        .dims = "time",
	                        .clock = &clock,
	                        .unit = "frames",
	                        .doc = count_doc};
	gb_status status;

	spec->rank = 3;
	spec->shape[0] = plan->rows;
	spec->shape[1] = (int64_t)f->columns;
	spec->shape[2] = plan->longest;
	spec->clock = &clock;
	gb_json_set(spec->attributes, "total", gb_json_integer(f->count));
	gb_json_set(spec->attributes, "kept", gb_json_integer(plan->kept));
	status = gb_tensor_writer_add(writer, spec, err);
	return status ? status : gb_tensor_writer_add(writer, &count, err);
}

gb_status gb_frame_rows_write(const gb_frame_plan *plan, const gb_frames *f, int pad,
                              gb_tensor_writer *writer, const char *name, const char *count_name, gb_err *err)
{
	size_t longest = (size_t)plan->longest, bytes = longest * f->columns * f->size;
	char *frames = gb_array(bytes, 1, err), *row = gb_array(bytes, 1, err);
	int32_t *count = gb_array((size_t)plan->rows, sizeof *count, err);
	gb_status status = frames && row && count ? GB_OK : GB_SYSTEM;
	int64_t begin = 0, end;

	for (int64_t i = 0; i < plan->rows && !status; i++, begin = end) {
		if (!gb_ragged_begin(&plan->ragged, i + 1, &end))
			end = begin; /* cannot be: the plan went through all rows */
		count[i] = (int32_t)(end - begin);
		status = gb_frames_get(f, begin, end - begin, frames, err);
		if (status)
			break;
		memset(row, pad, bytes);
		for (size_t k = 0; k < (size_t)(end - begin); k++)
			for (size_t c = 0; c < f->columns; c++)
				memcpy(row + (c * longest + k) * f->size,
				       frames + (k * f->columns + c) * f->size, f->size);
		status = gb_tensor_writer_put(writer, name, row, bytes, err);
	}
	if (!status)
		status = gb_tensor_writer_put(writer, count_name, count, (size_t)plan->rows * sizeof *count,
		                              err);
	free(frames);
	free(row);
	free(count);
	return status;
}

gb_status gb_frame_begins(gb_tensor_file *file, const char *count_name, int64_t rows, int64_t longest,
                          int64_t **out, gb_err *err)
{
	const char *name = gb_tensor_file_name(file);
	const gb_tensor *count;
	int64_t *begin;
	gb_status status = gb_tensor_file_need(file, count_name, GB_I32, 1, &count, err);

	*out = NULL;
	if (status)
		return status;
	if (count->shape[0] != rows)
		return gb_fail(err, GB_DATA, "%s: %s: %lld rows, %lld are wanted", name, count_name,
		               (long long)count->shape[0], (long long)rows);
	if (!(begin = *out = gb_array((size_t)rows + 1, sizeof *begin, err)))
		return GB_SYSTEM;
	for (int64_t i = 0; i < rows; i++) {
		int32_t n = ((const int32_t *)count->data)[i];

		if (n < 0 || n > longest)
			return gb_fail(err, GB_DATA, "%s: %s: row %lld holds %d, 0 to %lld is wanted", name,
			               count_name, (long long)i, n, (long long)longest);
		begin[i + 1] = begin[i] + n;
	}
	return GB_OK;
}
