/* SPDX-License-Identifier: MIT */
#include "nifti/convert.h"
#include "nifti/nifti_image.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/size.h"
#include "nifti/gzip.h"
#include "nifti/source_internal.h"

/* ---- opening ---- */

static bool ends(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return n > m && !strcasecmp(path + n - m, tail);
}

/* PATH with FROM at its end (before any .gz) replaced by TO: "a.img.gz" → "a.hdr.gz". */
static char *other_half(const char *path, const char *to, bool gz, gb_err *err)
{
	size_t stem = strlen(path) - (ends(path, ".gz") ? 7 : 4);

	return gb_format(err, "%.*s%s%s", (int)stem, path, to, gz ? ".gz" : "");
}

static gb_status find_data(gb_nifti *image, const char *head_path, gb_err *err)
{
	for (int gz = 0; gz < 2; gz++) {
		char *path = other_half(head_path, ".img", gz, err);

		if (!path)
			return GB_SYSTEM;
		if (!access(path, F_OK)) {
			image->data_path = path;
			return gb_input_open(&image->data, path, err);
		}
		free(path);
	}
	return gb_fail(err, GB_USAGE, "%s: header of a pair, and no .img beside it", image->name);
}

static gb_status read_header(gb_nifti *image, gb_err *err)
{
	const gb_input *in = &image->head;
	uint8_t bytes[GB_NIFTI_HEADER_MAX] = {0};
	size_t got = in->size < sizeof bytes ? in->size : sizeof bytes;
	gb_gunzip *gunzip;
	gb_status status;

	if (!gb_gzip_is(in->data, in->size)) {
		memcpy(bytes, in->data, got);
	} else {
		if ((status = gb_gunzip_open(&gunzip, in->data, in->size, image->name, err)))
			return status;
		status = gb_gunzip_read(gunzip, bytes, sizeof bytes, &got, err);
		gb_gunzip_close(gunzip);
		if (status)
			return status;
	}
	return gb_nifti_header_parse(&image->header, bytes, got, image->name, err);
}

static gb_status open_image(gb_nifti *image, const char *path, gb_err *err)
{
	bool half = ends(path, ".img") || ends(path, ".img.gz") || ends(path, ".hdr") ||
	            ends(path, ".hdr.gz");
	char *head = NULL;
	gb_status status = GB_SYSTEM;

	for (int gz = 0; half && gz < 2; gz++) {
		free(head);
		if (!(head = other_half(path, ".hdr", gz, err)))
			return GB_SYSTEM;
		if (!access(head, F_OK))
			break;
	}
	image->name = gb_string(strcmp(path, "-") ? path : "standard input", err);
	if (!image->name)
		goto done;
	if ((status = gb_input_open(&image->head, half && !access(head, F_OK) ? head : path, err)))
		goto done;
	if ((status = read_header(image, err)))
		goto done;
	if (image->header.pair && !half)
		status = gb_fail(err, GB_DATA, "%s: says it is the header of a .hdr/.img pair: name it so",
		                 image->name);
	else if (image->header.pair)
		status = find_data(image, head, err);
	if (!status)
		status = gb_nifti_check_size(image, err);
done:
	free(head);
	return status;
}

gb_status gb_nifti_open(gb_nifti **image, const char *path, gb_err *err)
{
	gb_status status;

	*image = calloc(1, sizeof **image);
	if (!*image)
		return gb_fail(err, GB_SYSTEM, "%s: no memory", path);
	status = open_image(*image, path, err);
	if (status) {
		gb_nifti_close(*image);
		*image = NULL;
	}
	return status;
}

void gb_nifti_close(gb_nifti *image)
{
	if (!image)
		return;
	gb_input_close(&image->head);
	gb_input_close(&image->data);
	free(image->name);
	free(image->data_path);
	free(image);
}

const gb_nifti_header *gb_nifti_header_of(const gb_nifti *image) { return &image->header; }
const char *gb_nifti_name(const gb_nifti *image) { return image->name; }
const char *gb_nifti_data_path(const gb_nifti *image) { return image->data_path; }

/* ---- gathering ---- */

#define BATCH 16 /* volumes handed to the pool at a time */

typedef struct gather {
	const gb_nifti *image;
	const gb_nifti_mask *mask;
	gb_volumes volumes;
	float *out;
	bool finite;
	const uint8_t *raw;    /* of the current block */
	int64_t block_first;
	size_t bad[BATCH];     /* 1 + index of a voxel that is not finite */
} gather;

static void gather_volume(void *context, size_t tile, int worker)
{
	gather *g = context;
	const gb_nifti_header *h = &g->image->header;
	int64_t volume = g->block_first + (int64_t)tile;
	const uint8_t *raw = g->raw + (size_t)tile * h->volume_bytes;
	float *row;
	int sound = 1;
	size_t at = 0;

	(void)worker;
	if (volume < g->volumes.first || volume >= g->volumes.end)
		return;
	row = g->out + (size_t)(volume - g->volumes.first) * g->mask->voxels;
	for (size_t r = 0; r < g->mask->runs; r++) {
		gb_nifti_convert(h, raw, g->mask->run[r].first, g->mask->run[r].count, row + at);
		at += g->mask->run[r].count;
	}
	if (!g->finite)
		return;
	for (size_t i = 0; i < at; i++)
		sound &= fabsf(row[i]) <= FLT_MAX;
	for (size_t i = 0; !sound && i < at && !g->bad[tile]; i++)
		if (!isfinite(row[i]))
			g->bad[tile] = 1 + i;
}

