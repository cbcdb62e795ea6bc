/* SPDX-License-Identifier: MIT */
#include "fmri/hrf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "table/named_columns.h"

#define LENGTH 32        /* seconds */
#define TAPS_MAX 1000000

const char *gb_hrf_function_name(int function)
{
	static const char *const names[] = {"kernel", "derivative", "dispersion"};

	return names[function];
}

/* ---- curves ---- */

static double gamma_density(double t, double p, double d)
{
	double shape = p / d;

	return t <= 0 ? 0 : exp((shape - 1) * log(t) - t / d - shape * log(d) - lgamma(shape));
}

typedef struct curve {
	enum { GLOVER, SPM, TABLE } kind;
	double dispersion;       /* of GLOVER's peak: 0.9 */
	size_t points;           /* of TABLE */
	const double *table;     /* [points, 2]: seconds, value */
} curve;

static double curve_at(const curve *c, double t)
{
	size_t low = 0, high;

	if (c->kind == GLOVER)
		return t < LENGTH ? gamma_density(t, 6, c->dispersion) - 0.48 * gamma_density(t, 12, 0.9) : 0;
	if (c->kind == SPM)
		return t < LENGTH ? gamma_density(t, 6, 1) - gamma_density(t, 16, 1) / 6 : 0;
	high = c->points - 1;
	if (t < c->table[0] || t > c->table[2 * high])
		return 0;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		*(c->table[2 * middle] <= t ? &low : &high) = middle;
	}
	const double *a = c->table + 2 * low, *b = c->table + 2 * high;

	return a[1] + (b[1] - a[1]) * (t - a[0]) / (b[0] - a[0]);
}

double gb_hrf_at(const char *kernel, double t)
{
	curve c = {.kind = strcmp(kernel, "spm") ? GLOVER : SPM, .dispersion = 0.9};

	return t < 0 ? 0 : curve_at(&c, t);
}

/* ∫ over (a, b] by Simpson's rule; 128 intervals or more, 1/64 s wide at most. */
static double integral(const curve *c, double a, double b)
{
	int n = 128;
	double sum, h;

	if (a < 0)
		a = 0;
	if (c->kind != TABLE && b > LENGTH)
		b = LENGTH;
	if (!(b > a))
		return 0;
	while (b - a > n / 64.0)
		n *= 2;
	h = (b - a) / n;
	sum = curve_at(c, a) + curve_at(c, fmin(b, nextafter(LENGTH, 0)));
	if (c->kind == TABLE)
		sum = curve_at(c, a) + curve_at(c, b);
	for (int i = 1; i < n; i++)
		sum += (i % 2 ? 4 : 2) * curve_at(c, a + h * i);
	return sum * h / 3;
}

/* ---- taps ---- */

static gb_status make_room(gb_hrf *hrf, int functions, int64_t taps, const char *kernel, gb_err *err)
{
	if (taps < 1 || taps > TAPS_MAX)
		return gb_fail(err, GB_USAGE,
		               "kernel %s: %lld taps, 1 to %d are possible: take a longer --tr", kernel,
		               (long long)taps, TAPS_MAX);
	hrf->functions = functions;
	hrf->taps = (int)taps;
	for (int f = 0; f < functions; f++)
		if (!(hrf->tap[f] = gb_array((size_t)taps, sizeof(double), err)))
			return GB_SYSTEM;
	return GB_OK;
}

