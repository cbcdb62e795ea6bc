/* SPDX-License-Identifier: MIT */
#include "text/time_text.h"

#include <string.h>

#define NANO 1000000000LL
#define SECONDS_MAX 100000000LL

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* A decimal with an optional exponent, times 10^SHIFT, to the nearest integer
 * (halves away from 0), exact for up to 30 digits; *END: what follows it.  COMMA: as in subtitles. */
static bool scaled_decimal(const char *text, int shift, bool comma, const char **end, __int128 *out)
{
	__int128 value = 0, divisor = 1;
	bool negative = *text == '-', point = false, any = false;
	int digits = 0, exponent = 0, sign = 1;

	text += *text == '-' || *text == '+';
	for (; is_digit(*text) || (!point && (*text == '.' || (comma && *text == ','))); text++) {
		if (!is_digit(*text)) {
			point = true;
			continue;
		}
		any = true;
		if (digits < 30) {
			value = value * 10 + (*text - '0');
			digits += value != 0;
			shift -= point;
		} else if (!point)
			return false;
	}
	if (any && (*text == 'e' || *text == 'E')) {
		text++;
		sign = *text == '-' ? -1 : 1;
		text += *text == '-' || *text == '+';
		if (!is_digit(*text))
			return false;
		for (; is_digit(*text) && exponent < 1000; text++)
			exponent = exponent * 10 + (*text - '0');
		shift += sign * exponent;
	}
	*end = text;
	for (; shift > 0 && value; shift--)
		if (__builtin_mul_overflow(value, (__int128)10, &value))
			return false;
	for (; shift < 0 && divisor < (__int128)1e36; shift++)
		divisor *= 10;
	if (shift < 0)
		value = 0;
	*out = value / divisor + (value % divisor >= divisor - value % divisor);
	if (negative)
		*out = -*out;
	return any;
}

/* Digits up to a colon. */
static bool clock_part(const char **text, int64_t *value)
{
	const char *p = *text;

	*value = 0;
	while (is_digit(*p) && *value <= SECONDS_MAX)
		*value = *value * 10 + (*p++ - '0');
	if (p == *text || *p != ':')
		return false;
	*text = p + 1;
	return true;
}

bool gb_time_parse(const char *text, gb_time_unit unit, gb_rational *seconds)
{
	__int128 nano, limit = (__int128)SECONDS_MAX * NANO;
	const char *end;
	int64_t first, second, whole = 0;
	bool negative = *text == '-';

	if (strchr(text, '/')) {
		gb_rational most = {SECONDS_MAX, 1}, least = {-SECONDS_MAX, 1};

		return unit == GB_UNIT_SECONDS && gb_rational_parse(text, seconds, NULL) == GB_OK &&
		       gb_rational_compare(*seconds, most) < 0 && gb_rational_compare(*seconds, least) > 0;
	}
	if (!strchr(text, ':')) {
		if (!scaled_decimal(text, unit == GB_UNIT_MILLISECONDS ? 6 : 9, false, &end, &nano) || *end)
			return false;
	} else {
		text += negative;
		if (!clock_part(&text, &first))
			return false;
		whole = first;
		if (clock_part(&text, &second)) {
			if (second > 59)
				return false;
			whole = first * 60 + second;
		}
		if (!is_digit(*text) || !scaled_decimal(text, 9, true, &end, &nano) || *end ||
		    nano >= 60 * (__int128)NANO)
			return false;
		nano += (__int128)whole * 60 * NANO;
		if (negative)
			nano = -nano;
	}
	if (nano <= -limit || nano >= limit)
		return false;
	return gb_rational_make((int64_t)nano, NANO, seconds);
}
