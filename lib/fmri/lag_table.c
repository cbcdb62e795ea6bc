/* SPDX-License-Identifier: MIT */
#include "fmri/lag_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "fmri/convolve.h"
#include "linalg/principal_components.h"
#include "fmri/hrf.h"

#define FACTOR_VOXELS 8192 /* voxels from which the factors are computed, at most */
#define ROWS_MIN 40

/* ---- features ---- */

/* Columns of X [rows, columns] to mean 0 and, with SPREAD, standard deviation 1 (constant: 0). */
static gb_status centre(float *x, size_t rows, size_t columns, bool spread, gb_err *err)
{
	double *sum = gb_array(2 * columns, sizeof *sum, err), *square = sum ? sum + columns : NULL;

	if (!sum)
		return GB_SYSTEM;
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++)
			sum[c] += (double)x[r * columns + c];
	for (size_t c = 0; c < columns; c++)
		sum[c] /= (double)rows;
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++) {
			double d = (double)x[r * columns + c] - sum[c];

			square[c] += d * d;
		}
	for (size_t c = 0; c < columns; c++) {
		double sd = sqrt(square[c] / (double)rows);

		square[c] = !spread ? 1 : sd > 4e-7 * fabs(sum[c]) ? 1 / sd : 0;
	}
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++)
			x[r * columns + c] = (float)(((double)x[r * columns + c] - sum[c]) * square[c]);
	free(sum);
	return GB_OK;
}

/* Add the standardised, convolved tensor to the Gram matrix, at unit weight whatever its width. */
static gb_status add_feature(gb_lag_table *t, const gb_tensor *tensor, const gb_hrf *hrf, double *gram,
                             gb_pool *pool, gb_err *err)
{
	size_t rows = t->stimulus_rows, columns = tensor->elements / rows;
	float *x = gb_array(tensor->elements, sizeof *x, err),
	      *y = x ? gb_array(tensor->elements, sizeof *y, err) : NULL;
	float scale = 1 / sqrtf((float)columns);
	gb_status status = y ? GB_OK : GB_SYSTEM;

	if (y)
		gb_dtype_to_float(tensor->dtype, tensor->data, 0, tensor->elements, x);
	for (size_t i = 0; i < tensor->elements && !status; i++)
		if (!isfinite(x[i]))
			status = gb_fail(err, GB_DATA, "tensor %s, row %zu is NaN or Inf", tensor->name,
			                 i / columns);
	if (!status)
		status = centre(x, rows, columns, true, err);
	for (int f = 0; f < hrf->functions && !status; f++) {
		gb_convolve_filter filter = {hrf->tap[f], hrf->taps, GB_HISTORY_ZERO};

		status = gb_hrf_convolve_clock(x, y, &t->clock, columns, &filter, pool, err);
		if (!status)
			status = centre(y, rows, columns, false, err);
		for (size_t i = 0; i < tensor->elements && !status; i++)
			y[i] *= scale;
		if (!status)
			gb_gram_add(gram, y, rows, columns, pool);
	}
	free(x);
	free(y);
	return status;
}

static bool is_float(gb_dtype d)
{
	return d == GB_F16 || d == GB_BF16 || d == GB_F32 || d == GB_F64;
}

/* The tensors asked for, or all that are floats in time. */
static gb_status next_feature(gb_tensor_file *file, const gb_lag_options *o, size_t i,
                              const gb_tensor **tensor, gb_err *err)
{
	const gb_tensor *t;

	*tensor = NULL;
	if (o->tensors)
		return gb_tensor_file_need(file, o->tensor[i], GB_FOREIGN, -1, tensor, err);
	t = gb_tensor_file_at(file, i);
	if (!is_float(t->dtype) || !t->rank ||
	    (gb_tensor_file_id(file) && !gb_tensor_file_has_clock(file, t->name)))
		return GB_OK;
	return gb_tensor_file_need(file, t->name, GB_FOREIGN, -1, tensor, err);
}

