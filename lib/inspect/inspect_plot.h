/* SPDX-License-Identifier: MIT */
/* inspect_plot.h: a picture of a tensor. */
#ifndef GB_INSPECT_INSPECT_PLOT_H
#define GB_INSPECT_INSPECT_PLOT_H

#include "plot/canvas.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* The picture that fits the content: frames, volumes, lines, else a heat map.  TENSOR NULL: the most
 * interesting one.  BARE: the data alone on at most WIDTH × HEIGHT pixels, for a terminal.  *TITLE describes
 * the picture and is released with free(). */
GB_CHECK gb_status gb_inspect_plot(gb_canvas *out, gb_tensor_file *file, const char *tensor, bool bare,
                                   int width, int height, char **title, gb_err *err);

GB_END_DECLS
#endif
