/* SPDX-License-Identifier: MIT */
#include "video/video_writer.h"

#include <errno.h>
#include <libavutil/opt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "media/libav.h"
#include "video/video_colour.h"

enum { WRITE_BLOCK = 1 << 16, SOUND_BITS = 96000 };

/* One of its streams; packets leave in the order of what went in. */
typedef struct track {
	AVCodecContext *encoder;
	AVStream *stream;
	AVFrame *frame;
	int64_t written;         /* packets */
} track;

typedef struct writer {
	const gb_video_writer *film;
	const char *name;        /* of the output, for messages */
	gb_output output;
	int descriptor;          /* seekable: the output's temporary, or a spool */
	gb_err write_error;
	gb_status write_status;
	AVFormatContext *format;
	AVPacket *packet;
	track pictures, sound;
	size_t heard;            /* samples given to the encoder */
	gb_colour colour;
} writer;

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_file(void *opaque, const uint8_t *data, int size)
#else
static int write_file(void *opaque, uint8_t *data, int size)
#endif
{
	writer *w = opaque;

	if (w->write_status == GB_OK)
		w->write_status = gb_write_all(w->descriptor, data, (size_t)size, w->name, &w->write_error);
	return w->write_status == GB_OK ? size : AVERROR(EIO);
}

static int64_t seek_file(void *opaque, int64_t offset, int whence)
{
	writer *w = opaque;

	if (whence & AVSEEK_SIZE)
		return AVERROR(ENOSYS);
	return lseek(w->descriptor, offset, whence & ~AVSEEK_FORCE);
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

static gb_status open_pictures(writer *w, gb_err *err)
{
	const gb_video_writer *film = w->film;
	const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
	bool h264 = codec != NULL;
	int64_t span = film->pts[film->count - 1] - film->pts[0];
	AVCodecContext *encoder;
	int rate = 25, code;

	if (!h264)
		codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
	if (codec == NULL || (encoder = w->pictures.encoder = avcodec_alloc_context3(codec)) == NULL)
		return gb_fail(err, GB_SYSTEM,
		               "the FFmpeg libraries here have no H.264 and no MPEG-4 encoder");
	if (span > 0) {
		double fps = (double)(film->count - 1) * (double)film->timebase.den / (double)span;
		rate = fps < 1 ? 1 : fps > 1000 ? 1000 : (int)(fps + 0.5);
	}
	encoder->width = film->width;
	encoder->height = film->height;
	encoder->pix_fmt = h264 && !film->everywhere ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
	encoder->time_base = (AVRational){1, (int)film->timebase.den};
	encoder->framerate = (AVRational){rate, 1};
	encoder->max_b_frames = 0;
	encoder->color_range = AVCOL_RANGE_MPEG;
	encoder->colorspace = film->height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
	if (!h264) {
		encoder->flags |= AV_CODEC_FLAG_QSCALE;
		encoder->global_quality = FF_QP2LAMBDA * 2;
	} else if ((code = av_opt_set(encoder->priv_data, "crf", "10", 0)) < 0) {
		return gb_libav_fail(err, GB_SYSTEM, code, "%s: %s encoder", w->name, codec->name);
	}
	w->colour = gb_colour_from_rgb(film->height >= 720 ? GB_MATRIX_BT709 : GB_MATRIX_BT601, false);
	return GB_OK;
}

static gb_status open_sound(writer *w, gb_err *err)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext *encoder;

	if (codec == NULL || (encoder = w->sound.encoder = avcodec_alloc_context3(codec)) == NULL)
		return gb_fail(err, GB_SYSTEM, "the FFmpeg libraries here have no AAC encoder");
	encoder->sample_fmt = AV_SAMPLE_FMT_FLTP;
	encoder->sample_rate = w->film->rate;
	encoder->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
	encoder->time_base = (AVRational){1, w->film->rate};
	encoder->bit_rate = SOUND_BITS;
	return GB_OK;
}

/* What both kinds have in common, once their encoders are described. */
static gb_status open_track(writer *w, track *t, gb_err *err)
{
	bool sound = t == &w->sound;
	int code;

	t->encoder->thread_count = 1;
	t->encoder->flags |= AV_CODEC_FLAG_BITEXACT;
	if (w->format->oformat->flags & AVFMT_GLOBALHEADER)
		t->encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	code = avcodec_open2(t->encoder, NULL, NULL);
	t->stream = code < 0 ? NULL : avformat_new_stream(w->format, NULL);
	t->frame = t->stream ? av_frame_alloc() : NULL;
	if (code >= 0 && !t->frame)
		code = AVERROR(ENOMEM);
	if (code < 0)
		return gb_libav_fail(err, GB_SYSTEM, code, "%s: %s encoder", w->name,
		                     t->encoder->codec->name);
	t->stream->time_base = t->encoder->time_base;
	t->stream->avg_frame_rate = t->encoder->framerate;
	t->frame->format = sound ? (int)t->encoder->sample_fmt : (int)t->encoder->pix_fmt;
	t->frame->width = t->encoder->width;
	t->frame->height = t->encoder->height;
	if (sound) {
		t->frame->nb_samples = t->encoder->frame_size;
		t->frame->sample_rate = t->encoder->sample_rate;
		t->frame->ch_layout = t->encoder->ch_layout;
	}
	code = avcodec_parameters_from_context(t->stream->codecpar, t->encoder);
	if (code >= 0)
		code = av_frame_get_buffer(t->frame, 0);
	return code < 0 ? gb_libav_fail(err, GB_SYSTEM, code, "%s", w->name) : GB_OK;
}

