// SPDX-License-Identifier: MIT
/* Eight output rows by two vectors stay in registers: each input row is loaded
 * once for eight outputs.  Compiled for avx512 only. */
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "fmri/convolve_rows.h"

#ifdef __AVX512F__
#define WIDTH 16

/* ROWS outputs from row T on, columns C … C+31 under masks M0 and M1. */
static inline __attribute__((always_inline)) void outputs(const gb_convolve_job *job, size_t t, size_t c, int rows,
                                                          __mmask16 m0, __mmask16 m1, int stream)
{
	__m512 a[GB_CONVOLVE_ROWS], b[GB_CONVOLVE_ROWS];
	size_t n = job->columns, first = t + 1 > (size_t)job->taps ? t + 1 - (size_t)job->taps : 0;
	const float *in = job->in + first * n + c;
	float *out = job->out + t * n + c;

	for (int i = 0; i < rows && t + (size_t)(i + rows) < job->rows; i++) { /* what the next stripe of rows will need */
		_mm_prefetch((const char *)(job->in + (t + (size_t)(i + rows)) * n + c), _MM_HINT_T0);
		_mm_prefetch((const char *)(job->in + (t + (size_t)(i + rows)) * n + c + WIDTH), _MM_HINT_T0);
	}
	for (int i = 0; i < rows; i++) {
		float hold = job->held && t + (size_t)i < (size_t)job->taps ? job->held[t + (size_t)i] : 0;
		__m512 w = _mm512_set1_ps(hold);

		a[i] = _mm512_mul_ps(w, _mm512_maskz_loadu_ps(m0, job->in + c));
		b[i] = _mm512_mul_ps(w, _mm512_maskz_loadu_ps(m1, job->in + c + WIDTH));
	}
	for (size_t r = first; r < t + (size_t)rows; r++, in += n) {
		__m512 x = _mm512_maskz_loadu_ps(m0, in), y = _mm512_maskz_loadu_ps(m1, in + WIDTH);
		const float *tap = job->tap + (ptrdiff_t)t - (ptrdiff_t)r;

		for (int i = 0; i < rows; i++) {
			__m512 w = _mm512_set1_ps(tap[i]);

			a[i] = _mm512_fmadd_ps(w, x, a[i]);
			b[i] = _mm512_fmadd_ps(w, y, b[i]);
		}
	}
	for (int i = 0; i < rows; i++, out += n) {
		if (stream) {
			_mm512_stream_ps(out, a[i]);
			_mm512_stream_ps(out + WIDTH, b[i]);
		} else {
			_mm512_mask_storeu_ps(out, m0, a[i]);
			_mm512_mask_storeu_ps(out + WIDTH, m1, b[i]);
		}
	}
}

static inline __attribute__((always_inline)) void stripe(const gb_convolve_job *job, size_t t, size_t c0, size_t c1,
                                                         int rows)
{
	size_t c = c0;

	for (; c + 2 * WIDTH <= c1; c += 2 * WIDTH) {
		if (job->stream)
			outputs(job, t, c, rows, 0xffff, 0xffff, 1);
		else
			outputs(job, t, c, rows, 0xffff, 0xffff, 0);
	}
	if (c < c1) {
		unsigned left = (unsigned)(c1 - c);

		outputs(job, t, c, rows, (__mmask16)(left >= WIDTH ? 0xffff : (1u << left) - 1),
		        (__mmask16)(left > WIDTH ? (1u << (left - WIDTH)) - 1 : 0), 0);
	}
}

void gb_convolve_avx512(const gb_convolve_job *job, size_t c0, size_t c1)
{
	size_t t = 0;

	for (; t + GB_CONVOLVE_ROWS <= job->rows; t += GB_CONVOLVE_ROWS)
		stripe(job, t, c0, c1, GB_CONVOLVE_ROWS);
	for (; t < job->rows; t++)
		stripe(job, t, c0, c1, 1);
	_mm_sfence();
}
#else
void gb_convolve_avx512(const gb_convolve_job *job, size_t c0, size_t c1) { gb_convolve_generic(job, c0, c1); }
#endif
