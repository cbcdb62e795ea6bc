/* SPDX-License-Identifier: MIT */
#include "simulate/simulate_inputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "simulate/film_regressors.h"
#include "simulate/simulate_features.h"

/* The candidate regressors of one modality, [components, rows] from START on. */
typedef struct part {
	char name[64];
	const char *const *label; /* of each component; NULL: NAME and a number */
	gb_rational start;
	int64_t rows;
	int components;
	float *value;
	int operand;              /* index of its input */
} part;

typedef struct parts {
	part *item;
	int count;
	int operand; /* the input being read */
	gb_rational step;
} parts;

static gb_status add_part(parts *all, const part *p, gb_err *err)
{
	gb_status status = gb_grow(&all->item, (size_t)all->count + 1, sizeof *all->item, err);

	if (!status) {
		all->item[all->count] = *p;
		all->item[all->count++].operand = all->operand;
	}
	return status;
}

static bool is_tensor_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char head[9] = "";
	bool is = f && fread(head, 1, 9, f) == 9 && head[8] == '{' && !head[5] && !head[6] && !head[7];

	if (f)
		fclose(f);
	return is;
}

static gb_status read_tensors(parts *all, const char *path, const gb_sim_input_options *o, gb_err *err)
{
	gb_feature_options options = {.clock = {.tr = o->tr, .start = o->start, .run = o->run},
	                              .components = o->components, .tensor = o->tensor,
	                              .tensors = o->tensors};
	gb_tensor_file *file = NULL;
	gb_feature_scores *list = NULL;
	int count = 0;
	gb_status status;

	GB_TRY(gb_tensor_file_open(&file, path, err));
	GB_TRY(gb_feature_scores_read(file, &options, &all->step, &list, &count, err));
	for (int i = 0; i < count; i++) {
		part p = {.start = list[i].start, .rows = list[i].rows, .components = list[i].components,
		          .value = list[i].score};

		memcpy(p.name, list[i].name, sizeof p.name);
		GB_TRY(add_part(all, &p, err));
		list[i].score = NULL;
	}
done:
	gb_feature_scores_free(list, count);
	gb_tensor_file_close(file);
	return status;
}

/* Transpose VALUE [rows, components], which is released. */
static gb_status add_media(parts *all, const char *name, const char *const *label, int components,
                           gb_rational start, int64_t rows, float *value, gb_err *err)
{
	part p = {.label = label, .start = start, .rows = rows, .components = components};
	gb_status status = GB_SYSTEM;

	snprintf(p.name, sizeof p.name, "%s", name);
	p.value = gb_array((size_t)rows * (size_t)components, sizeof *p.value, err);
	for (int64_t r = 0; r < rows && p.value; r++)
		for (int c = 0; c < components; c++)
			p.value[c * rows + r] = value[r * components + c];
	free(value);
	if (p.value)
		status = add_part(all, &p, err);
	if (status)
		free(p.value);
	return status;
}

static gb_status read_media(parts *all, const char *path, const gb_sim_input_options *o, gb_pool *pool,
                            gb_err *err)
{
	gb_rational start = o->start.set ? o->start.value : (gb_rational){0, 1};
	bool look, sound;
	float *value;
	int64_t rows;
	gb_status status = gb_regressors_have(path, &look, &sound, err);

	if (!status && !look && !sound)
		status = gb_fail(err, GB_DATA, "%s: neither film nor sound in it", path);
	if (!status && look) {
		status = gb_regressors_look(path, all->step, start, -1, &value, &rows, err);
		if (!status)
			status = add_media(all, "video", gb_look_name, GB_LOOKS, start, rows, value, err);
	}
	if (!status && sound) {
		status = gb_regressors_sound(path, all->step, start, -1, &value, &rows, pool, err);
		if (!status)
			status = add_media(all, "audio", gb_sound_name, GB_SOUNDS, start, rows, value,
			                   err);
	}
	return status;
}

static gb_status make_random(parts *all, const gb_sim_input_options *o, gb_err *err)
{
	part p = {.name = "random", .start = o->start.set ? o->start.value : (gb_rational){0, 1},
	          .rows = o->rows, .components = o->components};

	if (o->rows < 1)
		return gb_fail(err, GB_USAGE,
		               "no MEDIA or FEATURES: --rows N says how long a brain without stimulus is");
	p.value = gb_array((size_t)p.rows * (size_t)p.components, sizeof *p.value, err);
	if (!p.value)
		return GB_SYSTEM;
	for (int c = 0; c < p.components; c++)
		gb_regressor_random(o->seed, c, all->step, p.rows, p.value + c * p.rows);
	return add_part(all, &p, err);
}

static gb_status read_parts(parts *all, char *const *path, int count, const gb_sim_input_options *o,
                            gb_pool *pool, gb_err *err)
{
	gb_status status = GB_OK;

	if (o->tr.set)
		all->step = o->tr.value;
	/* Tensor files first: they decide the length of a row. */
	for (all->operand = 0; all->operand < count && !status; all->operand++)
		if (is_tensor_file(path[all->operand]))
			status = read_tensors(all, path[all->operand], o, err);
	if (!all->step.num)
		all->step = (gb_rational){3, 2};
	for (all->operand = 0; all->operand < count && !status; all->operand++)
		if (!is_tensor_file(path[all->operand]))
			status = read_media(all, path[all->operand], o, pool, err);
	if (!status && !count)
		status = make_random(all, o, err);
	return status;
}

