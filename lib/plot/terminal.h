/* SPDX-License-Identifier: MIT */
/* terminal.h: pictures on a terminal, two pixels a character (upper half
 * block: the foreground is the upper pixel, the background the lower). */
#ifndef GB_PLOT_TERMINAL_H
#define GB_PLOT_TERMINAL_H

#include "plot/canvas.h"

GB_BEGIN_DECLS

/* CANVAS as text with colour codes (of 24 bits, or the 256-colour cube), one
 * line for each two rows of pixels; NULL when memory is short (ERR filled);
 * released with free(). */
GB_CHECK char *gb_terminal_text(const gb_canvas *canvas, bool true_color, gb_err *err);

GB_END_DECLS
#endif
