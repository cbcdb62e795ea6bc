/* SPDX-License-Identifier: MIT */
#include "dataset/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "dataset/common_clock.h"
#include "dataset/member.h"
#include "dataset/pack_report.h"
#include "dataset/pad.h"
#include "dataset/repeats.h"
#include "dataset/split.h"
#include "dataset/statistics.h"
#include "io/folder.h"
#include "tensor/tensor_writer.h"

/* What packing finds beside the set itself. */
typedef struct packing {
	gb_dataset *set;
	gb_split split;
	int64_t *repeat; /* [rows] */
	float **stats;   /* [features] */
} packing;

static gb_status take_inputs(gb_dataset *set, const char *folder, const gb_pack_input *input, size_t inputs,
                             const gb_pack_options *options, gb_pool *pool, gb_err *err)
{
	gb_member_options how = {options->tool, &options->clock, pool};
	bool foreign = false;

	for (size_t i = 0; i < inputs; i++) {
		gb_status status = gb_member_take(set, folder, input[i].path, input[i].subject, &how, err);

		if (status)
			return status;
		foreign = foreign || set->member[i].foreign;
	}
	if (!foreign && (options->clock.tr.set || options->clock.start.set || options->clock.runs))
		return gb_fail(err, GB_USAGE,
		               "--tr, --runs and --start are for files without a clock of their own: here "
		               "all have one");
	return gb_members_pad(set, folder, &how, err);
}

static gb_status find_split(packing *p, const gb_pack_options *options, gb_err *err)
{
	gb_dataset *set = p->set;

	p->split.split = options->split;
	p->split.drop = options->drop;
	if (!gb_clock_rows_in(&set->clock, options->gap, &p->split.gap) ||
	    !gb_clock_rows_in(&set->clock, options->history, &p->split.history))
		return gb_fail(err, GB_DATA, "the gap or the history does not fit in rows");
	set->gap = p->split.gap;
	set->use = gb_array((size_t)set->rows, 1, err);
	return set->use ? gb_split_rows(&p->split, &set->clock, set->use, err) : GB_SYSTEM;
}

/* Find test rows that repeat train rows; unless kept, they are not scored. */
static gb_status find_repeats(packing *p, bool keep, gb_pool *pool, gb_err *err)
{
	gb_dataset *set = p->set;
	int64_t repeats = 0, first = -1;
	gb_status status;

	p->repeat = gb_array((size_t)set->rows, sizeof *p->repeat, err);
	if (!p->repeat)
		return GB_SYSTEM;
	status = gb_set_repeats(set, p->repeat, pool, err);
	if (status)
		return status;
	for (int64_t r = 0; r < set->rows; r++)
		if (p->repeat[r] >= 0 && repeats++ == 0)
			first = r;
	if (keep || !repeats)
		return GB_OK;
	if (repeats == p->split.test)
		return gb_fail(err, GB_DATA,
		               "every test row has the stimuli of a train row (row %lld those of row %lld): "
		               "--repeats keep if the design repeats them on purpose",
		               (long long)first, (long long)p->repeat[first]);
	for (int64_t r = 0; r < set->rows; r++)
		if (p->repeat[r] >= 0)
			set->use[r] = GB_ROW_HISTORY;
	p->split.test -= repeats;
	return GB_OK;
}

static gb_status add_statistics(const gb_bound *bound, gb_tensor_writer *writer, gb_err *err)
{
	static const char *const doc[] = {"mean over the valid train rows",
	                                  "population SD over the valid train rows, 1 where it is 0"};
	const gb_feature *f = &bound->feature;
	char *key = gb_bound_key(bound, err);
	gb_status status = key ? GB_OK : GB_SYSTEM;

	for (int i = 0; !status && i < 2; i++) {
		gb_tensor_spec spec = {.dtype = GB_F32, .rank = f->rank ? f->rank : 1, .doc = doc[i]};
		char *name = gb_format(err, "%s.%s", key, i ? "std" : "mean");

		spec.name = name;
		spec.shape[0] = 1;
		if (f->rank)
			memcpy(spec.shape, f->shape, (size_t)f->rank * sizeof *f->shape);
		status = name ? gb_tensor_writer_add(writer, &spec, err) : GB_SYSTEM;
		free(name);
	}
	free(key);
	return status;
}

static gb_status put_statistics(const gb_bound *bound, const float *stats, gb_tensor_writer *writer,
                                gb_err *err)
{
	size_t elements = bound->feature.elements;
	char *key = gb_bound_key(bound, err);
	gb_status status = key ? GB_OK : GB_SYSTEM;

	for (int i = 0; !status && i < 2; i++) {
		char *name = gb_format(err, "%s.%s", key, i ? "std" : "mean");

		status = name ? gb_tensor_writer_put(writer, name, stats + (i ? elements : 0),
		                                     elements * sizeof *stats, err)
		              : GB_SYSTEM;
		free(name);
	}
	free(key);
	return status;
}

