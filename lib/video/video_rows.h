/* SPDX-License-Identifier: MIT */
/* video_rows.h: the inner loops of scaling and colour, for each processor
 * class.  The same code compiled three times: all give the same bits. */
#ifndef GB_VIDEO_VIDEO_ROWS_H
#define GB_VIDEO_VIDEO_ROWS_H

#include "base/cpu.h"
#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_video_rows {
	/* SUM[x] = Σ of ROWS rows of bytes, 1 … 257 of them (what 16 bits hold). */
	void (*sum8)(uint16_t *sum, const uint8_t *first, ptrdiff_t stride, int rows, int width);
	/* SUM[x] += WEIGHT · ROW[x]. */
	void (*add8)(uint32_t *sum, const uint8_t *row, uint32_t weight, int width);
	void (*add16)(uint32_t *sum, const uint16_t *row, uint32_t weight, int width);
	/* OUT[i] = SCALE · Σ of the BOX values from SUM[i · BOX] on. */
	void (*boxes)(float *out, const uint16_t *sum, int box, int count, double scale);
	/* OUT[i] = nearest level of M · (A, B, C, 1). */
	void (*levels)(uint8_t *out, const float m[4], const float *a, const float *b, const float *c,
	               int count);
} gb_video_rows;

extern const gb_video_rows gb_video_rows_generic, gb_video_rows_avx2, gb_video_rows_avx512;
const gb_video_rows *gb_video_rows_here(void); /* by gb_cpu_class */

GB_END_DECLS
#endif
