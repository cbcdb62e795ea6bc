/* SPDX-License-Identifier: MIT */
#include "text/nearest_text.h"
#include "base/size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gb_status open_parts(gb_tensor_file *file, gb_dictionary *d, gb_err *err)
{
	const gb_tensor *strings = NULL;
	gb_status status = gb_tensor_file_need(file, "text", GB_F32, -1, &d->text, err);

	if (status == GB_OK)
		status = gb_tensor_file_need(file, "text.segments", GB_F32, 2, &d->segments, err);
	if (status == GB_OK)
		status = gb_tensor_file_need(file, "text.strings", GB_U8, 1, &strings, err);
	if (status == GB_OK)
		status = gb_tensor_file_clock(file, "text", &d->clock, err);
	return status == GB_OK ? gb_json_parse(strings->data, strings->bytes, &d->strings, err) : status;
}

gb_status gb_dictionary_open(gb_tensor_file *file, gb_dictionary *d, gb_err *err)
{
	const char *name = gb_tensor_file_name(file);
	gb_status status;

	*d = (gb_dictionary){.slots = 1};
	status = open_parts(file, d, err);
	if (status != GB_OK)
		return status;
	d->width = (size_t)d->segments->shape[1];
	if (d->text->rank == 3)
		d->slots = (size_t)d->text->shape[1];
	if (d->text->rank < 2 || d->text->rank > 3 || (size_t)d->text->shape[d->text->rank - 1] != d->width)
		status = gb_fail(err, GB_DATA, "%s: text and text.segments are not of the same width", name);
	else if (!gb_json_is_array(d->strings) || gb_json_size(d->strings) != (size_t)d->segments->shape[0])
		status = gb_fail(err, GB_DATA, "%s: text.strings has %zu texts for %lld segments", name,
		                 gb_json_size(d->strings), (long long)d->segments->shape[0]);
	if (status != GB_OK)
		gb_dictionary_close(d);
	return status;
}

void gb_dictionary_close(gb_dictionary *d)
{
	gb_json_free(d->strings);
	d->strings = NULL;
}

typedef struct job {
	const float *vectors, *segments;
	size_t segment_count, width, k;
	double *norm; /* of each segment */
	gb_match *match;
} job;

/* Eight partial sums in a fixed order: the compiler may use vectors for them. */
static double dot(const float *a, const float *b, size_t n)
{
	double part[8] = {0}, sum = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8)
		for (size_t lane = 0; lane < 8; lane++)
			part[lane] += (double)a[i + lane] * b[i + lane];
	for (; i < n; i++)
		part[0] += (double)a[i] * b[i];
	for (size_t lane = 0; lane < 8; lane++)
		sum += part[lane];
	return sum;
}

static void match_one(void *context, size_t index, int worker)
{
	const job *j = context;
	const float *vector = j->vectors + index * j->width;
	gb_match *best = j->match + index * j->k;
	double norm = sqrt(dot(vector, vector, j->width));
	size_t found = 0, at;

	(void)worker;
	for (size_t i = 0; i < j->k && !(norm > 0); i++)
		best[i] = (gb_match){GB_NO_SEGMENT, 0};
	for (size_t i = 0; i < j->segment_count && norm > 0; i++) {
		double cosine = j->norm[i] > 0
		                    ? dot(vector, j->segments + i * j->width, j->width) / (norm * j->norm[i])
		                    : 0;

		if (found == j->k && cosine <= best[found - 1].cosine)
			continue;
		for (at = found < j->k ? found++ : found - 1; at && best[at - 1].cosine < cosine; at--)
			best[at] = best[at - 1];
		best[at] = (gb_match){i, cosine};
	}
}

gb_status gb_nearest(gb_vectors vectors, gb_vectors segments, size_t width, size_t k, gb_match *match,
                     gb_pool *pool, gb_err *err)
{
	job j = {vectors.value, segments.value, segments.count, width, k,
	         gb_array(segments.count, sizeof(double), err), match};

	if (!j.norm)
		return GB_SYSTEM;
	for (size_t i = 0; i < segments.count; i++)
		j.norm[i] = sqrt(dot(segments.value + i * width, segments.value + i * width, width));
	gb_pool_run(pool, vectors.count, match_one, &j);
	free(j.norm);
	return GB_OK;
}
