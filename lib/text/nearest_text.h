/* SPDX-License-Identifier: MIT */
/* nearest_text.h: vectors back to text: the segments whose vectors point the same way. */
#ifndef GB_TEXT_NEAREST_TEXT_H
#define GB_TEXT_NEAREST_TEXT_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* What a file of gb-text-align says of its segments; borrowed from FILE, but
 * for STRINGS. */
typedef struct gb_dictionary {
	const gb_tensor *text;     /* F32 [rows, (slots,) width] */
	const gb_tensor *segments; /* F32 [segments, width] */
	gb_clock clock;            /* of text */
	gb_json *strings;          /* array of the segments' texts */
	size_t slots, width;       /* slots 1 where text has none */
} gb_dictionary;

/* GB_DATA if one of the three tensors is missing or they do not fit together. */
GB_CHECK gb_status gb_dictionary_open(gb_tensor_file *file, gb_dictionary *dictionary, gb_err *err);
void gb_dictionary_close(gb_dictionary *dictionary);

#define GB_NO_SEGMENT SIZE_MAX
typedef struct gb_match { size_t segment; double cosine; } gb_match;

/* COUNT vectors of the width of the others they are compared with. */
typedef struct gb_vectors { const float *value; size_t count; } gb_vectors;

/* For each of VECTORS [count, width] the K nearest of SEGMENTS [count, width] by cosine, best first, equal
 * ones in order; MATCH [vectors, k].  K is at most the number of segments.  A zero vector has GB_NO_SEGMENT
 * near it. */
GB_CHECK gb_status gb_nearest(gb_vectors vectors, gb_vectors segments, size_t width, size_t k,
                              gb_match *match, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
