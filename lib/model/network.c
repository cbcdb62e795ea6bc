/* SPDX-License-Identifier: MIT */
/* network.c: giblet13 as a graph. */
#include "model/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"

/* Full widths of the layers, as in the seed design. */
enum { LAYER_3 = 1536, LAYER_5 = 4096, LAYER_6 = 8000, LAYER_7 = 2048, LAYER_10 = 2048, VIDEO = 1024, SOUND = 256, TEXT = 256,
       PATH = 256 /* of 12A … 12C; falls with the root of the width */, PATCH_IN = 16, PATCH_OUT = 8, CODE_IN = 128, CODE_OUT = 32, SOUND_TAPS = 5 };

const char *gb_term_name(int term)
{
	static const char *const name[GB_TERMS] = {"video", "mel", "codes", "text", "latent", "contrast", "brain.video", "brain.mel",
	                                           "brain.codes", "brain.text", "bold"};

	return term >= 0 && term < GB_TERMS ? name[term] : NULL;
}

size_t gb_scaled(size_t full, double width)
{
	size_t eighths = (size_t)floor((double)full * width / 8 + 0.5);

	return 8 * (eighths ? eighths : 1);
}

size_t gb_patch_edge(size_t size)
{
	for (size_t edge = 12; edge >= 4; edge--)
		if (size % edge == 0)
			return edge;
	return 0;
}

/* ---- helpers of the builder ---- */

static int weight(gb_network *net, const char *name, const char *what, size_t rows, size_t columns, float spread)
{
	char full[64];
	int found;

	snprintf(full, sizeof full, "%s.%s", name, what);
	found = gb_graph_find(net->graph, full);
	return found >= 0 ? found : gb_graph_parameter(net->graph, full, rows, columns, spread);
}

static float fan(size_t columns) { return 1.0f / sqrtf((float)columns); }

/* NAME.weight, NAME.bias: x Wᵀ + b. */
static int dense(gb_network *net, const char *name, int x, size_t out, int activation, bool bias, float gain)
{
	size_t in = x < 0 ? 1 : gb_graph_columns_of(net->graph, x);
	int w = weight(net, name, "weight", out, in, gain * fan(in));

	return gb_graph_linear(net->graph, x, w, bias ? weight(net, name, "bias", 1, out, 0) : -1, activation);
}

static int norm(gb_network *net, const char *name, int x)
{
	size_t n = x < 0 ? 1 : gb_graph_columns_of(net->graph, x);
	int gamma = weight(net, name, "norm.scale", 1, n, -1);

	return gb_graph_norm(net->graph, x, gamma, weight(net, name, "norm.shift", 1, n, 0));
}

/* Norm, linear, GELU, dropout; the input added where the widths agree. */
static int block(gb_network *net, const char *name, int x, size_t out)
{
	int y = gb_graph_dropout(net->graph, dense(net, name, norm(net, name, x), out, GB_GELU, true, 1), (float)net->shape.dropout);

	return x >= 0 && gb_graph_columns_of(net->graph, x) == out ? gb_graph_add(net->graph, x, y) : y;
}

/* The same numbers, as a value of their own. */
static int copy(gb_network *net, int x) { return gb_graph_dropout(net->graph, x, 0); }

/* ---- memory of a micro-batch ---- */

/* POINTER gets COUNT·SIZE bytes, or only counts them. */
static bool take(gb_network *net, void *pointer, size_t count, size_t size, bool counting, gb_err *err)
{
	void *memory;

	net->batch_bytes += count * size;
	if (counting)
		return true;
	if (gb_grow(&net->memory, net->blocks + 1, sizeof *net->memory, err) != GB_OK || !(memory = gb_array(count, size, err)))
		return false;
	net->memory[net->blocks++] = memory;
	memcpy(pointer, &memory, sizeof memory);
	return true;
}

