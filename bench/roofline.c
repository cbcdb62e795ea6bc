/* SPDX-License-Identifier: MIT */
/* roofline [GROUPS [WIDTH]] [--device NAME]: for each operation of a training step of
 * giblet13, the bytes it moves and the operations it does, by the formulas named, and
 * the seconds they take at the limits of an H100.  With a device, the seconds measured.
 *
 * The step is the one that gb-train makes: the network is built on a device of paper,
 * whose table writes down every call; its memory is addresses and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "network/giblet13_layers.h"
#include "tests/kernels/extent.h"
#include "network/graph_cost.h"
#include "network/graph_backward.h"

/* H100 SXM: memory; BF16 products, dense; FP32 outside them.  Bytes/s, operations/s. */
#define MEMORY 3.35e12
#define PRODUCTS 989e12
#define PLAIN 67e12

enum { MICRO = 8, SUBJECTS = 17, VOXELS = 85810 };

typedef double count_fn(const void *args);
#define ARGS(op) const struct gb_op_##op *a = args

/* ---- bytes and operations of one call ---- */

static const float *first_weight;
static size_t weights;

/* An operand that is no weight is read in FP32, written and read again in BF16. */
static double operand(const float *x, size_t n)
{
	return (double)n * (x >= first_weight && x < first_weight + weights ? 2 : 8);
}

static double bytes_matmul(const void *args)
{
	ARGS(matmul);

	return operand(a->a, a->m * a->k) + operand(a->b, a->k * a->n) +
	       4.0 * (double)(a->m * a->n) * (1 + a->accumulate + (a->pre != NULL));
}
static double work_matmul(const void *args)
{
	ARGS(matmul);
	return 2.0 * (double)a->m * (double)a->n * (double)a->k;
}

/* What an operation has behind its pointers, and what it writes over (LAST: of the last pointer) once
 * more. */
static double extents(size_t (*of)(const void *, extent *), const void *args, bool again)
{
	extent e[EXTENTS];
	size_t n = of(args, e);
	double bytes = 0;

	for (size_t i = 0; i < n; i++) {
		void *p;

		memcpy(&p, (const char *)args + e[i].at, sizeof p);
		bytes += p ? (double)e[i].bytes * (again && i + 1 == n ? 2 : 1) : 0;
	}
	return bytes;
}
#define BYTES(op, again)                                                                                     \
	static double bytes_##op(const void *args) { return extents(extent_##op, args, again); }
#define WORK(op, expression)                                                                                 \
	static double work_##op(const void *args)                                                            \
	{                                                                                                    \
		ARGS(op);                                                                                    \
		return (double)(expression);                                                                 \
	}
