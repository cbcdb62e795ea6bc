/* SPDX-License-Identifier: MIT */
/* hash_words.h: texts → vectors by signed hashing of their words.
 *
 * Of a word w (gb_word_next: lower-cased) h = XXH3-64(w, seed 0): its bucket is
 * the low 12 bits, its sign bit 63 (set: −1).  A text's vector is the sum over
 * its words of sign · tf · log((1+N)/(1+df)), N texts of which df have the
 * word, then scaled to Euclidean length 1; a text without words is zero.
 * Pairs: the same of "a b" for each two neighbouring words. */
#ifndef GB_TEXT_HASH_WORDS_H
#define GB_TEXT_HASH_WORDS_H

#include "base/pool.h"

GB_BEGIN_DECLS

#define GB_HASH_WIDTH 4096

/* OUT [count, GB_HASH_WIDTH] of the texts, with document frequencies over
 * ALL_COUNT texts ALL (those of the whole file). */
GB_CHECK gb_status gb_hash_words(const char *const *all, size_t all_count, const char *const *text,
                                 size_t count, bool pairs, float *out, gb_pool *pool, gb_err *err);

/* Words in TEXT. */
size_t gb_count_words(const char *text);

GB_END_DECLS
#endif
