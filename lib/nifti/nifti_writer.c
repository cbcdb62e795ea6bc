/* SPDX-License-Identifier: MIT */
#include "nifti/encode.h"
#include "nifti/nifti_writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"
#include "nifti/gzip.h"

struct gb_nifti_writer {
	gb_output output;
	bool opened;
	gb_gzip *gzip;
	size_t grid;
	int64_t volumes, written;
	float *volume; /* [grid] */
};

static gb_status sink(void *context, const void *data, size_t size, gb_err *err)
{
	return size ? gb_output_write(context, data, size, err) : GB_OK;
}

static gb_status emit(gb_nifti_writer *w, const void *data, size_t size, gb_err *err)
{
	return w->gzip ? gb_gzip_write(w->gzip, data, size, err)
	               : gb_output_write(&w->output, data, size, err);
}

static bool wants_gzip(const char *path)
{
	size_t n = path ? strlen(path) : 0;

	return n > 3 && !strcmp(path + n - 3, ".gz");
}

static gb_status start(gb_nifti_writer *w, const char *path, const gb_nifti_geometry *g, int64_t volumes,
                       gb_rational tr, const char *description, gb_nifti_type type, gb_err *err)
{
	uint8_t header[GB_NIFTI_HEADER_MAX];
	size_t length = gb_nifti_header_make(header, g, volumes, tr, type);
	gb_status status = gb_output_open(&w->output, path, true, err);

	if (status)
		return status;
	w->opened = true;
	if (description) {
		size_t n = strlen(description) < 79 ? strlen(description) : 79;

		memcpy(header + (length == 352 ? 148 : 240), description, n);
	}
	if (wants_gzip(path) && (status = gb_gzip_open(&w->gzip, sink, &w->output, err)))
		return status;
	return emit(w, header, length, err);
}

gb_status gb_nifti_writer_open(gb_nifti_writer **writer, const char *path, const gb_nifti_geometry *g,
                               int64_t volumes, gb_rational tr, const char *description, gb_err *err)
{
	gb_nifti_writer *w = calloc(1, sizeof *w);
	gb_status status = GB_SYSTEM;

	*writer = NULL;
	if (!w)
		return gb_fail(err, GB_SYSTEM, "no memory to write an image");
	w->grid = (size_t)(g->size[0] * g->size[1] * g->size[2]);
	w->volumes = volumes ? volumes : 1;
	w->volume = gb_array(w->grid, sizeof *w->volume, err);
	if (w->volume)
		status = start(w, path, g, volumes, tr, description, GB_NIFTI_F32, err);
	if (status) {
		gb_nifti_writer_free(w);
		return status;
	}
	*writer = w;
	return GB_OK;
}

gb_status gb_nifti_writer_volume(gb_nifti_writer *w, const gb_nifti_mask *mask, const float *value,
                                 gb_err *err)
{
	for (size_t r = 0; r < mask->runs; r++) {
		memcpy(w->volume + mask->run[r].first, value, mask->run[r].count * sizeof *value);
		value += mask->run[r].count;
	}
	w->written++;
	return emit(w, w->volume, w->grid * sizeof *w->volume, err);
}

gb_status gb_nifti_writer_commit(gb_nifti_writer *w, gb_err *err)
{
	gb_status status;

	if (w->written != w->volumes)
		return gb_fail(err, GB_DATA, "%s: %lld of %lld volumes were made", w->output.name,
		               (long long)w->written, (long long)w->volumes);
	if (w->gzip && (status = gb_gzip_finish(w->gzip, err)))
		return status;
	return gb_output_commit(&w->output, err);
}

void gb_nifti_writer_free(gb_nifti_writer *w)
{
	if (!w)
		return;
	if (w->opened)
		gb_output_abort(&w->output);
	gb_gzip_free(w->gzip);
	free(w->volume);
	free(w);
}

gb_status gb_nifti_mask_write(const char *path, const gb_nifti_mask *mask, gb_err *err)
{
	gb_nifti_writer w = {.volumes = 1, .written = 1};
	gb_status status = start(&w, path, &mask->geometry, 0, (gb_rational){0, 1}, NULL, GB_NIFTI_U8, err);

	if (!status)
		status = emit(&w, mask->inside, mask->grid, err);
	if (!status)
		status = gb_nifti_writer_commit(&w, err);
	if (w.opened)
		gb_output_abort(&w.output);
	gb_gzip_free(w.gzip);
	return status;
}
