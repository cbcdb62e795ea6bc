/* SPDX-License-Identifier: MIT */
#include "video/video_frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum { ERRORS_IN_A_ROW = 64, FIELD_PROBE = 16 };

/* The next packet.  With keep_going damaged packets are skipped, the same ones in
 * every pass. */
static gb_status next_packet(gb_video_frames *f, bool *got, gb_err *err)
{
	gb_err damage = {GB_OK, ""};
	gb_status status = GB_DATA;

	for (int errors = 0; status == GB_DATA && errors < ERRORS_IN_A_ROW; errors++) {
		status = gb_libav_packet(f->media, f->stream, f->packet, got, f->keep_going ? &damage : err);
		if (!f->keep_going)
			return status;
		if (status == GB_DATA && f->damage.status == GB_OK)
			f->damage = damage;
	}
	if (status == GB_DATA)
		return GB_OK; /* *GOT is false: the end */
	if (status != GB_OK && err != NULL)
		*err = damage;
	return status;
}

/* Pictures that are never shown have packets of their own in VP8. */
static bool is_shown(const gb_video_frames *f, const AVPacket *packet)
{
	if (packet->flags & AV_PKT_FLAG_DISCARD || packet->size == 0)
		return false;
	return f->media->format->streams[f->stream]->codecpar->codec_id != AV_CODEC_ID_VP8 ||
	       packet->data[0] & 0x10;
}

static int64_t time_of(const AVFrame *frame)
{
	return frame->pts != AV_NOPTS_VALUE ? frame->pts : frame->best_effort_timestamp;
}

/* ---- times ---- */

typedef struct survey {
	int64_t *pts, *dts;   /* of the packets that are shown */
	size_t count, room;
	int64_t last_length;  /* container's duration of the packet with the greatest pts */
	int64_t greatest;
	AVCodecContext *decoder;
	AVFrame *spare;
	int64_t first[FIELD_PROBE]; /* pts of the first pictures */
	int decoded, wanted;
} survey;

static gb_status note_packet(gb_video_frames *f, survey *s, gb_err *err)
{
	const AVPacket *packet = f->packet;

	if (!is_shown(f, packet))
		return GB_OK;
	if (packet->pts == AV_NOPTS_VALUE && packet->dts == AV_NOPTS_VALUE)
		return gb_fail(err, GB_DATA,
		               "%s: video stream: frame %zu has no timestamp; put the stream into a "
		               "container "
		               "with a frame rate first",
		               f->media->name, s->count);
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 4096;
		if (gb_grow(&s->pts, s->room, sizeof *s->pts, err) != GB_OK ||
		    gb_grow(&s->dts, s->room, sizeof *s->dts, err) != GB_OK)
			return GB_SYSTEM;
	}
	s->pts[s->count] = packet->pts;
	s->dts[s->count++] = packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts;
	f->guessed += packet->pts == AV_NOPTS_VALUE;
	if (packet->pts != AV_NOPTS_VALUE && (s->greatest == AV_NOPTS_VALUE || packet->pts > s->greatest)) {
		s->greatest = packet->pts;
		s->last_length = packet->duration;
	}
	return GB_OK;
}

