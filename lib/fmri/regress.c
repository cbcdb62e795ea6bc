/* SPDX-License-Identifier: MIT */
#include "fmri/regress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fmri/zscore_rows.h"

#define CHUNK 512         /* voxels a tile: its rows fit the second-level cache for the second pass */
#define VOXELS_TO_JUDGE 8 /* with fewer voxels, volumes can repeat by chance */

void gb_volumes_check(const float *data, const gb_clock *clock, size_t voxels, uint8_t *valid,
                      int64_t *repeated, int64_t *missing)
{
	*repeated = *missing = 0;
	for (int run = 0; run < clock->runs; run++) {
		int64_t first = gb_clock_first(clock, run), end = first + clock->run[run].rows;

		for (int64_t t = first; t < end; t++) {
			const float *row = data + (size_t)t * voxels;
			bool again = t > first && !memcmp(row, row - voxels, voxels * sizeof *row),
			     flat = true;

			for (size_t i = 1; i < voxels && flat; i++)
				flat = row[i] == row[0];
			if (voxels < VOXELS_TO_JUDGE)
				again = flat = false;
			*missing += flat;
			*repeated += again && !flat;
			valid[t] = !again && !flat;
		}
	}
}

/* ---- the design of one run: orthonormal columns over its valid rows ---- */

typedef struct design {
	int64_t first, rows;
	int columns;
	double *q;     /* [columns][rows] */
	const uint8_t *valid;
	int64_t usable;
} design;

static void centre(const design *d, double *x)
{
	double sum = 0;

	for (int64_t t = 0; t < d->rows; t++)
		sum += d->valid[t] ? x[t] : 0;
	for (int64_t t = 0; t < d->rows; t++)
		x[t] = d->valid[t] ? x[t] - sum / (double)d->usable : 0;
}

static double dot(const double *a, const double *b, int64_t n)
{
	double sum = 0;

	for (int64_t t = 0; t < n; t++)
		sum += a[t] * b[t];
	return sum;
}

/* Orthonormalise the next column of q against the others; false when they already span it. */
static bool accept(design *d)
{
	double *x = d->q + (size_t)d->columns * (size_t)d->rows, before, after;

	centre(d, x);
	before = dot(x, x, d->rows);
	for (int pass = 0; pass < 2; pass++) /* twice is enough (Parlett) */
		for (int j = 0; j < d->columns; j++) {
			const double *q = d->q + (size_t)j * (size_t)d->rows;
			double share = dot(q, x, d->rows);

			for (int64_t t = 0; t < d->rows; t++)
				x[t] -= share * q[t];
		}
	after = dot(x, x, d->rows);
	if (!(after > 1e-18 * before) || before == 0)
		return false;
	for (int64_t t = 0; t < d->rows; t++)
		x[t] /= sqrt(after);
	d->columns++;
	return true;
}

/* Cosines slower than SECONDS: k = 1 … floor(2 · rows · step / seconds). */
static gb_status cosines(const char *detrend, const gb_clock *clock, int64_t rows, int64_t *count,
                         gb_err *err)
{
	gb_rational seconds, length;

	*count = 0;
	if (!detrend || !strcmp(detrend, "linear"))
		return GB_OK;
	if (strncmp(detrend, "dct:", 4) || gb_rational_parse(detrend + 4, &seconds, NULL) || seconds.num <= 0)
		return gb_fail(err, GB_USAGE, "--detrend %s: linear or dct:SECONDS is wanted", detrend);
	if (!gb_rational_mul(clock->step, (gb_rational){2 * rows, 1}, &length) ||
	    !gb_rational_div(length, seconds, &length))
		return gb_fail(err, GB_USAGE, "--detrend %s: cannot be counted exactly", detrend);
	*count = gb_rational_floor(length);
	return GB_OK;
}

static bool name_it(gb_json *names, const gb_run *run, const char *what, int64_t number)
{
	char text[GB_RUN_NAME + 128];

	if (number)
		snprintf(text, sizeof text, "%s:%s%lld", run->name, what, (long long)number);
	else
		snprintf(text, sizeof text, "%s:%.100s", run->name, what);
	return gb_json_append(names, gb_json_string(text));
}

/* The largest possible number of columns. */
static gb_status plan(design *d, const gb_clock *clock, int run, const uint8_t *valid,
                      const gb_clean_options *o, int64_t *waves, gb_err *err)
{
	gb_status status;
	int64_t most;

	memset(d, 0, sizeof *d);
	d->first = gb_clock_first(clock, run);
	d->rows = clock->run[run].rows;
	d->valid = valid + d->first;
	for (int64_t t = 0; t < d->rows; t++)
		d->usable += d->valid[t];
	if ((status = cosines(o->detrend, clock, d->rows, waves, err)))
		return status;
	most = *waves + (o->detrend && !*waves && !strcmp(o->detrend, "linear")) + o->confounds;
	if (most && most >= d->usable - 1)
		return gb_fail(err, GB_DATA, "%s: %lld regressors for %lld valid rows: take fewer",
		               clock->run[run].name, (long long)most, (long long)d->usable);
	d->q = gb_array((size_t)most * (size_t)d->rows, sizeof *d->q, err);
	return d->q ? GB_OK : GB_SYSTEM;
}

