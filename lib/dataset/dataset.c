/* SPDX-License-Identifier: MIT */
#include "dataset/dataset.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "dataset/set.h"

static const gb_bound *bound_of(const gb_feature *feature)
{
	return (const gb_bound *)feature;
}

/* A U8 tensor of JSON in the index. */
static gb_status read_json(gb_dataset *set, const char *name, gb_json **value, gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(set->index, name, GB_U8, 1, &tensor, err);

	if (!status)
		status = gb_json_parse(tensor->data, tensor->bytes, value, err);
	return status ? gb_fail_in(err, "%s: %s", set->path, name) : GB_OK;
}

static gb_status open_member(gb_dataset *set, const gb_json *one, gb_err *err)
{
	const char *name = gb_json_text(gb_json_get(one, "file")), *id = gb_json_text(gb_json_get(one, "id"));
	const char *checksums = gb_json_text(gb_json_get(one, "checksums"));
	char text[GB_HASH_TEXT], *path;
	gb_status status;

	if (!name || !id || !checksums || strchr(name, '/'))
		return gb_fail(err, GB_DATA, "%s: members: file, id and checksums of each are wanted",
		               set->path);
	path = gb_format(err, "%s/%s", set->path, name);
	if (!path)
		return GB_SYSTEM;
	status = gb_set_add(set, path, path, name, gb_json_text(gb_json_get(one, "subject")), err);
	if (!status) {
		const gb_member *member = &set->member[set->members - 1];
		const char *found = gb_tensor_file_id(member->file);

		if (!found || strcmp(found, id) || strcmp(gb_hash_format(member->content, text), checksums))
			status = gb_fail(err, GB_DATA, "%s: not the file that was packed: pack the set again",
			                 path);
	} else if (status == GB_USAGE) {
		err->status = status = GB_DATA; /* the set that was named lacks something */
	}
	free(path);
	return status;
}

static gb_status open_members(gb_dataset *set, gb_err *err)
{
	gb_json *members = NULL, *features = NULL, *found = NULL;
	gb_status status = read_json(set, "members", &members, err);
	size_t i;

	if (!status)
		status = read_json(set, "features", &features, err);
	if (!status && gb_json_size(members) == 0)
		status = gb_fail(err, GB_DATA, "%s: no members", set->path);
	for (i = 0; !status && i < gb_json_size(members); i++)
		status = open_member(set, gb_json_at(members, i), err);
	if (!status)
		status = gb_set_bind(set, err);
	if (!status && !(found = gb_set_features_json(set)))
		status = gb_fail(err, GB_SYSTEM, "%s: memory is short", set->path);
	if (!status && !gb_json_equal(found, features))
		status = gb_fail(err, GB_DATA, "%s: its index and its members differ: pack the set again",
		                 set->path);
	gb_json_free(members);
	gb_json_free(features);
	gb_json_free(found);
	return status;
}

/* The row uses, and what the profile says beside them. */
static gb_status read_use(gb_dataset *set, gb_err *err)
{
	const gb_tensor *tensor;
	gb_clock clock;
	gb_status status = gb_tensor_file_need(set->index, "use", GB_U8, 1, &tensor, err);

	if (!status)
		status = gb_tensor_file_clock(set->index, "use", &clock, err);
	if (status)
		return gb_fail_in(err, "%s", set->path);
	if (!gb_clock_equal(&clock, &set->clock))
		return gb_fail(err, GB_DATA,
		               "%s: its index has another clock than its members: pack the set again",
		               set->path);
	if (!gb_json_read_integer(gb_tensor_file_attribute(set->index, "use", "gap_rows"), &set->gap) ||
	    set->gap < 0)
		return gb_fail(err, GB_DATA, "%s: use: no gap_rows", set->path);
	set->use = gb_array((size_t)set->rows, 1, err);
	if (!set->use)
		return GB_SYSTEM;
	memcpy(set->use, tensor->data, (size_t)set->rows);
	for (int64_t r = 0; r < set->rows; r++)
		if (set->use[r] > GB_ROW_TEST)
			return gb_fail(err, GB_DATA, "%s: use: row %lld is %d, 0 to 2 are wanted", set->path,
			               (long long)r, set->use[r]);
	return GB_OK;
}

static gb_status read_statistics(gb_dataset *set, gb_bound *bound, gb_err *err)
{
	static const char *const names[] = {"mean", "std"};
	char *key = gb_bound_key(bound, err);
	gb_status status = key ? GB_OK : GB_SYSTEM;

	for (int i = 0; !status && i < 2; i++) {
		char *name = gb_format(err, "%s.%s", key, names[i]);
		const gb_tensor *tensor;

		status = name ? gb_tensor_file_need(set->index, name, GB_F32, -1, &tensor, err) : GB_SYSTEM;
		if (!status && tensor->elements != bound->feature.elements)
			status = gb_fail(err, GB_DATA, "%s: %s: %zu values, %zu wanted", set->path, name,
			                 tensor->elements, bound->feature.elements);
		if (!status)
			*(i ? &bound->feature.std : &bound->feature.mean) = tensor->data;
		free(name);
	}
	free(key);
	return status;
}

