/* SPDX-License-Identifier: MIT */
/* convolve_rows_body.h: the loops of convolve_rows.h, compiled once for each
 * processor class.  ROWS output rows of two vectors stay in registers, so each
 * input row is loaded once for ROWS outputs.  The generic class is the plain loop. */
#include "base/class_body.h"
#include "fmri/convolve_rows.h"

#if GB_LANES == 1
void GB_CLASS_NAME(gb_convolve)(const gb_convolve_job *job, size_t c0, size_t c1)
{
	for (size_t t = 0; t < job->rows; t++) {
		float *out = job->out + t * job->columns;
		size_t first = t + 1 > (size_t)job->taps ? t + 1 - (size_t)job->taps : 0;
		float hold = job->held && t < (size_t)job->taps ? job->held[t] : 0;

		for (size_t c = c0; c < c1; c++)
			out[c] = hold * job->in[c];
		for (size_t r = first; r <= t; r++) {
			const float *in = job->in + r * job->columns;
			float w = job->tap[t - r];

			for (size_t c = c0; c < c1; c++)
				out[c] += w * in[c];
		}
	}
}
#else
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
enum { LANES = GB_LANES };

#if GB_LANES == 16
enum { ROWS = 8 };
typedef __m512 vec;
typedef __mmask16 mask;

INLINE mask mask_of(size_t lanes) { return (mask)(lanes >= LANES ? 0xffff : (1u << lanes) - 1); }
INLINE vec all(float x) { return _mm512_set1_ps(x); }
INLINE vec load(const float *from) { return _mm512_loadu_ps(from); }
INLINE vec load_masked(const float *from, mask m) { return _mm512_maskz_loadu_ps(m, from); }
INLINE vec multiply(vec a, vec b) { return _mm512_mul_ps(a, b); }
INLINE vec multiply_add(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE void stream_out(float *to, vec v) { _mm512_stream_ps(to, v); }
INLINE void store(float *to, vec v) { _mm512_storeu_ps(to, v); }
INLINE void store_masked(float *to, mask m, vec v) { _mm512_mask_storeu_ps(to, m, v); }
#else
enum { ROWS = 6 };
typedef __m256 vec;
typedef __m256i mask;

INLINE mask mask_of(size_t lanes)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE vec all(float x) { return _mm256_set1_ps(x); }
INLINE vec load(const float *from) { return _mm256_loadu_ps(from); }
INLINE vec load_masked(const float *from, mask m) { return _mm256_maskload_ps(from, m); }
INLINE vec multiply(vec a, vec b) { return _mm256_mul_ps(a, b); }
INLINE vec multiply_add(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE void stream_out(float *to, vec v) { _mm256_stream_ps(to, v); }
INLINE void store(float *to, vec v) { _mm256_storeu_ps(to, v); }
INLINE void store_masked(float *to, mask m, vec v) { _mm256_maskstore_ps(to, m, v); }
#endif

_Static_assert((int)ROWS <= GB_CONVOLVE_ROWS, "taps are padded for this many rows");

/* The outputs of rows T … T+rows−1 in two vectors of columns from C on, of which LEFT columns exist. */
INLINE void outputs(const gb_convolve_job *job, size_t t, size_t c, size_t rows, size_t left, int stream)
{
	vec a[ROWS], b[ROWS];
	mask m0 = mask_of(left), m1 = mask_of(left > LANES ? left - LANES : 0);
	size_t n = job->columns, first = t + 1 > (size_t)job->taps ? t + 1 - (size_t)job->taps : 0;
	const float *in = job->in + first * n + c;
	float *out = job->out + t * n + c;
	int whole = left >= 2 * LANES;

	/* The next stripe reads these rows. */
	for (size_t next = t + rows; next < t + 2 * rows && next < job->rows; next++) {
		_mm_prefetch((const char *)(job->in + next * n + c), _MM_HINT_T0);
		_mm_prefetch((const char *)(job->in + next * n + c + LANES), _MM_HINT_T0);
	}
	for (size_t i = 0; i < rows; i++) {
		vec w = all(job->held && t + i < (size_t)job->taps ? job->held[t + i] : 0);

		a[i] = multiply(w, load_masked(job->in + c, m0));
		b[i] = multiply(w, load_masked(job->in + c + LANES, m1));
	}
	for (size_t r = first; r < t + rows; r++, in += n) {
		vec x = whole ? load(in) : load_masked(in, m0),
		    y = whole ? load(in + LANES) : load_masked(in + LANES, m1);
		const float *tap = job->tap + (ptrdiff_t)t - (ptrdiff_t)r;

		for (size_t i = 0; i < rows; i++) {
			vec w = all(tap[i]);

			a[i] = multiply_add(w, x, a[i]);
			b[i] = multiply_add(w, y, b[i]);
		}
	}
	for (size_t i = 0; i < rows; i++, out += n) {
		if (stream) {
			stream_out(out, a[i]);
			stream_out(out + LANES, b[i]);
		} else if (whole) {
			store(out, a[i]);
			store(out + LANES, b[i]);
		} else {
			store_masked(out, m0, a[i]);
			store_masked(out + LANES, m1, b[i]);
		}
	}
}

INLINE void stripe(const gb_convolve_job *job, size_t t, size_t c0, size_t c1, size_t rows)
{
	size_t c = c0;

	for (; c + 2 * LANES <= c1; c += 2 * LANES) {
		if (job->stream)
			outputs(job, t, c, rows, 2 * LANES, 1);
		else
			outputs(job, t, c, rows, 2 * LANES, 0);
	}
	if (c < c1)
		outputs(job, t, c, rows, c1 - c, 0);
}

void GB_CLASS_NAME(gb_convolve)(const gb_convolve_job *job, size_t c0, size_t c1)
{
	size_t t = 0;

	for (; t + ROWS <= job->rows; t += ROWS)
		stripe(job, t, c0, c1, ROWS);
	for (; t < job->rows; t++)
		stripe(job, t, c0, c1, 1);
	_mm_sfence();
}
#endif
