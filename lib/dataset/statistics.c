/* SPDX-License-Identifier: MIT */
#include "dataset/statistics.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

enum { TILE = 2048 }; /* elements a tile: never depends on the threads */

typedef struct not_finite { int64_t row; size_t element; double value; } not_finite; /* row −1: none */

typedef struct summing {
	const gb_dataset *set;
	const gb_bound *bound;
	float *mean, *std;
	not_finite *first_bad; /* [tiles] */
	double *scratch; /* [workers][4 · TILE] */
} summing;

static bool is_float(gb_dtype dtype)
{
	return dtype == GB_F16 || dtype == GB_BF16 || dtype == GB_F32 || dtype == GB_F64;
}

/* Add one row to the sums.  Differences from the first row seen keep them exact
 * where the mean is large against the deviation. */
typedef struct moments { double *origin, *sum, *squares; uint32_t *rows; } moments;

static void add_row(moments m, const gb_bound *bound, int64_t count, size_t first, size_t n,
                    const double *value)
{
	for (size_t i = 0; i < n; i++) {
		double d;

		if (bound->ragged && !gb_bound_inside(bound, first + i, count))
			continue;
		if (m.rows[i]++ == 0)
			m.origin[i] = value[i];
		d = value[i] - m.origin[i];
		m.sum[i] += d;
		m.squares[i] += d * d;
	}
}

static void tile_statistics(void *context, size_t tile, int worker)
{
	summing *job = context;
	const gb_bound *bound = job->bound;
	const gb_feature *f = &bound->feature;
	size_t first = tile * TILE, n = f->elements - first < TILE ? f->elements - first : TILE, i;
	double *value = job->scratch + (size_t)worker * 4 * TILE, *origin = value + TILE,
	       *sum = origin + TILE, *squares = sum + TILE;
	uint32_t rows[TILE] = {0};
	bool check = is_float(f->dtype);
	not_finite *bad = &job->first_bad[tile];

	bad->row = -1;
	for (i = 0; i < n; i++)
		sum[i] = squares[i] = origin[i] = 0;
	for (int64_t r = 0; r < job->set->rows; r++) {
		bool train = job->set->use[r] == GB_ROW_TRAIN;

		if ((f->valid && !f->valid[r]) || (!train && !check))
			continue;
		gb_dtype_to_double(f->dtype, gb_dataset_row(job->set, f, r), first, n, value);
		for (i = 0; check && i < n; i++)
			if (!isfinite(value[i]) && bad->row < 0)
				*bad = (not_finite){r, first + i, value[i]};
		if (bad->row >= 0)
			return;
		if (train)
			add_row((moments){origin, sum, squares, rows}, bound,
			        bound->ragged ? gb_dataset_count(job->set, f, r) : 0, first, n, value);
	}
	for (i = 0; i < n; i++) {
		double mean = rows[i] ? sum[i] / rows[i] : 0,
		       variance = rows[i] ? squares[i] / rows[i] - mean * mean : 0;
		float std = (float)sqrt(variance > 0 ? variance : 0);

		job->mean[first + i] = (float)(mean + origin[i]);
		job->std[first + i] = std > 0 ? std : 1;
	}
}

static gb_status report_bad(const gb_dataset *set, const gb_bound *bound, const not_finite *tiles,
                            size_t count, gb_err *err)
{
	const not_finite *worst = NULL;
	int run;

	for (size_t i = 0; i < count; i++)
		if (tiles[i].row >= 0 && (!worst || tiles[i].row < worst->row))
			worst = &tiles[i];
	if (!worst)
		return GB_OK;
	run = gb_clock_run_of(&set->clock, worst->row);
	return gb_fail(err, GB_DATA,
	               "%s: %s: row %lld, value %zu is %g: finite numbers are wanted in rows that %s.valid "
	               "does not exclude",
	               gb_tensor_file_name(bound->span[run].file), bound->feature.name,
	               (long long)(bound->span[run].first + worst->row - gb_clock_first(&set->clock, run)),
	               worst->element, worst->value, bound->feature.name);
}

gb_status gb_set_statistics(const gb_dataset *set, float **stats, gb_pool *pool, gb_err *err)
{
	double *scratch = gb_array((size_t)gb_pool_threads(pool) * 4 * TILE, sizeof *scratch, err);
	gb_status status = scratch ? GB_OK : GB_SYSTEM;

	for (size_t i = 0; !status && i < set->features; i++) {
		const gb_bound *bound = &set->bound[i];
		size_t elements = bound->feature.elements, tiles = (elements + TILE - 1) / TILE;
		summing job = {.set = set, .bound = bound, .scratch = scratch};

		if (bound->tokens)
			continue;
		stats[i] = gb_array(elements, 2 * sizeof(float), err);
		job.first_bad = gb_array(tiles, sizeof *job.first_bad, err);
		if (stats[i] && job.first_bad) {
			job.mean = stats[i];
			job.std = stats[i] + elements;
			gb_pool_run(pool, tiles, tile_statistics, &job);
			status = report_bad(set, bound, job.first_bad, tiles, err);
		} else {
			status = GB_SYSTEM;
		}
		free(job.first_bad);
		for (size_t p = 0; p < bound->parts; p++)
			gb_member_release(&set->member[bound->part[p].member]);
	}
	free(scratch);
	return status;
}
