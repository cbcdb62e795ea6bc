/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_health.h"

#include <math.h>
#include <string.h>

#include "inspect/inspect_stats.h"
#include "inspect/inspect_tensor.h"
#include "inspect/text_table.h"

/* Rows of a weight matrix whose elements are all 0, where not all rows are. */
static size_t dead_rows(const gb_tensor *tensor)
{
	size_t rows = (size_t)tensor->shape[0], row_bytes = tensor->bytes / rows, dead = 0;
	const uint8_t *data = tensor->data;

	for (size_t r = 0; r < rows; r++) {
		const uint8_t *row = data + r * row_bytes;
		dead += row[0] == 0 && memcmp(row, row + 1, row_bytes - 1) == 0;
	}
	return dead == rows ? 0 : dead;
}

static bool is_float(gb_dtype dtype)
{
	return dtype == GB_F16 || dtype == GB_BF16 || dtype == GB_F32 || dtype == GB_F64;
}

/* The moments that an optimiser keeps have the shape of weights, but their rows may well be 0. */
static bool is_moment(const char *name)
{
	return strstr(name, "moment") || strstr(name, "optimiser") || strstr(name, "adam");
}

/* Weights: a matrix whose rows are units, not moments of time or samples. */
static bool has_units(const gb_tensor_file *file, const gb_tensor *t)
{
	const char *axis = gb_json_text(gb_json_at(gb_tensor_file_attribute(file, t->name, "dims"), 0));

	return t->rank == 2 && t->shape[1] > 1 && !is_moment(t->name) &&
	       (!axis || (strcmp(axis, "time") != 0 && strcmp(axis, "row") != 0));
}

gb_status gb_inspect_health(FILE *out, gb_tensor_file *file, gb_pool *pool, gb_err *err)
{
	static const char *const heading[] = {"name", "shape", "rms",        "largest",
	                                      "NaN",  "Inf",   "dead units", "verdict"};
	size_t ill = 0, looked = 0;
	gb_text_table *columns = NULL;
	gb_status status;

	GB_TRY(gb_text_table_new(&columns, heading, "llrrrrrl", err));
	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const gb_tensor *t = gb_tensor_file_at(file, i);
		gb_tensor_stats s;
		double largest, rms;
		size_t dead = 0;
		if (!is_float(t->dtype) || !t->elements)
			continue;
		GB_TRY(gb_inspect_read_stats(file, &t, pool, &s, err));
		looked++;
		largest = fmax(fabs(s.min), fabs(s.max));
		rms = sqrt(s.mean * s.mean + s.std * s.std);
		if (has_units(file, t))
			dead = dead_rows(t);
		gb_text_table_cell(columns, "%s", t->name);
		gb_inspect_shape_cell(columns, t);
		gb_text_table_cell(columns, "%.4g", rms);
		gb_text_table_cell(columns, "%.4g", largest);
		gb_text_table_cell(columns, "%zu", s.nan);
		gb_text_table_cell(columns, "%zu", s.inf);
		gb_text_table_cell(columns, "%zu", dead);
		gb_text_table_cell(columns, "%s",
		                s.nan                       ? "NaN"
		                : s.inf                     ? "Inf"
		                : largest > GB_HEALTH_LIMIT ? "huge"
		                : dead                      ? "dead"
		                                            : "ok");
		ill += s.nan || s.inf || largest > GB_HEALTH_LIMIT || dead;
	}
	GB_TRY(gb_text_table_print(columns, out, "", err));
	if (ill)
		status = gb_fail(err, GB_NO, "%s: not healthy: %zu of %zu tensors", gb_tensor_file_name(file),
		                 ill, looked);
done:
	gb_text_table_free(columns);
	return status;
}
