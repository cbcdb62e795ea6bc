/* SPDX-License-Identifier: MIT */
/* The whole networks, every kind of node in them: along the gradient of each
 * parameter the loss changes as the gradient says; the bits of a step do not
 * depend on the threads. */
#include "network/giblet13_layers.h"
#include "network/dense13_layers.h"
#include "tests/kernels/kernel.h"
#include "network/graph_cost.h"
#include "network/graph_backward.h"

static float video_mean[2 * 8 * 8 * 3], video_scale[2 * 8 * 8 * 3], base[2 * 8 * 8 * 3], codes[2 * 1024],
    kernel[2 * 3] = {0.2f, 0.5f, 0.3f, -0.5f, 0, 0.5f};
static float voxel_weight[7], latent[4][64];
static gb_network net;

static void fill(float *x, size_t n, uint32_t stream)
{
	float *from = numbers(n, stream);

	memcpy(x, from, n * sizeof *x);
	free(from);
}

static void fill_batch(void)
{
	const gb_network_shape *s = &net.shape;
	gb_batch *b = &net.batch;
	size_t r = net.rows, n = net.scored;

	for (size_t i = 0; i < r * 2 * 8 * 8 * 3; i++)
		b->video[i] = (uint8_t)(i * 37 % 251);
	for (size_t i = 0; i < r * s->codebooks * s->code_frames; i++)
		b->codes[i] = (int16_t)(i % 7 == 6 ? -1 : (int)(i * 13 % 1024));
	for (size_t i = 0; i < r; i++) {
		b->mel_count[i] = b->code_count[i] = (int32_t)(i % 3 + 1);
		for (int m = 0; m < 3; m++)
			b->keep[m][i] = (i + (size_t)m) % 5 != 0;
	}
	fill(b->mel, r * s->mel_frames * s->mel_bands, 11);
	fill(b->linear, r * s->linear, 12);
	fill(b->dense, r * s->dense, 13);
	fill(b->bold[0], s->groups * net.bold_rows * 7, 14);
	fill(b->target_mel, n * s->mel_frames * s->mel_bands, 15);
	fill(b->target_text, n * s->text, 16);
	fill(b->target_bold[0], n * 7, 17);
	for (size_t i = 0; i < n * net.decoded_frames * 8 * 8 * 3; i++)
		b->target_video[i] = (float)(i * 29 % 255) / 255;
	for (size_t i = 0; i < n * s->code_frames * s->codebooks; i++) {
		b->target_codes[i] = i % 6 == 5 ? -1 : (int32_t)(i * 17 % 1024);
		b->weight_codes[i] = b->weight_brain_codes[i] = 1;
	}
	for (size_t i = 0; s->kind && i < n * s->code_frames * s->codebooks; i++) {
		b->number[i] = (float)(i * 13 % 1024) / 100;
		b->target_number[i] = (float)(i * 17 % 1024) / 1023;
		b->weight_number[i] = i % 6 != 5;
	}
	for (size_t i = 0; i < n; i++) {
		b->target_row[i] = (int32_t)i;
		b->weight_latent[i] = b->weight_contrast[i] = b->weight_bold[0][i] = 1;
		for (int m = 0; m < 3; m++)
			b->weight[m][i] = b->weight_brain[m][i] = i % 4 != 3;
	}
}

static double loss(const gb_graph_run *run)
{
	double sum = 0;

	gb_network_send(&net);
	gb_graph_forward(net.graph, run);
	for (int i = 0; i <= GB_TERM_BOLD; i++)
		if (net.term[i] >= 0)
			sum += (double)net.scale[i] * gb_graph_term(net.graph, net.term[i]);
	return sum;
}

static double one_loss(const gb_graph_run *run, int term)
{
	for (int i = 0; i < GB_TERMS; i++)
		net.scale[i] = term < 0 || i == term ? 0.01f : 0.0f;
	return loss(run);
}

