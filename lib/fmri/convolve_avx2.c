// SPDX-License-Identifier: MIT
/* Six output rows by two vectors in registers.  Compiled for avx2 only. */
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "fmri/convolve_rows.h"

#ifdef __AVX2__
#define WIDTH 8
#define ROWS 6

static inline __attribute__((always_inline)) __m256i lanes(size_t n)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* ROWS_ outputs from row T on, columns C … C+15, of which LEFT are there. */
static inline __attribute__((always_inline)) void outputs(const gb_convolve_job *job, size_t t, size_t c, int rows,
                                                          size_t left, int stream)
{
	__m256 a[ROWS], b[ROWS];
	__m256i m0 = lanes(left), m1 = lanes(left > WIDTH ? left - WIDTH : 0);
	size_t n = job->columns, first = t + 1 > (size_t)job->taps ? t + 1 - (size_t)job->taps : 0;
	const float *in = job->in + first * n + c;
	float *out = job->out + t * n + c;
	int whole = left >= 2 * WIDTH;

	for (int i = 0; i < rows && t + (size_t)(i + rows) < job->rows; i++) { /* what the next stripe of rows will need */
		_mm_prefetch((const char *)(job->in + (t + (size_t)(i + rows)) * n + c), _MM_HINT_T0);
		_mm_prefetch((const char *)(job->in + (t + (size_t)(i + rows)) * n + c + WIDTH), _MM_HINT_T0);
	}
	for (int i = 0; i < rows; i++) {
		float hold = job->held && t + (size_t)i < (size_t)job->taps ? job->held[t + (size_t)i] : 0;
		__m256 w = _mm256_set1_ps(hold);

		a[i] = _mm256_mul_ps(w, _mm256_maskload_ps(job->in + c, m0));
		b[i] = _mm256_mul_ps(w, _mm256_maskload_ps(job->in + c + WIDTH, m1));
	}
	for (size_t r = first; r < t + (size_t)rows; r++, in += n) {
		__m256 x = whole ? _mm256_loadu_ps(in) : _mm256_maskload_ps(in, m0);
		__m256 y = whole ? _mm256_loadu_ps(in + WIDTH) : _mm256_maskload_ps(in + WIDTH, m1);
		const float *tap = job->tap + (ptrdiff_t)t - (ptrdiff_t)r;

		for (int i = 0; i < rows; i++) {
			__m256 w = _mm256_broadcast_ss(tap + i);

			a[i] = _mm256_fmadd_ps(w, x, a[i]);
			b[i] = _mm256_fmadd_ps(w, y, b[i]);
		}
	}
	for (int i = 0; i < rows; i++, out += n) {
		if (stream) {
			_mm256_stream_ps(out, a[i]);
			_mm256_stream_ps(out + WIDTH, b[i]);
		} else if (whole) {
			_mm256_storeu_ps(out, a[i]);
			_mm256_storeu_ps(out + WIDTH, b[i]);
		} else {
			_mm256_maskstore_ps(out, m0, a[i]);
			_mm256_maskstore_ps(out + WIDTH, m1, b[i]);
		}
	}
}

static inline __attribute__((always_inline)) void stripe(const gb_convolve_job *job, size_t t, size_t c0, size_t c1,
                                                         int rows)
{
	size_t c = c0;

	for (; c + 2 * WIDTH <= c1; c += 2 * WIDTH) {
		if (job->stream)
			outputs(job, t, c, rows, 2 * WIDTH, 1);
		else
			outputs(job, t, c, rows, 2 * WIDTH, 0);
	}
	if (c < c1)
		outputs(job, t, c, rows, c1 - c, 0);
}

void gb_convolve_avx2(const gb_convolve_job *job, size_t c0, size_t c1)
{
	size_t t = 0;

	for (; t + ROWS <= job->rows; t += ROWS)
		stripe(job, t, c0, c1, ROWS);
	for (; t < job->rows; t++)
		stripe(job, t, c0, c1, 1);
	_mm_sfence();
}
#else
void gb_convolve_avx2(const gb_convolve_job *job, size_t c0, size_t c1) { gb_convolve_generic(job, c0, c1); }
#endif
