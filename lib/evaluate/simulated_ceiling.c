/* SPDX-License-Identifier: MIT */
#include "evaluate/simulated_ceiling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* The row of the signal that begins when ROW of SET does. */
static gb_status signal_row(const gb_clock *signal, const gb_clock *set, int64_t row, const char *name,
                            int64_t *out, gb_err *err)
{
	int run = gb_clock_run_of(set, row), same = gb_clock_find(signal, set->run[run].name);
	gb_rational t, begin;

	if (same < 0)
		return gb_fail(err, GB_DATA, "%s: no run %s, which the set has", name, set->run[run].name);
	if (!gb_clock_time_of(set, run, row - gb_clock_first(set, run), &t) ||
	    !gb_clock_row_at(signal, same, t, out) || *out < 0 || *out >= signal->run[same].rows ||
	    !gb_clock_time_of(signal, same, *out, &begin) || gb_rational_compare(t, begin))
		return gb_fail(err, GB_DATA, "%s: no row of signal begins where row %lld of the set does",
		               name, (long long)row);
	*out += gb_clock_first(signal, same);
	return GB_OK;
}

gb_status gb_simulated_ceiling(const char *path, const gb_encoding *e, const gb_dataset *set, double *ceiling,
                               gb_pool *pool, gb_err *err)
{
	gb_tensor_file *file = NULL;
	const gb_tensor *signal;
	float *picked = NULL;
	gb_clock clock;
	gb_status status = gb_tensor_file_open(&file, path, err);

	if (!status)
		status = gb_tensor_file_need(file, "signal", GB_F32, 2, &signal, err);
	if (!status)
		status = gb_tensor_file_clock(file, "signal", &clock, err);
	if (!status && signal->shape[1] != (int64_t)e->voxels)
		status = gb_fail(err, GB_DATA, "%s: signal of %lld voxels, the model predicts %zu", path,
		                 (long long)signal->shape[1], e->voxels);
	if (!status && !(picked = gb_array(e->scored.rows * e->voxels, sizeof *picked, err)))
		status = GB_SYSTEM;
	for (size_t i = 0; !status && i < e->scored.rows; i++) {
		int64_t row;
		status = signal_row(&clock, gb_dataset_clock(set), e->row[i], path, &row, err);
		if (!status)
			memcpy(picked + i * e->voxels, (const float *)signal->data + row * (int64_t)e->voxels,
			       e->voxels * sizeof *picked);
	}
	if (!status)
		status = gb_score_r(picked, e->measured, e->scored.rows, e->voxels, ceiling, pool, err);
	free(picked);
	gb_tensor_file_close(file);
	return status;
}

gb_status gb_simulated_ceiling_metrics(const char *path, const gb_encoding *e, const gb_dataset *set,
                                       gb_metrics *metrics, gb_pool *pool, gb_err *err)
{
	double *ceiling = gb_array(e->voxels, sizeof *ceiling, err);
	gb_metric m = gb_metric_make("stimulus to brain", e->subject, "simulated.share",
	                             "share of what the planted signal reaches on these rows", NAN);
	gb_status status;

	GB_TRY(ceiling ? gb_simulated_ceiling(path, e, set, ceiling, pool, err) : GB_SYSTEM);
	m.control = "r of the noise-free signal with the BOLD";
	m.chance = 0;
	m.ceiling = gb_score_mean(ceiling, e->voxels);
	m.value = gb_score_mean(e->r, e->voxels) / m.ceiling; /* Σr/Σceiling */
	m.baseline = e->has_baseline ? e->baseline / m.ceiling : m.baseline;
	GB_TRY(gb_metrics_add(metrics, &m, err));
done:
	free(ceiling);
	return status;
}
