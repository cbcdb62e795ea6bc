/* SPDX-License-Identifier: MIT */
/* inspect_plot.c: which picture fits a tensor, and its labels.  Volumes and
 * sound are read in inspect_grids.c. */
#include "inspect/inspect_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "inspect/inspect_grids.h"
#include "inspect/inspect_tensor.h"
#include "plot/heat.h"
#include "plot/series.h"
#include "plot/sheet.h"

enum { FRAMES = 20, LARGE_FRAMES = 12, LINES = 8 };

/* ---- which tensor, which kind ---- */

static bool is_json(const gb_tensor_file *file, const gb_tensor *tensor)
{
	return !strcmp(gb_inspect_attribute_text(file, tensor->name, "encoding"), "json");
}

/* What people came for, then what is largest. */
static const gb_tensor *choose(const gb_tensor_file *file)
{
	static const char *const known[] = {"video", "bold", "mel", "codes", "text"};
	const gb_tensor *best = NULL;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if ((best = gb_tensor_file_find(file, known[i])) && best->elements)
			return best;
	best = NULL;
	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const gb_tensor *t = gb_tensor_file_at(file, i);
		if (t->dtype != GB_FOREIGN && t->elements && !is_json(file, t) &&
		    (!best || t->elements > best->elements))
			best = t;
	}
	return best;
}

static bool is_frames(const gb_tensor *t)
{
	return t->dtype == GB_U8 && t->rank >= 3 && t->shape[t->rank - 1] == 3 &&
	       t->shape[t->rank - 2] >= 8 && t->shape[t->rank - 3] >= 8;
}

/* ---- labels ---- */

typedef struct labels {
	char title[300], note[300], x[64], y[64];
	gb_clock *clock;
	gb_mark mark[GB_RUNS_MAX];
	int marks;
	double step;
} labels;

static gb_status label(labels *l, const gb_tensor_file *file, const gb_tensor *t, gb_err *err)
{
	char *shape = gb_inspect_shape(t, " × ");
	const char *unit = gb_inspect_attribute_text(file, t->name, "unit");
	const char *doc = gb_inspect_attribute_text(file, t->name, "doc"), *tool = gb_tensor_file_tool(file);

	*l = (labels){.step = 1};
	snprintf(l->title, sizeof l->title, "%s: %s %s%s%s", t->name, shape ? shape : "", t->dtype_name,
	         *unit ? ", " : "", unit);
	free(shape);
	snprintf(l->note, sizeof l->note, "%s%s%s", doc, *doc && tool ? "  ·  " : "", tool ? tool : "");
	strcpy(l->x, "index");
	strcpy(l->y, "row");
	if (!gb_tensor_file_has_clock(file, t->name))
		return GB_OK;
	if (!(l->clock = gb_array(1, sizeof *l->clock, err)))
		return GB_SYSTEM;
	if (gb_tensor_file_clock(file, t->name, l->clock, err)) {
		free(l->clock);
		return GB_DATA;
	}
	strcpy(l->x, l->clock->runs > 1 ? "scanned time (s), runs one after the other" : "time (s)");
	l->step = gb_rational_double(l->clock->step);
	for (int r = 1; r < l->clock->runs; r++)
		l->mark[l->marks++] =
		    (gb_mark){(double)gb_clock_first(l->clock, r) * l->step, l->clock->run[r].name};
	return GB_OK;
}

/* Where row 0 lies: its own time in a file of one run, 0 where runs follow one another. */
static double first_time(const labels *l)
{
	return l->clock && l->clock->runs == 1 ? gb_rational_double(l->clock->run[0].start) : 0;
}

static gb_plot plot_of(const labels *l, bool bare, int width, int height)
{
	return (gb_plot){.title = l->title,
	                 .note = *l->note ? l->note : NULL,
	                 .x = l->x,
	                 .bare = bare,
	                 .width = bare ? width : 0,
	                 .height = bare ? height : 0,
	                 .x_first = first_time(l),
	                 .x_step = l->step,
	                 .mark = l->mark,
	                 .marks = l->marks};
}

/* Axis AXIS's name in dims ("time,voxel"), or OTHERWISE. */
static void axis_name(const gb_tensor_file *file, const gb_tensor *t, int axis, const char *otherwise,
                      char out[64])
{
	char *dims = gb_inspect_value_text(gb_tensor_file_attribute(file, t->name, "dims"));
	char *save = NULL, *word;

	snprintf(out, 64, "%s", otherwise);
	word = dims ? strtok_r(dims, ",", &save) : NULL;
	for (int i = 0; word && i < axis; i++)
		word = strtok_r(NULL, ",", &save);
	if (word)
		snprintf(out, 64, "%s", word);
	free(dims);
}

/* ---- the kinds ---- */

