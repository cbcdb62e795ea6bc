/* SPDX-License-Identifier: MIT */
/* plot.h: the pictures of gb-inspect and of reports.
 *
 *   gb_canvas picture;
 *   gb_plot plot = {.title = "predicted and measured", .x = "time (s)", .x_step = 1.5};
 *   gb_series lines[] = {{measured, rows, "measured"}, {predicted, rows, "predicted"}};
 *   status = gb_plot_series(&picture, &plot, lines, 2, err);
 *   … gb_png_write(&picture, path, err) or gb_png_data_uri(&picture, err) …
 *   gb_canvas_close(&picture);
 *
 * A gb_plot that is all zero is a good one.  OUT is opened by the call and
 * closed by the caller; on failure there is nothing to close. */
#ifndef GB_PLOT_PLOT_H
#define GB_PLOT_PLOT_H

#include "plot/palette.h"

GB_BEGIN_DECLS

/* a line across x = AT; label may be NULL */
typedef struct gb_mark { double at; const char *label; } gb_mark;

typedef struct gb_plot {
	const char *title, *note;    /* on top; below it, in grey */
	const char *x, *y, *value;   /* what the axes and the colour bar show */
	int width, height;           /* of the picture; 0: as fits */
	bool bare;                   /* the data alone, WIDTH × HEIGHT: terminals, thumbnails */
	double x_first, x_step;      /* where index 0 lies and how far apart indices are; step 0 means 1 */
	double y_first, y_step;
	double low, high;            /* range of values shown; both 0: from the data */
	gb_palette palette;
	const gb_mark *mark;         /* run borders, an observed value over its null … */
	int marks;
} gb_plot;

/* ---- heat map ---- */

/* LINES arrays of LENGTH numbers, read one at a time, in order. */
typedef struct gb_grid {
	size_t lines, length;
	/* line i stands at x = i (time × feature); else lines go downwards from the top */
	bool along_x;
	void (*read)(void *context, size_t line, float *out);
	void *context;
} gb_grid;

/* A matrix in memory. */
gb_grid gb_grid_of(const float *values, size_t lines, size_t length, bool along_x);
/* More numbers than pixels: means over each pixel.  NaN: grey.  The range, unless
 * given, is from the 1st to the 99th percentile of what is shown. */
GB_CHECK gb_status gb_plot_heat(gb_canvas *out, const gb_plot *plot, const gb_grid *grid, gb_err *err);

/* ---- lines ---- */

typedef struct gb_series { const float *value; size_t length; const char *name; } gb_series; /* NaN: a hole */
GB_CHECK gb_status gb_plot_series(gb_canvas *out, const gb_plot *plot, const gb_series *series, int count,
                                  gb_err *err);

/* How often which value occurs; NaN and Inf are left out. */
GB_CHECK gb_status gb_plot_histogram(gb_canvas *out, const gb_plot *plot, const float *value, size_t count,
                                     gb_err *err);

/* One bar a name, sideways from 0; LOW and HIGH (NULL: none) are intervals. */
GB_CHECK gb_status gb_plot_bars(gb_canvas *out, const gb_plot *plot, const char *const *name,
                                const double *value, const double *low, const double *high, int count,
                                gb_err *err);

/* ---- pictures ---- */

/* COUNT frames [height, width, channels 1 or 3] side by side; captions may be NULL. */
GB_CHECK gb_status gb_plot_frames(gb_canvas *out, const gb_plot *plot, const uint8_t *const *frame, int count,
                                  int width, int height, int channels, const char *const *caption,
                                  gb_err *err);

/* Slices along z of VOLUME [z, y, x] (x fastest, SHAPE is x, y, z); y upwards;
 * NaN is outside.  Cropped to what is inside. */
GB_CHECK gb_status gb_plot_mosaic(gb_canvas *out, const gb_plot *plot, const float *volume,
                                  const int shape[3], gb_err *err);

GB_END_DECLS
#endif
