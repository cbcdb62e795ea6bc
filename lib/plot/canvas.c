/* SPDX-License-Identifier: MIT */
#include "plot/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plot/font.h"

gb_status gb_canvas_open(gb_canvas *canvas, int width, int height, gb_color background, gb_err *err)
{
	*canvas = (gb_canvas){0};
	if (width < 1 || height < 1 || width > GB_CANVAS_MAX || height > GB_CANVAS_MAX)
		return gb_fail(err, GB_USAGE, "picture: %d × %d pixels: 1 to %d along each side are possible",
		               width, height, GB_CANVAS_MAX);
	canvas->rgb = gb_array((size_t)width * (size_t)height, 3, err);
	if (!canvas->rgb)
		return GB_SYSTEM;
	canvas->width = width;
	canvas->height = height;
	gb_canvas_fill(canvas, 0, 0, width, height, background);
	return GB_OK;
}

void gb_canvas_close(gb_canvas *canvas)
{
	free(canvas->rgb);
	*canvas = (gb_canvas){0};
}

static uint8_t *pixel(gb_canvas *canvas, int x, int y)
{
	return canvas->rgb + 3 * ((size_t)y * (size_t)canvas->width + (size_t)x);
}

static int clamp(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

void gb_canvas_fill(gb_canvas *canvas, int x, int y, int width, int height, gb_color color)
{
	int x1 = clamp(x + width, 0, canvas->width), y1 = clamp(y + height, 0, canvas->height);

	for (int j = clamp(y, 0, canvas->height); j < y1; j++)
		for (int i = clamp(x, 0, canvas->width); i < x1; i++)
			memcpy(pixel(canvas, i, j), (uint8_t[]){color.r, color.g, color.b}, 3);
}

void gb_canvas_blend(gb_canvas *canvas, int x, int y, gb_color color, double cover)
{
	const uint8_t ink[3] = {color.r, color.g, color.b};
	uint8_t *p;

	if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height || !(cover > 0))
		return;
	p = pixel(canvas, x, y);
	for (int c = 0; c < 3; c++)
		p[c] = (uint8_t)lround(p[c] + (ink[c] - p[c]) * (cover > 1 ? 1 : cover));
}

typedef struct stroke {
	double x0, y0, x1, y1;
} stroke;

static double distance(double x, double y, const stroke *s)
{
	double dx = s->x1 - s->x0, dy = s->y1 - s->y0, length = dx * dx + dy * dy;
	double t = length > 0 ? ((x - s->x0) * dx + (y - s->y0) * dy) / length : 0;

	t = t < 0 ? 0 : t > 1 ? 1 : t;
	return hypot(x - s->x0 - t * dx, y - s->y0 - t * dy);
}

/* All strokes as one shape, so that joints are not darker than the rest. */
static void draw(gb_canvas *canvas, const stroke *strokes, int count, double width, gb_color color)
{
	double left = INFINITY, right = -INFINITY, top = INFINITY, bottom = -INFINITY;

	for (int i = 0; i < count; i++) {
		left = fmin(left, fmin(strokes[i].x0, strokes[i].x1));
		right = fmax(right, fmax(strokes[i].x0, strokes[i].x1));
		top = fmin(top, fmin(strokes[i].y0, strokes[i].y1));
		bottom = fmax(bottom, fmax(strokes[i].y0, strokes[i].y1));
	}
	if (!(left <= right) || !(top <= bottom))
		return;
	int x0 = (int)fmax(0, floor(left - width)), x1 = (int)fmin(canvas->width - 1, ceil(right + width));
	int y0 = (int)fmax(0, floor(top - width)), y1 = (int)fmin(canvas->height - 1, ceil(bottom + width));
	for (int y = y0; y <= y1; y++)
		for (int x = x0; x <= x1; x++) {
			double nearest = INFINITY;
			for (int i = 0; i < count && nearest > 0; i++)
				nearest = fmin(nearest, distance(x + .5, y + .5, &strokes[i]));
			double cover = width / 2 + .5 - nearest;
			gb_canvas_blend(canvas, x, y, color, width < 1 ? fmin(cover, width) : cover);
		}
}

void gb_canvas_line(gb_canvas *canvas, double x0, double y0, double x1, double y1, double width,
                    gb_color color)
{
	/* Long lines in pieces, so that each looks at few pixels. */
	double length = hypot(x1 - x0, y1 - y0);
	int pieces;

	if (!isfinite(length) || length > 4 * GB_CANVAS_MAX)
		return;
	if (x0 == x1 || y0 == y1) {
		draw(canvas, &(stroke){x0, y0, x1, y1}, 1, width, color);
		return;
	}
	pieces = length > 32 ? (int)(length / 16) : 1;
	for (int i = 0; i < pieces; i++) {
		double a = (double)i / pieces, b = (double)(i + 1) / pieces;
		stroke s = {x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0)};
		draw(canvas, &s, 1, width, color);
	}
}

