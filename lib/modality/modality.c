/* SPDX-License-Identifier: MIT */
#include "modality/modality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

const gb_modality *const gb_modalities[GB_MODALITIES] = {&gb_modality_video, &gb_modality_mel,
                                                         &gb_modality_codes, &gb_modality_text,
                                                         &gb_modality_pitch,
                                                         &gb_modality_floats};

const gb_modality *gb_modality_of(const gb_feature *feature)
{
	for (int m = 0; m < GB_MODALITIES; m++)
		if (gb_modalities[m]->accepts(feature))
			return gb_modalities[m];
	return NULL;
}

const gb_modality *gb_modality_stored(int64_t kind, const char *name)
{
	const gb_modality *found = NULL;

	for (int m = 0; m < GB_MODALITIES; m++) {
		const gb_modality *modality = gb_modalities[m];

		if ((int64_t)modality->kind == kind && kind != GB_LINEAR_FEATURE_FLOAT)
			return modality;
		if ((int64_t)modality->kind == kind && name && !strcmp(modality->name, name))
			return modality;
		if ((int64_t)modality->kind == kind)
			found = modality; /* the last one takes any name */
	}
	return found;
}

int gb_modality_index(const gb_modality *modality)
{
	int m = 0;

	while (m < GB_MODALITIES - 1 && gb_modalities[m] != modality)
		m++;
	return m;
}

/* ---- linear models ---- */

gb_status gb_linear_feature_of(gb_linear_feature *band, const gb_feature *f, gb_err *err)
{
	const gb_modality *modality = gb_modality_of(f);

	if (!modality)
		return gb_fail(err, GB_DATA,
		               "%s: %s of rank %d: float tensors, codes [codebook, frame] or pictures "
		               "[frame, y, x, 3] are wanted",
		               f->name, gb_dtype_name(f->dtype), f->rank);
	*band = (gb_linear_feature){.feature = f,
	                            .modality = modality,
	                            .kind = modality->kind,
	                            .width = f->elements};
	return modality->features(band, f, err);
}

void gb_linear_feature_read(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                            float *out)
{
	band->modality->read(set, band, row, scratch, out);
}

bool gb_linear_feature_decodes(const gb_feature *f, int64_t shape[4], int *rank, size_t *elements)
{
	const gb_modality *modality = gb_modality_of(f);

	return modality && modality->decodes && modality->decodes(f, shape, rank, elements);
}

void gb_linear_feature_read_target(const gb_dataset *set, const gb_feature *f, int64_t row, float *out)
{
	const gb_modality *modality = gb_modality_of(f);

	(modality && modality->read_target ? modality->read_target : gb_modality_float_target)(set, f, row,
	                                                                                       out);
}

/* ---- shared by several modalities ---- */

bool gb_modality_is_float(gb_dtype dtype)
{
	return dtype == GB_F32 || dtype == GB_F16 || dtype == GB_F64 || dtype == GB_BF16;
}

void gb_modality_moments(const double *sum, const double *squares, size_t n, double count, float *mean,
                         float *std)
{
	for (size_t i = 0; i < n; i++) {
		double m = sum[i] / count, v = squares[i] / count - m * m;

		mean[i] = (float)m;
		std[i] = v > 1e-12 * (m * m + 1e-30) ? (float)sqrt(v) : 1.0f;
	}
}

gb_status gb_modality_measure(const gb_modality_source *source, float *mean, float *std, gb_err *err)
{
	size_t n = source->feature->elements;
	double *sum = gb_array(n, sizeof *sum, err),
	       *squares = sum ? gb_array(n, sizeof *squares, err) : NULL, count = 0;

	if (!squares) {
		free(sum);
		return GB_SYSTEM;
	}
	for (int64_t r = 0; r < source->rows; r++) {
		if (source->use[r] != source->fit)
			continue;
		count++;
		gb_dataset_read(source->set, source->feature, r, false, source->scratch);
		for (size_t i = 0; i < n; i++) {
			sum[i] += (double)source->scratch[i];
			squares[i] += (double)source->scratch[i] * (double)source->scratch[i];
		}
	}
	gb_modality_moments(sum, squares, n, count, mean, std);
	free(squares);
	free(sum);
	return GB_OK;
}

double gb_modality_total(const float *weight, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)weight[i];
	return sum;
}

double gb_modality_squares(const float *target, const float *weight, const float *base, size_t rows,
                           size_t columns)
{
	double sum = 0;

	for (size_t r = 0; r < rows; r++)
		for (size_t i = 0; weight[r] > 0 && i < columns; i++) {
			double d = (double)target[r * columns + i] -
			           (base ? 1 / (1 + exp(-(double)base[i])) : 0);

			sum += (double)weight[r] * d * d;
		}
	return sum;
}

gb_status gb_modality_float_features(gb_linear_feature *band, const gb_feature *feature, gb_err *err)
{
	(void)err;
	band->width = feature->elements;
	return GB_OK;
}

void gb_modality_float_read(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                            float *out)
{
	(void)scratch;
	gb_dataset_read(set, band->feature, row, false, out);
}

bool gb_modality_float_decodes(const gb_feature *feature, int64_t shape[4], int *rank, size_t *elements)
{
	if (feature->rank > 4)
		return false;
	*rank = feature->rank;
	for (int i = 0; i < feature->rank; i++)
		shape[i] = feature->shape[i];
	*elements = feature->elements;
	return true;
}

void gb_modality_float_target(const gb_dataset *set, const gb_feature *feature, int64_t row, float *out)
{
	gb_dataset_read(set, feature, row, false, out);
}

void gb_modality_float_shape(gb_network_shape *shape, size_t width, const int64_t *dims)
{
	(void)dims;
	shape->dense += width;
}
