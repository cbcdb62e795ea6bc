/* SPDX-License-Identifier: MIT */
#include "video/video_picture.h"

#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "video/video_scale.h"

/* All that the tables depend on. */
typedef struct shape {
	int width, height, format, turn;
	AVRational aspect;
	gb_colour_matrix matrix;
	bool full;
} shape;

struct gb_picture {
	gb_video_options options;
	shape shape;
	const AVPixFmtDescriptor *format;
	int planes;               /* that carry colour: 1 or 3 */
	gb_scaler *scaler[2];     /* of full-size planes, of chroma */
	gb_colour colour;
	int width, height;        /* of the content, before turning */
	ptrdiff_t first, step, line; /* where it goes in the output, in bytes */
	float *plane[3];
	uint16_t *unpacked;
};

gb_status gb_picture_new(gb_picture **picture, const gb_video_options *options, gb_err *err)
{
	size_t pixels = (size_t)options->width * (size_t)options->height;
	gb_picture *p = gb_array(1, sizeof *p, err);

	*picture = NULL;
	if (p == NULL)
		return GB_SYSTEM;
	p->options = *options;
	p->shape.format = -1;
	for (int i = 0; i < 3; i++) {
		p->plane[i] = gb_array(pixels, sizeof *p->plane[i], err);
		if (p->plane[i] == NULL) {
			gb_picture_free(p);
			return GB_SYSTEM;
		}
	}
	*picture = p;
	return GB_OK;
}

static void drop_tables(gb_picture *p)
{
	gb_scaler_free(p->scaler[0]);
	gb_scaler_free(p->scaler[1]);
	free(p->unpacked);
	p->scaler[0] = p->scaler[1] = NULL;
	p->unpacked = NULL;
	p->shape.format = -1;
}

void gb_picture_free(gb_picture *p)
{
	if (p == NULL)
		return;
	drop_tables(p);
	for (int i = 0; i < 3; i++)
		free(p->plane[i]);
	free(p);
}

/* ---- what the samples mean ---- */

static gb_colour_matrix matrix_of(enum AVColorSpace space)
{
	switch (space) {
	case AVCOL_SPC_RGB: return GB_MATRIX_RGB;
	case AVCOL_SPC_BT709: return GB_MATRIX_BT709;
	case AVCOL_SPC_FCC: return GB_MATRIX_FCC;
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M: return GB_MATRIX_BT601;
	case AVCOL_SPC_SMPTE240M: return GB_MATRIX_SMPTE240M;
	case AVCOL_SPC_YCGCO: return GB_MATRIX_YCGCO;
	case AVCOL_SPC_BT2020_NCL: return GB_MATRIX_BT2020;
	default: return GB_MATRIX_UNKNOWN;
	}
}

static bool is_yuvj(int format)
{
	return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
	       format == AV_PIX_FMT_YUVJ444P || format == AV_PIX_FMT_YUVJ440P ||
	       format == AV_PIX_FMT_YUVJ411P;
}

gb_status gb_picture_colour_of(const AVFrame *frame, const gb_video_options *options,
                               gb_picture_colour *colour, gb_err *err)
{
	const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
	bool rgb = format != NULL && (format->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));

	*colour = (gb_picture_colour){0};
	if (rgb)
		colour->matrix = GB_MATRIX_RGB;
	else if (strcmp(options->matrix, "auto") != 0)
		colour->matrix = gb_colour_matrix_parse(options->matrix);
	else if (frame->colorspace == AVCOL_SPC_UNSPECIFIED || frame->colorspace == AVCOL_SPC_RESERVED) {
		colour->matrix = frame->height >= 720 ? GB_MATRIX_BT709 : GB_MATRIX_BT601;
		colour->matrix_guessed = true;
	} else {
		colour->matrix = matrix_of(frame->colorspace);
	}
	if (colour->matrix == GB_MATRIX_UNKNOWN)
		return gb_fail(err, GB_DATA, "colour matrix %s has no rule here; name one with --matrix",
		               av_color_space_name(frame->colorspace) ? av_color_space_name(frame->colorspace)
		                                                      : "?");
	if (strcmp(options->range, "auto") != 0) {
		colour->full = strcmp(options->range, "full") == 0;
	} else if (frame->color_range == AVCOL_RANGE_UNSPECIFIED && !is_yuvj(frame->format)) {
		colour->full = rgb || (format != NULL && format->comp[0].depth < 8);
		colour->range_guessed = !colour->full;
	} else {
		colour->full = frame->color_range == AVCOL_RANGE_JPEG || is_yuvj(frame->format);
	}
	return GB_OK;
}

/* ---- turning ---- */

