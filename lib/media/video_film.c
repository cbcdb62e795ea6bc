// SPDX-License-Identifier: MIT
#include "media/video_film.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/size.h"
#include "media/libav.h"
#include "media/video_colour.h"

enum { WRITE_BLOCK = 1 << 16 };

/* What is to be shown, and when. */
typedef struct reel {
	const uint8_t **picture; /* [count], borrowed */
	int64_t *pts;            /* [count], rising, in units of 1/timebase.den, the container's clock */
	int64_t count;
	int width, height;
	gb_rational timebase;
} reel;

typedef struct film {
	const char *name;        /* of the output, for messages */
	gb_output output;
	int descriptor;          /* seekable: the output's temporary, or a spool */
	gb_err write_error;
	gb_status write_status;
	AVFormatContext *format;
	AVCodecContext *encoder;
	AVStream *stream;
	AVFrame *frame;
	AVPacket *packet;
	gb_colour colour;
	int64_t written;         /* packets */
} film;

/* ---- the tensors ---- */

typedef struct source {
	const gb_tensor *video, *count, *pts, *held;
	gb_rational timebase, step;
	int64_t origin;
} source;

static bool has_shape(const gb_tensor *t, gb_dtype dtype, int rank, const int64_t *shape)
{
	return t->dtype == dtype && t->rank == rank && memcmp(t->shape, shape, (size_t)rank * sizeof *shape) == 0;
}

static gb_status read_source(gb_tensor_file *file, gb_rational tr, source *s, gb_err *err)
{
	const char *name = gb_tensor_file_name(file), *timebase;
	gb_clock clock;
	gb_status status = gb_tensor_file_need(file, "video", GB_U8, 5, &s->video, err);

	if (status != GB_OK)
		return status;
	if (s->video->shape[4] != 3)
		return gb_fail(err, GB_DATA, "%s: tensor video: %lld values a pixel, 3 are wanted", name,
		               (long long)s->video->shape[4]);
	for (int i = 0; i < 5; i++) {
		if (s->video->shape[i] < 1 || (i > 1 && s->video->shape[i] > 16384))
			return gb_fail(err, GB_DATA, "%s: tensor video: axis %d is %lld long", name, i,
			               (long long)s->video->shape[i]);
	}
	s->step = tr;
	s->count = gb_tensor_file_find(file, "video.count");
	s->pts = gb_tensor_file_find(file, "video.pts");
	s->held = gb_tensor_file_find(file, "video.held");
	if ((s->count && !has_shape(s->count, GB_I32, 1, s->video->shape)) ||
	    (s->pts && !has_shape(s->pts, GB_I64, 2, s->video->shape)) ||
	    (s->held && !has_shape(s->held, GB_U8, 1, s->video->shape)))
		return gb_fail(err, GB_DATA, "%s: video.count, video.pts or video.held do not fit tensor video", name);
	for (int i = 0; i < 3; i++) {
		const gb_tensor **t = i == 0 ? &s->count : i == 1 ? &s->pts : &s->held;
		if (*t && (status = gb_tensor_file_need(file, (*t)->name, (*t)->dtype, (*t)->rank, t, err)) != GB_OK)
			return status;
	}
	if (s->pts == NULL) {
		if (gb_tensor_file_has_clock(file, "video")) {
			status = gb_tensor_file_clock(file, "video", &clock, err);
			s->step = clock.step;
		}
		return status;
	}
	timebase = gb_json_text(gb_tensor_file_attribute(file, "video.pts", "timebase"));
	if (timebase == NULL || gb_rational_parse(timebase, &s->timebase, NULL) != GB_OK || s->timebase.num <= 0)
		return gb_fail(err, GB_DATA, "%s: tensor video.pts says no timebase", name);
	(void)gb_json_read_integer(gb_tensor_file_attribute(file, "video.pts", "origin"), &s->origin);
	return GB_OK;
}

/* Frame SLOT of ROW on the container's clock, in units of 1/den. */
static bool time_of(const source *s, const reel *r, int64_t row, int64_t slot, int64_t *t)
{
	int64_t frames = s->video->shape[1];

	if (s->pts == NULL)
		*t = row * frames + slot;
	else if (__builtin_add_overflow(((const int64_t *)s->pts->data)[row * frames + slot], s->origin, t))
		return false;
	return !__builtin_mul_overflow(*t, r->timebase.num, t);
}