static gb_status take_batch(gb_network *net, bool counting, gb_err *err)
{
	const gb_network_shape *s = &net->shape;
	gb_batch *b = &net->batch;
	size_t r = net->rows, n = net->scored, pixels = s->video_frames * s->video_height * s->video_width * 3;
	bool good = take(net, &b->video, r * pixels, 1, counting, err) && take(net, &b->mel_count, r, sizeof(int32_t), counting, err) &&
	            take(net, &b->codes, r * s->codebooks * s->code_frames, sizeof(int16_t), counting, err) &&
	            take(net, &b->code_count, r, sizeof(int32_t), counting, err) &&
	            take(net, &b->target_video, n * s->video_frames * net->patches * net->patch, sizeof(float), counting, err) &&
	            take(net, &b->target_mel, n * s->mel_frames * s->mel_bands, sizeof(float), counting, err) &&
	            take(net, &b->target_codes, n * s->code_frames * s->codebooks, sizeof(int32_t), counting, err) &&
	            take(net, &b->target_text, n * s->text, sizeof(float), counting, err) &&
	            take(net, &b->target_row, n, sizeof(int32_t), counting, err) &&
	            take(net, &b->pair_mask, n * n, sizeof(float), counting, err) &&
	            take(net, &b->weight_codes, n * s->code_frames * s->codebooks, sizeof(float), counting, err) &&
	            take(net, &b->weight_brain_codes, n * s->code_frames * s->codebooks, sizeof(float), counting, err) &&
	            take(net, &b->weight_latent, n, sizeof(float), counting, err) &&
	            take(net, &b->weight_contrast, n, sizeof(float), counting, err) &&
	            take(net, &net->lag_kernel, s->window_lags * s->window_lags, sizeof(float), counting, err);

	for (int i = 0; good && i < 3; i++)
		good = take(net, &b->keep[i], r, 1, counting, err) && take(net, &b->weight[i], n, sizeof(float), counting, err) &&
		       take(net, &b->weight_brain[i], n, sizeof(float), counting, err);
	for (size_t i = 0; good && i < s->subjects; i++)
		good = take(net, &b->target_bold[i], n * s->voxels[i], sizeof(float), counting, err) &&
		       take(net, &b->weight_bold[i], n, sizeof(float), counting, err);
	return good ? GB_OK : GB_SYSTEM;
}

/* ---- layers 1 and 2 ---- */

static int absent(gb_network *net, const char *name, int x, int modality)
{
	int vector = weight(net, name, "absent", 1, x < 0 ? 1 : gb_graph_columns_of(net->graph, x), 0);

	return gb_graph_absent(net->graph, x, vector, net->batch.keep[modality]);
}

static int video_block(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	size_t images = net->rows * s->video_frames;
	struct gb_op_patches view = {images, s->video_frames, s->video_height, s->video_width, 3, net->patch_height, net->patch_width,
	                             net->batch.video, net->fixed.video_mean, net->fixed.video_scale, NULL};
	int x = dense(net, "2a.patch", gb_graph_patches(net->graph, &view), gb_scaled(PATCH_IN, fmin(1, 2 * s->width)), GB_GELU, true, 1);

	if (x < 0)
		return -1;
	x = gb_graph_reshape(net->graph, x, images, net->patches * gb_graph_columns_of(net->graph, x));
	x = gb_graph_pool(net->graph, x, net->rows, NULL);
	x = dense(net, "2a.video", norm(net, "2a.video", x), gb_scaled(VIDEO, s->width), GB_GELU, true, 1);
	return absent(net, "2a", x, 0);
}

/* Frames inside a row: convolution with stride 2, then mean and difference over the valid ones. */
static int sound_block(gb_network *net, const char *name, int x, const int32_t *count)
{
	char layer[32];

	snprintf(layer, sizeof layer, "%s.convolution", name);
	x = gb_graph_unfold(net->graph, x, net->rows, SOUND_TAPS, 2, SOUND_TAPS / 2);
	x = dense(net, layer, x, gb_scaled(SOUND, net->shape.width), GB_GELU, true, 1);
	x = gb_graph_pool(net->graph, x, net->rows, count);
	x = dense(net, name, norm(net, name, x), gb_scaled(SOUND, net->shape.width), GB_GELU, true, 1);
	return absent(net, name, x, 1);
}

