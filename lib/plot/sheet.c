/* SPDX-License-Identifier: MIT */
/* sheet.c: pictures side by side: frames of a film, slices of a volume. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/sheet.h"
#include "base/size.h"
#include "plot/frame.h"

enum { SPACE = 8, CAPTION = 18 };

typedef struct layout {
	int columns, rows, width, height;
} layout; /* of tiles, in pixels each */

/* Tiles of WIDTH × HEIGHT, enlarged by whole pixels or reduced, on about 1000 × 900. */
static layout arrange(const gb_plot *plot, int count, int width, int height, bool captions)
{
	int wide = plot->bare && plot->width ? plot->width : 1040,
	    tall = plot->bare && plot->height ? plot->height : 900;
	int space = plot->bare ? 1 : SPACE, below = captions && !plot->bare ? CAPTION : 0;
	layout best = {1, count, 1, 1};
	double best_area = -1;

	for (int columns = 1; columns <= count; columns++) {
		int rows = (count + columns - 1) / columns;
		double scale = fmin((double)(wide - space * (columns - 1)) / columns / width,
		                    ((double)(tall - space * (rows - 1)) / rows - below) / height);
		scale = scale > 1 && !plot->bare ? fmin(floor(scale), width * height < 400    ? 14
		                                                      : width * height < 4096 ? 8
		                                                                              : 2)
		                                 : scale;
		double w = floor(width * scale), h = floor(height * scale);
		/* The largest tiles; of equal ones the fullest last row. */
		double area =
		    w * h - (columns * rows - count) * 1e-3 - fabs(columns * w - 1.6 * rows * h) * 1e-6;
		if (w >= 1 && h >= 1 && area > best_area) {
			best_area = area;
			best = (layout){columns, rows, (int)w, (int)h};
		}
	}
	return best;
}

/* COUNT pictures of WIDTH × HEIGHT; BAR: the width of a colour bar beside them. */
typedef struct sheet { int count, width, height, bar; bool captions; } sheet;

static gb_status sheet_open(gb_canvas *out, const gb_plot *plot, const sheet *s, layout *tiles, gb_box *box,
                            gb_err *err)
{
	gb_plot sized = *plot;
	int space = plot->bare ? 1 : SPACE, below = s->captions && !plot->bare ? CAPTION : 0;

	*tiles = arrange(plot, s->count, s->width, s->height, s->captions);
	sized.width = sized.height = 0;
	int inside = tiles->columns * (tiles->width + space) - space,
	    least = plot->title || plot->note ? 420 : 8;
	return gb_frame_open(out, &sized, false, s->bar,
	                     inside < least && !plot->bare ? least
	                     : inside < 8                  ? 8
	                                                   : inside,
	                     tiles->rows * (tiles->height + below + space) - space < 8
	                         ? 8
	                         : tiles->rows * (tiles->height + below + space) - space,
	                     box, err);
}

static gb_box tile_at(const gb_plot *plot, const layout *tiles, gb_box box, int index, bool captions)
{
	int space = plot->bare ? 1 : SPACE, below = captions && !plot->bare ? CAPTION : 0;

	return (gb_box){box.x + index % tiles->columns * (tiles->width + space),
	                box.y + index / tiles->columns * (tiles->height + below + space), tiles->width,
	                tiles->height};
}

static void caption_at(gb_canvas *out, const gb_plot *plot, gb_box tile, const char *text)
{
	if (text && !plot->bare)
		gb_canvas_text(out, tile.x, tile.y + tile.height + 13, 1.2, GB_LEFT, gb_pale, text);
}

gb_status gb_plot_frames(gb_canvas *out, const gb_plot *plot, const gb_frames *frames, gb_err *err)
{
	const sheet s = {frames->count, frames->width, frames->height, 0, frames->caption != NULL};
	layout tiles;
	gb_box box;
	gb_status status;

	if (s.count < 1 || s.width < 1 || s.height < 1)
		return gb_fail(err, GB_DATA, "picture: there are no frames to show");
	status = sheet_open(out, plot, &s, &tiles, &box, err);
	for (int i = 0; !status && i < s.count; i++) {
		gb_box tile = tile_at(plot, &tiles, box, i, s.captions);
		gb_canvas_image(out, tile.x, tile.y, tile.width, tile.height,
		                (gb_pixels){frames->frame[i], s.width, s.height, frames->channels});
		if (s.captions)
			caption_at(out, plot, tile, frames->caption[i]);
	}
	return status;
}