static gb_status make_design(design *d, const gb_clock *clock, int run, const uint8_t *valid,
                             const gb_clean_options *o, gb_json *names, gb_err *err)
{
	const gb_run *r = &clock->run[run];
	int64_t waves;
	gb_status status = plan(d, clock, run, valid, o, &waves, err);
	bool good = true;

	if (status)
		return status;
#define NEXT (d->q + (size_t)d->columns * (size_t)d->rows)
	if (o->detrend && !strcmp(o->detrend, "linear")) {
		for (int64_t t = 0; t < d->rows; t++)
			NEXT[t] = (double)t - (double)(d->rows - 1) / 2;
		good = !accept(d) || name_it(names, r, "linear", 0);
	}
	for (int64_t k = 1; k <= waves; k++) {
		for (int64_t t = 0; t < d->rows; t++)
			NEXT[t] = cos(M_PI * (double)k * ((double)t + 0.5) / (double)d->rows);
		good = (!accept(d) || name_it(names, r, "cosine", k)) && good;
	}
	for (int c = 0; c < o->confounds; c++) {
		double sum = 0;
		int64_t n = 0;

		for (int64_t t = 0; t < d->rows; t++) {
			double x = o->confound[(size_t)(d->first + t) * (size_t)o->confounds + (size_t)c];

			NEXT[t] = x;
			if (!isnan(x) && d->valid[t]) {
				sum += x;
				n++;
			}
		}
		for (int64_t t = 0; t < d->rows; t++)
			if (isnan(NEXT[t]))
				NEXT[t] = n ? sum / (double)n : 0;
		good = (!accept(d) || name_it(names, r, o->confound_name[c], 0)) && good;
	}
#undef NEXT
	return good ? GB_OK : gb_fail(err, GB_SYSTEM, "no memory for the names of regressors");
}

/* ---- voxels ---- */

typedef struct job {
	float *data;
	size_t voxels;
	const design *design;
	int offset;              /* of the design's first column in the whole table */
	float *trend;
	/* z-score */
	const uint8_t *valid;
	int64_t fit_first, fit_end, first, end;
	float *mean, *std;
	uint8_t *constant;
	int regressors;
} job;

static void remove_tile(void *context, size_t tile, int worker)
{
	const job *j = context;
	const design *d = j->design;
	size_t at = tile * CHUNK, n = j->voxels - at < CHUNK ? j->voxels - at : CHUNK;
	double share[CHUNK];

	(void)worker;
	/* The columns are orthonormal: removing one after the other is a joint regression. */
	for (int c = 0; c < d->columns; c++) {
		const double *q = d->q + (size_t)c * (size_t)d->rows;

		memset(share, 0, sizeof share);
		for (int64_t t = 0; t < d->rows; t++) {
			const float *row = j->data + (size_t)(d->first + t) * j->voxels + at;

			for (size_t i = 0; i < n; i++)
				share[i] += q[t] * (double)row[i];
		}
		float *keep = j->trend + (size_t)(j->offset + c) * j->voxels + at;

		for (size_t i = 0; i < n; i++)
			share[i] = (double)(keep[i] = (float)share[i]);
		for (int64_t t = 0; t < d->rows; t++) {
			float *row = j->data + (size_t)(d->first + t) * j->voxels + at;
			double w = (double)(float)q[t];

			for (size_t i = 0; i < n; i++)
				row[i] = (float)((double)row[i] - w * share[i]);
		}
	}
}

static void zscore_tile(void *context, size_t tile, int worker)
{
	const job *j = context;
	size_t at = tile * CHUNK, n = j->voxels - at < CHUNK ? j->voxels - at : CHUNK;
	double base[CHUNK] = {0}, sum[CHUNK] = {0}, square[CHUNK] = {0}, scale[CHUNK], used = 0;
	const gb_zscore_rows *loops = gb_zscore_rows_here();

	(void)worker;
	for (int64_t t = j->fit_first; t < j->fit_end; t++) {
		const float *row = j->data + (size_t)t * j->voxels + at;

		if (!j->valid[t])
			continue;
		for (size_t i = 0; used == 0 && i < n; i++)
			base[i] = (double)row[i];
		loops->add(row, base, sum, square, n);
		used++;
	}
	for (size_t i = 0; i < n; i++) {
		double mean = used > 0 ? sum[i] / used : 0,
		       variance = used > 0 ? square[i] / used - mean * mean : 0;
		double sd = variance > 0 ? sqrt(variance) : 0;

		double size = fabs(mean += base[i]);

		for (int c = 0; c < j->regressors; c++)
			size += used > 0 ? fabs((double)j->trend[(size_t)c * j->voxels + at + i]) / sqrt(used)
			                 : 0;
		if (!(sd > 4e-7 * size)) { /* a constant, but for rounding to float */
			sd = 1;
			j->constant[at + i] = 1;
		}
		j->mean[at + i] = (float)mean;
		j->std[at + i] = (float)sd;
		base[i] = mean;
		scale[i] = 1 / sd;
	}
	for (int64_t t = j->first; t < j->end; t++)
		loops->scale(j->data + (size_t)t * j->voxels + at, base, scale, n);
}

