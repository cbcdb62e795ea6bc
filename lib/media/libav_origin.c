/* SPDX-License-Identifier: MIT */
#include "media/libav_origin.h"

#include <libavutil/intreadwrite.h>

/* Give the decoder PACKET (NULL: the end) and look for its first picture. */
static bool first_picture(AVCodecContext *decoder, const AVPacket *packet, AVFrame *frame)
{
	if (avcodec_send_packet(decoder, packet) < 0)
		return false; /* damaged, or before the first keyframe: not displayed */
	return avcodec_receive_frame(decoder, frame) >= 0;
}

/* The first picture that a decoder really shows: what comes before an edit
 * list's start, before the first keyframe, or leans on it from the left, is
 * not.  Streams without presentation times (AVI) begin at their first packet. */
static gb_status video_start(gb_libav *media, int stream, int64_t *start, gb_err *err)
{
	AVCodecContext *decoder = NULL;
	AVPacket *packet = av_packet_alloc();
	AVFrame *frame = av_frame_alloc();
	int64_t earliest = AV_NOPTS_VALUE;
	bool got = true, shown = false;
	gb_status status = gb_libav_decoder(media, stream, 1, &decoder, err);

	if (packet == NULL || frame == NULL)
		status = gb_fail(err, GB_SYSTEM, "%s: out of memory", media->name);
	while (status == GB_OK && got && !shown) {
		status = gb_libav_packet(media, stream, packet, &got, err);
		if (status != GB_OK)
			break;
		if (got && earliest == AV_NOPTS_VALUE && !(packet->flags & AV_PKT_FLAG_DISCARD))
			earliest = packet->dts;
		shown = first_picture(decoder, got ? packet : NULL, frame);
		av_packet_unref(packet);
	}
	if (status == GB_OK) {
		*start = frame->pts != AV_NOPTS_VALUE ? frame->pts : earliest;
		if (!shown)
			status = gb_fail(err, GB_DATA, "%s: no frame in the video stream can be decoded",
			                 media->name);
		else if (*start == AV_NOPTS_VALUE)
			status = gb_fail(err, GB_DATA,
			                 "%s: frames have no timestamps; put the stream into a container "
			                 "with a frame rate first",
			                 media->name);
	}
	av_frame_free(&frame);
	av_packet_free(&packet);
	avcodec_free_context(&decoder);
	return status;
}

/* The first packet, plus the samples that the container marks as priming. */
static gb_status audio_start(gb_libav *media, int stream, gb_rational *origin, gb_err *err)
{
	const AVStream *track = media->format->streams[stream];
	AVPacket *packet = av_packet_alloc();
	gb_rational priming = {0, 1};
	gb_status status;
	bool got;

	if (packet == NULL)
		return gb_fail(err, GB_SYSTEM, "%s: out of memory", media->name);
	status = gb_libav_packet(media, stream, packet, &got, err);
	if (status == GB_OK && !got)
		status = gb_fail(err, GB_DATA, "%s: the sound stream is empty", media->name);
	if (status == GB_OK) {
		size_t size = 0;
		const uint8_t *skip = av_packet_get_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
		int64_t start = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
		if (start == AV_NOPTS_VALUE)
			start = 0;
		if ((skip != NULL && size >= 4 && track->codecpar->sample_rate > 0 &&
		     !gb_rational_make(AV_RL32(skip), track->codecpar->sample_rate, &priming)) ||
		    !gb_libav_seconds(start, track->time_base, origin) ||
		    !gb_rational_add(*origin, priming, origin))
			status = gb_fail(err, GB_DATA, "%s: sound starts at %lld·%d/%d s: out of range",
			                 media->name, (long long)start, track->time_base.num,
			                 track->time_base.den);
	}
	av_packet_free(&packet);
	return status;
}

gb_status gb_libav_origin(gb_libav *media, gb_rational *origin, gb_err *err)
{
	gb_status status;
	int64_t start = 0;
	int stream;

	if (gb_libav_stream(media, GB_MEDIA_VIDEO, -1, &stream, NULL) == GB_OK) {
		gb_libav_only(media, stream);
		status = video_start(media, stream, &start, err);
		if (status == GB_OK &&
		    !gb_libav_seconds(start, media->format->streams[stream]->time_base, origin))
			status = gb_fail(err, GB_DATA, "%s: first frame at %lld time units: out of range",
			                 media->name, (long long)start);
	} else {
		status = gb_libav_stream(media, GB_MEDIA_AUDIO, -1, &stream, err);
		if (status == GB_OK) {
			gb_libav_only(media, stream);
			status = audio_start(media, stream, origin, err);
		} else if (gb_libav_stream(media, GB_MEDIA_SUBTITLE, -1, &stream, NULL) == GB_OK) {
			*origin = (gb_rational){0, 1};
			status = GB_OK;
		}
	}
	if (status != GB_OK)
		return status;
	return gb_libav_rewind(media, err);
}
