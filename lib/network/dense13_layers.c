/* SPDX-License-Identifier: MIT */
/* dense13_layers.c: the fully connected network as a graph. */
#include "network/dense13_layers.h"
#include "network/layer_sizes.h"

#include <math.h>
#include <stdio.h>

/* ---- the graph ---- */

/* The two halves start differently. */
typedef enum side { ENCODER, DECODER } side;

static int parameter(gb_network *net, const char *name, const char *what, size_t rows, size_t columns,
                     float spread)
{
	char full[64];

	snprintf(full, sizeof full, "%s.%s", name, what);
	return gb_graph_parameter(net->graph, full, rows, columns, spread);
}

static int linear(gb_network *net, side half, const char *name, int x, size_t out)
{
	size_t in = x < 0 ? 1 : gb_graph_columns_of(net->graph, x);
	float inputs = 1 / sqrtf(3 * (float)in), outputs = sqrtf(2 / (float)out);
	int weight = parameter(net, name, "weight", out, in, half == ENCODER ? inputs : outputs);

	return gb_graph_linear(net->graph, x, weight,
	                       parameter(net, name, "bias", 1, out, half == ENCODER ? inputs : 0), GB_LINEAR);
}

static int normed(gb_network *net, side half, const char *name, int x, size_t full_width, bool rectify)
{
	size_t out = gb_scaled(full_width, net->shape.width);
	char norm[48];
	int y = linear(net, half, name, x, out), gamma;

	snprintf(norm, sizeof norm, "%s.norm", name);
	gamma = parameter(net, norm, "scale", 1, out, -1);
	return gb_graph_batch_norm(net->graph, y, gamma, parameter(net, norm, "shift", 1, out, 0), norm,
	                           rectify);
}

/* Dropout before the rectifier, which some layers have, is the same. */
static int block(gb_network *net, side half, const char *name, int x, size_t full_width, double rate)
{
	return gb_graph_dropout(net->graph, normed(net, half, name, x, full_width, true),
	                        (float)fmin(rate, net->shape.dropout));
}

