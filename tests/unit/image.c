/* SPDX-License-Identifier: MIT */
/* Pictures: what is drawn where, against hand-made pixels; PNG against libpng's reader. */
#include <png.h>

#include "plot/plot.h"
#include "plot/sheet.h"
#include "plot/bars.h"
#include "plot/series.h"
#include "plot/heat.h"
#include "plot/png.h"
#include "plot/terminal.h"
#include "tests/tap.h"

static gb_err err;

static const uint8_t *at(const gb_canvas *canvas, int x, int y)
{
	return canvas->rgb + 3 * (y * canvas->width + x);
}

static bool is(const gb_canvas *canvas, int x, int y, int r, int g, int b)
{
	const uint8_t *p = at(canvas, x, y);
	bool same = p[0] == r && p[1] == g && p[2] == b;

	if (!same)
		note("pixel %d,%d is %d %d %d, want %d %d %d", x, y, p[0], p[1], p[2], r, g, b);
	return same;
}

static size_t inked(const gb_canvas *canvas)
{
	size_t count = 0;

	for (int i = 0; i < canvas->width * canvas->height; i++)
		count += canvas->rgb[3 * i] != 255;
	return count;
}

static bool margin_is_clean(const gb_canvas *canvas, int width)
{
	for (int y = 0; y < canvas->height; y++)
		for (int x = 0; x < width; x++)
			if (!is(canvas, x, y, 255, 255, 255))
				return false;
	return true;
}

static void canvas_and_text(void)
{
	static const uint8_t picture[] = {0, 10, 20, 30, 4, 14, 24, 34}; /* 4 × 2, grey */
	gb_canvas c, wide;

	ok(gb_canvas_open(&c, 0, 5, (gb_color){0, 0, 0}, &err) == GB_USAGE,
	   "a picture of no width is refused");
	ok(!gb_canvas_open(&c, 40, 20, (gb_color){255, 255, 255}, &err), "a canvas opens");
	gb_canvas_image(&c, 0, 0, 2, 1, (gb_pixels){picture, 4, 2, 1});
	ok(is(&c, 0, 0, 7, 7, 7) && is(&c, 1, 0, 27, 27, 27), "a reduced picture has the means of its areas");
	gb_canvas_image(&c, 10, 10, 8, 4, (gb_pixels){picture, 4, 2, 1});
	ok(is(&c, 10, 10, 0, 0, 0) && is(&c, 11, 11, 0, 0, 0) && is(&c, 17, 13, 34, 34, 34),
	   "an enlarged one whole pixels");
	gb_canvas_fill(&c, -5, -5, 1000, 1000, (gb_color){255, 255, 255});
	gb_canvas_text(&c, -10, 3, 3, GB_LEFT, (gb_color){0, 0, 0}, "clipped on every side");
	gb_canvas_text_up(&c, 39, 500, 3, GB_LEFT, (gb_color){0, 0, 0}, "clipped");
	gb_canvas_line(&c, -1e9, NAN, 1e9, 3, 1, (gb_color){0, 0, 0});
	ok(inked(&c) > 20, "drawing is clipped, not lost");
	gb_canvas_close(&c);

	ok(!gb_canvas_open(&wide, 200, 20, (gb_color){255, 255, 255}, &err), "another canvas opens");
	gb_canvas_text(&wide, 0, 14, 2, GB_LEFT, (gb_color){0, 0, 0}, "Il");
	ok(at(&wide, 1, 1)[0] < 128, "the serif of an I is dark");
	ok(gb_canvas_text_width(2, "abc") > gb_canvas_text_width(2, "ab"), "more letters are wider");
	ok(gb_canvas_text_width(2, "111") == gb_canvas_text_width(2, "808"), "figures are all alike wide");
	ok(gb_canvas_text_width(2, "\xff\xc3") > 0, "damaged UTF-8 has a width too");
	for (int code = 33; code < 127; code++) {
		gb_canvas_fill(&wide, 0, 0, 200, 20, (gb_color){255, 255, 255});
		gb_canvas_text(&wide, 4, 12, 1.5, GB_LEFT, (gb_color){0, 0, 0}, (char[]){(char)code, 0});
		if (inked(&wide) < 3)
			ok(0, "glyph %c is drawn", code);
	}
	gb_canvas_close(&wide);
}

