/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "inspect/inspect_tensor.h"
#include "inspect/text_table.h"

/* "film.safetensors: gbt/1, 3 tensors, 12.3 MB" */
static void print_title(FILE *out, const gb_tensor_file *file)
{
	static const char *const unit[] = {"bytes", "kB", "MB", "GB", "TB"};
	char *name = strdup(gb_tensor_file_name(file));
	double bytes = 0;
	size_t count = gb_tensor_file_count(file);
	int scale = 0;

	for (size_t i = 0; i < count; i++)
		bytes += (double)gb_tensor_file_at(file, i)->bytes;
	while (bytes >= 1000 && scale < 4) {
		bytes /= 1000;
		scale++;
	}
	fprintf(out, "%s: %s, %zu tensor%s, %.*f %s\n", name ? gb_text_table_clean(name) : "?",
	        gb_tensor_file_id(file) ? "gbt/1" : "safetensors", count, count == 1 ? "" : "s",
	        scale ? 1 : 0, bytes, unit[scale]);
	free(name);
}

/* A rational for people: "3/2", and whole numbers without "/1". */
static char *brief(gb_rational value, char text[GB_RATIONAL_TEXT])
{
	gb_rational_format(value, text);
	if (value.den == 1)
		*strchr(text, '/') = 0;
	return text;
}

static void clock_text(const gb_tensor_file *file, const char *tensor, gb_clock *clock, bool *has,
                       char step[64])
{
	char number[GB_RATIONAL_TEXT];

	*step = 0;
	*has = gb_tensor_file_has_clock(file, tensor) && !gb_tensor_file_clock(file, tensor, clock, NULL);
	if (*has)
		snprintf(step, 64, "%s s", brief(clock->step, number));
}

/* Has KEY a column in the table of tensors? */
static bool is_column(const char *key)
{
	return !strcmp(key, "dims") || !strcmp(key, "time") || !strcmp(key, "unit") || !strcmp(key, "doc");
}

static gb_status print_tensors(FILE *out, const gb_tensor_file *file, gb_err *err)
{
	static const char *const heading[] = {"name", "dtype", "shape", "dims", "time", "unit", "doc"};
	gb_text_table *columns;
	gb_clock *clock = gb_array(1, sizeof *clock, err);
	gb_status status = clock ? gb_text_table_new(&columns, heading, "lllllll", err) : GB_SYSTEM;

	if (status) {
		free(clock);
		return status;
	}
	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const gb_tensor *tensor = gb_tensor_file_at(file, i);
		char *dims = gb_inspect_value_text(gb_tensor_file_attribute(file, tensor->name, "dims"));
		char step[64];
		bool has;
		clock_text(file, tensor->name, clock, &has, step);
		gb_text_table_cell(columns, "%s", tensor->name);
		gb_text_table_cell(columns, "%s", tensor->dtype_name);
		gb_inspect_shape_cell(columns, tensor);
		gb_text_table_cell(columns, "%s", dims && strcmp(dims, "null") != 0 ? dims : "");
		gb_text_table_cell(columns, "%s", step);
		gb_text_table_cell(columns, "%s", gb_inspect_attribute_text(file, tensor->name, "unit"));
		gb_text_table_cell(columns, "%s", gb_inspect_attribute_text(file, tensor->name, "doc"));
		free(dims);
	}
	status = gb_text_table_print(columns, out, "", err);
	gb_text_table_free(columns);
	free(clock);
	return status;
}

static void add_clock(gb_text_table *columns, const gb_clock *clock, const char *which)
{
	char step[GB_RATIONAL_TEXT], start[GB_RATIONAL_TEXT], end[GB_RATIONAL_TEXT];

	for (int r = 0; r < clock->runs; r++) {
		gb_rational last;
		bool fits = gb_clock_time_of(clock, r, clock->run[r].rows, &last);
		gb_text_table_cell(columns, "%s", r ? "" : "time");
		gb_text_table_cell(columns, "%s", r ? "" : which);
		gb_text_table_cell(columns, "%s: %lld rows of %s s, from %s to %s s", clock->run[r].name,
		                (long long)clock->run[r].rows, brief(clock->step, step),
		                brief(clock->run[r].start, start), fits ? brief(last, end) : "?");
	}
}

