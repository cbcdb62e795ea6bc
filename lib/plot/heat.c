/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/heat.h"
#include "base/size.h"
#include "plot/frame.h"

enum { SAMPLE = 65536 };

gb_grid gb_grid_of(const float *values, size_t lines, size_t length, bool along_x)
{
	return (gb_grid){lines, length, along_x, NULL, (void *)(uintptr_t)values};
}

static void read_line(const gb_grid *grid, size_t line, float *out)
{
	if (grid->read)
		grid->read(grid->context, line, out);
	else
		memcpy(out, (const float *)grid->context + line * grid->length, grid->length * sizeof *out);
}

/* SUM and COUNT over the numbers that fall on each pixel of one direction. */
static void gather(const gb_grid *grid, gb_box box, float *line, double *sum, uint32_t *count)
{
	size_t across = (size_t)(grid->along_x ? box.width : box.height),
	       along = (size_t)(grid->along_x ? box.height : box.width);

	for (size_t i = 0; i < grid->lines; i++) {
		size_t cell = across >= grid->lines ? i : i * across / grid->lines;
		read_line(grid, i, line);
		for (size_t k = 0; k < grid->length; k++) {
			size_t at = cell * (along < grid->length ? along : grid->length) +
			            (along >= grid->length ? k : k * along / grid->length);
			if (!isnan(line[k])) {
				sum[at] += line[k];
				count[at]++;
			}
		}
	}
}

/* The means, and a fixed sample of them for the range of colours. */
static size_t take_means(double *sum, const uint32_t *count, size_t cells, float *sample)
{
	size_t step = cells / SAMPLE + 1, samples = 0;

	for (size_t i = 0; i < cells; i++) {
		sum[i] = count[i] ? sum[i] / count[i] : (double)NAN;
		if (i % step == 0)
			sample[samples++] = (float)sum[i];
	}
	return samples;
}

static void paint(gb_canvas *out, const gb_grid *grid, gb_box box, const double *mean, gb_palette palette,
                  double low, double high)
{
	size_t cells_across = (size_t)(grid->along_x ? box.width : box.height),
	       cells_along = (size_t)(grid->along_x ? box.height : box.width);

	cells_across = grid->lines < cells_across ? grid->lines : cells_across;
	cells_along = grid->length < cells_along ? grid->length : cells_along;
	for (int y = 0; y < box.height; y++)
		for (int x = 0; x < box.width; x++) {
			size_t i = (size_t)(grid->along_x ? x : y) * cells_across /
			           (size_t)(grid->along_x ? box.width : box.height);
			size_t k = (size_t)(grid->along_x ? y : x) * cells_along /
			           (size_t)(grid->along_x ? box.height : box.width);
			gb_canvas_fill(out, box.x + x, box.y + y, 1, 1,
			               gb_frame_color(palette, low, high, mean[i * cells_along + k]));
		}
}

static size_t cells_of(const gb_grid *grid, gb_box box)
{
	size_t across = (size_t)(grid->along_x ? box.width : box.height),
	       along = (size_t)(grid->along_x ? box.height : box.width);

	return (grid->lines < across ? grid->lines : across) * (grid->length < along ? grid->length : along);
}

/* Few numbers get whole pixels each. */
static int pixels_for(size_t count, int least, int most)
{
	if (count == 0)
		return least;
	if (count <= (size_t)most)
		return (int)count * (least > (int)count ? (least + (int)count - 1) / (int)count : 1);
	return most;
}

gb_status gb_plot_heat(gb_canvas *out, const gb_plot *plot, const gb_grid *grid, gb_err *err)
{
	size_t columns = grid->along_x ? grid->lines : grid->length,
	       rows = grid->along_x ? grid->length : grid->lines, samples;
	double x_step = plot->x_step != 0 ? plot->x_step : 1, y_step = plot->y_step != 0 ? plot->y_step : 1,
	       low, high;
	gb_palette palette = plot->palette;
	float *line = NULL, *sample = NULL;
	double *sum = NULL;
	uint32_t *count = NULL;
	gb_box box;
	gb_status status;

	status = gb_frame_open(out, plot, true, GB_BAR_WIDTH, pixels_for(columns, 560, 1100),
	                       pixels_for(rows, 240, 560), &box, err);
	if (status)
		return status;
	line = gb_array(grid->length, sizeof *line, err);
	sample = line ? gb_array(SAMPLE, sizeof *sample, err) : NULL;
	sum = sample ? gb_array((size_t)box.width * (size_t)box.height, sizeof *sum, err) : NULL;
	count = sum ? gb_array((size_t)box.width * (size_t)box.height, sizeof *count, err) : NULL;
	if (!count) {
		status = GB_SYSTEM;
	} else if (grid->lines && grid->length) {
		gather(grid, box, line, sum, count);
		samples = take_means(sum, count, cells_of(grid, box), sample);
		gb_frame_range(plot, sample, samples, &palette, &low, &high);
		paint(out, grid, box, sum, palette, low, high);
		gb_frame_axes(out, plot, box, plot->x_first, plot->x_first + x_step * (double)columns,
		              plot->y_first + y_step * (double)rows, plot->y_first, false);
		gb_frame_marks(out, plot, box, gb_ink, plot->x_first,
		               plot->x_first + x_step * (double)columns);
		gb_frame_bar(out, plot, box, palette, low, high);
	}
	free(line);
	free(sample);
	free(sum);
	free(count);
	if (status)
		gb_canvas_close(out);
	return status;
}
