/* SPDX-License-Identifier: MIT */
#include "plot/frame.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const gb_color gb_paper = {255, 255, 255}, gb_ink = {38, 42, 48}, gb_pale = {110, 116, 126},
	       gb_rule = {226, 229, 234};

static const double LABEL = 1.35, TITLE = 1.8;

/* Text cut to WIDTH with an ellipsis. */
static void fitted(gb_canvas *out, double x, double y, double size, gb_color color, double width,
                   const char *text)
{
	char cut[512];
	size_t length = strlen(text) < sizeof cut - 4 ? strlen(text) : sizeof cut - 4;

	memcpy(cut, text, length);
	cut[length] = 0;
	while (length && (text[length] || gb_canvas_text_width(size, cut) > width)) {
		do
			length--;
		while (length && (text[length] & 0xc0) == 0x80);
		memcpy(cut + length, "…", sizeof "…");
		if (gb_canvas_text_width(size, cut) <= width)
			break;
	}
	gb_canvas_text(out, x, y, size, GB_LEFT, color, cut);
}

gb_status gb_frame_open(gb_canvas *out, const gb_plot *plot, bool axes, int bar, int width, int height,
                        gb_box *box, gb_err *err)
{
	int left = axes ? (plot->y ? 84 : 62) : 20, right = bar ? bar : 24;
	int top = 18 + (plot->title ? 24 : 0) + (plot->note ? 20 : 0),
	    below = axes ? (plot->x ? 52 : 34) : 18;
	int w = plot->width ? plot->width : width + left + right,
	    h = plot->height ? plot->height : height + top + below, y = 14;
	gb_status status;

	if (plot->bare)
		left = right = top = below = 0, w = plot->width ? plot->width : width,
		h = plot->height ? plot->height : height;
	if (w - left - right < 8 || h - top - below < 8)
		return gb_fail(err, GB_USAGE, "picture: %d × %d pixels is too small", w, h);
	status = gb_canvas_open(out, w, h, gb_paper, err);
	if (status)
		return status;
	*box = (gb_box){left, top, w - left - right, h - top - below};
	if (plot->bare)
		return GB_OK;
	if (plot->title)
		fitted(out, 20, y += 16, TITLE, gb_ink, w - 40, plot->title);
	if (plot->note)
		fitted(out, 20, y + 20, LABEL, gb_pale, w - 40, plot->note);
	return GB_OK;
}

double gb_frame_step(double low, double high, int count)
{
	double span = fabs(high - low), step;

	if (!(span > 0) || !isfinite(span))
		return 1;
	step = pow(10, floor(log10(span / count)));
	if (span / step > 5 * count)
		step *= 10;
	else if (span / step > 2 * count)
		step *= 5;
	else if (span / step > count)
		step *= 2;
	return step;
}

void gb_frame_number(double value, double step, char text[32])
{
	double size = fabs(value);
	int digits = (int)ceil(-log10(step) - 1e-9);

	if (size < step / 1000)
		snprintf(text, 32, "0");
	else if (size >= 1e7 || size < 1e-4)
		snprintf(text, 32, "%.3g", value);
	else
		snprintf(text, 32, "%.*f", digits < 0 ? 0 : digits > 9 ? 9 : digits, value);
	if (text[0] == '-') { /* a true minus sign */
		char rest[32];
		memcpy(rest, text + 1, 31);
		snprintf(text, 32, "−%.28s", rest);
	}
}

static void ticks_x(gb_canvas *out, gb_box box, double x0, double x1, bool grid)
{
	double step = gb_frame_step(x0, x1, box.width / 90 + 1), low = fmin(x0, x1), high = fmax(x0, x1);
	char text[32];

	for (double i = ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
		double x = box.x + (i * step - x0) / (x1 - x0) * box.width;
		if (grid)
			gb_canvas_fill(out, (int)x, box.y, 1, box.height, gb_rule);
		gb_canvas_fill(out, (int)fmin(x, box.x + box.width - 1), box.y + box.height, 1, 5, gb_pale);
		gb_frame_number(i * step, step, text);
		gb_canvas_text(out, x, box.y + box.height + 19, LABEL, GB_CENTRE, gb_ink, text);
	}
}

static void ticks_y(gb_canvas *out, gb_box box, double y0, double y1, bool grid)
{
	double step = gb_frame_step(y0, y1, box.height / 50 + 1), low = fmin(y0, y1), high = fmax(y0, y1);
	char text[32];

	for (double i = ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
		double y = box.y + box.height - (i * step - y0) / (y1 - y0) * box.height;
		if (grid)
			gb_canvas_fill(out, box.x, (int)fmin(y, box.y + box.height - 1), box.width, 1,
			               gb_rule);
		gb_canvas_fill(out, box.x - 5, (int)fmin(y, box.y + box.height - 1), 5, 1, gb_pale);
		gb_frame_number(i * step, step, text);
		gb_canvas_text(out, box.x - 9, y + 4.5, LABEL, GB_RIGHT, gb_ink, text);
	}
}

