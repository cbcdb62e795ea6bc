/* SPDX-License-Identifier: MIT */
/* Products by matrix tiles.  A float is the sum of three BF16 numbers, to the
 * last bit unless it is near the smallest or the largest; of the nine products
 * of two such sums six are added, in FP32, and the bias last: the other three
 * are below 2⁻²⁴ of the whole.  That is as exact as a chain of multiply-adds of
 * floats, and faster.  (Henry, Tang and Heinecke, "Leveraging the bfloat16
 * artificial intelligence datatype for higher-precision computations", 2019.) */
#ifdef __AVX512BF16__
#include <immintrin.h>
#define PRODUCT product_by_tiles
#define PACK pack_tiles
#define PANEL_STEP panel_step_of_bytes
#define SHORTEN shorten
#include "encodec/codec_kernel.h"
static void product_by_tiles(const gb_product *p);
static size_t pack_tiles(const float *weight, int k, int n, uint16_t *to);
static void panel_step_of_bytes(const gb_recurrence *r, size_t panel, const float *gates, const float *h,
                                float *c, float *next);
static void shorten(const gb_recurrence *r);
#include "encodec/codec_kernel_body.h"

enum {
	LEAST_TERMS = 96, LEAST_COLUMNS = 32, /* below, multiply-adds are as fast */
	SIDE = 16,                /* rows of a tile */
	DEPTH = 32,               /* BF16 numbers of its rows */
	TILE_NUMBERS = SIDE * DEPTH,
	PARTS = 3,
	PAIRS_OF_PARTS = 6,
	LINES = 16,               /* of the cache, of a chunk, for each of these pairs */
	CHUNK = 2 * PARTS * TILE_NUMBERS, /* DEPTH terms of two tiles' rows or columns */
	PAIR = 2 * SIDE,
	BLOCK_CHUNKS = 4,         /* of terms: those of two tiles' columns stay in the first cache */
	/* or a pair more, if they are the last: few rows cost as much reading of weights as many */
	BLOCK_ROWS = 256,
	MOST_ROWS = BLOCK_ROWS + PAIR,
	BLOCK_COLUMNS = 512,
	/* bytes, which stay in the second cache: then all terms of a pair of rows are split at once, */
	NEAR_WEIGHTS = 640 << 10,
	NEAR_NUMBERS = 9216,      /* overlapping windows once, if they are so few */
	/* rows a multiple of 2 KiB apart would fall into the same sets of the cache */
	SUMS_LD = BLOCK_COLUMNS + SIDE
};

/* What a thread works on: terms [pair of rows, chunk, part, tile, row, DEPTH], sums [row, column]. */
typedef struct block {
	uint16_t terms[MOST_ROWS / PAIR][BLOCK_CHUNKS][CHUNK] __attribute__((aligned(64)));
	float sums[MOST_ROWS][SUMS_LD] __attribute__((aligned(64)));
	/* numbers as the floats of a span lie */
	uint16_t near[PARTS][NEAR_NUMBERS] __attribute__((aligned(64)));
} block;

/* Numbers from one part to the next, from one tile to the one below, from row to row, from chunk to chunk. */
typedef struct layout { size_t part, tile, row, chunk; } layout;

/* Tile instructions do not tell the compiler that they touch memory. */
#define FENCE() __asm__ volatile("" ::: "memory")

static void tiles_on(void)
{
	struct { uint8_t palette, start, none[14]; uint16_t bytes[16]; uint8_t rows[16]; } c = {.palette = 1};

	for (int i = 0; i < 8; i++) {
		c.bytes[i] = DEPTH * sizeof(uint16_t);
		c.rows[i] = SIDE;
	}
	FENCE();
	_tile_loadconfig(&c);
}

/* ---- floats into parts ---- */

/* DEPTH floats as three rows of numbers: the upper half of a float, rounded, is a BF16 number; what is left
 * over is the next one's. */
INLINE void split_row(const float *x, uint16_t *to, size_t part_numbers)
{
	static const uint16_t upper[DEPTH] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
	                                      33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
	__m512i order = _mm512_loadu_si512(upper);
	vec low = load(x), high = load(x + SIDE);

	UNROLL for (int part = 0; part < PARTS; part++) {
		ivec a = ((ivec)low + 0x8000) & ~0xffff, b = ((ivec)high + 0x8000) & ~0xffff;
		_mm512_store_si512(to + (size_t)part * part_numbers,
		                   _mm512_permutex2var_epi16((__m512i)a, order, (__m512i)b));
		low -= (vec)a;
		high -= (vec)b;
	}
}

