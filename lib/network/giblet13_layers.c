/* SPDX-License-Identifier: MIT */
/* giblet13_layers.c: giblet13 as a graph. */
#include "network/giblet13_layers.h"
#include "network/layer_sizes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/size.h"
#include "network/graph_cost.h"

/* Full widths of the layers, as in the seed design. */
enum {
	LAYER_3 = 1536,
	LAYER_5 = 4096,
	LAYER_6 = 8000,
	LAYER_7 = 2048,
	LAYER_10 = 2048,
	VIDEO = 1024,
	SOUND = 256,
	TEXT = 256,
	PATH = 256 /* of 12A … 12C; falls with the root of the width */,
	PATCH_IN = 16,
	PATCH_OUT = 8,
	CODE_IN = 128,
	CODE_OUT = 32,
	SOUND_TAPS = 5
};

/* ---- helpers of the builder ---- */

static int weight(gb_network *net, const char *name, const char *what, size_t rows, size_t columns,
                  float spread)
{
	char full[64];
	int found;

	snprintf(full, sizeof full, "%s.%s", name, what);
	found = gb_graph_find(net->graph, full);
	return found >= 0 ? found : gb_graph_parameter(net->graph, full, rows, columns, spread);
}

/* Set FLAG of all parameters from FIRST on, in the order of their declaration. */
static void flag_parameters(gb_network *net, int first, enum gb_parameter_flag flag)
{
	for (int i = first; i < gb_graph_parameters(net->graph); i++)
		gb_graph_parameter_at(net->graph, i)->flags |= flag;
}

static float fan(size_t columns) { return 1.0f / sqrtf((float)columns); }

/* NAME.weight, NAME.bias: x Wᵀ + b. */
static int dense(gb_network *net, const char *name, int x, size_t out, int activation, bool bias, float gain)
{
	size_t in = x < 0 ? 1 : gb_graph_columns_of(net->graph, x);
	int w = weight(net, name, "weight", out, in, gain * fan(in));

	return gb_graph_linear(net->graph, x, w, bias ? weight(net, name, "bias", 1, out, 0) : -1,
	                       activation);
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
	int y = gb_graph_dropout(net->graph, dense(net, name, norm(net, name, x), out, GB_GELU, true, 1),
	                         (float)net->shape.dropout);

	return x >= 0 && gb_graph_columns_of(net->graph, x) == out ? gb_graph_add(net->graph, x, y) : y;
}

/* The same numbers, as a value of their own. */
static int copy(gb_network *net, int x) { return gb_graph_dropout(net->graph, x, 0); }

/* ---- memory of a micro-batch ---- */

struct shelf { char *base; size_t used; }; /* base NULL: only counted */

/* POINTER gets the next COUNT·SIZE bytes. */
static void take(struct shelf *shelf, void *pointer, size_t count, size_t size)
{
	void *memory = shelf->base ? shelf->base + shelf->used : NULL;
	size_t bytes;

	memcpy(pointer, &memory, sizeof memory);
	if (!gb_size_mul(count, size, &bytes) || !gb_size_add(bytes, 63, &bytes) ||
	    !gb_size_add(shelf->used, bytes & ~(size_t)63, &shelf->used))
		shelf->used = SIZE_MAX / 2; /* which cannot be had */
}

