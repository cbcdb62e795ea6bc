/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/series.h"
#include "base/size.h"
#include "plot/frame.h"

static const double LABEL = 1.35;

/* Lowest and highest of all lines, with a little air. */
static void extent(const gb_plot *plot, const gb_series *series, int count, double *low, double *high)
{
	double air;

	*low = plot->low;
	*high = plot->high;
	if (*low != 0 || *high != 0)
		return;
	*low = INFINITY;
	*high = -INFINITY;
	for (int s = 0; s < count; s++)
		for (size_t i = 0; i < series[s].length; i++)
			if (isfinite(series[s].value[i])) {
				*low = fmin(*low, (double)series[s].value[i]);
				*high = fmax(*high, (double)series[s].value[i]);
			}
	if (!(*low <= *high))
		*low = 0, *high = 1;
	air = *high > *low ? (*high - *low) * .05 : .5;
	*low -= air;
	*high += air;
}

static double height_of(gb_box box, double low, double high, double value)
{
	double t = (value - low) / (high - low);

	return box.y + box.height * (1 - (t < 0 ? 0 : t > 1 ? 1 : t));
}

/* More than two numbers a pixel: from the lowest to the highest in each column. */
static void envelope(gb_canvas *out, gb_box box, const gb_series *series, size_t longest, double low,
                     double high, gb_color color)
{
	double last_top = NAN, last_bottom = NAN;

	for (int x = 0; x < box.width; x++) {
		size_t from = (size_t)x * longest / (size_t)box.width,
		       to = (size_t)(x + 1) * longest / (size_t)box.width;
		double least = INFINITY, most = -INFINITY;
		for (size_t i = from; i < to && i < series->length; i++)
			if (isfinite(series->value[i])) {
				least = fmin(least, (double)series->value[i]);
				most = fmax(most, (double)series->value[i]);
			}
		if (least > most) {
			last_top = last_bottom = NAN;
			continue;
		}
		double top = height_of(box, low, high, most), bottom = height_of(box, low, high, least);
		double from_y = isnan(last_bottom) ? top : fmin(top, last_bottom),
		       to_y = isnan(last_top) ? bottom : fmax(bottom, last_top);
		gb_canvas_line(out, box.x + x + .5, from_y, box.x + x + .5, fmax(to_y, from_y + .5), 1,
		               color);
		last_top = top;
		last_bottom = bottom;
	}
}

static void polyline(gb_canvas *out, gb_box box, const gb_series *series, size_t longest, double low,
                     double high, gb_color color)
{
	double width = out->width < 300 ? 1 : 1.7, step = (double)box.width / (double)longest;

	for (size_t i = 0; i < series->length; i++) {
		double x = box.x + ((double)i + .5) * step, y = height_of(box, low, high, series->value[i]);
		if (!isfinite(series->value[i]))
			continue;
		if (i + 1 < series->length && isfinite(series->value[i + 1]))
			gb_canvas_line(out, x, y, x + step, height_of(box, low, high, series->value[i + 1]),
			               width, color);
		else
			gb_canvas_line(out, x, y, x, y, width + 1, color);
	}
}

static void legend(gb_canvas *out, const gb_plot *plot, gb_box box, const gb_series *series, int count)
{
	double x = box.x + box.width, size = LABEL;

	if (plot->bare)
		return;
	for (int s = count - 1; s >= 0; s--) {
		if (!series[s].name)
			continue;
		x -= gb_canvas_text_width(size, series[s].name);
		gb_canvas_text(out, x, box.y - 5, size, GB_LEFT, gb_ink, series[s].name);
		gb_canvas_line(out, x - 22, box.y - 9, x - 8, box.y - 9, 2.4, gb_palette_line(s));
		x -= 38;
		if (x < box.x + 40)
			return;
	}
}

gb_status gb_plot_series(gb_canvas *out, const gb_plot *plot, const gb_series *series, int count, gb_err *err)
{
	double x_step = plot->x_step != 0 ? plot->x_step : 1, low, high;
	size_t longest = 1;
	bool named = false;
	gb_box box;
	gb_status status = gb_frame_open(out, plot, true, 0, 960, 260, &box, err);

	if (status)
		return status;
	for (int s = 0; s < count; s++) {
		longest = series[s].length > longest ? series[s].length : longest;
		named |= series[s].name != NULL;
	}
	if (named && !plot->bare) {
		box.y += 16;
		box.height -= 16;
	}
	extent(plot, series, count, &low, &high);
	gb_frame_axes(out, plot, box, plot->x_first, plot->x_first + x_step * (double)longest, low, high,
	              true);
	gb_frame_marks(out, plot, box, gb_palette_line(1), plot->x_first,
	               plot->x_first + x_step * (double)longest);
	for (int s = 0; s < count; s++)
		(longest > 2 * (size_t)box.width ? envelope : polyline)(out, box, &series[s], longest, low,
		                                                        high, gb_palette_line(s));
	legend(out, plot, box, series, count);
	return GB_OK;
}

/* ---- histogram ---- */

enum { BINS = 60 };

/* Bins of [LOW, HIGH] over finite values; returns how many values there were. */
static size_t count_bins(const float *value, size_t count, const gb_plot *plot, size_t bin[BINS], double *low,
                         double *high)
{
	size_t kept = 0;
	double step;

	*low = plot->low;
	*high = plot->high;
	if (*low == 0 && *high == 0) {
		*low = INFINITY;
		*high = -INFINITY;
		for (size_t i = 0; i < count; i++)
			if (isfinite(value[i])) {
				*low = fmin(*low, (double)value[i]);
				*high = fmax(*high, (double)value[i]);
			}
		for (int i = 0; i < plot->marks; i++) {
			*low = fmin(*low, plot->mark[i].at);
			*high = fmax(*high, plot->mark[i].at);
		}
	}
	if (!(*low <= *high))
		*low = 0, *high = 1;
	step = *high > *low ? (*high - *low) * .02 : .5;
	*low -= step;
	*high += step;
	memset(bin, 0, BINS * sizeof *bin);
	for (size_t i = 0; i < count; i++)
		if (value[i] >= *low && value[i] <= *high) {
			int at = (int)((value[i] - *low) / (*high - *low) * BINS);
			bin[at < BINS ? at : BINS - 1]++;
			kept++;
		}
	return kept;
}

gb_status gb_plot_histogram(gb_canvas *out, const gb_plot *plot, const float *value, size_t count,
                            gb_err *err)
{
	size_t bin[BINS], most = 1;
	double low, high;
	gb_box box;
	gb_status status = gb_frame_open(out, plot, true, 0, 720, 260, &box, err);

	if (status)
		return status;
	count_bins(value, count, plot, bin, &low, &high);
	for (int i = 0; i < BINS; i++)
		most = bin[i] > most ? bin[i] : most;
	gb_frame_axes(out, plot, box, low, high, 0, (double)most * 1.08, true);
	for (int i = 0; i < BINS; i++) {
		int x0 = box.x + i * box.width / BINS, x1 = box.x + (i + 1) * box.width / BINS;
		int tall = (int)lround((double)bin[i] / ((double)most * 1.08) * box.height);
		gb_canvas_fill(out, x0, box.y + box.height - tall, x1 - x0 > 2 ? x1 - x0 - 1 : x1 - x0, tall,
		               gb_palette_line(0));
	}
	gb_frame_marks(out, plot, box, gb_palette_line(1), low, high);
	return GB_OK;
}