/* ---- all runs ---- */

static gb_status remove_trends(gb_clean *clean, float *data, const gb_clock *clock, size_t voxels,
                               const uint8_t *valid, const gb_clean_options *o, gb_pool *pool, gb_err *err)
{
	design *d = gb_array((size_t)clock->runs, sizeof *d, err);
	int64_t rows = gb_clock_rows(clock);
	gb_status status = d ? GB_OK : GB_SYSTEM;

	clean->names = gb_json_array();
	for (int run = 0; run < clock->runs && !status; run++) {
		status = make_design(&d[run], clock, run, valid, o, clean->names, err);
		clean->regressors += d[run].columns;
	}
	if (!status) {
		clean->trend = gb_array((size_t)clean->regressors * voxels, sizeof *clean->trend, err);
		clean->regressor = gb_array((size_t)clean->regressors * (size_t)rows,
		                            sizeof *clean->regressor, err);
		if (!clean->trend || !clean->regressor)
			status = GB_SYSTEM;
	}
	for (int run = 0, offset = 0; run < clock->runs && !status; offset += d[run++].columns) {
		job j = {.data = data, .voxels = voxels, .design = &d[run], .offset = offset,
		         .trend = clean->trend};

		gb_pool_run(pool, (voxels + CHUNK - 1) / CHUNK, remove_tile, &j);
		for (int c = 0; c < d[run].columns; c++)
			for (int64_t t = 0; t < d[run].rows; t++)
				clean->regressor[(size_t)(d[run].first + t) * (size_t)clean->regressors +
				                 (size_t)(offset + c)] = (float)d[run]
				                                             .q[(size_t)c *
				                                                    (size_t)d[run].rows +
				                                                (size_t)t];
	}
	for (int run = 0; d && run < clock->runs; run++)
		free(d[run].q);
	free(d);
	return status;
}

static gb_status standardise(gb_clean *clean, float *data, const gb_clock *clock, size_t voxels,
                             const uint8_t *valid, const gb_clean_options *o, gb_pool *pool, gb_err *err)
{
	int64_t rows = gb_clock_rows(clock);
	uint8_t *constant = gb_array(voxels, 1, err);

	clean->parts = o->zscore == GB_ZSCORE_RUN ? clock->runs : 1;
	clean->mean = gb_array((size_t)clean->parts * voxels, sizeof *clean->mean, err);
	clean->std = gb_array((size_t)clean->parts * voxels, sizeof *clean->std, err);
	if (!constant || !clean->mean || !clean->std) {
		free(constant);
		return GB_SYSTEM;
	}
	for (int part = 0; part < clean->parts; part++) {
		job j = {.data = data, .voxels = voxels, .valid = valid, .constant = constant,
		         .trend = clean->trend, .regressors = clean->regressors,
		         .mean = clean->mean + (size_t)part * voxels,
		         .std = clean->std + (size_t)part * voxels};

		if (o->zscore == GB_ZSCORE_RUN) {
			j.first = j.fit_first = gb_clock_first(clock, part);
			j.end = j.fit_end = j.first + clock->run[part].rows;
		} else {
			j.end = rows;
			j.fit_first = o->fit_first;
			j.fit_end = o->fit_end;
		}
		gb_pool_run(pool, (voxels + CHUNK - 1) / CHUNK, zscore_tile, &j);
	}
	for (size_t i = 0; i < voxels; i++)
		clean->constant += constant[i];
	free(constant);
	return GB_OK;
}

gb_status gb_clean_make(gb_clean *clean, float *data, const gb_clock *clock, size_t voxels,
                        const uint8_t *valid, const gb_clean_options *o, gb_pool *pool, gb_err *err)
{
	int64_t rows = gb_clock_rows(clock);
	gb_status status = GB_OK;

	memset(clean, 0, sizeof *clean);
	if (o->zscore == GB_ZSCORE_ROWS &&
	    (o->fit_first < 0 || o->fit_end <= o->fit_first || o->fit_end > rows ||
	     gb_clock_run_of(clock, o->fit_first) != gb_clock_run_of(clock, o->fit_end - 1)))
		return gb_fail(err, GB_USAGE,
		               "rows %lld:%lld to fit: a range inside one run of the %lld rows is wanted",
		               (long long)o->fit_first, (long long)o->fit_end, (long long)rows);
	if (o->detrend || o->confounds)
		status = remove_trends(clean, data, clock, voxels, valid, o, pool, err);
	if (!status && o->zscore != GB_ZSCORE_NONE)
		status = standardise(clean, data, clock, voxels, valid, o, pool, err);
	if (status)
		gb_clean_clear(clean);
	return status;
}

void gb_clean_clear(gb_clean *clean)
{
	free(clean->regressor);
	free(clean->trend);
	free(clean->mean);
	free(clean->std);
	gb_json_free(clean->names);
	memset(clean, 0, sizeof *clean);
}
