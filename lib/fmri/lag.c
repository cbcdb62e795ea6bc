/* SPDX-License-Identifier: MIT */
#include "fmri/lag.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "linalg/fft.h"
#include "fmri/lag_table.h"

#define SURROGATES 199
#define RESAMPLES 500
#define BLOCKS_MIN 10

/* ---- one lag: an orthonormal basis of the components at its rows ---- */

/* Q [components][rows] from COMPONENT at lag LAG, centred within runs; dependent ones become 0. */
static void basis(const gb_lag_table *t, const double *component, int64_t lag, double *q)
{
	for (int c = 0; c < t->components; c++) {
		double *x = q + (size_t)c * t->rows, before = 0, after = 0;
		const double *z = component + (size_t)c * t->stimulus_rows;

		for (size_t from = 0, to; from < t->rows; from = to) {
			double sum = 0;

			for (to = from; to < t->rows && t->run[to] == t->run[from]; to++)
				sum += x[to] = z[(int64_t)t->at[to] - lag];
			for (size_t r = from; r < to; r++)
				x[r] -= sum / (double)(to - from);
		}
		for (size_t r = 0; r < t->rows; r++)
			before += x[r] * x[r];
		for (int g = 0; g < c; g++) {
			const double *y = q + (size_t)g * t->rows;
			double share = 0;

			for (size_t r = 0; r < t->rows; r++)
				share += x[r] * y[r];
			for (size_t r = 0; r < t->rows; r++)
				x[r] -= share * y[r];
		}
		for (size_t r = 0; r < t->rows; r++)
			after += x[r] * x[r];
		for (size_t r = 0; r < t->rows; r++)
			x[r] = after > 1e-10 * before ? x[r] / sqrt(after) : 0;
	}
}

/* Share of the factors' variance in the span of Q. */
static double explained(const gb_lag_table *t, const double *q)
{
	double sum = 0;

	for (int f = 0; f < t->factors; f++)
		for (int c = 0; c < t->components; c++) {
			const double *a = q + (size_t)c * t->rows, *b = t->factor + (size_t)f * t->rows;
			double lane[8] = {0}, dot = 0;
			size_t r = 0;

			for (; r + 8 <= t->rows; r += 8)
				for (size_t l = 0; l < 8; l++)
					lane[l] += a[r + l] * b[r + l];
			for (; r < t->rows; r++)
				dot += a[r] * b[r];
			for (size_t l = 0; l < 8; l++)
				dot += lane[l];
			sum += dot * dot;
		}
	return sum;
}

/* ---- every voxel ---- */

typedef struct job {
	const gb_lag_table *t;
	double *room;          /* work: [workers][components · rows + …] */
	size_t room_size;
	double *r2;            /* [lags] over all voxels */
	double *factor_r2;     /* [lags] over the factors */
	/* surrogates */
	gb_fft **fft;          /* [workers] */
	size_t length;         /* of the transforms */
	double *spectrum;      /* [components][runs][2 · length] */
	double *best;          /* [surrogates] */
	uint64_t seed;
	/* resamples */
	int blocks;
	int *block;            /* [rows] */
	double *moment;        /* [lags][blocks][components² + components · factors + 1] */
	int *winner;           /* [resamples] */
} job;

static double over_voxels(const gb_lag_table *t, const double *q, double *acc)
{
	enum { CHUNK = 256 };
	double total = 0;

	for (size_t at = 0; at < t->voxels; at += CHUNK) {
		size_t n = t->voxels - at < CHUNK ? t->voxels - at : CHUNK;

		for (int c = 0; c < t->components; c++) {
			memset(acc, 0, CHUNK * sizeof *acc);
			for (size_t r = 0; r < t->rows; r++) {
				const float *y = t->y + r * t->voxels + at;
				double w = q[(size_t)c * t->rows + r];

				for (size_t v = 0; v < n; v++)
					acc[v] += w * (double)y[v];
			}
			for (size_t v = 0; v < n; v++)
				total += acc[v] * acc[v];
		}
	}
	return total / (double)t->voxels;
}

static void curve_tile(void *context, size_t tile, int worker)
{
	const job *j = context;
	double *q = j->room + (size_t)worker * j->room_size;

	basis(j->t, j->t->component, (int64_t)tile - j->t->most, q);
	j->r2[tile] = over_voxels(j->t, q, q + (size_t)j->t->components * j->t->rows);
	j->factor_r2[tile] = explained(j->t, q);
}

