/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "audio/audio_internal.h"
#include "media/libav.h"
#include "media/libav_origin.h"

typedef struct track {
	gb_audio_source source;
	gb_libav media;
	AVCodecContext *decoder;
	AVPacket *packet;
	AVFrame *frame;
	int stream;
	float *mono;
	size_t mono_capacity;
	gb_rational origin; /* on the container's clock */
	bool ended;
	bool waiting;       /* FRAME was decoded when opening and is not given yet */
	bool started;
	bool marks_end;     /* the container says where its last sample is: before END */
	int64_t end;        /* in the stream's time base */
} track;

static AVRational timebase(const track *t) { return t->media.format->streams[t->stream]->time_base; }

static void track_close(gb_audio_source *source)
{
	track *t = (track *)source;

	av_frame_free(&t->frame);
	av_packet_free(&t->packet);
	avcodec_free_context(&t->decoder);
	gb_libav_close(&t->media);
	free(t->mono);
	free(t);
}

static gb_status broken(const track *t, int code, gb_err *err)
{
	double when = t->packet->pts == AV_NOPTS_VALUE ? 0 : (double)t->packet->pts * av_q2d(timebase(t));

	return gb_libav_fail(err, GB_DATA, code, "%s: sound track: the packet at %.3f s cannot be decoded",
	                     t->media.name, when);
}

/* Send packets to the decoder until it gives a frame. */
static gb_status next_frame(track *t, gb_err *err)
{
	for (;;) {
		int code = avcodec_receive_frame(t->decoder, t->frame);
		gb_status status;
		bool got;

		if (!code || code == AVERROR_EOF) {
			t->ended = code == AVERROR_EOF;
			return GB_OK;
		}
		if (code != AVERROR(EAGAIN))
			return broken(t, code, err);
		av_packet_unref(t->packet);
		status = gb_libav_packet(&t->media, t->stream, t->packet, &got, err);
		if (status)
			return status;
		code = avcodec_send_packet(t->decoder, got ? t->packet : NULL);
		if (code && code != AVERROR_EOF)
			return broken(t, code, err);
	}
}

static double sample(const AVFrame *f, int channel, int channels, int i)
{
	int planar = av_sample_fmt_is_planar((enum AVSampleFormat)f->format);
	const uint8_t *data = planar ? f->extended_data[channel] : f->extended_data[0];
	size_t at = planar ? (size_t)i : (size_t)i * (size_t)channels + (size_t)channel;

	switch (av_get_packed_sample_fmt((enum AVSampleFormat)f->format)) {
	case AV_SAMPLE_FMT_U8: return (data[at] - 128) / 128.0;
	case AV_SAMPLE_FMT_S16: return ((const int16_t *)(const void *)data)[at] / 32768.0;
	case AV_SAMPLE_FMT_S32: return ((const int32_t *)(const void *)data)[at] / 2147483648.0;
	case AV_SAMPLE_FMT_S64:
		return (double)((const int64_t *)(const void *)data)[at] / 9223372036854775808.0;
	case AV_SAMPLE_FMT_FLT: return (double)((const float *)(const void *)data)[at];
	case AV_SAMPLE_FMT_DBL: return ((const double *)(const void *)data)[at];
	default: return 0;
	}
}

static gb_status mix(track *t, gb_err *err)
{
	const AVFrame *f = t->frame;
	int channels = f->ch_layout.nb_channels, count, first = gb_audio_side(&t->source, channels, &count);

	if (f->sample_rate != t->source.rate)
		return gb_fail(err, GB_DATA, "%s: sound track: the sample rate changes from %lld to %d Hz",
		               t->media.name, (long long)t->source.rate, f->sample_rate);
	if (channels < 1)
		return gb_fail(err, GB_DATA, "%s: sound track: a frame without channels", t->media.name);
	if ((size_t)f->nb_samples > t->mono_capacity) {
		if (gb_grow(&t->mono, (size_t)f->nb_samples, sizeof *t->mono, err))
			return GB_SYSTEM;
		t->mono_capacity = (size_t)f->nb_samples;
	}
	for (int i = 0; i < f->nb_samples; i++) {
		double sum = 0;

		for (int c = first; c < first + count; c++)
			sum += sample(f, c, channels, i);
		t->mono[i] = (float)(sum / count);
	}
	return GB_OK;
}