/* [pair of columns, chunk, part, tile, two terms, column, term]. */
static size_t pack_tiles(const float *weight, int k, int n, uint16_t *to)
{
	size_t chunks = ((size_t)k + DEPTH - 1) / DEPTH, columns = (size_t)gb_whole(n, PAIR);

	if (k < LEAST_TERMS || n < LEAST_COLUMNS)
		return 0;
	for (size_t column = 0; to && column < columns; column++)
		for (size_t chunk = 0; chunk < chunks; chunk++) {
			uint16_t part[PARTS][2 * TILE_NUMBERS] __attribute__((aligned(64))),
			    *tile = to + (column / PAIR * chunks + chunk) * CHUNK;
			float x[DEPTH] = {0};
			for (size_t i = 0; i < DEPTH && chunk * DEPTH + i < (size_t)k && column < (size_t)n;
			     i++)
				x[i] = weight[(chunk * DEPTH + i) * (size_t)n + column];
			split_row(x, part[0], 2 * TILE_NUMBERS);
			for (size_t i = 0; i < PARTS * DEPTH; i++)
				tile[(i / DEPTH * 2 + column % PAIR / SIDE) * TILE_NUMBERS +
				     i % DEPTH / 2 * DEPTH + column % SIDE * 2 +
				     i % 2] = part[i / DEPTH][i % DEPTH];
		}
	return columns / PAIR * chunks * CHUNK;
}

/* Terms FROM … FROM + COUNT − 1 of a row of input, where they lie if they lie together. */
static const float *row_terms(const gb_product *p, size_t row, size_t from, size_t count, float *room)
{
	size_t k = 0, have = 0;

	for (int s = 0; s < p->spans; s++) {
		size_t length = (size_t)p->span[s].length;
		for (int tap = 0; tap < p->span[s].taps && have < count; tap++, k += length) {
			size_t skip = from + have - k, take = length - skip;
			const float *x = p->span[s].x + row * p->span[s].step + (size_t)tap * p->span[s].ld;
			if (skip >= length)
				continue;
			if (take >= count - have) {
				take = count - have;
				if (!have)
					return x + skip;
			}
			memcpy(room + have, x + skip, take * sizeof *x);
			have += take;
		}
	}
	return room;
}

/* COUNT terms from FROM on of ROWS rows; zeros fill the last chunk and the last pair of rows. */
static void split_rows(const gb_product *p, size_t row, size_t rows, size_t from, size_t count, block *b)
{
	size_t chunks = (count + DEPTH - 1) / DEPTH;

	for (size_t r = 0; r < (rows + PAIR - 1) / PAIR * PAIR; r++) {
		float room[BLOCK_CHUNKS * DEPTH];
		const float *x = room;
		if (r < rows)
			x = row_terms(p, row + r, from, count, room);
		if (r >= rows || count % DEPTH) {
			memset(room + (r < rows ? count : 0), 0,
			       (sizeof room) - (r < rows ? count : 0) * sizeof *room);
			if (x != room)
				x = memcpy(room, x, count * sizeof *x);
		}
		for (size_t c = 0; c < chunks; c++)
			split_row(x + c * DEPTH, b->terms[r / PAIR][c] + r % PAIR * DEPTH, 2 * TILE_NUMBERS);
	}
}

/* ---- tiles ---- */

#define LOAD_ROWS(p)                                                                  \
	do {                                                                          \
		_tile_loadd(4, a + (p) * of.part, of.row * sizeof *a);                \
		_tile_loadd(5, a + (p) * of.part + of.tile, of.row * sizeof *a);      \
	} while (0)
#define LOAD_COLUMNS(part)                                                                \
	do {                                                                              \
		_tile_loadd(6, b + (part) * 2 * TILE_NUMBERS, DEPTH * 2);                 \
		_tile_loadd(7, b + (part) * 2 * TILE_NUMBERS + TILE_NUMBERS, DEPTH * 2); \
	} while (0)
#define MULTIPLY_TILES()                \
	do {                            \
		for (size_t i = 0; i < ahead; i++, next += 64) \
			__builtin_prefetch(next);              \
		_tile_dpbf16ps(0, 4, 6); \
		_tile_dpbf16ps(1, 4, 7); \
		_tile_dpbf16ps(2, 5, 6); \
		_tile_dpbf16ps(3, 5, 7); \
	} while (0)

/* SUMS [PAIR, PAIR] += (FIRST: =) terms A, laid out as OF says, times B, of CHUNKS chunks: each chunk's pairs
 * of parts in one order.  NEXT is asked for meanwhile, AHEAD lines of the cache for each pair of parts. */
