/* SPDX-License-Identifier: MIT */
/* feature_statistics.c: statistics of the train rows, and the constants they imply. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "loader/loader.h"

static gb_status floats(float **array, size_t count, gb_err *err)
{
	*array = gb_array(count ? count : 1, sizeof **array, err);
	return *array ? GB_OK : GB_SYSTEM;
}

/* Mean and SD of N sums over COUNT rows; SD 0 becomes 1. */
static void finish(const double *sum, const double *squares, size_t n, double count, float *mean, float *std)
{
	for (size_t i = 0; i < n; i++) {
		double m = sum[i] / count, v = squares[i] / count - m * m;

		mean[i] = (float)m;
		std[i] = v > 1e-12 * (m * m + 1e-30) ? (float)sqrt(v) : 1.0f;
	}
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
	finish(sum, squares, n, count, loader->statistics.linear_mean, loader->statistics.linear_std);
	free(sum);
	free(squares);
	return GB_OK;
}

/* Mean and SD over the fit rows of a band's raw numbers. */
static gb_status measure_band(gb_loader *loader, const gb_loader_feature *band, float *mean, float *std,
                              gb_err *err)
{
	size_t n = band->elements;
	double *sum = gb_array(n, sizeof *sum, err),
	       *squares = sum ? gb_array(n, sizeof *squares, err) : NULL, count = 0;

	if (!squares) {
		free(sum);
		return GB_SYSTEM;
	}
	for (int64_t r = 0; r < loader->rows; r++) {
		if (!fits(loader, r))
			continue;
		count++;
		gb_dataset_read(loader->set, band->band.feature, r, false, loader->scratch);
		for (size_t i = 0; i < n; i++) {
			sum[i] += (double)loader->scratch[i];
			squares[i] += (double)loader->scratch[i] * (double)loader->scratch[i];
		}
	}
	finish(sum, squares, n, count, mean, std);
	free(sum);
	free(squares);
	return GB_OK;
}

static gb_status measure_video(gb_loader *loader, const gb_loader_feature *band, gb_err *err)
{
	const gb_network_shape *s = &loader->shape;
	float *mean = loader->statistics.video_mean, *scale = loader->statistics.video_scale,
	      *base = loader->statistics.video_base, least;
	size_t ph, pw, line = s->video_width * 3, at = 0;
	double power = 0;

	gb_patch_size(s, &ph, &pw);
	if (measure_band(loader, band, mean, scale, err) != GB_OK)
		return GB_SYSTEM;
	for (size_t i = 0; i < band->elements; i++)
		power += (double)scale[i] * (double)scale[i];
	least = (float)(0.1 * sqrt(power / (double)band->elements));
	for (size_t i = 0; i < band->elements; i++)
		scale[i] = 1.0f / (scale[i] > least ? scale[i] : least);
	/* Patch order; the sigmoid of the base is the mean, kept off 0 and 1 by half a level. */
	for (size_t f = 0; ph && pw && f < s->video_frames; f++)
		for (size_t p = 0; p < s->video_height / ph * (s->video_width / pw); p++)
			for (size_t y = 0; y < ph; y++)
				for (size_t x = 0; x < pw * 3; x++) {
					size_t row = p / (s->video_width / pw) * ph + y,
					       column = p % (s->video_width / pw) * pw * 3 + x;
					float average = mean[(f * s->video_height + row) * line + column];
					double m = (double)average / 255;

					m = m < 0.5 / 255 ? 0.5 / 255 : m > 254.5 / 255 ? 254.5 / 255 : m;
					base[at++] = (float)log(m / (1 - m));
				}
	for (size_t i = 0; s->kind && i < band->elements; i++) { /* as they are, 0 … 1 */
		mean[i] = 0;
		scale[i] = 1.0f / 255;
	}
	return GB_OK;
}

/* GB_DATA for a code that the network's tables do not hold. */
static gb_status check_codes(const gb_loader *loader, const gb_loader_feature *band, gb_err *err)
{
	const gb_feature *f = band->band.feature;

	for (int64_t r = 0; r < loader->rows; r++) {
		int64_t count = gb_dataset_count(loader->set, f, r);

		gb_dataset_read(loader->set, f, r, false, loader->scratch);
		for (size_t i = 0; i < f->elements; i++)
			if ((int64_t)(i % loader->shape.code_frames) < count &&
			    loader->scratch[i] >= GB_CODE_CLASSES)
				return gb_fail(err, GB_DATA,
				               "%s: row %lld: code %.0f: this network knows %d codes a "
				               "codebook",
				               f->name, (long long)r, (double)loader->scratch[i],
				               GB_CODE_CLASSES);
	}
	return GB_OK;
}

/* log unigram of each codebook, one added to every count. */
static gb_status measure_codes(gb_loader *loader, const gb_loader_feature *band, gb_err *err)
{
	size_t q = loader->shape.codebooks, frames = loader->shape.code_frames;
	double *count;
	gb_status status = check_codes(loader, band, err);

	count = status ? NULL : gb_array(q * GB_CODE_CLASSES, sizeof *count, err);
	if (!count)
		return status ? status : GB_SYSTEM;
	for (int64_t r = 0; r < loader->rows; r++) {
		const int16_t *codes = loader->code_row;

		gb_loader_read_codes(loader, band, r, loader->code_row);
		for (size_t i = 0; fits(loader, r) && i < q * frames; i++)
			if (codes[i] >= 0)
				count[i / frames * GB_CODE_CLASSES + (size_t)codes[i]]++;
	}
	for (size_t b = 0; b < q; b++) {
		double all = GB_CODE_CLASSES, sum = 0;

		for (size_t i = 0; i < GB_CODE_CLASSES; i++) {
			all += count[b * GB_CODE_CLASSES + i];
			sum += count[b * GB_CODE_CLASSES + i] * (double)i / (GB_CODE_CLASSES - 1);
		}
		loader->statistics.code_mean[b] = all > GB_CODE_CLASSES
		                                      ? (float)(sum / (all - GB_CODE_CLASSES))
		                                      : 0;
		for (size_t i = 0; i < GB_CODE_CLASSES; i++)
			loader->statistics.code_base[b * GB_CODE_CLASSES + i] = (float)log(
			    (count[b * GB_CODE_CLASSES + i] + 1) / all);
	}
	free(count);
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
	finish(sum, squares, v, rows, st->bold_mean[subject], st->bold_std[subject]);
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
		gb_status status = band->kind == GB_LINEAR_FEATURE_VIDEO ? measure_video(loader, band, err)
		                   : band->kind == GB_LINEAR_FEATURE_MEL
		                       ? measure_band(loader, band, st->mel_mean, st->mel_std, err)
		                   : band->kind == GB_LINEAR_FEATURE_CODES ? measure_codes(loader, band, err)
		                                                           : GB_OK;

		if (status != GB_OK)
			return status;
		for (size_t i = 0; s->text && !strcmp(band->name, "text") && i < band->width; i++, text++)
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
