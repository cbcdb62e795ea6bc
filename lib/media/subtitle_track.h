/* SPDX-License-Identifier: MIT */
/* subtitle_track.h: the subtitles inside films, on the film's clock. */
#ifndef GB_MEDIA_SUBTITLE_TRACK_H
#define GB_MEDIA_SUBTITLE_TRACK_H

#include "io/file.h"
#include "time/rational.h"

GB_BEGIN_DECLS

/* One subtitle; TEXT is UTF-8 and may contain markup ({\\i1}, \\N). */
typedef gb_status gb_cue_fn(void *context, gb_rational start, gb_rational end, const char *text, gb_err *err);

/* Call EACH for the subtitles of one track, in the order of the file.  TRACK
 * counts from 0; −1 is the default one.  INPUT, the film, is taken.  A subtitle
 * without a length lasts until the next begins.  GB_DATA: not a film, no such
 * track, or subtitles that are pictures. */
GB_CHECK gb_status gb_subtitles_read(gb_input *input, int64_t track, gb_cue_fn *each, void *context,
                                     gb_err *err);

GB_END_DECLS
#endif