/* Lay the batch out from BASE on; returns its bytes. */
static size_t lay_batch(const gb_network *net, gb_batch *b, void *base)
{
	const gb_network_shape *s = &net->shape;
	size_t r = net->rows, n = net->scored, codes = n * s->code_frames * s->codebooks;
	struct shelf shelf = {base, 0};

	take(&shelf, &b->video, r * s->video_frames * s->video_height * s->video_width * 3, 1);
	take(&shelf, &b->mel, r * s->mel_frames * s->mel_bands, sizeof(float));
	take(&shelf, &b->mel_count, r, sizeof(int32_t));
	take(&shelf, &b->codes, r * s->codebooks * s->code_frames, sizeof(int16_t));
	take(&shelf, &b->code_count, r, sizeof(int32_t));
	take(&shelf, &b->linear, r * s->linear, sizeof(float));
	take(&shelf, &b->dense, r * s->dense, sizeof(float));
	take(&shelf, &b->number, s->kind ? r * s->codebooks * s->code_frames : 0, sizeof(float));
	take(&shelf, &b->target_number, s->kind ? codes : 0, sizeof(float));
	take(&shelf, &b->weight_number, s->kind ? codes : 0, sizeof(float));
	take(&shelf, &b->target_video, n * net->decoded_frames * net->patches * net->patch, sizeof(float));
	take(&shelf, &b->target_mel, n * s->mel_frames * s->mel_bands, sizeof(float));
	take(&shelf, &b->target_codes, codes, sizeof(int32_t));
	take(&shelf, &b->target_text, n * s->text, sizeof(float));
	take(&shelf, &b->target_row, n, sizeof(int32_t));
	take(&shelf, &b->pair_mask, n * n, sizeof(float));
	take(&shelf, &b->weight_codes, codes, sizeof(float));
	take(&shelf, &b->weight_brain_codes, codes, sizeof(float));
	take(&shelf, &b->weight_latent, n, sizeof(float));
	take(&shelf, &b->weight_contrast, n, sizeof(float));
	for (int i = 0; i < 3; i++) {
		take(&shelf, &b->keep[i], r, 1);
		take(&shelf, &b->weight[i], n, sizeof(float));
		take(&shelf, &b->weight_brain[i], n, sizeof(float));
	}
	for (size_t i = 0; i < s->subjects; i++) {
		take(&shelf, &b->bold[i], s->groups * net->bold_rows * s->voxels[i], sizeof(float));
		take(&shelf, &b->target_bold[i], n * s->voxels[i], sizeof(float));
		take(&shelf, &b->weight_bold[i], n, sizeof(float));
	}
	return shelf.used;
}

enum { FILTERS = GB_TERMS + 1 }; /* where they stand in what controls the graph, behind a 0 */

static gb_status take_batch(gb_network *net, bool counting, gb_err *err)
{
	size_t lags = net->shape.window_lags;

	net->batch_bytes = lay_batch(net, &net->batch, NULL);
	if (counting)
		return GB_OK;
	if (!(net->memory = gb_device_array(net->device, net->batch_bytes, 1, err)) ||
	    gb_mirror_open(net->device, &net->control, FILTERS + lags * lags, sizeof(float), err) != GB_OK)
		return GB_SYSTEM;
	for (int i = 0; i < 2; i++) {
		net->host[i] = net->device->ops->shares_memory
		                   ? net->memory
		                   : net->device->ops->allocate_host(net->device, net->batch_bytes, err);
		if (!net->host[i])
			return GB_SYSTEM;
	}
	lay_batch(net, &net->batch, net->host[0]);
	lay_batch(net, &net->device_batch, net->memory);
	net->scale = net->control.host;
	/* Tap lags−1−j of filter j: row i + first + j of the window. */
	for (size_t j = 0; j < lags; j++)
		net->scale[FILTERS + j * lags + lags - 1 - j] = 1;
	return GB_OK;
}

/* The device's side of *SCALE for TERM, and of the filters after it. */
static const float *control(const gb_network *net, int term)
{
	return net->control.device ? (const float *)net->control.device + term : NULL;
}

/* *HERE becomes the device's copy of itself. */
static gb_status copy_fixed(gb_network *net, const float **host, size_t count, gb_err *err)
{
	struct gb_network_copy copy = {*host, NULL, count * sizeof(float)};

	if (!*host || gb_grow(&net->copy, net->copies + 1, sizeof *net->copy, err) != GB_OK ||
	    !(copy.device = gb_device_array(net->device, count, sizeof(float), err)))
		return *host ? GB_SYSTEM : GB_OK;
	net->copy[net->copies++] = copy;
	net->device->ops->upload(net->device, copy.device, copy.host, copy.bytes);
	*host = copy.device;
	return GB_OK;
}

enum { LATENT_COPIES = 4 }; /* the first ones */