/* Mean of the source pixels under [x0, x1) × [y0, y1). */
static void area(gb_pixels from, int x0, int x1, int y0, int y1, uint8_t out[3])
{
	uint64_t sum[3] = {0, 0, 0}, count = (uint64_t)(x1 - x0) * (uint64_t)(y1 - y0);

	for (int y = y0; y < y1; y++)
		for (int x = x0; x < x1; x++)
			for (int c = 0; c < 3; c++)
				sum[c] += from.value[((size_t)y * (size_t)from.width + (size_t)x) *
				                         (size_t)from.channels +
				                     (from.channels == 3 ? (size_t)c : 0)];
	for (int c = 0; c < 3; c++)
		out[c] = (uint8_t)((sum[c] + count / 2) / count);
}

void gb_canvas_image(gb_canvas *canvas, int x, int y, int width, int height, gb_pixels from)
{
	for (int j = 0; j < height; j++) {
		int y0 = (int)((int64_t)j * from.height / height),
		    y1 = (int)((int64_t)(j + 1) * from.height / height);
		for (int i = 0; i < width; i++) {
			int x0 = (int)((int64_t)i * from.width / width),
			    x1 = (int)((int64_t)(i + 1) * from.width / width);
			if (x + i < 0 || y + j < 0 || x + i >= canvas->width || y + j >= canvas->height)
				continue;
			area(from, x0, x1 > x0 ? x1 : x0 + 1, y0, y1 > y0 ? y1 : y0 + 1,
			     pixel(canvas, x + i, y + j));
		}
	}
}

/* ---- text ---- */

static double advance(const gb_glyph *glyph, double size) { return (glyph->width + 1.4) * size; }

double gb_canvas_text_width(double size, const char *text)
{
	double width = 0;

	while (*text) {
		gb_glyph glyph = gb_font_glyph(gb_font_decode(&text));
		width += advance(&glyph, size);
	}
	return width > 0 ? width - 1.4 * size : 0;
}

static bool lit(const gb_glyph *glyph, int x, int y)
{
	return x >= 0 && y >= 0 && x < 5 && y < GB_GLYPH_ROWS && (glyph->row[y] >> x & 1);
}

/* Each lit pixel is joined with its neighbours; diagonally where there is no way round. */
static int strokes_of(const gb_glyph *glyph, stroke *out)
{
	int count = 0;

	for (int y = 0; y < GB_GLYPH_ROWS; y++)
		for (int x = 0; x < 5; x++) {
			if (!lit(glyph, x, y))
				continue;
			out[count++] = (stroke){x, y, x, y};
			if (lit(glyph, x + 1, y))
				out[count++] = (stroke){x, y, x + 1, y};
			if (lit(glyph, x, y + 1))
				out[count++] = (stroke){x, y, x, y + 1};
			else if (lit(glyph, x + 1, y + 1) && !lit(glyph, x + 1, y))
				out[count++] = (stroke){x, y, x + 1, y + 1};
			if (lit(glyph, x - 1, y + 1) && !lit(glyph, x - 1, y) && !lit(glyph, x, y + 1))
				out[count++] = (stroke){x, y, x - 1, y + 1};
		}
	return count;
}

static void write_text(gb_canvas *canvas, double x, double y, double size, gb_align align, gb_color color,
                       bool up, const char *text)
{
	double pen = -gb_canvas_text_width(size, text) * align / 2.0;

	while (*text) {
		gb_glyph glyph = gb_font_glyph(gb_font_decode(&text));
		stroke strokes[4 * 5 * GB_GLYPH_ROWS];
		int count = strokes_of(&glyph, strokes);

		for (int i = 0; i < count; i++) {
			stroke *s = &strokes[i];
			double ax = pen + (s->x0 - glyph.left + .5) * size,
			       ay = (s->y0 - GB_GLYPH_BASE - .5) * size;
			double bx = pen + (s->x1 - glyph.left + .5) * size,
			       by = (s->y1 - GB_GLYPH_BASE - .5) * size;
			*s = up ? (stroke){x + ay, y - ax, x + by, y - bx}
			        : (stroke){x + ax, y + ay, x + bx, y + by};
		}
		draw(canvas, strokes, count, .92 * size, color);
		pen += advance(&glyph, size);
	}
}

void gb_canvas_text(gb_canvas *canvas, double x, double y, double size, gb_align align, gb_color color,
                    const char *text)
{
	write_text(canvas, x, y, size, align, color, false, text);
}

void gb_canvas_text_up(gb_canvas *canvas, double x, double y, double size, gb_align align, gb_color color,
                       const char *text)
{
	write_text(canvas, x, y, size, align, color, true, text);
}

gb_status gb_canvas_stack(gb_canvas *out, const gb_canvas *part, size_t count, gb_color background,
                          gb_err *err)
{
	int width = 1, height = 0, y = 0;
	gb_status status;

	for (size_t i = 0; i < count; i++) {
		width = part[i].width > width ? part[i].width : width;
		height += part[i].height;
	}
	status = gb_canvas_open(out, width, height, background, err);
	for (size_t i = 0; !status && i < count; i++) {
		gb_canvas_image(out, 0, y, part[i].width, part[i].height,
		                (gb_pixels){part[i].rgb, part[i].width, part[i].height, 3});
		y += part[i].height;
	}
	return status;
}
