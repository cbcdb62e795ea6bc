/* SPDX-License-Identifier: MIT */
#include "comparison/paired_comparison.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "stats/block_bootstrap.h"
#include "stats/correlation.h"
#include "tensor/tensor_file.h"

typedef struct prediction {
	gb_tensor_file *file;
	const gb_tensor *rows, *runs, *predicted, *measured;
} prediction;

static gb_status open_prediction(prediction *p, const char *folder, gb_err *err)
{
	char *path = gb_format(err, "%s/prediction.safetensors", folder);
	gb_status status;

	GB_TRY(path ? gb_tensor_file_open(&p->file, path, err) : GB_SYSTEM);
	GB_TRY(gb_tensor_file_need(p->file, "rows", GB_I64, 1, &p->rows, err));
	GB_TRY(gb_tensor_file_need(p->file, "runs", GB_I32, 1, &p->runs, err));
	GB_TRY(gb_tensor_file_need(p->file, "predicted", GB_F32, 2, &p->predicted, err));
	GB_TRY(gb_tensor_file_need(p->file, "measured", GB_F32, 2, &p->measured, err));
	if (p->rows->elements != p->runs->elements || p->predicted->elements != p->measured->elements ||
	    p->predicted->shape[0] != p->rows->shape[0] || p->measured->shape[0] != p->rows->shape[0] ||
	    p->rows->elements < 3)
		status = gb_fail(
			err, GB_DATA,
			"%s/prediction.safetensors: rows, predicted and measured contradict each other",
			folder);
done:
	free(path);
	return status;
}

static bool same_bytes(const gb_tensor *a, const gb_tensor *b)
{
	return a->bytes == b->bytes && memcmp(a->data, b->data, a->bytes) == 0;
}

static gb_status score_one(const prediction *p, const gb_bootstrap *blocks, const double *first,
                           gb_compared *out, double *means, gb_pool *pool, gb_err *err)
{
	size_t rows = p->rows->elements, voxels = (size_t)p->predicted->shape[1];
	double *r = gb_array(voxels, sizeof *r, err), sorted[GB_RESAMPLES];
	const char *kind =
		gb_json_text(gb_json_get(gb_json_get(gb_tensor_file_profile(p->file), "params"), "kind"));
	gb_status status =
		r ? gb_score_r(p->predicted->data, p->measured->data, rows, voxels, r, pool, err) : GB_SYSTEM;

	snprintf(out->kind, sizeof out->kind, "%s", kind ? kind : "unknown");
	out->low = out->high = out->difference = out->difference_low = out->difference_high = NAN;
	out->r = status ? 0 : gb_score_mean(r, voxels);
	free(r);
	if (status || blocks->resamples == 0)
		return status;
	status = gb_bootstrap_mean_r(blocks, p->predicted->data, p->measured->data, rows, voxels, means, pool,
	                             err);
	if (status)
		return status;
	memcpy(sorted, means, sizeof sorted);
	gb_bootstrap_interval(sorted, &out->low, &out->high);
	for (size_t i = 0; first && i < GB_RESAMPLES; i++)
		sorted[i] = means[i] - first[i];
	if (first)
		gb_bootstrap_interval(sorted, &out->difference_low, &out->difference_high);
	return GB_OK;
}

static gb_status make_blocks(const prediction *p, double step, gb_bootstrap *blocks, gb_err *err)
{
	size_t rows = p->rows->elements, voxels = (size_t)p->measured->shape[1];
	gb_scored scored = {rows, p->rows->data, p->runs->data, step};
	float *course = gb_array(rows, sizeof *course, err);
	gb_status status;

	for (size_t i = 0; course && i < rows; i++) {
		double sum = 0;

		for (size_t v = 0; v < voxels; v++)
			sum += (double)((const float *)p->measured->data)[i * voxels + v];
		course[i] = (float)(sum / (double)voxels);
	}
	status = course ? gb_bootstrap_make(blocks, &scored, course, 20, err) : GB_SYSTEM;
	free(course);
	return status;
}

gb_status gb_compare(const char *const *folder, size_t count, gb_compared *out, gb_pool *pool, gb_err *err)
{
	prediction *p = gb_array(count, sizeof *p, err);
	double *means = p ? gb_array(2 * GB_RESAMPLES, sizeof *means, err) : NULL, step = 0;
	gb_bootstrap blocks = {0};
	gb_status status = means ? GB_OK : GB_SYSTEM;

	for (size_t i = 0; !status && i < count; i++) {
		status = open_prediction(&p[i], folder[i], err);
		if (!status && i &&
		    (!same_bytes(p[0].rows, p[i].rows) || !same_bytes(p[0].measured, p[i].measured)))
			status = gb_fail(
				err, GB_DATA,
				"%s: other rows or another brain than %s: only the same can be compared",
				folder[i], folder[0]);
	}
	if (!status && !gb_json_read_number(gb_tensor_file_attribute(p[0].file, "rows", "seconds"), &step))
		status = gb_fail(err, GB_DATA, "%s/prediction.safetensors: rows do not say their seconds",
		                 folder[0]);
	if (!status && !(step > 0))
		status = gb_fail(err, GB_DATA, "%s/prediction.safetensors: rows of %g seconds", folder[0],
		                 step);
	if (!status)
		status = make_blocks(&p[0], step, &blocks, err);
	for (size_t i = 0; !status && i < count; i++) {
		out[i].folder = folder[i];
		status = score_one(&p[i], &blocks, i ? means : NULL, &out[i],
		                   i ? means + GB_RESAMPLES : means, pool, err);
		if (!status && i)
			out[i].difference = out[i].r - out[0].r;
	}
	for (size_t i = 0; p && i < count; i++)
		gb_tensor_file_close(p[i].file);
	gb_bootstrap_clear(&blocks);
	free(means);
	free(p);
	return status;
}

static const char *verdict(const gb_compared *c)
{
	if (isnan(c->difference))
		return "reference";
	if (isnan(c->difference_low))
		return "no interval";
	return c->difference_low > 0 ? "better" : c->difference_high < 0 ? "worse" : "undecided";
}

char *gb_compare_tsv(const char *const *folder, size_t count, gb_pool *pool, gb_err *err)
{
	gb_compared *c = gb_array(count, sizeof *c, err);
	char *text = NULL;
	size_t size;
	FILE *out =
		c && gb_compare(folder, count, c, pool, err) == GB_OK ? open_memstream(&text, &size) : NULL;

	if (out)
		fputs("folder\tmodel\tmean_r\tlow\thigh\tdifference\tdifference_low\tdifference_"
		      "high\tverdict\n",
		      out);
	for (size_t i = 0; out && i < count; i++) {
		const double number[] = {c[i].r, c[i].low, c[i].high, c[i].difference, c[i].difference_low,
		                         c[i].difference_high};

		fprintf(out, "%s\t%s", c[i].folder, c[i].kind);
		for (size_t k = 0; k < sizeof number / sizeof *number; k++)
			if (isnan(number[k]))
				fputs("\tn/a", out);
			else
				fprintf(out, "\t%.6g", number[k]);
		fprintf(out, "\t%s\n", verdict(&c[i]));
	}
	free(c);
	if (out && fclose(out)) {
		free(text);
		gb_fail(err, GB_SYSTEM, "--compare: memory is short");
		return NULL;
	}
	return text;
}