static gb_status copy_all_fixed(gb_network *net, gb_err *err)
{
	const gb_network_shape *s = &net->shape;
	gb_network_fixed *f = &net->fixed_there;
	size_t pixels = s->video_frames * s->video_height * s->video_width * 3, b = net->bottleneck;
	const struct { const float **host; size_t count;
	} part[] = {{(const float **)&f->latent_scale, b},
	            {(const float **)&f->latent_offset, b},
	            {(const float **)&f->latent_deviation, b},
	            {(const float **)&f->latent_mean, b},
	            {&f->video_mean, pixels},
	            {&f->video_scale, pixels},
	            {&f->video_base, s->video_frames * net->patches * net->patch},
	            {&f->kernel, s->basis * s->taps}};
	gb_status status = GB_OK;

	for (size_t i = 0; status == GB_OK && i < sizeof part / sizeof *part; i++)
		status = copy_fixed(net, part[i].host, part[i].count, err);
	for (size_t i = 0; status == GB_OK && i < s->subjects; i++)
		status = copy_fixed(net, &f->voxel_weight[i], s->voxels[i], err);
	return status;
}

void gb_network_turn(gb_network *net)
{
	net->turn = !net->turn;
	lay_batch(net, &net->batch, net->host[net->turn]);
}

void *gb_network_buffer(const gb_network *net, gb_err *err)
{
	return net->device->ops->shares_memory
	           ? gb_array(net->batch_bytes, 1, err)
	           : net->device->ops->allocate_host(net->device, net->batch_bytes, err);
}

void gb_network_release_buffer(const gb_network *net, void *room)
{
	if (net->device->ops->shares_memory)
		free(room);
	else if (room)
		net->device->ops->release_host(net->device, room);
}

void gb_network_bind(gb_network *net, void *room) { lay_batch(net, &net->batch, room); }

void gb_network_take(gb_network *net, void **filled)
{
	void *before;

	gb_network_turn(net);
	before = net->host[net->turn];
	if (net->device->ops->shares_memory)
		memcpy(before, *filled, net->batch_bytes);
	else {
		net->host[net->turn] = *filled;
		*filled = before;
		gb_network_bind(net, net->host[net->turn]);
	}
	gb_network_send(net);
}

void gb_network_send(gb_network *net)
{
	net->device->ops->send(net->device, net->memory, net->host[net->turn], net->batch_bytes);
	gb_mirror_upload(net->device, &net->control);
}

void gb_network_upload_bottleneck(gb_network *net)
{
	for (size_t i = 0; i < LATENT_COPIES && i < net->copies; i++)
		net->device->ops->upload(net->device, net->copy[i].device, net->copy[i].host,
		                         net->copy[i].bytes);
}

/* ---- layers 1 and 2 ---- */

static int absent(gb_network *net, const char *name, int x, int modality)
{
	int vector = weight(net, name, "absent", 1, x < 0 ? 1 : gb_graph_columns_of(net->graph, x), 0);

	return gb_graph_mask_token(net->graph, x, vector, net->device_batch.keep[modality]);
}

static int video_block(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	size_t images = net->rows * s->video_frames;
	struct gb_op_patches view = {images,
	                             s->video_frames,
	                             s->video_height,
	                             s->video_width,
	                             3,
	                             net->patch_height,
	                             net->patch_width,
	                             net->device_batch.video,
	                             net->fixed_there.video_mean,
	                             net->fixed_there.video_scale,
	                             NULL};
	int x = dense(net, "2a.patch", gb_graph_patches(net->graph, &view),
	              gb_scaled(PATCH_IN, fmin(1, 2 * s->width)), GB_GELU, true, 1);

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

	return sound_block(net, "2b.codes",
	                   gb_graph_embedding(net->graph, table, net->rows, s->codebooks, s->code_frames,
	                                      GB_CODE_CLASSES, net->device_batch.codes),
	                   net->device_batch.code_count);
}

/* ---- layers 3 to 7 and the linear path ---- */