static void multiply_tiles(const uint16_t *a, layout of, const uint16_t *b, size_t chunks, float *sums,
                           bool first, const char *next, size_t ahead)
{
	enum { LD = SUMS_LD * 4 };

	FENCE();
	if (first) {
		_tile_zero(0);
		_tile_zero(1);
		_tile_zero(2);
		_tile_zero(3);
	} else {
		_tile_loadd(0, sums, LD);
		_tile_loadd(1, sums + SIDE, LD);
		_tile_loadd(2, sums + SIDE * SUMS_LD, LD);
		_tile_loadd(3, sums + SIDE * SUMS_LD + SIDE, LD);
	}
	for (size_t c = 0; c < chunks; c++, a += of.chunk, b += CHUNK) {
		LOAD_ROWS(0);
		LOAD_COLUMNS(2);
		MULTIPLY_TILES();
		LOAD_COLUMNS(1);
		MULTIPLY_TILES();
		LOAD_ROWS(1);
		MULTIPLY_TILES();
		LOAD_COLUMNS(0);
		MULTIPLY_TILES();
		LOAD_ROWS(2);
		MULTIPLY_TILES();
		LOAD_ROWS(0);
		MULTIPLY_TILES();
	}
	_tile_stored(0, sums, LD);
	_tile_stored(1, sums + SIDE, LD);
	_tile_stored(2, sums + SIDE * SUMS_LD, LD);
	_tile_stored(3, sums + SIDE * SUMS_LD + SIDE, LD);
	FENCE();
}

/* Sums and bias to where P wants them. */
static void finish(const gb_product *p, size_t row, size_t rows, size_t column, size_t columns,
                   const block *b)
{
	if (columns > (size_t)p->w->n - column)
		columns = (size_t)p->w->n - column;
	for (size_t r = 0; r < rows; r++) {
		float *raw = p->raw ? p->raw + (row + r) * p->raw_ld + column : NULL;
		float *activated = p->elu ? p->elu + (row + r) * p->elu_ld + column : NULL;
		for (size_t c = 0; c < columns; c += LANES) {
			__mmask16 mask = columns - c < LANES ? (__mmask16)((1 << (columns - c)) - 1)
			                                     : (__mmask16)-1;
			vec sum = load(b->sums[r] + c) + load(p->w->bias + column + c);
			if (raw)
				_mm512_mask_storeu_ps(raw + c, mask, (__m512)sum);
			if (activated)
				_mm512_mask_storeu_ps(activated + c, mask, (__m512)elu(sum));
		}
	}
}

/* ROWS rows of columns COLUMN … COLUMN + COLUMNS − 1, whole pairs. */
static void run_block(const gb_product *p, size_t row, size_t rows, size_t column, size_t columns, block *b)
{
	size_t k = (size_t)p->w->k, chunks = (k + DEPTH - 1) / DEPTH, pairs = (rows + PAIR - 1) / PAIR;
	const layout of = {2 * TILE_NUMBERS, TILE_NUMBERS, DEPTH, CHUNK};

	for (size_t chunk = 0, count; chunk < chunks; chunk += count) {
		size_t from = chunk * DEPTH;
		count = chunks - chunk < BLOCK_CHUNKS ? chunks - chunk : BLOCK_CHUNKS;
		split_rows(p, row, rows, from, k - from < count * DEPTH ? k - from : count * DEPTH, b);
		for (size_t c = 0; c < columns; c += PAIR) {
			const uint16_t *w = p->w->parts + ((column + c) / PAIR * chunks + chunk) * CHUNK;
			const char *next = (const char *)(w + chunks * CHUNK);
			size_t ahead = (LINES + pairs - 1) / pairs;
			for (size_t r = 0; r < pairs; r++, next += count * ahead * PAIRS_OF_PARTS * 64)
				multiply_tiles(b->terms[r][0], of, w, count, &b->sums[r * PAIR][c], !chunk,
				               next, ahead);
		}
	}
	finish(p, row, rows, column, columns, b);
}

/* ---- few weights ---- */

static bool is_near(const gb_product *p, size_t chunks, size_t whole)
{
	for (int i = 0; i < p->spans; i++) {
		const gb_span *s = &p->span[i];
		if (s->taps > 1 || s->step % DEPTH || s->length % DEPTH ||
		    (PAIR - 1) * s->step + (size_t)s->length > NEAR_NUMBERS)
			return false;
	}
	return chunks * CHUNK * whole / PAIR * sizeof(uint16_t) <= NEAR_WEIGHTS && whole <= BLOCK_COLUMNS;
}

/* At most PAIR rows, into SUMS [PAIR, whole]. */
static void run_near(const gb_product *p, size_t row, size_t rows, size_t chunks, size_t whole, float *sums,
                     block *b)
{
	size_t k = 0;

	for (int i = 0; i < p->spans; i++) {
		const gb_span *s = &p->span[i];
		size_t here = (rows - 1) * s->step + (size_t)s->length,
		       room = (PAIR - 1) * s->step + (size_t)s->length;
		layout of = {NEAR_NUMBERS, SIDE * s->step, s->step, DEPTH};
		for (size_t n = 0; n < here; n += DEPTH)
			split_row(s->x + row * s->step + n, b->near[0] + n, NEAR_NUMBERS);
		for (int part = 0; part < PARTS; part++)
			memset(b->near[part] + here, 0, (room - here) * sizeof b->near[0][0]);
		for (size_t c = 0; c < whole; c += PAIR)
			multiply_tiles(b->near[0], of, p->w->parts + (c / PAIR * chunks + k) * CHUNK,
			               (size_t)s->length / DEPTH, sums + c, !i, NULL, 0);
		k += (size_t)s->length / DEPTH;
	}
}