static double dot(const double *a, const double *b, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Tap k covers ((k−1+τ)Δ, (k+τ)Δ]. */
static void take_taps(const gb_hrf *hrf, const curve *c, double step, double tau, double *tap)
{
	for (int k = 0; k < hrf->taps; k++)
		tap[k] = integral(c, (k - 1 + tau) * step, (k + tau) * step);
}

static void unit_sum(double *tap, int taps)
{
	double sum = 0;

	for (int k = 0; k < taps; k++)
		sum += tap[k];
	for (int k = 0; k < taps; k++)
		tap[k] /= sum;
}

static gb_status add_derivatives(gb_hrf *hrf, double step, double tau, gb_err *err)
{
	const double e = 1e-4;
	curve plain = {.kind = GLOVER, .dispersion = 0.9};
	curve wide = {.kind = GLOVER, .dispersion = 0.9 + e}, narrow = {.kind = GLOVER,
	              .dispersion = 0.9 - e};
	double *other = gb_array((size_t)hrf->taps, sizeof *other, err), *base = hrf->tap[0];

	if (!other)
		return GB_SYSTEM;
	for (int k = 0; k < hrf->taps; k++) { /* ∫ h′ = h(b) − h(a) */
		double a = fmin(fmax((k - 1 + tau) * step, 0), LENGTH), b = fmin((k + tau) * step, LENGTH);

		a = fmin(a, nextafter(LENGTH, 0));
		b = fmin(b, nextafter(LENGTH, 0));
		hrf->tap[1][k] = b > a ? curve_at(&plain, b) - curve_at(&plain, a) : 0;
	}
	take_taps(hrf, &wide, step, tau, hrf->tap[2]);
	take_taps(hrf, &narrow, step, tau, other);
	for (int k = 0; k < hrf->taps; k++)
		hrf->tap[2][k] = (hrf->tap[2][k] - other[k]) / (2 * e);
	free(other);
	for (int f = 1; f < 3; f++) {
		double scale;

		for (int pass = 0; pass < 2; pass++)
			for (int g = 0; g < f; g++) {
				double share = dot(hrf->tap[f], hrf->tap[g], hrf->taps) /
				               dot(hrf->tap[g], hrf->tap[g], hrf->taps);

				for (int k = 0; k < hrf->taps; k++)
					hrf->tap[f][k] -= share * hrf->tap[g][k];
			}
		scale = dot(hrf->tap[f], hrf->tap[f], hrf->taps);
		if (!(scale > 1e-20 * dot(base, base, hrf->taps)))
			return gb_fail(err, GB_USAGE,
			               "kernel glover3: rows of %g s are too long for derivatives: use "
			               "glover",
			               step);
		scale = sqrt(dot(base, base, hrf->taps) / scale);
		for (int k = 0; k < hrf->taps; k++)
			hrf->tap[f][k] *= scale;
	}
	return GB_OK;
}

/* Rows r with (r − 1 + tau) · step < seconds, all exact. */
static bool taps_for(gb_rational seconds, gb_rational step, gb_rational tau, int64_t *taps)
{
	gb_rational rows, one = {1, 1};

	if (!gb_rational_div(seconds, step, &rows) || !gb_rational_add(rows, one, &rows) ||
	    !gb_rational_sub(rows, tau, &rows))
		return false;
	*taps = gb_rational_ceil(rows);
	if (*taps < 1)
		*taps = 1;
	return true;
}

static gb_status from_curve(gb_hrf *hrf, const char *kernel, const curve *c, gb_rational seconds,
                            gb_rational step, gb_rational tau, gb_err *err)
{
	int functions = strcmp(kernel, "glover3") ? 1 : 3;
	double d = gb_rational_double(step), t = gb_rational_double(tau), sum = 0;
	int64_t taps;
	gb_rational length;
	gb_status status;

	if (!taps_for(seconds, step, tau, &taps) || !gb_rational_div(seconds, step, &length))
		return gb_fail(err, GB_USAGE, "kernel %s: rows of %g s cannot be counted exactly", kernel, d);
	if ((status = make_room(hrf, functions, taps, kernel, err)))
		return status;
	hrf->length = gb_rational_ceil(length);
	take_taps(hrf, c, d, t, hrf->tap[0]);
	for (int k = 0; k < hrf->taps; k++)
		sum += hrf->tap[0][k];
	if (!isfinite(sum) || fabs(sum) < 1e-12)
		return gb_fail(err, GB_DATA, "kernel %s: its integral is %g: it cannot be given unit sum",
		               kernel, sum);
	unit_sum(hrf->tap[0], hrf->taps);
	return functions == 3 ? add_derivatives(hrf, d, t, err) : GB_OK;
}

static gb_status curve_from_table(gb_hrf *hrf, const char *path, gb_rational step, gb_rational tau,
                                  gb_err *err)
{
	static const char *const names[] = {"seconds", "value"};
	curve c = {.kind = TABLE};
	double *table;
	gb_rational end;
	gb_status status = gb_named_columns_read(path, names, 2, &table, &c.points, err);

	if (status)
		return status;
	c.table = table;
	for (size_t i = 0; i < c.points && !status; i++)
		if (!isfinite(table[2 * i]) || !isfinite(table[2 * i + 1]) || table[2 * i] < 0 ||
		    table[2 * i] > 3600 || (i && table[2 * i] <= table[2 * i - 2]))
			status = gb_fail(err, GB_DATA,
			                 "%s: line %zu: seconds must rise from 0 on, and have a value", path,
			                 i + 2);
	if (!status && c.points < 2)
		status = gb_fail(err, GB_DATA, "%s: one point is not a curve", path);
	if (!status && !gb_rational_from_float((float)table[2 * c.points - 2], &end))
		status = gb_fail(err, GB_DATA, "%s: its last time is no number", path);
	if (!status)
		status = from_curve(hrf, path, &c, end, step, tau, err);
	free(table);
	return status;
}

static gb_status taps_from_table(gb_hrf *hrf, const char *path, gb_err *err)
{
	static const char *const names[] = {"row", "weight"};
	double *table;
	size_t rows;
	gb_status status = gb_named_columns_read(path, names, 2, &table, &rows, err);

	if (status)
		return status;
	status = make_room(hrf, 1, rows > TAPS_MAX ? TAPS_MAX + 1 : (int64_t)rows, path, err);
	for (size_t i = 0; i < rows && !status; i++) {
		if (table[2 * i] != (double)i || !isfinite(table[2 * i + 1]))
			status = gb_fail(err, GB_DATA, "%s: line %zu: row %zu and its weight are wanted",
			                 path, i + 2, i);
		else
			hrf->tap[0][i] = table[2 * i + 1];
	}
	if (!status)
		hrf->length = hrf->taps - 1;
	free(table);
	return status;
}

gb_status gb_hrf_make(gb_hrf *hrf, const char *kernel, gb_rational step, gb_rational tau, gb_err *err)
{
	curve c = {.kind = strcmp(kernel, "spm") ? GLOVER : SPM, .dispersion = 0.9};
	gb_status status;

	memset(hrf, 0, sizeof *hrf);
	if (step.num <= 0 || tau.num < 0 || tau.num > tau.den)
		return gb_fail(err, GB_USAGE,
		               "kernel %s: rows longer than 0 s and a sample time from 0 to 1 are wanted",
		               kernel);
	if (!strcmp(kernel, "glover") || !strcmp(kernel, "glover3") || !strcmp(kernel, "spm"))
		status = from_curve(hrf, kernel, &c, (gb_rational){LENGTH, 1}, step, tau, err);
	else if (!strchr(kernel, '.') && !strchr(kernel, '/'))
		status = gb_fail(err, GB_USAGE, "kernel %s: glover, glover3, spm or a FILE.tsv is wanted",
		                 kernel);
	else if (gb_named_columns_has(kernel, "weight"))
		status = taps_from_table(hrf, kernel, err);
	else
		status = curve_from_table(hrf, kernel, step, tau, err);
	if (status)
		gb_hrf_clear(hrf);
	return status;
}

void gb_hrf_clear(gb_hrf *hrf)
{
	for (int f = 0; f < GB_HRF_FUNCTIONS; f++)
		free(hrf->tap[f]);
	memset(hrf, 0, sizeof *hrf);
}
