/* SPDX-License-Identifier: MIT */
#include "train/training_cost.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/size.h"
#include "kernels/device.h"
#include "modality/modality.h"
#include "ridge/delays_from_kernel.h"
#include "loader/bold_source.h"
#include "network/graph_cost.h"

/* ---- sizes ---- */

static bool numbers_of(const char *text, size_t *out, int count)
{
	for (int i = 0; i < count; i++) {
		char *end;
		unsigned long long value = strtoull(text, &end, 10);

		if (end == text || *text == '-' || !value || value > 1u << 30 ||
		    *end != (i + 1 < count ? 'x' : 0))
			return false;
		out[i] = (size_t)value;
		text = end + 1;
	}
	return true;
}

static bool one_dim(gb_cost_dims *dims, const char *name, const char *value)
{
	gb_network_shape *s = &dims->shape;
	size_t n[4];

	if (!strcmp(name, "video")) {
		if (!numbers_of(value, n, 4) || n[3] != 3)
			return false;
		s->video_frames = n[0];
		s->video_height = n[1];
		s->video_width = n[2];
		s->linear += (n[1] + 9) / 10 * ((n[2] + 9) / 10) * 6; /* as modality_video.c has it */
	} else if (!strcmp(name, "mel")) {
		if (!numbers_of(value, n, 2))
			return false;
		s->mel_bands = n[0];
		s->mel_frames = n[1];
		s->linear += 2 * n[0];
	} else if (!strcmp(name, "codes")) {
		if (!numbers_of(value, n, 2))
			return false;
		s->codebooks = n[0];
		s->code_frames = n[1];
		s->linear += GB_CODE_CLASSES * n[0];
	} else {
		if (!numbers_of(value, n, 1))
			return false;
		if (!strcmp(name, "voxels"))
			s->voxels[0] = n[0];
		else if (!strcmp(name, "subjects"))
			s->subjects = n[0];
		else if (!strcmp(name, "rows"))
			dims->rows = (int64_t)n[0];
		else {
			s->dense += n[0];
			s->linear += n[0];
			s->text = !strcmp(name, "text") ? n[0] : s->text;
		}
	}
	return true;
}

static void name_subjects(gb_network_shape *s)
{
	if (s->voxels[0] && !s->subjects)
		s->subjects = 1;
	for (size_t k = 0; k < s->subjects && k < GB_SUBJECTS_MAX; k++) {
		s->voxels[k] = s->voxels[0];
		snprintf(s->subject[k], sizeof s->subject[k], "subject-%zu", k + 1);
	}
}

gb_status gb_cost_parse(gb_cost_dims *dims, const char *text, gb_err *err)
{
	char *copy = gb_string(text, err), *rest = NULL;
	bool good = copy != NULL;

	memset(dims, 0, sizeof *dims);
	for (char *part = good ? strtok_r(copy, ",", &rest) : NULL; part && good;
	     part = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(part, '=');

		good = equals != NULL;
		if (good) {
			*equals = 0;
			good = one_dim(dims, part, equals + 1);
		}
	}
	good = good && dims->shape.subjects <= GB_SUBJECTS_MAX;
	free(copy);
	name_subjects(&dims->shape);
	return good ? GB_OK
	    : gb_fail(err, GB_USAGE,
	              "--dims %s: wanted is like video=4x90x160x3,codes=4x113,text=4096,voxels=481,rows=946",
	              text);
}

gb_status gb_cost_set(gb_cost_dims *dims, const gb_dataset *set, const gb_train_options *options, gb_err *err)
{
	static const char *const mean[] = {"mean"};
	gb_loader loader;
	gb_status status = gb_loader_open(&loader, set, options->features, (size_t)options->feature_count,
	                                  options->subjects ? options->subjects : mean,
	                                  options->subjects ? (size_t)options->subject_count : 1, err);

	memset(dims, 0, sizeof *dims);
	if (status == GB_OK)
		dims->shape = loader.shape;
	for (int64_t r = 0; status == GB_OK && r < loader.rows; r++)
		dims->rows += gb_dataset_use(set)[r] == GB_ROW_TRAIN;
	gb_loader_close(&loader);
	return status;
}

/* ---- text ---- */

typedef struct text { char *at; gb_err *err; } text;

static bool add_line(text *t, const char *format, ...) GB_PRINTF(2, 3);
static bool add_line(text *t, const char *format, ...)
{
	char part[256];
	size_t have = t->at ? strlen(t->at) : 0, more;
	va_list args;

	va_start(args, format);
	vsnprintf(part, sizeof part, format, args);
	va_end(args);
	more = strlen(part);
	if (gb_grow(&t->at, have + more + 1, 1, t->err) != GB_OK)
		return false;
	memcpy(t->at + have, part, more + 1);
	return true;
}

/* ---- a network ---- */

size_t gb_cost_memory(const gb_network *net, int64_t micro_batches, bool ridge)
{
	size_t arrays = ridge ? 5 : 4; /* weights, two moments, anchors, a gradient */

	for (int64_t m = micro_batches; m > 1; m /= 2)
		arrays++;
	return arrays * sizeof(float) * gb_graph_parameter_count(net->graph) +
	    gb_graph_activation_bytes(net->graph) +
	       2 * net->batch_bytes; /* one is prefetched */
}

static double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* *SECONDS that OPERATIONS in large matrix products and BYTES through memory take on this machine, from a
 * short measurement. */
