/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "inspect/inspect_tensor.h"

/* The shortest text that reads back as the same number. */
static void print_float(FILE *out, double value, bool single)
{
	char text[40];

	for (int digits = single ? 6 : 15;; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (isnan(value) || digits >= (single ? 9 : 17) ||
		    (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value))
			break;
	}
	fputs(isnan(value) ? "nan" : text, out);
}

static void print_value(FILE *out, gb_dtype dtype, const uint8_t *data, size_t index)
{
	const uint8_t *at = data + index * gb_dtype_size(dtype);
	double value;
	int64_t i;
	uint64_t u;

	switch (dtype) {
	case GB_I64:
		memcpy(&i, at, sizeof i);
		fprintf(out, "%lld", (long long)i);
		break;
	case GB_U64:
		memcpy(&u, at, sizeof u);
		fprintf(out, "%llu", (unsigned long long)u);
		break;
	default:
		gb_dtype_to_double(dtype, data, index, 1, &value);
		if (dtype == GB_F32 || dtype == GB_F64 || dtype == GB_F16 || dtype == GB_BF16)
			print_float(out, value, dtype != GB_F64);
		else
			fprintf(out, "%.0f", value);
	}
}

/* "3" for a vector of columns, "0,1,3" for more axes. */
static void print_column(FILE *out, const gb_tensor *tensor, size_t column)
{
	size_t below = 1;

	for (int axis = 2; axis < tensor->rank; axis++)
		below *= (size_t)tensor->shape[axis];
	for (int axis = 1; axis < tensor->rank; axis++) {
		fprintf(out, "%s%zu", axis > 1 ? "," : "", column / below);
		column %= below;
		if (axis + 1 < tensor->rank)
			below /= (size_t)tensor->shape[axis + 1];
	}
}

static void print_head(FILE *out, const gb_tensor *tensor, size_t columns, const gb_clock *clock)
{
	fputs(clock ? "row\trun\tstart" : "row", out);
	for (size_t k = 0; k < columns; k++) {
		fputc('\t', out);
		if (tensor->rank < 2)
			fputs("value", out);
		else
			print_column(out, tensor, k);
	}
	fputc('\n', out);
}

static void print_place(FILE *out, int64_t row, const gb_clock *clock)
{
	int run = clock ? gb_clock_run_of(clock, row) : -1;
	gb_rational start;

	fprintf(out, "%lld", (long long)row);
	if (!clock)
		return;
	if (run >= 0 && gb_clock_time_of(clock, run, row - gb_clock_first(clock, run), &start)) {
		fprintf(out, "\t%s\t", clock->run[run].name);
		print_float(out, gb_rational_double(start), false);
	} else {
		fputs("\t\t", out);
	}
}

static gb_status check_range(const gb_tensor_file *file, const gb_tensor *tensor, int64_t count,
                             int64_t first, int64_t *end, gb_err *err)
{
	if (*end == INT64_MAX)
		*end = count;
	if (first >= 0 && first <= *end && *end <= count)
		return GB_OK;
	return gb_fail(err, GB_USAGE, "%s: %s: rows %lld:%lld are not in it: it has %lld",
	               gb_tensor_file_name(file), tensor->name, (long long)first, (long long)*end,
	               (long long)count);
}

/* The entries of a JSON array; one line each. */
static gb_status json_rows(FILE *out, const gb_tensor_file *file, const gb_tensor *tensor, int64_t first,
                           int64_t end, gb_err *err)
{
	gb_json *value;
	gb_status status = gb_json_parse(tensor->data, tensor->bytes, &value, err);

	if (status)
		return gb_fail_in(err, "%s: %s", gb_tensor_file_name(file), tensor->name);
	if (gb_json_is_array(value))
		status = check_range(file, tensor, (int64_t)gb_json_size(value), first, &end, err);
	else
		first = 0, end = 1;
	if (!status)
		fputs("row\tvalue\n", out);
	for (int64_t i = first; !status && i < end; i++) {
		const gb_json *entry = gb_json_is_array(value) ? gb_json_at(value, (size_t)i) : value;
		char *text = gb_inspect_value_text(entry);
		fprintf(out, "%lld\t%s\n", (long long)i, text ? text : "");
		free(text);
	}
	gb_json_free(value);
	return status;
}

static gb_status print_rows(FILE *out, const gb_tensor_file *file, const gb_tensor *tensor, int64_t first,
                            int64_t end, gb_err *err)
{
	size_t rows = tensor->rank ? (size_t)tensor->shape[0] : 1,
	       columns = rows ? tensor->elements / rows : 0;
	gb_clock *clock = NULL;
	gb_status status = check_range(file, tensor, (int64_t)rows, first, &end, err);

	if (!status && gb_tensor_file_has_clock(file, tensor->name)) {
		clock = gb_array(1, sizeof *clock, err);
		status = clock ? gb_tensor_file_clock(file, tensor->name, clock, err) : GB_SYSTEM;
	}
	if (!status)
		print_head(out, tensor, columns, clock);
	/* Rows of nothing are not written, however many there are. */
	for (int64_t row = first; !status && columns && row < end; row++) {
		print_place(out, row, clock);
		for (size_t k = 0; k < columns; k++) {
			fputc('\t', out);
			print_value(out, tensor->dtype, tensor->data, (size_t)row * columns + k);
		}
		fputc('\n', out);
	}
	free(clock);
	return status;
}

gb_status gb_inspect_rows(FILE *out, gb_tensor_file *file, const char *name, int64_t first, int64_t end,
                          gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_inspect_find(file, name, &tensor, err);

	if (!status && tensor->dtype == GB_FOREIGN)
		return gb_fail(err, GB_DATA, "%s: %s: its type %s is foreign: values cannot be read",
		               gb_tensor_file_name(file), tensor->name, tensor->dtype_name);
	if (status)
		return status;
	if (!strcmp(gb_inspect_attribute_text(file, tensor->name, "encoding"), "json"))
		return json_rows(out, file, tensor, first, end, err);
	return print_rows(out, file, tensor, first, end, err);
}
