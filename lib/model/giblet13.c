/* SPDX-License-Identifier: MIT */
/* giblet13.c: the trained network as gb-recon uses it.
 *
 * Rows are predicted in windows that stand at fixed places in their run, so a
 * row's bits do not depend on which others are asked for. */
#include "model/giblet13_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "checkpoint/checkpoint.h"
#include "network/dense13_layers.h"
#include "loader/feature_statistics.h"
#include "loader/batch.h"
#include "network/layer_sizes.h"
#include "network/graph_cost.h"
#include "model/giblet13_checkpoint.h"

/* ---- the model ---- */

typedef gb_giblet13_state state;

static void drop_set(state *s)
{
	gb_network_clear(&s->net);
	gb_loader_close(&s->loader);
	gb_giblet13_fixed_clear(&s->fixed);
	gb_delays_clear(&s->delays);
	free(s->kernel);
	s->kernel = NULL;
	memset(&s->fixed, 0, sizeof s->fixed);
	s->set = NULL;
}

static void close_state(void *opaque)
{
	state *s = opaque;

	if (!s)
		return;
	drop_set(s);
	free(s->silent);
	gb_json_free(s->dims);
	free(s);
}

static gb_status open_state(void **opaque, gb_tensor_file *file, const gb_json *description, gb_err *err)
{
	state *s = gb_array(1, sizeof *s, err);

	*opaque = s;
	if (!s)
		return GB_SYSTEM;
	s->file = file;
	s->device.ops = gb_ops_cpu();
	s->dims = gb_json_copy(gb_json_get(description, "dims"));
	for (size_t m = 0; m < 4; m++)
		if (!gb_json_read_number(gb_json_at(gb_json_get(gb_json_get(description, "state"), "back"),
		                                    m),
		                         &s->back[m]))
			s->back[m] = 1;
	if (!gb_json_size(gb_json_get(s->dims, "bands")) || !gb_json_size(gb_json_get(s->dims, "subjects")))
		return gb_fail(err, GB_DATA, "%s: dims name no tensors or no subjects",
		               gb_tensor_file_name(file));
	return GB_OK;
}

static gb_status read_statistics(state *s, gb_err *err)
{
	gb_statistic_item item[GB_STATISTICS_MAX];
	size_t n = gb_giblet13_statistics(&s->loader, item);
	gb_status status = GB_OK;

	for (size_t i = 0; status == GB_OK && i < n; i++) {
		*item[i].data = gb_array(item[i].count, sizeof(float), err);
		status = *item[i].data
		             ? gb_giblet13_read(s->file, item[i].name, item[i].count, *item[i].data, err)
		             : GB_SYSTEM;
	}
	return status;
}

static gb_status read_running(state *s, gb_err *err)
{
	const gb_tensor *tensor;
	size_t b = s->net.bottleneck;
	gb_status status = gb_tensor_file_need(s->file, "running", GB_F64, 1, &tensor, err);
	const double *running;

	if (status != GB_OK)
		return status;
	if (tensor->elements != 2 * b)
		return gb_fail(err, GB_DATA, "%s: running: %zu numbers, %zu are wanted",
		               gb_tensor_file_name(s->file), tensor->elements, 2 * b);
	running = tensor->data;
	for (size_t i = 0; i < b; i++) {
		s->fixed.latent_deviation[i] = (float)sqrt(fmax(running[b + i], 1e-12));
		s->fixed.latent_mean[i] = (float)running[i];
	}
	gb_network_upload_bottleneck(&s->net);
	return GB_OK;
}