static void encoder(gb_network *net, int linear, int mel, int columns)
{
	const gb_network_shape *s = &net->shape;
	int part[4], parts = 0, deep, path;
	double w = s->width;
	int first;

	if (s->video_frames)
		part[parts++] = video_block(net);
	if (s->mel_bands)
		part[parts++] = sound_block(net, "2b.mel", mel, net->device_batch.mel_count);
	if (s->codebooks)
		part[parts++] = codes_block(net);
	if (s->dense)
		part[parts++] = absent(net, "2c",
		                       dense(net, "2c.text", columns, gb_scaled(TEXT, w), GB_GELU, true, 1),
		                       2);
	deep = block(net, "4.mix", gb_graph_concat(net->graph, part, parts), gb_scaled(LAYER_3, w));
	deep = block(net, "5.expand", deep, gb_scaled(LAYER_5, w));
	deep = block(net, "6.expand", deep, gb_scaled(LAYER_6, w));
	/* No gain: training starts from the linear path. */
	deep = dense(net, "7.bottleneck", norm(net, "7.bottleneck", deep), net->bottleneck, GB_LINEAR, false,
	             0);
	first = gb_graph_parameters(net->graph);
	path = dense(net, "linear", linear, net->bottleneck, GB_LINEAR, false, 1);
	flag_parameters(net, first, GB_PARAMETER_FROM_RIDGE);
	net->z = gb_graph_add(net->graph, path, deep);
	net->z_scored = gb_graph_rows(net->graph, net->z, s->groups, s->history, s->scored);
}

/* ---- brain, both ways ---- */

static void encode_brain(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int x = gb_graph_fir(net->graph, net->z, s->groups, s->scored, s->basis, s->taps,
	                     (int64_t)s->history - s->first_lag, net->fixed_there.kernel);
	int first = gb_graph_parameters(net->graph), readouts;

	if (!s->subjects)
		return;
	x = dense(net, "brain.map", x, s->rank, GB_LINEAR, false, 1);
	readouts = gb_graph_parameters(net->graph);
	for (size_t i = 0; i < s->subjects; i++) {
		char name[96];

		snprintf(name, sizeof name, "brain.%s", s->subject[i]);
		net->predicted_bold[i] = dense(net, name, x, s->voxels[i], GB_LINEAR, true, 0);
		net->term[GB_TERM_BOLD + (int)i] = gb_graph_mse(net->graph, net->predicted_bold[i],
		                                                net->device_batch.target_bold[i],
		                                                net->device_batch.weight_bold[i],
		                                                net->fixed_there.voxel_weight[i],
		                                                control(net, GB_TERM_BOLD));
	}
	flag_parameters(net, first, GB_PARAMETER_FROM_RIDGE);
	flag_parameters(net, readouts, GB_PARAMETER_READOUT);
}

/* FACTORS numbers of each volume, by the head HEAD of its subject, of all volumes of the window after a
 * row. */
static int read_brains(gb_network *net, const char *head, size_t factors, float gain)
{
	const gb_network_shape *s = &net->shape;
	int all = -1, first = gb_graph_parameters(net->graph);

	for (size_t i = 0; i < s->subjects; i++) {
		char name[96];
		int own;

		snprintf(name, sizeof name, "%s.%s", head, s->subject[i]);
		own = dense(net, name, net->bold[i], factors, GB_LINEAR, false, gain);
		all = i ? gb_graph_add(net->graph, all, own) : own;
	}
	flag_parameters(net, first, GB_PARAMETER_READOUT);
	return gb_graph_fir(net->graph, all, s->groups, s->scored, s->window_lags, s->window_lags,
	                    (int64_t)(s->window_first + s->window_lags) - 1, control(net, FILTERS));
}

static void decode_brain(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int first = gb_graph_parameters(net->graph), latent = read_brains(net, "decode", s->rank, 1), target,
	    pairs;

	net->latent = dense(net, "decode.map", latent, net->bottleneck, GB_LINEAR, true, 1);
	flag_parameters(net, first, GB_PARAMETER_FROM_RIDGE);
	target = gb_graph_affine(net->graph, gb_graph_stop(net->graph, net->z_scored),
	                         net->fixed_there.latent_scale, net->fixed_there.latent_offset);
	net->term[GB_TERM_LATENT] = gb_graph_mse_to(net->graph, copy(net, net->latent), target,
	                                            net->device_batch.weight_latent,
	                                            control(net, GB_TERM_LATENT));
	pairs = gb_graph_similarity(net->graph, gb_graph_norm(net->graph, net->latent, -1, -1),
	                            gb_graph_norm(net->graph, target, -1, -1),
	                            (float)(1.0 / (s->temperature * (double)net->bottleneck)),
	                            net->device_batch.pair_mask);
	net->term[GB_TERM_CONTRAST] = gb_graph_softmax(net->graph, pairs, net->device_batch.target_row,
	                                               net->device_batch.weight_contrast,
	                                               control(net, GB_TERM_CONTRAST));
}

