/* SPDX-License-Identifier: MIT */
/* giblet13.c: the trained network as gb-recon uses it.
 *
 * Rows are predicted in windows that stand at fixed places in their run, so a
 * row's bits do not depend on which others are asked for. */
#include "model/giblet13_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "model/checkpoint.h"
#include "model/seed.h"

static gb_statistic_item item_of(const char *name, size_t count, float **data, const char *doc)
{
	gb_statistic_item item = {.count = count ? count : 1, .data = data, .doc = doc};

	snprintf(item.name, sizeof item.name, "%s", name);
	return item;
}

size_t gb_giblet13_statistics(gb_feed *feed, gb_statistic_item item[GB_STATISTICS_MAX])
{
	const gb_network_shape *s = &feed->shape;
	gb_feed_statistics *st = &feed->statistics;
	size_t pixels = s->video_frames * s->video_height * s->video_width * 3, n = 0;
	static const char *const what[] = {"mean", "std", "weight", "ceiling"};
	static const char *const doc[] = {"mean over the train rows", "SD over the train rows", "weight in the loss", "noise ceiling on the train rows, 0 if unknown"};

	item[n++] = item_of("input.linear.mean", s->linear, &st->linear_mean, "linear view: mean over the train rows");
	item[n++] = item_of("input.linear.std", s->linear, &st->linear_std, "linear view: SD over the train rows");
	item[n++] = item_of("input.video.mean", pixels, &st->video_mean, "pixels: mean over the train rows");
	item[n++] = item_of("input.video.scale", pixels, &st->video_scale, "pixels: 1/SD, the SD at least a tenth of their RMS");
	item[n++] = item_of("input.video.base", pixels, &st->video_base, "pixels in patch order: logit of the mean");
	item[n++] = item_of("input.mel.mean", s->mel_bands * s->mel_frames, &st->mel_mean, "mel: mean over the train rows");
	item[n++] = item_of("input.mel.std", s->mel_bands * s->mel_frames, &st->mel_std, "mel: SD over the train rows");
	item[n++] = item_of("input.codes.base", s->codebooks * GB_CODE_CLASSES, &st->code_base, "codes: log unigram of the train rows");
	item[n++] = item_of("input.text.unit", 1, &st->text_unit, "text: RMS over columns of the SD");
	if (s->kind)
		item[n++] = item_of("input.codes.mean", s->codebooks, &st->code_mean, "codes: mean of code/1023 over the train rows");
	for (size_t k = 0; k < s->subjects; k++)
		for (int i = 0; i < 4; i++) {
			char name[96];
			float **data[] = {&st->bold_mean[k], &st->bold_std[k], &st->voxel_weight[k], &st->ceiling[k]};

			snprintf(name, sizeof name, "bold.%s.%s", s->subject[k], what[i]);
			item[n++] = item_of(name, s->voxels[k], data[i], doc[i]);
		}
	return n;
}

/* ---- dims ---- */

static const struct { const char *key; size_t offset; } size_key[] = {
	{"groups", offsetof(gb_network_shape, groups)}, {"scored", offsetof(gb_network_shape, scored)},
	{"history", offsetof(gb_network_shape, history)}, {"future", offsetof(gb_network_shape, future)},
	{"window_first", offsetof(gb_network_shape, window_first)}, {"window_lags", offsetof(gb_network_shape, window_lags)},
	{"rank", offsetof(gb_network_shape, rank)}};

