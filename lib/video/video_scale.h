/* SPDX-License-Identifier: MIT */
/* video_scale.h: one plane of samples to a small plane of floats.
 *
 * area: the mean over the rectangle that an output sample covers, partly
 * covered samples weighted by their share; sums are exact integers.
 * bilinear, bicubic: a triangle, or Keys' cubic with a = −1/2 (Catmull-Rom),
 * widened by the reduction so that nothing aliases, cut at the plane's border
 * and renormalised. */
#ifndef GB_VIDEO_VIDEO_SCALE_H
#define GB_VIDEO_VIDEO_SCALE_H

#include "video/video.h"

GB_BEGIN_DECLS

#define GB_PLANE_MAX 32768 /* samples along an axis: what keeps the sums in range */

typedef struct gb_plane {
	const uint8_t *data;
	ptrdiff_t stride;  /* bytes */
	int width, height;
	bool wide;         /* uint16_t samples in the machine's order; else uint8_t */
} gb_plane;

/* Along one axis: OUT samples cover the window [FIRST, FIRST + LENGTH) in units
 * of 1/UNIT of a plane's sample (UNIT 2 for a half-size chroma plane whose
 * window is given in picture samples). */
typedef struct gb_scale_window { int first, length, unit, out; } gb_scale_window;

typedef struct gb_scaler gb_scaler;

/* PLANE_WIDTH × PLANE_HEIGHT samples go in, X.out × Y.out come out. */
GB_CHECK gb_status gb_scaler_new(gb_scaler **scaler, gb_video_filter filter, int plane_width,
                                 int plane_height, gb_scale_window x, gb_scale_window y, gb_err *err);
void gb_scaler_free(gb_scaler *scaler); /* accepts NULL */

/* OUT [y.out, x.out], in the units of the samples. */
void gb_scaler_run(gb_scaler *scaler, const gb_plane *plane, float *out);

GB_END_DECLS
#endif
