/* SPDX-License-Identifier: MIT */
/* codec_kernel.h: the arithmetic of EnCodec, one set of functions a processor class.
 * Private to encodec/.
 *
 * An element of a product is its bias, then one multiply-add for each k in
 * rising order, or what codec_kernel_amx.c says: its bits depend on the class alone,
 * not on the rows or columns computed beside it.  Time-major rows are read
 * where they lie: those of a convolution overlap. */
#ifndef GB_ENCODEC_CODEC_KERNEL_H
#define GB_ENCODEC_CODEC_KERNEL_H

#include "base/cpu.h"
#include "base/pool.h"

GB_BEGIN_DECLS

/* Weights [k, n] in panels of two vectors of columns, each [k, its columns]; the last panel may have one
 * vector. Columns past n are zeros.  Or, where the class has a `pack` and takes them, in `parts` as it wants
 * them. */
typedef struct gb_panels {
	int k, n;
	float *weight;
	uint16_t *parts;
	float *bias;      /* [n], padded likewise */
} gb_panels;

/* A part of the input rows: TAPS pieces of LENGTH floats, LD apart; the next row begins STEP floats later. */
typedef struct gb_span {
	const float *x;
	size_t step, ld;
	int taps, length;
} gb_span;

typedef struct gb_product {
	const gb_panels *w;
	gb_span span[2];  /* taps · length add up to k */
	int spans;
	size_t rows;
	float *raw, *elu; /* [rows, n]: the result, and ELU of it; either may be NULL */
	size_t raw_ld, elu_ld;
} gb_product;

/* An LSTM layer's recurrent weights: for each panel of `units` units [width, gate, units].  Where the class
 * has a `shorten`, three bytes each, multiples of their column's `unit` [panel, gate, units]. */
typedef struct gb_recurrence {
	int width, panels;
	float *weight;
	uint8_t *bytes;
	float *unit;
} gb_recurrence;

typedef struct gb_encodec_kernel {
	int lanes;        /* floats of a vector */
	int units;        /* of an LSTM panel */
	void (*product)(const gb_product *product);
	/* OUT = x where x > 0, else e^x − 1, within 2 units of the last place.  May be in place. */
	void (*elu)(const float *x, float *out, size_t count);
	/* One step of the panels FIRST … LAST−1: GATES [panel, gate, unit] hold bias and input; H and C
	 * [panels · units] the state; NEXT gets the new H.  BACKWARDS: last panel first, so that what the
	 * last step left in the cache is used. */
	void (*step)(const gb_recurrence *r, int first, int last, const float *gates, const float *h,
	             float *c, float *next, bool backwards);
	/* The first of the largest among COUNT scores, a multiple of `lanes`. */
	int (*best)(const float *score, int count);
	/* WEIGHT [k, n] into TO, unless that is NULL; returns how many numbers that takes, 0: such a product
	 * is not made of parts.  May be NULL. */
	size_t (*pack)(const float *weight, int k, int n, uint16_t *to);
	/* The weights of R as bytes and units, which have room.  May be NULL. */
	void (*shorten)(const gb_recurrence *r);
} gb_encodec_kernel;

/* Of gb_cpu_class(). */
const gb_encodec_kernel *gb_encodec_kernel_of_class(void);

/* PRODUCT, its rows shared out among the threads of POOL, which may be NULL. */
void gb_product_run(const gb_product *product, gb_pool *pool);

/* N rounded up to whole vectors. */
static inline int gb_whole(int n, int of) { return (n + of - 1) / of * of; }

/* WEIGHT [k, n] and BIAS [n] packed for the class; WEIGHT stays the caller's. */
GB_CHECK gb_status gb_panels_pack(gb_panels *panels, int k, int n, const float *weight, const float *bias,
                                  gb_err *err);
void gb_panels_close(gb_panels *panels);
/* As the class wants them: the weights are there, as floats. */
GB_CHECK gb_status gb_recurrence_pack(gb_recurrence *r, gb_err *err);
void gb_recurrence_close(gb_recurrence *r);

extern const gb_encodec_kernel gb_encodec_kernel_generic, gb_encodec_kernel_avx2, gb_encodec_kernel_avx512,
    gb_encodec_kernel_amx;

GB_END_DECLS
#endif
