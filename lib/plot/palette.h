/* SPDX-License-Identifier: MIT */
/* palette.h: from numbers to colours that mean the same to every eye.
 *
 * Sequential: dark violet to yellow, lightness rising evenly (OKLCh, L 0.24 …
 * 0.92, hue 300° … 105°).  Diverging: blue, near white at 0, red (L falling
 * alike to both sides; hue 255° and 28°). */
#ifndef GB_PLOT_PALETTE_H
#define GB_PLOT_PALETTE_H

#include "plot/canvas.h"

GB_BEGIN_DECLS

typedef enum gb_palette {
	GB_PALETTE_AUTO, /* diverging about 0 where values have both signs */
	GB_PALETTE_SEQUENTIAL,
	GB_PALETTE_DIVERGING,
	GB_PALETTE_GREY
} gb_palette;

/* T 0 … 1 (clamped); NaN: a light grey. */
gb_color gb_palette_at(gb_palette palette, double t);
/* Colour of line INDEX of several; eight, then again. */
gb_color gb_palette_line(int index);

GB_END_DECLS
#endif
