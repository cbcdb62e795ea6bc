/* SPDX-License-Identifier: MIT */
#include "evaluate/decoding.h"
#include "evaluate/nearest_segments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "modality/modality.h"
#include "evaluate/decoded_audio.h"
#include "stats/picture_quality.h"

static gb_decoded_type kind_of(const gb_feature *f)
{
	if (f->dtype == GB_U8 && f->rank == 4)
		return GB_DECODED_VIDEO;
	if (f->rank == 2 && (f->dtype == GB_I16 || f->dtype == GB_I32 || f->dtype == GB_I64))
		return GB_DECODED_CODES;
	return f->rank == 2 && strcmp(f->name, "mel") == 0 ? GB_DECODED_MEL : GB_DECODED_FLOATS;
}

/* What stands in ROW, in the decoder's shape: of pictures the mean one, or as many as the set has. */
static gb_status read_actual(const gb_decoded *d, const gb_dataset *set, const gb_feature *f, int64_t row,
                             float *out, gb_err *err)
{
	if (d->kind == GB_DECODED_VIDEO && d->shape[0] == 1) {
		gb_linear_feature_read_target(set, f, row, out);
		return GB_OK;
	}
	if (d->elements != f->elements)
		return gb_fail(err, GB_DATA, "%s: the model decodes %zu numbers a row, the set has %zu",
		               f->name, d->elements, f->elements);
	gb_dataset_read(set, f, row, false, out);
	for (size_t i = 0; d->kind == GB_DECODED_VIDEO && i < d->elements; i++)
		out[i] /= 255;
	return GB_OK;
}

static void fill_mean(gb_decoded *d, const gb_feature *f)
{
	size_t frame = d->kind == GB_DECODED_VIDEO ? (size_t)(f->shape[1] * f->shape[2] * 3) : 0;

	for (size_t i = 0; f->mean && i < d->elements; i++) {
		if (d->kind != GB_DECODED_VIDEO) {
			d->mean[i] = f->mean[i];
		} else if (d->shape[0] > 1) {
			d->mean[i] = f->mean[i] / 255;
		} else {
			double sum = 0;

			for (int64_t k = 0; k < f->shape[0]; k++)
				sum += (double)f->mean[(size_t)k * frame + i];
			d->mean[i] = (float)(sum / (255 * (double)f->shape[0]));
		}
	}
}

/* Is element I of a row with COUNT valid positions on its last axis valid? */
static bool inside(const gb_decoded *d, int64_t count, size_t i)
{
	return (d->kind != GB_DECODED_MEL && d->kind != GB_DECODED_CODES) ||
	       (int64_t)(i % (size_t)d->shape[1]) < count;
}

static void errors(gb_decoded *d, const gb_dataset *set, const gb_feature *f, const gb_scored *scored)
{
	double own = 0, mean = 0;
	size_t n = 0;

	for (size_t t = 0; t < d->rows; t++) {
		int64_t count = gb_dataset_count(set, f, scored->row[t]);
		const float *p = d->predicted + t * d->elements, *y = d->actual + t * d->elements;

		for (size_t i = 0; i < d->elements; i++)
			if (inside(d, count, i)) {
				own += ((double)p[i] - (double)y[i]) * ((double)p[i] - (double)y[i]);
				mean += ((double)d->mean[i] - (double)y[i]) *
				        ((double)d->mean[i] - (double)y[i]);
				n++;
			}
	}
	d->error = sqrt(own / (double)(n ? n : 1));
	d->error_mean = sqrt(mean / (double)(n ? n : 1));
	d->skill = mean > 0 ? 1 - own / mean : NAN;
	if (d->kind == GB_DECODED_VIDEO) {
		size_t frames = d->rows * (size_t)d->shape[0];

		d->psnr = -20 * log10(d->error);
		d->psnr_mean = -20 * log10(d->error_mean);
		d->ssim = gb_ssim(d->actual, d->predicted, frames, true, d->shape[1], d->shape[2]);
		d->ssim_mean = gb_ssim(d->actual, d->mean, frames, false, d->shape[1], d->shape[2]);
	}
}

enum { CODES = 65536 };

