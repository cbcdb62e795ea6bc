/* SPDX-License-Identifier: MIT */
/* subtitle_track.h: the subtitles inside films, on the film's clock. */
#ifndef GB_MEDIA_SUBTITLE_TRACK_H
#define GB_MEDIA_SUBTITLE_TRACK_H

#include "io/file.h"
#include "media/media.h"

GB_BEGIN_DECLS

/* One subtitle: UTF-8, perhaps with markup ({\\i1}, \\N) in it. */
typedef gb_status gb_cue_fn(void *context, gb_rational start, gb_rational end, const char *text, gb_err *err);

/* Calls EACH for the subtitles of one track (the TRACK-th from 0, −1: the
 * default one) of the film in INPUT, which is taken, in the order of the file;
 * one without a length lasts until the next begins.  GB_DATA: no film, no such
 * track, pictures of text. */
GB_CHECK gb_status gb_subtitles_read(gb_input *input, int64_t track, gb_cue_fn *each, void *context,
                                     gb_err *err);

GB_END_DECLS
#endif
