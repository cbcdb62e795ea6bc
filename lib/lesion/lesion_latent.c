/* SPDX-License-Identifier: MIT */
#include "lesion/lesion_latent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "linalg/matrix.h"

enum { BRAINS = 3 }; /* figures of r: over all voxels, the region, the rest */

typedef struct work {
	const gb_lesion_options *o;
	gb_lesion *l;
	const gb_encoding *e;    /* NULL: BOLD is not asked for */
	size_t rows, width;
	float *z;                /* [rows, width] of the train rows, less their mean */
	double *mean, *q;        /* [width]; [rank, width], the rank at most width */
	float *predicted;        /* of E: [rows, voxels] */
	double *r;               /* [voxels] */
	uint8_t *region;         /* [voxels] the one that the lesion is about */
} work;

static gb_status train_rows(work *w, gb_err *err)
{
	const gb_decoding_options *d = &w->o->decoding;
	int64_t *row;
	int32_t *run;
	gb_status status = gb_bold_source_rows(d->set, NULL, GB_ROW_TRAIN, &row, &run, &w->rows, err);

	if (status)
		return status;
	if (w->rows < 2)
		status = gb_fail(err, GB_DATA,
		                 "data set: %zu train rows that are valid in all its tensors: what a region "
		                 "reads of z is measured on them",
		                 w->rows);
	w->z = status ? NULL : gb_array(w->rows * w->width, sizeof *w->z, err);
	if (!status)
		status = w->z ? gb_model_bottleneck_values(d->model, d->set, row, w->rows, w->z, d->pool, err)
		              : GB_SYSTEM;
	free(row);
	free(run);
	for (size_t t = 0; !status && t < w->rows; t++)
		for (size_t i = 0; i < w->width; i++)
			w->mean[i] += (double)w->z[t * w->width + i] / (double)w->rows;
	for (size_t t = 0; !status && t < w->rows; t++)
		for (size_t i = 0; i < w->width; i++)
			w->z[t * w->width + i] = (float)((double)w->z[t * w->width + i] - w->mean[i]);
	return status;
}

/* ---- directions ---- */

/* Makes row K of Q [K + 1, N] orthogonal to the rows before it and of length 1.  Done twice: the first
 * pass leaves rounding errors. */
static void orthonormalise(double *q, size_t k, size_t n)
{
	double *row = q + k * n;

	for (size_t pass = 0; pass < 2; pass++) {
		double square = 0;

		for (size_t j = 0; j < k; j++) {
			double along = 0;

			for (size_t i = 0; i < n; i++)
				along += q[j * n + i] * row[i];
			for (size_t i = 0; i < n; i++)
				row[i] -= along * q[j * n + i];
		}
		for (size_t i = 0; i < n; i++)
			square += row[i] * row[i];
		for (size_t i = 0; i < n; i++)
			row[i] /= sqrt(square);
	}
}

/* How many of the largest eigenvalues of VALUE [count], ascending: ASKED, or, for 0, as many as have the
 * share; none that is rounding. */
static size_t rank_of(const double *value, size_t count, size_t most, size_t asked)
{
	double all = 0, sum = 0;
	size_t rank = 0;

	for (size_t i = 0; i < count; i++)
		all += fmax(value[i], 0);
	while (rank < most && rank < count && (asked ? rank < asked : sum < GB_LATENT_SHARE * all) &&
	       value[count - 1 - rank] > 1e-10 * value[count - 1])
		sum += value[count - 1 - rank++];
	return rank;
}

/* Q: *RANK directions that the head reads for REGION, fewer where it reads fewer; *RANK 0: as many as have
 * the share. */
static gb_status directions(work *w, const uint8_t *region, size_t *rank, gb_err *err)
{
	const gb_decoding_options *d = &w->o->decoding;
	size_t count = 0, n = w->width;
	float *reads, *read = NULL;
	double *gram = NULL;
	gb_status status = gb_model_bottleneck_reads(d->model, d->set, w->o->brain->subject, region, &reads,
	                                             &count, d->pool, err);

	if (!status) {
		read = gb_array(count * w->rows, sizeof *read, err);
		gram = read ? gb_array(count * count + count, sizeof *gram, err) : NULL;
		status = gram ? GB_OK : GB_SYSTEM;
	}
	if (!status)
		status = gb_matrix_product(d->pool, (gb_product_size){count, w->rows, n},
		                           (gb_operand){reads, n, GB_AS_STORED},
		                           (gb_operand){w->z, n, GB_TRANSPOSED}, read, w->rows, false, err);
	if (!status)
		status = gb_matrix_gram(d->pool, read, count, w->rows, w->rows, gram, false, err);
	if (!status)
		status = gb_eigen_symmetric(gram, count, gram + count * count, err);
	if (!status) {
		*rank = rank_of(gram + count * count, count, n, *rank);
		memset(w->q, 0, *rank * n * sizeof *w->q);
		for (size_t k = 0; k < *rank; k++) {
			for (size_t j = 0; j < count; j++)
				for (size_t i = 0; i < n; i++)
					w->q[k * n + i] +=
						gram[(count - 1 - k) * count + j] * (double)reads[j * n + i];
			orthonormalise(w->q, k, n);
		}
	}
	free(reads);
	free(read);
	free(gram);
	return status;
}

/* ---- scores ---- */