static gb_status collect(const source *s, const char *name, reel *r, gb_err *err)
{
	int64_t rows = s->video->shape[0], frames = s->video->shape[1];
	size_t bytes = (size_t)(s->video->shape[2] * s->video->shape[3] * 3);

	r->height = (int)s->video->shape[2];
	r->width = (int)s->video->shape[3];
	r->timebase = s->timebase;
	if (s->pts == NULL && !gb_rational_div(s->step, (gb_rational){frames, 1}, &r->timebase))
		return gb_fail(err, GB_DATA, "%s: --tr over %lld frames is out of range", name, (long long)frames);
	if (r->timebase.den > INT32_MAX)
		return gb_fail(err, GB_DATA, "%s: no container counts time in units of 1/%lld s", name,
		               (long long)r->timebase.den);
	r->picture = gb_array((size_t)(rows * frames), sizeof *r->picture, err);
	r->pts = gb_array((size_t)(rows * frames), sizeof *r->pts, err);
	if (r->picture == NULL || r->pts == NULL)
		return GB_SYSTEM;
	for (int64_t row = 0; row < rows; row++) {
		int64_t count = s->count ? ((const int32_t *)s->count->data)[row] : frames;
		if (count < 0 || count > frames)
			return gb_fail(err, GB_DATA, "%s: video.count: row %lld: %lld of %lld frames", name, (long long)row,
			               (long long)count, (long long)frames);
		if (s->held && ((const uint8_t *)s->held->data)[row])
			count = 0;
		for (int64_t slot = 0; slot < count; slot++) {
			int64_t at = r->count++;
			r->picture[at] = (const uint8_t *)s->video->data + (size_t)(row * frames + slot) * bytes;
			if (!time_of(s, r, row, slot, &r->pts[at]) || (at > 0 && r->pts[at] <= r->pts[at - 1]))
				return gb_fail(err, GB_DATA, "%s: video.pts: row %lld, frame %lld: times must rise", name,
				               (long long)row, (long long)slot);
		}
	}
	return r->count ? GB_OK : gb_fail(err, GB_DATA, "%s: no frames but held ones", name);
}

/* ---- the file ---- */

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_file(void *opaque, const uint8_t *data, int size)
#else
static int write_file(void *opaque, uint8_t *data, int size)
#endif
{
	film *f = opaque;

	if (f->write_status == GB_OK)
		f->write_status = gb_write_all(f->descriptor, data, (size_t)size, f->name, &f->write_error);
	return f->write_status == GB_OK ? size : AVERROR(EIO);
}

static int64_t seek_file(void *opaque, int64_t offset, int whence)
{
	film *f = opaque;

	if (whence & AVSEEK_SIZE)
		return AVERROR(ENOSYS);
	return lseek(f->descriptor, offset, whence & ~AVSEEK_FORCE);
}

/* mp4 unless the name says otherwise; only containers whose clocks are exact. */
static const char *container_of(const char *out)
{
	const char *dot = out ? strrchr(gb_base_name(out), '.') : NULL;

	if (out == NULL || strcmp(out, "-") == 0)
		return "mp4";
	for (int i = 0; dot && i < 3; i++) {
		static const char *const known[] = {"mp4", "mov", "nut"};
		if (strcasecmp(dot + 1, known[i]) == 0)
			return known[i];
	}
	return NULL;
}

static gb_status open_encoder(film *f, const reel *r, gb_err *err)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	bool h264 = codec != NULL;
	int64_t span = r->pts[r->count - 1] - r->pts[0];
	int rate = 25, code;

	if (!h264)
		codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
	if (codec == NULL || (f->encoder = avcodec_alloc_context3(codec)) == NULL)
		return gb_fail(err, GB_SYSTEM, "the FFmpeg libraries here have no H.264 and no MPEG-4 encoder");
	if (span > 0) {
		double fps = (double)(r->count - 1) * (double)r->timebase.den / (double)span;
		rate = fps < 1 ? 1 : fps > 1000 ? 1000 : (int)(fps + 0.5);
	}
	f->encoder->width = r->width;
	f->encoder->height = r->height;
	f->encoder->pix_fmt = h264 ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
	f->encoder->time_base = (AVRational){1, (int)r->timebase.den};
	f->encoder->framerate = (AVRational){rate, 1};
	f->encoder->max_b_frames = 0;
	f->encoder->thread_count = 1;
	f->encoder->color_range = AVCOL_RANGE_MPEG;
	f->encoder->colorspace = r->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	f->encoder->flags |= AV_CODEC_FLAG_BITEXACT;
	if (f->format->oformat->flags & AVFMT_GLOBALHEADER)
		f->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	if (h264) {
		av_opt_set(f->encoder->priv_data, "crf", "10", 0);
	} else {
		f->encoder->flags |= AV_CODEC_FLAG_QSCALE;
		f->encoder->global_quality = FF_QP2LAMBDA * 2;
	}
	code = avcodec_open2(f->encoder, codec, NULL);
	if (code < 0)
		return gb_libav_fail(err, GB_SYSTEM, code, "%s: %s encoder, %d x %d", f->name, codec->name, r->width,
		                     r->height);
	f->colour = gb_colour_from_rgb(r->height >= 720 ? GB_MATRIX_BT709 : GB_MATRIX_BT601, false);
	return GB_OK;
}