static void png(void)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	uint8_t *one, *two, back[7 * 5 * 3];
	size_t one_size, two_size;
	gb_canvas c;
	char *uri;

	if (gb_canvas_open(&c, 7, 5, (gb_color){1, 2, 3}, &err))
		return;
	for (int i = 0; i < 7 * 5 * 3; i++)
		c.rgb[i] = (uint8_t)(i * 37);
	ok(!gb_png_encode(&c, &one, &one_size, &err) && !gb_png_encode(&c, &two, &two_size, &err),
	   "PNGs are made");
	ok(one_size == two_size && memcmp(one, two, one_size) == 0, "the same bytes twice");
	ok(png_image_begin_read_from_memory(&image, one, one_size) && image.width == 7 && image.height == 5,
	   "libpng reads it");
	image.format = PNG_FORMAT_RGB;
	ok(png_image_finish_read(&image, NULL, back, 0, NULL) && memcmp(back, c.rgb, sizeof back) == 0,
	   "and finds the same pixels");
	ok(!memmem(one, one_size, "tIME", 4) && !memmem(one, one_size, "tEXt", 4),
	   "no time and no text inside");
	uri = gb_png_data_uri(&c, &err);
	ok(uri && strncmp(uri, "data:image/png;base64,iVBORw0KGgo", 33) == 0, "as a data URI");
	ok(uri && strlen(uri) == 22 + (one_size + 2) / 3 * 4, "of the right length");
	free(uri);
	free(one);
	free(two);
	gb_canvas_close(&c);
}

static double lightness(gb_color c)
{
	double y = 0, weight[3] = {.2126, .7152, .0722};
	uint8_t v[3] = {c.r, c.g, c.b};

	for (int i = 0; i < 3; i++)
		y += weight[i] *
		     pow(v[i] / 255. > .04045 ? (v[i] / 255. + .055) / 1.055 : v[i] / 255. * .31, 2.4);
	return y;
}

static void palettes(void)
{
	int rises = 1, both = 1;

	for (int i = 0; i < 100; i++) {
		rises &= lightness(gb_palette_at(GB_PALETTE_SEQUENTIAL, (i + 1) / 100.)) >
		         lightness(gb_palette_at(GB_PALETTE_SEQUENTIAL, i / 100.));
		if (i < 50) {
			both &= lightness(gb_palette_at(GB_PALETTE_DIVERGING, (i + 1) / 100.)) >
			        lightness(gb_palette_at(GB_PALETTE_DIVERGING, i / 100.));
			both &= lightness(gb_palette_at(GB_PALETTE_DIVERGING, 1 - (i + 1) / 100.)) >
			        lightness(gb_palette_at(GB_PALETTE_DIVERGING, 1 - i / 100.));
		}
	}
	ok(rises, "the sequential palette gets lighter all the way");
	ok(both, "the diverging one gets lighter towards the middle from both ends");
	ok(gb_palette_at(GB_PALETTE_GREY, -3).r == 0 && gb_palette_at(GB_PALETTE_GREY, 7).r == 255,
	   "values outside are clamped");
}

static void heat(void)
{
	const float m[] = {0, 255, 51, 102, 153, NAN}; /* 3 lines of 2 */
	float big[64 * 8];
	gb_plot plot =
	    {.bare = true, .width = 8, .height = 9, .palette = GB_PALETTE_GREY, .low = 0, .high = 255};
	gb_grid grid = gb_grid_of(m, 3, 2, false);
	gb_canvas c;

	ok(!gb_plot_heat(&c, &plot, &grid, &err), "a heat map: %s", err.text);
	ok(is(&c, 0, 0, 0, 0, 0) && is(&c, 7, 0, 255, 255, 255) && is(&c, 0, 3, 51, 51, 51) &&
	       is(&c, 0, 8, 153, 153, 153),
	   "lines go downwards from the top");
	ok(is(&c, 7, 8, 222, 222, 226), "NaN is a grey of its own");
	gb_canvas_close(&c);
	grid.along_x = true;
	plot.width = 9;
	plot.height = 8;
	ok(!gb_plot_heat(&c, &plot, &grid, &err) && is(&c, 3, 0, 51, 51, 51) && is(&c, 0, 7, 255, 255, 255),
	   "or along x");
	gb_canvas_close(&c);
	for (int i = 0; i < 64 * 8; i++)
		big[i] = (float)(i / 8 / 8 * 20 + (i / 8 % 2 ? 5 : -5));
	grid = gb_grid_of(big, 64, 8, false);
	plot.width = plot.height = 8;
	ok(!gb_plot_heat(&c, &plot, &grid, &err) && is(&c, 0, 0, 0, 0, 0) && is(&c, 5, 3, 60, 60, 60) &&
	       is(&c, 7, 7, 140, 140, 140),
	   "more lines than pixels: means");
	gb_canvas_close(&c);
	plot = (gb_plot){0};
	grid = gb_grid_of(big, 0, 0, false);
	ok(!gb_plot_heat(&c, &plot, &grid, &err), "an empty matrix is an empty picture");
	gb_canvas_close(&c);
}