/* ---- slices ---- */

enum { SLICES = 24, VALUES = 65536 };

typedef struct inside {
	int first[3], end[3];
	size_t count;
} inside;

static inside bounds(const float *volume, const int shape[3])
{
	inside box = {{shape[0], shape[1], shape[2]}, {0, 0, 0}, 0};
	size_t at = 0;

	for (int z = 0; z < shape[2]; z++)
		for (int y = 0; y < shape[1]; y++)
			for (int x = 0; x < shape[0]; x++, at++) {
				const int place[3] = {x, y, z};
				if (isnan(volume[at]))
					continue;
				for (int a = 0; a < 3; a++) {
					box.first[a] = place[a] < box.first[a] ? place[a] : box.first[a];
					box.end[a] = place[a] >= box.end[a] ? place[a] + 1 : box.end[a];
				}
				box.count++;
			}
	return box;
}

/* The colour of each voxel of slice Z, y upwards, as [height, width, 3]. */
static void slice(const float *volume, const int shape[3], const inside *box, int z, gb_palette palette,
                  double low, double high, uint8_t *rgb)
{
	for (int y = box->end[1] - 1; y >= box->first[1]; y--)
		for (int x = box->first[0]; x < box->end[0]; x++, rgb += 3) {
			double value =
			    volume[((size_t)z * (size_t)shape[1] + (size_t)y) * (size_t)shape[0] + (size_t)x];
			gb_color color = isnan(value) ? (gb_color){240, 241, 244}
			                              : gb_frame_color(palette, low, high, value);
			rgb[0] = color.r;
			rgb[1] = color.g;
			rgb[2] = color.b;
		}
}

gb_status gb_plot_mosaic(gb_canvas *out, const gb_plot *plot, const float *volume, const int shape[3],
                         gb_err *err)
{
	size_t all = (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2], each = all / VALUES + 1,
	       samples = 0;
	inside box = bounds(volume, shape);
	int width = box.end[0] - box.first[0], height = box.end[1] - box.first[1],
	    depth = box.end[2] - box.first[2];
	int count = depth < SLICES ? depth : SLICES;
	gb_palette palette = plot->palette;
	double low, high;
	uint8_t *rgb = NULL;
	float *sample = NULL;
	layout tiles;
	gb_box place;
	gb_status status;

	if (!box.count)
		return gb_fail(err, GB_DATA, "picture: the volume has no voxel inside its mask");
	status = sheet_open(out, plot, &(sheet){count, width, height, GB_BAR_WIDTH, true}, &tiles, &place,
	                    err);
	if (status)
		return status;
	sample = gb_array(all / each + 1, sizeof *sample, err);
	rgb = sample ? gb_array((size_t)width * (size_t)height, 3, err) : NULL;
	for (size_t i = 0; rgb && i < all; i += each)
		sample[samples++] = volume[i];
	if (rgb)
		gb_frame_range(plot, sample, samples, &palette, &low, &high);
	for (int i = 0; rgb && i < count; i++) {
		gb_box tile = tile_at(plot, &tiles, place, i, true);
		int z = box.first[2] + (int)(((int64_t)2 * i + 1) * depth / (2 * count));
		char caption[32];
		slice(volume, shape, &box, z, palette, low, high, rgb);
		gb_canvas_image(out, tile.x, tile.y, tile.width, tile.height,
		                (gb_pixels){rgb, width, height, 3});
		snprintf(caption, sizeof caption, "z %d", z);
		caption_at(out, plot, tile, caption);
	}
	place.width = tiles.columns * (tiles.width + SPACE) - SPACE;
	if (rgb)
		gb_frame_bar(out, plot, place, palette, low, high);
	free(sample);
	free(rgb);
	if (!rgb)
		gb_canvas_close(out);
	return rgb ? GB_OK : GB_SYSTEM;
}