/* ---- linear paths from the BOLD window, which nothing but the start moves ---- */

/* NAME: COLUMNS numbers of the window after a row. */
static int read_window(gb_network *net, const char *name, size_t columns)
{
	if (net->window < 0)
		net->window = read_brains(net, "back.brain", net->window_factors, 0);
	return dense(net, name, net->window, columns, GB_LINEAR, true, 0);
}

/* COLUMNS numbers for each of the row's FRAMES (patches of them), by NAME.frames. */
static int each_frame(gb_network *net, const char *name, int x, size_t frames, size_t columns)
{
	char full[64];

	snprintf(full, sizeof full, "%s.frames", name);
	return gb_graph_reshape(net->graph, dense(net, full, x, frames * columns, GB_LINEAR, false, 0),
	                        net->scored * frames, columns);
}

static void read_directly(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	gb_graph *g = net->graph;
	int x, first = gb_graph_parameters(g);

	if (s->video_frames) {
		x = each_frame(net, "back.video", read_window(net, "back.video", GB_DECODER_COLOURS),
		               s->video_frames * net->patches, GB_DECODER_COLOURS);
		x = dense(net, "back.video.pixels", x, net->patch, GB_LINEAR, false, 0);
		net->direct[0] = gb_graph_stop(g,
		                               gb_graph_reshape(g, x, net->scored,
		                                                s->video_frames * net->patches * net->patch));
	}
	if (s->mel_bands) {
		x = gb_graph_reshape(g, read_window(net, "back.mel", s->mel_bands),
		                     net->scored * s->mel_bands, 1);
		x = dense(net, "back.mel.frames", x, s->mel_frames, GB_LINEAR, false, 0);
		net->direct[1] = gb_graph_stop(g, gb_graph_reshape(g, x, net->scored,
		                                                   s->mel_bands * s->mel_frames));
	}
	if (s->codebooks) {
		x = each_frame(net, "back.codes", read_window(net, "back.codes", GB_DECODER_CODE_FACTORS),
		               s->code_frames, GB_DECODER_CODE_FACTORS);
		net->direct[2] = gb_graph_stop(g, dense(net, "back.codes.logits", x,
		                                        s->codebooks * GB_CODE_CLASSES, GB_LINEAR, false, 0));
	}
	flag_parameters(net, first, GB_PARAMETER_INIT_ONLY);
}

/* Float tensors are not added to the decoder's output: text has a linear path from z^b already. */
static void read_floats(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int first = gb_graph_parameters(net->graph);

	if (s->text)
		net->direct[3] = dense(net, "back.text.columns",
		                       read_window(net, "back.text", GB_DECODER_TEXT_FACTORS), s->text,
		                       GB_LINEAR, true, 0);
	if (s->dense > s->text)
		net->direct[4] = read_window(net, "back.floats", s->dense - s->text);
	flag_parameters(net, first, GB_PARAMETER_INIT_ONLY);
}

/* Y with what modality M's linear path says of it, on the way from z^b. */
static int beside(gb_network *net, int y, int m, int way)
{
	return way && net->direct[m] >= 0 ? gb_graph_add(net->graph, y, net->direct[m]) : y;
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
	y = beside(net, gb_graph_reshape(net->graph, y, net->scored, patches * net->patch), 0, way);
	y = gb_graph_sigmoid(net->graph, y, net->fixed_there.video_base, patches * net->patch);
	net->term[way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO] =
	    gb_graph_mse(net->graph, y, net->device_batch.target_video,
	                 way ? net->device_batch.weight_brain[0] : net->device_batch.weight[0], NULL,
	                 control(net, way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO));
	return y;
}