/* ---- surrogates: the components' spectra with random phases, the same for all of them ---- */

static gb_status make_spectra(job *j, gb_err *err)
{
	const gb_lag_table *t = j->t;
	double *in;

	for (int r = 0; r < t->clock.runs; r++) {
		size_t n = gb_fft_length(2 * (size_t)t->clock.run[r].rows);

		if (n > j->length)
			j->length = n;
	}
	j->spectrum = gb_array((size_t)t->components * (size_t)t->clock.runs * 2 * j->length,
	                       sizeof *j->spectrum, err);
	in = gb_array(2 * j->length, sizeof *in, err);
	gb_status status = j->spectrum && in ? GB_OK : GB_SYSTEM;

	for (int w = 0; !status && j->fft && w < 1; w++)
		status = gb_fft_new(&j->fft[w], j->length, err);
	for (int c = 0; c < t->components && !status; c++)
		for (int r = 0; r < t->clock.runs; r++) {
			const double *z = t->component + (size_t)c * t->stimulus_rows +
			                  (size_t)gb_clock_first(&t->clock, r);
			size_t n = (size_t)t->clock.run[r].rows;
			double mean = 0;

			for (size_t i = 0; i < n; i++)
				mean += z[i] / (double)n;
			memset(in, 0, 2 * j->length * sizeof *in);
			for (size_t i = 0; i < n; i++)
				in[2 * i] = z[i] - mean;
			gb_fft_forward(j->fft[0],
			               j->spectrum + (size_t)(c * t->clock.runs + r) * 2 * j->length, in);
		}
	free(in);
	return status;
}

static void surrogate_tile(void *context, size_t tile, int worker)
{
	const job *j = context;
	const gb_lag_table *t = j->t;
	double *q = j->room + (size_t)worker * j->room_size, *z = q + (size_t)t->components * t->rows + 256;
	double *turned = z + (size_t)t->components * t->stimulus_rows, *back = turned + 2 * j->length,
	       *phase = back + 2 * j->length;
	double best = 0;

	for (int r = 0; r < t->clock.runs; r++) {
		gb_rng rng = gb_rng_at(j->seed, (uint32_t)tile, (uint32_t)r, 1);

		for (size_t k = 1; k < j->length / 2; k++) {
			double angle = 2 * M_PI * gb_rng_uniform(&rng);

			phase[2 * k] = cos(angle);
			phase[2 * k + 1] = sin(angle);
		}
		for (int c = 0; c < t->components; c++) {
			const double *s = j->spectrum + (size_t)(c * t->clock.runs + r) * 2 * j->length;

			memset(turned, 0, 2 * j->length * sizeof *turned);
			/* Positive frequencies only: the real part is the series. */
			for (size_t k = 1; k < j->length / 2; k++) {
				turned[2 * k] = s[2 * k] * phase[2 * k] - s[2 * k + 1] * phase[2 * k + 1];
				turned[2 * k + 1] = s[2 * k] * phase[2 * k + 1] + s[2 * k + 1] * phase[2 * k];
			}
			gb_fft_inverse(j->fft[worker], back, turned);
			for (int64_t i = 0; i < t->clock.run[r].rows; i++)
				z[(size_t)c * t->stimulus_rows +
				  (size_t)(gb_clock_first(&t->clock, r) + i)] = back[2 * i];
		}
	}
	for (int64_t lag = -t->most; lag <= t->most; lag++) {
		basis(t, z, lag, q);
		best = fmax(best, explained(t, q));
	}
	j->best[tile] = best;
}

/* ---- block bootstrap over rows ---- */

static int make_blocks(job *j)
{
	const gb_lag_table *t = j->t;
	double step = gb_rational_double(t->clock.step), seconds = 45;
	size_t length;

	if ((double)t->rows * step < BLOCKS_MIN * seconds)
		seconds = (double)t->rows * step / BLOCKS_MIN;
	length = (size_t)ceil(seconds / step - 1e-9);
	if (seconds < 10 || length < 2)
		return 0;
	for (size_t from = 0, to; from < t->rows; from = to) {
		size_t pieces;

		for (to = from; to < t->rows && t->run[to] == t->run[from]; to++)
			;
		pieces = (to - from) / length ? (to - from) / length : 1;
		for (size_t r = from; r < to; r++)
			j->block[r] = j->blocks + (int)((r - from) * pieces / (to - from));
		j->blocks += (int)pieces;
	}
	return j->blocks;
}