static gb_status add_inputs(const gb_dataset *set, gb_tensor_writer *writer, gb_err *err)
{
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < set->members; i++) {
		const gb_member *member = &set->member[i];
		char *role = member->subject ? gb_format(err, "subject %s", member->subject)
		                             : gb_string("stimulus", err);

		status = role ? gb_tensor_writer_input_file(writer, role, member->file, err) : GB_SYSTEM;
		free(role);
	}
	return status;
}

static gb_status add_rows(const packing *p, gb_tensor_writer *writer, gb_err *err)
{
	gb_tensor_spec use = {.name = "use",
	                      .dtype = GB_U8,
	                      .rank = 1,
	                      .shape = {p->set->rows},
	                      .dims = "time",
	                      .clock = &p->set->clock,
	                      .doc = "0 history only, 1 train, 2 test"};
	gb_tensor_spec repeat = {.name = "repeat",
	                         .dtype = GB_I64,
	                         .rank = 1,
	                         .shape = {p->set->rows},
	                         .dims = "time",
	                         .clock = &p->set->clock,
	                         .doc = "the first train row whose stimuli a test row repeats, else -1"};
	gb_status status;

	use.attributes = gb_json_object();
	if (!gb_json_set(use.attributes, "gap_rows", gb_json_integer(p->split.gap)) ||
	    !gb_json_set(use.attributes, "history_rows", gb_json_integer(p->split.history)))
		return gb_fail(err, GB_SYSTEM, "memory is short");
	status = gb_tensor_writer_add(writer, &use, err);
	return status ? status : gb_tensor_writer_add(writer, &repeat, err);
}

static gb_status add_lists(const gb_dataset *set, gb_tensor_writer *writer, gb_err *err)
{
	gb_json *members = gb_set_members_json(set), *features = gb_set_features_json(set);
	gb_status status;

	if (!members || !features)
		status = gb_fail(err, GB_SYSTEM, "memory is short");
	else
		status = gb_tensor_writer_add_json(writer, "members", members, "the files of this folder",
		                                   err);
	if (!status)
		status = gb_tensor_writer_add_json(writer, "features", features,
		                                   "where the rows of each run of a feature lie", err);
	gb_json_free(members);
	gb_json_free(features);
	return status;
}

static gb_status write_index(const packing *p, const char *folder, const gb_pack_options *options,
                             gb_pool *pool, gb_err *err)
{
	const gb_dataset *set = p->set;
	char *path = gb_format(err, "%s/%s", folder, GB_SET_INDEX);
	gb_tensor_writer *writer = NULL;
	gb_status status = path ? gb_tensor_writer_new(&writer, options->tool, options->params, err)
	                        : GB_SYSTEM;
	size_t i;

	if (!status)
		status = add_inputs(set, writer, err);
	if (!status)
		status = add_rows(p, writer, err);
	for (i = 0; !status && i < set->features; i++)
		if (p->stats[i])
			status = add_statistics(&set->bound[i], writer, err);
	if (!status)
		status = add_lists(set, writer, err);
	if (!status)
		status = gb_tensor_writer_begin(writer, path, err);
	if (!status)
		status = gb_tensor_writer_put(writer, "use", set->use, (size_t)set->rows, err);
	if (!status)
		status = gb_tensor_writer_put(writer, "repeat", p->repeat,
		                              (size_t)set->rows * sizeof *p->repeat, err);
	for (i = 0; !status && i < set->features; i++)
		if (p->stats[i])
			status = put_statistics(&set->bound[i], p->stats[i], writer, err);
	if (!status)
		status = gb_tensor_writer_commit(writer, pool, err);
	gb_tensor_writer_free(writer);
	free(path);
	return status;
}

static void clear(packing *p)
{
	for (size_t i = 0; p->stats && i < p->set->features; i++)
		free(p->stats[i]);
	free(p->stats);
	free(p->repeat);
	gb_dataset_close(p->set);
}

gb_status gb_pack(const char *out, const gb_pack_input *input, size_t inputs, const gb_pack_options *options,
                  gb_pool *pool, char **report, gb_err *err)
{
	packing p = {.set = gb_array(1, sizeof *p.set, err)};
	gb_folder folder = {0};
	gb_status status = p.set ? gb_folder_open(&folder, out, GB_SET_INDEX, err) : GB_SYSTEM;

	*report = NULL;
	if (!status)
		status = take_inputs(p.set, folder.temporary, input, inputs, options, pool, err);
	if (!status)
		status = gb_set_bind(p.set, err);
	if (!status)
		status = find_split(&p, options, err);
	if (!status && !(p.stats = gb_array(p.set->features, sizeof *p.stats, err)))
		status = GB_SYSTEM;
	if (!status)
		status = gb_set_statistics(p.set, p.stats, pool, err);
	if (!status)
		status = find_repeats(&p, options->keep_repeats, pool, err);
	if (!status)
		status = write_index(&p, folder.temporary, options, pool, err);
	if (!status && !(*report = gb_pack_report(p.set, &p.split, p.repeat, err)))
		status = GB_SYSTEM;
	if (!status)
		status = gb_folder_commit(&folder, err);
	gb_folder_abort(&folder);
	clear(&p);
	if (status) {
		free(*report);
		*report = NULL;
	}
	return status;
}