static gb_status plot_frames(gb_canvas *out, const labels *l, const gb_plot *plot, const gb_tensor *t,
                             gb_err *err)
{
	size_t height = (size_t)t->shape[t->rank - 3], width = (size_t)t->shape[t->rank - 2],
	       bytes = height * width * 3;
	size_t rows = t->rank > 3 ? (size_t)t->shape[0] : 1;
	int most = width < 100 ? FRAMES : LARGE_FRAMES, count = rows < (size_t)most ? (int)rows : most;
	const uint8_t *frame[FRAMES];
	char text[FRAMES][64];
	const char *caption[FRAMES];

	if (height > GB_CANVAS_MAX || width > GB_CANVAS_MAX)
		return gb_fail(err, GB_DATA, "%s: frames of %zu × %zu are too large to be shown", t->name,
		               width, height);
	for (int i = 0; i < count; i++) {
		int64_t row = (int64_t)((2 * (size_t)i + 1) * rows / (2 * (size_t)count));
		int run = l->clock ? gb_clock_run_of(l->clock, row) : -1;
		gb_rational start;
		frame[i] = (const uint8_t *)t->data + (size_t)row * (t->elements / rows);
		caption[i] = text[i];
		if (run >= 0 && gb_clock_time_of(l->clock, run, row - gb_clock_first(l->clock, run), &start))
			snprintf(text[i], sizeof text[i], "%.30s%srow %lld, %.4g s",
			         l->clock->runs > 1 ? l->clock->run[run].name : "",
			         l->clock->runs > 1 ? ", " : "", (long long)row, gb_rational_double(start));
		else
			snprintf(text[i], sizeof text[i], "%lld", (long long)row);
	}
	if (t->elements < bytes)
		return gb_fail(err, GB_DATA, "%s: there are no frames to show", t->name);
	return gb_plot_frames(out, plot,
	                      &(gb_frames){.frame = frame, .count = count, .width = (int)width,
	                                   .height = (int)height, .channels = 3, .caption = caption},
	                      err);
}

static gb_status plot_lines(gb_canvas *out, const gb_plot *plot, const gb_tensor *t, gb_err *err)
{
	size_t columns = t->rank > 1 ? (size_t)t->shape[1] : 1, rows = (size_t)t->shape[0];
	float *value = gb_array(t->elements, sizeof *value, err),
	      *column = value ? gb_array(t->elements, sizeof *column, err) : NULL;
	gb_series series[LINES];
	char name[LINES][24];
	gb_status status = GB_SYSTEM;

	if (column) {
		gb_dtype_to_float(t->dtype, t->data, 0, t->elements, value);
		for (size_t k = 0; k < columns; k++) {
			for (size_t i = 0; i < rows; i++)
				column[k * rows + i] = value[i * columns + k];
			snprintf(name[k], sizeof name[k], "%zu", k);
			series[k] = (gb_series){column + k * rows, rows, columns > 1 ? name[k] : NULL};
		}
		status = gb_plot_series(out, plot, series, (int)columns, err);
	}
	free(value);
	free(column);
	return status;
}

static void read_rows(void *context, size_t line, float *out)
{
	const gb_tensor *t = context;
	size_t length = t->elements / (size_t)t->shape[0];

	gb_dtype_to_float(t->dtype, t->data, line * length, length, out);
}

/* A heat map; without time also how often each value occurs. */
static gb_status plot_heat(gb_canvas *out, const gb_tensor_file *file, const labels *l, gb_plot plot,
                           const gb_tensor *t, gb_err *err)
{
	size_t rows = (size_t)t->shape[0], sample = t->elements < 1000000 ? t->elements : 1000000;
	gb_grid grid = {rows, rows ? t->elements / rows : 0, l->clock != NULL, read_rows,
	                (void *)(uintptr_t)t};
	gb_plot below = {.note = "how often each value occurs", .x = "value"};
	gb_canvas part[2] = {{0}};
	char x[64], y[64];
	float *value;
	gb_status status;

	axis_name(file, t, l->clock ? 1 : 0, l->clock ? "feature" : "row", y);
	axis_name(file, t, 1, "column", x);
	if (!l->clock)
		plot.x = x;
	plot.y = y;
	if (l->clock || plot.bare)
		return gb_plot_heat(out, &plot, &grid, err);
	status = gb_plot_heat(&part[0], &plot, &grid, err);
	value = status ? NULL : gb_array(sample, sizeof *value, err);
	if (!status && !value)
		status = GB_SYSTEM;
	for (size_t i = 0; value && i < sample; i++)
		gb_dtype_to_float(t->dtype, t->data, (size_t)((unsigned __int128)i * t->elements / sample), 1,
		                  value + i);
	if (!status)
		status = gb_plot_histogram(&part[1], &below, value, sample, err);
	if (!status)
		status = gb_canvas_stack(out, part, 2, (gb_color){255, 255, 255}, err);
	free(value);
	gb_canvas_close(&part[0]);
	gb_canvas_close(&part[1]);
	return status;
}

