/* SPDX-License-Identifier: MIT */
#include "media/libav.h"

#include <stdio.h>
#include <string.h>


enum { READ_BLOCK = 1 << 16 };

gb_status gb_libav_fail(gb_err *err, gb_status status, int code, const char *format, ...)
{
	char text[512], reason[AV_ERROR_MAX_STRING_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (code == AVERROR(ENOMEM))
		status = GB_SYSTEM;
	return gb_fail(err, status, "%s: %s", text, av_make_error_string(reason, sizeof reason, code));
}

static void say_nothing(void *context, int level, const char *format, va_list args)
{
	(void)context, (void)level, (void)format, (void)args;
}

void gb_libav_quiet(void)
{
	av_log_set_callback(say_nothing);
}

static int read_memory(void *opaque, uint8_t *buffer, int size)
{
	gb_libav *media = opaque;
	size_t left = media->input.size - media->at;

	if (left == 0)
		return AVERROR_EOF;
	if ((size_t)size < left)
		left = (size_t)size;
	memcpy(buffer, media->input.data + media->at, left);
	media->at += left;
	return (int)left;
}

static int64_t seek_memory(void *opaque, int64_t offset, int whence)
{
	gb_libav *media = opaque;
	int64_t size = (int64_t)media->input.size;

	if (whence & AVSEEK_SIZE)
		return size;
	whence &= ~AVSEEK_FORCE;
	if (whence == SEEK_CUR ? __builtin_add_overflow(offset, (int64_t)media->at, &offset)
	                       : whence == SEEK_END && __builtin_add_overflow(offset, size, &offset))
		return AVERROR(EINVAL);
	if (offset < 0)
		return AVERROR(EINVAL);
	media->at = (size_t)(offset < size ? offset : size);
	return offset;
}

static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options)
{
	(void)format, (void)io, (void)url, (void)flags, (void)options;
	return AVERROR(EPERM);
}

static void close_format(gb_libav *media)
{
	if (media->io != NULL)
		av_freep(&media->io->buffer);
	avio_context_free(&media->io);
	avformat_close_input(&media->format);
}

/* Demuxers that take plain text for pictures, or only point to other files. */
static bool is_unwanted(const char *format)
{
	static const char *const name[] = {"tty", "bin", "xbin", "adf", "idf", "concat", "hls", "dash", "sdp",
	                                   "rtsp", "imf", "image2", "image2pipe", "ffmetadata", "lavfi"};

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		if (strcmp(format, name[i]) == 0)
			return true;
	}
	return strncmp(format, "applehttp", 9) == 0;
}

static gb_status open_format(gb_libav *media, gb_err *err)
{
	uint8_t *buffer = av_malloc(READ_BLOCK);
	int code;

	media->at = 0;
	media->io = buffer ? avio_alloc_context(buffer, READ_BLOCK, 0, media, read_memory, NULL, seek_memory)
	                   : NULL;
	media->format = avformat_alloc_context();
	if (media->io == NULL || media->format == NULL) {
		if (media->io == NULL)
			av_free(buffer);
		return gb_fail(err, GB_SYSTEM, "%s: out of memory", media->name);
	}
	media->format->pb = media->io;
	media->format->io_open = refuse_open;
	code = avformat_open_input(&media->format, NULL, NULL, NULL); /* frees FORMAT when it fails */
	if (code < 0)
		return gb_libav_fail(err, GB_DATA, code,
		                     "%s: not a film or sound that the FFmpeg libraries can read",
		                     media->name);
	if (is_unwanted(media->format->iformat->name))
		return gb_fail(err, GB_DATA, "%s: not a film or sound (%s); give the media file itself",
		               media->name, media->format->iformat->long_name);
	if (strstr(media->format->iformat->name, "mp4"))
		/* packets are copied from memory once, not twice; Ogg's reader goes back in the buffer */
		media->io->direct = AVIO_FLAG_DIRECT;
	return GB_OK;
}

