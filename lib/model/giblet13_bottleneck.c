/* SPDX-License-Identifier: MIT */
/* giblet13_bottleneck.c: the bottleneck of the trained network: its values, what heads read
 * of it, and what is taken out of it between layer 7 and all that reads it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/giblet13_internal.h"
#include "linalg/matrix.h"
#include "network/layer_sizes.h"
#include "network/graph_cost.h"

typedef gb_giblet13_state state;

static size_t width(const void *opaque)
{
	const state *s = opaque;
	double scale = 0;

	return gb_json_read_number(gb_json_get(s->dims, "width"), &scale) ? gb_scaled(2048, scale) : 0;
}

/* ---- values ---- */

typedef struct copy_out { float *out; size_t width; } copy_out;

static void take(void *context, const float *numbers, size_t asked, size_t place)
{
	const copy_out *c = context;

	memcpy(c->out + asked * c->width, numbers + place * c->width, c->width * sizeof *c->out);
}

static gb_status values(void *opaque, const gb_dataset *set, const int64_t *rows, size_t count, float *out,
                        gb_pool *pool, gb_err *err)
{
	state *s = opaque;
	gb_loader_options fill = {.bold_one = GB_SUBJECTS_MAX};
	gb_status status = gb_giblet13_use(s, set, err);
	copy_out copy = {out, s->net.bottleneck};

	if (status == GB_OK)
		status = gb_giblet13_rows_are(set, rows, count, err);
	s->device.pool = pool;
	return status != GB_OK
	           ? status
	           : gb_giblet13_windows(s, &fill, rows, count, s->net.z_scored, take, &copy, err);
}

void gb_giblet13_take_out(state *s)
{
	float *z = gb_graph_value(s->net.graph, s->net.z); /* the host's: models are used there */
	const gb_bottleneck_removed *out = &s->out;
	size_t n = s->net.bottleneck;

	for (size_t row = 0; row < s->net.rows; row++, z += n)
		/* one after another is the same as all at once: they are orthonormal */
		for (size_t k = 0; k < out->rank; k++) {
			const double *q = out->q + k * n;
			double along = 0;

			for (size_t i = 0; i < n; i++)
				along += q[i] * ((double)z[i] - out->mean[i]);
			for (size_t i = 0; i < n; i++)
				z[i] = (float)((double)z[i] - along * q[i]);
		}
}

static void take_out(void *opaque, const gb_bottleneck_removed *out)
{
	((state *)opaque)->out = out ? *out : (gb_bottleneck_removed){0};
}

/* ---- what heads read ---- */

/* GRAM [rank, rank] += Σ h hᵀ over the rows h of head K for voxels of REGION. */
static gb_status add_head(const state *s, size_t k, const uint8_t *region, double *gram, gb_pool *pool,
                          gb_err *err)
{
	size_t rank = s->net.shape.rank, voxels = s->net.shape.voxels[k], count = 0;
	const float *head;
	char name[96];
	float *column;
	gb_status status;

	snprintf(name, sizeof name, "brain.%s.weight", s->net.shape.subject[k]);
	head = (const float *)gb_graph_weights(s->net.graph)->host +
	       gb_graph_parameter_at(s->net.graph, gb_graph_find(s->net.graph, name))->first;
	column = gb_array(rank * voxels, sizeof *column, err);
	if (!column)
		return GB_SYSTEM;
	for (size_t v = 0; v < voxels; v++)
		if (region[v]) {
			for (size_t r = 0; r < rank; r++)
				column[r * voxels + count] = head[v * rank + r];
			count++;
		}
	status = gb_matrix_gram(pool, column, rank, count, voxels, gram, true, err);
	free(column);
	return status;
}

/* Of the model of the mean that one; else the subject's; where their mean is predicted, all. */
static bool is_read(const char *head, const char *subject)
{
	return !strcmp(head, "mean") || !strcmp(subject, "mean") || !strcmp(head, subject);
}

static gb_status gram_of(const state *s, const char *subject, const uint8_t *region, double *gram,
                         gb_pool *pool, gb_err *err)
{
	const gb_network_shape *shape = &s->net.shape;
	size_t heads = 0, voxels = 0;
	gb_status status = GB_OK;

	for (size_t k = 0; status == GB_OK && k < shape->subjects; k++) {
		if (!is_read(shape->subject[k], subject))
			continue;
		if (heads++ && shape->voxels[k] != voxels)
			return gb_fail(err, GB_DATA,
			               "subject %s: %zu voxels, %s has %zu: one region for both needs one "
			               "mask",
			               shape->subject[k], shape->voxels[k], shape->subject[0], voxels);
		voxels = shape->voxels[k];
		status = add_head(s, k, region, gram, pool, err);
	}
	return status != GB_OK || heads
	           ? status
	           : gb_fail(err, GB_USAGE, "subject %s: the model has no head for it", subject);
}

static gb_status reads(void *opaque, const gb_dataset *set, const char *subject, const uint8_t *region,
                       float **out, size_t *count, gb_pool *pool, gb_err *err)
{
	state *s = opaque;
	gb_status status = gb_giblet13_use(s, set, err);
	size_t rank = s->net.shape.rank, basis = s->net.shape.basis, n = s->net.bottleneck;
	double *gram = status == GB_OK ? gb_array(rank * rank + rank, sizeof *gram, err) : NULL,
	       *value = gram ? gram + rank * rank : NULL;
	float *root = gram ? gb_array(rank * rank, sizeof *root, err) : NULL;
	const float *map;

	*count = basis * rank;
	*out = root ? gb_array(*count * n, sizeof **out, err) : NULL;
	if (status == GB_OK)
		status = *out ? gram_of(s, subject, region, gram, pool, err) : GB_SYSTEM;
	if (status == GB_OK)
		status = gb_eigen_symmetric(gram, rank, value, err);
	if (status == GB_OK) {
		map = (const float *)gb_graph_weights(s->net.graph)->host +
		      gb_graph_parameter_at(s->net.graph, gb_graph_find(s->net.graph, "brain.map.weight"))
		          ->first;
		for (size_t i = 0; i < rank * rank; i++)
			root[i] = (float)(sqrt(fmax(value[i / rank], 0)) * gram[i]);
		for (size_t b = 0; status == GB_OK && b < basis; b++) /* its columns: filter after filter */
			status = gb_matrix_product(pool, (gb_product_size){rank, n, rank},
			                           (gb_operand){root, rank, GB_AS_STORED},
			                           (gb_operand){map + b * n, basis * n, GB_AS_STORED},
			                           *out + b * rank * n, n, false, err);
	}
	free(gram);
	free(root);
	if (status != GB_OK) {
		free(*out);
		*out = NULL;
	}
	return status;
}

const gb_model_bottleneck_table gb_giblet13_bottleneck = {width, values, reads, take_out};