/* Restore the order of the command line. */
static void sort_parts(parts *all)
{
	for (int i = 1; i < all->count; i++)
		for (int j = i; j && all->item[j - 1].operand > all->item[j].operand; j--) {
			part p = all->item[j];

			all->item[j] = all->item[j - 1];
			all->item[j - 1] = p;
		}
}

/* Number of whole rows from START to T. */
static gb_status rows_between(gb_rational start, gb_rational t, gb_rational step, const char *name,
                              int64_t *rows, gb_err *err)
{
	gb_rational d;

	if (!gb_rational_sub(t, start, &d) || !gb_rational_div(d, step, &d))
		return gb_fail(err, GB_DATA, "%s: times too large for exact arithmetic", name);
	if (d.den != 1)
		return gb_fail(err, GB_DATA,
		               "%s: it starts at %lld/%lld s, no whole number of rows from the common start",
		               name, (long long)start.num, (long long)start.den);
	*rows = d.num;
	return GB_OK;
}

static gb_status common_clock(const parts *all, const gb_sim_input_options *o, gb_clock *clock, gb_err *err)
{
	gb_rational start = o->start.set ? o->start.value : all->item[0].start;
	int64_t rows = INT64_MAX, offset;

	for (int i = 0; i < all->count && !o->start.set; i++)
		if (gb_rational_compare(all->item[i].start, start) > 0)
			start = all->item[i].start;
	for (int i = 0; i < all->count; i++) {
		const part *p = &all->item[i];
		gb_status status = rows_between(p->start, start, all->step, p->name, &offset, err);

		if (status)
			return status;
		if (offset < 0)
			return gb_fail(err, GB_DATA, "%s: it starts after --start", p->name);
		rows = p->rows - offset < rows ? p->rows - offset : rows;
	}
	if (o->rows >= 0 && rows < o->rows)
		return gb_fail(err, GB_DATA, "the inputs have %lld rows in common, %lld are asked for",
		               (long long)(rows > 0 ? rows : 0), (long long)o->rows);
	if (rows < 2)
		return gb_fail(err, GB_DATA, "the inputs have no two rows in common");
	*clock = gb_clock_single(all->step, o->run ? o->run : "run-1", o->rows >= 0 ? o->rows : rows, start);
	return GB_OK;
}

/* List the first candidate of each modality, then the second of each, and so on. */
static gb_status list_candidates(gb_sim_inputs *in, const parts *all, gb_err *err)
{
	int64_t rows = in->clock.run[0].rows;
	int total = 0, longest = 0;

	for (int i = 0; i < all->count; i++) {
		total += all->item[i].components;
		longest = all->item[i].components > longest ? all->item[i].components : longest;
	}
	in->candidate = gb_array((size_t)total, sizeof *in->candidate, err);
	in->modality = gb_array((size_t)all->count, sizeof *in->modality, err);
	if (!in->candidate || !in->modality)
		return GB_SYSTEM;
	in->modalities = all->count;
	for (int i = 0; i < all->count; i++)
		memcpy(in->modality[i], all->item[i].name, sizeof *in->modality);
	for (int k = 0; k < longest; k++)
		for (int i = 0; i < all->count; i++) {
			const part *p = &all->item[i];
			gb_regressor *d = in->candidate + in->candidates;
			int64_t offset;

			if (k >= p->components)
				continue;
			if (rows_between(p->start, in->clock.run[0].start, all->step, p->name, &offset, err))
				return GB_DATA;
			d->modality = i;
			if (p->label)
				snprintf(d->name, sizeof d->name, "%s", p->label[k]);
			else
				snprintf(d->name, sizeof d->name, "%.48s %d", p->name, k + 1);
			if (!(d->value = gb_array((size_t)rows, sizeof *d->value, err)))
				return GB_SYSTEM;
			in->candidates++;
			memcpy(d->value, p->value + (int64_t)k * p->rows + offset,
			       (size_t)rows * sizeof *d->value);
		}
	return GB_OK;
}

gb_status gb_sim_inputs_read(gb_sim_inputs *in, char *const *path, int count, const gb_sim_input_options *o,
                             gb_pool *pool, gb_err *err)
{
	parts all = {0};
	gb_status status;

	*in = (gb_sim_inputs){0};
	GB_TRY(read_parts(&all, path, count, o, pool, err));
	sort_parts(&all);
	GB_TRY(common_clock(&all, o, &in->clock, err));
	GB_TRY(list_candidates(in, &all, err));
done:
	for (int i = 0; i < all.count; i++)
		free(all.item[i].value);
	free(all.item);
	if (status)
		gb_sim_inputs_clear(in);
	return status;
}

void gb_sim_inputs_clear(gb_sim_inputs *in)
{
	for (int i = 0; i < in->candidates; i++)
		free(in->candidate[i].value);
	free(in->candidate);
	free(in->modality);
	*in = (gb_sim_inputs){0};
}

gb_status gb_sim_inputs_declare(gb_tensor_writer *writer, char *const *path, int count, gb_err *err)
{
	gb_status status = GB_OK;

	for (int i = 0; i < count && !status; i++) {
		gb_tensor_file *file = NULL;

		if (!is_tensor_file(path[i])) {
			status = gb_tensor_writer_input_path(writer, "media", path[i], err);
			continue;
		}
		status = gb_tensor_file_open(&file, path[i], err);
		if (!status)
			status = gb_tensor_writer_input_file(writer, "features", file, err);
		gb_tensor_file_close(file);
	}
	return status;
}
