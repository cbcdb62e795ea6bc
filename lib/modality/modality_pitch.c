/* SPDX-License-Identifier: MIT */
/* modality_pitch.c: the float tensor `pitch` [3] of gb-audio-encodec --pitch: mean and SD of log2 F0, and the
 * voiced share.  Models read it as it is; its decoder is a linear map, fitted by squared error.  Its own
 * scores count frequencies in voiced rows only, where there is one. */
#include <math.h>
#include <string.h>

#include "modality/modality.h"

enum { OCTAVES, DEVIATION, VOICED, COLUMNS };

static bool accepts(const gb_feature *f)
{
	return gb_modality_is_float(f->dtype) && f->rank == 1 && f->shape[0] == COLUMNS &&
	       !strcmp(f->name, "pitch");
}

/* Root mean square of COLUMN over the rows in which something is voiced (all rows: VOICED); STRIDE 0: the
 * mean. */
static double error_of(const gb_modality_decoded *d, const float *values, size_t stride, size_t column)
{
	double sum = 0, n = 0;

	for (size_t t = 0; t < d->rows; t++) {
		const float *actual = d->actual + t * d->elements;
		double error = (double)values[t * stride + column] - (double)actual[column];

		if (column == VOICED || actual[VOICED] > 0) {
			sum += error * error;
			n++;
		}
	}
	return n > 0 ? sqrt(sum / n) : NAN;
}

static size_t score(const gb_modality_decoded *d, gb_modality_figure *figure)
{
	figure[0] = (gb_modality_figure){.key = "decoding.pitch.semitones",
	                                 .figure = "error of F0 in voiced rows (semitones)",
	                                 .control = "the train mean",
	                                 .value = 12 * error_of(d, d->predicted, d->elements, OCTAVES),
	                                 .baseline = 12 * error_of(d, d->mean, 0, OCTAVES)};
	figure[1] = (gb_modality_figure){.key = "decoding.pitch.voiced",
	                                 .figure = "error of the voiced share",
	                                 .control = "the train mean",
	                                 .value = error_of(d, d->predicted, d->elements, VOICED),
	                                 .baseline = error_of(d, d->mean, 0, VOICED)};
	return 2;
}

static float course(const float *values, size_t elements, size_t t) { return values[t * elements + OCTAVES]; }

const gb_modality gb_modality_pitch = {.name = "pitch",
                                       .kind = GB_LINEAR_FEATURE_FLOAT,
                                       .mask_token = 2,
                                       .term = -1,
                                       .group = "audio",
                                       .accepts = accepts,
                                       .features = gb_modality_float_features,
                                       .read = gb_modality_float_read,
                                       .decodes = gb_modality_float_decodes,
                                       .read_target = gb_modality_float_target,
                                       .shape = gb_modality_float_shape,
                                       .score = score,
                                       .course = course,
                                       .course_label = "mean log2 F0 (octaves above 1 Hz)"};
