/* SPDX-License-Identifier: MIT */
/* train.c: our side of bench/train.  Reads lines "WHAT THREADS" and answers each
 * with the seconds it took ("parameters.WHAT": with the number of them).  WHAT:
 * "mlp", a training step of 4096-4096-2048-4096-4096 with GELU, 64 rows, squared
 * error, AdamW; "adamw", its AdamW alone; "giblet13", a step of the
 * full-size network (2 windows, forward, backward, norm, clip, AdamW);
 * "real", the same with 38 pictures a row and 17 brains of 85,810 voxels, one window;
 * "limit.mlp", "limit.giblet13": the multiplications of that step at the peak of the
 * multiply-add units, then what AdamW reads and writes (28 bytes a parameter) with one
 * multiply-add each; "limit.adamw": that alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "base/size.h"
#include "network/giblet13_layers.h"
#include "network/layer_sizes.h"
#include "network/graph_cost.h"
#include "network/graph_backward.h"

enum { ROWS = 64, LAYERS = 4 };
static const size_t width[LAYERS + 1] = {4096, 4096, 2048, 4096, 4096};

typedef struct model {
	gb_graph *graph;
	gb_device device;
	struct gb_ops counting;
	gb_network net;           /* giblet13 */
	size_t parameters;
	float *gradient, *first, *second, scale, nothing;
	gb_adamw_segment *segment;
	double flops;
	uint32_t step;
	bool clips;
} model;

static gb_err err;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t count, size_t size)
{
	void *p = gb_array(count, size, &err);

	if (!p)
		exit(4);
	return p;
}

static float *noise(float *x, size_t n, double spread)
{
	gb_rng rng = gb_rng_at(1, (uint32_t)n, 0, 0);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)((gb_rng_uniform(&rng) - 0.5) * spread);
	return x;
}

/* ---- what a step needs ---- */