static gb_status open_film(writer *w, const char *container, gb_err *err)
{
	AVDictionary *options = NULL;
	uint8_t *block = av_malloc(WRITE_BLOCK);
	gb_status status;
	int code = avformat_alloc_output_context2(&w->format, NULL, container, NULL);

	w->packet = av_packet_alloc();
	if (code >= 0 && block)
		w->format->pb = avio_alloc_context(block, WRITE_BLOCK, 1, w, NULL, write_file, seek_file);
	if (code < 0 || w->packet == NULL || w->format->pb == NULL) {
		av_free(block);
		return gb_libav_fail(err, GB_SYSTEM, code < 0 ? code : AVERROR(ENOMEM), "%s", w->name);
	}
	w->format->flags |= AVFMT_FLAG_BITEXACT;
	status = open_pictures(w, err);
	if (status == GB_OK)
		status = open_track(w, &w->pictures, err);
	if (status == GB_OK && w->film->sound) {
		status = open_sound(w, err);
		if (status == GB_OK)
			status = open_track(w, &w->sound, err);
	}
	if (status != GB_OK)
		return status;
	/* So that a start other than 0 is as exact as the frames after it. */
	av_dict_set_int(&options, "movie_timescale", w->film->timebase.den, 0);
	av_dict_set_int(&options, "video_track_timescale", w->film->timebase.den, 0);
	code = avformat_write_header(w->format, &options);
	av_dict_free(&options);
	return code < 0 ? gb_libav_fail(err, GB_SYSTEM, code, "%s", w->name) : GB_OK;
}

/* Levels of one component at a pixel. */
static float component(const gb_colour *c, int i, const uint8_t *rgb)
{
	return c->m[i][0] * rgb[0] + c->m[i][1] * rgb[1] + c->m[i][2] * rgb[2] + c->m[i][3];
}

/* The mean of component I over the pixels from X, Y on, at most STEP in each direction. */
static uint8_t mean_component(const writer *w, int i, const uint8_t *rgb, int x, int y, int step)
{
	const AVFrame *frame = w->pictures.frame;
	int x_end = x + step < frame->width ? x + step : frame->width;
	int y_end = y + step < frame->height ? y + step : frame->height;
	ptrdiff_t width = frame->width;
	float sum = 0;

	for (int r = y; r < y_end; r++)
		for (int c = x; c < x_end; c++)
			sum += component(&w->colour, i, rgb + 3 * (r * width + c));
	return (uint8_t)(sum / (float)((y_end - y) * (x_end - x)) + 0.5f); /* 16 … 240 */
}

/* RGB to the encoder's planes; chroma of half size is the mean of its pixels. */
static void fill_frame(const writer *w, const uint8_t *rgb)
{
	AVFrame *frame = w->pictures.frame;
	int chroma = frame->format == AV_PIX_FMT_YUV420P ? 2 : 1;

	for (int i = 0; i < 3; i++) {
		int step = i ? chroma : 1;

		for (int y = 0; y < frame->height; y += step) {
			uint8_t *line = frame->data[i] + (ptrdiff_t)(y / step) * frame->linesize[i];

			for (int x = 0; x < frame->width; x += step)
				line[x / step] = mean_component(w, i, rgb, x, y, step);
		}
	}
}

/* How long picture N is on screen: until the next one; the last as long as the one before it. */
static int64_t duration(const gb_video_writer *film, int64_t n)
{
	int64_t last = film->count - 1;

	return last == 0 ? 0 : n < last ? film->pts[n + 1] - film->pts[n] : film->pts[n] - film->pts[n - 1];
}

/* FRAME (NULL: no more) to the encoder, and what it has ready to the file.  Without reordering, the n-th
 * packet is the n-th picture. */
static gb_status put(writer *w, track *t, AVFrame *frame, gb_err *err)
{
	int code = avcodec_send_frame(t->encoder, frame);

	while (code >= 0 && w->write_status == GB_OK) {
		code = avcodec_receive_packet(t->encoder, w->packet);
		if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
			return GB_OK;
		if (code < 0)
			break;
		if (t == &w->pictures)
			w->packet->duration = duration(w->film, t->written);
		w->packet->stream_index = t->stream->index;
		av_packet_rescale_ts(w->packet, t->encoder->time_base, t->stream->time_base);
		t->written++;
		code = av_interleaved_write_frame(w->format, w->packet);
	}
	return gb_libav_fail(err, GB_SYSTEM, code, "%s: %s %lld", w->name,
	                     t == &w->pictures ? "frame" : "block of sound", (long long)t->written);
}

