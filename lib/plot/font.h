/* SPDX-License-Identifier: MIT */
/* font.h: a small bitmap font of our own, for canvas.c.
 *
 * Lit pixels are the ends of strokes: canvas.c joins neighbours with round
 * lines, so that text is smooth at any size. */
#ifndef GB_PLOT_FONT_H
#define GB_PLOT_FONT_H

#include "base/status.h"

GB_BEGIN_DECLS

enum { GB_GLYPH_ROWS = 9, GB_GLYPH_BASE = 6 }; /* rows of a glyph; the row that stands on the line */

typedef struct gb_glyph {
	uint8_t row[GB_GLYPH_ROWS]; /* bit x: pixel x is lit */
	int left, width;            /* of the lit part; figures are all 5 wide */
} gb_glyph;

/* A box for what the font has not. */
gb_glyph gb_font_glyph(uint32_t code);
/* The next character of UTF-8 TEXT, which is moved on; U+FFFD if it is damaged. */
uint32_t gb_font_decode(const char **text);

GB_END_DECLS
#endif
