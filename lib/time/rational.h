/* SPDX-License-Identifier: MIT */
/* rational.h: exact time.  int64/int64, den > 0, lowest terms.
 *
 * No double ever decides which row a sample is in. */
#ifndef GB_TIME_RATIONAL_H
#define GB_TIME_RATIONAL_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_rational { int64_t num, den; } gb_rational;
/* An option that may be absent.  VALUE counts only where SET, unless a default was put there. */
typedef struct gb_maybe_rational { bool set; gb_rational value; } gb_maybe_rational;

#define GB_RATIONAL_TEXT 48 /* bytes that gb_rational_format needs at most */

/* The greatest common divisor of A ≥ 0 and B ≥ 0; of 0 and B it is B. */
int64_t gb_gcd(int64_t a, int64_t b);
/* NUM/DEN in lowest terms.  False if DEN is 0 or it does not fit. */
GB_CHECK bool gb_rational_make(int64_t num, int64_t den, gb_rational *out);
/* *OUT = A op B; false when it does not fit int64/int64 (or B is 0 in div). */
GB_CHECK bool gb_rational_add(gb_rational a, gb_rational b, gb_rational *out);
GB_CHECK bool gb_rational_sub(gb_rational a, gb_rational b, gb_rational *out);
GB_CHECK bool gb_rational_mul(gb_rational a, gb_rational b, gb_rational *out);
GB_CHECK bool gb_rational_div(gb_rational a, gb_rational b, gb_rational *out);

int gb_rational_compare(gb_rational a, gb_rational b);   /* −1, 0, 1; exact */
int64_t gb_rational_floor(gb_rational a);
int64_t gb_rational_ceil(gb_rational a);
int64_t gb_rational_round(gb_rational a);                /* halves up */
double gb_rational_double(gb_rational a);                /* for display and kernels only */

/* "1.5", "3/2", "-9/2", "1.49", "2", "1e-3" is refused.  The whole of TEXT
 * must be the number.  GB_USAGE otherwise. */
GB_CHECK gb_status gb_rational_parse(const char *text, gb_rational *out, gb_err *err);
/* Always "num/den" ("3/2", "0/1").  Returns TEXT. */
char *gb_rational_format(gb_rational a, char text[GB_RATIONAL_TEXT]);
/* The shortest decimal that reads back as the same float32, as an exact
 * rational: 0.72f is 18/25.  False for NaN, Inf, or what does not fit. */
GB_CHECK bool gb_rational_from_float(float value, gb_rational *out);

GB_END_DECLS
#endif