static int codes_block(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	size_t width = gb_scaled(CODE_IN, s->width);
	int table = weight(net, "2b.codes", "table", s->codebooks * GB_CODE_CLASSES, width, 0.1f);

	return sound_block(net, "2b.codes", gb_graph_embedding(net->graph, table, net->rows, s->codebooks, s->code_frames,
	                                                       GB_CODE_CLASSES, net->batch.codes), net->batch.code_count);
}

/* ---- layers 3 to 7 and the linear path ---- */

static void encoder(gb_network *net, int linear, int mel, int columns)
{
	const gb_network_shape *s = &net->shape;
	int part[4], parts = 0, deep, path;
	double w = s->width;

	if (s->video_frames)
		part[parts++] = video_block(net);
	if (s->mel_bands)
		part[parts++] = sound_block(net, "2b.mel", mel, net->batch.mel_count);
	if (s->codebooks)
		part[parts++] = codes_block(net);
	if (s->dense)
		part[parts++] = absent(net, "2c", dense(net, "2c.text", columns, gb_scaled(TEXT, w), GB_GELU, true, 1), 2);
	deep = block(net, "4.mix", gb_graph_concat(net->graph, part, parts), gb_scaled(LAYER_3, w));
	deep = block(net, "5.expand", deep, gb_scaled(LAYER_5, w));
	deep = block(net, "6.expand", deep, gb_scaled(LAYER_6, w));
	/* No gain: training starts from the linear path. */
	deep = dense(net, "7.bottleneck", norm(net, "7.bottleneck", deep), net->bottleneck, GB_LINEAR, false, 0);
	path = dense(net, "linear", linear, net->bottleneck, GB_LINEAR, false, 1);
	net->z = gb_graph_add(net->graph, path, deep);
	net->z_scored = gb_graph_rows(net->graph, net->z, s->groups, s->history, s->scored);
}

/* ---- brain, both ways ---- */

static void encode_brain(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int x = gb_graph_fir(net->graph, net->z, s->groups, s->scored, s->basis, s->taps, (int64_t)s->history - s->first_lag, net->fixed.kernel);

	if (!s->subjects)
		return;
	x = dense(net, "brain.map", x, s->rank, GB_LINEAR, false, 1);
	for (size_t i = 0; i < s->subjects; i++) {
		char name[96];

		snprintf(name, sizeof name, "brain.%s", s->subject[i]);
		net->predicted_bold[i] = dense(net, name, x, s->voxels[i], GB_LINEAR, true, 0);
		net->term[GB_TERM_BOLD + (int)i] = gb_graph_mse(net->graph, net->predicted_bold[i], net->batch.target_bold[i],
		                                                net->batch.weight_bold[i], net->fixed.voxel_weight[i], &net->scale[GB_TERM_BOLD]);
	}
}

static void decode_brain(gb_network *net, const int *bold)
{
	const gb_network_shape *s = &net->shape;
	int factors = -1, latent, target, pairs;

	for (size_t i = 0; i < s->subjects; i++) {
		char name[96];
		int own;

		snprintf(name, sizeof name, "decode.%s", s->subject[i]);
		own = dense(net, name, bold[i], s->rank, GB_LINEAR, false, 1);
		factors = i ? gb_graph_add(net->graph, factors, own) : own;
	}
	/* Tap lags−1−j of filter j: row i + first + j of the window. */
	for (size_t j = 0; net->lag_kernel && j < s->window_lags; j++)
		net->lag_kernel[j * s->window_lags + s->window_lags - 1 - j] = 1;
	latent = gb_graph_fir(net->graph, factors, s->groups, s->scored, s->window_lags, s->window_lags,
	                      (int64_t)(s->window_first + s->window_lags) - 1, net->lag_kernel);
	net->latent = dense(net, "decode.map", latent, net->bottleneck, GB_LINEAR, true, 1);
	target = gb_graph_affine(net->graph, gb_graph_stop(net->graph, net->z_scored), net->fixed.latent_scale, net->fixed.latent_offset);
	net->term[GB_TERM_LATENT] = gb_graph_mse_to(net->graph, copy(net, net->latent), target, net->batch.weight_latent, &net->scale[GB_TERM_LATENT]);
	pairs = gb_graph_pairs(net->graph, gb_graph_norm(net->graph, net->latent, -1, -1), gb_graph_norm(net->graph, target, -1, -1),
	                       (float)(1.0 / (s->temperature * (double)net->bottleneck)), net->batch.pair_mask);
	net->term[GB_TERM_CONTRAST] = gb_graph_softmax(net->graph, pairs, net->batch.target_row, net->batch.weight_contrast, &net->scale[GB_TERM_CONTRAST]);
}