static int decode_codes(gb_network *net, int x, int way)
{
	const gb_network_shape *s = &net->shape;
	int y = block(net, "12b.codes", x, gb_scaled(PATH, sqrt(s->width)));

	y = dense(net, "12b.frames", norm(net, "12b.frames", y), s->code_frames * CODE_OUT, GB_GELU, true, 1);
	y = gb_graph_reshape(net->graph, y, net->scored * s->code_frames, CODE_OUT);
	y = beside(net, dense(net, "13b.codes", y, s->codebooks * GB_CODE_CLASSES, GB_LINEAR, true, 0), 2,
	           way);
	y = gb_graph_reshape(net->graph, y, net->scored * s->code_frames * s->codebooks, GB_CODE_CLASSES);
	net->term[way ? GB_TERM_BRAIN_CODES : GB_TERM_CODES] =
	    gb_graph_softmax(net->graph, y, net->device_batch.target_codes,
	                     way ? net->device_batch.weight_brain_codes : net->device_batch.weight_codes,
	                     control(net, way ? GB_TERM_BRAIN_CODES : GB_TERM_CODES));
	return y;
}

/* Layers 12 and 13 of a modality that is decoded as one vector. */
typedef struct vector_layers {
	const char *path, *last; /* their names */
	size_t columns;
	int term, weight;        /* of the way from z; index of its row weights */
	const float *target;
} vector_layers;

/* LINEAR: a value of the same width to add, −1: none. */
static int decode_vector(gb_network *net, int x, int linear, int way, const vector_layers *layers)
{
	int term = (way ? GB_TERM_BRAIN_VIDEO : GB_TERM_VIDEO) + layers->term;
	int y = block(net, layers->path, x, gb_scaled(PATH, sqrt(net->shape.width)));

	y = dense(net, layers->last, y, layers->columns, GB_LINEAR, true, 0);
	if (linear >= 0)
		y = gb_graph_add(net->graph, y, linear);
	net->term[term] = gb_graph_mse(net->graph, y, layers->target,
	                               way ? net->device_batch.weight_brain[layers->weight]
	                                   : net->device_batch.weight[layers->weight],
	                               NULL, control(net, term));
	return y;
}

/* Beside the layers, a linear path from as many directions of z as the brain's filters read. */
static int text_path(gb_network *net, int z)
{
	size_t read = net->shape.basis * net->shape.rank;
	int first = gb_graph_parameters(net->graph);
	int factors = dense(net, "13c.text.factors", z,
	                    read && read < net->bottleneck ? read : net->bottleneck, GB_LINEAR, false, 1);
	int text = dense(net, "13c.text.linear", factors, net->shape.text, GB_LINEAR, false, 0);

	flag_parameters(net, first, GB_PARAMETER_FROM_RIDGE);
	return text;
}

static void decoder(gb_network *net, int z, int way)
{
	const gb_network_shape *s = &net->shape;
	const vector_layers mel = {.path = "12b.mel", .last = "13b.mel",
	                           .columns = s->mel_frames * s->mel_bands, .term = GB_TERM_MEL, .weight = 1,
	                           .target = net->device_batch.target_mel};
	const vector_layers text = {.path = "12c.text", .last = "13c.text", .columns = s->text,
	                            .term = GB_TERM_TEXT, .weight = 2,
	                            .target = net->device_batch.target_text};
	int x = block(net, "8.expand", z, gb_scaled(LAYER_6, s->width));

	x = block(net, "9.narrow", x, gb_scaled(LAYER_5, s->width));
	x = block(net, "10.narrow", x, gb_scaled(LAYER_10, s->width));
	x = block(net, "11.pool", x, gb_scaled(LAYER_3, s->width));
	if (s->video_frames)
		net->decoded[way][0] = decode_video(net, x, way);
	if (s->mel_bands)
		net->decoded[way][1] = decode_vector(net, x, way ? net->direct[1] : -1, way, &mel);
	if (s->codebooks)
		net->decoded[way][2] = decode_codes(net, x, way);
	if (s->text)
		net->decoded[way][3] = decode_vector(net, x, text_path(net, z), way, &text);
}

/* ---- the whole ---- */

static void declare(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int linear, dense, mel;

	linear = gb_graph_input(net->graph, net->rows, s->linear, net->device_batch.linear);
	dense = gb_graph_input(net->graph, net->rows, s->dense, net->device_batch.dense);
	mel = gb_graph_input(net->graph, net->rows * s->mel_frames, s->mel_bands, net->device_batch.mel);
	for (size_t i = 0; i < s->subjects; i++)
		net->bold[i] = gb_graph_input(net->graph, s->groups * net->bold_rows, s->voxels[i],
		                              net->device_batch.bold[i]);
	encoder(net, linear, mel, dense);
	encode_brain(net);
	if (s->subjects)
		decode_brain(net);
	decoder(net, net->z_scored, 0);
	if (!s->subjects)
		return;
	read_directly(net);
	decoder(net,
	        gb_graph_affine(net->graph, net->latent, net->fixed_there.latent_deviation,
	                        net->fixed_there.latent_mean),
	        1);
	read_floats(net);
}