/* What the streams are, as far as the container does not say: some of each is decoded. */
static gb_status find_streams(gb_libav *media, gb_err *err)
{
	int code = avformat_find_stream_info(media->format, NULL);

	return code < 0 ? gb_libav_fail(err, GB_DATA, code, "%s: streams", media->name) : GB_OK;
}

gb_status gb_libav_take(gb_libav *media, gb_input *input, gb_err *err)
{
	gb_status status;

	gb_libav_quiet();
	*media = (gb_libav){.input = *input, .name = input->name};
	*input = (gb_input){0};
	if (media->input.size == 0)
		status = gb_fail(err, GB_DATA, "%s: empty file, a film or sound is wanted", media->name);
	else
		status = open_format(media, err);
	if (status == GB_OK)
		status = find_streams(media, err);
	if (status != GB_OK)
		gb_libav_close(media);
	return status;
}

gb_status gb_libav_open(gb_libav *media, const char *path, gb_err *err)
{
	gb_input input = {0};
	gb_status status = gb_input_open(&input, path, err);

	*media = (gb_libav){0};
	return status != GB_OK ? status : gb_libav_take(media, &input, err);
}

/* MP4 has its streams and all their times in tables: what was found out about
 * the streams holds for the same file opened again. */
static bool copy_streams(const AVFormatContext *from, AVFormatContext *to)
{
	bool good = strstr(to->iformat->name, "mp4") && to->nb_streams == from->nb_streams;

	for (unsigned i = 0; good && i < to->nb_streams; i++) {
		good = avcodec_parameters_copy(to->streams[i]->codecpar, from->streams[i]->codecpar) >= 0;
		to->streams[i]->avg_frame_rate = from->streams[i]->avg_frame_rate;
	}
	return good;
}

gb_status gb_libav_rewind(gb_libav *media, gb_err *err)
{
	gb_libav old = *media;
	gb_status status;

	media->io = NULL;
	media->format = NULL;
	status = open_format(media, err);
	if (status == GB_OK && !copy_streams(old.format, media->format))
		status = find_streams(media, err);
	close_format(&old);
	return status;
}

void gb_libav_close(gb_libav *media)
{
	close_format(media);
	gb_input_close(&media->input);
	*media = (gb_libav){0};
}

gb_status gb_libav_stream(const gb_libav *media, gb_media_kind kind, int64_t track, int *stream, gb_err *err)
{
	static const enum AVMediaType type[] = {AVMEDIA_TYPE_VIDEO, AVMEDIA_TYPE_AUDIO,
	                                        AVMEDIA_TYPE_SUBTITLE};
	static const char *const noun[] = {"video", "sound", "subtitle"};
	int64_t seen = 0;
	int first = -1;

	for (unsigned i = 0; i < media->format->nb_streams; i++) {
		const AVStream *candidate = media->format->streams[i];
		if (candidate->codecpar->codec_type != type[kind] ||
		    (candidate->disposition &
		     (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)))
			continue;
		bool is_default = candidate->disposition & AV_DISPOSITION_DEFAULT;
		if (track < 0 ? is_default : seen == track) {
			*stream = (int)i;
			return GB_OK;
		}
		if (first < 0)
			first = (int)i;
		seen++;
	}
	if (first < 0)
		return gb_fail(err, GB_DATA, "%s: no %s stream", media->name, noun[kind]);
	if (track >= 0)
		return gb_fail(err, GB_DATA, "%s: no %s track %lld, it has %lld, counted from 0", media->name,
		               noun[kind], (long long)track, (long long)seen);
	*stream = first;
	return GB_OK;
}

void gb_libav_only(gb_libav *media, int stream)
{
	for (unsigned i = 0; i < media->format->nb_streams; i++) {
		if ((int)i != stream)
			media->format->streams[i]->discard = AVDISCARD_ALL;
	}
}

/* The length of an EBML element at *AT, which moves behind it; false if it is
 * unknown or does not fit. */
static bool ebml_length(const gb_input *input, size_t *at, uint64_t *length)
{
	unsigned first = *at < input->size ? input->data[*at] : 0, bytes = 1;

	while (bytes <= 8 && !(first & (0x100u >> bytes)))
		bytes++;
	if (bytes > 8 || input->size - *at < bytes)
		return false;
	*length = first & (0xffu >> bytes);
	for (unsigned i = 1; i < bytes; i++)
		*length = *length << 8 | input->data[*at + i];
	*at += bytes;
	return *length != (UINT64_C(1) << (7 * bytes)) - 1;
}