static gb_status open_film(film *f, const char *container, const reel *r, gb_err *err)
{
	AVDictionary *options = NULL;
	uint8_t *block = NULL;
	gb_status status;
	int code = avformat_alloc_output_context2(&f->format, NULL, container, NULL);

	f->frame = av_frame_alloc();
	f->packet = av_packet_alloc();
	block = av_malloc(WRITE_BLOCK);
	if (code < 0 || f->frame == NULL || f->packet == NULL || block == NULL) {
		av_free(block);
		return gb_libav_fail(err, GB_SYSTEM, code < 0 ? code : AVERROR(ENOMEM), "%s", f->name);
	}
	f->format->pb = avio_alloc_context(block, WRITE_BLOCK, 1, f, NULL, write_file, seek_file);
	f->stream = avformat_new_stream(f->format, NULL);
	if (f->format->pb == NULL || f->stream == NULL)
		return gb_fail(err, GB_SYSTEM, "%s: out of memory", f->name);
	status = open_encoder(f, r, err);
	if (status != GB_OK)
		return status;
	f->format->flags |= AVFMT_FLAG_BITEXACT;
	f->stream->time_base = f->encoder->time_base;
	f->stream->avg_frame_rate = f->encoder->framerate;
	code = avcodec_parameters_from_context(f->stream->codecpar, f->encoder);
	/* So that a start other than 0 is as exact as the frames after it. */
	av_dict_set_int(&options, "movie_timescale", r->timebase.den, 0);
	av_dict_set_int(&options, "video_track_timescale", r->timebase.den, 0);
	if (code >= 0)
		code = avformat_write_header(f->format, &options);
	av_dict_free(&options);
	f->frame->format = f->encoder->pix_fmt;
	f->frame->width = r->width;
	f->frame->height = r->height;
	if (code >= 0)
		code = av_frame_get_buffer(f->frame, 0);
	return code < 0 ? gb_libav_fail(err, GB_SYSTEM, code, "%s", f->name) : GB_OK;
}

/* Levels of one component at a pixel. */
static float component(const gb_colour *c, int i, const uint8_t *rgb)
{
	return c->m[i][0] * rgb[0] + c->m[i][1] * rgb[1] + c->m[i][2] * rgb[2] + c->m[i][3];
}

/* RGB to the encoder's planes; chroma of half size is the mean of its pixels. */
static void fill_frame(film *f, const uint8_t *rgb)
{
	int step = f->encoder->pix_fmt == AV_PIX_FMT_YUV420P ? 2 : 1, w = f->frame->width, h = f->frame->height;

	for (int i = 0; i < 3; i++) {
		int s = i ? step : 1;
		for (int y = 0; y < h; y += s) {
			uint8_t *line = f->frame->data[i] + (ptrdiff_t)(y / s) * f->frame->linesize[i];
			for (int x = 0; x < w; x += s) {
				float sum = 0;
				int n = 0;
				for (int dy = 0; dy < s && y + dy < h; dy++)
					for (int dx = 0; dx < s && x + dx < w; dx++, n++)
						sum += component(&f->colour, i, rgb + 3 * ((size_t)(y + dy) * (size_t)w + (size_t)(x + dx)));
				line[x / s] = (uint8_t)(sum / (float)n + 0.5f); /* 16 … 240 */
			}
		}
	}
}

