/* SPDX-License-Identifier: MIT */
#include "simulate/simulate_bold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "fmri/hrf.h"

/* Streams of random numbers: (seed, first, second, kind). */
enum { KIND_WEIGHTS, KIND_SHARED, KIND_OWN, KIND_DRIVER, KIND_DIRECTION };
static const double kernel_seconds = 32, fine = 0.005;

void gb_simulation_free(gb_simulation *s)
{
	if (!s)
		return;
	free(s->source);
	free(s->regressors);
	free(s->response);
	free(s->weights);
	free(s->region);
	free(s);
}

/* ---- regressors ---- */

/* Standardise X [rows] to mean 0 and variance 1; false if it is constant. */
static bool standardise(double *x, int64_t rows)
{
	double mean = 0, variance = 0;

	for (int64_t r = 0; r < rows; r++)
		mean += x[r];
	mean /= (double)rows;
	for (int64_t r = 0; r < rows; r++) {
		x[r] -= mean;
		variance += x[r] * x[r];
	}
	variance /= (double)rows;
	if (!(variance > 1e-20 * (mean * mean + 1e-200)))
		return false;
	for (int64_t r = 0; r < rows; r++)
		x[r] /= sqrt(variance);
	return true;
}

/* Orthogonalise X (standardised) against the CHOSEN channels, and standardise it again. */
static bool orthogonalise(double *x, const double *chosen, int count, int64_t rows)
{
	double left = 0;

	for (int pass = 0; pass < 2; pass++) /* twice is enough (Parlett) */
		for (int c = 0; c < count; c++) {
			const double *y = chosen + (int64_t)c * rows;
			double dot = 0;

			for (int64_t r = 0; r < rows; r++)
				dot += x[r] * y[r];
			dot /= (double)rows;
			for (int64_t r = 0; r < rows; r++)
				x[r] -= dot * y[r];
		}
	for (int64_t r = 0; r < rows; r++)
		left += x[r] * x[r];
	return left / (double)rows > 1e-3 && standardise(x, rows);
}

static gb_status choose(gb_simulation *s, const gb_regressor *candidate, int candidates, gb_err *err)
{
	double *chosen = gb_array((size_t)s->options.channels * (size_t)s->rows, sizeof *chosen, err);
	int count = 0;

	if (!chosen)
		return GB_SYSTEM;
	for (int i = 0; i < candidates && count < s->options.channels; i++) {
		double *x = chosen + (int64_t)count * s->rows;

		for (int64_t r = 0; r < s->rows; r++)
			x[r] = (double)candidate[i].value[r];
		if (standardise(x, s->rows) && orthogonalise(x, chosen, count, s->rows))
			s->source[count++] = i;
	}
	s->channels = count;
	for (int64_t r = 0; r < s->rows; r++)
		for (int c = 0; c < count; c++)
			s->regressors[r * count + c] = (float)chosen[(int64_t)c * s->rows + r];
	free(chosen);
	return count ? GB_OK
	             : gb_fail(err, GB_DATA, "no driver varies over the %lld rows", (long long)s->rows);
}

/* ---- haemodynamics ---- */

static gb_status respond(gb_simulation *s, gb_err *err)
{
	double step = gb_rational_double(s->options.step),
	       delay = gb_rational_double(s->options.delay) / step;
	int per_row = 2 * (int)ceil(step / fine / 2); /* even: no point of the grid falls on a row's border */
	int64_t points = (int64_t)ceil(kernel_seconds / step * per_row);
	double *h = gb_array((size_t)points, sizeof *h, err), sum = 0;

	if (!h)
		return GB_SYSTEM;
	for (int64_t i = 0; i < points; i++)
		sum += h[i] = gb_hrf_at(s->options.kernel, ((double)i + 0.5) * step / per_row);
	for (int64_t r = 0; r < s->rows; r++)
		for (int64_t i = 0; i < points; i++) {
			double at = floor((double)r + 0.5 - delay - ((double)i + 0.5) / per_row);
			const float *x;

			if (at < 0 || at >= (double)s->rows)
				continue;
			x = s->regressors + (int64_t)at * s->channels;
			for (int c = 0; c < s->channels; c++)
				s->response[r * s->channels + c] += (float)(h[i] / sum * (double)x[c]);
		}
	free(h);
	return GB_OK;
}