/* The bytes that a container says it has, where the library does not look: AVI
 * and WAV in their head, Matroska in its segment's.  0: it does not say. */
static uint64_t said_length(const gb_input *input)
{
	static const uint8_t ebml[] = {0x1a, 0x45, 0xdf, 0xa3}, segment[] = {0x18, 0x53, 0x80, 0x67};
	const uint8_t *d = input->data;
	uint64_t length;
	size_t at = 4;

	if (input->size >= 8 && memcmp(d, "RIFF", 4) == 0) {
		length = d[4] | (uint64_t)d[5] << 8 | (uint64_t)d[6] << 16 | (uint64_t)d[7] << 24;
		return length == UINT32_MAX ? 0 : length + 8;
	}
	if (input->size < 8 || memcmp(d, ebml, 4) != 0 || !ebml_length(input, &at, &length) ||
	    length > input->size - at)
		return 0;
	at += length;
	if (input->size - at < 4 || memcmp(d + at, segment, 4) != 0)
		return 0;
	at += 4;
	return ebml_length(input, &at, &length) ? at + length : 0;
}

gb_status gb_libav_packet(gb_libav *media, int stream, AVPacket *packet, bool *got, gb_err *err)
{
	*got = false;
	for (;;) {
		int code = av_read_frame(media->format, packet);
		if (code == AVERROR_EOF && media->io->error < 0)
			code = media->io->error;
		if (code == AVERROR_EOF && said_length(&media->input) > media->input.size)
			return gb_fail(err, GB_DATA, "%s: cut short: %zu bytes of %llu", media->name,
			               media->input.size, (unsigned long long)said_length(&media->input));
		if (code == AVERROR_EOF)
			return GB_OK;
		if (code < 0)
			return gb_libav_fail(err, GB_DATA, code, "%s: damaged or cut short at byte %lld",
			                     media->name, (long long)avio_tell(media->io));
		if (packet->stream_index != stream) {
			av_packet_unref(packet);
			continue;
		}
		if (packet->flags & AV_PKT_FLAG_CORRUPT) {
			av_packet_unref(packet);
			return gb_fail(err, GB_DATA, "%s: damaged or cut short at byte %lld", media->name,
			               (long long)avio_tell(media->io));
		}
		*got = true;
		return GB_OK;
	}
}

gb_status gb_libav_decoder(const gb_libav *media, int stream, int threads, AVCodecContext **decoder,
                           gb_err *err)
{
	const AVCodecParameters *parameters = media->format->streams[stream]->codecpar;
	const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
	AVCodecContext *context;
	int code;

	*decoder = NULL;
	if (codec == NULL)
		return gb_fail(err, GB_DATA, "%s: stream %d: no decoder for %s in the FFmpeg libraries",
		               media->name, stream, avcodec_get_name(parameters->codec_id));
	context = avcodec_alloc_context3(codec);
	if (context == NULL)
		return gb_fail(err, GB_SYSTEM, "%s: out of memory", media->name);
	code = avcodec_parameters_to_context(context, parameters);
	if (code >= 0) {
		context->pkt_timebase = media->format->streams[stream]->time_base;
		context->thread_count = threads;
		context->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
		context->flags |= AV_CODEC_FLAG_BITEXACT;
		code = avcodec_open2(context, codec, NULL);
	}
	if (code < 0) {
		avcodec_free_context(&context);
		return gb_libav_fail(err, GB_DATA, code, "%s: stream %d: %s decoder", media->name, stream,
		                     codec->name);
	}
	*decoder = context;
	return GB_OK;
}

bool gb_libav_seconds(int64_t value, AVRational timebase, gb_rational *seconds)
{
	gb_rational unit, count = {value, 1};

	return gb_rational_make(timebase.num, timebase.den, &unit) && gb_rational_mul(count, unit, seconds);
}