gb_status gb_giblet13_use(state *s, const gb_dataset *set, gb_err *err)
{
	gb_network_shape shape;
	gb_status status;

	if (s->set == set)
		return GB_OK;
	drop_set(s);
	status = gb_loader_open_stored(&s->loader, set, s->file, s->dims, err);
	s->loader.shape.kind = s->kind;
	shape = s->loader.shape;
	if (status == GB_OK)
		gb_loader_silence(&s->loader, s->silent, s->silents);
	if (status == GB_OK)
		status = gb_giblet13_shape(&shape, &s->delays, s->dims, err);
	if (status == GB_OK)
		status = read_statistics(s, err);
	if (s->kind) /* rows are asked for one by one */
		shape.groups = 1;
	if (status == GB_OK)
		status = gb_loader_prepare(&s->loader, err);
	if (status == GB_OK)
		status = gb_giblet13_fixed(&s->fixed, &s->loader, &s->delays, gb_scaled(2048, shape.width),
		                           &s->kernel, err);
	if (status == GB_OK)
		status = gb_network_build(&s->net, &shape, &s->fixed, &s->device, 0, err);
	for (int i = 0; status == GB_OK && i < gb_graph_parameters(s->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(s->net.graph, i);

		status = gb_giblet13_read(s->file, p->name, p->rows * p->columns,
		                          (float *)gb_graph_weights(s->net.graph)->host + p->first, err);
	}
	if (status == GB_OK)
		gb_graph_push(s->net.graph);
	if (status == GB_OK)
		status = s->net.bottleneck ? read_running(s, err)
		                           : gb_giblet13_read_moments(&s->net, s->file, err);
	s->set = status == GB_OK ? set : NULL;
	return status;
}

static gb_status fits(const void *opaque, const gb_dataset *set, gb_err *err)
{
	const state *s = opaque;
	gb_loader loader;
	gb_status status = gb_loader_open_stored(&loader, set, s->file, s->dims, err);

	gb_loader_close(&loader);
	return status;
}

static size_t voxels(const void *opaque)
{
	const state *s = opaque;
	int64_t n = 0;

	gb_json_read_integer(gb_json_get(gb_json_at(gb_json_get(s->dims, "subjects"), 0), "voxels"), &n);
	return (size_t)n;
}

/* Index of SUBJECT among those trained on. */
static gb_status find_subject(const state *s, const char *subject, size_t *index, gb_err *err)
{
	for (*index = 0; *index < s->loader.shape.subjects; ++*index)
		if (!subject || !strcmp(s->loader.shape.subject[*index], subject))
			return GB_OK;
	/* A model of the mean stands for each of its subjects. */
	for (*index = 0; *index < s->loader.shape.subjects; ++*index)
		if (!strcmp(s->loader.shape.subject[*index], "mean"))
			return GB_OK;
	return gb_fail(err, GB_USAGE, "subject %s: the model was trained on %zu others (the first is %s)",
	               subject, s->loader.shape.subjects, s->loader.shape.subject[0]);
}

static void forward(state *s, int last)
{
	const gb_graph_run run = {false, 0, 0, 0};

	gb_graph_forward_to(s->net.graph, &run, s->out.rank ? s->net.z : last);
	if (!s->out.rank)
		return;
	gb_giblet13_take_out(s);
	gb_graph_forward_on(s->net.graph, &run, s->net.z, last);
}

gb_status gb_giblet13_windows(state *s, const gb_loader_options *fill, const int64_t *rows, size_t count,
                              int last, gb_giblet13_take *take, void *context, gb_err *err)
{
	const gb_network_shape *shape = &s->net.shape;
	uint8_t *done = gb_array(count, 1, err);
	gb_window *window = gb_array(shape->groups, sizeof *window, err);
	gb_status status = done && window ? GB_OK : GB_SYSTEM;
	const float *numbers;

	for (size_t i = 0; status == GB_OK && i < count; i++) {
		int run_index = gb_clock_run_of(s->loader.clock, rows[i]);
		int64_t first = gb_clock_first(s->loader.clock, run_index),
			end = first + s->loader.clock->run[run_index].rows, length = (int64_t)shape->scored;
		int64_t start = first + (rows[i] - first) / length * length;

		if (done[i])
			continue;
		/* One window a batch: the others stay empty, whoever asks. */
		window[0] = (gb_window){start, end - start < length ? end - start : length};
		gb_loader_fill_batch(&s->loader, &s->net, window, fill);
		forward(s, last);
		status = gb_graph_fetch(s->net.graph, last, &numbers, err);
		for (size_t j = i; status == GB_OK && j < count; j++)
			if (!done[j] && rows[j] >= start && rows[j] < start + window[0].count) {
				take(context, numbers, j, (size_t)(rows[j] - start));
				done[j] = 1;
			}
	}
	free(done);
	free(window);
	return status;
}

enum { FURTHER = 4 }; /* float tensors that are not text */

/* FIRST: of a further tensor, its first column among them.  DIRECT: only what comes straight from the BOLD
 * window. */
typedef struct copy_out {
	state *s;
	const int64_t *rows;       /* asked for */
	size_t subject, columns, first;
	float *out;
	double loss[2], codes;     /* Σ −log p of the codes there: decoded, unigram; how many */
	int kind;
	bool from_brain, direct;
} copy_out;

static void take_bold(void *context, const float *numbers, size_t asked, size_t place)
{
	copy_out *c = context;
	const gb_loader_statistics *st = &c->s->loader.statistics;

	for (size_t v = 0; v < c->columns; v++)
		c->out[asked * c->columns + v] = numbers[place * c->columns + v] *
		                                     st->bold_std[c->subject][v] +
		                                 st->bold_mean[c->subject][v];
}

gb_status gb_giblet13_rows_are(const gb_dataset *set, const int64_t *rows, size_t count, gb_err *err)
{
	for (size_t i = 0; i < count; i++)
		if (gb_clock_run_of(gb_dataset_clock(set), rows[i]) < 0)
			return gb_fail(err, GB_USAGE, "row %lld: the set has rows 0 to %lld",
			               (long long)rows[i], (long long)gb_dataset_rows(set) - 1);
	return GB_OK;
}

static gb_status encode(void *opaque, const gb_dataset *set, const char *subject, const int64_t *rows,
                        size_t count, float *out, gb_pool *pool, gb_err *err)
{
	state *s = opaque;
	gb_loader_options fill = {.bold_one = GB_SUBJECTS_MAX};
	copy_out copy = {.s = s, .out = out};
	gb_status status = gb_giblet13_use(s, set, err);

	if (status == GB_OK)
		status = find_subject(s, subject, &copy.subject, err);
	if (status == GB_OK)
		status = gb_giblet13_rows_are(set, rows, count, err);
	if (status != GB_OK)
		return status;
	s->device.pool = pool;
	copy.columns = s->loader.shape.voxels[copy.subject];
	return gb_giblet13_windows(s, &fill, rows, count, s->net.predicted_bold[copy.subject], take_bold,
	                           &copy, err);
}

/* The decoder of FEATURE: the term of its modality, FURTHER for one that is read linearly; −1: none. */
static int decoder_of(const state *s, const char *feature)
{
	const gb_json *bands = gb_json_get(s->dims, "bands");
	const gb_modality *modality;

	for (size_t b = 0; b < gb_json_size(bands); b++) {
		const char *name = gb_json_text(gb_json_get(gb_json_at(bands, b), "name"));
		int64_t kind = -1;

		gb_json_read_integer(gb_json_get(gb_json_at(bands, b), "kind"), &kind);
		if (!name || strcmp(name, feature))
			continue;
		modality = gb_modality_stored(kind, name);
		if (!modality)
			return -1;
		return modality->term >= 0 ? modality->term : s->kind ? -1 : FURTHER;
	}
	return -1;
}

static bool decodes(const void *opaque, const char *feature, bool from_brain)
{
	int kind = decoder_of(opaque, feature);

	/* both ways are trained, but for what is only read */
	return kind >= 0 && (kind != FURTHER || from_brain);
}

static size_t decoded_shape(const void *opaque, const char *feature, int64_t shape[4], int *rank)
{
	const state *s = opaque;
	const gb_json *bands = gb_json_get(s->dims, "bands");
	size_t elements = 0;

	*rank = 0;
	for (size_t b = 0; decoder_of(s, feature) >= 0 && b < gb_json_size(bands); b++) {
		const gb_json *band = gb_json_at(bands, b), *dims = gb_json_get(band, "shape");

		if (strcmp(gb_json_text(gb_json_get(band, "name")), feature))
			continue;
		elements = 1;
		for (size_t i = 0; i < gb_json_size(dims) && i < 4; i++) {
			shape[i] = 1;
			gb_json_read_integer(gb_json_at(dims, i), &shape[i]);
			elements *= (size_t)shape[i];
			*rank = (int)i + 1;
		}
	}
	return elements;
}

/* Of further tensor FEATURE among them, which stand at the end of the linear view. */
static size_t first_column(const state *s, const char *feature)
{
	size_t before = s->loader.shape.linear - s->loader.shape.dense + s->loader.shape.text;

	for (int b = 0; b < s->loader.bands; b++)
		if (!strcmp(s->loader.band[b].name, feature))
			return s->loader.band[b].first - before;
	return 0;
}

/* Patch order → frame, y, x, rgb. */
static void take_video(const copy_out *c, size_t asked, const float *from)
{
	const gb_network *net = &c->s->net;
	const gb_network_shape *shape = &net->shape;
	const float *base = c->s->loader.statistics.video_base;
	size_t across = shape->video_width / net->patch_width, run = net->patch_width * 3,
	       line = shape->video_width * 3;

	for (size_t f = 0; f < shape->video_frames; f++)
		for (size_t p = 0; p < net->patches; p++)
			for (size_t y = 0; y < net->patch_height; y++, from += run, base += run) {
				float *to = c->out + asked * c->columns +
				            (f * shape->video_height + p / across * net->patch_height + y) *
				                line +
				            p % across * run;

				memcpy(to, from, run * sizeof *from);
				for (size_t x = 0; c->direct && x < run; x++)
					to[x] = 1 / (1 + expf(-(base[x] + from[x])));
			}
}

/* code/1023 [codebooks, frames] → the nearest code. */
static void take_numbers(const copy_out *c, size_t asked, const float *from)
{
	for (size_t i = 0; i < c->columns; i++)
		c->out[asked * c->columns + i] = rintf(from[i] * (GB_CODE_CLASSES - 1));
}

/* Logits of code I; when decoding by the linear path alone, the unigram logits are added. */
static void code_logits(const copy_out *c, const float *from, size_t i, float logit[GB_CODE_CLASSES])
{
	const float *base = c->s->loader.statistics.code_base +
	                    i % c->s->net.shape.codebooks * GB_CODE_CLASSES;

	for (size_t k = 0; k < GB_CODE_CLASSES; k++)
		logit[k] = from[i * GB_CODE_CLASSES + k] + (c->direct ? base[k] : 0);
}

/* Logits [frames, codebooks, 1024] → the most likely code [codebooks, frames]. */
static void take_codes(const copy_out *c, size_t asked, const float *from)
{
	size_t q = c->s->net.shape.codebooks, frames = c->s->net.shape.code_frames;

	for (size_t i = 0; i < q * frames; i++) {
		size_t best = 0;
		float logit[GB_CODE_CLASSES];

		code_logits(c, from, i, logit);
		for (size_t k = 1; k < GB_CODE_CLASSES; k++)
			if (logit[k] > logit[best])
				best = k;
		c->out[asked * c->columns + i % q * frames + i / q] = (float)best;
	}
}

static void take_decoded(void *context, const float *numbers, size_t asked, size_t place)
{
	copy_out *c = context;
	const gb_loader_statistics *st = &c->s->loader.statistics;
	const gb_network_shape *shape = &c->s->net.shape;
	size_t from_columns = c->kind == FURTHER             ? shape->dense - shape->text
	                      : c->kind == 2 && !shape->kind ? c->columns * GB_CODE_CLASSES
	                                                     : c->columns;
	size_t first = shape->linear - shape->dense + (c->kind == FURTHER ? shape->text : 0) + c->first;
	float part = c->from_brain ? (float)c->s->back[3] : 1;
	const float *from = numbers + place * from_columns;
	float *to = c->out + asked * c->columns;

	if (c->kind == 0)
		take_video(c, asked, from);
	else if (c->kind == 2)
		(shape->kind ? take_numbers : take_codes)(c, asked, from);
	for (size_t i = 0; c->kind == 1 && i < c->columns; i++)
		to[i] = from[i] * st->mel_std[i] + st->mel_mean[i];
	for (size_t i = 0; c->kind >= 3 && i < c->columns; i++)
		to[i] = (c->direct ? from[c->first + i] * st->linear_std[first + i]
		                   : part * from[i] * st->text_unit[0]) +
		        st->linear_mean[first + i];
}

/* Cross-entropy of the true codes of the row. */
static void take_losses(void *context, const float *numbers, size_t asked, size_t place)
{
	copy_out *c = context;
	gb_loader *loader = &c->s->loader;
	size_t q = loader->shape.codebooks, frames = loader->shape.code_frames;
	const float *from = numbers + place * c->columns * GB_CODE_CLASSES;

	for (int b = 0; b < loader->bands; b++)
		if (loader->band[b].kind == GB_LINEAR_FEATURE_CODES)
			gb_loader_read_codes(loader, &loader->band[b], c->rows[asked], loader->code_row);
	for (size_t i = 0; i < q * frames; i++) {
		int16_t code = loader->code_row[i % q * frames + i / q];
		float logit[GB_CODE_CLASSES], most = -INFINITY;
		double sum = 0;

		if (code < 0)
			continue;
		code_logits(c, from, i, logit);
		for (size_t k = 0; k < GB_CODE_CLASSES; k++)
			most = logit[k] > most ? logit[k] : most;
		for (size_t k = 0; k < GB_CODE_CLASSES; k++)
			sum += exp((double)(logit[k] - most));
		c->loss[0] += log(sum) - (double)(logit[code] - most);
		c->loss[1] -= (double)loader->statistics.code_base[i % q * GB_CODE_CLASSES + (size_t)code];
		c->codes++;
	}
}

/* FEATURE of COPY's rows, window by window, to TAKE. */
static gb_status decode_to(copy_out *copy, gb_giblet13_take *take, const gb_decode_request *request,
                           gb_pool *pool, gb_err *err)
{
	state *s = copy->s;
	bool from_brain = copy->from_brain;
	const char *feature = request->feature, *subject = request->subject;
	gb_loader_options fill = {.keep = request->keep};
	int64_t shape[4];
	int rank, last;
	gb_status status = gb_giblet13_use(s, request->set, err);

	copy->kind = decoder_of(s, feature);
	if (status == GB_OK && (copy->kind < 0 || (copy->kind == FURTHER && !from_brain)))
		status = gb_fail(err, GB_USAGE, "%s: this model has no decoder for it", feature);
	if (status == GB_OK)
		status = find_subject(s, subject, &copy->subject, err);
	if (status == GB_OK)
		status = gb_giblet13_rows_are(request->set, copy->rows, request->count, err);
	/* BOLD is opened for this call alone: the subject may be any of the set's. */
	if (status == GB_OK && from_brain)
		status = gb_bold_source_open(&s->loader.brain[copy->subject], request->set,
		                             subject ? subject : s->loader.shape.subject[copy->subject], err);
	if (status != GB_OK)
		return status;
	if (from_brain && s->loader.brain[copy->subject].voxels != s->loader.shape.voxels[copy->subject])
		status =
		    gb_fail(err, GB_DATA,
		            "subject %s: %zu voxels, the model has %zu: the mask it was trained with is "
		            "wanted",
		            subject ? subject : "mean", s->loader.brain[copy->subject].voxels,
		            s->loader.shape.voxels[copy->subject]);
	if (status == GB_OK) {
		for (int64_t r = 0; from_brain && r < s->loader.rows; r++)
			s->loader.brain_valid[copy->subject][r] =
			    gb_bold_source_valid(&s->loader.brain[copy->subject], r);
		s->device.pool = pool;
		fill.bold_one = from_brain ? (int)copy->subject : GB_SUBJECTS_MAX;
		copy->columns = decoded_shape(s, feature, shape, &rank);
		copy->first = copy->kind == FURTHER ? first_column(s, feature) : 0;
		copy->direct = copy->kind == FURTHER || (from_brain && s->back[copy->kind] <= 0);
		last = copy->direct ? s->net.direct[copy->kind] : s->net.decoded[from_brain][copy->kind];
		status = gb_giblet13_windows(s, &fill, copy->rows, request->count, last, take, copy, err);
	}
	if (from_brain)
		gb_bold_source_close(&s->loader.brain[copy->subject]);
	return status;
}

static gb_status decode(void *opaque, const gb_decode_request *request, float *out, gb_pool *pool,
                        gb_err *err)
{
	copy_out copy = {.s = opaque, .rows = request->rows, .out = out, .from_brain = request->from_brain};

	return decode_to(&copy, take_decoded, request, pool, err);
}

static gb_status code_loss(void *opaque, const gb_decode_request *request, double loss[2], gb_pool *pool,
                           gb_err *err)
{
	copy_out copy = {.s = opaque, .rows = request->rows, .from_brain = request->from_brain};
	gb_status status = decode_to(&copy, take_losses, request, pool, err);

	for (int k = 0; k < 2; k++)
		loss[k] = copy.codes > 0 ? copy.loss[k] / copy.codes : 0;
	return status;
}

/* A set without these tensors is what the model was trained to bear: learned "absent" vectors, linear
 * inputs at the mean. */
static gb_status silence(void *opaque, const char *const *feature, size_t features, gb_err *err)
{
	state *s = opaque;
	const gb_json *bands = gb_json_get(s->dims, "bands");

	drop_set(s);
	free(s->silent);
	s->silents = 0;
	s->silent = gb_array(features + 1, sizeof *s->silent, err);
	for (size_t i = 0; s->silent && i < features; i++)
		for (size_t b = 0; b < gb_json_size(bands) && s->silents == i; b++) {
			const char *name = gb_json_text(gb_json_get(gb_json_at(bands, b), "name"));

			if (name && !strcmp(name, feature[i]))
				s->silent[s->silents++] = name;
		}
	if (s->silent && s->silents < features)
		return gb_fail(err, GB_USAGE, "%s: no tensor that this model reads (the first is %s)",
		               feature[s->silents], gb_json_text(gb_json_get(gb_json_at(bands, 0), "name")));
	return s->silent ? GB_OK : GB_SYSTEM;
}

/* ---- giblet13-seed: from the stimulus alone ---- */

static gb_status open_seed(void **opaque, gb_tensor_file *file, const gb_json *description, gb_err *err)
{
	gb_status status = open_state(opaque, file, description, err);

	if (status == GB_OK)
		((state *)*opaque)->kind = &gb_network_dense13;
	return status;
}

/* Of the pictures of a row the first is decoded, which stands for the row only where it is alone. */
static bool seed_decodes(const void *opaque, const char *feature, bool from_brain)
{
	int64_t shape[4] = {0};
	int rank;

	return !from_brain && decoded_shape(opaque, feature, shape, &rank) &&
	       (decoder_of(opaque, feature) != 0 || shape[0] == 1);
}

const gb_model_type_table gb_model_dense13 = {"giblet13-seed", open_seed, close_state,  fits, voxels, encode,
                                              seed_decodes,    decode,    decoded_shape};
const gb_model_type_table gb_model_giblet13 = {"giblet13",
                                               open_state,
                                               close_state,
                                               fits,
                                               voxels,
                                               encode,
                                               decodes,
                                               decode,
                                               decoded_shape,
                                               silence,
                                               &gb_giblet13_bottleneck,
                                               code_loss};