static gb_status report_bad(const gather *g, int64_t volume, size_t voxel, gb_err *err)
{
	const int64_t *size = g->image->header.geometry.size;
	size_t r = 0;

	while (voxel >= g->mask->run[r].count)
		voxel -= g->mask->run[r++].count;
	voxel += g->mask->run[r].first;
	return gb_fail(err, GB_DATA,
	               "%s: volume %lld, voxel %lld,%lld,%lld is NaN or Inf: give a --mask without it",
	               g->image->name, (long long)volume, (long long)voxel % size[0],
	               (long long)voxel / size[0] % size[1], (long long)voxel / size[0] / size[1]);
}

/* Convert in batches, so that the rows written stay a batch behind the volumes still to be read. */
static gb_status gather_block(void *context, const uint8_t *raw, int64_t first, int64_t count, gb_pool *pool,
                              gb_err *err)
{
	gather *g = context;

	for (int64_t at = 0; at < count; at += BATCH) {
		int64_t n = count - at < BATCH ? count - at : BATCH;

		g->raw = raw + (size_t)at * g->image->header.volume_bytes;
		g->block_first = first + at;
		memset(g->bad, 0, sizeof g->bad);
		gb_pool_run(pool, (size_t)n, gather_volume, g);
		for (int64_t t = 0; t < n; t++)
			if (g->bad[t])
				return report_bad(g, g->block_first + t, g->bad[t] - 1, err);
	}
	return GB_OK;
}

/* Row t of a batch that begins at volume b ends at most at (b + BATCH) rows; volume
 * b begins b volumes into the inflated file, which lies at the end of the room. */
size_t gb_nifti_gather_buffer(const gb_nifti *image, const gb_nifti_mask *mask, gb_volumes volumes)
{
	size_t whole = gb_nifti_whole(image), volume = image->header.volume_bytes, row, grown, room;

	if (!gb_size_mul(mask->voxels, sizeof(float), &row))
		return 0;
	if (!whole)
		return gb_size_mul((size_t)(volumes.end - volumes.first), row, &room) ? room : 0;
	if (!gb_size_mul((size_t)volumes.end, row > volume ? row - volume : 0, &grown) ||
	    !gb_size_mul(BATCH, row, &room) || !gb_size_add(room, grown, &room) ||
	    !gb_size_add(room, whole, &room))
		return 0;
	return room;
}

gb_status gb_nifti_gather(gb_nifti *image, const gb_nifti_mask *mask, gb_volumes volumes, float *out,
                          size_t room, bool finite, gb_pool *pool, gb_err *err)
{
	gather g = {.image = image, .mask = mask, .volumes = volumes, .out = out, .finite = finite};
	size_t whole = gb_nifti_whole(image), enough = gb_nifti_gather_buffer(image, mask, volumes);
	uint8_t *at_the_end = whole && enough && room >= enough ? (uint8_t *)out + room - whole : NULL;

	return gb_nifti_each(image, at_the_end, gather_block, &g, pool, err);
}

/* ---- temporal deviation ---- */

#define CHUNK 2048 /* voxels a tile */

typedef struct moments {
	const gb_nifti *image;
	size_t grid;
	float *base;        /* the first volume is subtracted, so that sums of squares stay small */
	double *sum, *square;
	const uint8_t *raw;
	int64_t first, count;
} moments;

static void add_chunk(void *context, size_t tile, int worker)
{
	moments *m = context;
	size_t at = tile * CHUNK, n = m->grid - at < CHUNK ? m->grid - at : CHUNK;
	float value[CHUNK];

	(void)worker;
	for (int64_t t = 0; t < m->count; t++) {
		gb_nifti_convert(&m->image->header, m->raw + (size_t)t * m->image->header.volume_bytes, at, n,
		                 value);
		if (m->first + t == 0)
			memcpy(m->base + at, value, n * sizeof *value);
		for (size_t i = 0; i < n; i++) {
			double d = (double)value[i] - (double)m->base[at + i];

			m->sum[at + i] += d;
			m->square[at + i] += d * d;
		}
	}
}

static gb_status add_block(void *context, const uint8_t *raw, int64_t first, int64_t count, gb_pool *pool,
                           gb_err *err)
{
	moments *m = context;

	(void)err;
	m->raw = raw;
	m->first = first;
	m->count = count;
	gb_pool_run(pool, (m->grid + CHUNK - 1) / CHUNK, add_chunk, m);
	return GB_OK;
}

gb_status gb_nifti_deviation(gb_nifti *image, double *deviation, gb_pool *pool, gb_err *err)
{
	const gb_nifti_geometry *g = &image->header.geometry;
	moments m = {.image = image, .grid = (size_t)(g->size[0] * g->size[1] * g->size[2])};
	gb_status status = GB_SYSTEM;

	m.base = gb_array(m.grid, sizeof *m.base, err);
	m.sum = m.base ? gb_array(m.grid, sizeof *m.sum, err) : NULL;
	m.square = m.sum ? gb_array(m.grid, sizeof *m.square, err) : NULL;
	if (m.square)
		status = gb_nifti_each(image, NULL, add_block, &m, pool, err);
	for (size_t i = 0; !status && i < m.grid; i++) {
		double n = (double)image->header.volumes, mean = m.sum[i] / n,
		       variance = m.square[i] / n - mean * mean;

		deviation[i] = isfinite(variance) && variance > 0 ? sqrt(variance) : 0;
	}
	free(m.base);
	free(m.sum);
	free(m.square);
	return status;
}