gb_json *gb_giblet13_dims(const gb_feed *feed, const gb_network_shape *shape, const gb_delays *delays)
{
	gb_json *dims = gb_json_object(), *bands = gb_json_array(), *subjects = gb_json_array();

	for (int b = 0; b < feed->bands; b++) {
		const gb_feed_band *band = &feed->band[b];
		gb_json *one = gb_json_object(), *rows = gb_json_array();

		gb_json_set(one, "name", gb_json_string(band->name));
		gb_json_set(one, "kind", gb_json_integer(band->kind));
		gb_json_set(one, "elements", gb_json_integer((int64_t)band->elements));
		gb_json_set(one, "width", gb_json_integer((int64_t)band->width));
		for (int i = 0; i < band->band.feature->rank && i < 4; i++)
			gb_json_append(rows, gb_json_integer(band->band.feature->shape[i]));
		gb_json_set(one, "shape", rows);
		gb_json_append(bands, one);
	}
	for (size_t k = 0; k < shape->subjects; k++) {
		gb_json *one = gb_json_object();

		gb_json_set(one, "name", gb_json_string(shape->subject[k]));
		gb_json_set(one, "voxels", gb_json_integer((int64_t)shape->voxels[k]));
		gb_json_append(subjects, one);
	}
	gb_json_set(dims, "bands", bands);
	gb_json_set(dims, "subjects", subjects);
	gb_json_set(dims, "delays", gb_delays_to_json(delays));
	for (size_t i = 0; i < sizeof size_key / sizeof *size_key; i++)
		gb_json_set(dims, size_key[i].key, gb_json_integer((int64_t) * (const size_t *)((const char *)shape + size_key[i].offset)));
	gb_json_set(dims, "width", gb_json_real(shape->width));
	return dims;
}

gb_status gb_giblet13_shape(gb_network_shape *shape, gb_delays *delays, const gb_json *dims, gb_err *err)
{
	gb_status status = gb_delays_from_json(gb_json_get(dims, "delays"), delays, err);

	if (status != GB_OK)
		return status;
	for (size_t i = 0; i < sizeof size_key / sizeof *size_key; i++) {
		int64_t value;

		if (!gb_json_read_integer(gb_json_get(dims, size_key[i].key), &value) || value < 0 || value > 1 << 20)
			return gb_fail(err, GB_DATA, "checkpoint: dims: %s is missing or out of range", size_key[i].key);
		*(size_t *)((char *)shape + size_key[i].offset) = (size_t)value;
	}
	if (!gb_json_read_number(gb_json_get(dims, "width"), &shape->width) || !(shape->width > 0 && shape->width <= 16) || !shape->groups ||
	    !shape->scored || !shape->rank || (!shape->kind && !shape->window_lags))
		return gb_fail(err, GB_DATA, "checkpoint: dims: sizes that no network has");
	shape->basis = (size_t)delays->filters;
	shape->taps = (size_t)delays->length;
	shape->first_lag = delays->first;
	shape->temperature = 1;
	return GB_OK;
}

gb_status gb_giblet13_fixed(gb_network_fixed *fixed, const gb_feed *feed, const gb_delays *delays, size_t bottleneck, float **kernel, gb_err *err)
{
	const gb_feed_statistics *st = &feed->statistics;
	size_t taps = (size_t)delays->filters * (size_t)delays->length;
	float **latent[] = {&fixed->latent_scale, &fixed->latent_offset, &fixed->latent_deviation, &fixed->latent_mean};

	*kernel = gb_array(taps, sizeof **kernel, err);
	if (!*kernel)
		return GB_SYSTEM;
	for (size_t i = 0; i < taps; i++)
		(*kernel)[i] = (float)delays->tap[i];
	fixed->kernel = *kernel;
	fixed->video_mean = st->video_mean;
	fixed->video_scale = st->video_scale;
	fixed->video_base = st->video_base;
	fixed->code_base = st->code_base;
	fixed->code_mean = st->code_mean;
	for (size_t k = 0; k < feed->shape.subjects; k++)
		fixed->voxel_weight[k] = st->voxel_weight[k];
	for (int i = 0; i < 4; i++)
		if (!(*latent[i] = gb_array(bottleneck, sizeof(float), err)))
			return GB_SYSTEM;
	return GB_OK;
}