static gb_status measure(gb_pool *pool, double operations, double bytes, double *seconds, gb_err *err)
{
	enum { ROWS = 64, OUT = 4096, IN = 2048, TURNS = 4, N = OUT * IN };
	gb_device device = {gb_ops_cpu(), pool, NULL};
	float *x = gb_device_array(&device, ROWS * IN, sizeof *x, err),
	    *w = gb_device_array(&device, N, sizeof *w, err);
	float *y = gb_device_array(&device, N, sizeof *y, err);
	double product = 1e9, pass = 1e9;

	for (int i = 0; x && w && y && i < TURNS; i++) {
		double began = clock_seconds(), between;

		GB_RUN(&device, matmul, ROWS, OUT, IN, x, w, y, false, true);
		between = clock_seconds();
		GB_RUN(&device, add, N, 1.0f, w, 1.0f, y);
		product = fmin(product, between - began);
		pass = fmin(pass, clock_seconds() - between);
	}
	*seconds = operations * product / (2.0 * ROWS * N) + bytes * pass / (12.0 * N);
	gb_device_release(&device, x);
	gb_device_release(&device, w);
	gb_device_release(&device, y);
	return x && w && y ? GB_OK : GB_SYSTEM;
}

/* The time of a step: matrix products of each micro-batch; bytes per parameter of AdamW, the norm and the sum
 * of micro-batches. */
static bool time_text(text *out, const gb_network *net, const gb_train_options *o, int64_t steps,
                      gb_pool *pool)
{
	double seconds, bytes = 32 + 12 * (double)(o->micro_batches - 1);

	if (measure(pool, (double)o->micro_batches * gb_graph_operations(net->graph),
	            bytes * (double)gb_graph_parameter_count(net->graph), &seconds, out->err) != GB_OK)
		return false;
	return add_line(out, "step\tseconds\t%.3g\n", seconds) &&
	    (!steps || add_line(out, "all steps\thours\t%.3g\n", seconds * (double)steps / 3600));
}

static bool layers_text(text *out, const gb_network *net)
{
	bool good = add_line(out, "layer\tshape\tparameters\n");

	for (int i = 0; good && i < gb_graph_parameters(net->graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(net->graph, i);

		good = p->rows > 1
		    ? add_line(out, "%s\t%zux%zu\t%zu\n", p->name, p->rows, p->columns, p->rows * p->columns)
		                   : add_line(out, "%s\t%zu\t%zu\n", p->name, p->columns, p->columns);
	}
	return good;
}

static size_t count_anchored(const gb_network *net)
{
	size_t count = 0;

	for (int i = 0; i < gb_graph_parameters(net->graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(net->graph, i);

		if (p->flags & GB_PARAMETER_FROM_RIDGE && p->flags & GB_PARAMETER_DECAYS)
			count += p->rows * p->columns;
	}
	return count;
}

static gb_status network_text(text *out, const gb_cost_dims *dims, const gb_train_options *o,
                              gb_rational step, gb_pool *pool, gb_err *err)
{
	gb_network_shape shape = dims->shape;
	gb_device device = {gb_ops_cpu(), NULL, NULL};
	gb_network net = {0};
	gb_delays delays;
	size_t count, heads = 0, memory, anchors;
	int64_t windows, steps, all_steps;
	gb_status status = gb_delays_of_kernel(&delays, o->brain_kernel, step, err);

	if (status != GB_OK)
		return status;
	shape.kind = o->kind;
	status = gb_train_shape(&shape, o, &delays, step, err);
	if (status == GB_OK)
		status = gb_network_build(&net, &shape, NULL, &device, 0, err);
	if (status == GB_OK) {
		count = gb_graph_parameter_count(net.graph);
		for (size_t k = 0; k < shape.subjects; k++)
			heads += shape.voxels[k] * (2 * shape.rank + 1 + net.window_factors);
		memory = gb_cost_memory(&net, o->micro_batches, o->init == GB_INIT_RIDGE);
		windows = (int64_t)ceil((double)dims->rows * (1 - o->validation) / (double)shape.scored);
		windows -= o->kind ? windows % o->batch_windows : 0;
		steps = (windows + o->micro_batches * o->batch_windows - 1) /
		    (o->micro_batches * o->batch_windows);
		anchors = o->init == GB_INIT_RIDGE ? count_anchored(&net) : 0;
		all_steps = dims->rows ? steps * o->epochs : 0;
		if (!layers_text(out, &net) || !add_line(out, "total\t\t%zu\n", count) ||
		    (!o->kind && !add_line(out, "without voxel heads\t\t%zu\n", count - heads)) ||
		    !add_line(out, "memory\tbytes\t%zu\n", memory) ||
		    !add_line(out, "fits this machine\t\t%s\n",
		              memory <= gb_machine_memory() ? "yes"
		              : "no") || !add_line(out, "last.safetensors\tbytes\t%zu\n",
		                                   4 * (3 * count + anchors)) ||
		                                   !add_line(out, "best.safetensors\tbytes\t%zu\n",
		                                             4 * count) || (dims->rows &&
		                                                            !add_line(out, "steps an "
		        "epoch\t\t%lld\n",
		        (long long)steps)) ||
		        (dims->rows && !add_line(out, "steps\t\t%lld\n", (long long)all_steps)) ||
		        !time_text(out, &net, o, all_steps, pool))
			status = GB_SYSTEM;
	}
	gb_network_clear(&net);
	gb_delays_clear(&delays);
	return status;
}

char *gb_cost_text(const gb_cost_dims *dims, const gb_train_options *options, gb_rational step, gb_pool *pool,
                   gb_err *err)
{
	text out = {NULL, err};
	gb_status status = network_text(&out, dims, options, step, pool, err);

	if (status == GB_OK)
		return out.at;
	free(out.at);
	return NULL;
}