static size_t moment_size(const gb_lag_table *t)
{
	return (size_t)(t->components * t->components + t->components * t->factors + 1);
}

static void moment_tile(void *context, size_t tile, int worker)
{
	const job *j = context;
	const gb_lag_table *t = j->t;
	size_t size = moment_size(t), cc = (size_t)(t->components * t->components);
	double *q = j->room + (size_t)worker * j->room_size;

	basis(t, t->component, (int64_t)tile - t->most, q);
	for (size_t r = 0; r < t->rows; r++) {
		double *m = j->moment + (tile * (size_t)j->blocks + (size_t)j->block[r]) * size;

		for (int a = 0; a < t->components; a++) {
			double x = q[(size_t)a * t->rows + r];

			for (int b = 0; b < t->components; b++)
				m[a * t->components + b] += x * q[(size_t)b * t->rows + r];
			for (int f = 0; f < t->factors; f++)
				m[cc + (size_t)(a * t->factors + f)] += x *
				                                        t->factor[(size_t)f * t->rows + r];
		}
		for (int f = 0; f < t->factors; f++)
			m[size - 1] += t->factor[(size_t)f * t->rows + r] *
			               t->factor[(size_t)f * t->rows + r];
	}
}

/* R² from the summed moments M, solved by Cholesky in place. */
static double solve(double *m, int c, int f)
{
	double *b = m + c * c, sum = 0;

	for (int i = 0; i < c; i++) {
		double d = m[i * c + i] + 1e-9;

		for (int k = 0; k < i; k++)
			d -= m[i * c + k] * m[i * c + k];
		d = d > 1e-9 ? sqrt(d) : 0;
		for (int r = i + 1; r < c; r++) {
			double x = m[r * c + i];

			for (int k = 0; k < i; k++)
				x -= m[r * c + k] * m[i * c + k];
			m[r * c + i] = d > 0 ? x / d : 0;
		}
		for (int v = 0; v < f; v++) {
			double x = b[i * f + v];

			for (int k = 0; k < i; k++)
				x -= m[i * c + k] * b[k * f + v];
			b[i * f + v] = d > 0 ? x / d : 0;
			sum += b[i * f + v] * b[i * f + v];
		}
	}
	return sum / m[c * c + c * f];
}

static void resample_tile(void *context, size_t tile, int worker)
{
	const job *j = context;
	const gb_lag_table *t = j->t;
	size_t size = moment_size(t);
	double *m = j->room + (size_t)worker * j->room_size, most = -1;
	gb_rng rng = gb_rng_at(j->seed, (uint32_t)tile, 0, 2);
	int *times = (int *)(void *)(m + size);

	memset(times, 0, (size_t)j->blocks * sizeof *times);
	for (int b = 0; b < j->blocks; b++)
		times[gb_rng_below(&rng, (uint64_t)j->blocks)]++;
	for (int64_t lag = 0; lag <= 2 * t->most; lag++) {
		double r2;

		memset(m, 0, size * sizeof *m);
		for (int b = 0; b < j->blocks; b++) {
			const double *from = j->moment + ((size_t)lag * (size_t)j->blocks + (size_t)b) * size;

			for (size_t i = 0; times[b] && i < size; i++)
				m[i] += times[b] * from[i];
		}
		r2 = solve(m, t->components, t->factors);
		if (r2 > most) {
			most = r2;
			j->winner[tile] = (int)lag;
		}
	}
}