void gb_giblet13_fixed_clear(gb_network_fixed *fixed)
{
	free(fixed->latent_scale);
	free(fixed->latent_offset);
	free(fixed->latent_deviation);
	free(fixed->latent_mean);
}

/* ---- the model ---- */

typedef gb_giblet13_state state;

static void drop_set(state *s)
{
	gb_network_clear(&s->net);
	gb_feed_close(&s->feed);
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
	if (!gb_json_size(gb_json_get(s->dims, "bands")) || !gb_json_size(gb_json_get(s->dims, "subjects")))
		return gb_fail(err, GB_DATA, "%s: dims name no tensors or no subjects", gb_tensor_file_name(file));
	return GB_OK;
}

static gb_status read_floats(gb_tensor_file *file, const char *name, size_t count, float *to, gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, GB_F32, -1, &tensor, err);

	if (status == GB_OK && tensor->elements != count)
		status = gb_fail(err, GB_DATA, "%s: %s: %zu numbers, %zu are wanted", gb_tensor_file_name(file), name, tensor->elements, count);
	if (status == GB_OK)
		memcpy(to, tensor->data, tensor->bytes);
	return status;
}

gb_status gb_giblet13_read_moments(const gb_network *net, gb_tensor_file *file, gb_err *err)
{
	const gb_twin *running = gb_graph_running(net->graph);
	gb_status status = GB_OK;

	for (int i = 0; status == GB_OK && i < 2 * gb_graph_norms(net->graph); i++) {
		const gb_normed *norm = gb_graph_norm_at(net->graph, i / 2);
		char name[96];

		snprintf(name, sizeof name, "%s.%s", norm->name, i % 2 ? "variance" : "mean");
		status = read_floats(file, name, norm->columns, (float *)running->here + norm->first + (i % 2 ? norm->columns : 0), err);
	}
	gb_twin_push(net->device, running);
	return status;
}