/* Decode until the first pictures that the decoder shows are known. */
static void probe(survey *s, const AVPacket *packet, AVFrame *first)
{
	if (s->decoded >= s->wanted || avcodec_send_packet(s->decoder, packet) < 0)
		return;
	while (s->decoded < s->wanted &&
	       avcodec_receive_frame(s->decoder, s->decoded ? s->spare : first) >= 0) {
		s->first[s->decoded] = (s->decoded ? s->spare : first)->pts;
		s->decoded++;
	}
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Presentation times where every packet has one.  Else decoding times, whose
 * order is that of display too, moved so that they begin with the first picture. */
static gb_status settle_times(gb_video_frames *f, survey *s, gb_err *err)
{
	int64_t *time = f->guessed ? s->dts : s->pts, start = s->first[0];
	size_t skip = 0;

	qsort(time, s->count, sizeof *time, by_value);
	if (f->guessed) {
		int64_t shift = 0;
		if (start != AV_NOPTS_VALUE && __builtin_sub_overflow(start, time[0], &shift))
			return gb_fail(err, GB_DATA, "%s: timestamps are out of range", f->media->name);
		for (size_t i = 0; i < s->count; i++) {
			if (__builtin_add_overflow(time[i], shift, &time[i]))
				return gb_fail(err, GB_DATA, "%s: timestamps are out of range",
				               f->media->name);
		}
	} else {
		while (skip < s->count && time[skip] < start)
			skip++;
	}
	f->times.frames = (int64_t)(s->count - skip);
	f->times.time = gb_array(s->count - skip, sizeof *time, err);
	if (f->times.time == NULL)
		return GB_SYSTEM;
	if (f->times.frames == 0)
		return gb_fail(err, GB_DATA, "%s: no frames in the video stream", f->media->name);
	memcpy(f->times.time, time + skip, (s->count - skip) * sizeof *time);
	return GB_OK;
}

/* The last frame lasts as long as the one before it, or as long as the container
 * says, if that is longer and the format records it. */
static void settle_end(gb_video_frames *f, int64_t said)
{
	const AVStream *stream = f->media->format->streams[f->stream];
	const char *name = f->media->format->iformat->name;
	int64_t n = f->times.frames, length = 0;

	if (n > 1 && __builtin_sub_overflow(f->times.time[n - 1], f->times.time[n - 2], &length))
		length = 0;
	if (said > length && (n == 1 || strstr(name, "mov") || strstr(name, "matroska")))
		length = said;
	if (length <= 0 && stream->avg_frame_rate.num > 0)
		length = av_rescale_q(1, av_inv_q(stream->avg_frame_rate), stream->time_base);
	f->times.last_duration = length > 0 ? length : 1;
}

static bool packets_are_frames(const gb_video_frames *f, const survey *s)
{
	if (f->guessed)
		return true;
	for (int i = 0; i < s->decoded; i++) {
		if (i >= f->times.frames || f->times.time[i] != s->first[i])
			return false;
	}
	return true;
}

static gb_status receive(gb_video_frames *f, AVFrame *frame, bool *got, bool *bad, gb_err *err);

/* Find times by decoding all, because a packet is a field or holds several pictures. */
static gb_status decode_times(gb_video_frames *f, int threads, gb_err *err)
{
	size_t room = 0;
	bool got = true, bad;
	gb_status status = gb_libav_rewind(f->media, err);

	free(f->times.time);
	f->times.time = NULL;
	f->times.frames = f->guessed = 0;
	if (status == GB_OK)
		gb_libav_only(f->media, f->stream);
	if (status == GB_OK)
		status = gb_video_frames_start(f, threads, err);
	while (status == GB_OK) {
		status = receive(f, f->frame, &got, &bad, err);
		if (status != GB_OK || !got)
			break;
		if (time_of(f->frame) == AV_NOPTS_VALUE)
			return gb_fail(err, GB_DATA, "%s: video stream: frame %lld has no timestamp",
			               f->media->name, (long long)f->times.frames);
		if ((size_t)f->times.frames == room) {
			room = room ? 2 * room : 4096;
			status = gb_grow(&f->times.time, room, sizeof *f->times.time, err);
		}
		if (status == GB_OK)
			f->times.time[f->times.frames++] = time_of(f->frame);
		f->guessed += f->frame->pts == AV_NOPTS_VALUE;
	}
	qsort(f->times.time, (size_t)f->times.frames, sizeof *f->times.time, by_value);
	avcodec_free_context(&f->decoder);
	return status;
}

gb_status gb_video_frames_open(gb_video_frames *f, gb_libav *media, int stream, bool keep_going, int threads,
                               AVFrame *first, gb_err *err)
{
	survey s = {.greatest = AV_NOPTS_VALUE, .wanted = 1};
	AVStream *track = media->format->streams[stream];
	bool got = true;
	gb_status status;

	*f = (gb_video_frames){.media = media, .stream = stream, .keep_going = keep_going};
	f->packet = av_packet_alloc();
	f->frame = av_frame_alloc();
	f->ahead = av_frame_alloc();
	s.spare = av_frame_alloc();
	if (track->codecpar->field_order > AV_FIELD_PROGRESSIVE)
		s.wanted = FIELD_PROBE;
	gb_libav_only(media, stream);
	status = f->packet && f->frame && f->ahead && s.spare
	             ? gb_libav_decoder(media, stream, 1, &s.decoder, err)
	             : gb_fail(err, GB_SYSTEM, "out of memory");
	while (status == GB_OK && got) {
		status = next_packet(f, &got, err);
		if (status != GB_OK)
			break;
		probe(&s, got ? f->packet : NULL, first);
		if (got)
			status = note_packet(f, &s, err);
		av_packet_unref(f->packet);
	}
	if (status == GB_OK && s.decoded == 0)
		status = gb_fail(err, GB_DATA, s.count ? "%s: no frame in the video stream can be decoded"
		                                       : "%s: no frames in the video stream", media->name);
	if (status == GB_OK)
		status = settle_times(f, &s, err);
	if (status == GB_OK && !packets_are_frames(f, &s))
		status = decode_times(f, threads, err);
	if (status == GB_OK) {
		f->times.timebase = (gb_rational){media->format->streams[stream]->time_base.num,
		                                  media->format->streams[stream]->time_base.den};
		settle_end(f, s.last_length);
	}
	free(s.pts);
	free(s.dts);
	av_frame_free(&s.spare);
	avcodec_free_context(&s.decoder);
	if (status != GB_OK)
		gb_video_frames_close(f);
	return status;
}

void gb_video_frames_close(gb_video_frames *f)
{
	free(f->times.time);
	avcodec_free_context(&f->decoder);
	av_packet_free(&f->packet);
	av_frame_free(&f->frame);
	av_frame_free(&f->ahead);
	*f = (gb_video_frames){0};
}

/* ---- pictures ---- */

gb_status gb_video_frames_start(gb_video_frames *f, int threads, gb_err *err)
{
	avcodec_free_context(&f->decoder);
	f->next = 0;
	f->draining = f->has_ahead = false;
	return gb_libav_decoder(f->media, f->stream, threads, &f->decoder, err);
}

/* The decoder's next picture.  *BAD: the decoder concealed damage in it.  A packet that
 * the decoder refuses gives no picture, which the caller notices by the times. */
static gb_status receive(gb_video_frames *f, AVFrame *frame, bool *got, bool *bad, gb_err *err)
{
	for (int errors = 0; errors < ERRORS_IN_A_ROW;) {
		int code = avcodec_receive_frame(f->decoder, frame);
		gb_status status;

		*got = code >= 0;
		*bad = *got && (frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT);
		if (*got || code == AVERROR_EOF)
			return GB_OK;
		if (code == AVERROR(ENOMEM))
			return gb_fail(err, GB_SYSTEM, "%s: out of memory", f->media->name);
		if (code != AVERROR(EAGAIN) || f->draining) {
			errors++;
			continue;
		}
		status = next_packet(f, got, err);
		if (status != GB_OK)
			return status;
		f->draining = !*got;
		if (avcodec_send_packet(f->decoder, *got ? f->packet : NULL) < 0)
			errors++;
		else
			errors = 0;
		av_packet_unref(f->packet);
	}
	*got = *bad = false;
	return GB_OK;
}

static gb_status is_bad(gb_video_frames *f, bool *bad, gb_err *err)
{
	gb_rational t;
	int64_t frame = f->next++;

	*bad = true;
	if (f->keep_going)
		return GB_OK;
	if (!gb_rational_mul((gb_rational){f->times.time[frame], 1}, f->times.timebase, &t) ||
	    !gb_rational_sub(t, f->times.origin, &t))
		t = (gb_rational){0, 1};
	return gb_fail(err, GB_DATA,
	               "%s: video stream: frame %lld at %.3f s cannot be decoded (--keep-going repeats the "
	               "one before it)",
	               f->media->name, (long long)frame, gb_rational_double(t));
}

static gb_status is_unannounced(const gb_video_frames *f, int64_t time, gb_err *err)
{
	return gb_fail(err, GB_DATA,
	               "%s: video stream: a frame at %lld time units that the container does not announce, "
	               "before frame %lld (--keep-going leaves it out)",
	               f->media->name, (long long)time, (long long)f->next);
}

gb_status gb_video_frames_next(gb_video_frames *f, bool *bad, gb_err *err)
{
	int64_t want = f->times.time[f->next];

	for (;;) {
		int64_t time;
		bool got = true;
		if (!f->has_ahead) {
			gb_status status = receive(f, f->ahead, &got, &f->ahead_bad, err);
			if (status != GB_OK)
				return status;
		}
		if (!got)
			return is_bad(f, bad, err);
		time = f->guessed ? want : time_of(f->ahead);
		f->has_ahead = time > want;
		if (time > want)
			return is_bad(f, bad, err);
		if (time < want) {
			if (f->next > 0 && time > f->times.time[f->next - 1] && !f->keep_going)
				return is_unannounced(f, time, err);
			continue;
		}
		if (f->ahead_bad)
			return is_bad(f, bad, err);
		av_frame_unref(f->frame);
		av_frame_move_ref(f->frame, f->ahead);
		f->next++;
		*bad = false;
		return GB_OK;
	}
}
