/* SPDX-License-Identifier: MIT */
/* video_colour.h: conversion between RGB and the three samples of a pixel.
 *
 * Formulas and coefficients: ITU-T H.273, tables 4 and section 8.3. */
#ifndef GB_VIDEO_VIDEO_COLOUR_H
#define GB_VIDEO_VIDEO_COLOUR_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef enum gb_colour_matrix {
	GB_MATRIX_UNKNOWN = -1,
	GB_MATRIX_RGB, GB_MATRIX_BT601, GB_MATRIX_BT709, GB_MATRIX_BT2020, GB_MATRIX_FCC, GB_MATRIX_SMPTE240M,
	GB_MATRIX_YCGCO
} gb_colour_matrix;

#define GB_MATRIX_CHOICES "auto|bt601|bt709|bt2020|fcc|smpte240m|ycgco|rgb"

gb_colour_matrix gb_colour_matrix_parse(const char *name);  /* GB_MATRIX_UNKNOWN if it is none */
const char *gb_colour_matrix_name(gb_colour_matrix matrix);

/* R, G, B = M[0 … 2] · (first, second, third, 1), in levels 0 … 255 of full
 * range.  RGB pictures have their samples in the order R, G, B; pictures
 * without colour leave out the second and third. */
typedef struct gb_colour { float m[3][4]; } gb_colour;

/* DEPTH: bits a sample; FULL: full range, else limited. */
gb_colour gb_colour_to_rgb(gb_colour_matrix matrix, bool full, bool grey, int depth);

/* The inverse, to 8 bits: the rows of M give Y, Cb, Cr in levels. */
gb_colour gb_colour_from_rgb(gb_colour_matrix matrix, bool full);

/* COUNT pixels from three planes: OUT[i·step] … +2 are R, G, B, nearest level. */
void gb_colour_run(const gb_colour *colour, const float *first, const float *second, const float *third,
                   size_t count, uint8_t *out, ptrdiff_t step);

GB_END_DECLS
#endif