static gb_status resample(job *j, gb_lag *lag, gb_pool *pool, gb_err *err)
{
	size_t lags = (size_t)(2 * j->t->most + 1);
	int64_t seen = 0;
	gb_status status = GB_OK;

	j->block = gb_array(j->t->rows, sizeof *j->block, err);
	if (!j->block || !make_blocks(j))
		return j->block ? GB_OK : GB_SYSTEM;
	j->moment = gb_array(lags * (size_t)j->blocks * moment_size(j->t), sizeof *j->moment, err);
	j->winner = gb_array(RESAMPLES, sizeof *j->winner, err);
	lag->share = gb_array(lags, sizeof *lag->share, err);
	if (!j->moment || !j->winner || !lag->share)
		return GB_SYSTEM;
	gb_pool_run(pool, lags, moment_tile, j);
	gb_pool_run(pool, RESAMPLES, resample_tile, j);
	for (int i = 0; i < RESAMPLES; i++)
		lag->share[j->winner[i]] += 1.0 / RESAMPLES;
	lag->low = lag->high = INT64_MIN;
	for (size_t i = 0; i < lags; i++) { /* 2.5 % and 97.5 % */
		seen += (int64_t)llround(lag->share[i] * RESAMPLES);
		if (lag->low == INT64_MIN && 40 * seen >= RESAMPLES)
			lag->low = (int64_t)i - j->t->most;
		if (lag->high == INT64_MIN && 40 * seen >= 39 * RESAMPLES)
			lag->high = (int64_t)i - j->t->most;
	}
	return status;
}

/* ---- search over lags ---- */

static gb_status prepare(job *j, gb_lag *lag, int workers, gb_err *err)
{
	const gb_lag_table *t = j->t;
	size_t lags = (size_t)(2 * t->most + 1);
	gb_status status;

	j->fft = gb_array((size_t)workers, sizeof *j->fft, err);
	if (!j->fft)
		return GB_SYSTEM;
	if ((status = make_spectra(j, err)))
		return status;
	for (int w = 1; w < workers && !status; w++)
		status = gb_fft_new(&j->fft[w], j->length, err);
	if (status)
		return status;
	j->room_size = (size_t)t->components * (t->rows + t->stimulus_rows) + 256 + 6 * j->length +
	               moment_size(t) + t->rows;
	j->room_size = (j->room_size + 7) / 8 * 8;
	j->room = gb_array((size_t)workers * j->room_size, sizeof *j->room, err);
	j->best = gb_array(SURROGATES, sizeof *j->best, err);
	j->factor_r2 = gb_array(lags, sizeof *j->factor_r2, err);
	lag->r2 = j->r2 = gb_array(lags, sizeof *lag->r2, err);
	return j->room && j->best && j->factor_r2 && j->r2 ? GB_OK : GB_SYSTEM;
}

static void judge(const job *j, gb_lag *lag)
{
	int64_t best = 0, more = 0;
	double most = 0;

	for (int64_t i = 0; i <= 2 * j->t->most; i++) {
		if (lag->r2[i] > lag->r2[best])
			best = i;
		most = fmax(most, j->factor_r2[i]);
	}
	for (int s = 0; s < SURROGATES; s++)
		more += j->best[s] >= most;
	lag->p = (double)(1 + more) / (1 + SURROGATES);
	lag->best = best - j->t->most;
	lag->found = lag->p <= 0.01 && best > 0 && best < 2 * j->t->most;
}

gb_status gb_lag_find(gb_lag *lag, gb_tensor_file *stimulus, gb_tensor_file *brain, const gb_lag_options *o,
                      gb_pool *pool, gb_err *err)
{
	gb_lag_table t;
	job j = {.t = &t, .seed = o->seed};
	int workers = gb_pool_threads(pool);
	gb_status status;

	memset(lag, 0, sizeof *lag);
	if ((status = gb_lag_table_make(&t, stimulus, brain, o, pool, err)))
		return status;
	lag->most = t.most;
	lag->rows = (int64_t)t.rows;
	lag->components = t.components;
	lag->step = t.clock.step;
	if (!(status = prepare(&j, lag, workers, err))) {
		gb_pool_run(pool, (size_t)(2 * t.most + 1), curve_tile, &j);
		gb_pool_run(pool, SURROGATES, surrogate_tile, &j);
		judge(&j, lag);
		status = resample(&j, lag, pool, err);
	}
	for (int w = 0; j.fft && w < workers; w++)
		gb_fft_free(j.fft[w]);
	free(j.fft);
	free(j.room);
	free(j.spectrum);
	free(j.best);
	free(j.factor_r2);
	free(j.block);
	free(j.moment);
	free(j.winner);
	gb_lag_table_clear(&t);
	if (status)
		gb_lag_clear(lag);
	return status;
}

void gb_lag_clear(gb_lag *lag)
{
	free(lag->r2);
	free(lag->share);
	memset(lag, 0, sizeof *lag);
}
