/* SPDX-License-Identifier: MIT */
/* The mel spectrum does not depend on how sound arrives; frames fall into rows exactly. */
#include "audio/mel.h"
#include "media/ragged.h"

#include "../tap.h"

enum { SAMPLES = 30011, BANDS = 16 };

static float sound[SAMPLES], first[200 * BANDS], again[200 * BANDS];

/* In pieces of PUT samples, out in pieces of TAKE frames. */
static size_t spectrum(const gb_mel_options *options, size_t put, size_t take, gb_pool *pool, float *out)
{
	gb_mel *mel;
	size_t frames = 0, got;
	gb_err err;

	if (gb_mel_new(&mel, options, &err))
		exit(1);
	for (size_t at = 0; at <= SAMPLES; at += put) {
		if (at + put < SAMPLES) {
			if (gb_mel_put(mel, sound + at, put, &err))
				exit(1);
		} else {
			if (gb_mel_put(mel, sound + at, SAMPLES - at, &err))
				exit(1);
			gb_mel_end(mel);
		}
		do {
			if (gb_mel_take(mel, out + frames * BANDS, take, &got, pool, &err))
				exit(1);
			frames += got;
		} while (got);
		if (at + put >= SAMPLES)
			break;
	}
	gb_mel_free(mel);
	return frames;
}

static void pieces(gb_rational hop, gb_pool *pool, const char *name)
{
	gb_mel_options options = {24000, BANDS, {1, 20}, hop};
	size_t sizes[] = {1, 7, 239, 240, 241, 5000}, frames = spectrum(&options, SAMPLES, 200, NULL, first);
	int64_t want = ((int64_t)SAMPLES * hop.den + 24000 * hop.num - 1) / (24000 * hop.num);
	bool same = true;

	for (size_t i = 0; i < 6; i++)
		for (size_t take = 1; take < 90; take = take * 5 + 3)
			same = same && spectrum(&options, sizes[i], take, pool, again) == frames &&
			       !memcmp(first, again, frames * BANDS * sizeof *first);
	ok((int64_t)frames == want, "%s: %zu frames", name, frames);
	ok(same, "%s: same bytes for any pieces, any threads", name);
}

int main(void)
{
	gb_mel_options bad = {24000, 1024, {1, 40}, {1, 10}};
	gb_ragged r = {.first = {1, 48000},
	               .hop = {1, 75},
	               .start = {0, 1},
	               .step = {3, 2},
	               .end = {3, 1},
	               .frames = 225};
	gb_pool *pool;
	gb_mel *mel;
	gb_err err;
	int64_t a, b;

	for (int i = 0; i < SAMPLES; i++)
		sound[i] = (float)sin(1e-6 * i * i);
	if (gb_pool_open(&pool, 3, &err))
		return 1;
	pieces((gb_rational){1, 100}, pool, "hop of 240 samples");
	pieces((gb_rational){1, 90}, pool, "hop of 266 2/3 samples");
	gb_pool_close(pool);

	ok(gb_mel_new(&mel, &bad, &err) == GB_USAGE && !mel, "a window shorter than its hop: %s", err.text);

	/* 75 frames a second that begin 1/48000 s late, rows of 3/2 s: frame 112 starts just before 3/2 -
	 * 1/150. */
	ok(gb_ragged_begin(&r, 1, &a) && a == 113 && gb_ragged_begin(&r, 2, &b) && b == 225,
	   "75 Hz in rows of 3/2 s: 113 and 112");
	ok(gb_ragged_rows(&r, false, &a) && a == 2 && gb_ragged_rows(&r, true, &b) && b == 2,
	   "two rows, complete");
	r.first = (gb_rational){0, 1};
	r.step = (gb_rational){2, 75};
	ok(gb_ragged_begin(&r, 56, &a) && a == 112, "a frame that starts on a row's border is that row's");
	r.end = (gb_rational){149999, 50000};
	ok(gb_ragged_rows(&r, false, &a) && a == 112 && gb_ragged_rows(&r, true, &b) && b == 113,
	   "an end within a row: partial or not");
	r.end = (gb_rational){224, 75};
	ok(gb_ragged_rows(&r, true, &a) && a == 113,
	   "a frame that rounding put on the very end is kept with --partial");
	return done_testing();
}