/* A voxel whose prediction varies by rounding errors only is predicted by a constant. */
static void flatten(const gb_encoding *e, float *predicted)
{
	for (size_t v = 0; v < e->voxels; v++) {
		double mean[2] = {0, 0}, square[2] = {0, 0}, n = (double)e->scored.rows;

		for (size_t t = 0; t < e->scored.rows; t++) {
			mean[0] += (double)e->predicted[t * e->voxels + v] / n;
			mean[1] += (double)predicted[t * e->voxels + v] / n;
		}
		for (size_t t = 0; t < e->scored.rows; t++) {
			square[0] += pow((double)e->predicted[t * e->voxels + v] - mean[0], 2);
			square[1] += pow((double)predicted[t * e->voxels + v] - mean[1], 2);
		}
		for (size_t t = 0; square[1] < 1e-8 * square[0] && t < e->scored.rows; t++)
			predicted[t * e->voxels + v] = 0;
	}
}

/* Mean of R over all voxels, those of the region that the lesion is about, and the rest. */
static void mean_r(const work *w, const double *r, double *out, size_t stride)
{
	double in = 0, outside = 0, size = (double)w->l->size, voxels = (double)w->l->voxels;

	for (size_t v = 0; v < w->l->voxels; v++)
		*(w->region[v] ? &in : &outside) += r[v];
	out[0] = (in + outside) / voxels;
	out[stride] = in / size;
	out[2 * stride] = outside / (voxels - size);
}

static gb_status encode(work *w, bool asked, double *out, size_t stride, gb_err *err)
{
	const gb_decoding_options *d = &w->o->decoding;
	const gb_encoding *e = w->e;
	gb_status status = gb_encoding_predict(d->model, d->set, e->subject, e->row, e->scored.rows,
	                                       w->predicted, d->pool, err);

	if (status)
		return status;
	flatten(e, w->predicted);
	status = gb_score_r(w->predicted, e->measured, e->scored.rows, e->voxels, w->r, d->pool, err);
	if (!status)
		mean_r(w, w->r, out, stride);
	return status || !asked
	               ? status
	               : gb_maps_voxels(w->o->brain->folder, "r_latent_lesion.nii.gz", &w->o->brain->mask,
	                                w->r, "giblet: r on test rows, what the region reads taken out of z",
	                                err);
}

static gb_status score_without(void *context, const uint8_t *region, bool asked, double *out, size_t stride,
                               gb_err *err)
{
	work *w = context;
	gb_model *model = w->o->decoding.model;
	size_t rank = asked ? 0 : w->l->rank;
	gb_status status = directions(w, region, &rank, err), back;
	gb_bottleneck_removed taken = {w->q, w->mean, rank};

	if (!status && !rank)
		status = gb_fail(err, GB_DATA,
		                 "%s: the model's head reads nothing of z for %s: train it longer", w->o->roi,
		                 asked ? "these voxels" : "a random region");
	if (asked) {
		w->l->rank = rank;
		memcpy(w->region, region, w->l->voxels);
		if (w->e)
			mean_r(w, w->e->r, w->l->intact, 1);
	}
	if (!status)
		status = gb_model_bottleneck_take_out(model, &taken, err);
	if (!status && w->e)
		status = encode(w, asked, out, stride, err);
	for (size_t f = 0; !status && f < w->o->features; f++) {
		gb_decoding_options d = w->o->decoding;

		d.feature = w->o->decoded[f].feature;
		d.from_brain = false;
		status = gb_decoded_percentile(&d, &w->o->decoded[f], &out[(w->l->brains + f) * stride], err);
	}
	back = gb_model_bottleneck_take_out(model, NULL, status ? NULL : err);
	return status ? status : back;
}

static gb_status allocate_and_read(work *w, gb_err *err)
{
	size_t voxels = w->l->voxels;

	w->mean = gb_array(w->width, sizeof *w->mean, err);
	w->q = w->mean ? gb_array(w->width * w->width, sizeof *w->q, err) : NULL;
	w->region = w->q ? gb_array(voxels, 1, err) : NULL;
	w->r = w->region ? gb_array(voxels, sizeof *w->r, err) : NULL;
	w->predicted =
		w->r ? gb_array(w->e ? w->e->scored.rows * voxels : 1, sizeof *w->predicted, err) : NULL;
	return w->predicted ? train_rows(w, err) : GB_SYSTEM;
}

gb_status gb_lesion_latent(gb_lesion *l, const gb_lesion_options *o, gb_err *err)
{
	work w = {.o = o, .l = l, .e = o->brain->encoding.r ? &o->brain->encoding : NULL,
	          .width = gb_model_bottleneck(o->decoding.model)};
	size_t brains = w.e ? BRAINS : 0;
	gb_status status;

	*l = (gb_lesion){0};
	if (!brains && !o->features)
		return gb_fail(err, GB_USAGE,
		               "--lesion-latent: nothing else is asked of the model from the stimulus");
	status = gb_lesion_open(l, GB_LESION_LATENT, o, brains + o->features, err);
	if (status)
		return status;
	l->brains = brains;
	l->width = w.width;
	for (size_t f = 0; f < brains; f++)
		l->feature[f] = (const char *const[BRAINS]){"BOLD, all voxels", "BOLD in the region",
		                                            "BOLD outside the region"}[f];
	for (size_t f = 0; f < o->features; f++) {
		l->feature[brains + f] = o->decoded[f].feature;
		l->intact[brains + f] = o->decoded[f].identification.percentile;
	}
	status = allocate_and_read(&w, err);
	if (!status)
		status = gb_lesion_run(l, o, score_without, &w, err);
	else
		gb_lesion_clear(l);
	free(w.z);
	free(w.mean);
	free(w.q);
	free(w.region);
	free(w.r);
	free(w.predicted);
	return status;
}