/* ---- voxels ---- */

static void covariance(const gb_simulation *s, double *cov)
{
	int n = s->channels;
	double mean[64] = {0};

	for (int64_t r = 0; r < s->rows; r++)
		for (int c = 0; c < n; c++)
			mean[c] += (double)s->response[r * n + c] / (double)s->rows;
	for (int64_t r = 0; r < s->rows; r++)
		for (int a = 0; a < n; a++)
			for (int b = 0; b < n; b++)
				cov[a * n + b] += ((double)s->response[r * n + a] - mean[a]) *
				                  ((double)s->response[r * n + b] - mean[b]) /
				                  (double)s->rows;
}

/* Find the channels of the V-th voxel's modality and return their number. */
static int channels_of(const gb_simulation *s, const gb_regressor *candidate, int modality, int *channel)
{
	int count = 0;

	for (int c = 0; c < s->channels; c++)
		if (candidate[s->source[c]].modality == modality)
			channel[count++] = c;
	return count;
}

static void mix(gb_simulation *s, size_t v, int *channel, int count, const double *cov)
{
	gb_rng rng = gb_rng_at(s->options.seed, (uint32_t)v, 0, KIND_WEIGHTS);
	int used = 1 + (int)gb_rng_below(&rng, (uint64_t)(count < 3 ? count : 3)), n = s->channels;
	double weight[64], variance = 0;

	for (int i = 0; i < used; i++) {
		int j = i + (int)gb_rng_below(&rng, (uint64_t)(count - i)), keep = channel[i];

		channel[i] = channel[j];
		channel[j] = keep;
		weight[i] = gb_rng_normal(&rng);
	}
	for (int i = 0; i < used; i++)
		for (int j = 0; j < used; j++)
			variance += weight[i] * weight[j] * cov[channel[i] * n + channel[j]];
	for (int i = 0; i < used; i++)
		s->weights[(size_t)channel[i] * s->voxels + v] =
		    variance > 0 ? (float)(weight[i] * sqrt(s->options.snr / variance)) : 0;
}

static gb_status give_weights(gb_simulation *s, const gb_regressor *candidate, gb_err *err)
{
	double *cov = gb_array((size_t)s->channels * (size_t)s->channels, sizeof *cov, err);
	int present[64], modalities = 0;

	if (!cov)
		return GB_SYSTEM;
	covariance(s, cov);
	for (int c = 0; c < s->channels; c++) {
		int m = candidate[s->source[c]].modality, known = 0;

		for (int i = 0; i < modalities; i++)
			known |= present[i] == m;
		if (!known)
			present[modalities++] = m;
	}
	for (size_t v = 0; v < s->voxels; v++) {
		int m = present[(int)((unsigned __int128)v * (unsigned)modalities / s->voxels)], channel[64];
		int count = channels_of(s, candidate, m, channel);

		s->region[v] = m + 1;
		mix(s, v, channel, count, cov);
	}
	free(cov);
	return GB_OK;
}

gb_status gb_simulation_new(gb_simulation **simulation, const gb_regressor *candidate, int candidates,
                            int64_t rows, const gb_simulation_options *options, gb_err *err)
{
	gb_simulation *s = gb_array(1, sizeof *s, err);
	gb_status status = GB_SYSTEM;
	size_t cells;

	*simulation = NULL;
	if (!s)
		return GB_SYSTEM;
	s->options = *options;
	s->options.channels = options->channels < 64 ? options->channels : 64;
	s->rows = rows;
	s->voxels = options->voxels;
	cells = (size_t)rows * (size_t)s->options.channels;
	s->source = gb_array((size_t)s->options.channels, sizeof *s->source, err);
	s->regressors = gb_array(cells, sizeof *s->regressors, err);
	s->response = gb_array(cells, sizeof *s->response, err);
	s->region = gb_array(s->voxels, sizeof *s->region, err);
	if (s->source && s->regressors && s->response && s->region)
		status = choose(s, candidate, candidates, err);
	if (!status && !(s->weights = gb_array((size_t)s->channels * s->voxels, sizeof *s->weights, err)))
		status = GB_SYSTEM;
	if (!status)
		status = respond(s, err);
	if (!status)
		status = give_weights(s, candidate, err);
	if (status) {
		gb_simulation_free(s);
		return status;
	}
	*simulation = s;
	return GB_OK;
}