static void random_start(gb_network *net, uint64_t seed)
{
	float *w = gb_graph_weights(net->graph)->host;

	for (int i = 0; i < gb_graph_parameters(net->graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(net->graph, i);
		gb_rng rng = gb_rng_at(seed, (uint32_t)i, 0, 0x696e6974);

		for (size_t k = 0; k < p->rows * p->columns; k++)
			w[p->first + k] = p->spread < 0    ? 1.0f
			                  : p->spread == 0 ? 0.0f
			                                   : p->spread * (float)gb_rng_normal(&rng);
	}
}

gb_status gb_network_build(gb_network *net, const gb_network_shape *shape, const gb_network_fixed *fixed,
                           const gb_device *device, uint64_t seed, gb_err *err)
{
	memset(net, 0, sizeof *net);
	net->shape = *shape;
	net->device = device;
	if (fixed)
		net->fixed = net->fixed_there = *fixed;
	net->bottleneck = shape->kind ? 0 : gb_scaled(LAYER_7, shape->width);
	net->rows = shape->groups * (shape->history + shape->scored + shape->future);
	net->scored = shape->groups * shape->scored;
	net->bold_rows = shape->scored + shape->window_first + shape->window_lags - 1;
	net->decoded_frames = shape->kind && shape->video_frames ? 1 : shape->video_frames;
	if (shape->video_frames) {
		gb_patch_size(shape, &net->patch_height, &net->patch_width);
		if (!net->patch_height || !net->patch_width)
			return gb_fail(err, GB_DATA,
			               "video: %zux%zu: each side wants a divisor from 4 to 12 for its "
			               "patches, as 160x90 has",
			               shape->video_width, shape->video_height);
		net->patches = shape->video_height / net->patch_height *
		               (shape->video_width / net->patch_width);
		net->patch = net->patch_height * net->patch_width * 3;
	}
	if (!shape->video_frames && !shape->mel_bands && !shape->codebooks && !shape->dense)
		return gb_fail(err, GB_DATA,
		               "the data set has no stimulus: pack video, mel, codes or text with the BOLD");
	if (gb_graph_new(&net->graph, device, err) != GB_OK || take_batch(net, !fixed, err) != GB_OK)
		return GB_SYSTEM;
	if (fixed && !device->ops->shares_memory && copy_all_fixed(net, err) != GB_OK)
		return GB_SYSTEM;
	for (int i = 0; i < GB_TERMS + GB_SUBJECTS_MAX; i++)
		net->term[i] = -1;
	memset(net->decoded, 0xff, sizeof net->decoded);
	memset(net->direct, 0xff, sizeof net->direct);
	net->latent = net->window = -1;
	net->window_factors = !shape->kind && shape->subjects
	                          ? shape->rank < GB_DECODER_FACTORS ? shape->rank : GB_DECODER_FACTORS
	                          : 0;
	(shape->kind ? shape->kind->declare : declare)(net);
	if (!fixed) /* still says what a builder found wrong */
		return gb_graph_check(net->graph, err);
	if (gb_graph_ready(net->graph, err) != GB_OK)
		return GB_SYSTEM;
	random_start(net, seed);
	gb_graph_push(net->graph);
	return GB_OK;
}

void gb_network_clear(gb_network *net)
{
	for (size_t i = 0; i < net->copies; i++)
		gb_device_release(net->device, net->copy[i].device);
	free(net->copy);
	if (net->device) {
		for (int i = 0; i < 2; i++)
			if (net->host[i] != net->memory)
				net->device->ops->release_host(net->device, net->host[i]);
		gb_device_release(net->device, net->memory);
		gb_mirror_close(net->device, &net->control);
	}
	gb_graph_free(net->graph);
	memset(net, 0, sizeof *net);
}