static void others(void)
{
	float volume[3 * 4 * 2], flat[] = {3, 3, 3, NAN};
	const int shape[3] = {3, 4, 2};
	gb_plot plot =
	    {.bare = true, .width = 7, .height = 4, .palette = GB_PALETTE_GREY, .low = 0, .high = 255};
	gb_plot named = {.title = "all", .mark = &(gb_mark){9, "nine"}, .marks = 1};
	gb_series line = {flat, 4, "flat"};
	const uint8_t frame[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9}, *frames[] = {frame, frame};
	const char *name[] = {"a", "b"};
	const char *long_name[] =
	    {"text.rate+text.boundaries+text.column.speaker+text.column.place and text+text.pairs, but not "
	     "the video",
	     "short", "oneverylongwordwithoutanyplacetobreakitatallandnoneatitsendeitherwhichisratherlong"};
	gb_canvas c;
	char *text;

	for (int i = 0; i < 24; i++)
		volume[i] = (float)(10 * i);
	ok(!gb_plot_mosaic(&c, &plot, volume, shape, &err) && is(&c, 0, 3, 0, 0, 0) &&
	       is(&c, 2, 0, 110, 110, 110) && is(&c, 4, 3, 120, 120, 120),
	   "a mosaic: y upwards, the slices side by side");
	gb_canvas_close(&c);
	for (int i = 0; i < 24; i++)
		volume[i] = NAN;
	ok(gb_plot_mosaic(&c, &plot, volume, shape, &err) == GB_DATA, "an empty mask is refused");
	ok(!gb_plot_series(&c, &named, &line, 1, &err) && inked(&c) > 500, "a constant line with a hole");
	gb_canvas_close(&c);
	ok(!gb_plot_histogram(&c, &named, flat, 4, &err) && inked(&c) > 500,
	   "a histogram of one value with a mark far off");
	gb_canvas_close(&c);
	ok(!gb_plot_bars(&c, &named, name, (double[]){-1, 2}, (double[]){-2, NAN}, (double[]){0, NAN}, 2,
	                 &err),
	   "bars to both sides");
	gb_canvas_close(&c);
	ok(!gb_plot_bars(&c, &named, long_name, (double[]){1, 2, 3}, NULL, NULL, 3, &err) &&
	       margin_is_clean(&c, 20) && c.height > 3 * 26 + 8 + 48 + 26,
	   "long names break into lines, none is cut at the edge");
	gb_canvas_close(&c);
	ok(!gb_plot_frames(&c, &(gb_plot){.bare = true, .width = 9, .height = 8},
	                   &(gb_frames){frames, 2, 2, 2, 3, NULL}, &err) &&
	       is(&c, 0, 0, 255, 0, 0),
	   "frames");
	gb_canvas_close(&c);
	ok(gb_plot_frames(&c, &plot, &(gb_frames){frames, 0, 2, 2, 3, NULL}, &err) == GB_DATA,
	   "no frames are refused");
	if (gb_canvas_open(&c, 1, 2, (gb_color){255, 0, 0}, &err))
		return;
	gb_canvas_fill(&c, 0, 1, 1, 1, (gb_color){0, 0, 255});
	text = gb_terminal_text(&c, true, &err);
	ok(text && strcmp(text, "\033[38;2;255;0;0m\033[48;2;0;0;255m▀\033[0m\n") == 0,
	   "two pixels are one half block");
	free(text);
	text = gb_terminal_text(&c, false, &err);
	ok(text && strcmp(text, "\033[38;5;196m\033[48;5;21m▀\033[0m\n") == 0, "also in 256 colours");
	free(text);
	gb_canvas_close(&c);
}

int main(void)
{
	canvas_and_text();
	png();
	palettes();
	heat();
	others();
	return done_testing();
}
