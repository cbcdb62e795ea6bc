/* SPDX-License-Identifier: MIT */
/* modality_codes.c: codes of sound, integers [codebook, frame].  Linear view: with NAME.codebook in the file,
 * of each dimension of the sum of a frame's codewords, mean and SD over the row's valid frames; else, of each
 * codebook, the share of the row's frames that has each code (1024 columns). */
#include "modality/modality_codes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { CODES = GB_CODE_CLASSES };

static bool accepts(const gb_feature *f)
{
	return f->rank == 2 && (f->dtype == GB_I16 || f->dtype == GB_I32 || f->dtype == GB_I64);
}

/* The codewords of NAME.codebook, if the file has them. */
static gb_status features(gb_linear_feature *band, const gb_feature *f, gb_err *err)
{
	const gb_tensor *t;
	char name[160];
	gb_status status;

	band->width = (size_t)f->shape[0] * CODES;
	snprintf(name, sizeof name, "%s.codebook", f->name);
	if (!gb_tensor_file_find(f->file, name))
		return GB_OK;
	status = gb_tensor_file_need((gb_tensor_file *)f->file, name, GB_F32, 3, &t, err);
	if (!status && (t->shape[0] != f->shape[0] || !t->shape[1] || !t->shape[2]))
		status = gb_fail(err, GB_DATA, "%s: %s: %lld codebooks, the codes have %lld",
		                 gb_tensor_file_name(f->file), name, (long long)t->shape[0],
		                 (long long)f->shape[0]);
	if (status)
		return status;
	band->codeword = t->data;
	band->codes = (size_t)t->shape[1];
	band->latent = (size_t)t->shape[2];
	band->width = 2 * band->latent;
	return GB_OK;
}

/* Dimension I of the sum of a frame's codewords. */
static double latent_at(const gb_linear_feature *band, const float *values, int64_t frame, size_t i)
{
	const gb_feature *f = band->feature;
	double sum = 0;

	for (int64_t q = 0; q < f->shape[0]; q++) {
		float code = values[q * f->shape[1] + frame];

		if (code >= 0 && code < (float)band->codes)
			sum += (double)band
			           ->codeword[((size_t)q * band->codes + (size_t)code) * band->latent + i];
	}
	return sum;
}

static void read_latents(const gb_dataset *set, const gb_linear_feature *band, int64_t row,
                         const float *values, float *out)
{
	int64_t count = gb_dataset_count(set, band->feature, row);
	double n = count > 0 ? (double)count : 1;

	for (size_t i = 0; i < band->latent; i++) {
		double sum = 0, square = 0;

		for (int64_t k = 0; k < count; k++) {
			double v = latent_at(band, values, k, i);

			sum += v;
			square += v * v;
		}
		out[i] = (float)(sum / n);
		out[band->latent + i] = (float)sqrt(fmax(0, square / n - sum / n * (sum / n)));
	}
}

static void read_shares(const gb_dataset *set, const gb_feature *f, int64_t row, const float *values,
                       float *out)
{
	int64_t frames = f->shape[1], count = gb_dataset_count(set, f, row);

	memset(out, 0, (size_t)f->shape[0] * CODES * sizeof *out);
	for (int64_t q = 0; q < f->shape[0]; q++)
		for (int64_t k = 0; k < count; k++) {
			int code = (int)values[q * frames + k];

			if (code >= 0 && code < CODES)
				out[q * CODES + code] += 1 / (float)count;
		}
}

static void read_linear(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                        float *out)
{
	gb_dataset_read(set, band->feature, row, false, scratch);
	if (band->codeword)
		read_latents(set, band, row, scratch, out);
	else
		read_shares(set, band->feature, row, scratch, out);
}

static void shape_of(gb_network_shape *shape, size_t width, const int64_t *dims)
{
	(void)width;
	shape->codebooks = (size_t)dims[0];
	shape->code_frames = (size_t)dims[1];
}

void gb_modality_code_row(const gb_modality_source *source, int64_t row, int16_t *out)
{
	size_t frames = source->shape->code_frames;
	size_t count = (size_t)(int32_t)gb_dataset_count(source->set, source->feature, row);

	gb_dataset_read(source->set, source->feature, row, false, source->scratch);
	for (size_t i = 0; i < source->feature->elements; i++) {
		float code = source->scratch[i];

		out[i] = i % frames < count && code >= 0 && code < GB_CODE_CLASSES ? (int16_t)code : -1;
	}
}

/* GB_DATA for a code that the network's tables do not hold. */
static gb_status check_codes(const gb_modality_source *source, gb_err *err)
{
	const gb_feature *f = source->feature;

	for (int64_t r = 0; r < source->rows; r++) {
		int64_t count = gb_dataset_count(source->set, f, r);

		gb_dataset_read(source->set, f, r, false, source->scratch);
		for (size_t i = 0; i < f->elements; i++)
			if ((int64_t)(i % source->shape->code_frames) < count &&
			    source->scratch[i] >= GB_CODE_CLASSES)
				return gb_fail(err, GB_DATA,
				               "%s: row %lld: code %.0f: this network knows %d codes a "
				               "codebook",
				               f->name, (long long)r, (double)source->scratch[i],
				               GB_CODE_CLASSES);
	}
	return GB_OK;
}

