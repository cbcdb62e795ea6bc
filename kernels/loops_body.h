/* SPDX-License-Identifier: MIT */
/* loops_body.h: the loops of loops.h, plain C in a shape that compilers
 * vectorise; compiled once for each processor class. */
#include <math.h>
#include <string.h>

#include "base/class_body.h"
#include "loops.h"
#include "tile.h"

/* floats: of a cache line; how far memory is asked ahead, where it is all that counts */
enum { LINE = 16, AHEAD = 512 };

static inline void adamw_run(const gb_adamw_span s, size_t n, float *restrict w, float *restrict m,
                             float *restrict v, const float *restrict g, const float *restrict anchor)
{
	for (size_t i = 0; i < n; i++) {
		float x = g[i] * s.gradient_scale, off = anchor ? w[i] - anchor[i] : w[i];
		float first = s.beta1 * m[i] + (1.0f - s.beta1) * x,
		      second = s.beta2 * v[i] + (1.0f - s.beta2) * x * x;

		m[i] = first;
		v[i] = second;
		w[i] = w[i] - s.pull * off -
		       s.rate * (first * s.first_scale) / (sqrtf(second * s.second_scale) + s.epsilon);
	}
}

static void adamw(const gb_adamw_span *by, size_t n, float *restrict w, float *restrict m, float *restrict v,
                  const float *restrict g, const float *restrict anchor)
{
	size_t i = 0;

	for (; !anchor && i + LINE <= n; i += LINE) {
		__builtin_prefetch(w + i + AHEAD);
		__builtin_prefetch(m + i + AHEAD);
		__builtin_prefetch(v + i + AHEAD);
		__builtin_prefetch(g + i + AHEAD);
		adamw_run(*by, LINE, w + i, m + i, v + i, g + i, NULL);
	}
	adamw_run(*by, n - i, w + i, m + i, v + i, g + i, anchor ? anchor + i : NULL);
}

static void finish(size_t n, float *restrict c, const float *restrict bias, float *restrict pre,
                   int activation)
{
	if (bias)
		for (size_t i = 0; i < n; i++)
			c[i] += bias[i];
	if (pre)
		memcpy(pre, c, n * sizeof *c);
	if (activation == GB_GELU)
		for (size_t i = 0; i < n; i++)
			c[i] = gb_gelu(c[i]);
	else if (activation == GB_SIGMOID)
		for (size_t i = 0; i < n; i++)
			c[i] = gb_sigmoid(c[i]);
}

/* DX may be DY, here and below. */
static void gelu_backward(size_t n, const float *pre, const float *dy, float *dx)
{
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * gb_gelu_slope(pre[i]);
}

static void sigmoid(size_t n, const float *x, const float *offset, float *y)
{
	for (size_t i = 0; i < n; i++)
		y[i] = gb_sigmoid(x[i] + offset[i]);
}

static void sigmoid_backward(size_t n, const float *y, const float *dy, float *dx)
{
	for (size_t i = 0; i < n; i++)
		dx[i] = dy[i] * y[i] * (1.0f - y[i]);
}

static void add(size_t n, float alpha, const float *x, float beta, float *y)
{
	if (beta == 0.0f)
		for (size_t i = 0; i < n; i++)
			y[i] = alpha * x[i];
	else if (beta == 1.0f && alpha == 1.0f)
		for (size_t i = 0; i < n; i++)
			y[i] += x[i];
	else
		for (size_t i = 0; i < n; i++)
			y[i] = alpha * x[i] + beta * y[i];
}

/* ---- sums: two vectors of eight ---- */

typedef float F8 __attribute__((vector_size(32)));
typedef double D8 __attribute__((vector_size(64)));
enum { STEP = 16, PIECE = 1024 /* of numbers that are made before they are summed */ };

