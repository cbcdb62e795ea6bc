/* SPDX-License-Identifier: MIT */
/* inspect_plot.h: a picture that fits a tensor's content. */
#ifndef GB_INSPECT_INSPECT_PLOT_H
#define GB_INSPECT_INSPECT_PLOT_H

#include "inspect/inspect.h"

GB_BEGIN_DECLS

/* A picture that fits the content: frames, volumes, lines, else a heat map.
 * TENSOR NULL: the one that matters most.  BARE: the data alone on at most
 * WIDTH × HEIGHT pixels, for a terminal; TITLE (to be freed) says what it is. */
GB_CHECK gb_status gb_inspect_plot(gb_canvas *out, gb_tensor_file *file, const char *tensor, bool bare,
                                   int width, int height, char **title, gb_err *err);

GB_END_DECLS
#endif
