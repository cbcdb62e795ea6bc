/* SPDX-License-Identifier: MIT */
#include "fmri/convolve_file.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define NAME_MAX_BYTES 512

typedef struct target {
	const gb_tensor *tensor;
	gb_clock clock;
	gb_hrf hrf;
	size_t rows, columns;
	char name[GB_HRF_FUNCTIONS][NAME_MAX_BYTES], valid_name[NAME_MAX_BYTES];
	const uint8_t *was_valid; /* [rows] or NULL */
} target;

typedef struct work {
	gb_tensor_file *file;
	const gb_convolve_options *o;
	target *target;
	size_t targets;
} work;

static bool is_float(gb_dtype t)
{
	return t == GB_F16 || t == GB_BF16 || t == GB_F32 || t == GB_F64;
}

static bool ends(const char *name, const char *tail)
{
	size_t n = strlen(name), m = strlen(tail);

	return n > m && !strcmp(name + n - m, tail);
}

/* ---- choice of tensors ---- */

static gb_status add_target(work *w, const char *name, gb_err *err)
{
	const char *file = gb_tensor_file_name(w->file);
	target *t = &w->target[w->targets];
	const gb_tensor *valid;
	gb_status status;

	if (!gb_tensor_file_find(w->file, name))
		return gb_fail(err, GB_DATA, "%s: no tensor %s", file, name);
	if (!is_float(gb_tensor_file_find(w->file, name)->dtype))
		return gb_fail(err, GB_DATA, "%s: tensor %s is %s, not a float: convolve features made of it",
		               file, name, gb_tensor_file_find(w->file, name)->dtype_name);
	if ((status = gb_tensor_file_need(w->file, name, GB_FOREIGN, -1, &t->tensor, err)) ||
	    (status = gb_tensor_file_clock_or(w->file, name, &w->o->clock, &t->clock, err)) ||
	    (status = gb_hrf_make(&t->hrf, w->o->kernel, t->clock.step, w->o->tau, err)))
		return status;
	w->targets++;
	t->rows = (size_t)t->tensor->shape[0];
	t->columns = t->rows ? t->tensor->elements / t->rows : 0;
	for (int f = 0; f < t->hrf.functions; f++)
		snprintf(t->name[f], NAME_MAX_BYTES, f ? "%.400s.%s" : "%.400s", name,
		         gb_hrf_function_name(f));
	snprintf(t->valid_name, NAME_MAX_BYTES, "%.400s.valid", name);
	if (gb_tensor_file_find(w->file, t->valid_name)) {
		if ((status = gb_tensor_file_need(w->file, t->valid_name, GB_U8, 1, &valid, err)))
			return status;
		if ((size_t)valid->shape[0] != t->rows)
			return gb_fail(err, GB_DATA, "%s: %s has %lld rows, %s %zu", file, t->valid_name,
			               (long long)valid->shape[0], name, t->rows);
		t->was_valid = valid->data;
	}
	return GB_OK;
}

static gb_status choose(work *w, gb_err *err)
{
	size_t count = gb_tensor_file_count(w->file);
	bool foreign = !gb_tensor_file_id(w->file);
	gb_status status = GB_OK;

	w->target = gb_array(count + (size_t)w->o->tensors, sizeof *w->target, err);
	if (!w->target)
		return GB_SYSTEM;
	for (int i = 0; i < w->o->tensors && !status; i++)
		status = add_target(w, w->o->tensor[i], err);
	for (size_t i = 0; i < count && !w->o->tensors && !status; i++) {
		const gb_tensor *t = gb_tensor_file_at(w->file, i);

		if (is_float(t->dtype) && t->rank > 0 &&
		    (foreign || gb_tensor_file_has_clock(w->file, t->name)))
			status = add_target(w, t->name, err);
	}
	if (!status && !w->targets)
		status = gb_fail(err, GB_DATA,
		                 "%s: no float tensor with a clock: convolve features, not codes or pixels",
		                 gb_tensor_file_name(w->file));
	return status;
}

/* ---- declaring ---- */

