/* SPDX-License-Identifier: MIT */
#include "dataset/set.h"
#include "base/size.h"
#include "dataset/common_clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *const companions[] = {".count", ".valid", ".pts", ".held"};

gb_status gb_member_open(gb_member *member, const char *path, gb_err *err)
{
	gb_status status = gb_input_open(&member->input, path, err);
	size_t trailer;

	if (!status)
		status = gb_tensor_file_open_memory(&member->file, member->input.data, member->input.size,
		                                    member->path, err);
	if (status || !gb_tensor_file_id(member->file))
		return status;
	/* The checksums of header and tensors stand last. */
	trailer = GB_HASH_BYTES * (1 + gb_tensor_file_count(member->file));
	member->content = gb_hash_of(member->input.data + member->input.size - trailer, trailer);
	return GB_OK;
}

void gb_member_close(gb_member *member)
{
	gb_tensor_file_close(member->file);
	gb_input_close(&member->input);
	member->file = NULL;
	memset(&member->input, 0, sizeof member->input);
}

static bool is_utf8(const char *text)
{
	gb_json *string = gb_json_string(text);
	bool good = string;

	gb_json_free(string);
	return good;
}

void gb_member_release(const gb_member *member)
{
	if (member->input.map)
		(void)!madvise(member->input.map, member->input.map_size, MADV_DONTNEED);
}

gb_status gb_set_add(gb_dataset *set, const char *path, const char *shown, const char *name,
                     const char *subject, gb_err *err)
{
	gb_status status = gb_grow(&set->member, set->members + 1, sizeof *set->member, err);
	gb_member *member;

	if (status)
		return status;
	member = &set->member[set->members++];
	memset(member, 0, sizeof *member);
	member->path = gb_string(shown, err);
	member->name = gb_string(name, err);
	member->subject = subject ? gb_string(subject, err) : NULL;
	if (!member->path || !member->name || (subject && !member->subject))
		return GB_SYSTEM;
	if (!is_utf8(name) || (subject && !is_utf8(subject)))
		return gb_fail(err, GB_USAGE,
		               "%s: its name, and that of its subject, go into the index, and must be UTF-8",
		               shown);
	return gb_member_open(member, path, err);
}

/* TENSOR's companion: the tensor NAME + SUFFIX of the same file. */
static const gb_tensor *companion(const gb_tensor_file *file, const char *name, const char *suffix)
{
	char *full = gb_format(NULL, "%s%s", name, suffix);
	const gb_tensor *tensor = full ? gb_tensor_file_find(file, full) : NULL;

	free(full);
	return tensor;
}

static bool is_companion(const gb_tensor_file *file, const char *name)
{
	size_t i, length = strlen(name);

	for (i = 0; i < sizeof companions / sizeof *companions; i++) {
		size_t tail = strlen(companions[i]);
		char *owner;
		bool found;

		if (length <= tail || strcmp(name + length - tail, companions[i]))
			continue;
		owner = gb_format(NULL, "%.*s", (int)(length - tail), name);
		found = owner && gb_tensor_file_find(file, owner);
		free(owner);
		if (found)
			return true;
	}
	return false;
}

/* Place of the axis NAME among the dims of TENSOR, −1 if it has none. */
static int axis_of(const gb_tensor_file *file, const char *tensor, const char *name)
{
	const gb_json *dims = gb_tensor_file_attribute(file, tensor, "dims");
	size_t i;

	for (i = 0; i < gb_json_size(dims); i++) {
		const char *text = gb_json_text(gb_json_at(dims, i));

		if (text && !strcmp(text, name))
			return (int)i;
	}
	return -1;
}