int gb_picture_turn(const AVFrame *frame, const AVStream *stream)
{
	const AVFrameSideData *side = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
	const uint8_t *data = side ? side->data
	                           : av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, NULL);
	int32_t m[9];
	double angle;
	bool mirrored;

	if (data == NULL)
		return 0;
	memcpy(m, data, sizeof m);
	mirrored = (int64_t)m[0] * m[4] - (int64_t)m[1] * m[3] < 0;
	if (mirrored)
		av_display_matrix_flip(m, 1, 0);
	angle = -av_display_rotation_get(m); /* clockwise */
	if (isnan(angle) || fabs(remainder(angle, 90)) > 0.5)
		return -1;
	/* Turned, then mirrored, is mirrored, then turned the other way. */
	return mirrored ? (-(int)lround(angle / 90) & 3) + 4 : (int)lround(angle / 90) & 3;
}

/* Where pixel (x, y) of WIDTH × HEIGHT content goes in an output of OUT_WIDTH ×
 * OUT_HEIGHT: first + x·step + y·line, in bytes; the content is centred. */
static void place(gb_picture *p, int turn)
{
	int out_width = p->options.width, out_height = p->options.height;
	bool sideways = turn & 1;
	int w = sideways ? p->height : p->width, h = sideways ? p->width : p->height;
	int left = (out_width - w) / 2, top = (out_height - h) / 2;
	ptrdiff_t right = 3, down = 3 * (ptrdiff_t)out_width, corner = left * right + top * down;
	ptrdiff_t across = (w - 1) * right, deep = (h - 1) * down;

	switch (turn & 3) {
	case 0: p->first = corner, p->step = right, p->line = down; break;
	case 1: p->first = corner + across, p->step = down, p->line = -right; break;
	case 2: p->first = corner + across + deep, p->step = -right, p->line = -down; break;
	default: p->first = corner + deep, p->step = -down, p->line = right; break;
	}
	if (turn & 4) { /* mirrored left to right before turning */
		p->first += (p->width - 1) * p->step;
		p->step = -p->step;
	}
}

/* ---- tables ---- */

static int nearest(double value, int most)
{
	return value < 1 ? 1 : value > most ? most : (int)lround(value);
}

/* The part of the picture that is shown, and the size that it gets, both
 * before turning. */
static void fit(gb_picture *p, const shape *s, gb_scale_window *x, gb_scale_window *y)
{
	bool sideways = s->turn & 1;
	int width = sideways ? p->options.height : p->options.width;
	int height = sideways ? p->options.width : p->options.height;
	double aspect = s->aspect.num > 0 && s->aspect.den > 0 ? av_q2d(s->aspect) : 1;
	double wide = s->width * aspect * height, high = (double)s->height * width;

	*x = (gb_scale_window){0, s->width, 1, width};
	*y = (gb_scale_window){0, s->height, 1, height};
	if (p->options.fit == GB_FIT_PAD) {
		if (wide > high)
			y->out = nearest(high / (s->width * aspect), height);
		else
			x->out = nearest(wide / s->height, width);
	} else if (p->options.fit == GB_FIT_CROP) {
		if (wide > high)
			x->length = nearest(high / (height * aspect), s->width);
		else
			y->length = nearest(wide / width, s->height);
		x->first = (s->width - x->length) / 2;
		y->first = (s->height - y->length) / 2;
	}
	p->width = x->out;
	p->height = y->out;
}

/* RGB formats may have other depths for each component (rgb565). */
static gb_colour colour_of(const AVPixFmtDescriptor *format, const shape *s, int planes)
{
	bool palette = format->flags & AV_PIX_FMT_FLAG_PAL;
	gb_colour colour = gb_colour_to_rgb(s->matrix, s->full, planes == 1,
	                                    palette ? 8 : format->comp[0].depth);

	for (int i = 1; s->matrix == GB_MATRIX_RGB && !palette && planes == 3 && i < 3; i++) {
		gb_colour own = gb_colour_to_rgb(s->matrix, s->full, false, format->comp[i].depth);
		memcpy(colour.m[i], own.m[i], sizeof own.m[i]);
	}
	return colour;
}

