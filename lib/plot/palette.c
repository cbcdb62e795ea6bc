/* SPDX-License-Identifier: MIT */
#include "plot/palette.h"

#include <math.h>

enum { STEPS = 16 };

static const gb_color sequential[STEPS + 1] = {
    {40, 13, 70},   {43, 25, 92},    {41, 39, 114},   {30, 54, 134},  {1, 73, 143},   {0, 91, 141},
    {0, 107, 143},  {1, 123, 147},   {7, 138, 151},   {2, 155, 153},  {14, 171, 152}, {12, 188, 144},
    {77, 201, 133}, {121, 213, 118}, {164, 222, 100}, {206, 229, 80}, {247, 234, 60}};
static const gb_color diverging[STEPS + 1] = {
    {2, 71, 142},    {6, 93, 180},    {54, 118, 196},  {88, 142, 210},  {120, 165, 222}, {152, 187, 233},
    {183, 209, 242}, {214, 228, 247}, {243, 243, 243}, {246, 220, 216}, {240, 194, 187}, {229, 166, 158},
    {216, 139, 128}, {201, 110, 99},  {184, 80, 70},   {165, 46, 39},   {141, 1, 7}};
static const gb_color lines[8] = {{0, 91, 165},  {214, 84, 40},  {18, 140, 100}, {140, 70, 160},
                                  {190, 140, 0}, {70, 160, 200}, {200, 70, 120}, {100, 100, 100}};

gb_color gb_palette_at(gb_palette palette, double t)
{
	const gb_color *table = palette == GB_PALETTE_DIVERGING ? diverging : sequential, *a, *b;
	double at;
	int i;

	if (isnan(t))
		return (gb_color){222, 222, 226};
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	if (palette == GB_PALETTE_GREY)
		return (gb_color){(uint8_t)lround(255 * t), (uint8_t)lround(255 * t),
		                  (uint8_t)lround(255 * t)};
	at = t * STEPS;
	i = at >= STEPS ? STEPS - 1 : (int)at;
	a = &table[i];
	b = &table[i + 1];
	at -= i;
	return (gb_color){(uint8_t)lround(a->r + at * (b->r - a->r)),
	                  (uint8_t)lround(a->g + at * (b->g - a->g)),
	                  (uint8_t)lround(a->b + at * (b->b - a->b))};
}

gb_color gb_palette_line(int index) { return lines[(unsigned)index % 8]; }
