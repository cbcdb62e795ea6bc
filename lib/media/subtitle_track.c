/* SPDX-License-Identifier: MIT */
#include "media/subtitle_track.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "media/libav.h"
#include "media/libav_origin.h"

typedef struct reader {
	gb_libav media;
	AVCodecContext *decoder;
	AVRational timebase;
	gb_rational origin;
	gb_cue_fn *each;
	void *context;
	char *waiting; /* a subtitle without a length, until the next one begins */
	gb_rational waiting_start;
} reader;

static gb_status end_waiting(reader *r, gb_rational end, gb_err *err)
{
	gb_status status = GB_OK;

	if (r->waiting)
		status = r->each(r->context, r->waiting_start,
		                 gb_rational_compare(end, r->waiting_start) > 0 ? end : r->waiting_start,
		                 r->waiting, err);
	free(r->waiting);
	r->waiting = NULL;
	return status;
}

/* The text of one ASS line as the decoders give it: what follows eight commas. */
static const char *text_of(const char *ass)
{
	for (int commas = 0; commas < 8; commas++) {
		ass = strchr(ass, ',');
		if (!ass)
			return "";
		ass++;
	}
	return ass;
}

/* The lines of a decoded subtitle with "\N" between them; NULL when memory is short. */
static char *join_lines(const AVSubtitle *subtitle, gb_err *err)
{
	size_t size = 1;
	char *text, *at;

	for (unsigned i = 0; i < subtitle->num_rects; i++)
		if (subtitle->rects[i]->ass)
			size += strlen(subtitle->rects[i]->ass) + 2;
	text = at = gb_array(size, 1, err);
	for (unsigned i = 0; text && i < subtitle->num_rects; i++)
		if (subtitle->rects[i]->ass) {
			if (at > text)
				at = stpcpy(at, "\\N");
			at = stpcpy(at, text_of(subtitle->rects[i]->ass));
		}
	return text;
}

static gb_status read_packet(reader *r, AVPacket *packet, gb_err *err)
{
	AVSubtitle subtitle = {0};
	gb_rational start, length = {0, 1}, end;
	int got = 0, code = avcodec_decode_subtitle2(r->decoder, &subtitle, &got, packet);
	char *text = NULL;
	gb_status status = GB_OK;

	if (code < 0)
		return gb_libav_fail(err, GB_DATA, code, "%s: subtitle at byte %lld", r->media.name,
		                     (long long)packet->pos);
	if (packet->pts == AV_NOPTS_VALUE || !gb_libav_seconds(packet->pts, r->timebase, &start) ||
	    !gb_rational_sub(start, r->origin, &start) || packet->duration < 0 ||
	    !gb_libav_seconds(packet->duration, r->timebase, &length) ||
	    !gb_rational_add(start, length, &end))
		status = gb_fail(err, GB_DATA, "%s: subtitle at byte %lld: without a time, or out of range",
		                 r->media.name, (long long)packet->pos);
	if (status == GB_OK)
		status = end_waiting(r, start, err);
	if (status == GB_OK && got) {
		text = join_lines(&subtitle, err);
		status = text ? GB_OK : GB_SYSTEM;
	}
	if (status == GB_OK && text && *text) {
		if (length.num)
			status = r->each(r->context, start, end, text, err);
		else {
			r->waiting = text;
			r->waiting_start = start;
			text = NULL;
		}
	}
	free(text);
	if (got)
		avsubtitle_free(&subtitle);
	return status;
}

static gb_status open_track(reader *r, int64_t track, int *stream, gb_err *err)
{
	const AVCodecDescriptor *codec;
	gb_status status = gb_libav_origin(&r->media, &r->origin, err);

	if (status == GB_OK)
		status = gb_libav_stream(&r->media, GB_MEDIA_SUBTITLE, track, stream, err);
	if (status != GB_OK)
		return status;
	codec = avcodec_descriptor_get(r->media.format->streams[*stream]->codecpar->codec_id);
	if (!codec || !(codec->props & AV_CODEC_PROP_TEXT_SUB))
		return gb_fail(err, GB_DATA, "%s: the subtitles are pictures (%s); text is wanted",
		               r->media.name, codec ? codec->long_name : "of an unknown kind");
	gb_libav_only(&r->media, *stream);
	r->timebase = r->media.format->streams[*stream]->time_base;
	status = gb_libav_decoder(&r->media, *stream, 1, &r->decoder, err);
	if (status == GB_OK)
		r->decoder->pkt_timebase = r->timebase;
	return status;
}

gb_status gb_subtitles_read(gb_input *input, int64_t track, gb_cue_fn *each, void *context, gb_err *err)
{
	reader r = {.each = each, .context = context};
	AVPacket *packet = NULL;
	bool got = true;
	int stream = 0;
	gb_status status = gb_libav_take(&r.media, input, err);

	if (status == GB_OK)
		status = open_track(&r, track, &stream, err);
	if (status == GB_OK && !(packet = av_packet_alloc()))
		status = gb_fail(err, GB_SYSTEM, "%s: out of memory", r.media.name);
	while (status == GB_OK) {
		status = gb_libav_packet(&r.media, stream, packet, &got, err);
		if (status != GB_OK || !got)
			break;
		status = read_packet(&r, packet, err);
		av_packet_unref(packet);
	}
	if (status == GB_OK)
		status = end_waiting(&r, r.waiting_start, err);
	free(r.waiting);
	av_packet_free(&packet);
	avcodec_free_context(&r.decoder);
	gb_libav_close(&r.media);
	return status;
}