/* The attributes of NAME that the writer does not set itself. */
static gb_json *carried(const gb_tensor_file *file, const char *name)
{
	static const char *const ours[] = {"dims", "time", "unit", "doc"};
	const gb_json *about = gb_tensor_file_attribute(file, name, NULL);
	gb_json *copy = gb_json_is_object(about) ? gb_json_copy(about) : gb_json_object();

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		gb_json_remove(copy, ours[i]);
	return copy;
}

static void axis_names(const gb_tensor_file *file, const gb_tensor *t, char *text, size_t size)
{
	const gb_json *dims = gb_tensor_file_attribute(file, t->name, "dims");
	size_t at = 0;

	text[0] = 0;
	for (int i = 0; i < t->rank && at < size; i++) {
		const char *axis = gb_json_text(gb_json_at(dims, (size_t)i));

		if (axis)
			at += (size_t)snprintf(text + at, size - at, "%s%s", i ? "," : "", axis);
		else
			at += i ? (size_t)snprintf(text + at, size - at, ",axis%d", i)
			        : (size_t)snprintf(text, size, "time");
	}
}

static gb_status declare(const work *w, const target *t, gb_tensor_writer *writer, gb_err *err)
{
	char dims[1024], doc[256];
	gb_tensor_spec valid = {.name = t->valid_name, .dtype = GB_U8, .rank = 1, .shape = {(int64_t)t->rows},
	                        .dims = "time", .clock = &t->clock,
	                        .doc = "0 where a run has not yet lasted one kernel length"};
	gb_status status = GB_OK;

	axis_names(w->file, t->tensor, dims, sizeof dims);
	if (t->tensor->rank > GB_RANK_MAX)
		return gb_fail(err, GB_DATA, "tensor %s: %d axes are too many", t->tensor->name,
		               t->tensor->rank);
	for (int f = 0; f < t->hrf.functions && !status; f++) {
		gb_tensor_spec spec = {.name = t->name[f], .dtype = GB_F32, .rank = t->tensor->rank,
		                       .dims = dims, .clock = &t->clock, .doc = doc};
		gb_json *about = carried(w->file, t->tensor->name);

		snprintf(doc, sizeof doc, "%.150s convolved with the haemodynamic %s", t->tensor->name,
		         f ? gb_hrf_function_name(f) : "response");
		memcpy(spec.shape, t->tensor->shape, (size_t)t->tensor->rank * sizeof *spec.shape);
		spec.unit = gb_json_text(gb_tensor_file_attribute(w->file, t->tensor->name, "unit"));
		gb_json_set(about, "convolved", gb_json_string(gb_hrf_function_name(f)));
		spec.attributes = about;
		status = gb_tensor_writer_add(writer, &spec, err);
	}
	return status ? status : gb_tensor_writer_add(writer, &valid, err);
}

/* Whether NAME is written by a convolution, not copied. */
static bool replaced(const work *w, const char *name)
{
	for (size_t i = 0; i < w->targets; i++) {
		if (!strcmp(name, w->target[i].valid_name))
			return true;
		for (int f = 0; f < w->target[i].hrf.functions; f++)
			if (!strcmp(name, w->target[i].name[f]))
				return true;
	}
	return false;
}

static gb_status pass_on(const work *w, gb_tensor_writer *writer, gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t i = 0; i < gb_tensor_file_count(w->file) && !status; i++) {
		const char *name = gb_tensor_file_at(w->file, i)->name;

		if (!replaced(w, name))
			status = gb_tensor_writer_add_copy(writer, w->file, name, err);
	}
	return status;
}

/* ---- computing ---- */

typedef struct scan { const float *value; size_t count; uint8_t *bad; } scan;
#define SCAN ((size_t)1 << 16)

static void scan_tile(void *context, size_t tile, int worker)
{
	const scan *s = context;
	size_t end = (tile + 1) * SCAN < s->count ? (tile + 1) * SCAN : s->count;
	int sound = 1;

	(void)worker;
	for (size_t i = tile * SCAN; i < end; i++)
		sound &= fabsf(s->value[i]) <= FLT_MAX;
	s->bad[tile] = !sound;
}

