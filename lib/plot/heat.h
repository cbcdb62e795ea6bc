/* SPDX-License-Identifier: MIT */
/* heat.h: heat maps. */
#ifndef GB_PLOT_HEAT_H
#define GB_PLOT_HEAT_H

#include "plot/plot.h"

GB_BEGIN_DECLS

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

GB_END_DECLS
#endif
