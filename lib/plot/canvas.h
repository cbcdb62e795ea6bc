/* SPDX-License-Identifier: MIT */
/* canvas.h: a picture in memory that can be drawn on.  Everything is clipped. */
#ifndef GB_PLOT_CANVAS_H
#define GB_PLOT_CANVAS_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_color { uint8_t r, g, b; } gb_color;

typedef struct gb_canvas {
	int width, height;
	uint8_t *rgb; /* [height, width, 3] */
} gb_canvas;

#define GB_CANVAS_MAX 16384 /* pixels along one side */

/* Open fills with BACKGROUND; close accepts one that is all zero. */
GB_CHECK gb_status gb_canvas_open(gb_canvas *canvas, int width, int height, gb_color background, gb_err *err);
void gb_canvas_close(gb_canvas *canvas);

void gb_canvas_fill(gb_canvas *canvas, int x, int y, int width, int height, gb_color color);
/* COVER 0 … 1 of COLOR over what is there. */
void gb_canvas_blend(gb_canvas *canvas, int x, int y, gb_color color, double cover);
/* A round-ended line; pixel (x, y) has its centre at (x + 1/2, y + 1/2). */
void gb_canvas_line(gb_canvas *canvas, double x0, double y0, double x1, double y1, double width,
                    gb_color color);
/* A picture of 1 (grey) or 3 channels, scaled to WIDTH × HEIGHT: whole pixels
 * when enlarged, means over areas when reduced. */
typedef struct gb_pixels { const uint8_t *value; int width, height, channels; } gb_pixels;
void gb_canvas_image(gb_canvas *canvas, int x, int y, int width, int height, gb_pixels from);

/* UTF-8 text (Latin, figures and a few signs; a box for the rest).  SIZE:
 * pixels for each of the font's; capitals are 6 × SIZE high. */
typedef enum gb_align { GB_LEFT, GB_CENTRE, GB_RIGHT } gb_align;
double gb_canvas_text_width(double size, const char *text);
/* Y is the line that letters stand on. */
void gb_canvas_text(gb_canvas *canvas, double x, double y, double size, gb_align align, gb_color color,
                    const char *text);
/* The same, upwards; X is the line that letters stand on. */
void gb_canvas_text_up(gb_canvas *canvas, double x, double y, double size, gb_align align, gb_color color,
                       const char *text);

/* COUNT pictures below one another in a new one, left-aligned on BACKGROUND. */
GB_CHECK gb_status gb_canvas_stack(gb_canvas *out, const gb_canvas *part, size_t count, gb_color background,
                                   gb_err *err);

GB_END_DECLS
#endif