/* The gradient of PARAMETER against the change of the loss along it. */
static double disagreement(const gb_graph_run *run, const gb_parameter *p, const float *gradient)
{
	float *w = (float *)gb_graph_weights(net.graph)->host + p->first;
	size_t n = p->rows * p->columns;
	float *keep = malloc(n * sizeof *keep);
	double square = 0, size = 0, up, down, step, change = 0;

	for (size_t i = 0; i < n; i++) {
		square += (double)gradient[p->first + i] * (double)gradient[p->first + i];
		size += (double)w[i] * (double)w[i];
	}
	memcpy(keep, w, n * sizeof *w);
	step = square > 0 ? 1e-3 / sqrt(square) : 0;
	if (net.shape.kind && size > 0) /* short of the rectifiers' corners */
		step *= 0.03 * fmin(1, sqrt(size));
	for (size_t i = 0; i < n; i++)
		w[i] = keep[i] + (float)(step * (double)gradient[p->first + i]);
	for (size_t i = 0; i < n; i++)
		change += ((double)w[i] - (double)keep[i]) * (double)gradient[p->first + i];
	gb_graph_push(net.graph);
	up = loss(run);
	for (size_t i = 0; i < n; i++)
		w[i] = keep[i] - (float)(step * (double)gradient[p->first + i]);
	gb_graph_push(net.graph);
	down = loss(run);
	memcpy(w, keep, n * sizeof *w);
	gb_graph_push(net.graph);
	free(keep);
	return square > 0 ? fabs((up - down) / (2 * change) - 1) : NAN;
}

/* The gradient of the last training forward, on the host. */
static void backward(const gb_graph_run *run, float *gradient)
{
	size_t n = gb_graph_parameter_count(net.graph);
	float *there = gb_device_array(net.device, n, sizeof *there, NULL);
	gb_err err;

	gb_graph_backward(net.graph, run, there);
	if (net.device->ops->download(net.device, gradient, there, n * sizeof *gradient, &err) != GB_OK)
		bail(err.text);
	gb_device_release(net.device, there);
}

/* What a run in parts calls final is read at once. */
typedef struct parts { const float *device; float *host; int *heard, told; } parts;

static void hear(void *context, size_t first, size_t count)
{
	parts *p = context;
	gb_err err;

	if (net.device->ops->download(net.device, p->host + first, p->device + first, count * sizeof *p->host,
	                              &err) != GB_OK)
		bail(err.text);
	for (size_t i = 0; i < count; i++)
		p->heard[first + i]++;
	p->told++;
}

/* Thrice, as a device records the second run and plays the third. */
static void in_parts(const gb_graph_run *run, const float *gradient, float *other)
{
	size_t n = gb_graph_parameter_count(net.graph);
	float *there = gb_device_array(net.device, n, sizeof *there, NULL);
	parts heard = {there, other, malloc(n * sizeof(int)), 0};
	bool once = true, same = true;

	for (int round = 0; round < 3; round++) {
		memset(heard.heard, 0, n * sizeof(int));
		memset(other, 0xff, n * sizeof *other);
		net.device->ops->fill(net.device, there, 0xff, n * sizeof *there);
		gb_graph_backward_in_parts(net.graph, run, there, hear, &heard);
		for (size_t i = 0; i < n; i++)
			once = once && heard.heard[i] == 1;
		same = same && !memcmp(other, gradient, n * sizeof *other);
	}
	ok(once, "backward in parts: each number is final once (%d stretches a run)", heard.told / 3);
	ok(heard.told >= 3 * 2 && same, "and is then what it is of a whole run");
	free(heard.heard);
	gb_device_release(net.device, there);
}