/* Without reordering, the n-th packet is the n-th frame. */
static gb_status drain(film *f, const reel *r, gb_err *err)
{
	for (;;) {
		int code = avcodec_receive_packet(f->encoder, f->packet);
		int64_t n = f->written, last = r->count - 1;
		if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
			return GB_OK;
		if (code >= 0) {
			f->packet->duration = r->count == 1 ? 0 : n < last ? r->pts[n + 1] - r->pts[n] : r->pts[n] - r->pts[n - 1];
			f->packet->stream_index = 0;
			av_packet_rescale_ts(f->packet, f->encoder->time_base, f->stream->time_base);
			f->written++;
			code = av_interleaved_write_frame(f->format, f->packet);
		}
		if (code < 0 || f->write_status != GB_OK)
			return gb_libav_fail(err, GB_SYSTEM, code, "%s: frame %lld", f->name, (long long)n);
	}
}

static gb_status encode(film *f, const reel *r, gb_err *err)
{
	gb_status status = GB_OK;
	int code;

	for (int64_t i = 0; status == GB_OK && i <= r->count; i++) {
		AVFrame *frame = i < r->count ? f->frame : NULL;
		if (frame != NULL) {
			code = av_frame_make_writable(frame);
			if (code < 0)
				return gb_libav_fail(err, GB_SYSTEM, code, "%s: frame %lld", f->name, (long long)i);
			fill_frame(f, r->picture[i]);
			frame->pts = r->pts[i];
		}
		code = avcodec_send_frame(f->encoder, frame);
		if (code < 0)
			return gb_libav_fail(err, GB_SYSTEM, code, "%s: frame %lld", f->name, (long long)i);
		status = drain(f, r, err);
	}
	if (status != GB_OK)
		return status;
	code = av_write_trailer(f->format);
	avio_flush(f->format->pb);
	return code < 0 ? gb_libav_fail(err, GB_SYSTEM, code, "%s", f->name) : GB_OK;
}

/* From the spool to an output that cannot seek. */
static gb_status copy_out(film *f, gb_err *err)
{
	uint8_t block[1 << 14];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(f->descriptor, block, sizeof block, at)) > 0) {
		gb_status status = gb_output_write(&f->output, block, (size_t)got, err);
		if (status != GB_OK)
			return status;
		at += got;
	}
	return got < 0 ? gb_fail_errno(err, GB_SYSTEM, errno, "temporary film") : GB_OK;
}

static void close_film(film *f)
{
	av_packet_free(&f->packet);
	av_frame_free(&f->frame);
	avcodec_free_context(&f->encoder);
	if (f->format != NULL && f->format->pb != NULL) {
		av_freep(&f->format->pb->buffer);
		avio_context_free(&f->format->pb);
	}
	avformat_free_context(f->format);
	if (f->descriptor >= 0 && f->descriptor != f->output.descriptor)
		close(f->descriptor);
	gb_output_abort(&f->output);
}

static gb_status write_film(const reel *r, const char *container, const char *out, gb_err *err)
{
	film f = {.descriptor = -1};
	gb_status status = gb_output_open(&f.output, out, true, err);

	if (status != GB_OK)
		return status;
	f.name = f.output.name;
	if (f.output.is_file)
		f.descriptor = f.output.descriptor;
	else
		status = gb_spool_open(&f.descriptor, err);
	if (status == GB_OK)
		status = open_film(&f, container, r, err);
	if (status == GB_OK)
		status = encode(&f, r, err);
	if (f.write_status != GB_OK) { /* the reason behind the library's "I/O error" */
		if (err != NULL)
			*err = f.write_error;
		status = f.write_status;
	}
	if (status == GB_OK && !f.output.is_file)
		status = copy_out(&f, err);
	if (status == GB_OK)
		status = gb_output_commit(&f.output, err);
	close_film(&f);
	return status;
}

gb_status gb_video_film(const char *file, const char *out, gb_rational tr, gb_err *err)
{
	const char *container = container_of(out);
	gb_tensor_file *tensors = NULL;
	source s = {0};
	reel r = {0};
	gb_status status;

	if (container == NULL)
		return gb_fail(err, GB_USAGE, "%s: a film is written to a name that ends in .mp4, .mov or .nut", out);
	gb_libav_quiet();
	status = gb_tensor_file_open(&tensors, file, err);
	if (status == GB_OK)
		status = read_source(tensors, tr, &s, err);
	if (status == GB_OK)
		status = collect(&s, gb_tensor_file_name(tensors), &r, err);
	if (status == GB_OK)
		status = write_film(&r, container, out, err);
	free(r.picture);
	free(r.pts);
	gb_tensor_file_close(tensors);
	return status;
}
