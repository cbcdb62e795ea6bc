/* SPDX-License-Identifier: MIT */
#include "plot/terminal.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"

static int cube(const uint8_t *p)
{
	/* The cube's levels are 0, 95, 135, 175, 215, 255; greys 8 … 238 follow it. */
	int level[3];

	if (p[0] == p[1] && p[1] == p[2] && p[0] > 3 && p[0] < 247)
		return 232 + (p[0] - 3) / 10 - ((p[0] - 3) / 10 > 23);
	for (int c = 0; c < 3; c++)
		level[c] = p[c] < 48 ? 0 : p[c] < 115 ? 1 : (p[c] - 35) / 40;
	return 16 + 36 * level[0] + 6 * level[1] + level[2];
}

static char *color(char *at, int ground, const uint8_t *p, bool true_color)
{
	if (true_color)
		return at + sprintf(at, "\033[%d;2;%d;%d;%dm", ground, p[0], p[1], p[2]);
	return at + sprintf(at, "\033[%d;5;%dm", ground, cube(p));
}

char *gb_terminal_text(const gb_canvas *canvas, bool true_color, gb_err *err)
{
	static const uint8_t nothing[3] = {255, 255, 255};
	enum { CELL = 2 * 20 + 4, LINE_END = 8 };
	size_t width = (size_t)canvas->width, lines = ((size_t)canvas->height + 1) / 2;
	char *text = gb_array(lines * (width * CELL + LINE_END) + 1, 1, err), *at = text;

	for (size_t y = 0; text && y < lines; y++) {
		const uint8_t *last_upper = NULL, *last_lower = NULL;
		for (size_t x = 0; x < width; x++) {
			const uint8_t *upper = canvas->rgb + 3 * (2 * y * width + x);
			const uint8_t *lower =
			    2 * y + 1 < (size_t)canvas->height ? upper + 3 * width : nothing;
			if (!last_upper || memcmp(last_upper, upper, 3) != 0)
				at = color(at, 38, upper, true_color);
			if (!last_lower || memcmp(last_lower, lower, 3) != 0)
				at = color(at, 48, lower, true_color);
			at = stpcpy(at, "▀");
			last_upper = upper;
			last_lower = lower;
		}
		at = stpcpy(at, "\033[0m\n");
	}
	return text;
}
