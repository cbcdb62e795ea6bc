/* SPDX-License-Identifier: MIT */
/* sheet.h: contact sheets of frames and mosaics of a volume. */
#ifndef GB_PLOT_SHEET_H
#define GB_PLOT_SHEET_H

#include "plot/plot.h"

GB_BEGIN_DECLS

/* COUNT pictures [height, width, channels] of 1 or 3 channels; CAPTION [count] stands below them, NULL:
 * none. */
typedef struct gb_frames {
	const uint8_t *const *frame;
	int count, width, height, channels;
	const char *const *caption;
} gb_frames;

/* COUNT frames [height, width, channels 1 or 3] side by side; captions may be NULL. */
GB_CHECK gb_status gb_plot_frames(gb_canvas *out, const gb_plot *plot, const gb_frames *frames, gb_err *err);
/* Slices along z of VOLUME [z, y, x] (x fastest, SHAPE is x, y, z); y upwards;
 * NaN is outside.  Cropped to what is inside. */
GB_CHECK gb_status gb_plot_mosaic(gb_canvas *out, const gb_plot *plot, const float *volume,
                                  const int shape[3], gb_err *err);

GB_END_DECLS
#endif