/* ---- layers 8 to 13 ---- */

static int decode_video(gb_network *net, int x, int way)
{
	const gb_network_shape *s = &net->shape;
	size_t width = PATCH_OUT, patches = s->video_frames * net->patches;
	int y = block(net, "12a.video", x, gb_scaled(PATH, sqrt(s->width)));

	y = dense(net, "12a.patches", norm(net, "12a.patches", y), patches * width, GB_GELU, true, 1);
	y = gb_graph_reshape(net->graph, y, net->scored * patches, width);
	y = dense(net, "13a.patch", y, net->patch, GB_LINEAR, true, 0);
	y = gb_graph_reshape(net->graph, y, net->scored, patches * net->patch);
	y = gb_graph_sigmoid(net->graph, y, net->fixed.video_base, patches * net->patch);
	net->term[way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO] =
	    gb_graph_mse(net->graph, y, net->batch.target_video, way ? net->batch.weight_brain[0] : net->batch.weight[0], NULL,
	                 &net->scale[way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO]);
	return y;
}

static int decode_codes(gb_network *net, int x, int way)
{
	const gb_network_shape *s = &net->shape;
	int y = block(net, "12b.codes", x, gb_scaled(PATH, sqrt(s->width)));

	y = dense(net, "12b.frames", norm(net, "12b.frames", y), s->code_frames * CODE_OUT, GB_GELU, true, 1);
	y = gb_graph_reshape(net->graph, y, net->scored * s->code_frames, CODE_OUT);
	y = dense(net, "13b.codes", y, s->codebooks * GB_CODE_CLASSES, GB_LINEAR, true, 0);
	y = gb_graph_reshape(net->graph, y, net->scored * s->code_frames * s->codebooks, GB_CODE_CLASSES);
	net->term[way ? GB_TERM_BRAIN_CODES : GB_TERM_CODES] =
	    gb_graph_softmax(net->graph, y, net->batch.target_codes, way ? net->batch.weight_brain_codes : net->batch.weight_codes,
	                     &net->scale[way ? GB_TERM_BRAIN_CODES : GB_TERM_CODES]);
	return y;
}

static int decode_vector(gb_network *net, int x, int way, int modality, size_t out, const char *path, const char *last, const float *target)
{
	int term = (way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO) + modality, counts = modality == 3 ? 2 : 1;
	int y = dense(net, last, block(net, path, x, gb_scaled(PATH, sqrt(net->shape.width))), out, GB_LINEAR, true, 0);

	net->term[term] = gb_graph_mse(net->graph, y, target, way ? net->batch.weight_brain[counts] : net->batch.weight[counts], NULL, &net->scale[term]);
	return y;
}

static void decoder(gb_network *net, int z, int way)
{
	const gb_network_shape *s = &net->shape;
	int x = block(net, "8.expand", z, gb_scaled(LAYER_6, s->width));

	x = block(net, "9.narrow", x, gb_scaled(LAYER_5, s->width));
	x = block(net, "10.narrow", x, gb_scaled(LAYER_10, s->width));
	x = block(net, "11.pool", x, gb_scaled(LAYER_3, s->width));
	if (s->video_frames)
		net->decoded[way][0] = decode_video(net, x, way);
	if (s->mel_bands)
		net->decoded[way][1] = decode_vector(net, x, way, 1, s->mel_frames * s->mel_bands, "12b.mel", "13b.mel", net->batch.target_mel);
	if (s->codebooks)
		net->decoded[way][2] = decode_codes(net, x, way);
	if (s->text)
		net->decoded[way][3] = decode_vector(net, x, way, 3, s->text, "12c.text", "13c.text", net->batch.target_text);
}

/* ---- the whole ---- */

