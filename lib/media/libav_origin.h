/* SPDX-License-Identifier: MIT */
/* libav_origin.h: where movie time 0 lies in a container.
 *
 * Movie time 0 is the presentation time of the first displayed video frame
 * (edit lists applied, attached pictures ignored).  In a file without video it
 * is the first audio sample after the priming that the container marks. */
#ifndef GB_MEDIA_LIBAV_ORIGIN_H
#define GB_MEDIA_LIBAV_ORIGIN_H

#include "media/libav.h"

GB_BEGIN_DECLS

/* ORIGIN, in seconds on the container's presentation clock: movie time = presentation time − ORIGIN.  0 for
 * subtitles alone.  GB_DATA: not a film or sound.  Leaves MEDIA rewound. */
GB_CHECK gb_status gb_libav_origin(gb_libav *media, gb_rational *origin, gb_err *err);

GB_END_DECLS
#endif
