/* SPDX-License-Identifier: MIT */
#include "text/hash_words.h"
#include "base/size.h"
#include "io/hash.h"
#include "table/unicode.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORD_ROOM 256

/* Walks the terms (words or pairs) of a text. */
typedef struct terms {
	const char *text;
	size_t size, at;
	bool pairs;
	char term[2 * WORD_ROOM + 1];
	size_t before; /* pairs: length of the first word, at the front of term */
} terms;

static terms terms_of(const char *text, bool pairs)
{
	return (terms){.text = text, .size = strlen(text), .pairs = pairs};
}

/* The hash of the next term; false at the end. */
static bool next_term(terms *t, uint64_t *hash)
{
	size_t n;

	if (!t->pairs) {
		n = gb_word_next(t->text, t->size, &t->at, t->term, WORD_ROOM);
		*hash = gb_hash64_of(t->term, n);
		return n > 0;
	}
	if (!t->before)
		t->before = gb_word_next(t->text, t->size, &t->at, t->term, WORD_ROOM);
	if (!t->before)
		return false;
	t->term[t->before] = ' ';
	n = gb_word_next(t->text, t->size, &t->at, t->term + t->before + 1, WORD_ROOM);
	if (!n)
		return false;
	*hash = gb_hash64_of(t->term, t->before + 1 + n);
	memmove(t->term, t->term + t->before + 1, n);
	t->before = n;
	return true;
}

/* In how many texts each term occurs: open addressing on the hash, which
 * stands for the term (64 bits: no two words of any language collide by chance). */
typedef struct entry { uint64_t hash; uint32_t texts; size_t last; } entry;
typedef struct counts { entry *entry; size_t room, used; } counts;

static entry *place(const counts *c, uint64_t hash)
{
	size_t at = (size_t)(hash * 0x9E3779B97F4A7C15u >> 20) & (c->room - 1);

	while (c->entry[at].texts && c->entry[at].hash != hash)
		at = (at + 1) & (c->room - 1);
	return &c->entry[at];
}

static gb_status enlarge(counts *c, gb_err *err)
{
	counts bigger = {NULL, c->room ? 2 * c->room : 4096, c->used};

	bigger.entry = gb_array(bigger.room, sizeof(entry), err);
	if (!bigger.entry)
		return GB_SYSTEM;
	for (size_t i = 0; i < c->room; i++)
		if (c->entry[i].texts)
			*place(&bigger, c->entry[i].hash) = c->entry[i];
	free(c->entry);
	*c = bigger;
	return GB_OK;
}

static gb_status count_terms(counts *c, const char *const *all, size_t all_count, bool pairs, gb_err *err)
{
	for (size_t i = 0; i < all_count; i++) {
		terms t = terms_of(all[i], pairs);
		uint64_t hash;

		while (next_term(&t, &hash)) {
			entry *e;

			if (2 * c->used >= c->room && enlarge(c, err) != GB_OK)
				return GB_SYSTEM;
			e = place(c, hash);
			if (!e->texts) {
				*e = (entry){hash, 1, i};
				c->used++;
			} else if (e->last != i) {
				e->texts++;
				e->last = i;
			}
		}
	}
	return GB_OK;
}

typedef struct job {
	const counts *counts;
	const char *const *text;
	size_t all_count;
	bool pairs;
	float *out;
} job;

/* One text.  The weight of a term is added once per occurrence: tf times in all. */
static void hash_text(void *context, size_t index, int worker)
{
	const job *j = context;
	float *out = j->out + index * GB_HASH_WIDTH;
	double sum[GB_HASH_WIDTH] = {0}, square = 0;
	terms t = terms_of(j->text[index], j->pairs);
	uint64_t hash;

	(void)worker;
	while (next_term(&t, &hash)) {
		double weight = log((1.0 + (double)j->all_count) / (1.0 + place(j->counts, hash)->texts));

		sum[hash & (GB_HASH_WIDTH - 1)] += hash >> 63 ? -weight : weight;
	}
	for (size_t i = 0; i < GB_HASH_WIDTH; i++)
		square += sum[i] * sum[i];
	for (size_t i = 0; i < GB_HASH_WIDTH; i++)
		out[i] = square > 0 ? (float)(sum[i] / sqrt(square)) : 0;
}

gb_status gb_hash_words(const char *const *all, size_t all_count, const char *const *text, size_t count,
                        bool pairs, float *out, gb_pool *pool, gb_err *err)
{
	counts c = {0};
	gb_status status = enlarge(&c, err);

	if (status == GB_OK)
		status = count_terms(&c, all, all_count, pairs, err);
	if (status == GB_OK) {
		job j = {&c, text, all_count, pairs, out};

		gb_pool_run(pool, count, hash_text, &j);
	}
	free(c.entry);
	return status;
}

size_t gb_count_words(const char *text)
{
	char word[WORD_ROOM];
	size_t at = 0, size = strlen(text), n = 0;

	while (gb_word_next(text, size, &at, word, sizeof(word)))
		n++;
	return n;
}
