/* SPDX-License-Identifier: MIT */
/* png.h: PNG pictures, over libpng (which appears in png.c alone).  The same
 * pixels give the same bytes: no time, no text, no software name inside. */
#ifndef GB_PLOT_PNG_H
#define GB_PLOT_PNG_H

#include "plot/canvas.h"

GB_BEGIN_DECLS

/* *DATA is released with free(). */
GB_CHECK gb_status gb_png_encode(const gb_canvas *canvas, uint8_t **data, size_t *size, gb_err *err);
/* To a file, whole or not at all; "-" is standard output. */
GB_CHECK gb_status gb_png_write(const gb_canvas *canvas, const char *path, gb_err *err);
/* "data:image/png;base64,…" for the src of an HTML img; NULL when memory is
 * short (ERR filled); released with free(). */
GB_CHECK char *gb_png_data_uri(const gb_canvas *canvas, gb_err *err);

GB_END_DECLS
#endif