static int encode_video(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	struct gb_op_patches view = {net->rows * s->video_frames,
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
	int x = gb_graph_reshape(net->graph, gb_graph_patches(net->graph, &view), net->rows,
	                         s->video_frames * net->patch);

	x = block(net, ENCODER, "2a.video.1", x, 4096, 0.3);
	x = block(net, ENCODER, "2a.video.2", x, 2048, 0.3);
	return block(net, ENCODER, "2a.video.3", x, 1024, 0.2);
}

static int encode_codes(gb_network *net)
{
	int x = gb_graph_input(net->graph, net->rows, net->shape.codebooks * net->shape.code_frames,
	                       net->device_batch.number);

	x = block(net, ENCODER, "2b.audio.1", x, 512, 0.3);
	return block(net, ENCODER, "2b.audio.2", x, 256, 0.2);
}

static int encode_text(gb_network *net)
{
	int x = block(net, ENCODER, "2c.text.1",
	              gb_graph_input(net->graph, net->rows, net->shape.text, net->device_batch.dense), 512,
	              0.2);

	return block(net, ENCODER, "2c.text.2", x, 256, 0.2);
}

static void encode(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int part[3], parts = 0, x;

	if (s->video_frames)
		part[parts++] = encode_video(net);
	if (s->codebooks)
		part[parts++] = encode_codes(net);
	if (s->text)
		part[parts++] = encode_text(net);
	x = block(net, ENCODER, "4", gb_graph_concat(net->graph, part, parts), 1536, 0.2);
	x = block(net, ENCODER, "5", x, 4096, 0.3);
	x = block(net, ENCODER, "6", x, 8000, 0.3);
	net->z = net->z_scored = normed(net, ENCODER, "7", x, 2048, false);
}

/* The device's side of TERM's scale; of GB_TERMS a 0. */
static const float *control(const gb_network *net, int term)
{
	return net->control.device ? (const float *)net->control.device + term : NULL;
}

static void predict_voxels(gb_network *net)
{
	int x = block(net, ENCODER, "voxels.1", net->z, 16384, 0.3);

	net->predicted_bold[0] = linear(net, ENCODER, "voxels.2", x, net->shape.voxels[0]);
	net->term[GB_TERM_BOLD] = gb_graph_mse(net->graph, net->predicted_bold[0],
	                                       net->device_batch.target_bold[0],
	                                       net->device_batch.weight_bold[0],
	                                       net->fixed_there.voxel_weight[0], control(net, GB_TERM_BOLD));
}

static void decode_video(gb_network *net, int x)
{
	x = block(net, DECODER, "12a.video.1", x, 2048, 0.3);
	x = block(net, DECODER, "12a.video.2", x, 4096, 0.3);
	x = gb_graph_sigmoid(net->graph, linear(net, DECODER, "13a.video", x, net->patch),
	                     control(net, GB_TERMS), 1);
	net->decoded[0][0] = x;
	net->term[GB_TERM_VIDEO] = gb_graph_mse(net->graph, x, net->device_batch.target_video,
	                                        net->device_batch.weight[0], NULL,
	                                        control(net, GB_TERM_VIDEO));
}

/* Each number has a weight of its own: padding counts for nothing. */
static void decode_codes(gb_network *net, int x)
{
	size_t numbers = net->shape.codebooks * net->shape.code_frames;

	x = block(net, DECODER, "12b.audio.1", x, 2048, 0.3);
	x = block(net, DECODER, "12b.audio.2", x, 2048, 0.3);
	x = gb_graph_sigmoid(net->graph, linear(net, DECODER, "13b.audio", x, numbers),
	                     control(net, GB_TERMS), 1);
	net->decoded[0][2] = x;
	x = gb_graph_reshape(net->graph, x, net->scored * numbers, 1);
	net->term[GB_TERM_CODES] = gb_graph_mse(net->graph, x, net->device_batch.target_number,
	                                        net->device_batch.weight_number, NULL,
	                                        control(net, GB_TERM_CODES));
}

static void decode_text(gb_network *net, int x)
{
	x = block(net, DECODER, "12c.text.1", x, 1024, 0.3);
	x = block(net, DECODER, "12c.text.2", x, 1024, 0.3);
	net->decoded[0][3] = linear(net, DECODER, "13c.text", x, net->shape.text);
	net->term[GB_TERM_TEXT] = gb_graph_mse(net->graph, net->decoded[0][3], net->device_batch.target_text,
	                                       net->device_batch.weight[2], NULL, control(net, GB_TERM_TEXT));
}

static void declare(gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	int x;

	encode(net);
	if (s->subjects)
		predict_voxels(net);
	x = block(net, DECODER, "8", net->z, 8000, 0.3);
	x = block(net, DECODER, "9", x, 4096, 0.3);
	x = block(net, DECODER, "10", x, 2048, 0.3);
	x = block(net, DECODER, "11", x, 1536, 0.3);
	if (s->video_frames)
		decode_video(net, x);
	if (s->codebooks)
		decode_codes(net, x);
	if (s->text)
		decode_text(net, x);
}

static gb_status check(const gb_network_shape *s, gb_err *err)
{
	if (s->mel_bands || s->dense > s->text)
		return gb_fail(err, GB_USAGE,
		               "dense13 reads video, codes and text, and this set has more: name those with "
		               "--features");
	if (s->subjects > 1)
		return gb_fail(err, GB_USAGE,
		               "dense13 has one head, for the voxels of one subject or of the mean: %zu "
		               "subjects were named",
		               s->subjects);
	if (s->groups < 2)
		return gb_fail(err, GB_USAGE,
		               "--batch-windows %zu: a batch norm wants 2 rows or more in a micro-batch",
		               s->groups);
	return GB_OK;
}

/* Against each codebook's mean. */
static double code_constant(const gb_network *net)
{
	const gb_network_shape *s = &net->shape;
	double sum = 0;

	for (size_t i = 0; i < net->scored * s->codebooks * s->code_frames; i++) {
		double off = (double)net->batch.target_number[i] -
		             (double)net->fixed.code_mean[i / s->code_frames % s->codebooks];

		sum += (double)net->batch.weight_number[i] * off * off;
	}
	return sum;
}

const gb_network_type gb_network_dense13 = {.name = "giblet13-seed",
                                            .check = check,
                                            .declare = declare,
                                            .numeric_codes = true,
                                            .code_constant = code_constant};
