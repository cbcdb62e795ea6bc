/* SPDX-License-Identifier: MIT */
/* simulate_bold.h: simulated BOLD whose ground truth is known.
 *
 * Regressors x_c(t) are constant within a row of the stimulus and 0 outside it;
 * the signal of voxel v in row r is Σ_c weight[c, v] · ∫ h(u) x_c(t − delay − u) du at
 * t = (r + 1/2) of its row, the integral taken on a grid of 5 ms or finer.
 * BOLD is signal plus AR(1) noise of variance 1, correlation RHO^seconds; each
 * voxel's signal is scaled to variance SNR over all rows. */
#ifndef GB_SIMULATE_SIMULATE_BOLD_H
#define GB_SIMULATE_SIMULATE_BOLD_H

#include "time/clock.h"

GB_BEGIN_DECLS

/* A candidate regressor; candidates are listed in order of preference. */
typedef struct gb_regressor {
	char name[64];
	int modality;   /* index, from 0 */
	float *value;   /* [rows] */
} gb_regressor;

typedef struct gb_simulation_options {
	int channels;          /* at most */
	size_t voxels;
	double snr, rho, shared; /* shared: part of the noise variance that subjects have in common */
	const char *kernel;    /* "glover" or "spm" */
	gb_rational step, delay; /* seconds */
	uint64_t seed;
} gb_simulation_options;

typedef struct gb_simulation {
	int64_t rows;
	size_t voxels;
	int channels;
	int *source;       /* [channels] index of the candidate that a channel was made of */
	float *regressors; /* [rows, channels] mean 0, variance 1, orthogonal */
	float *response;   /* [rows, channels] after kernel and delay */
	float *weights;    /* [channels, voxels]; signal = response · weights */
	int32_t *region;   /* [voxels] modality + 1 */
	gb_simulation_options options;
} gb_simulation;

/* A candidate that is constant, or a linear combination of earlier ones (but for
 * 1/1000 of its variance), is skipped.  Voxels are divided among the modalities
 * of the remaining channels in stretches of equal length; each voxel mixes 1 to 3
 * of its modality's channels.  GB_DATA when no channel remains. */
GB_CHECK gb_status gb_simulation_new(gb_simulation **simulation, const gb_regressor *candidate,
                                     int candidates, int64_t rows, const gb_simulation_options *options,
                                     gb_err *err);
void gb_simulation_free(gb_simulation *simulation); /* accepts NULL */

/* The noise-free signal of ROW, [voxels]. */
void gb_simulation_signal(const gb_simulation *simulation, int64_t row, float *signal);

/* SUBJECT's noise, row by row from the first. */
typedef struct gb_noise gb_noise;
GB_CHECK gb_status gb_noise_new(gb_noise **noise, const gb_simulation *simulation, int subject, gb_err *err);
void gb_noise_free(gb_noise *noise);
void gb_noise_next(gb_noise *noise, float *values); /* [voxels] */

/* VALUE [rows]: a regressor that belongs to no stimulus, AR(1) with a time constant of 5 s. */
void gb_regressor_random(uint64_t seed, int index, gb_rational step, int64_t rows, float *value);

/* OUT [count, rows]: DATA [rows, columns] projected on COUNT random directions,
 * which are the same for every seed. */
void gb_project(const float *data, int64_t rows, size_t columns, int count, float *out);

GB_END_DECLS
#endif
