/* SPDX-License-Identifier: MIT */
#include "fmri/average.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define CHUNK 4096 /* values a tile */

typedef struct people {
	int count;
	gb_tensor_file **file;
	const gb_tensor **bold;
	const uint8_t **valid; /* [rows] or NULL */
	gb_clock clock;
	size_t rows, voxels;
	float *out;
	uint8_t *out_valid;
} people;

static gb_status check_mask(const people *p, int i, gb_err *err)
{
	const char *name = gb_tensor_file_name(p->file[i]), *first = gb_tensor_file_name(p->file[0]);
	const gb_tensor *a, *b;
	gb_status status;

	if (!gb_tensor_file_find(p->file[0], "bold.mask") != !gb_tensor_file_find(p->file[i], "bold.mask"))
		return gb_fail(err, GB_DATA,
		               "%s: only one of it and %s has a bold.mask: make both with the same --mask",
		               name, first);
	if (!gb_tensor_file_find(p->file[0], "bold.mask"))
		return GB_OK;
	if ((status = gb_tensor_file_need(p->file[0], "bold.mask", GB_U8, 3, &a, err)) ||
	    (status = gb_tensor_file_need(p->file[i], "bold.mask", GB_U8, 3, &b, err)))
		return status;
	if (memcmp(a->shape, b->shape, 3 * sizeof *a->shape) || memcmp(a->data, b->data, a->bytes) ||
	    !gb_json_equal(gb_tensor_file_attribute(p->file[0], "bold.mask", "affine"),
	                   gb_tensor_file_attribute(p->file[i], "bold.mask", "affine")))
		return gb_fail(err, GB_DATA, "%s: another mask than %s: make both with the same --mask", name,
		               first);
	return GB_OK;
}

static gb_status open_one(people *p, int i, const char *path, gb_err *err)
{
	const gb_tensor *valid;
	gb_clock clock;
	gb_status status;

	if ((status = gb_tensor_file_open(&p->file[i], path, err)) ||
	    (status = gb_tensor_file_need(p->file[i], "bold", GB_FOREIGN, 2, &p->bold[i], err)) ||
	    (status = gb_tensor_file_clock(p->file[i], "bold", &clock, err)))
		return status;
	if (i == 0) {
		p->clock = clock;
		p->rows = (size_t)p->bold[0]->shape[0];
		p->voxels = (size_t)p->bold[0]->shape[1];
	} else if (!gb_clock_equal(&clock, &p->clock)) {
		return gb_fail(err, GB_DATA,
		               "%s: another clock than %s: same --tr, --start, --runs and --rows are wanted",
		               path, gb_tensor_file_name(p->file[0]));
	} else if ((size_t)p->bold[i]->shape[1] != p->voxels) {
		return gb_fail(err, GB_DATA, "%s: %lld voxels, %s has %zu: make both with the same --mask",
		               path, (long long)p->bold[i]->shape[1], gb_tensor_file_name(p->file[0]),
		               p->voxels);
	}
	if ((status = check_mask(p, i, err)))
		return status;
	if (gb_tensor_file_find(p->file[i], "bold.valid")) {
		if ((status = gb_tensor_file_need(p->file[i], "bold.valid", GB_U8, 1, &valid, err)))
			return status;
		if ((size_t)valid->shape[0] != p->rows)
			return gb_fail(err, GB_DATA, "%s: bold.valid has %lld rows, bold %zu", path,
			               (long long)valid->shape[0], p->rows);
		p->valid[i] = valid->data;
	}
	return GB_OK;
}

static void average_row(void *context, size_t row, int worker)
{
	const people *p = context;
	double sum[CHUNK];
	float value[CHUNK];
	int used = 0;

	(void)worker;
	for (int i = 0; i < p->count; i++)
		used += !p->valid[i] || p->valid[i][row];
	p->out_valid[row] = used == p->count;
	for (size_t at = 0; at < p->voxels; at += CHUNK) {
		size_t n = p->voxels - at < CHUNK ? p->voxels - at : CHUNK;

		memset(sum, 0, sizeof sum);
		for (int i = 0; i < p->count; i++) {
			if (p->valid[i] && !p->valid[i][row])
				continue;
			gb_dtype_to_float(p->bold[i]->dtype, p->bold[i]->data, row * p->voxels + at, n,
			                  value);
			for (size_t v = 0; v < n; v++)
				sum[v] += (double)value[v];
		}
		for (size_t v = 0; v < n; v++)
			p->out[row * p->voxels + at + v] = used ? (float)(sum[v] / used) : 0;
	}
}

static gb_status write_mean(people *p, const char *tool, const gb_json *params, const char *out,
                            gb_pool *pool, gb_err *err)
{
	gb_tensor_writer *w = NULL;
	gb_tensor_spec bold = {.name = "bold", .dtype = GB_F32, .rank = 2,
	                       .shape = {(int64_t)p->rows, (int64_t)p->voxels}, .dims = "time,voxel",
	                       .clock = &p->clock, .doc = "mean over subjects"};
	gb_tensor_spec valid = {.name = "bold.valid", .dtype = GB_U8, .rank = 1, .shape = {(int64_t)p->rows},
	                        .dims = "time", .clock = &p->clock,
	                        .doc = "1 where the volume is valid in every subject"};
	gb_status status;

	GB_TRY(gb_tensor_writer_new(&w, tool, params, err));
	for (int i = 0; i < p->count; i++)
		GB_TRY(gb_tensor_writer_input_file(w, "subject", p->file[i], err));
	bold.unit = gb_json_text(gb_tensor_file_attribute(p->file[0], "bold", "unit"));
	bold.attributes = gb_json_object();
	gb_json_set(bold.attributes, "subjects", gb_json_integer(p->count));
	GB_TRY(gb_tensor_writer_add(w, &bold, err));
	GB_TRY(gb_tensor_writer_add(w, &valid, err));
	if (gb_tensor_file_find(p->file[0], "bold.mask"))
		GB_TRY(gb_tensor_writer_add_copy(w, p->file[0], "bold.mask", err));
	GB_TRY(gb_tensor_writer_begin(w, out, err));
	p->out = gb_tensor_writer_data(w, "bold");
	p->out_valid = gb_tensor_writer_data(w, "bold.valid");
	if (!p->out || !p->out_valid)
		GB_TRY(gb_fail(err, GB_SYSTEM, "no room for the average"));
	gb_pool_run(pool, p->rows, average_row, p);
	GB_TRY(gb_tensor_writer_commit(w, pool, err));
done:
	gb_tensor_writer_free(w);
	return status;
}

gb_status gb_average(char *const *path, int count, const char *tool, const gb_json *params, const char *out,
                     gb_pool *pool, gb_err *err)
{
	people p = {.count = count};
	gb_status status = GB_SYSTEM;

	if (!(p.file = gb_array((size_t)count, sizeof *p.file, err)) ||
	    !(p.bold = gb_array((size_t)count, sizeof *p.bold, err)) ||
	    !(p.valid = gb_array((size_t)count, sizeof *p.valid, err)))
		goto done;
	for (int i = 0; i < count; i++)
		GB_TRY(open_one(&p, i, path[i], err));
	GB_TRY(write_mean(&p, tool, params, out, pool, err));
done:
	for (int i = 0; p.file && i < count; i++)
		gb_tensor_file_close(p.file[i]);
	free(p.file);
	free(p.bold);
	free(p.valid);
	return status;
}