/* MEAN: the commonest train code of each codebook, the lowest of equals. */
static gb_status commonest(gb_decoded *d, const gb_dataset *set, const gb_feature *f, gb_err *err)
{
	size_t books = (size_t)d->shape[0], frames = (size_t)d->shape[1];
	uint32_t *seen = gb_array(books * CODES, sizeof *seen, err);
	float *row = seen ? gb_array(f->elements, sizeof *row, err) : NULL;

	for (int64_t r = 0; row && r < gb_dataset_rows(set); r++) {
		int64_t count = gb_dataset_count(set, f, r);

		if (gb_dataset_use(set)[r] != GB_ROW_TRAIN)
			continue;
		gb_dataset_read(set, f, r, false, row);
		for (size_t i = 0; i < f->elements; i++)
			if ((int64_t)(i % frames) < count && row[i] >= 0 && row[i] < CODES)
				seen[i / frames * CODES + (size_t)row[i]]++;
	}
	for (size_t b = 0; row && b < books; b++) {
		size_t best = 0;

		for (size_t c = 1; c < CODES; c++)
			if (seen[b * CODES + c] > seen[b * CODES + best])
				best = c;
		for (size_t k = 0; k < frames; k++)
			d->mean[b * frames + k] = (float)best;
	}
	free(seen);
	free(row);
	return row ? GB_OK : GB_SYSTEM;
}

/* Share of codes that are right, of all and of each codebook. */
static gb_status code_scores(gb_decoded *d, const gb_dataset *set, const gb_feature *f,
                             const gb_scored *scored, gb_err *err)
{
	size_t books = (size_t)d->shape[0], frames = (size_t)d->shape[1], n = 0;
	gb_status status = commonest(d, set, f, err);

	d->book_right = gb_array(books, sizeof *d->book_right, err);
	d->book_unigram = gb_array(books, sizeof *d->book_unigram, err);
	if (status || !d->book_right || !d->book_unigram)
		return GB_SYSTEM;
	for (size_t t = 0; t < d->rows; t++) {
		int64_t count = gb_dataset_count(set, f, scored->row[t]);

		for (size_t i = 0; i < d->elements; i++)
			if ((int64_t)(i % frames) < count) {
				float truth = d->actual[t * d->elements + i];

				n += i < frames; /* frames, of which every codebook has one code */
				d->book_right[i / frames] += d->predicted[t * d->elements + i] == truth;
				d->book_unigram[i / frames] += d->mean[i] == truth;
			}
	}
	for (size_t b = 0; b < books && n; b++) {
		d->book_right[b] /= (double)n;
		d->book_unigram[b] /= (double)n;
		d->right += d->book_right[b] / (double)books;
		d->right_unigram += d->book_unigram[b] / (double)books;
	}
	return GB_OK;
}

static gb_decode_request request_of(const gb_decoding_options *o)
{
	return (gb_decode_request){
	    .set = o->set, .feature = o->feature, .from_brain = o->from_brain, .subject = o->subject,
	    .keep = o->keep, .rows = o->scored->row, .count = o->scored->rows};
}

static gb_status code_skill(gb_decoded *d, const gb_decoding_options *o, gb_err *err)
{
	double loss[2];
	gb_decode_request request = request_of(o);
	gb_status status;

	request.keep = NULL; /* the skill of the intact brain */
	status = gb_model_code_loss(o->model, &request, loss, o->pool, err);

	d->skill = !status && loss[1] > 0 ? 1 - loss[0] / loss[1] : NAN;
	return status;
}

static gb_status decode(const gb_decoding_options *o, float *out, gb_err *err)
{
	gb_decode_request request = request_of(o);

	return gb_model_decode(o->model, &request, out, o->pool, err);
}

