/* SPDX-License-Identifier: MIT */
/* nearest_segments.h: the annotated segments nearest to a decoded text vector. */
#ifndef GB_EVALUATE_NEAREST_SEGMENTS_H
#define GB_EVALUATE_NEAREST_SEGMENTS_H

#include "evaluate/decoding.h"

GB_BEGIN_DECLS

/* nearest_segments.c: segments of FEATURE's file → nearest, ranks and chance of DECODED.  Nothing where
 * the file has none. */
GB_CHECK gb_status gb_decoded_find_segments(gb_decoded *decoded, const gb_dataset *set,
                                            const gb_feature *feature, const gb_scored *scored, gb_pool *pool,
                                            gb_err *err);

GB_END_DECLS
#endif