static gb_status read_statistics(state *s, gb_err *err)
{
	gb_statistic_item item[GB_STATISTICS_MAX];
	size_t n = gb_giblet13_statistics(&s->feed, item);
	gb_status status = GB_OK;

	for (size_t i = 0; status == GB_OK && i < n; i++) {
		*item[i].data = gb_array(item[i].count, sizeof(float), err);
		status = *item[i].data ? read_floats(s->file, item[i].name, item[i].count, *item[i].data, err) : GB_SYSTEM;
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
		return gb_fail(err, GB_DATA, "%s: running: %zu numbers, %zu are wanted", gb_tensor_file_name(s->file), tensor->elements, 2 * b);
	running = tensor->data;
	for (size_t i = 0; i < b; i++) {
		s->fixed.latent_deviation[i] = (float)sqrt(fmax(running[b + i], 1e-12));
		s->fixed.latent_mean[i] = (float)running[i];
	}
	gb_network_send_latent(&s->net);
	return GB_OK;
}

gb_status gb_giblet13_use(state *s, const gb_dataset *set, gb_err *err)
{
	gb_network_shape shape;
	gb_status status;

	if (s->set == set)
		return GB_OK;
	drop_set(s);
	status = gb_feed_open_stored(&s->feed, set, s->file, s->dims, err);
	s->feed.shape.kind = s->kind;
	shape = s->feed.shape;
	if (status == GB_OK)
		gb_feed_silence(&s->feed, s->silent, s->silents);
	if (status == GB_OK)
		status = gb_giblet13_shape(&shape, &s->delays, s->dims, err);
	if (status == GB_OK)
		status = read_statistics(s, err);
	if (s->kind) /* rows are asked for one by one */
		shape.groups = 1;
	if (status == GB_OK)
		status = gb_feed_prepare(&s->feed, err);
	if (status == GB_OK)
		status = gb_giblet13_fixed(&s->fixed, &s->feed, &s->delays, gb_scaled(2048, shape.width), &s->kernel, err);
	if (status == GB_OK)
		status = gb_network_build(&s->net, &shape, &s->fixed, &s->device, 0, err);
	for (int i = 0; status == GB_OK && i < gb_graph_parameters(s->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(s->net.graph, i);

		status = read_floats(s->file, p->name, p->rows * p->columns, (float *)gb_graph_weights(s->net.graph)->here + p->first, err);
	}
	if (status == GB_OK)
		gb_graph_push(s->net.graph);
	if (status == GB_OK)
		status = s->net.bottleneck ? read_running(s, err) : gb_giblet13_read_moments(&s->net, s->file, err);
	s->set = status == GB_OK ? set : NULL;
	return status;
}

static gb_status fits(const void *opaque, const gb_dataset *set, gb_err *err)
{
	const state *s = opaque;
	gb_feed feed;
	gb_status status = gb_feed_open_stored(&feed, set, s->file, s->dims, err);

	gb_feed_close(&feed);
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
	for (*index = 0; *index < s->feed.shape.subjects; ++*index)
		if (!subject || !strcmp(s->feed.shape.subject[*index], subject))
			return GB_OK;
	/* A model of the mean stands for each of its subjects. */
	for (*index = 0; *index < s->feed.shape.subjects; ++*index)
		if (!strcmp(s->feed.shape.subject[*index], "mean"))
			return GB_OK;
	return gb_fail(err, GB_USAGE, "subject %s: the model was trained on %zu others (the first is %s)", subject, s->feed.shape.subjects,
	               s->feed.shape.subject[0]);
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

gb_status gb_giblet13_windows(state *s, const gb_feed_options *fill, const int64_t *rows, size_t count, int last, gb_giblet13_take *take,
                              void *context, gb_err *err)
{
	const gb_network_shape *shape = &s->net.shape;
	uint8_t *done = gb_array(count, 1, err);
	gb_window *window = gb_array(shape->groups, sizeof *window, err);
	gb_status status = done && window ? GB_OK : GB_SYSTEM;
	const float *numbers;

	for (size_t i = 0; status == GB_OK && i < count; i++) {
		int run_index = gb_clock_run_of(s->feed.clock, rows[i]);
		int64_t first = gb_clock_first(s->feed.clock, run_index), end = first + s->feed.clock->run[run_index].rows, length = (int64_t)shape->scored;
		int64_t start = first + (rows[i] - first) / length * length;

		if (done[i])
			continue;
		/* One window a batch: the others stay empty, whoever asks. */
		window[0] = (gb_window){start, end - start < length ? end - start : length};
		gb_feed_fill(&s->feed, &s->net, window, fill);
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

typedef struct copy_out { state *s; size_t subject, columns; float *out; int kind; } copy_out;

static void take_bold(void *context, const float *numbers, size_t asked, size_t place)
{
	copy_out *c = context;
	const gb_feed_statistics *st = &c->s->feed.statistics;

	for (size_t v = 0; v < c->columns; v++)
		c->out[asked * c->columns + v] = numbers[place * c->columns + v] * st->bold_std[c->subject][v] + st->bold_mean[c->subject][v];
}

gb_status gb_giblet13_rows_are(const gb_dataset *set, const int64_t *rows, size_t count, gb_err *err)
{
	for (size_t i = 0; i < count; i++)
		if (gb_clock_run_of(gb_dataset_clock(set), rows[i]) < 0)
			return gb_fail(err, GB_USAGE, "row %lld: the set has rows 0 to %lld", (long long)rows[i], (long long)gb_dataset_rows(set) - 1);
	return GB_OK;
}

static gb_status encode(void *opaque, const gb_dataset *set, const char *subject, const int64_t *rows, size_t count, float *out,
                        gb_pool *pool, gb_err *err)
{
	state *s = opaque;
	gb_feed_options fill = {.bold_one = GB_SUBJECTS_MAX};
	copy_out copy = {.s = s, .out = out};
	gb_status status = gb_giblet13_use(s, set, err);

	if (status == GB_OK)
		status = find_subject(s, subject, &copy.subject, err);
	if (status == GB_OK)
		status = gb_giblet13_rows_are(set, rows, count, err);
	if (status != GB_OK)
		return status;
	s->device.pool = pool;
	copy.columns = s->feed.shape.voxels[copy.subject];
	return gb_giblet13_windows(s, &fill, rows, count, s->net.predicted_bold[copy.subject], take_bold, &copy, err);
}

/* The decoder of FEATURE: 0 video, 1 mel, 2 codes, 3 text; −1: none. */
static int decoder_of(const state *s, const char *feature)
{
	const gb_json *bands = gb_json_get(s->dims, "bands");

	for (size_t b = 0; b < gb_json_size(bands); b++) {
		const char *name = gb_json_text(gb_json_get(gb_json_at(bands, b), "name"));
		int64_t kind = -1;

		gb_json_read_integer(gb_json_get(gb_json_at(bands, b), "kind"), &kind);
		if (!name || strcmp(name, feature))
			continue;
		return kind == GB_BAND_VIDEO ? 0 : kind == GB_BAND_MEL ? 1 : kind == GB_BAND_CODES ? 2 : strcmp(name, "text") ? -1 : 3;
	}
	return -1;
}

static bool decodes(const void *opaque, const char *feature, bool from_brain)
{
	(void)from_brain; /* both ways are trained */
	return decoder_of(opaque, feature) >= 0;
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

/* Patch order → frame, y, x, rgb. */
static void take_video(const copy_out *c, size_t asked, const float *from)
{
	const gb_network *net = &c->s->net;
	const gb_network_shape *shape = &net->shape;
	size_t across = shape->video_width / net->patch_width, run = net->patch_width * 3, line = shape->video_width * 3;

	for (size_t f = 0; f < shape->video_frames; f++)
		for (size_t p = 0; p < net->patches; p++)
			for (size_t y = 0; y < net->patch_height; y++, from += run)
				memcpy(c->out + asked * c->columns + (f * shape->video_height + p / across * net->patch_height + y) * line + p % across * run,
				       from, run * sizeof *from);
}

/* code/1023 [codebooks, frames] → the nearest code. */
static void take_numbers(const copy_out *c, size_t asked, const float *from)
{
	for (size_t i = 0; i < c->columns; i++)
		c->out[asked * c->columns + i] = rintf(from[i] * (GB_CODE_CLASSES - 1));
}

/* Logits [frames, codebooks, 1024] → the most likely code [codebooks, frames]. */
static void take_codes(const copy_out *c, size_t asked, const float *from)
{
	size_t q = c->s->net.shape.codebooks, frames = c->s->net.shape.code_frames;

	for (size_t i = 0; i < q * frames; i++) {
		size_t best = 0;

		for (size_t k = 1; k < GB_CODE_CLASSES; k++)
			if (from[i * GB_CODE_CLASSES + k] > from[i * GB_CODE_CLASSES + best])
				best = k;
		c->out[asked * c->columns + i % q * frames + i / q] = (float)best;
	}
}

static void take_decoded(void *context, const float *numbers, size_t asked, size_t place)
{
	copy_out *c = context;
	const gb_feed_statistics *st = &c->s->feed.statistics;
	const gb_network_shape *shape = &c->s->net.shape;
	size_t from_columns = c->kind == 2 && !shape->kind ? c->columns * GB_CODE_CLASSES : c->columns;
	const float *from = numbers + place * from_columns;
	float *to = c->out + asked * c->columns;

	if (c->kind == 0)
		take_video(c, asked, from);
	else if (c->kind == 2)
		(shape->kind ? take_numbers : take_codes)(c, asked, from);
	for (size_t i = 0; c->kind == 1 && i < c->columns; i++)
		to[i] = from[i] * st->mel_std[i] + st->mel_mean[i];
	for (size_t i = 0; c->kind == 3 && i < c->columns; i++)
		to[i] = from[i] * st->text_unit[0] + st->linear_mean[shape->linear - shape->dense + i];
}

static gb_status decode(void *opaque, const gb_dataset *set, const char *feature, bool from_brain, const char *subject, const uint8_t *keep,
                        const int64_t *rows, size_t count, float *out, gb_pool *pool, gb_err *err)
{
	state *s = opaque;
	gb_feed_options fill = {.keep = keep};
	copy_out copy = {.s = s, .out = out, .kind = decoder_of(s, feature)};
	int64_t shape[4];
	int rank;
	gb_status status = gb_giblet13_use(s, set, err);

	if (status == GB_OK && copy.kind < 0)
		status = gb_fail(err, GB_USAGE, "%s: this model has no decoder for it", feature);
	if (status == GB_OK)
		status = find_subject(s, subject, &copy.subject, err);
	if (status == GB_OK)
		status = gb_giblet13_rows_are(set, rows, count, err);
	/* BOLD is opened for this call alone: the subject may be any of the set's. */
	if (status == GB_OK && from_brain)
		status = gb_brain_open(&s->feed.brain[copy.subject], set, subject ? subject : s->feed.shape.subject[copy.subject], err);
	if (status != GB_OK)
		return status;
	if (from_brain && s->feed.brain[copy.subject].voxels != s->feed.shape.voxels[copy.subject])
		status = gb_fail(err, GB_DATA, "subject %s: %zu voxels, the model has %zu: the mask it was trained with is wanted", subject ? subject : "mean",
		                 s->feed.brain[copy.subject].voxels, s->feed.shape.voxels[copy.subject]);
	if (status == GB_OK) {
		for (int64_t r = 0; from_brain && r < s->feed.rows; r++)
			s->feed.brain_valid[copy.subject][r] = gb_brain_valid(&s->feed.brain[copy.subject], r);
		s->device.pool = pool;
		fill.bold_one = from_brain ? (int)copy.subject : GB_SUBJECTS_MAX;
		copy.columns = decoded_shape(s, feature, shape, &rank);
		status = gb_giblet13_windows(s, &fill, rows, count, s->net.decoded[from_brain][copy.kind], take_decoded, &copy, err);
	}
	if (from_brain)
		gb_brain_close(&s->feed.brain[copy.subject]);
	return status;
}

/* A set without these tensors is what the model was trained to bear: learned "absent" vectors, linear inputs at the mean. */
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
		return gb_fail(err, GB_USAGE, "%s: no tensor that this model reads (the first is %s)", feature[s->silents],
		               gb_json_text(gb_json_get(gb_json_at(bands, 0), "name")));
	return s->silent ? GB_OK : GB_SYSTEM;
}

/* ---- giblet13-seed: from the stimulus alone ---- */

static gb_status open_seed(void **opaque, gb_tensor_file *file, const gb_json *description, gb_err *err)
{
	gb_status status = open_state(opaque, file, description, err);

	if (status == GB_OK)
		((state *)*opaque)->kind = &gb_network_seed;
	return status;
}

/* Of the pictures of a row the first is decoded, which stands for the row only where it is alone. */
static bool seed_decodes(const void *opaque, const char *feature, bool from_brain)
{
	int64_t shape[4] = {0};
	int rank;

	return !from_brain && decoded_shape(opaque, feature, shape, &rank) && (decoder_of(opaque, feature) != 0 || shape[0] == 1);
}

const gb_model_kind_table gb_model_giblet13_seed = {"giblet13-seed", open_seed, close_state, fits, voxels, encode, seed_decodes, decode, decoded_shape};
const gb_model_kind_table gb_model_giblet13 = {"giblet13", open_state, close_state, fits, voxels, encode, decodes, decode, decoded_shape, silence, &gb_giblet13_latent};