void gb_frame_axes(gb_canvas *out, const gb_plot *plot, gb_box box, double x0, double x1, double y0,
                   double y1, bool grid)
{
	if (plot->bare)
		return;
	if (x0 != x1)
		ticks_x(out, box, x0, x1, grid);
	if (y0 != y1)
		ticks_y(out, box, y0, y1, grid);
	gb_canvas_fill(out, box.x - 1, box.y, 1, box.height + 1, gb_pale);
	gb_canvas_fill(out, box.x - 1, box.y + box.height, box.width + 1, 1, gb_pale);
	if (plot->x)
		gb_canvas_text(out, box.x + box.width / 2.0, box.y + box.height + 39, LABEL, GB_CENTRE,
		               gb_pale, plot->x);
	if (plot->y)
		gb_canvas_text_up(out, 26, box.y + box.height / 2.0, LABEL, GB_CENTRE, gb_pale, plot->y);
}

void gb_frame_marks(gb_canvas *out, const gb_plot *plot, gb_box box, gb_color color, double x0, double x1)
{
	for (int i = 0; i < plot->marks; i++) {
		double x = box.x + (plot->mark[i].at - x0) / (x1 - x0) * box.width;
		if (!(x >= box.x && x <= box.x + box.width))
			continue;
		gb_canvas_line(out, floor(x) + .5, box.y, floor(x) + .5, box.y + box.height, 1.6, color);
		if (plot->mark[i].label && !plot->bare) {
			double width = gb_canvas_text_width(LABEL, plot->mark[i].label);
			double left = x + 12 + width > box.x + box.width ? x - 7 - width : x + 7;
			gb_canvas_fill(out, (int)left - 4, box.y + 3, (int)width + 8, 17, gb_paper);
			gb_canvas_text(out, left, box.y + 15, LABEL, GB_LEFT, color, plot->mark[i].label);
		}
	}
}

void gb_frame_bar(gb_canvas *out, const gb_plot *plot, gb_box box, gb_palette palette, double low,
                  double high)
{
	int x = box.x + box.width + 18, wide = 12, height = box.height < 260 ? box.height : 260;
	double step = gb_frame_step(low, high, height / 50 + 1);
	char text[32];

	if (plot->bare)
		return;
	for (int i = 0; i < height; i++)
		gb_canvas_fill(out, x, box.y + i, wide, 1, gb_palette_at(palette, 1 - (i + .5) / height));
	for (double i = ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
		double y = box.y + (high > low ? (high - i * step) / (high - low) : .5) * height;
		gb_canvas_fill(out, x + wide, (int)fmin(y, box.y + height - 1), 4, 1, gb_pale);
		gb_frame_number(i * step, step, text);
		gb_canvas_text(out, x + wide + 8, y + 4.5, LABEL, GB_LEFT, gb_ink, text);
	}
	if (plot->value)
		gb_canvas_text_up(out, x + GB_BAR_WIDTH - 26, box.y + height / 2.0, LABEL, GB_CENTRE, gb_pale,
		                  plot->value);
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* The 2nd to 98th percentile of the sorted SAMPLE without VALUE, and VALUE. */
static void range_without(float value, float *sample, size_t count, double *low, double *high)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (sample[i] != value)
			sample[kept++] = sample[i];
	if (!kept)
		return;
	*low = fmin(value, (double)sample[(size_t)(.02 * (double)(kept - 1))]);
	*high = fmax(value, (double)sample[(size_t)(.98 * (double)(kept - 1))]);
}

void gb_frame_range(const gb_plot *plot, float *sample, size_t count, gb_palette *palette, double *low,
                    double *high)
{
	size_t kept = 0;

	*low = plot->low;
	*high = plot->high;
	for (size_t i = 0; i < count; i++)
		if (isfinite(sample[i]))
			sample[kept++] = sample[i];
	qsort(sample, kept, sizeof *sample, ascending);
	if (*low == 0 && *high == 0 && kept) {
		float middle = sample[kept / 2];
		*low = sample[(size_t)(.01 * (double)(kept - 1))];
		*high = sample[(size_t)ceil(.99 * (double)(kept - 1))];
		if (sample[kept / 4] == middle && sample[3 * (kept - 1) / 4] == middle)
			range_without(middle, sample, kept, low, high); /* mostly one value: of the rest */
		if (*palette == GB_PALETTE_AUTO && *low < 0 && *high > 0)
			*palette = GB_PALETTE_DIVERGING;
		if (*palette == GB_PALETTE_DIVERGING) {
			*high = fmax(fabs(*low), fabs(*high));
			*low = -*high;
		}
	}
	if (*palette == GB_PALETTE_AUTO)
		*palette = *low < 0 && *high > 0 ? GB_PALETTE_DIVERGING : GB_PALETTE_SEQUENTIAL;
	if (*low == *high) {
		*low -= .5;
		*high += .5;
	}
}

gb_color gb_frame_color(gb_palette palette, double low, double high, double value)
{
	return gb_palette_at(palette, isnan(value) ? NAN : (value - low) / (high - low));
}
