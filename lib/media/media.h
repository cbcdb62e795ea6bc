/* SPDX-License-Identifier: MIT */
/* media.h: films and sounds in any container of the FFmpeg libraries: what is
 * in the file, and where its time zero lies.
 *
 * Movie time 0 is the presentation time of the first displayed video frame
 * (edit lists applied, attached pictures ignored); in a file without video, of
 * the first audio sample after what the container marks as priming.  All times
 * here are exact.  libav headers appear in lib/media/ .c files only. */
#ifndef GB_MEDIA_MEDIA_H
#define GB_MEDIA_MEDIA_H

#include "base/status.h"
#include "time/rational.h"

GB_BEGIN_DECLS

typedef enum gb_media_kind { GB_MEDIA_VIDEO, GB_MEDIA_AUDIO, GB_MEDIA_SUBTITLE } gb_media_kind;

GB_END_DECLS
#endif