/* Gradients of the same batch on each device of the family. */
static void on_all_devices(const gb_network_shape *shape, const gb_network_fixed *fixed,
                           const gb_graph_run *run, float *gradient, float *other)
{
	gb_err err = {0};
	int same = 1;

	for (int t = 0; t < THREADS; t++) {
		gb_network_clear(&net);
		if (gb_network_build(&net, shape, fixed, &kernel_device[t], 9, &err) != GB_OK)
			bail(err.text);
		for (int i = 0; i < GB_TERMS; i++)
			net.scale[i] = 0.01f;
		fill_batch();
		one_loss(run, -1);
		backward(run, t ? other : gradient);
		same &= !t || !memcmp(gradient, other, gb_graph_parameter_count(net.graph) * sizeof *other);
	}
	ok(same, "the same bytes of all gradients for 1, 2, 3 threads");
}

static double most_of(const float *gradient, const gb_parameter *p)
{
	double most = 0;

	for (size_t k = 0; k < p->rows * p->columns; k++)
		most = fmax(most, fabs((double)gradient[p->first + k]));
	return most;
}

static void giblet13(void)
{
	gb_network_shape shape = {.video_frames = 2,
	                          .video_height = 8,
	                          .video_width = 8,
	                          .mel_bands = 5,
	                          .mel_frames = 6,
	                          .codebooks = 2,
	                          .code_frames = 3,
	                          .dense = 9,
	                          .text = 6,
	                          .linear = 21,
	                          .subjects = 1,
	                          .voxels = {7},
	                          .subject = {"s"},
	                          .basis = 2,
	                          .taps = 3,
	                          .first_lag = -1,
	                          .window_first = 1,
	                          .window_lags = 2,
	                          .groups = 2,
	                          .scored = 5,
	                          .history = 1,
	                          .future = 1,
	                          .width = 0.004,
	                          .rank = 3,
	                          .dropout = 0.1,
	                          .temperature = 0.5};
	gb_network_fixed fixed = {.video_mean = video_mean,
	                          .video_scale = video_scale,
	                          .video_base = base,
	                          .code_base = codes,
	                          .kernel = kernel,
	                          .voxel_weight = {voxel_weight},
	                          .latent_scale = latent[0],
	                          .latent_offset = latent[1],
	                          .latent_deviation = latent[2],
	                          .latent_mean = latent[3]};
	gb_graph_run run = {true, 3, 5, 1};
	float *gradient, *other;
	gb_err err = {0};
	int reached = 1;

	for (size_t i = 0; i < 2 * 8 * 8 * 3; i++)
		video_mean[i] = 120, video_scale[i] = 0.02f, base[i] = (float)(i % 5) * 0.1f - 0.2f;
	for (size_t i = 0; i < 64; i++)
		latent[0][i] = latent[2][i] = 1;
	for (size_t i = 0; i < 7; i++)
		voxel_weight[i] = 0.5f + (float)i * 0.1f;
	if (!ok(gb_network_build(&net, &shape, &fixed, &kernel_device[0], 9, &err) == GB_OK,
	        "the network builds: %s", err.text))
		return;
	/* No weight may be 0, or what lies before it gets no gradient. */
	for (size_t i = 0; i < gb_graph_parameter_count(net.graph); i++)
		((float *)gb_graph_weights(net.graph)->host)[i] += 0.05f * sinf((float)i);
	gb_graph_push(net.graph);
	fill_batch();
	gradient = zeros(gb_graph_parameter_count(net.graph));
	other = zeros(gb_graph_parameter_count(net.graph));
	for (int i = 0; i < GB_TERMS; i++)
		net.scale[i] = 0.01f;
	/* The target of the latent term must stand still: z moves it, the gradient does not (that is the
	 * point). */
	net.scale[GB_TERM_LATENT] = net.scale[GB_TERM_CONTRAST] = 0;
	loss(&run);
	backward(&run, gradient);
	in_parts(&run, gradient, other);
	/* An emulated device is slow, and its gradients are compared below with those of cpu. */
	for (int i = 0; i < gb_graph_parameters(net.graph); i += kernel_is_first ? 1 : 11) {
		const gb_parameter *p = gb_graph_parameter_at(net.graph, i);
		double off;

		if (!strncmp(p->name, "back.", 5)) { /* the start alone sets it */
			ok(most_of(gradient, p) == 0, "%s: no term moves it", p->name);
			continue;
		}
		off = disagreement(&run, p, gradient);
		reached &= !isnan(off);
		ok(off < 0.02, "%s: the loss changes as its gradient says (off by %.2g)", p->name, off);
	}
	ok(reached, "every parameter has a gradient");
	one_loss(&run, GB_TERM_LATENT);
	backward(&run, gradient);
	for (int i = 0; i < gb_graph_parameters(net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(net.graph, i);

		if (!strncmp(p->name, "decode.", 7))
			ok(disagreement(&run, p, gradient) < 0.02, "%s: learns from the latent term",
			   p->name);
		else if (!strcmp(p->name, "linear.weight"))
			ok(most_of(gradient, p) == 0, "the latent term does not move z");
	}
	on_all_devices(&shape, &fixed, &run, gradient, other);
	as_first(gradient, gb_graph_parameter_count(net.graph), 1e-5, "all gradients");
	gb_network_clear(&net);
	free(gradient), free(other);
}

/* What only shifts what is normed next has no say. */
static bool moot(const gb_parameter *p)
{
	char norm[80];
	size_t length = strlen(p->name) - 5;

	if (!strcmp(p->name, "7.norm.shift"))
		return true;
	snprintf(norm, sizeof norm, "%.*s.norm.scale", (int)length, p->name);
	return !strcmp(p->name + length, ".bias") && gb_graph_find(net.graph, norm) >= 0;
}

static void seed(void)
{
	gb_network_shape shape = {.kind = &gb_network_dense13,
	                          .video_frames = 2,
	                          .video_height = 8,
	                          .video_width = 8,
	                          .codebooks = 2,
	                          .code_frames = 3,
	                          .dense = 6,
	                          .text = 6,
	                          .linear = 18,
	                          .subjects = 1,
	                          .voxels = {7},
	                          .subject = {"s"},
	                          .basis = 1,
	                          .taps = 1,
	                          .groups = 24,
	                          .scored = 1,
	                          .width = 0.012,
	                          .rank = 1,
	                          .dropout = 0.05};
	gb_network_fixed fixed = {.video_mean = video_mean,
	                          .video_scale = video_scale,
	                          .video_base = base,
	                          .code_base = codes,
	                          .kernel = kernel,
	                          .voxel_weight = {voxel_weight}};
	gb_graph_run run = {true, 3, 5, 1};
	float *gradient, *other;
	gb_err err = {0};

	for (size_t i = 0; i < 2 * 8 * 8 * 3; i++)
		video_mean[i] = 0, video_scale[i] = 1.0f / 255;
	if (!ok(gb_network_build(&net, &shape, &fixed, &kernel_device[0], 9, &err) == GB_OK,
	        "giblet13-seed builds: %s", err.text))
		return;
	fill_batch();
	gradient = zeros(gb_graph_parameter_count(net.graph));
	other = zeros(gb_graph_parameter_count(net.graph));
	one_loss(&run, -1);
	backward(&run, gradient);
	for (int i = 0; i < gb_graph_parameters(net.graph); i += kernel_is_first ? 1 : 11) {
		const gb_parameter *p = gb_graph_parameter_at(net.graph, i);
		double off = moot(p) ? most_of(gradient, p) : disagreement(&run, p, gradient);

		ok(off < (moot(p) ? 3e-5 : 0.02),
		   moot(p) ? "%s: nothing depends on it (%.2g)"
		           : "%s: the loss changes as its gradient says (off by %.2g)",
		   p->name, off);
	}
	on_all_devices(&shape, &fixed, &run, gradient, other);
	as_first(gradient, gb_graph_parameter_count(net.graph), 2e-4, "all gradients of giblet13-seed");
	gb_network_clear(&net);
	free(gradient), free(other);
}

static void body(void)
{
	giblet13();
	seed();
}

int main(void) { return on_each_device(body); }