static inline double join(const D8 sum[2])
{
	D8 both = sum[0] + sum[1];
	double s[8];

	memcpy(s, &both, sizeof s);
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* The last N mod 16 numbers of X, PAD after them. */
static inline void rest(float to[STEP], const float *x, size_t n, float pad)
{
	for (size_t i = 0; i < STEP; i++)
		to[i] = i < n % STEP ? x[n - n % STEP + i] : pad;
}

/* SUM += (x − x0)(y − y0) of sixteen; Y NULL: x − x0 alone. */
static inline __attribute__((always_inline)) void sixteen(D8 sum[2], const float *x, double x0,
                                                          const float *y, double y0)
{
	for (int half = 0; half < 2; half++) {
		D8 term;
		F8 v;

		memcpy(&v, x + 8 * half, sizeof v);
		term = __builtin_convertvector(v, D8) - x0;
		if (y) {
			memcpy(&v, y + 8 * half, sizeof v);
			term *= __builtin_convertvector(v, D8) - y0;
		}
		sum[half] += term;
	}
}

static inline __attribute__((always_inline)) double sum_of(size_t n, const float *x, double x0,
                                                           const float *y, double y0)
{
	D8 sum[2] = {{0}, {0}};
	float p[STEP], q[STEP];
	size_t i = 0;

	for (; i + STEP <= n; i += STEP)
		sixteen(sum, x + i, x0, y ? y + i : NULL, y0);
	if (i < n) {
		rest(p, x, n, (float)x0);
		if (y)
			rest(q, y, n, (float)y0);
		sixteen(sum, p, x0, y ? q : NULL, y0);
	}
	return join(sum);
}

static double sum(size_t n, const float *x) { return sum_of(n, x, 0, NULL, 0); }
static double square_sum(size_t n, const float *x) { return sum_of(n, x, 0, x, 0); }
static double spread(size_t n, const float *x, float mean)
{
	return sum_of(n, x, (double)mean, x, (double)mean);
}
static size_t piece_of(size_t n, size_t at) { return n - at < PIECE ? n - at : PIECE; }

static float largest(size_t n, const float *x)
{
	float most[STEP], max = n ? x[0] : 0.0f;

	for (size_t l = 0; l < STEP; l++)
		most[l] = max;
	for (size_t i = 0; i + STEP <= n; i += STEP)
		for (size_t l = 0; l < STEP; l++)
			most[l] = x[i + l] > most[l] ? x[i + l] : most[l];
	for (size_t l = 0; l < STEP; l++)
		max = most[l] > max ? most[l] : max;
	for (size_t i = n - n % STEP; i < n; i++)
		max = x[i] > max ? x[i] : max;
	return max;
}

static double exponentials(size_t n, const float *x, float *e, float *top)
{
	float term[PIECE], max = largest(n, x);
	double all = 0;

	*top = max;
	for (size_t at = 0; at < n; at += PIECE) {
		size_t count = piece_of(n, at);

		for (size_t i = 0; i < count; i++) {
			float d = x[at + i] - max, power = gb_exp(d);

			term[i] = d < -87.0f ? 0.0f : power;
		}
		if (e)
			memcpy(e + at, term, count * sizeof *e);
		all += sum(count, term);
	}
	return all;
}

static double squared_error(size_t n, const float *x, const float *target, const float *weight, float scale,
                            float *dx)
{
	float off[PIECE], weighted[PIECE];
	double all = 0;

	for (size_t at = 0; at < n; at += PIECE) {
		size_t count = piece_of(n, at);

		for (size_t i = 0; i < count; i++)
			off[i] = x[at + i] - target[at + i];
		if (weight)
			for (size_t i = 0; i < count; i++)
				weighted[i] = weight[at + i] * off[i];
		all += sum_of(count, weight ? weighted : off, 0, off, 0);
		if (dx)
			for (size_t i = 0; i < count; i++)
				dx[at + i] = scale * (weight ? weighted : off)[i];
	}
	return all;
}

/* ---- layer norm ---- */

static void norm(size_t n, const float *x, float mean, float rstd, const float *gamma, const float *beta,
                 float *y)
{
	if (gamma && beta)
		for (size_t i = 0; i < n; i++)
			y[i] = (x[i] - mean) * rstd * gamma[i] + beta[i];
	else
		for (size_t i = 0; i < n; i++)
			y[i] = (x[i] - mean) * rstd * (gamma ? gamma[i] : 1.0f) + (beta ? beta[i] : 0.0f);
}

static gb_norm_sums norm_sums(size_t n, const float *x, float mean, float rstd, const float *gamma,
                              const float *dy)
{
	gb_norm_sums all = {0, 0};
	float g[PIECE], normal[PIECE];

	for (size_t at = 0; at < n; at += PIECE) {
		size_t count = piece_of(n, at);

		for (size_t i = 0; i < count; i++)
			normal[i] = (x[at + i] - mean) * rstd;
		if (gamma)
			for (size_t i = 0; i < count; i++)
				g[i] = dy[at + i] * gamma[at + i];
		all.sum += sum(count, gamma ? g : dy + at);
		all.dot += sum_of(count, gamma ? g : dy + at, 0, normal, 0);
	}
	return all;
}

static void norm_backward(size_t n, const float *x, const float *gamma, const float *dy,
                          const gb_norm_backward *row, float *dx)
{
	const float mean = row->mean, rstd = row->rstd, a = row->sum, b = row->dot;

	for (size_t i = 0; i < n; i++)
		dx[i] = rstd * (dy[i] * (gamma ? gamma[i] : 1.0f) - a - (x[i] - mean) * rstd * b);
}

static void norm_affine(size_t n, const float *x, float mean, float rstd, const float *dy,
                        float *restrict dgamma, float *restrict dbeta)
{
	for (size_t i = 0; i < n; i++) {
		dgamma[i] += dy[i] * (x[i] - mean) * rstd;
		dbeta[i] += dy[i];
	}
}

const gb_loops GB_CLASS_NAME(gb_loops) = {adamw,  finish,     gelu_backward, sigmoid,       sigmoid_backward,
                                          add,    square_sum, exponentials,  squared_error, sum,
                                          spread, norm,       norm_sums,     norm_backward, norm_affine};
