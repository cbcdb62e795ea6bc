/* SPDX-License-Identifier: MIT */
#include "simulate/simulate_features.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "simulate/simulate_bold.h"

void gb_feature_scores_free(gb_feature_scores *list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i].score);
	free(list);
}

static bool is_float(gb_dtype dtype)
{
	return dtype == GB_F16 || dtype == GB_BF16 || dtype == GB_F32 || dtype == GB_F64;
}

/* Index of the run of CLOCK to read; −1 and ERR where RUN does not name one. */
static int which_run(const gb_clock *clock, const char *run, const char *name, gb_err *err)
{
	int index = run && clock->runs > 1 ? gb_clock_find(clock, run) : 0;

	if (clock->runs > 1 && !run)
		(void)gb_fail(err, GB_USAGE, "%s: it holds %d runs: name one with --run", name, clock->runs);
	else if (index < 0)
		(void)gb_fail(err, GB_USAGE, "%s: it holds no run %s", name, run);
	return clock->runs > 1 && !run ? -1 : index;
}

static gb_status score(const gb_tensor *tensor, int64_t first, gb_feature_scores *out, int components,
                       const char *file, gb_err *err)
{
	size_t columns = tensor->shape[0] ? tensor->elements / (size_t)tensor->shape[0] : 0;
	float *data = gb_array((size_t)out->rows * columns, sizeof *data, err);
	gb_status status = data ? GB_OK : GB_SYSTEM;

	if (data)
		gb_dtype_to_float(tensor->dtype, tensor->data, (size_t)first * columns,
		                  (size_t)out->rows * columns, data);
	for (size_t i = 0; i < (size_t)out->rows * columns && !status; i++)
		if (!isfinite(data[i]))
			status = gb_fail(err, GB_DATA, "%s: %s: row %zu holds a value that is not finite",
			                 file, out->name, (size_t)first + i / columns);
	out->as_is = columns <= (size_t)components;
	out->components = out->as_is ? (int)columns : components;
	if (!status &&
	    !(out->score = gb_array((size_t)out->components * (size_t)out->rows, sizeof *out->score, err)))
		status = GB_SYSTEM;
	if (!status && out->as_is)
		for (int64_t r = 0; r < out->rows; r++)
			for (size_t c = 0; c < columns; c++)
				out->score[c * (size_t)out->rows + (size_t)r] = data[(size_t)r * columns + c];
	else if (!status)
		gb_project(data, out->rows, columns, components, out->score);
	free(data);
	return status;
}

static gb_status read_one(gb_tensor_file *file, const char *tensor_name, const gb_feature_options *o,
                          gb_rational *step, gb_feature_scores *out, gb_err *err)
{
	const char *name = gb_tensor_file_name(file);
	bool has_clock = gb_tensor_file_has_clock(file, tensor_name);
	/* In a file with a clock, the start says where to begin reading; in others, it is the clock's own
	 * start. */
	gb_clock_options own = {.tr = o->clock.tr,
	                        .start = has_clock ? (gb_maybe_rational){0} : o->clock.start,
	                        .runs = o->clock.runs, .run = o->clock.run};
	const gb_tensor *tensor;
	gb_clock clock;
	gb_status status = gb_tensor_file_clock_or(file, tensor_name, &own, &clock, err);
	int run;

	if (!status)
		status = gb_tensor_file_need(file, tensor_name, GB_FOREIGN, -1, &tensor, err);
	if (status)
		return status;
	run = which_run(&clock, o->clock.run, name, err);
	if (run < 0)
		return GB_USAGE;
	if (step->num && gb_rational_compare(*step, clock.step))
		return gb_fail(err, GB_DATA, "%s: %s: rows of %lld/%lld s, the other inputs have %lld/%lld s",
		               name, tensor_name, (long long)clock.step.num, (long long)clock.step.den,
		               (long long)step->num, (long long)step->den);
	*step = clock.step;
	snprintf(out->name, sizeof out->name, "%s", tensor_name);
	out->start = clock.run[run].start;
	out->rows = clock.run[run].rows;
	return score(tensor, gb_clock_first(&clock, run), out, o->components, name, err);
}

static bool is_wanted(const gb_feature_options *o, const char *name)
{
	for (int i = 0; i < o->tensors; i++)
		if (!strcmp(name, o->tensor[i]))
			return true;
	return !o->tensors;
}

gb_status gb_feature_scores_read(gb_tensor_file *file, const gb_feature_options *options, gb_rational *step,
                                 gb_feature_scores **list, int *count, gb_err *err)
{
	size_t tensors = gb_tensor_file_count(file);
	gb_status status = GB_OK;

	*count = 0;
	*list = gb_array(tensors, sizeof **list, err);
	if (!*list)
		return GB_SYSTEM;
	for (size_t i = 0; i < tensors && !status; i++) {
		const gb_tensor *t = gb_tensor_file_at(file, i);

		if (!is_float(t->dtype) || !t->rank || !t->elements ||
		    (gb_tensor_file_id(file) && !gb_tensor_file_has_clock(file, t->name)) ||
		    !is_wanted(options, t->name))
			continue;
		status = read_one(file, t->name, options, step, *list + *count, err);
		++*count;
	}
	if (!status && !*count)
		status = gb_fail(err, GB_DATA,
		                 "%s: no float tensor with a clock in it%s; features are wanted",
		                 gb_tensor_file_name(file), options->tensors ? " that --tensor names" : "");
	if (status) {
		gb_feature_scores_free(*list, *count);
		*list = NULL;
		*count = 0;
	}
	return status;
}