int gb_ragged_axis(const gb_tensor_file *file, const gb_tensor *tensor)
{
	int axis;

	if (tensor->rank < 2 || !companion(file, tensor->name, ".count"))
		return 0;
	axis = axis_of(file, tensor->name, "frame");
	if (axis < 1)
		axis = axis_of(file, tensor->name, "slot");
	/* a count of something else: the segments of a row of text */
	return axis < 1 || axis >= tensor->rank ? 0 : axis;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_row(const gb_tensor *a, const gb_tensor *b)
{
	if (a->dtype != b->dtype || a->rank != b->rank)
		return false;
	for (int i = 1; i < a->rank; i++)
		if (a->shape[i] != b->shape[i])
			return false;
	return true;
}

static gb_status new_feature(gb_dataset *set, const gb_member *member, const gb_tensor *tensor, gb_err *err)
{
	gb_status status = gb_grow(&set->bound, set->features + 1, sizeof *set->bound, err);
	gb_bound *bound;
	gb_feature *f;
	int axis;

	if (status)
		return status;
	bound = &set->bound[set->features++];
	memset(bound, 0, sizeof *bound);
	f = &bound->feature;
	if (gb_dtype_size(tensor->dtype) && (uintptr_t)tensor->data % gb_dtype_size(tensor->dtype))
		return gb_fail(err, GB_DATA, "%s: %s: not aligned to its type, as files of the profile are",
		               member->path, tensor->name);
	f->name = tensor->name;
	f->subject = member->subject;
	f->dtype = tensor->dtype;
	f->rank = tensor->rank - 1;
	f->shape = tensor->shape + 1;
	f->elements = 1;
	for (int i = 0; i < f->rank; i++)
		if (!gb_size_mul(f->elements, (size_t)f->shape[i], &f->elements))
			return gb_fail(err, GB_DATA, "%s: %s: its shape does not fit", member->path,
			               tensor->name);
	if (!gb_size_mul(f->elements, gb_dtype_size(f->dtype), &f->row_bytes) || f->row_bytes == 0)
		return gb_fail(err, GB_DATA, "%s: %s: rows without values, or of type %s", member->path,
		               tensor->name, tensor->dtype_name);
	f->file = member->file;
	axis = gb_ragged_axis(member->file, tensor);
	bound->ragged = axis > 0;
	axis = axis ? axis : f->rank;
	bound->inner = 1;
	for (int i = axis; i < f->rank; i++)
		bound->inner *= (size_t)f->shape[i];
	bound->axis = f->rank ? (size_t)f->shape[axis - 1] : 1;
	bound->tokens = axis_of(member->file, f->name, "codebook") > 0 ||
	                gb_tensor_file_attribute(member->file, f->name, "codebooks");
	return GB_OK;
}

static gb_bound *find(const gb_dataset *set, const char *name, const char *subject)
{
	for (size_t i = 0; i < set->features; i++)
		if (!strcmp(set->bound[i].feature.name, name) &&
		    same_text(set->bound[i].feature.subject, subject))
			return &set->bound[i];
	return NULL;
}

/* A tensor with time is a feature, or one more run of a feature. */
static gb_status add_part(gb_dataset *set, size_t at, const gb_tensor *tensor, gb_err *err)
{
	const gb_member *member = &set->member[at];
	gb_bound *bound = find(set, tensor->name, member->subject);
	const gb_tensor *mask = companion(member->file, tensor->name, ".mask"), *other;
	gb_part *part;
	gb_status status;

	if (!bound) {
		status = new_feature(set, member, tensor, err);
		if (status)
			return status;
		bound = &set->bound[set->features - 1];
	}
	status = gb_grow(&bound->part, bound->parts + 1, sizeof *bound->part, err);
	if (status)
		return status;
	part = &bound->part[bound->parts];
	*part = (gb_part){.member = at, .tensor = tensor};
	status = gb_tensor_file_clock(member->file, tensor->name, &part->clock, err);
	if (status)
		return status;
	if (bound->parts++ == 0) {
		bound->clock = part->clock;
		return GB_OK;
	}
	if (!same_row(tensor, bound->part[0].tensor))
		return gb_fail(err, GB_DATA,
		               "%s: %s: its rows are of another shape or type than in %s (films: the same "
		               "--size, and --fps for as many pictures in every row)",
		               member->path, tensor->name, set->member[bound->part[0].member].path);
	other = companion(bound->feature.file, tensor->name, ".mask");
	if (mask && other && (mask->bytes != other->bytes || memcmp(mask->data, other->data, mask->bytes)))
		return gb_fail(err, GB_DATA, "%s: %s: another mask than in %s", member->path, tensor->name,
		               set->member[bound->part[0].member].path);
	status = gb_clock_join(&bound->clock, &part->clock, err);
	return status ? gb_fail_in(err, "%s: %s", member->path, tensor->name) : GB_OK;
}

static gb_status find_features(gb_dataset *set, gb_err *err)
{
	size_t m, i;

	for (m = 0; m < set->members; m++) {
		const gb_tensor_file *file = set->member[m].file;
		bool any = false;

		for (i = 0; i < gb_tensor_file_count(file); i++) {
			const gb_tensor *tensor = gb_tensor_file_at(file, i);
			gb_status status;

			if (!gb_tensor_file_has_clock(file, tensor->name) || is_companion(file, tensor->name))
				continue;
			status = add_part(set, m, tensor, err);
			if (status)
				return status;
			any = true;
		}
		if (!any)
			return gb_fail(err, GB_DATA, "%s: no tensor with time: nothing to pack",
			               set->member[m].path);
	}
	return GB_OK;
}

static gb_status find_clock(gb_dataset *set, gb_err *err)
{
	const gb_clock **clock = gb_array(set->features, sizeof *clock, err);
	const char **name = gb_array(set->features, sizeof *name, err);
	gb_status status = GB_SYSTEM;
	size_t i;

	if (!clock || !name)
		goto out;
	for (i = 0; i < set->features; i++) {
		clock[i] = &set->bound[i].clock;
		name[i] = set->member[set->bound[i].part[0].member].path;
	}
	status = gb_clock_common(clock, name, set->features, &set->clock, err);
	if (!status)
		set->rows = gb_clock_rows(&set->clock);
out:
	free(clock);
	free(name);
	return status;
}

static gb_status check_companions(const gb_span *span, const gb_bound *bound, const char *path, int64_t rows,
                                  gb_err *err)
{
	const char *name = bound->feature.name;
	int64_t r;

	if (span->count && (span->count->dtype != GB_I32 || span->count->rank != 1 ||
	                    span->count->shape[0] != span->tensor->shape[0]))
		return gb_fail(err, GB_DATA, "%s: %s.count: one I32 a row is wanted", path, name);
	for (r = 0; span->count && r < rows; r++) {
		double n;

		gb_dtype_to_double(GB_I32, span->count->data, (size_t)(span->first + r), 1, &n);
		if (n < 0 || n > (double)bound->axis)
			return gb_fail(err, GB_DATA, "%s: %s.count: row %lld: %.0f of %zu", path, name,
			               (long long)(span->first + r), n, bound->axis);
	}
	if (span->valid && (gb_dtype_size(span->valid->dtype) != 1 || span->valid->rank != 1 ||
	                    span->valid->shape[0] != span->tensor->shape[0]))
		return gb_fail(err, GB_DATA, "%s: %s.valid: one U8 a row is wanted", path, name);
	return GB_OK;
}

/* Where each run of the common clock lies, and which rows are valid. */
static gb_status bind(gb_dataset *set, gb_bound *bound, gb_err *err)
{
	const char *name = bound->feature.name;
	int run;
	size_t p;

	bound->span = gb_array((size_t)set->clock.runs, sizeof *bound->span, err);
	if (!bound->span)
		return GB_SYSTEM;
	for (run = 0; run < set->clock.runs; run++) {
		gb_span *span = &bound->span[run];
		int64_t first = gb_clock_first(&set->clock, run), rows = set->clock.run[run].rows;
		gb_status status;

		for (p = 0; p < bound->parts; p++) {
			span->first = gb_clock_offset(&set->clock, run, &bound->part[p].clock);
			if (span->first >= 0)
				break;
		}
		span->tensor = bound->part[p].tensor;
		span->file = set->member[bound->part[p].member].file;
		span->count = bound->ragged ? companion(span->file, name, ".count") : NULL;
		span->valid = companion(span->file, name, ".valid");
		status = check_companions(span, bound, set->member[bound->part[p].member].path, rows, err);
		if (status)
			return status;
		if (!span->count != !bound->ragged)
			return gb_fail(err, GB_DATA, "%s: %s.count: in some of its files only",
			               set->member[bound->part[p].member].path, name);
		if (!span->valid)
			continue;
		if (!bound->valid) {
			bound->valid = gb_array((size_t)set->rows, 1, err);
			if (!bound->valid)
				return GB_SYSTEM;
			memset(bound->valid, 1, (size_t)set->rows);
			bound->feature.valid = bound->valid;
		}
		memcpy(bound->valid + first, (const uint8_t *)span->valid->data + span->first, (size_t)rows);
	}
	return GB_OK;
}

static gb_status find_subjects(gb_dataset *set, gb_err *err)
{
	size_t i, k;

	set->subject = gb_array(set->members, sizeof *set->subject, err);
	if (!set->subject)
		return GB_SYSTEM;
	for (i = 0; i < set->members; i++) {
		for (k = 0; k < set->subjects && set->member[i].subject; k++)
			if (!strcmp(set->subject[k], set->member[i].subject))
				break;
		if (set->member[i].subject && k == set->subjects)
			set->subject[set->subjects++] = set->member[i].subject;
	}
	return GB_OK;
}

gb_status gb_set_bind(gb_dataset *set, gb_err *err)
{
	gb_status status = find_features(set, err);

	if (!status)
		status = find_clock(set, err);
	if (!status)
		status = find_subjects(set, err);
	for (size_t i = 0; !status && i < set->features; i++)
		status = bind(set, &set->bound[i], err);
	return status;
}

char *gb_bound_key(const gb_bound *bound, gb_err *err)
{
	const gb_feature *f = &bound->feature;

	return gb_format(err, "%s%s%s", f->subject ? f->subject : "", f->subject ? "/" : "", f->name);
}

gb_json *gb_set_members_json(const gb_dataset *set)
{
	gb_json *list = gb_json_array();

	for (size_t i = 0; i < set->members; i++) {
		const gb_member *member = &set->member[i];
		gb_json *one = gb_json_object();
		char text[GB_HASH_TEXT];
		bool good = gb_json_set(one, "file", gb_json_string(member->name)) &&
		            gb_json_set(one, "id", gb_json_string(gb_tensor_file_id(member->file))) &&
		            gb_json_set(one, "bytes", gb_json_integer((int64_t)member->input.size)) &&
		            gb_json_set(one, "checksums",
		                        gb_json_string(gb_hash_format(member->content, text))) &&
		            gb_json_set(one, "verified", gb_json_boolean(true));

		if (good && member->subject)
			good = gb_json_set(one, "subject", gb_json_string(member->subject));
		if (!good)
			gb_json_free(one);
		if (!good || !gb_json_append(list, one)) {
			gb_json_free(list);
			return NULL;
		}
	}
	return list;
}

/* One run of a feature: its rows in a member's tensor. */
static gb_json *span_json(const gb_dataset *set, const gb_bound *bound, int run)
{
	const gb_span *span = &bound->span[run];
	gb_json *one = gb_json_object();
	size_t m = 0;
	bool good;

	while (set->member[m].file != span->file)
		m++;
	good = gb_json_set(one, "run", gb_json_string(set->clock.run[run].name)) &&
	       gb_json_set(one, "file", gb_json_string(set->member[m].name)) &&
	       gb_json_set(one, "first", gb_json_integer(span->first)) &&
	       gb_json_set(one, "rows", gb_json_integer(set->clock.run[run].rows));
	if (good)
		return one;
	gb_json_free(one);
	return NULL;
}

gb_json *gb_set_features_json(const gb_dataset *set)
{
	gb_json *list = gb_json_array();
	bool good = list;

	for (size_t i = 0; good && i < set->features; i++) {
		const gb_bound *bound = &set->bound[i];
		gb_json *one = gb_json_object(), *parts = gb_json_array();

		good = gb_json_set(one, "tensor", gb_json_string(bound->feature.name));
		if (good && bound->feature.subject)
			good = gb_json_set(one, "subject", gb_json_string(bound->feature.subject));
		for (int run = 0; good && run < set->clock.runs; run++)
			good = gb_json_append(parts, span_json(set, bound, run));
		good = gb_json_set(one, "runs", parts) && good;
		good = gb_json_append(list, one) && good;
	}
	if (good)
		return list;
	gb_json_free(list);
	return NULL;
}