/* Sound up to SECONDS, in the encoder's blocks; the last may be shorter. */
static gb_status put_sound(writer *w, double seconds, gb_err *err)
{
	const gb_video_writer *film = w->film;
	AVFrame *frame = w->sound.frame;
	gb_status status = GB_OK;

	while (status == GB_OK && film->sound && w->heard < film->samples &&
	       (double)w->heard <= seconds * film->rate) {
		size_t left = film->samples - w->heard, block = (size_t)w->sound.encoder->frame_size,
		       count = left < block ? left : block;
		int code = av_frame_make_writable(frame);

		if (code < 0)
			return gb_libav_fail(err, GB_SYSTEM, code, "%s: sound", w->name);
		memcpy(frame->data[0], film->sound + w->heard, count * sizeof *film->sound);
		frame->nb_samples = (int)count;
		frame->pts = (int64_t)w->heard;
		w->heard += count;
		status = put(w, &w->sound, frame, err);
	}
	return status;
}

static gb_status encode(writer *w, gb_err *err)
{
	const gb_video_writer *film = w->film;
	gb_status status = GB_OK;
	int code;

	for (int64_t i = 0; status == GB_OK && i < film->count; i++) {
		AVFrame *frame = w->pictures.frame;
		code = av_frame_make_writable(frame);
		if (code < 0)
			return gb_libav_fail(err, GB_SYSTEM, code, "%s: frame %lld", w->name, (long long)i);
		fill_frame(w, film->picture(film->context, i));
		frame->pts = film->pts[i];
		status = put(w, &w->pictures, frame, err);
		if (status == GB_OK)
			status = put_sound(w, (double)film->pts[i] / (double)film->timebase.den, err);
	}
	if (status == GB_OK)
		status = put_sound(w, HUGE_VAL, err);
	if (status == GB_OK)
		status = put(w, &w->pictures, NULL, err);
	if (status == GB_OK && film->sound)
		status = put(w, &w->sound, NULL, err);
	if (status != GB_OK)
		return status;
	code = av_write_trailer(w->format);
	avio_flush(w->format->pb);
	return code < 0 ? gb_libav_fail(err, GB_SYSTEM, code, "%s", w->name) : GB_OK;
}

/* From the spool to an output that cannot seek. */
static gb_status copy_out(writer *w, gb_err *err)
{
	uint8_t block[1 << 14];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(w->descriptor, block, sizeof block, at)) > 0) {
		gb_status status = gb_output_write(&w->output, block, (size_t)got, err);
		if (status != GB_OK)
			return status;
		at += got;
	}
	return got < 0 ? gb_fail_errno(err, GB_SYSTEM, errno, "temporary film") : GB_OK;
}

static void close_track(track *t)
{
	av_frame_free(&t->frame);
	avcodec_free_context(&t->encoder);
}

static void close_film(writer *w)
{
	av_packet_free(&w->packet);
	close_track(&w->pictures);
	close_track(&w->sound);
	if (w->format != NULL && w->format->pb != NULL) {
		av_freep(&w->format->pb->buffer);
		avio_context_free(&w->format->pb);
	}
	avformat_free_context(w->format);
	if (w->descriptor >= 0 && w->descriptor != w->output.descriptor)
		close(w->descriptor);
	gb_output_abort(&w->output);
}

gb_status gb_video_writer_write(const gb_video_writer *film, const char *out, gb_err *err)
{
	const char *container = container_of(out);
	writer w = {.film = film, .descriptor = -1};
	gb_status status;

	if (container == NULL)
		return gb_fail(err, GB_USAGE,
		               "%s: a film is written to a name that ends in .mp4, .mov or .nut", out);
	gb_libav_quiet();
	if ((status = gb_output_open(&w.output, out, true, err)) != GB_OK)
		return status;
	w.name = w.output.name;
	if (w.output.is_file)
		w.descriptor = w.output.descriptor;
	else
		status = gb_spool_open(&w.descriptor, err);
	if (status == GB_OK)
		status = open_film(&w, container, err);
	if (status == GB_OK)
		status = encode(&w, err);
	if (w.write_status != GB_OK) { /* the reason behind the library's "I/O error" */
		if (err != NULL)
			*err = w.write_error;
		status = w.write_status;
	}
	if (status == GB_OK && !w.output.is_file)
		status = copy_out(&w, err);
	if (status == GB_OK)
		status = gb_output_commit(&w.output, err);
	close_film(&w);
	return status;
}
