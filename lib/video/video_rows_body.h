/* SPDX-License-Identifier: MIT */
/* video_rows_body.h: the loops of video_rows.h, plain C in a shape that compilers
 * vectorise; compiled once for each processor class. */
#include "base/class_body.h"
#include "video/video_rows.h"

static void sum8(uint16_t *__restrict sum, const uint8_t *__restrict first, ptrdiff_t stride, int rows,
                 int width)
{
	const uint8_t *row = first, *next = first + rows * stride;
	int y = 1;

	/* most likely wanted next, and far away: the decoder has moved on */
	for (ptrdiff_t at = 0; at < rows * stride; at += 64)
		__builtin_prefetch(next + at, 0, 2);
	for (int x = 0; x < width; x++)
		sum[x] = row[x];
	for (; y + 3 <= rows; y += 3) { /* fewer passes over SUM */
		const uint8_t *a = first + y * stride, *b = a + stride, *c = b + stride;
		for (int x = 0; x < width; x++)
			sum[x] = (uint16_t)(sum[x] + a[x] + b[x] + c[x]);
	}
	for (; y < rows; y++) {
		row = first + y * stride;
		for (int x = 0; x < width; x++)
			sum[x] = (uint16_t)(sum[x] + row[x]);
	}
}

static void add8(uint32_t *__restrict sum, const uint8_t *__restrict row, uint32_t weight, int width)
{
	for (int x = 0; x < width; x++)
		sum[x] += weight * row[x];
}

static void add16(uint32_t *__restrict sum, const uint16_t *__restrict row, uint32_t weight, int width)
{
	for (int x = 0; x < width; x++)
		sum[x] += weight * row[x];
}

static inline __attribute__((always_inline)) void
boxes_of(float *__restrict out, const uint16_t *__restrict sum, int box, int count, double scale)
{
	for (int i = 0; i < count; i++) {
		uint32_t total = 0;
		for (int k = 0; k < box; k++)
			total += sum[i * box + k];
		out[i] = (float)((int32_t)total * scale);
	}
}

static void boxes(float *out, const uint16_t *sum, int box, int count, double scale)
{
	switch (box) { /* known lengths unroll */
	case 2: boxes_of(out, sum, 2, count, scale); break;
	case 4: boxes_of(out, sum, 4, count, scale); break;
	case 8: boxes_of(out, sum, 8, count, scale); break;
	case 12: boxes_of(out, sum, 12, count, scale); break;
	default: boxes_of(out, sum, box, count, scale);
	}
}

static void levels(uint8_t *__restrict out, const float m[4], const float *__restrict a,
                   const float *__restrict b, const float *__restrict c, int count)
{
	float m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3];

	for (int i = 0; i < count; i++) {
		float value = m0 * a[i] + m1 * b[i] + m2 * c[i] + m3 + 0.5f;
		value = value > 0 ? value : 0;
		value = value < 255 ? value : 255;
		out[i] = (uint8_t)(int)value;
	}
}

const gb_video_rows GB_CLASS_NAME(gb_video_rows) = {sum8, add8, add16, boxes, levels};