static void declare(gb_network *net, int *inputs)
{
	const gb_network_shape *s = &net->shape;
	int bold[GB_SUBJECTS_MAX];

	for (int i = 0; i < GB_TERMS + GB_SUBJECTS_MAX; i++)
		net->term[i] = -1;
	memset(net->decoded, 0xff, sizeof net->decoded);
	net->latent = -1;
	inputs[0] = gb_graph_input(net->graph, net->rows, s->linear);
	inputs[1] = gb_graph_input(net->graph, net->rows, s->dense);
	inputs[2] = gb_graph_input(net->graph, net->rows * s->mel_frames, s->mel_bands);
	for (size_t i = 0; i < s->subjects; i++)
		bold[i] = inputs[3 + i] = gb_graph_input(net->graph, s->groups * net->bold_rows, s->voxels[i]);
	encoder(net, inputs[0], inputs[2], inputs[1]);
	encode_brain(net);
	if (s->subjects)
		decode_brain(net, bold);
	decoder(net, net->z_scored, 0);
	if (s->subjects)
		decoder(net, gb_graph_affine(net->graph, net->latent, net->fixed.latent_deviation, net->fixed.latent_mean), 1);
}

static void random_start(gb_network *net, uint64_t seed)
{
	float *w = gb_graph_weights(net->graph);

	for (int i = 0; i < gb_graph_parameters(net->graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(net->graph, i);
		gb_rng rng = gb_rng_at(seed, (uint32_t)i, 0, 0x696e6974);

		for (size_t k = 0; k < p->rows * p->columns; k++)
			w[p->first + k] = p->spread < 0 ? 1.0f : p->spread == 0 ? 0.0f : p->spread * (float)gb_rng_normal(&rng);
	}
}

gb_status gb_network_build(gb_network *net, const gb_network_shape *shape, const gb_network_fixed *fixed,
                           const gb_device *device, uint64_t seed, gb_err *err)
{
	int inputs[3 + GB_SUBJECTS_MAX];

	memset(net, 0, sizeof *net);
	net->shape = *shape;
	if (fixed)
		net->fixed = *fixed;
	net->bottleneck = gb_scaled(LAYER_7, shape->width);
	net->rows = shape->groups * (shape->history + shape->scored + shape->future);
	net->scored = shape->groups * shape->scored;
	net->bold_rows = shape->scored + shape->window_first + shape->window_lags - 1;
	if (shape->video_frames) {
		net->patch_height = gb_patch_edge(shape->video_height);
		net->patch_width = gb_patch_edge(shape->video_width);
		if (!net->patch_height || !net->patch_width)
			return gb_fail(err, GB_DATA, "video: %zux%zu: each side wants a divisor from 4 to 12 for its patches, as 160x90 has",
			               shape->video_width, shape->video_height);
		net->patches = shape->video_height / net->patch_height * (shape->video_width / net->patch_width);
		net->patch = net->patch_height * net->patch_width * 3;
	}
	if (!shape->video_frames && !shape->mel_bands && !shape->codebooks && !shape->dense)
		return gb_fail(err, GB_DATA, "the data set has no stimulus: pack video, mel, codes or text with the BOLD");
	if (gb_graph_new(&net->graph, device, err) != GB_OK || take_batch(net, !fixed, err) != GB_OK)
		return GB_SYSTEM;
	declare(net, inputs);
	if (!fixed) /* still says what a builder found wrong */
		return gb_graph_check(net->graph, err);
	if (gb_graph_ready(net->graph, err) != GB_OK)
		return GB_SYSTEM;
	net->batch.linear = gb_graph_value(net->graph, inputs[0]);
	net->batch.dense = gb_graph_value(net->graph, inputs[1]);
	net->batch.mel = gb_graph_value(net->graph, inputs[2]);
	for (size_t i = 0; i < shape->subjects; i++)
		net->batch.bold[i] = gb_graph_value(net->graph, inputs[3 + i]);
	random_start(net, seed);
	return GB_OK;
}

void gb_network_clear(gb_network *net)
{
	for (size_t i = 0; i < net->blocks; i++)
		free(net->memory[i]);
	free(net->memory);
	gb_graph_free(net->graph);
	memset(net, 0, sizeof *net);
}
