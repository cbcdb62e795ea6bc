/* SPDX-License-Identifier: MIT */
/* picture_quality.h: how alike two pictures are. */
#ifndef GB_STATS_PICTURE_QUALITY_H
#define GB_STATS_PICTURE_QUALITY_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Mean SSIM (8 × 8 windows of luminance, 4 pixels apart) of COUNT pictures A and B [height, width, 3] of
 * values 0 … 1.  B_MOVES: B holds as many pictures as A; false: one, with which each is compared. */
double gb_ssim(const float *a, const float *b, size_t count, bool b_moves, int64_t height, int64_t width);

GB_END_DECLS
#endif