void gb_simulation_signal(const gb_simulation *s, int64_t row, float *signal)
{
	memset(signal, 0, s->voxels * sizeof *signal);
	for (int c = 0; c < s->channels; c++) {
		float x = s->response[row * s->channels + c];
		const float *w = s->weights + (size_t)c * s->voxels;

		for (size_t v = 0; v < s->voxels; v++)
			signal[v] += x * w[v];
	}
}

/* ---- noise ---- */

typedef struct walk { gb_rng rng; double value; bool begun; } walk;

struct gb_noise {
	size_t voxels;
	double rho, shared;
	walk *own, *common; /* common: the part that subjects share; NULL without */
};

static double walk_next(walk *w, double rho)
{
	double e = gb_rng_normal(&w->rng);

	w->value = w->begun ? rho * w->value + sqrt(1 - rho * rho) * e : e;
	w->begun = true;
	return w->value;
}

gb_status gb_noise_new(gb_noise **noise, const gb_simulation *s, int subject, gb_err *err)
{
	gb_noise *n = gb_array(1, sizeof *n, err);

	*noise = NULL;
	if (!n)
		return GB_SYSTEM;
	n->voxels = s->voxels;
	n->shared = s->options.shared;
	n->rho = pow(s->options.rho, gb_rational_double(s->options.step));
	n->own = gb_array(s->voxels, sizeof *n->own, err);
	n->common = n->shared > 0 ? gb_array(s->voxels, sizeof *n->common, err) : NULL;
	if (!n->own || (n->shared > 0 && !n->common)) {
		gb_noise_free(n);
		return GB_SYSTEM;
	}
	for (size_t v = 0; v < s->voxels; v++) {
		n->own[v].rng = gb_rng_at(s->options.seed, (uint32_t)v, (uint32_t)subject, KIND_OWN);
		if (n->common)
			n->common[v].rng = gb_rng_at(s->options.seed, (uint32_t)v, 0, KIND_SHARED);
	}
	*noise = n;
	return GB_OK;
}

void gb_noise_free(gb_noise *n)
{
	if (!n)
		return;
	free(n->own);
	free(n->common);
	free(n);
}

void gb_noise_next(gb_noise *n, float *values)
{
	for (size_t v = 0; v < n->voxels; v++) {
		double own = walk_next(&n->own[v], n->rho);

		values[v] = n->common ? (float)(sqrt(1 - n->shared) * own +
		                                sqrt(n->shared) * walk_next(&n->common[v], n->rho))
		                      : (float)own;
	}
}

void gb_regressor_random(uint64_t seed, int index, gb_rational step, int64_t rows, float *value)
{
	walk w = {.rng = gb_rng_at(seed, (uint32_t)index, 0, KIND_DRIVER)};

	for (int64_t r = 0; r < rows; r++)
		value[r] = (float)walk_next(&w, exp(-gb_rational_double(step) / 5));
}

/* Random directions, not principal components: the principal components of word vectors follow a few
 * long scenes, so that half of a film would have no text signal. */
void gb_project(const float *data, int64_t rows, size_t columns, int count, float *out)
{
	memset(out, 0, (size_t)count * (size_t)rows * sizeof *out);
	for (int k = 0; k < count; k++) {
		gb_rng rng = gb_rng_at(0, (uint32_t)k, 0, KIND_DIRECTION);

		for (size_t c = 0; c < columns; c++) {
			float along = (float)gb_rng_normal(&rng);

			for (int64_t r = 0; r < rows; r++)
				out[(int64_t)k * rows + r] += along * data[(size_t)r * columns + c];
		}
	}
}