BYTES(gelu_backward, false) WORK(gelu_backward, 20 * a->n)
BYTES(sigmoid, false) WORK(sigmoid, 10 * a->n)
BYTES(sigmoid_backward, false) WORK(sigmoid_backward, 3 * a->n)
BYTES(column_sum, true) WORK(column_sum, a->rows * a->columns)
BYTES(moments, true) WORK(moments, 3 * a->rows * a->columns)
static double bytes_add(const void *args) { ARGS(add); return 4.0 * (double)a->n * (a->beta == 0 ? 2 : 3); }
WORK(add, 3 * a->n)
BYTES(affine, false) WORK(affine, 2 * a->rows * a->columns) static double bytes_copy_columns(const void *args)
{
	ARGS(copy_columns);
	return 4.0 * (double)(a->rows * a->columns) * (2 + a->accumulate);
}
WORK(copy_columns, a->accumulate ? a->rows * a->columns : 0)
static double bytes_copy_rows(const void *args)
{
	ARGS(copy_rows);
	return 4.0 * (double)(a->groups * a->count * a->columns) * (2 + a->accumulate);
}
WORK(copy_rows, a->accumulate ? a->groups * a->count * a->columns : 0)
BYTES(layer_norm, false) WORK(layer_norm, 8 * a->rows * a->columns)
static double bytes_layer_norm_backward(const void *args)
{
	ARGS(layer_norm_backward);
	double n = 4.0 * (double)(a->rows * a->columns);

	return n * (a->dgamma ? 5 : 3) + 4.0 * (double)(2 * a->rows + (a->dgamma ? 5 : 1) * a->columns);
}
WORK(layer_norm_backward, (a->dgamma ? 17 : 12) * a->rows * a->columns)
BYTES(batch_norm, false) WORK(batch_norm, 8 * a->rows * a->columns)
static double bytes_batch_norm_backward(const void *args)
{
	ARGS(batch_norm_backward);

	return 4.0 * (double)(5 * a->rows * a->columns + 8 * a->columns);
}
WORK(batch_norm_backward, 18 * a->rows * a->columns)
BYTES(softmax_loss, false) WORK(softmax_loss, 24 * a->rows * a->classes)
BYTES(mse_loss, false) WORK(mse_loss, 6 * a->rows * a->columns)
static double bytes_embedding_sum(const void *args)
{
	ARGS(embedding_sum);
	double n = (double)(a->rows * a->frames);

	return 2 * n * (double)a->codebooks + 4 * n * (double)a->width * (double)(a->codebooks + 1);
}
WORK(embedding_sum, a->rows * a->frames * a->codebooks * a->width)
static double bytes_embedding_sum_backward(const void *args)
{
	ARGS(embedding_sum_backward);
	double n = (double)(a->rows * a->frames);

	return 2 * n * (double)a->codebooks + 4 * n * (double)(a->codebooks * a->width) +
	       8.0 * (double)(a->codebooks * a->classes * a->width);
}
WORK(embedding_sum_backward, a->rows * a->frames * a->codebooks * (a->width + a->classes))
BYTES(dropout, false) WORK(dropout, 12 * a->rows * a->columns)
BYTES(absent, false) WORK(absent, 0 * a->rows)
BYTES(absent_backward, true) WORK(absent_backward, a->rows * a->columns)
BYTES(patches, false) WORK(patches, 2 * a->images * a->height * a->width * a->channels)
BYTES(unfold_time, false) WORK(unfold_time, 0 * a->rows)
BYTES(unfold_time_backward, true) WORK(unfold_time_backward, a->rows * a->out_frames * a->taps * a->width)
BYTES(pool_time, false) WORK(pool_time, 4 * a->rows * a->frames * a->width)
BYTES(pool_time_backward, false) WORK(pool_time_backward, 3 * a->rows * a->frames * a->width)
BYTES(fir, false) WORK(fir, 2 * a->groups * a->y_rows * a->basis * a->taps * a->width)
BYTES(fir_backward, true) WORK(fir_backward, 2 * a->groups * a->y_rows * a->basis * a->taps * a->width)
static double bytes_adamw(const void *args) { ARGS(adamw); return 30.0 * (double)a->n; }
WORK(adamw, 14 * a->n)
BYTES(square_sum, false)
WORK(square_sum, 2 * a->n) BYTES(sum, false) WORK(sum, a->n) BYTES(cast, false) WORK(cast, 3 * a->n)

    static const struct kind {
	const char *name, *bytes, *work;
	count_fn *count_bytes, *count_work;
	size_t (*extent)(const void *, extent *);
	size_t args;
} kinds[] = {
#define KIND(op, bytes, work)                                                                                \
	{#op, bytes, work, bytes_##op, work_##op, extent_##op, sizeof(struct gb_op_##op)},
    KIND(matmul, "2kn of weights, 8mk of others (FP32 in, BF16 out and in), 4mn, again to add, again for PRE",
         "2mnk") KIND(gelu_backward, "4n (PRE, DY, DX)", "20n") KIND(sigmoid, "4n (X, Y) + 4 period", "10n")
	KIND(sigmoid_backward, "4n (Y, DY, DX)", "3n") KIND(column_sum, "4rc + 8c", "rc")
	    KIND(moments, "4rc + 32c + 4r, the first sum once",
                 "3rc") KIND(add, "4n (X, Y; Y read too unless beta = 0)",
                             "3n") KIND(affine, "8rc + 8c", "2rc") KIND(copy_columns, "8rc, 12rc to add",
                                                                        "rc to add")
		KIND(copy_rows, "8gnc, 12gnc to add", "gnc to add") KIND(layer_norm, "8rc + 8c + 8r", "8rc")
		    KIND(layer_norm_backward, "12rc (X, DY, DX), 20rc with gamma and beta, + 8r + 4c or 20c",
                         "12rc, 17rc with gamma and beta") KIND(batch_norm, "8rc + 20c", "8rc")
			KIND(batch_norm_backward, "20rc (X and DY twice, DX) + 32c",
                             "18rc") KIND(softmax_loss, "8rc (X, DX) + 16r",
                                          "24rc") KIND(mse_loss, "12rc (X, target, DX) + 12r + 4c", "6rc")
			    KIND(embedding_sum, "2rfq codes + 4rfw(q + 1)",
                                 "rfqw") KIND(embedding_sum_backward, "2rfq codes + 4rfqw + 8 of the table",
                                              "rfq(w + classes): each entry looks at each code")
				KIND(dropout, "8rc", "12rc") KIND(absent, "8rc + 4c + r", "0")
				    KIND(absent_backward, "8rc + 8c + r",
                                         "rc") KIND(patches, "ihwc (1 byte) + 4 pixels + 8 of a row's pixels",
                                                    "2 a pixel") KIND(unfold_time, "4rfw + 4rotw", "0")
					KIND(unfold_time_backward, "4rotw + 8rfw",
                                             "rotw") KIND(pool_time, "4rfw + 8rw + 4r", "4rfw")
					    KIND(pool_time_backward, "4rfw + 8rw + 4r", "3rfw")
						KIND(fir, "4gxw + 4gybw", "2gybtw")
						    KIND(fir_backward, "4gybw + 8gxw", "2gybtw")
							KIND(adamw, "30n (W, M, V in and out, G, W in BF16)",
                                                             "14n") KIND(square_sum, "4n", "2n")
							    KIND(sum, "8n", "n")
								KIND(cast, "6n",
                                                                     "3n (inside matmul: none of its own)")
#undef KIND
};
enum { KINDS = sizeof kinds / sizeof *kinds };
#define ONE(op) +1
_Static_assert(KINDS == GB_OPS(ONE), "each operation has its line");

/* ---- the device of paper ---- */

typedef struct call { int kind; union { char bytes[256]; uint64_t align; } args; double times; } call;
static call *calls;
static size_t count;
static double times = 1; /* a step */
static char *next_address = (char *)(uintptr_t)0x100000000000;

static void write_down(const char *name, const void *args, size_t bytes)
{
	int kind = 0;

	while (strcmp(kinds[kind].name, name))
		kind++;
	calls = realloc(calls, (count + 1) * sizeof *calls);
	if (!calls)
		exit(4);
	calls[count].kind = kind;
	calls[count].times = times;
	memset(&calls[count].args, 0, sizeof calls[count].args);
	memcpy(calls[count++].args.bytes, args, bytes);
}

#define PAPER(op)                                                                                            \
	static void paper_##op(const gb_device *device, const struct gb_op_##op *args)                       \
	{                                                                                                    \
		(void)device;                                                                                \
		write_down(#op, args, sizeof *args);                                                         \
	}
GB_OPS(PAPER)

static void *allocate(const gb_device *device, size_t bytes, gb_err *err)
{
	char *at = next_address;

	(void)device, (void)err;
	next_address += (bytes + 511) & ~(size_t)255;
	return at;
}
static void release(const gb_device *device, void *memory) { (void)device, (void)memory; }
static void transfer(const gb_device *device, void *to, const void *from, size_t bytes)
{
	(void)device, (void)to, (void)from, (void)bytes;
}
static void fill(const gb_device *device, void *to, int byte, size_t bytes)
{
	(void)device, (void)to, (void)byte, (void)bytes;
}
static gb_status download(const gb_device *device, void *to, const void *from, size_t bytes, gb_err *err)
{
	return (void)err, transfer(device, to, from, bytes), GB_OK;
}
static void keep_weights(const gb_device *device, const float *w, size_t n)
{
	(void)device;
	first_weight = w ? w : first_weight;
	weights = w ? n : weights;
}
static bool begin(const gb_device *device, void **recording) { return (void)device, (void)recording, true; }
static void end(const gb_device *device, void **recording) { (void)device, (void)recording; }
static void forget(const gb_device *device, void *recording) { (void)device, (void)recording; }
static void *queue(const gb_device *device) { return (void)device, NULL; }
static void close_device(gb_device *device) { (void)device; }

static const struct gb_ops paper = {"paper",      false,    allocate, release, transfer,     transfer,
                                    fill,         download, allocate, release, transfer,     keep_weights,
                                    begin,        end,      forget,   queue,   close_device,
#define ENTRY(op) paper_##op,
                                    GB_OPS(ENTRY)};

/* ---- the step ---- */

/* The real study: pictures of 160×90, four a row, four codebooks of 113 frames, text of 1024; the brains
 * of 17.  A network under a tenth of the width is there to be tried out: its study is smaller, too. */
static void full_size(gb_network_shape *s, size_t groups, double width)
{
	bool small = width < 0.1;

	*s = (gb_network_shape){.video_frames = 4,
	                        .video_height = small ? 20 : 90,
	                        .video_width = small ? 30 : 160,
	                        .codebooks = 4,
	                        .code_frames = small ? 13 : 113,
	                        .dense = small ? 64 : 1024,
	                        .text = small ? 64 : 1024,
	                        .linear = small ? 192 : 3072,
	                        .subjects = SUBJECTS,
	                        .basis = 1,
	                        .taps = 22,
	                        .window_first = 1,
	                        .window_lags = 9,
	                        .groups = groups,
	                        .scored = 21,
	                        .history = 21,
	                        .width = width,
	                        .rank = 64,
	                        .dropout = 0.1,
	                        .temperature = 0.1};
	for (int i = 0; i < SUBJECTS; i++) {
		s->voxels[i] = small ? 101 : VOXELS;
		snprintf(s->subject[i], sizeof s->subject[i], "s%d", i + 1);
	}
}

static size_t write_step(gb_network *net, size_t groups, double width)
{
	static float any[1];
	gb_network_shape shape;
	gb_network_fixed fixed = {.video_mean = any,
	                          .video_scale = any,
	                          .video_base = any,
	                          .code_base = any,
	                          .code_mean = any,
	                          .kernel = any,
	                          .latent_scale = any,
	                          .latent_offset = any,
	                          .latent_deviation = any,
	                          .latent_mean = any};
	static gb_device device; /* of which the network keeps the address */
	gb_graph_run run = {true, 1, 0, 0};
	gb_err err;
	float *gradient, *other;
	size_t n;

	device.ops = &paper;
	gradient = allocate(&device, 1 << 30, NULL);
	other = allocate(&device, 1 << 30, NULL);
	full_size(&shape, groups, width);
	for (size_t i = 0; i < shape.subjects; i++)
		fixed.voxel_weight[i] = any;
	if (gb_network_build(net, &shape, &fixed, &device, 1, &err) != GB_OK) {
		fprintf(stderr, "roofline: %s\n", err.text);
		exit(err.status);
	}
	n = gb_graph_parameter_count(net->graph);
	times = MICRO;
	gb_graph_forward(net->graph, &run);
	GB_RUN(&device, moments, net->scored, net->bottleneck, gb_graph_value(net->graph, net->z_scored), any,
	       (double *)(void *)gradient, (double *)(void *)other);
	gb_graph_backward(net->graph, &run, gradient);
	times = MICRO - 1;
	GB_RUN(&device, add, n, 1.0f, gradient, 1.0f, other);
	times = 1;
	GB_RUN(&device, square_sum, n, gradient, (double *)(void *)other);
	GB_RUN(&device, adamw, 1, (const gb_adamw_segment *)(const void *)any, gradient, gradient, gradient,
	       other, 1, 1, 0.9f, 0.95f, 1e-8f, 1, n);
	return n;
}

/* ---- measuring ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_call(const gb_device *device, int kind, const void *args)
{
#define NAMED(op) if (!strcmp(kinds[kind].name, #op)) device->ops->op(device, args);
	GB_OPS(NAMED)
}

/* Seconds of a call on DEVICE, with memory of its own: the best of 5 rounds of RUNS. */
static double measure(const gb_device *device, const call *c, int runs)
{
	extent e[EXTENTS];
	size_t n = kinds[c->kind].extent(c->args.bytes, e);
	void *memory[EXTENTS] = {NULL};
	gb_adamw_segment segment = {0, 0, 1, 0, NULL};
	call moved = *c;
	double best = 1e9;
	void *out = NULL;
	char sink;
	gb_err err;

	for (size_t i = 0; i < n; i++) {
		void *given;

		memcpy(&given, c->args.bytes + e[i].at, sizeof given);
		if (given && !(memory[i] = gb_device_array(device, e[i].bytes + 16, 1, &err))) {
			fprintf(stderr, "roofline: %s\n", err.text);
			exit(4);
		}
		memcpy(moved.args.bytes + e[i].at, &memory[i], sizeof given);
		out = memory[i] ? memory[i] : out;
	}
	if (!strcmp(kinds[c->kind].name, "adamw")) {
		segment.count = ((const struct gb_op_adamw *)(const void *)c->args.bytes)->n;
		device->ops->upload(device, memory[0], &segment, sizeof segment);
	}
	for (int round = 0; round < 5; round++) {
		double start;

		run_call(device, c->kind, moved.args.bytes);
		if (device->ops->download(device, &sink, out, sizeof sink, &err) != GB_OK) {
			fprintf(stderr, "roofline: %s: %s\n", kinds[c->kind].name, err.text);
			exit(4);
		}
		start = now();
		for (int i = 0; i < runs; i++)
			run_call(device, c->kind, moved.args.bytes);
		if (device->ops->download(device, &sink, out, sizeof sink, &err) == GB_OK &&
		    (now() - start) / runs < best)
			best = (now() - start) / runs;
	}
	for (size_t i = 0; i < n; i++)
		gb_device_release(device, memory[i]);
	return best;
}

/* ---- the table ---- */

static void print_table(const gb_device *device, int runs)
{
	double paper_all = 0, measured_all = 0;

	printf("operation\tcalls\tbytes\tformula of bytes\toperations\tformula of operations\tseconds at "
	       "3.35 TB/s\tseconds at %s\tlimit\tmeasured\tpart of the limit\n",
	       "989 TFLOP/s (matmul, BF16) or 67 (others, FP32)");
	for (int k = 0; k < KINDS; k++) {
		double bytes = 0, work = 0, made = 0, limit = 0, seconds = 0;

		for (size_t i = 0; i < count; i++) {
			const void *args = calls[i].args.bytes;
			double b, w;

			if (calls[i].kind != k)
				continue;
			b = kinds[k].count_bytes(args), w = kinds[k].count_work(args);
			made += calls[i].times, bytes += b * calls[i].times, work += w * calls[i].times;
			limit += calls[i].times * (b / MEMORY > w / (k ? PLAIN : PRODUCTS)
			                               ? b / MEMORY
			                               : w / (k ? PLAIN : PRODUCTS));
			seconds += device ? calls[i].times * measure(device, &calls[i], runs) : 0;
		}
		printf("%s\t%.0f\t%.4g\t%s\t%.4g\t%s\t%.3e\t%.3e\t%.3e\t", kinds[k].name, made, bytes,
		       kinds[k].bytes, work, kinds[k].work, bytes / MEMORY, work / (k ? PLAIN : PRODUCTS),
		       limit);
		printf(device ? "%.3e\t%.2f\n" : "\t\n", seconds, seconds > 0 ? limit / seconds : 0);
		paper_all += limit, measured_all += seconds;
	}
	printf("step\t\t\t\t\t\t\t\t%.3e\t", paper_all);
	printf(device ? "%.3e\t%.2f\n" : "\t\n", measured_all,
	       measured_all > 0 ? paper_all / measured_all : 0);
}

int main(int argc, char **argv)
{
	const char *name = argc > 2 && !strcmp(argv[argc - 2], "--device") ? argv[argc - 1] : NULL;
	int operands = argc - 1 - (name ? 2 : 0);
	size_t groups = operands > 0 ? strtoul(argv[1], NULL, 10) : 25;
	double width = operands > 1 ? strtod(argv[2], NULL) : 1;
	gb_network net;
	gb_device device = {0};
	gb_err err;
	size_t n;

	if (!groups || groups > 4096 || !(width > 0 && width <= 4)) {
		fprintf(stderr, "usage: roofline [GROUPS [WIDTH]] [--device NAME]\n");
		return 2;
	}
	n = write_step(&net, groups, width);
	if (name && gb_device_open(&device, name, 0, NULL, NULL, &err) != GB_OK) {
		fprintf(stderr, "roofline: %s\n", err.text);
		return (int)err.status;
	}
	printf("# giblet13 at width %g: %zu weights, %d micro-batches of %zu windows, %zu scored rows a "
	       "step, %d subjects\n",
	       width, n, MICRO, groups, MICRO * net.scored, SUBJECTS);
	printf(
	    "# r rows, c columns, n numbers, q codebooks, f frames, w width, o output frames, t taps, g "
	    "groups, x and y their rows, b filters, i images\n");
	print_table(name ? &device : NULL, width < 0.1 ? 2 : 20);
	gb_network_clear(&net);
	gb_device_close(&device);
	free(calls);
	return 0;
}
