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

GB_END_DECLS
#endif