/* log unigram of each codebook, one added to every count. */
static gb_status measure(const gb_modality_source *source, gb_err *err)
{
	size_t q = source->shape->codebooks, frames = source->shape->code_frames;
	double *count;
	gb_status status = check_codes(source, err);

	count = status ? NULL : gb_array(q * GB_CODE_CLASSES, sizeof *count, err);
	if (!count)
		return status ? status : GB_SYSTEM;
	for (int64_t r = 0; r < source->rows; r++) {
		const int16_t *codes = source->code_row;

		gb_modality_code_row(source, r, source->code_row);
		for (size_t i = 0; source->use[r] == source->fit && i < q * frames; i++)
			if (codes[i] >= 0)
				count[i / frames * GB_CODE_CLASSES + (size_t)codes[i]]++;
	}
	for (size_t b = 0; b < q; b++) {
		double all = GB_CODE_CLASSES, sum = 0;

		for (size_t i = 0; i < GB_CODE_CLASSES; i++) {
			all += count[b * GB_CODE_CLASSES + i];
			sum += count[b * GB_CODE_CLASSES + i] * (double)i / (GB_CODE_CLASSES - 1);
		}
		source->statistics->code_mean[b] = all > GB_CODE_CLASSES
		                                      ? (float)(sum / (all - GB_CODE_CLASSES))
		                                      : 0;
		for (size_t i = 0; i < GB_CODE_CLASSES; i++)
			source->statistics->code_base[b * GB_CODE_CLASSES + i] = (float)log(
			    (count[b * GB_CODE_CLASSES + i] + 1) / all);
	}
	free(count);
	return GB_OK;
}

static void fill_batch(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	gb_modality_code_row(source, row, net->batch.codes + at * source->feature->elements);
	net->batch.code_count[at] = ((int32_t)gb_dataset_count(source->set, source->feature, row) + 1) / 2;
}

static void clear_batch(gb_network *net, size_t at)
{
	size_t n = net->shape.codebooks * net->shape.code_frames;

	memset(net->batch.codes + at * n, 0xff, n * sizeof *net->batch.codes);
	net->batch.code_count[at] = 0;
}

static void fill_target(const gb_modality_source *source, gb_network *net, size_t at, int64_t row)
{
	const gb_network_shape *s = &net->shape;
	gb_batch *b = &net->batch;
	int16_t *codes = source->code_row;
	size_t first = at * s->code_frames * s->codebooks;

	if (!source->feature)
		return;
	gb_modality_code_row(source, row, codes);
	for (size_t f = 0; f < s->code_frames; f++)
		for (size_t q = 0; q < s->codebooks; q++) {
			int16_t code = codes[q * s->code_frames + f];
			size_t i = first + f * s->codebooks + q;

			b->target_codes[i] = code;
			b->weight_codes[i] = code >= 0 ? b->weight[1][at] : 0;
			b->weight_brain_codes[i] = code >= 0 ? b->weight_brain[1][at] : 0;
		}
}

static void clear_target(gb_network *net, size_t at)
{
	size_t n = net->shape.code_frames * net->shape.codebooks;

	for (size_t i = at * n; i < (at + 1) * n; i++) {
		net->batch.target_codes[i] = -1;
		net->batch.weight_codes[i] = net->batch.weight_brain_codes[i] = 0;
	}
}

static double count(const gb_network *net, bool from_brain)
{
	return gb_modality_total(from_brain ? net->batch.weight_brain_codes : net->batch.weight_codes,
	                         net->scored * net->shape.code_frames * net->shape.codebooks);
}

static double constant(const gb_network *net, bool from_brain)
{
	const float *weight = from_brain ? net->batch.weight_brain_codes : net->batch.weight_codes;
	double sum = 0;

	if (net->shape.kind)
		return net->shape.kind->code_constant(net);
	for (size_t i = 0; i < net->scored * net->shape.code_frames * net->shape.codebooks; i++)
		if (weight[i] > 0)
			sum -= (double)weight[i] *
			       (double)net->fixed.code_base[i % net->shape.codebooks * GB_CODE_CLASSES +
			                                    (size_t)net->batch.target_codes[i]];
	return sum;
}

const gb_modality gb_modality_codes = {.name = "codes",
                                       .kind = GB_LINEAR_FEATURE_CODES,
                                       .mask_token = 1,
                                       .term = 2,
                                       .single = true,
                                       .group = "audio",
                                       .accepts = accepts,
                                       .features = features,
                                       .read = read_linear,
                                       .shape = shape_of,
                                       .measure = measure,
                                       .fill_batch = fill_batch,
                                       .clear_batch = clear_batch,
                                       .fill_target = fill_target,
                                       .clear_target = clear_target,
                                       .count = count,
                                       .constant = constant};