gb_status gb_dataset_open(gb_dataset **out, const char *folder, gb_err *err)
{
	gb_dataset *set = gb_array(1, sizeof *set, err);
	char *index = gb_format(err, "%s/%s", folder, GB_SET_INDEX);
	gb_status status = set && index ? GB_OK : GB_SYSTEM;

	*out = NULL;
	if (!status && !(set->path = gb_string(folder, err)))
		status = GB_SYSTEM;
	if (!status)
		status = gb_tensor_file_open(&set->index, index, err);
	if (status == GB_USAGE)
		status = gb_fail(err, GB_USAGE, "%s: not a data set (no %s): make one with gb-cache pack -o",
		                 folder, GB_SET_INDEX);
	if (!status && !gb_tensor_file_id(set->index))
		status = gb_fail(err, GB_DATA, "%s: not the index of a data set", index);
	if (!status)
		status = open_members(set, err);
	if (!status)
		status = read_use(set, err);
	for (size_t i = 0; !status && i < set->features; i++)
		if (!set->bound[i].tokens)
			status = read_statistics(set, &set->bound[i], err);
	free(index);
	if (status)
		gb_dataset_close(set);
	else
		*out = set;
	return status;
}

void gb_dataset_close(gb_dataset *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->features; i++) {
		free(set->bound[i].part);
		free(set->bound[i].span);
		free(set->bound[i].valid);
	}
	for (i = 0; i < set->members; i++) {
		gb_member_close(&set->member[i]);
		free(set->member[i].path);
		free(set->member[i].name);
		free(set->member[i].subject);
	}
	gb_tensor_file_close(set->index);
	free(set->bound);
	free(set->member);
	free(set->subject);
	free(set->use);
	free(set->path);
	free(set);
}

const char *gb_dataset_id(const gb_dataset *set) { return gb_tensor_file_id(set->index); }
const gb_clock *gb_dataset_clock(const gb_dataset *set) { return &set->clock; }
int64_t gb_dataset_rows(const gb_dataset *set) { return set->rows; }
const uint8_t *gb_dataset_use(const gb_dataset *set) { return set->use; }
int64_t gb_dataset_gap(const gb_dataset *set) { return set->gap; }
size_t gb_dataset_features(const gb_dataset *set) { return set->features; }
const gb_feature *gb_dataset_feature(const gb_dataset *set, size_t index)
{
	return &set->bound[index].feature;
}
size_t gb_dataset_subjects(const gb_dataset *set) { return set->subjects; }
const char *gb_dataset_subject(const gb_dataset *set, size_t index) { return set->subject[index]; }

const gb_feature *gb_dataset_find(const gb_dataset *set, const char *name, const char *subject)
{
	for (size_t i = 0; i < set->features; i++) {
		const gb_feature *f = &set->bound[i].feature;

		if (!strcmp(f->name, name) &&
		    (subject ? f->subject && !strcmp(f->subject, subject) : !f->subject))
			return f;
	}
	return NULL;
}

/* The span of ROW, and *AT the row of its tensor. */
static const gb_span *span_of(const gb_dataset *set, const gb_bound *bound, int64_t row, int64_t *at)
{
	int run = gb_clock_run_of(&set->clock, row);

	*at = bound->span[run].first + row - gb_clock_first(&set->clock, run);
	return &bound->span[run];
}

const void *gb_dataset_row(const gb_dataset *set, const gb_feature *feature, int64_t row)
{
	int64_t at;
	const gb_span *span = span_of(set, bound_of(feature), row, &at);

	return (const uint8_t *)span->tensor->data + (size_t)at * feature->row_bytes;
}

int64_t gb_dataset_count(const gb_dataset *set, const gb_feature *feature, int64_t row)
{
	const gb_bound *bound = bound_of(feature);
	int64_t at;
	const gb_span *span = span_of(set, bound, row, &at);
	int32_t count;

	if (!span->count)
		return (int64_t)bound->axis;
	memcpy(&count, (const uint8_t *)span->count->data + (size_t)at * sizeof count, sizeof count);
	return count;
}

void gb_dataset_read(const gb_dataset *set, const gb_feature *feature, int64_t row, bool standardise,
                     float *out)
{
	const gb_bound *bound = bound_of(feature);
	int64_t count;
	size_t i;

	gb_dtype_to_float(feature->dtype, gb_dataset_row(set, feature, row), 0, feature->elements, out);
	if (!standardise || !feature->mean)
		return;
	for (i = 0; i < feature->elements; i++)
		out[i] = (out[i] - feature->mean[i]) / feature->std[i];
	if (!bound->ragged || feature->dtype == GB_U8)
		return;
	count = gb_dataset_count(set, feature, row);
	for (i = 0; i < feature->elements; i++) /* padding of floats is 0, and stays it */
		if (!gb_bound_inside(bound, i, count))
			out[i] = 0;
}