static void product_by_tiles(const gb_product *p)
{
	size_t whole = (size_t)gb_whole(p->w->n, PAIR), chunks = ((size_t)p->w->k + DEPTH - 1) / DEPTH;
	bool near = is_near(p, chunks, whole);
	block b;

	if (!p->w->parts) {
		product(p);
		return;
	}
	tiles_on();
	for (size_t row = 0, rows; row < p->rows; row += rows) {
		rows = p->rows - row <= MOST_ROWS ? p->rows - row : BLOCK_ROWS;
		for (size_t r = 0; r < rows && near; r += PAIR)
			run_near(p, row + r, rows - r < PAIR ? rows - r : PAIR, chunks, whole, b.sums[r], &b);
		if (near)
			finish(p, row, rows, 0, whole, &b);
		for (size_t column = 0; column < whole && !near; column += BLOCK_COLUMNS)
			run_block(p, row, rows, column,
			          whole - column < BLOCK_COLUMNS ? whole - column : BLOCK_COLUMNS, &b);
	}
	_tile_release();
}

/* ---- LSTM ---- */

/* A step is as long as reading the weights takes, and three bytes of each are read faster than four.  Half a
 * unit is at most 2⁻²³ of the largest weight of its column: less than what adding up 512 products in FP32
 * rounds off. */

enum { GATES = 4 * UNITS, BITS = 23, WEIGHT_BYTES = 3, STEP_AHEAD = 4096 };

static void shorten(const gb_recurrence *r)
{
	for (size_t column = 0; column < (size_t)r->panels * GATES; column++) {
		size_t first = column / GATES * GATES * (size_t)r->width + column % GATES;
		float most = 0;
		int power;
		for (size_t k = 0; k < (size_t)r->width; k++)
			most = fmaxf(most, fabsf(r->weight[first + k * GATES]));
		frexpf(most, &power);
		/* A vector of integers is read as 256 times what its three bytes say. */
		r->unit[column] = ldexpf(1, power - BITS - 8);
		for (size_t k = 0; k < (size_t)r->width; k++) {
			long number = lrintf(ldexpf(r->weight[first + k * GATES], BITS - power)),
			     limit = (1 << BITS) - 1;
			number = number > limit ? limit : number;
			for (int i = 0; i < WEIGHT_BYTES; i++)
				r->bytes[(first + k * GATES) * WEIGHT_BYTES + (size_t)i] = (uint8_t)(number >>
				                                                                     8 * i);
		}
	}
}

static void panel_step_of_bytes(const gb_recurrence *r, size_t panel, const float *gates, const float *h,
                                float *c, float *next)
{
	const uint8_t *w = r->bytes + panel * GATES * WEIGHT_BYTES * (size_t)r->width;
	const float *unit = r->unit + panel * GATES;
	uint8_t from[64] = {0};
	vec sum[4][UNIT_VECTORS] = {0};
	__m512i order;

	for (int i = 0; i < 64; i++)
		from[i] = (uint8_t)(i / 4 * WEIGHT_BYTES + (i % 4 ? i % 4 - 1 : 0));
	order = _mm512_loadu_si512(from);
	for (int k = 0; k < r->width; k++, w += GATES * WEIGHT_BYTES) {
		vec x = all(h[k]);
		UNROLL for (int i = 0; i < GATES * WEIGHT_BYTES / 64; i++)
			__builtin_prefetch(w + STEP_AHEAD + 64 * i);
		UNROLL for (int g = 0; g < 4; g++)
			UNROLL for (int v = 0; v < UNIT_VECTORS; v++) {
			__m512i bytes = _mm512_loadu_si512(w + (g * UNIT_VECTORS + v) * LANES * WEIGHT_BYTES);
			__m512i number = _mm512_maskz_permutexvar_epi8(0xeeeeeeeeeeeeeeee, order, bytes);
			sum[g][v] = multiply_add(x, (vec)_mm512_cvtepi32_ps(number), sum[g][v]);
			}
	}
	UNROLL for (int g = 0; g < 4; g++) UNROLL for (int v = 0; v < UNIT_VECTORS; v++)
	    sum[g][v] = multiply_add(sum[g][v], load(unit + (g * UNIT_VECTORS + v) * LANES),
	                             load(gates + (g * UNIT_VECTORS + v) * LANES));
	end_step(sum, c, next);
}
#endif
