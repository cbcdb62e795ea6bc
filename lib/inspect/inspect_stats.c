/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "inspect/inspect_tensor.h"
#include "inspect/text_table.h"

enum { TILE = 1 << 18, CHUNK = 2048 };

/* What one tile of elements holds; M2 is the sum of squared distances from the mean. */
typedef struct part {
	size_t finite, nan, inf, zeros;
	double min, max, mean, m2;
} part;

typedef struct job {
	const gb_tensor *tensor;
	part *part;
	size_t row_bytes, rows;
	uint8_t *changes; /* per column: some row differs from the first */
} job;

static void add_chunk(part *p, const double *value, size_t count)
{
	double sum = 0, m2 = 0, mean, delta;
	size_t finite = 0;

	for (size_t i = 0; i < count; i++) {
		double v = value[i];
		if (isnan(v)) {
			p->nan++;
			continue;
		}
		p->min = v < p->min ? v : p->min;
		p->max = v > p->max ? v : p->max;
		p->zeros += v == 0;
		if (isinf(v)) {
			p->inf++;
			continue;
		}
		sum += v;
		finite++;
	}
	if (!finite)
		return;
	mean = sum / (double)finite;
	for (size_t i = 0; i < count; i++)
		if (isfinite(value[i]))
			m2 += (value[i] - mean) * (value[i] - mean);
	/* Chan, Golub, LeVeque 1979 */
	delta = mean - p->mean;
	p->m2 += m2 + delta * delta * ((double)p->finite * (double)finite / (double)(p->finite + finite));
	p->mean += delta * ((double)finite / (double)(p->finite + finite));
	p->finite += finite;
}

static void tile_values(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t first = tile * TILE,
	       end = first + TILE < j->tensor->elements ? first + TILE : j->tensor->elements;
	part *p = &j->part[tile];
	double value[CHUNK];

	(void)worker;
	p->min = INFINITY;
	p->max = -INFINITY;
	for (size_t i = first; i < end; i += CHUNK) {
		size_t count = end - i < CHUNK ? end - i : CHUNK;
		gb_dtype_to_double(j->tensor->dtype, j->tensor->data, i, count, value);
		add_chunk(p, value, count);
	}
}

/* A tile is a range of columns, so that no two tiles write the same flag. */
static void tile_columns(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t size = gb_dtype_size(j->tensor->dtype), columns = j->row_bytes / size;
	size_t first = tile * CHUNK, end = first + CHUNK < columns ? first + CHUNK : columns;
	const uint8_t *data = j->tensor->data;

	(void)worker;
	for (size_t row = 1; row < j->rows; row++) {
		const uint8_t *this_row = data + row * j->row_bytes;
		if (memcmp(this_row + first * size, data + first * size, (end - first) * size) == 0)
			continue;
		for (size_t k = first; k < end; k++)
			j->changes[k] |= memcmp(this_row + k * size, data + k * size, size) != 0;
	}
}

static gb_status constant_columns(const gb_tensor *tensor, gb_pool *pool, gb_tensor_stats *stats, gb_err *err)
{
	size_t rows = tensor->rank > 1 ? (size_t)tensor->shape[0] : 0;
	job j = {.tensor = tensor, .rows = rows};

	if (rows < 2 || !tensor->elements)
		return GB_OK;
	j.row_bytes = tensor->bytes / rows;
	stats->columns = (int64_t)(tensor->elements / rows);
	j.changes = gb_array((size_t)stats->columns, 1, err);
	if (!j.changes)
		return GB_SYSTEM;
	gb_pool_run(pool, ((size_t)stats->columns + CHUNK - 1) / CHUNK, tile_columns, &j);
	for (int64_t k = 0; k < stats->columns; k++)
		stats->constant += !j.changes[k];
	free(j.changes);
	return GB_OK;
}

