/* SPDX-License-Identifier: MIT */
#include "ridge/linear_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"

enum { CHUNK = 128 }; /* rows predicted at a time: bounds memory, never the bits */

void gb_ridge_standardise(float *x, const float *mean, const float *std, size_t width)
{
	for (size_t i = 0; i < width; i++)
		x[i] = std[i] > 0 ? (x[i] - mean[i]) / std[i] : 0;
}

static int by_row(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

gb_status gb_ridge_rows_read(const gb_delays *delays, const gb_clock *clock, const int64_t *rows,
                             size_t count, int64_t **have, int32_t **run, size_t *have_count, gb_err *err)
{
	size_t n = 0, kept = 0, cells;

	*have = NULL;
	*run = NULL;
	if (!gb_size_mul(count, (size_t)delays->length, &cells))
		return gb_fail(err, GB_SYSTEM, "too many rows");
	*have = gb_array(cells, sizeof **have, err);
	*run = *have ? gb_array(cells, sizeof **run, err) : NULL;
	if (!*run) {
		free(*have);
		*have = NULL;
		return GB_SYSTEM;
	}
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < delays->length; k++) {
			int64_t row = rows[i] - delays->first - k;

			if (row >= 0 && gb_clock_run_of(clock, row) == gb_clock_run_of(clock, rows[i]))
				(*have)[n++] = row;
		}
	qsort(*have, n, sizeof **have, by_row);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || (*have)[i] != (*have)[kept - 1])
			(*have)[kept++] = (*have)[i];
	for (size_t i = 0; i < kept; i++)
		(*run)[i] = gb_clock_run_of(clock, (*have)[i]);
	*have_count = kept;
	return GB_OK;
}

/* The tables and work arrays of one chunk of rows. */
typedef struct chunk {
	const gb_linear_map *map;
	gb_row_list wanted, have;
	int32_t *table, *train_table; /* of the wanted rows, of the train rows */
	float *x, *gram, *kernel;
	double *wide, *wide_kernel;
	gb_pool *pool;
} chunk;

static gb_status dual_band(chunk *c, const gb_linear_map_band *band, float *out, gb_err *err)
{
	const gb_linear_map *map = c->map;
	size_t have = c->have.count, stored = map->have.count, n = map->train.count;
	gb_status status;

	free(c->gram);
	free(c->wide);
	free(c->kernel);
	free(c->wide_kernel);
	c->gram = gb_array(have * stored, sizeof *c->gram, err);
	c->wide = c->gram ? gb_array(have * stored, sizeof *c->wide, err) : NULL;
	c->kernel = c->wide ? gb_array(c->wanted.count * n, sizeof *c->kernel, err) : NULL;
	c->wide_kernel = c->kernel ? gb_array(c->wanted.count * n, sizeof *c->wide_kernel, err) : NULL;
	if (!c->wide_kernel)
		return GB_SYSTEM;
	status = gb_matrix_product(c->pool, (gb_product_size){have, stored, band->width},
	                           (gb_operand){c->x, band->width, GB_AS_STORED},
	                           (gb_operand){band->x, band->width, GB_TRANSPOSED}, c->gram, stored, false,
	                           err);
	if (status)
		return status;
	for (size_t i = 0; i < have * stored; i++)
		c->wide[i] = (double)c->gram[i];
	status = gb_delays_kernel(&map->delays, c->pool, c->wide, stored,
	                          (gb_delayed_rows){c->table, c->wanted.count},
	                          (gb_delayed_rows){c->train_table, n}, c->wide_kernel, err);
	if (status)
		return status;
	for (size_t i = 0; i < c->wanted.count * n; i++)
		c->kernel[i] = (float)c->wide_kernel[i];
	return gb_matrix_product(c->pool, (gb_product_size){c->wanted.count, map->targets, n},
	                         (gb_operand){c->kernel, n, GB_AS_STORED},
	                         (gb_operand){band->coefficient, map->targets, GB_AS_STORED}, out,
	                         map->targets, true, err);
}

static gb_status primal_band(chunk *c, const gb_linear_map_band *band, float *out, gb_err *err)
{
	const gb_linear_map *map = c->map;
	size_t columns = (size_t)map->delays.filters * band->width;

	free(c->kernel);
	c->kernel = gb_array(c->wanted.count * columns, sizeof *c->kernel, err);
	if (!c->kernel)
		return GB_SYSTEM;
	gb_delays_design(&map->delays, c->table, c->wanted.count, c->x, band->width, c->kernel);
	return gb_matrix_product(c->pool, (gb_product_size){c->wanted.count, map->targets, columns},
	                         (gb_operand){c->kernel, columns, GB_AS_STORED},
	                         (gb_operand){band->coefficient, map->targets, GB_AS_STORED}, out,
	                         map->targets, true, err);
}

static gb_status predict_chunk(chunk *c, gb_ridge_reader reader, float *out, gb_err *err)
{
	const gb_linear_map *map = c->map;
	gb_status status = GB_OK;

	for (size_t i = 0; i < c->wanted.count; i++)
		memcpy(out + i * map->targets, map->mean, map->targets * sizeof *out);
	for (size_t b = 0; !status && b < map->bands; b++) {
		const gb_linear_map_band *band = &map->band[b];

		free(c->x);
		c->x = gb_array(c->have.count * band->width, sizeof *c->x, err);
		if (!c->x)
			return GB_SYSTEM;
		for (size_t i = 0; i < c->have.count; i++) {
			reader.read(reader.context, b, c->have.row[i], c->x + i * band->width);
			gb_ridge_standardise(c->x + i * band->width, band->mean, band->std, band->width);
		}
		status = band->dual ? dual_band(c, band, out, err) : primal_band(c, band, out, err);
	}
	return status;
}

gb_status gb_linear_map_predict(const gb_linear_map *map, gb_ridge_reader reader, const gb_clock *clock,
                                const int64_t *rows, size_t count, float *out, gb_pool *pool, gb_err *err)
{
	gb_status status = GB_OK;
	int32_t *train_table = gb_delays_table(&map->delays, &map->train, &map->have, err);

	if (!train_table)
		return GB_SYSTEM;
	for (size_t at = 0; !status && at < count; at += CHUNK) {
		size_t n = count - at < CHUNK ? count - at : CHUNK;
		int64_t *have = NULL;
		int32_t *run = NULL, wanted_run[CHUNK];
		chunk c = {.map = map, .train_table = train_table, .pool = pool};

		for (size_t i = 0; i < n; i++)
			wanted_run[i] = gb_clock_run_of(clock, rows[at + i]);
		status = gb_ridge_rows_read(&map->delays, clock, rows + at, n, &have, &run, &c.have.count,
		                            err);
		c.have.row = have;
		c.have.run = run;
		c.wanted = (gb_row_list){n, rows + at, wanted_run};
		c.table = status ? NULL : gb_delays_table(&map->delays, &c.wanted, &c.have, err);
		if (!status)
			status = c.table ? predict_chunk(&c, reader, out + at * map->targets, err)
			                 : GB_SYSTEM;
		free(have);
		free(run);
		free(c.table);
		free(c.x);
		free(c.gram);
		free(c.kernel);
		free(c.wide);
		free(c.wide_kernel);
	}
	free(train_table);
	return status;
}