/* Samples of this frame that lie before the end that the container marks. */
static int before_end(const track *t, int64_t pts)
{
	int64_t left;

	if (!t->marks_end || pts == AV_NOPTS_VALUE)
		return t->frame->nb_samples;
	left = av_rescale_q(t->end - pts, timebase(t), (AVRational){1, (int)t->source.rate});
	return left < 0 ? 0 : left < t->frame->nb_samples ? (int)left : t->frame->nb_samples;
}

static gb_status track_read(gb_audio_source *source, gb_audio_piece *piece, gb_err *err)
{
	track *t = (track *)source;
	gb_rational time;
	gb_status status;
	int64_t pts;

	do {
		status = t->waiting ? GB_OK : next_frame(t, err);
		t->waiting = false;
		if (!status && !t->ended)
			status = mix(t, err);
		if (status)
			return status;
		piece->samples = t->mono;
		piece->count = 0;
		if (t->ended)
			return GB_OK;
		pts = t->frame->best_effort_timestamp;
		piece->count = (size_t)before_end(t, pts);
	} while (!piece->count);
	piece->timed = pts != AV_NOPTS_VALUE;
	if (!piece->timed && !t->started)
		return gb_fail(err, GB_DATA, "%s: sound track: its first frame has no timestamp",
		               t->media.name);
	t->started = true;
	if (piece->timed &&
	    (!gb_libav_seconds(pts, timebase(t), &time) || !gb_rational_sub(time, t->origin, &piece->time)))
		return gb_fail(err, GB_DATA, "%s: sound track: timestamp %lld is too large", t->media.name,
		               (long long)pts);
	return GB_OK;
}

/* Only a decoded frame has the true rate; AAC with SBR doubles that of the header. */
static gb_status first_frame(track *t, gb_err *err)
{
	gb_status status = next_frame(t, err);

	if (status)
		return status;
	if (t->ended)
		return gb_fail(err, GB_DATA, "%s: the sound has no samples", t->media.name);
	if (t->frame->sample_rate < 1 || t->frame->ch_layout.nb_channels < 1)
		return gb_fail(err, GB_DATA, "%s: sound track: no sample rate or no channels", t->media.name);
	t->waiting = true;
	t->source.rate = t->frame->sample_rate;
	t->source.channels = t->frame->ch_layout.nb_channels;
	return GB_OK;
}

/* MP4 and its family mark the end of the track by its duration; fragmented
 * files, whose index holds no samples, do not. */
static void find_end(track *t)
{
	const AVStream *s = t->media.format->streams[t->stream];

	if (strstr(t->media.format->iformat->name, "mov") && s->nb_frames > 0 && s->duration > 0 &&
	    s->start_time != AV_NOPTS_VALUE) {
		t->marks_end = true;
		t->end = s->start_time + s->duration;
	}
}

gb_status gb_audio_libav_open(gb_audio_source **source, gb_input *input, int64_t number, gb_err *err)
{
	track *t = gb_array(1, sizeof *t, err);
	gb_status status;

	*source = NULL;
	if (!t) {
		gb_input_close(input);
		return GB_SYSTEM;
	}
	t->source = (gb_audio_source){"libav", 0, 0, track_read, track_close};
	t->packet = av_packet_alloc();
	t->frame = av_frame_alloc();
	status = gb_libav_take(&t->media, input, err);
	if (!status && (!t->packet || !t->frame))
		status = gb_fail(err, GB_SYSTEM, "%s: out of memory", t->media.name);
	if (!status) /* first, so that a missing sound is reported before damage of the video */
		status = gb_libav_stream(&t->media, GB_MEDIA_AUDIO, number, &t->stream, err);
	if (!status)
		status = gb_libav_origin(&t->media, &t->origin, err);
	if (!status)
		status = gb_libav_stream(&t->media, GB_MEDIA_AUDIO, number, &t->stream, err);
	if (!status) {
		gb_libav_only(&t->media, t->stream);
		find_end(t);
		status = gb_libav_decoder(&t->media, t->stream, 1, &t->decoder, err);
	}
	if (!status)
		status = first_frame(t, err);
	if (status) {
		track_close(&t->source);
		return status;
	}
	*source = &t->source;
	return GB_OK;
}