gb_status gb_tensor_stats_of(const gb_tensor *tensor, gb_pool *pool, gb_tensor_stats *stats, gb_err *err)
{
	size_t tiles = (tensor->elements + TILE - 1) / TILE;
	job j = {.tensor = tensor};
	part all = {.min = INFINITY, .max = -INFINITY};

	*stats =
	    (gb_tensor_stats){.count = tensor->elements, .min = NAN, .max = NAN, .mean = NAN, .std = NAN};
	if (tensor->dtype == GB_FOREIGN)
		return gb_fail(err, GB_DATA, "tensor %s: its type %s is foreign: values cannot be read",
		               tensor->name, tensor->dtype_name);
	j.part = gb_array(tiles, sizeof *j.part, err);
	if (!j.part)
		return GB_SYSTEM;
	gb_pool_run(pool, tiles, tile_values, &j);
	for (size_t t = 0; t < tiles; t++) {
		const part *p = &j.part[t];
		double weight = (double)(all.finite + p->finite), delta = p->mean - all.mean;
		all.nan += p->nan;
		all.inf += p->inf;
		all.zeros += p->zeros;
		all.min = fmin(all.min, p->min);
		all.max = fmax(all.max, p->max);
		if (!p->finite)
			continue;
		all.m2 += p->m2 + delta * delta * ((double)all.finite * (double)p->finite / weight);
		all.mean += delta * ((double)p->finite / weight);
		all.finite += p->finite;
	}
	free(j.part);
	stats->nan = all.nan;
	stats->inf = all.inf;
	stats->zeros = all.zeros;
	if (tensor->elements > all.nan) {
		stats->min = all.min;
		stats->max = all.max;
	}
	if (all.finite) {
		stats->mean = all.mean;
		stats->std = isnan(all.m2) ? INFINITY
		                           : sqrt(all.m2 / (double)all.finite); /* beyond a double's range */
	}
	return constant_columns(tensor, pool, stats, err);
}

gb_status gb_inspect_read_stats(gb_tensor_file *file, const gb_tensor **tensor, gb_pool *pool,
                                gb_tensor_stats *stats, gb_err *err)
{
	gb_status status = gb_tensor_file_need(file, (*tensor)->name, GB_FOREIGN, -1, tensor, err);

	return status ? status : gb_tensor_stats_of(*tensor, pool, stats, err);
}

static void number_cell(gb_text_table *columns, double value) { gb_text_table_cell(columns, "%.6g", value); }

static void count_cell(gb_text_table *columns, size_t count)
{
	if (count)
		gb_text_table_cell(columns, "%zu", count);
	else
		gb_text_table_cell(columns, "0");
}

gb_status gb_inspect_stats(FILE *out, gb_tensor_file *file, const char *tensor, gb_pool *pool, gb_err *err)
{
	static const char *const heading[] = {
	    "name", "dtype", "shape", "min", "max", "mean", "std", "NaN", "Inf", "zeros", "constant columns"};
	const gb_tensor *one;
	gb_text_table *columns = NULL;
	gb_status status;

	if (tensor)
		GB_TRY(gb_inspect_find(file, tensor, &one, err));
	GB_TRY(gb_text_table_new(&columns, heading, "lllrrrrrrrr", err));
	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const gb_tensor *t = gb_tensor_file_at(file, i);
		gb_tensor_stats s;
		if (tensor && strcmp(t->name, tensor) != 0)
			continue;
		gb_text_table_cell(columns, "%s", t->name);
		gb_text_table_cell(columns, "%s", t->dtype_name);
		gb_inspect_shape_cell(columns, t);
		if (t->dtype == GB_FOREIGN) {
			for (int k = 3; k < 11; k++)
				gb_text_table_cell(columns, "%s", k == 3 ? "foreign" : "");
			continue;
		}
		GB_TRY(gb_inspect_read_stats(file, &t, pool, &s, err));
		number_cell(columns, s.min);
		number_cell(columns, s.max);
		number_cell(columns, s.mean);
		number_cell(columns, s.std);
		count_cell(columns, s.nan);
		count_cell(columns, s.inf);
		count_cell(columns, s.zeros);
		if (s.columns)
			gb_text_table_cell(columns, "%lld of %lld", (long long)s.constant,
			                   (long long)s.columns);
		else
			gb_text_table_cell(columns, "–");
	}
	status = gb_text_table_print(columns, out, "", err);
done:
	gb_text_table_free(columns);
	return status;
}
