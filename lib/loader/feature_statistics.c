/* SPDX-License-Identifier: MIT */
/* feature_statistics.c: statistics of the train rows, and the constants they imply. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "loader/feature_statistics.h"

static gb_status floats(float **array, size_t count, gb_err *err)
{
	*array = gb_array(count ? count : 1, sizeof **array, err);
	return *array ? GB_OK : GB_SYSTEM;
}

static bool fits(const gb_loader *loader, int64_t row) { return loader->use[row] == GB_LOADER_FIT; }

static gb_status measure_linear(gb_loader *loader, gb_err *err)
{
	size_t n = loader->shape.linear;
	double *sum = gb_array(n, sizeof *sum, err),
	       *squares = sum ? gb_array(n, sizeof *squares, err) : NULL, count = 0;

	if (!squares) {
		free(sum);
		return GB_SYSTEM;
	}
	for (int64_t r = 0; r < loader->rows; r++) {
		float *x = loader->linear + (size_t)r * n;

		count += fits(loader, r);
		for (int b = 0; b < loader->bands; b++)
			gb_linear_feature_read(loader->set, &loader->band[b].band, r, loader->scratch,
			                       x + loader->band[b].first);
		for (size_t i = 0; fits(loader, r) && i < n; i++) {
			sum[i] += (double)x[i];
			squares[i] += (double)x[i] * (double)x[i];
		}
	}
	gb_modality_moments(sum, squares, n, count, loader->statistics.linear_mean,
	                    loader->statistics.linear_std);
	free(sum);
	free(squares);
	return GB_OK;
}

/* Σ over the subjects of a mean of their z-scored courses: its variance gives
 * the mean pairwise correlation ρ, hence the ceiling √(Nρ/(1+(N−1)ρ)). */
static gb_status measure_ceiling(gb_loader *loader, size_t subject, gb_err *err)
{
	const gb_bold_source *brain = &loader->brain[subject];
	size_t n = brain->subjects, v = brain->voxels, rows = 0;
	float *ceiling = loader->statistics.ceiling[subject], *total;
	double *sum = gb_array(2 * v, sizeof *sum, err), *squares = sum ? sum + v : NULL;

	for (int64_t r = 0; r < loader->rows; r++)
		rows += fits(loader, r);
	total = sum ? gb_array(rows * v, sizeof *total, err) : NULL;
	if (!total) {
		free(sum);
		return GB_SYSTEM;
	}
	for (size_t s = 0; s < n; s++) {
		size_t at = 0;

		memset(sum, 0, 2 * v * sizeof *sum);
		for (int pass = 0; pass < 2; pass++)
			for (int64_t r = 0; r < loader->rows; r++) {
				if (!fits(loader, r))
					continue;
				gb_dataset_read(loader->set, brain->subject[s], r, false, loader->scratch);
				for (size_t i = 0; i < v; i++) {
					double x = (double)loader->scratch[i], m = sum[i] / (double)rows,
					       sd = sqrt(fmax(squares[i] / (double)rows - m * m, 0));

					if (pass == 0) {
						sum[i] += x;
						squares[i] += x * x;
					} else if (sd > 0)
						total[at * v + i] += (float)((x - m) / sd);
				}
				at += (size_t)pass;
			}
	}
	for (size_t i = 0; i < v; i++) {
		double power = 0, rho;

		for (size_t r = 0; r < rows; r++)
			power += (double)total[r * v + i] * (double)total[r * v + i];
		rho = (power / (double)rows - (double)n) / ((double)n * (double)(n - 1));
		ceiling[i] = rho > 0 ? (float)sqrt((double)n * rho / (1 + (double)(n - 1) * rho)) : 0;
	}
	free(total);
	free(sum);
	return GB_OK;
}

