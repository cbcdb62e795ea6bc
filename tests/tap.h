/* SPDX-License-Identifier: MIT */
/* tap.h: a unit test prints TAP: plan at the end, one line a check.
 *
 *   int main(void) { ok(1 + 1 == 2, "sums"); return done_testing(); }
 */
#ifndef GB_TESTS_TAP_H
#define GB_TESTS_TAP_H

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 4, 5), unused)) static int
tap_ok(int good, const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	if (!good) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

#define ok(good, ...) tap_ok(!!(good), __FILE__, __LINE__, __VA_ARGS__)
#define near(got, want, tolerance, ...)                                                                      \
	do {                                                                                                 \
		double got_ = (got), want_ = (want);                                                         \
		if (!ok(fabs(got_ - want_) <= (tolerance), __VA_ARGS__))                                     \
			printf("# got %.17g, want %.17g within %g\n", got_, want_, (double)(tolerance));     \
	} while (0)
#define note(...) (printf("# "), printf(__VA_ARGS__), putchar('\n'))
#define skip_all(...) (printf("1..0 # SKIP "), printf(__VA_ARGS__), putchar('\n'), exit(0))

__attribute__((unused)) static int done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}
#endif