static gb_status make_tables(gb_picture *p, const shape *s, gb_err *err)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(s->format);
	gb_scale_window x, y;
	gb_status status;
	int wide, high;

	drop_tables(p);
	if (d == NULL ||
	    (d->flags & (AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT)) ||
	    strncmp(d->name, "xyz", 3) == 0 || s->format == AV_PIX_FMT_MONOWHITE)
		return gb_fail(err, GB_DATA, "pixel format %s is not supported", d ? d->name : "?");
	if (s->width > GB_PLANE_MAX || s->height > GB_PLANE_MAX || s->width < 1 || s->height < 1)
		return gb_fail(err, GB_DATA, "a picture of %d x %d; at most %d a side is supported", s->width,
		               s->height, GB_PLANE_MAX);
	if (s->turn < 0)
		return gb_fail(err, GB_DATA, "a rotation that is no multiple of 90 degrees");
	p->format = d;
	p->planes = d->nb_components >= 3 || (d->flags & AV_PIX_FMT_FLAG_PAL) ? 3 : 1;
	p->colour = colour_of(d, s, p->planes);
	fit(p, s, &x, &y);
	place(p, s->turn);
	status = gb_scaler_new(&p->scaler[0], p->options.filter, s->width, s->height, x, y, err);
	if (status != GB_OK)
		return status;
	wide = AV_CEIL_RSHIFT(s->width, d->log2_chroma_w);
	high = AV_CEIL_RSHIFT(s->height, d->log2_chroma_h);
	x.unit = 1 << d->log2_chroma_w;
	y.unit = 1 << d->log2_chroma_h;
	status = gb_scaler_new(&p->scaler[1], p->options.filter, wide, high, x, y, err);
	if (status != GB_OK)
		return status;
	p->unpacked = gb_array((size_t)s->width * (size_t)s->height, sizeof *p->unpacked, err);
	if (p->unpacked == NULL)
		return GB_SYSTEM;
	p->shape = *s;
	return GB_OK;
}

static bool same_shape(const shape *a, const shape *b)
{
	return a->width == b->width && a->height == b->height && a->format == b->format &&
	       a->turn == b->turn && a->aspect.num == b->aspect.num && a->aspect.den == b->aspect.den &&
	       a->matrix == b->matrix && a->full == b->full;
}

/* ---- pictures ---- */

static bool is_native(const AVPixFmtDescriptor *d)
{
	bool big = d->flags & AV_PIX_FMT_FLAG_BE;

	return big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

/* Component C of FRAME as a plane: where it lies, if samples stand side by
 * side, else unpacked. */
static gb_plane plane_of(gb_picture *p, const AVFrame *frame, int c, int width, int height)
{
	const AVPixFmtDescriptor *d = p->format;
	const AVComponentDescriptor *comp = &d->comp[c];
	bool palette = d->flags & AV_PIX_FMT_FLAG_PAL;
	bool plain = !palette && comp->shift == 0 && comp->offset == 0 &&
	             !(d->flags & AV_PIX_FMT_FLAG_BITSTREAM);
	gb_plane plane = {.width = width, .height = height};

	if (plain && comp->depth == 8 && comp->step == 1) {
		plane.data = frame->data[comp->plane];
		plane.stride = frame->linesize[comp->plane];
		return plane;
	}
	plane.wide = true;
	if (plain && comp->depth > 8 && comp->step == 2 && is_native(d)) {
		plane.data = frame->data[comp->plane];
		plane.stride = frame->linesize[comp->plane];
		return plane;
	}
	for (int y = 0; y < height; y++)
		av_read_image_line2(p->unpacked + (size_t)y * (size_t)width,
		                    (const uint8_t **)(uintptr_t)frame->data, frame->linesize, d, 0, y,
		                    palette ? 2 - c : c, width, palette, 2);
	plane.data = (const uint8_t *)p->unpacked;
	plane.stride = 2 * (ptrdiff_t)width;
	return plane;
}

gb_status gb_picture_run(gb_picture *p, const AVFrame *frame, AVFormatContext *format, AVStream *stream,
                         uint8_t *out, gb_err *err)
{
	shape s = {.width = frame->width, .height = frame->height, .format = frame->format,
	           .turn = gb_picture_turn(frame, stream),
	           .aspect = av_guess_sample_aspect_ratio(format, stream, (AVFrame *)(uintptr_t)frame)};
	gb_picture_colour colour;
	gb_status status = gb_picture_colour_of(frame, &p->options, &colour, err);

	if (status != GB_OK)
		return status;
	s.matrix = colour.matrix;
	s.full = colour.full;
	if (!same_shape(&s, &p->shape)) {
		status = make_tables(p, &s, err);
		if (status != GB_OK)
			return status;
	}
	for (int c = 0; c < p->planes; c++) {
		bool chroma = c > 0 && !(p->format->flags & AV_PIX_FMT_FLAG_PAL);
		gb_plane plane = plane_of(p, frame, c,
		                          chroma ? AV_CEIL_RSHIFT(s.width, p->format->log2_chroma_w)
		                                 : s.width,
		                          chroma ? AV_CEIL_RSHIFT(s.height, p->format->log2_chroma_h)
		                                 : s.height);
		gb_scaler_run(p->scaler[chroma], &plane, p->plane[c]);
	}
	if (p->options.fit == GB_FIT_PAD)
		memset(out, 0, 3 * (size_t)p->options.width * (size_t)p->options.height);
	for (int y = 0; y < p->height; y++) {
		size_t at = (size_t)y * (size_t)p->width;
		gb_colour_run(&p->colour, p->plane[0] + at, p->plane[1] + at, p->plane[2] + at,
		              (size_t)p->width, out + p->first + y * p->line, p->step);
	}
	return GB_OK;
}