static gb_status measure_bold(gb_loader *loader, size_t subject, gb_err *err)
{
	size_t v = loader->shape.voxels[subject];
	gb_loader_statistics *st = &loader->statistics;
	double *sum = gb_array(2 * v, sizeof *sum, err), *squares = sum ? sum + v : NULL, rows = 0, all = 0;

	if (!sum || floats(&st->bold_mean[subject], v, err) != GB_OK ||
	    floats(&st->bold_std[subject], v, err) != GB_OK ||
	    floats(&st->voxel_weight[subject], v, err) != GB_OK ||
	    floats(&st->ceiling[subject], v, err) != GB_OK) {
		free(sum);
		return GB_SYSTEM;
	}
	for (int64_t r = 0; r < loader->rows; r++) {
		if (!fits(loader, r))
			continue;
		rows++;
		gb_bold_source_read(&loader->brain[subject], r, loader->scratch, loader->scratch2);
		for (size_t i = 0; i < v; i++) {
			sum[i] += (double)loader->scratch2[i];
			squares[i] += (double)loader->scratch2[i] * (double)loader->scratch2[i];
		}
	}
	gb_modality_moments(sum, squares, v, rows, st->bold_mean[subject], st->bold_std[subject]);
	if (loader->brain[subject].subjects > 1) {
		if (measure_ceiling(loader, subject, err) != GB_OK) {
			free(sum);
			return GB_SYSTEM;
		}
	}
	/* Weights ∝ ceiling² where it can be estimated, such that the constant predictor scores exactly 1. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v; i++) {
			double m = (double)st->bold_mean[subject][i], sd = (double)st->bold_std[subject][i],
			       c = (double)st->ceiling[subject][i];
			double weight = loader->brain[subject].subjects > 1 ? fmax(c * c, 1e-3) : 1;

			if (pass == 0)
				all += weight *
				       ((squares[i] / rows - 2 * m * sum[i] / rows + m * m) / (sd * sd));
			else
				st->voxel_weight[subject][i] = (float)(weight / all);
		}
	free(sum);
	return GB_OK;
}

gb_status gb_loader_measure(gb_loader *loader, gb_pool *pool, gb_err *err)
{
	gb_loader_statistics *st = &loader->statistics;
	const gb_network_shape *s = &loader->shape;
	size_t pixels = s->video_frames * s->video_height * s->video_width * 3, text = 0;
	double power = 0;

	(void)pool;
	if (floats(&st->linear_mean, s->linear, err) != GB_OK ||
	    floats(&st->linear_std, s->linear, err) != GB_OK ||
	    floats(&st->video_mean, pixels, err) != GB_OK || floats(&st->video_scale, pixels, err) != GB_OK ||
	    floats(&st->video_base, pixels, err) != GB_OK ||
	    floats(&st->mel_mean, s->mel_bands * s->mel_frames, err) != GB_OK ||
	    floats(&st->mel_std, s->mel_bands * s->mel_frames, err) != GB_OK ||
	    floats(&st->code_base, s->codebooks * GB_CODE_CLASSES, err) != GB_OK ||
	    floats(&st->code_mean, s->codebooks, err) != GB_OK || floats(&st->text_unit, 1, err) != GB_OK ||
	    measure_linear(loader, err) != GB_OK)
		return GB_SYSTEM;
	for (int b = 0; b < loader->bands; b++) {
		const gb_loader_feature *band = &loader->band[b];
		gb_modality_source source = gb_loader_source(loader, band);
		gb_status status = GB_OK;

		if (band->modality->measure)
			status = band->modality->measure(&source, err);
		if (status != GB_OK)
			return status;
		for (size_t i = 0; s->text && band->modality == &gb_modality_text && i < band->width;
		     i++, text++)
			power += (double)st->linear_std[band->first + i] *
			         (double)st->linear_std[band->first + i];
	}
	st->text_unit[0] = text && power > 0 ? (float)sqrt(power / (double)text) : 1;
	for (size_t i = 0; i < s->subjects; i++)
		if (measure_bold(loader, i, err) != GB_OK)
			return GB_SYSTEM;
	return GB_OK;
}

gb_status gb_loader_prepare(gb_loader *loader, gb_err *err)
{
	size_t n = loader->shape.linear;

	(void)err;
	for (int64_t r = 0; r < loader->rows; r++) {
		float *x = loader->linear + (size_t)r * n;

		for (int b = 0; b < loader->bands; b++) {
			const gb_loader_feature *band = &loader->band[b];
			const float *mean = loader->statistics.linear_mean + band->first,
				    *std = loader->statistics.linear_std + band->first;

			if (!band->band.feature)
				continue; /* absent: the mean, which is 0 */
			gb_linear_feature_read(loader->set, &band->band, r, loader->scratch, x + band->first);
			for (size_t i = 0; i < band->width; i++)
				x[band->first + i] = (x[band->first + i] - mean[i]) / std[i];
		}
	}
	return GB_OK;
}