/* Each clock of the file once, with the first tensor that has it. */
static gb_status add_clocks(gb_text_table *columns, const gb_tensor_file *file, gb_err *err)
{
	gb_clock *clock = gb_array(2, sizeof *clock, err);
	int shown = 0;

	if (!clock)
		return GB_SYSTEM;
	for (size_t i = 0; i < gb_tensor_file_count(file) && shown < 8; i++) {
		const char *name = gb_tensor_file_at(file, i)->name;
		if (!gb_tensor_file_has_clock(file, name) ||
		    gb_tensor_file_clock(file, name, &clock[1], NULL))
			continue;
		if (shown && gb_clock_equal(&clock[0], &clock[1]))
			continue;
		clock[0] = clock[1];
		add_clock(columns, &clock[0], name);
		shown++;
	}
	free(clock);
	return GB_OK;
}

static void add_pairs(gb_text_table *columns, const gb_json *object, const char *what, bool all)
{
	for (void *it = gb_json_first(object); it; it = gb_json_next(object, it)) {
		char *text;
		if (!all && is_column(gb_json_key(it)))
			continue;
		text = gb_inspect_value_text(gb_json_value(it));
		gb_text_table_cell(columns, "%s", what);
		gb_text_table_cell(columns, "%s", gb_json_key(it));
		gb_text_table_cell(columns, "%.300s%s", text ? text : "",
		                text && strlen(text) > 300 ? " …" : "");
		free(text);
		what = "";
	}
}

static void add_inputs(gb_text_table *columns, const gb_json *inputs)
{
	const char *what = "input";

	for (void *it = gb_json_first(inputs); it; it = gb_json_next(inputs, it), what = "") {
		const gb_json *input = gb_json_value(it);
		const char *name = gb_json_text(gb_json_get(input, "name")), *id = gb_json_text(input);
		const char *hash = gb_json_text(gb_json_get(input, "xxh3"));
		int64_t bytes;
		gb_text_table_cell(columns, "%s", what);
		gb_text_table_cell(columns, "%s", gb_json_key(it));
		id = id ? id : gb_json_text(gb_json_get(input, "id"));
		if (id)
			gb_text_table_cell(columns, "id %s", id);
		else if (gb_json_read_integer(gb_json_get(input, "bytes"), &bytes))
			gb_text_table_cell(columns, "%s, %lld bytes, xxh3 %s", name ? name : "standard input",
			                (long long)bytes, hash ? hash : "not known");
		else
			gb_text_table_cell(columns, "%s", name ? name : "standard input");
	}
}

/* The attributes of all tensors that have no column. */
static void add_attributes(gb_text_table *columns, const gb_tensor_file *file)
{
	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const char *name = gb_tensor_file_at(file, i)->name;
		add_pairs(columns, gb_tensor_file_attribute(file, name, NULL), name, false);
	}
}

gb_status gb_inspect_table(FILE *out, const gb_tensor_file *file, gb_err *err)
{
	const gb_json *profile = gb_tensor_file_profile(file);
	gb_text_table *columns = NULL;
	gb_status status;

	print_title(out, file);
	GB_TRY(print_tensors(out, file, err));
	GB_TRY(gb_text_table_new(&columns, NULL, "lll", err));
	if (profile) {
		char *tool = gb_inspect_value_text(gb_json_get(profile, "tool"));
		fprintf(out, "  made by %s, id %s\n", tool ? tool : "", gb_tensor_file_id(file));
		free(tool);
		add_pairs(columns, gb_json_get(profile, "params"), "params", true);
		add_inputs(columns, gb_json_get(profile, "inputs"));
		GB_TRY(add_clocks(columns, file, err));
		add_attributes(columns, file);
	} else {
		add_pairs(columns, gb_tensor_file_metadata(file), "metadata", true);
	}
	status = gb_text_table_print(columns, out, "  ", err);
done:
	gb_text_table_free(columns);
	return status;
}