/* A value a voxel: the mosaic; rows of voxels: of their SD over time, above the rows themselves. */
static gb_status plot_voxels(gb_canvas *out, const gb_tensor_file *file, const labels *l, gb_plot plot,
                             const gb_tensor *t, const gb_tensor *mask, gb_err *err)
{
	gb_plot carpet = {.x = l->x,
	                  .y = "voxel",
	                  .x_first = plot.x_first,
	                  .x_step = plot.x_step,
	                  .mark = plot.mark,
	                  .marks = plot.marks};
	const char *unit = gb_inspect_attribute_text(file, t->name, "unit");
	bool rows = t->rank == 2 && t != mask;
	gb_canvas part[2] = {{0}};
	float *volume;
	gb_status status;
	int shape[3];

	plot.value = rows ? "SD over time" : *unit ? unit : NULL;
	plot.mark = NULL;
	plot.marks = 0;
	status = gb_grids_volume(t, mask, &volume, shape, err);
	if (status)
		return status;
	status = gb_plot_mosaic(rows && !plot.bare ? &part[0] : out, &plot, volume, shape, err);
	free(volume);
	if (status || !rows || plot.bare)
		return status;
	gb_grid grid = {(size_t)t->shape[0], (size_t)t->shape[1], true, read_rows, (void *)(uintptr_t)t};
	status = gb_plot_heat(&part[1], &carpet, &grid, err);
	if (!status)
		status = gb_canvas_stack(out, part, 2, (gb_color){255, 255, 255}, err);
	gb_canvas_close(&part[0]);
	gb_canvas_close(&part[1]);
	return status;
}

/* Bands or codebooks over time: frames in order, without their padding, low bands at the bottom. */
static gb_status plot_sound(gb_canvas *out, const gb_tensor_file *file, const labels *l, gb_plot plot,
                            const gb_tensor *t, gb_err *err)
{
	gb_grid_sound sound;
	gb_grid grid;
	char y[64];
	gb_status status = gb_grids_sound(&sound, &grid, file, t, err);

	if (status)
		return status;
	axis_name(file, t, 1, "band", y);
	plot.y = y;
	plot.y_first = (double)grid.length;
	plot.y_step = -1;
	if (l->clock && grid.lines)
		plot.x_step = l->step * (double)t->shape[0] / (double)grid.lines;
	status = gb_plot_heat(out, &plot, &grid, err);
	gb_grids_sound_free(&sound);
	return status;
}

static gb_status dispatch(gb_canvas *out, gb_tensor_file *file, const gb_tensor *t, const labels *l,
                          bool bare, int width, int height, gb_err *err)
{
	gb_plot plot = plot_of(l, bare, width, height);
	const gb_tensor *mask;

	if (is_frames(t))
		return plot_frames(out, l, &plot, t, err);
	if (gb_tensor_file_need(file, t->name, GB_FOREIGN, -1, &t, err))
		return err ? err->status : GB_DATA;
	mask = gb_grids_mask(file, t);
	if (mask)
		return plot_voxels(out, file, l, plot, t, mask, err);
	if (t->rank == 3 && gb_grids_is_sound(file, t))
		return plot_sound(out, file, l, plot, t, err);
	if (t->rank == 1 || (t->rank == 2 && l->clock && t->shape[1] <= LINES))
		return plot_lines(out, &plot, t, err);
	return plot_heat(out, file, l, plot, t, err);
}

gb_status gb_inspect_plot(gb_canvas *out, gb_tensor_file *file, const char *tensor, bool bare, int width,
                          int height, char **title, gb_err *err)
{
	const gb_tensor *t = NULL;
	labels l;
	gb_status status = GB_OK;

	*title = NULL;
	if (tensor)
		status = gb_inspect_find(file, tensor, &t, err);
	else if (!(t = choose(file)))
		status = gb_fail(err, GB_DATA, "%s: no tensor with numbers to be shown",
		                 gb_tensor_file_name(file));
	if (!status && is_json(file, t))
		status =
		    gb_fail(err, GB_USAGE, "%s: %s: text is no picture: see it with --rows 0:20 --tensor %s",
		            gb_tensor_file_name(file), t->name, t->name);
	if (!status && (t->rank == 0 || !t->elements))
		status = gb_fail(err, GB_DATA, "%s: %s: nothing to be shown in %s", gb_tensor_file_name(file),
		                 t->name, t->rank ? "an empty tensor" : "a single number");
	if (!status)
		status = label(&l, file, t, err);
	if (status)
		return status;
	status = dispatch(out, file, t, &l, bare, width, height, err);
	if (!status && !(*title = gb_string(l.title, err))) {
		gb_canvas_close(out);
		status = GB_SYSTEM;
	}
	free(l.clock);
	return status;
}
