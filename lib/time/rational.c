/* SPDX-License-Identifier: MIT */
#include "time/rational.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef __int128 wide;

static bool reduce(wide num, wide den, gb_rational *out)
{
	wide a = num < 0 ? -num : num, b = den < 0 ? -den : den;

	if (!den)
		return false;
	while (b) {
		wide rest = a % b;
		a = b;
		b = rest;
	}
	if (a) {
		num /= a;
		den /= a;
	}
	if (den < 0) {
		num = -num;
		den = -den;
	}
	if (num > INT64_MAX || num < INT64_MIN || den > INT64_MAX)
		return false;
	*out = (gb_rational){(int64_t)num, (int64_t)den};
	return true;
}

int64_t gb_gcd(int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

bool gb_rational_make(int64_t num, int64_t den, gb_rational *out) { return reduce(num, den, out); }

/* |num| ≤ 2^63, den < 2^63: each product fits 127 bits, their sum could not:
 * it is checked. */
static bool cross(gb_rational a, gb_rational b, bool minus, gb_rational *out)
{
	wide left = (wide)a.num * b.den, right = (wide)b.num * a.den, sum;

	if (minus ? __builtin_sub_overflow(left, right, &sum) : __builtin_add_overflow(left, right, &sum))
		return false;
	return reduce(sum, (wide)a.den * b.den, out);
}

bool gb_rational_add(gb_rational a, gb_rational b, gb_rational *out) { return cross(a, b, false, out); }
bool gb_rational_sub(gb_rational a, gb_rational b, gb_rational *out) { return cross(a, b, true, out); }

bool gb_rational_mul(gb_rational a, gb_rational b, gb_rational *out)
{
	return reduce((wide)a.num * b.num, (wide)a.den * b.den, out);
}

bool gb_rational_div(gb_rational a, gb_rational b, gb_rational *out)
{
	return reduce((wide)a.num * b.den, (wide)a.den * b.num, out);
}

int gb_rational_compare(gb_rational a, gb_rational b)
{
	wide left = (wide)a.num * b.den, right = (wide)b.num * a.den;

	return left < right ? -1 : left > right;
}

int64_t gb_rational_floor(gb_rational a)
{
	int64_t whole = a.num / a.den;

	return whole - (a.num % a.den < 0);
}

int64_t gb_rational_ceil(gb_rational a)
{
	int64_t whole = a.num / a.den;

	return whole + (a.num % a.den > 0);
}

int64_t gb_rational_round(gb_rational a)
{
	int64_t whole = gb_rational_floor(a);
	wide twice = 2 * ((wide)a.num - (wide)whole * a.den); /* 0 ≤ rest < den */

	return whole + (twice >= a.den);
}

double gb_rational_double(gb_rational a) { return (double)a.num / (double)a.den; }

/* Digits of TEXT into *VALUE × 10^…; DIGITS counts them; false on overflow. */
static bool read_digits(const char **text, wide *value, int *digits)
{
	for (*digits = 0; **text >= '0' && **text <= '9'; (*text)++, (*digits)++) {
		*value = *value * 10 + (**text - '0');
		if (*value > (wide)INT64_MAX * 1000000000)
			return false;
	}
	return true;
}

gb_status gb_rational_parse(const char *text, gb_rational *out, gb_err *err)
{
	const char *p = text;
	wide num = 0, den = 1;
	int whole, part = 0;
	bool negative = *p == '-', fits;

	if (*p == '-' || *p == '+')
		p++;
	fits = read_digits(&p, &num, &whole);
	if (fits && *p == '/' && whole) {
		den = 0;
		p++;
		fits = read_digits(&p, &den, &part);
		whole = part; /* "3/" has no number */
	} else if (fits && *p == '.') {
		p++;
		fits = read_digits(&p, &num, &part);
		for (int i = 0; fits && i < part; i++)
			den *= 10;
		whole += part;
		fits = fits && part <= 18;
	}
	if (*p || !whole || !fits || !reduce(negative ? -num : num, den, out))
		return gb_fail(err, GB_USAGE, "'%s' is no exact number: 1.5 or 3/2 is wanted%s", text,
		               !fits ? " (too many digits)" : "");
	return GB_OK;
}

char *gb_rational_format(gb_rational a, char text[GB_RATIONAL_TEXT])
{
	snprintf(text, GB_RATIONAL_TEXT, "%" PRId64 "/%" PRId64, a.num, a.den);
	return text;
}

bool gb_rational_from_float(float value, gb_rational *out)
{
	char text[64];
	char *exponent;
	gb_rational power = {1, 1}, ten = {10, 1};

	if (!isfinite(value))
		return false;
	for (int precision = 0; precision < 9; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, (double)value);
		if (strtof(text, NULL) == value)
			break;
	}
	exponent = strchr(text, 'e');
	*exponent++ = 0;
	for (int i = abs(atoi(exponent)); i > 0; i--)
		if (!gb_rational_mul(power, ten, &power))
			return false;
	if (gb_rational_parse(text, out, NULL) != GB_OK)
		return false;
	return *exponent == '-' ? gb_rational_div(*out, power, out) : gb_rational_mul(*out, power, out);
}