static gb_status check_finite(const work *w, const target *t, const float *value, gb_pool *pool, gb_err *err)
{
	size_t tiles = (t->tensor->elements + SCAN - 1) / SCAN;
	scan s = {value, t->tensor->elements, gb_array(tiles, 1, err)};
	gb_status status = GB_OK;

	if (!s.bad)
		return GB_SYSTEM;
	gb_pool_run(pool, tiles, scan_tile, &s);
	for (size_t i = 0; i < tiles && !status; i++)
		for (size_t e = i * SCAN; s.bad[i] && e < s.count && !status; e++)
			if (!isfinite(value[e]))
				status = gb_fail(err, GB_DATA,
				                 "%s: tensor %s, row %zu, column %zu is NaN or Inf",
				                 gb_tensor_file_name(w->file), t->tensor->name,
				                 e / t->columns, e % t->columns);
	free(s.bad);
	return status;
}

static void mark_valid(const target *t, uint8_t *valid)
{
	for (int r = 0; r < t->clock.runs; r++)
		for (int64_t i = 0; i < t->clock.run[r].rows; i++) {
			size_t row = (size_t)(gb_clock_first(&t->clock, r) + i);

			valid[row] = i >= t->hrf.length && (!t->was_valid || t->was_valid[row]);
		}
}

static gb_status compute(const work *w, const target *t, gb_tensor_writer *writer, gb_pool *pool, gb_err *err)
{
	const float *value = t->tensor->data;
	float *copy = NULL;
	uint8_t *valid = gb_tensor_writer_data(writer, t->valid_name);
	gb_status status;

	if (!valid)
		return gb_fail(err, GB_SYSTEM, "no room for %s", t->valid_name);
	if (t->tensor->dtype != GB_F32) {
		if (!(copy = gb_array(t->tensor->elements, sizeof *copy, err)))
			return GB_SYSTEM;
		gb_dtype_to_float(t->tensor->dtype, t->tensor->data, 0, t->tensor->elements, copy);
		value = copy;
	}
	GB_TRY(check_finite(w, t, value, pool, err));
	for (int f = 0; f < t->hrf.functions; f++) {
		gb_convolve_filter filter = {t->hrf.tap[f], t->hrf.taps, w->o->history};
		float *out = gb_tensor_writer_data(writer, t->name[f]);

		if (!out)
			GB_TRY(gb_fail(err, GB_SYSTEM, "no room for %s", t->name[f]));
		GB_TRY(gb_hrf_convolve_clock(value, out, &t->clock, t->columns, &filter, pool, err));
	}
	mark_valid(t, valid);
done:
	free(copy);
	return status;
}

static gb_status write_all(const work *w, const char *tool, const gb_json *params, const char *out,
                           gb_pool *pool, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_status status;

	GB_TRY(gb_tensor_writer_new(&writer, tool, params, err));
	GB_TRY(gb_tensor_writer_input_file(writer, "features", w->file, err));
	if (ends(w->o->kernel, ".tsv")) {
		GB_TRY(gb_tensor_writer_input_path(writer, "kernel", w->o->kernel, err));
		/* The hash identifies the table; no path goes into a file. */
		GB_TRY(gb_tensor_writer_param(writer, "kernel", gb_json_string("table"), err));
	}
	for (size_t i = 0; i < w->targets; i++)
		GB_TRY(declare(w, &w->target[i], writer, err));
	GB_TRY(pass_on(w, writer, err));
	GB_TRY(gb_tensor_writer_begin(writer, out, err));
	for (size_t i = 0; i < w->targets; i++)
		GB_TRY(compute(w, &w->target[i], writer, pool, err));
	GB_TRY(gb_tensor_writer_commit(writer, pool, err));
done:
	gb_tensor_writer_free(writer);
	return status;
}

gb_status gb_convolve_file(gb_tensor_file *file, const gb_convolve_options *o, const char *tool,
                           const gb_json *params, const char *out, gb_pool *pool, gb_err *err)
{
	work w = {.file = file, .o = o};
	gb_status status = choose(&w, err);

	if (!status)
		status = write_all(&w, tool, params, out, pool, err);
	for (size_t i = 0; i < w.targets; i++)
		gb_hrf_clear(&w.target[i].hrf);
	free(w.target);
	return status;
}
