/* SPDX-License-Identifier: MIT */
/* Exact time: parsing, arithmetic, rows of a clock, overflow. */
#include "tests/tap.h"
#include "time/clock.h"

static bool parses(const char *text, int64_t num, int64_t den)
{
	gb_rational r;
	return gb_rational_parse(text, &r, NULL) == GB_OK && r.num == num && r.den == den;
}

static void parsing(void)
{
	const char *bad[] = {"", "-", ".", "3/", "/2", "1/0", "1e3", "1.5s", " 1", "0x10", "1/2/3", "1.5/2",
	                     "99999999999999999999", "0.0000000000000000001", "nan", "--1"};

	ok(parses("1.5", 3, 2) && parses("3/2", 3, 2) && parses("1.49", 149, 100),
	   "decimals and fractions are exact");
	ok(parses("-9/2", -9, 2) && parses("+2", 2, 1) && parses("0", 0, 1) && parses("6/4", 3, 2) &&
	       parses(".5", 1, 2),
	   "signs, lowest terms");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		gb_rational r;
		ok(gb_rational_parse(bad[i], &r, NULL) == GB_USAGE, "'%s' is refused", bad[i]);
	}
}

static void arithmetic(void)
{
	gb_rational a = {1001, 24000}, b = {3, 2}, big = {INT64_MAX, 1}, out;
	char text[GB_RATIONAL_TEXT];

	ok(gb_rational_add(a, b, &out) && out.num == 37001 && out.den == 24000, "1001/24000 + 3/2");
	ok(gb_rational_div(b, a, &out) && out.num == 36000 && out.den == 1001, "3/2 : 1001/24000");
	ok(!gb_rational_add(big, big, &out) && !gb_rational_mul(big, b, &out), "overflow is seen");
	ok(!gb_rational_div(a, (gb_rational){0, 1}, &out), "division by zero is seen");
	ok(gb_rational_floor((gb_rational){-1, 2}) == -1 && gb_rational_ceil((gb_rational){-1, 2}) == 0 &&
	       gb_rational_floor((gb_rational){7, 2}) == 3 && gb_rational_ceil((gb_rational){7, 2}) == 4,
	   "floor and ceil");
	ok(gb_rational_round((gb_rational){5, 2}) == 3 && gb_rational_round((gb_rational){-5, 2}) == -2 &&
	   gb_rational_round((gb_rational){9, 4}) == 2, "round, halves up");
	ok(gb_rational_compare(a, b) < 0 && gb_rational_compare(b, b) == 0, "compare");
	ok(!strcmp(gb_rational_format(b, text), "3/2") &&
	       !strcmp(gb_rational_format((gb_rational){0, 1}, text), "0/1"),
	   "format");
	ok(gb_rational_from_float(0.72f, &out) && out.num == 18 && out.den == 25, "0.72f is 18/25");
	ok(gb_rational_from_float(1.5f, &out) && out.num == 3 && out.den == 2, "1.5f is 3/2");
	ok(gb_rational_from_float(2000.f, &out) && out.num == 2000 && out.den == 1, "2000f is 2000");
	ok(gb_rational_from_float(1e-3f, &out) && out.num == 1 && out.den == 1000, "0.001f is 1/1000");
	ok(!gb_rational_from_float(INFINITY, &out) && !gb_rational_from_float(1e30f, &out),
	   "Inf and 1e30 do not fit");
}

static void clocks(void)
{
	gb_clock c = gb_clock_single((gb_rational){3, 2}, "run-1", 946, (gb_rational){9, 2}), d = c;
	gb_rational t;
	int64_t row;

	ok(gb_clock_row_at(&c, 0, (gb_rational){9, 2}, &row) && row == 0, "start is in row 0");
	ok(gb_clock_row_at(&c, 0, (gb_rational){6, 1}, &row) && row == 1, "the end of row 0 is in row 1");
	ok(gb_clock_row_at(&c, 0, (gb_rational){0, 1}, &row) && row == -3, "before the start: negative");
	ok(gb_clock_time_of(&c, 0, 2, &t) && t.num == 15 && t.den == 2, "row 2 begins at 15/2");
	d.step.num = 2;
	ok(gb_clock_equal(&c, &c) && !gb_clock_equal(&c, &d), "equal");
	ok(gb_clock_parse_runs("run-1:946,run-2:540", &c, NULL) == GB_OK && c.runs == 2 &&
	       gb_clock_rows(&c) == 1486 && gb_clock_first(&c, 1) == 946 && gb_clock_run_of(&c, 946) == 1 &&
	       gb_clock_run_of(&c, 1486) == -1 && gb_clock_find(&c, "run-2") == 1 &&
	       gb_clock_find(&c, "x") == -1,
	   "runs");
	ok(gb_clock_parse_runs("a:1,a:2", &c, NULL) == GB_USAGE &&
	       gb_clock_parse_runs("a:0", &c, NULL) == GB_USAGE &&
	       gb_clock_parse_runs("a:1,", &c, NULL) == GB_USAGE &&
	       gb_clock_parse_runs(":1", &c, NULL) == GB_USAGE &&
	       gb_clock_parse_runs("", &c, NULL) == GB_USAGE &&
	       gb_clock_parse_runs("a:1x", &c, NULL) == GB_USAGE,
	   "bad runs are refused");
}

int main(void)
{
	parsing();
	arithmetic();
	clocks();
	return done_testing();
}
