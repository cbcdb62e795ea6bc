/* SPDX-License-Identifier: MIT */
#include "video/video_colour.h"

#include <math.h>
#include <string.h>

#include "video/video_rows.h"

static const struct { const char *name; double red, blue; } matrices[] = {
	[GB_MATRIX_RGB] = {"rgb", 0, 0},
	[GB_MATRIX_BT601] = {"bt601", 0.299, 0.114},
	[GB_MATRIX_BT709] = {"bt709", 0.2126, 0.0722},
	[GB_MATRIX_BT2020] = {"bt2020", 0.2627, 0.0593},
	[GB_MATRIX_FCC] = {"fcc", 0.30, 0.11},
	[GB_MATRIX_SMPTE240M] = {"smpte240m", 0.212, 0.087},
	[GB_MATRIX_YCGCO] = {"ycgco", 0, 0},
};

gb_colour_matrix gb_colour_matrix_parse(const char *name)
{
	for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
		if (strcmp(name, matrices[i].name) == 0)
			return (gb_colour_matrix)i;
	}
	return GB_MATRIX_UNKNOWN;
}

const char *gb_colour_matrix_name(gb_colour_matrix matrix)
{
	return matrix < 0 ? "unknown" : matrices[matrix].name;
}

/* R, G, B of luma in 0 … 1 and the two colour differences in −½ … ½. */
static void unit_matrix(gb_colour_matrix matrix, double m[3][3])
{
	double r = matrices[matrix].red, b = matrices[matrix].blue, g = 1 - r - b;
	const double ycgco[3][3] = {{1, -1, 1}, {1, 1, 0}, {1, -1, -1}};
	const double ycbcr[3][3] = {{1, 0, 2 * (1 - r)},
	                            {1, -2 * b * (1 - b) / g, -2 * r * (1 - r) / g},
	                            {1, 2 * (1 - b), 0}};

	memcpy(m, matrix == GB_MATRIX_YCGCO ? ycgco : ycbcr, sizeof ycgco);
}

gb_colour gb_colour_to_rgb(gb_colour_matrix matrix, bool full, bool grey, int depth)
{
	double unit = ldexp(1, depth - 8), top = ldexp(1, depth) - 1;
	double black = full ? 0 : 16 * unit, luma = 255 / (full ? top : 219 * unit);
	double chroma = 255 / (full ? top : 224 * unit), middle = 128 * unit;
	gb_colour colour = {0};
	double m[3][3];

	if (matrix == GB_MATRIX_RGB || grey) {
		for (int i = 0; i < 3; i++) {
			colour.m[i][grey ? 0 : i] = (float)luma;
			colour.m[i][3] = (float)(-black * luma);
		}
		return colour;
	}
	unit_matrix(matrix, m);
	for (int i = 0; i < 3; i++) {
		colour.m[i][0] = (float)luma;
		colour.m[i][1] = (float)(m[i][1] * chroma);
		colour.m[i][2] = (float)(m[i][2] * chroma);
		colour.m[i][3] = (float)(-black * luma - (m[i][1] + m[i][2]) * chroma * middle);
	}
	return colour;
}

gb_colour gb_colour_from_rgb(gb_colour_matrix matrix, bool full)
{
	double r = matrices[matrix].red, b = matrices[matrix].blue, g = 1 - r - b;
	double luma = (full ? 255.0 : 219.0) / 255, chroma = (full ? 255.0 : 224.0) / 255;
	const double y[3] = {r, g, b};
	gb_colour colour = {0};

	for (int i = 0; i < 3; i++) {
		colour.m[0][i] = (float)(y[i] * luma);
		colour.m[1][i] = (float)(((i == 2) - y[i]) / (2 * (1 - b)) * chroma);
		colour.m[2][i] = (float)(((i == 0) - y[i]) / (2 * (1 - r)) * chroma);
	}
	colour.m[0][3] = full ? 0 : 16;
	colour.m[1][3] = colour.m[2][3] = 128;
	return colour;
}

void gb_colour_run(const gb_colour *colour, const float *first, const float *second, const float *third,
                   size_t count, uint8_t *out, ptrdiff_t step)
{
	const gb_video_rows *rows = gb_video_rows_here();
	uint8_t level[3][256];

	while (count > 0) {
		int block = count < 256 ? (int)count : 256;
		for (int c = 0; c < 3; c++)
			rows->levels(level[c], colour->m[c], first, second, third, block);
		for (int i = 0; i < block; i++, out += step) {
			out[0] = level[0][i];
			out[1] = level[1][i];
			out[2] = level[2][i];
		}
		first += block, second += block, third += block;
		count -= (size_t)block;
	}
}