gb_status gb_decoded_make(gb_decoded *d, const gb_decoding_options *o, gb_err *err)
{
	const gb_feature *f = gb_dataset_find(o->set, o->feature, NULL);
	size_t cells;
	gb_status status = GB_OK;

	*d = (gb_decoded){.feature = o->feature,
	                  .direction = gb_decoded_direction(o->from_brain),
	                  .from_brain = o->from_brain,
	                  .rows = o->scored->rows};
	if (!f)
		return gb_fail(err, GB_DATA, "data set: no tensor %s to compare with", o->feature);
	d->kind = kind_of(f);
	d->modality = gb_modality_of(f);
	d->elements = gb_model_decoded_shape(o->model, o->feature, d->shape, &d->rank);
	if (!gb_size_mul(d->rows, d->elements, &cells))
		return gb_fail(err, GB_SYSTEM, "%s: too large", o->feature);
	d->predicted = gb_array(cells, sizeof *d->predicted, err);
	d->actual = d->predicted ? gb_array(cells, sizeof *d->actual, err) : NULL;
	d->mean = d->actual ? gb_array(d->elements, sizeof *d->mean, err) : NULL;
	status = d->mean ? decode(o, d->predicted, err) : GB_SYSTEM;
	for (size_t t = 0; !status && t < d->rows; t++)
		status = read_actual(d, o->set, f, o->scored->row[t], d->actual + t * d->elements, err);
	if (!status) {
		fill_mean(d, f);
		if (d->kind == GB_DECODED_CODES)
			status = code_skill(d, o, err);
		if (!status && d->kind == GB_DECODED_CODES)
			status = code_scores(d, o->set, f, o->scored, err);
		else if (!status)
			errors(d, o->set, f, o->scored);
	}
	if (!status && d->kind != GB_DECODED_CODES)
		status = gb_identification_make(&d->identification, o->scored, d->predicted, d->actual,
		                                d->elements, o->pool, err);
	if (!status && d->kind == GB_DECODED_FLOATS)
		status = gb_decoded_find_segments(d, o->set, f, o->scored, o->pool, err);
	if (!status && (d->kind == GB_DECODED_CODES || d->kind == GB_DECODED_MEL))
		status = gb_decoded_audio_make(&d->sound, d, o, err);
	if (status)
		gb_decoded_clear(d);
	return status;
}

void gb_decoded_clear(gb_decoded *d)
{
	for (size_t k = 0; d->text && k < d->segments; k++)
		free(d->text[k]);
	free(d->text);
	gb_decoded_audio_free(d->sound);
	free(d->book_right);
	free(d->book_unigram);
	free(d->nearest);
	free(d->truth);
	free(d->predicted);
	free(d->actual);
	free(d->mean);
	*d = (gb_decoded){0};
}

gb_status gb_decoded_percentile(const gb_decoding_options *o, const gb_decoded *intact, double *percentile,
                                gb_err *err)
{
	float *predicted = gb_array(intact->rows * intact->elements, sizeof *predicted, err);
	gb_identification id;
	gb_status status = predicted ? decode(o, predicted, err) : GB_SYSTEM;

	if (!status)
		status = gb_identification_make(&id, o->scored, predicted, intact->actual, intact->elements,
		                                o->pool, err);
	*percentile = status ? 0 : id.percentile;
	free(predicted);
	return status;
}

const gb_feature *gb_decoded_codes(const gb_dataset *set)
{
	for (size_t i = 0; i < gb_dataset_features(set); i++) {
		const gb_feature *f = gb_dataset_feature(set, i);

		if (!f->subject && kind_of(f) == GB_DECODED_CODES)
			return f;
	}
	return NULL;
}

const char *gb_decoded_modality(const gb_feature *f)
{
	const gb_modality *modality = gb_modality_of(f);

	return modality ? modality->group : gb_modality_floats.group;
}

gb_status gb_decoded_all(gb_decoded *list, size_t *count, size_t most, const gb_decoding_options *options,
                         bool (*wanted)(const char *modality), gb_err *err)
{
	size_t before = *count;
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < gb_dataset_features(options->set) && *count < most; i++) {
		const gb_feature *f = gb_dataset_feature(options->set, i);
		gb_decoding_options o = *options;

		if (f->subject || !wanted(gb_decoded_modality(f)) ||
		    !gb_model_decodes(o.model, f->name, o.from_brain))
			continue;
		o.feature = f->name;
		for (size_t k = 0; k < before; k++)
			if (!strcmp(list[k].feature, f->name))
				o.like = list[k].sound;
		status = gb_decoded_make(&list[*count], &o, err);
		*count += !status;
	}
	return status;
}