static gb_status find_components(gb_lag_table *t, gb_tensor_file *file, const gb_lag_options *o, gb_hrf *hrf,
                                 gb_pool *pool, gb_err *err)
{
	size_t count = o->tensors ? (size_t)o->tensors : gb_tensor_file_count(file), k = GB_LAG_COMPONENTS;
	double *gram = NULL, value[GB_LAG_COMPONENTS] = {0};
	gb_status status = GB_OK;

	for (size_t i = 0; i < count && !status; i++) {
		const gb_tensor *tensor;
		gb_clock clock;

		if ((status = next_feature(file, o, i, &tensor, err)) || !tensor)
			continue;
		if ((status = gb_tensor_file_clock_or(file, tensor->name, &o->clock, &clock, err)))
			break;
		if (!gram) {
			t->clock = clock;
			t->stimulus_rows = (size_t)gb_clock_rows(&clock);
			gram = gb_array(t->stimulus_rows * t->stimulus_rows, sizeof *gram, err);
			status = gram ? gb_hrf_make(hrf, o->kernel, clock.step, o->tau, err) : GB_SYSTEM;
		} else if (!gb_clock_equal(&clock, &t->clock)) {
			status = gb_fail(err, GB_DATA,
			                 "%s: tensor %s has another clock than the first: name some with "
			                 "--tensor",
			                 gb_tensor_file_name(file), tensor->name);
		}
		if (!status && t->stimulus_rows && tensor->elements)
			status = add_feature(t, tensor, hrf, gram, pool, err);
	}
	if (!status && (!gram || !t->stimulus_rows))
		status = gb_fail(err, GB_DATA, "%s: no float tensor with a clock", gb_tensor_file_name(file));
	if (!status && k > t->stimulus_rows)
		k = t->stimulus_rows;
	if (!status && !(t->component = gb_array(k * t->stimulus_rows, sizeof *t->component, err)))
		status = GB_SYSTEM;
	if (!status)
		status = gb_components(gram, t->stimulus_rows, k, t->component, value, pool, err);
	/* Smaller eigenvalues are rounding errors of float32 products. */
	while (!status && (size_t)t->components < k && value[t->components] > 1e-5 * value[0])
		t->components++;
	if (!status && !t->components)
		status = gb_fail(err, GB_DATA, "%s: its features are constant", gb_tensor_file_name(file));
	free(gram);
	return status;
}

/* ---- rows in common ---- */

/* Stimulus row (within its run) of the brain run's first row. */
static gb_status offset_of(const gb_clock *stimulus, int s, const gb_clock *brain, int b, int64_t *offset,
                           gb_err *err)
{
	gb_rational gap;

	if (!gb_rational_sub(brain->run[b].start, stimulus->run[s].start, &gap) ||
	    !gb_rational_div(gap, stimulus->step, &gap) || gap.den != 1)
		return gb_fail(err, GB_DATA,
		               "%s: the rows of stimulus and brain lie between each other: give both one "
		               "grid (--start)",
		               brain->run[b].name);
	*offset = gap.num;
	return GB_OK;
}

static gb_status find_rows(gb_lag_table *t, const gb_clock *brain, const uint8_t *valid, int64_t history,
                           size_t *taken, gb_err *err)
{
	gb_status status = GB_OK;

	for (int b = 0; b < brain->runs && !status; b++) {
		int s = gb_clock_find(&t->clock, brain->run[b].name);
		int64_t offset = 0, first = gb_clock_first(brain, b);

		if (s < 0)
			continue;
		if ((status = offset_of(&t->clock, s, brain, b, &offset, err)))
			break;
		for (int64_t i = 0; i < brain->run[b].rows; i++) {
			int64_t j = i + offset;

			if (j - t->most < history || j + t->most >= t->clock.run[s].rows ||
			    (valid && !valid[first + i]))
				continue;
			taken[t->rows] = (size_t)(first + i);
			t->at[t->rows] = (size_t)(gb_clock_first(&t->clock, s) + j);
			t->run[t->rows++] = s;
		}
	}
	if (!status && t->rows < ROWS_MIN)
		status = gb_fail(err, GB_DATA,
		                 "only %zu rows have stimulus at every lag and after one kernel length, %d "
		                 "are needed: "
		                 "check run names and --start, or lower --max",
		                 t->rows, ROWS_MIN);
	return status;
}

/* Centre within runs and give every voxel length 1. */
static gb_status scale_voxels(gb_lag_table *t, gb_err *err)
{
	double *sum = gb_array(t->voxels, sizeof *sum, err);

	if (!sum)
		return GB_SYSTEM;
	for (size_t from = 0, to; from < t->rows; from = to) {
		memset(sum, 0, t->voxels * sizeof *sum);
		for (to = from; to < t->rows && t->run[to] == t->run[from]; to++)
			for (size_t v = 0; v < t->voxels; v++)
				sum[v] += (double)t->y[to * t->voxels + v];
		for (size_t r = from; r < to; r++)
			for (size_t v = 0; v < t->voxels; v++)
				t->y[r * t->voxels + v] = (float)((double)t->y[r * t->voxels + v] -
				                                  sum[v] / (double)(to - from));
	}
	memset(sum, 0, t->voxels * sizeof *sum);
	for (size_t r = 0; r < t->rows; r++)
		for (size_t v = 0; v < t->voxels; v++)
			sum[v] += (double)t->y[r * t->voxels + v] * (double)t->y[r * t->voxels + v];
	for (size_t r = 0; r < t->rows; r++)
		for (size_t v = 0; v < t->voxels; v++) {
			double y = (double)t->y[r * t->voxels + v];

			t->y[r * t->voxels + v] = sum[v] > 0 ? (float)(y / sqrt(sum[v])) : 0;
		}
	free(sum);
	return GB_OK;
}