static void make_optimiser(model *m)
{
	m->parameters = gb_graph_parameter_count(m->graph);
	m->gradient = gb_device_array(&m->device, m->parameters, sizeof(float), &err);
	m->first = gb_device_array(&m->device, m->parameters, sizeof(float), &err);
	m->second = gb_device_array(&m->device, m->parameters, sizeof(float), &err);
	if (!m->gradient || !m->first || !m->second)
		exit(4);
	m->segment = room((size_t)gb_graph_parameters(m->graph), sizeof *m->segment);
	for (int i = 0; i < gb_graph_parameters(m->graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(m->graph, i);

		m->segment[i] = (gb_adamw_segment){p->first, p->rows * p->columns, 1,
		                                   p->flags & GB_PARAMETER_DECAYS ? 0.01f : 0, NULL};
	}
}

static void adamw(model *m)
{
	double squares;
	float factor = 1;

	if (m->clips) {
		GB_RUN(&m->device, square_sum, m->parameters, m->gradient, &squares);
		factor = squares > 1 ? (float)(1 / sqrt(squares)) : 1;
	}
	GB_RUN(&m->device, adamw, (size_t)gb_graph_parameters(m->graph), m->segment,
	       gb_graph_weights(m->graph)->device, m->first, m->second, m->gradient, factor, 1e-4f, 0.9f,
	       0.999f, 1e-8f, ++m->step, m->parameters);
}

static void step(model *m)
{
	gb_graph_run run = {true, 1, m->step, 0};

	gb_graph_forward(m->graph, &run);
	gb_graph_backward(m->graph, &run, m->gradient);
	adamw(m);
}

/* One more step counts its multiplications. */
static double *counter;

static void count_matmul(const gb_device *device, const struct gb_op_matmul *args)
{
	*counter += 2.0 * (double)args->m * (double)args->n * (double)args->k;
	gb_ops_cpu()->matmul(device, args);
}

static void count(model *m)
{
	m->counting = *gb_ops_cpu();
	m->counting.matmul = count_matmul;
	m->device.ops = &m->counting;
	counter = &m->flops;
	step(m);
	m->device.ops = gb_ops_cpu();
}

/* ---- the two networks ---- */

static void make_mlp(model *m)
{
	static float ones[ROWS], input[ROWS * 4096];
	int x, y;

	m->device.ops = gb_ops_cpu();
	if (gb_graph_new(&m->graph, &m->device, &err))
		exit(4);
	x = y = gb_graph_input(m->graph, ROWS, width[0], noise(input, ROWS * width[0], 3));
	for (int i = 0; i < LAYERS; i++) {
		char name[16];
		int w, b;

		snprintf(name, sizeof name, "%d", i);
		w = gb_graph_parameter(m->graph, name, width[i + 1], width[i], -2);
		b = gb_graph_parameter(m->graph, name, 1, width[i + 1], 0);
		y = gb_graph_linear(m->graph, y, w, b, i + 1 < LAYERS ? GB_GELU : GB_LINEAR);
	}
	m->scale = 1.0f / (float)(ROWS * width[LAYERS]);
	for (int i = 0; i < ROWS; i++)
		ones[i] = 1;
	gb_graph_mse_to(m->graph, y, x, ones, &m->scale);
	if (gb_graph_ready(m->graph, &err))
		exit(4);
	make_optimiser(m);
	noise(gb_graph_weights(m->graph)->host, m->parameters, 0.03);
}

static void *numbers(size_t n, double spread) { return noise(room(n, sizeof(float)), n, spread); }

/* The full-size network; statistics that standardise nothing; every row counts. */
static void make_giblet13(model *m, size_t frames, size_t subjects, size_t voxels, size_t groups)
{
	gb_network_shape shape = {.video_frames = frames,
	                          .video_height = 90,
	                          .video_width = 160,
	                          .codebooks = 4,
	                          .code_frames = 113,
	                          .dense = 1024,
	                          .text = 1024,
	                          .linear = 9 * 16 * 6 + 4 * GB_CODE_CLASSES + 1024,
	                          .subjects = subjects,
	                          .basis = 1,
	                          .taps = 21,
	                          .window_first = 1,
	                          .window_lags = 9,
	                          .groups = groups,
	                          .scored = 21,
	                          .history = 20,
	                          .width = 1,
	                          .rank = 64,
	                          .dropout = 0.1,
	                          .temperature = 0.1};
	size_t pixels = frames * 90 * 160 * 3, b = gb_scaled(2048, 1);
	gb_network_fixed fixed = {.video_mean = numbers(pixels, 1),
	                          .video_scale = numbers(pixels, 0.02),
	                          .video_base = numbers(pixels, 1),
	                          .code_base = numbers(4 * GB_CODE_CLASSES, 1),
	                          .kernel = numbers(21, 1),
	                          .latent_scale = numbers(b, 1),
	                          .latent_offset = numbers(b, 1),
	                          .latent_deviation = numbers(b, 1),
	                          .latent_mean = numbers(b, 1)};
	gb_network *net = &m->net;
	gb_rng rng = gb_rng_at(2, 0, 0, 0);

	for (size_t k = 0; k < subjects; k++) {
		snprintf(shape.subject[k], sizeof shape.subject[k], "s%zu", k);
		shape.voxels[k] = voxels;
		fixed.voxel_weight[k] = numbers(voxels, 1);
	}

	m->device.ops = gb_ops_cpu();
	if (gb_network_build(net, &shape, &fixed, &m->device, 1, &err))
		exit(4);
	m->graph = net->graph;
	m->clips = true;
	noise(net->batch.linear, net->rows * shape.linear, 1);
	noise(net->batch.dense, net->rows * shape.dense, 1);
	noise(net->batch.target_video, net->scored * pixels, 1);
	noise(net->batch.target_text, net->scored * shape.text, 1);
	for (size_t k = 0; k < subjects; k++) {
		noise(net->batch.bold[k], groups * net->bold_rows * voxels, 1);
		noise(net->batch.target_bold[k], net->scored * voxels, 1);
		for (size_t i = 0; i < net->scored; i++)
			net->batch.weight_bold[k][i] = 1;
	}
	for (size_t i = 0; i < net->rows * pixels; i++)
		net->batch.video[i] = (uint8_t)gb_rng_bits(&rng);
	for (size_t i = 0; i < net->rows * 4 * 113; i++)
		net->batch.codes[i] = (int16_t)gb_rng_below(&rng, GB_CODE_CLASSES);
	for (size_t i = 0; i < net->scored * 4 * 113; i++) {
		net->batch.target_codes[i] = (int32_t)gb_rng_below(&rng, GB_CODE_CLASSES);
		net->batch.weight_codes[i] = net->batch.weight_brain_codes[i] = 1;
	}
	for (size_t i = 0; i < net->rows; i++)
		net->batch.code_count[i] = 57,
		net->batch.keep[0][i] = net->batch.keep[1][i] = net->batch.keep[2][i] = 1;
	for (size_t i = 0; i < net->scored; i++) {
		for (int k = 0; k < 3; k++)
			net->batch.weight[k][i] = net->batch.weight_brain[k][i] = 1;
		net->batch.weight_latent[i] = net->batch.weight_contrast[i] = 1;
		net->batch.target_row[i] = (int32_t)i;
	}
	for (int i = 0; i < GB_TERMS; i++)
		net->scale[i] = 1e-4f;
	gb_network_send(net);
	make_optimiser(m);
}

/* ---- limits ---- */

#if defined(__AVX512F__)
#include <immintrin.h>
#define V __m512
#define FMA _mm512_fmadd_ps
#define SPREAD _mm512_set1_ps
#elif defined(__FMA__)
#include <immintrin.h>
#define V __m256
#define FMA _mm256_fmadd_ps
#define SPREAD _mm256_set1_ps
#else
#define V float
#define FMA fmaf
#define SPREAD(x) (x)
#endif
enum { CHAINS = 12, TURNS = 200000, PIECES = 64 };

static void multiply_add(void *context, size_t tile, int worker)
{
	V sum[CHAINS], a = SPREAD(0.999f), b = SPREAD(1e-3f);

	(void)tile, (void)worker;
	for (int i = 0; i < CHAINS; i++)
		sum[i] = SPREAD((float)i);
	for (int t = 0; t < TURNS; t++) {
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			sum[i] = FMA(sum[i], a, b);
	}
	for (int i = 0; i < CHAINS; i++)
		/* nobody reads it, but the compiler cannot know */
		memcpy((char *)context + (size_t)i * sizeof(V), &sum[i], sizeof(V));
}

enum { LINE = 16, AHEAD = 512 }; /* floats, as kernels/loops_body.h has them */

static void stream_piece(void *context, size_t tile, int worker)
{
	const model *m = context;
	size_t n = m->parameters, first = n / PIECES / LINE * LINE * tile,
	       end = tile == PIECES - 1 ? n / LINE * LINE : first + n / PIECES / LINE * LINE;
	float *w = gb_graph_weights(m->graph)->device, *a = m->first, *b = m->second, *g = m->gradient;

	(void)worker;
	for (size_t line = first; line < end; line += LINE) {
		__builtin_prefetch(w + line + AHEAD);
		__builtin_prefetch(a + line + AHEAD);
		__builtin_prefetch(b + line + AHEAD);
		__builtin_prefetch(g + line + AHEAD);
		for (size_t i = line; i < line + LINE; i++) { /* changes nothing */
			w[i] += m->nothing * g[i];
			a[i] += m->nothing * g[i];
			b[i] += m->nothing * g[i];
		}
	}
}

static double limit(model *m, double flops, gb_pool *pool)
{
	static V junk[PIECES][CHAINS];
	double began = now(), multiply, rate;

	gb_pool_run(pool, PIECES, multiply_add, junk);
	multiply = now() - began;
	rate = 2.0 * PIECES * TURNS * CHAINS * (double)(sizeof(V) / sizeof(float)) / multiply;
	began = now();
	gb_pool_run(pool, PIECES, stream_piece, m);
	return flops / rate + now() - began;
}

/* FRAMES a row: 4: one brain of 20,000 voxels; 38: the real shape; 0: the MLP. */
static void make(model *m, size_t frames)
{
	if (!frames)
		make_mlp(m);
	else
		make_giblet13(m, frames, frames == 4 ? 1 : 17, frames == 4 ? 20000 : 85810,
		              frames == 4 ? 2 : 1);
	count(m);
}

int main(void)
{
	char line[64], what[32];
	gb_pool *pool[3] = {0};
	static model mlp, full, real;
	int threads;

	if (gb_pool_open(&pool[1], 1, &err) || gb_pool_open(&pool[2], 2, &err))
		return 4;
	while (fgets(line, sizeof line, stdin)) {
		model *m = strstr(line, "giblet13") ? &full : strstr(line, "real") ? &real : &mlp;
		double began, seconds;

		if (sscanf(line, "%31s %d", what, &threads) != 2 || threads < 1 || threads > 2)
			return 2;
		if (!m->graph)
			make(m, m == &full ? 4 : m == &real ? 38 : 0);
		m->device.pool = pool[threads];
		if (!strncmp(what, "parameters", 10)) {
			printf("%zu\n", m->parameters);
			fflush(stdout);
			continue;
		}
		began = now();
		if (!strcmp(what, "adamw"))
			adamw(m);
		else if (strncmp(what, "limit", 5))
			step(m);
		seconds = now() - began;
		if (!strncmp(what, "limit", 5))
			seconds = limit(m, strstr(what, "adamw") ? 0 : m->flops, pool[threads]);
		printf("%.6f\n", seconds);
		fflush(stdout);
	}
	return 0;
}
