/* SPDX-License-Identifier: MIT */
/* libav_origin.h: where movie time 0 lies on the clock of a container. */
#ifndef GB_MEDIA_LIBAV_ORIGIN_H
#define GB_MEDIA_LIBAV_ORIGIN_H

#include "media/libav.h"

GB_BEGIN_DECLS

/* Movie time 0 on the container's presentation clock, in seconds: movie time =
 * presentation time − origin.  GB_DATA: not a film or sound.  Leaves MEDIA rewound. */
GB_CHECK gb_status gb_libav_origin(gb_libav *media, gb_rational *origin, gb_err *err);

GB_END_DECLS
#endif