static gb_status find_factors(gb_lag_table *t, gb_pool *pool, gb_err *err)
{
	size_t every = (t->voxels + FACTOR_VOXELS - 1) / FACTOR_VOXELS, n = (t->voxels + every - 1) / every;
	size_t k = GB_LAG_FACTORS < t->rows ? GB_LAG_FACTORS : t->rows;
	double *gram = gb_array(t->rows * t->rows, sizeof *gram, err), value[GB_LAG_FACTORS];
	float *part = gb_array(t->rows * n, sizeof *part, err);
	gb_status status = GB_SYSTEM;

	t->factors = (int)k;
	if (!gram || !part || !(t->factor = gb_array(k * t->rows, sizeof *t->factor, err)))
		goto done;
	for (size_t r = 0; r < t->rows; r++)
		for (size_t v = 0; v < n; v++)
			part[r * n + v] = t->y[r * t->voxels + v * every];
	gb_gram_add(gram, part, t->rows, n, pool);
	GB_TRY(gb_components(gram, t->rows, k, t->factor, value, pool, err));
	for (size_t f = 0; f < k; f++)
		for (size_t r = 0; r < t->rows; r++)
			t->factor[f * t->rows + r] *= value[f] > 0 ? sqrt(value[f]) : 0;
done:
	free(part);
	free(gram);
	return status;
}

static gb_status read_brain(gb_lag_table *t, gb_tensor_file *file, const char *name, int64_t history,
                            gb_err *err)
{
	const gb_tensor *bold, *valid = NULL;
	gb_clock clock;
	size_t *taken;
	gb_status status = gb_tensor_file_need(file, name, GB_FOREIGN, 2, &bold, err);

	if (status || (status = gb_tensor_file_clock(file, name, &clock, err)))
		return status;
	if (gb_rational_compare(clock.step, t->clock.step))
		return gb_fail(err, GB_DATA, "%s: rows of %g s, the stimulus has rows of %g s",
		               gb_tensor_file_name(file), gb_rational_double(clock.step),
		               gb_rational_double(t->clock.step));
	if (gb_tensor_file_find(file, "bold.valid") &&
	    ((status = gb_tensor_file_need(file, "bold.valid", GB_U8, 1, &valid, err)) ||
	     valid->shape[0] != bold->shape[0]))
		return status ? status
		              : gb_fail(err, GB_DATA, "%s: bold.valid does not fit bold",
		                        gb_tensor_file_name(file));
	t->voxels = (size_t)bold->shape[1];
	taken = gb_array((size_t)bold->shape[0], sizeof *taken, err);
	t->at = gb_array((size_t)bold->shape[0], sizeof *t->at, err);
	t->run = gb_array((size_t)bold->shape[0], sizeof *t->run, err);
	status = taken && t->at && t->run
	             ? find_rows(t, &clock, valid ? valid->data : NULL, history, taken, err)
	             : GB_SYSTEM;
	if (!status && !(t->y = gb_array(t->rows * t->voxels, sizeof *t->y, err)))
		status = GB_SYSTEM;
	for (size_t r = 0; r < t->rows && !status; r++) {
		float *row = t->y + r * t->voxels;

		gb_dtype_to_float(bold->dtype, bold->data, taken[r] * t->voxels, t->voxels, row);
		for (size_t v = 0; v < t->voxels && !status; v++)
			if (!isfinite(row[v]))
				status = gb_fail(err, GB_DATA, "%s: %s, row %zu, voxel %zu is NaN or Inf",
				                 gb_tensor_file_name(file), name, taken[r], v);
	}
	free(taken);
	return status ? status : scale_voxels(t, err);
}

gb_status gb_lag_table_make(gb_lag_table *t, gb_tensor_file *stimulus, gb_tensor_file *brain,
                            const gb_lag_options *o, gb_pool *pool, gb_err *err)
{
	gb_hrf hrf = {0};
	gb_rational lags;
	gb_status status;

	memset(t, 0, sizeof *t);
	GB_TRY(find_components(t, stimulus, o, &hrf, pool, err));
	if (!gb_rational_div(o->max, t->clock.step, &lags) || gb_rational_floor(lags) < 1 ||
	    gb_rational_floor(lags) > 10000)
		GB_TRY(gb_fail(err, GB_USAGE, "--max: from one row (%g s) to 10000 rows are possible",
		               gb_rational_double(t->clock.step)));
	t->most = gb_rational_floor(lags);
	GB_TRY(read_brain(t, brain, o->bold, hrf.length, err));
	if ((size_t)t->components > t->rows / 10)
		t->components = (int)(t->rows / 10);
	GB_TRY(find_factors(t, pool, err));
done:
	gb_hrf_clear(&hrf);
	if (status)
		gb_lag_table_clear(t);
	return status;
}

void gb_lag_table_clear(gb_lag_table *t)
{
	free(t->component);
	free(t->at);
	free(t->run);
	free(t->y);
	free(t->factor);
	memset(t, 0, sizeof *t);
}
