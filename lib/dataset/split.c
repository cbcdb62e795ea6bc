/* SPDX-License-Identifier: MIT */
#include "dataset/split.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

/* Digits at *TEXT (before END) as a number; false if there are none or too many. */
static bool digits(const char **text, const char *end, int64_t *out)
{
	const char *p = *text;
	int64_t value = 0;

	while (p < end && *p >= '0' && *p <= '9') {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *p - '0', &value))
			return false;
		p++;
	}
	if (p == *text)
		return false;
	*text = p;
	*out = value;
	return true;
}

/* One entry of a list: the rows [*FIRST, *END) of the whole clock. */
static gb_status entry(const char *text, const char *stop, const char *option, const gb_clock *clock,
                       int64_t *first, int64_t *end, gb_err *err)
{
	int64_t base = 0, rows = gb_clock_rows(clock);
	const char *p = text;
	int run;

	for (run = 0; run < clock->runs; run++) {
		size_t length = strlen(clock->run[run].name);

		if ((size_t)(stop - text) > length && !memcmp(text, clock->run[run].name, length) &&
		    text[length] == ':') {
			base = gb_clock_first(clock, run);
			rows = clock->run[run].rows;
			p = text + length + 1;
			break;
		}
	}
	*first = 0;
	*end = rows;
	if (run < clock->runs && p == stop)
		goto whole;
	if (!digits(&p, stop, first) || p == stop || *p++ != ':' ||
	    (p < stop && (!digits(&p, stop, end) || p < stop)))
		return gb_fail(err, GB_USAGE,
		               "%s: \"%.*s\": rows A:B are wanted, or RUN:A:B with RUN one of this set's "
		               "(%s%s)",
		               option, (int)(stop - text), text, clock->run[0].name,
		               clock->runs > 1 ? ", …" : "");
	if (*first >= *end || *end > rows)
		return gb_fail(err, GB_USAGE,
		               "%s: \"%.*s\": not rows of 0:%lld, which the inputs have in common", option,
		               (int)(stop - text), text, (long long)rows);
whole:
	*first += base;
	*end += base;
	return GB_OK;
}

gb_status gb_row_list(const char *list, size_t length, const char *option, const gb_clock *clock,
                      uint8_t *mark, gb_err *err)
{
	const char *end = list + length;

	while (list < end) {
		const char *comma = memchr(list, ',', (size_t)(end - list)), *stop = comma ? comma : end;
		int64_t a, b;
		gb_status status = entry(list, stop, option, clock, &a, &b, err);

		if (status)
			return status;
		memset(mark + a, 1, (size_t)(b - a));
		list = comma ? comma + 1 : end;
	}
	return GB_OK;
}

/* "0.8:0.2": that share of all rows from the front, and from the back. */
static gb_status shares(const char *text, int64_t rows, uint8_t *train, uint8_t *test, gb_err *err)
{
	const char *colon = strchr(text, ':');
	gb_rational a, b, sum, n, x, y, one = {1, 1}, zero = {0, 1};
	char *head;
	bool good;

	head = gb_format(err, "%.*s", colon ? (int)(colon - text) : 0, text);
	if (!head)
		return GB_SYSTEM;
	good = colon && !gb_rational_parse(head, &a, NULL) && !gb_rational_parse(colon + 1, &b, NULL) &&
	       gb_rational_compare(a, zero) >= 0 && gb_rational_compare(b, zero) >= 0 &&
	       gb_rational_add(a, b, &sum) && gb_rational_compare(sum, one) <= 0 &&
	       gb_rational_make(rows, 1, &n) && gb_rational_mul(a, n, &x) && gb_rational_mul(b, n, &y);
	free(head);
	if (!good)
		return gb_fail(err, GB_USAGE,
		               "--split %s: shares TRAIN:TEST (0.8:0.2, at most 1 together) or rows "
		               "A:B,…/A:B,… are wanted",
		               text);
	memset(train, 1, (size_t)gb_rational_floor(x));
	rows -= gb_rational_floor(y);
	memset(test + rows, 1, (size_t)gb_rational_floor(y));
	return GB_OK;
}

/* Train rows with a test row within GAP rows become history. */
static int64_t cut_gap(uint8_t *use, int64_t rows, int64_t gap)
{
	int64_t r, last = -1, next = -1, lost = 0;

	for (r = 0; r < rows; r++) {
		if (use[r] == GB_ROW_TEST)
			last = r;
		if (use[r] != GB_ROW_TRAIN)
			continue;
		if (next < r)
			for (next = r + 1; next < rows && use[next] != GB_ROW_TEST; next++)
				;
		if ((last >= 0 && r - last <= gap) || (next < rows && next - r <= gap)) {
			use[r] = GB_ROW_HISTORY;
			lost++;
		}
	}
	return lost;
}

static void count_rows(gb_split *split, const uint8_t *use, int64_t rows)
{
	split->train = split->test = 0;
	for (int64_t r = 0; r < rows; r++) {
		split->train += use[r] == GB_ROW_TRAIN;
		split->test += use[r] == GB_ROW_TEST;
	}
}

static int64_t forget(uint8_t *use, int64_t first, int64_t end)
{
	int64_t lost = 0;

	for (; first < end; first++) {
		lost += use[first] != GB_ROW_HISTORY;
		use[first] = GB_ROW_HISTORY;
	}
	return lost;
}

/* What was asked, before anything is taken away. */
static gb_status asked(const gb_split *split, const gb_clock *clock, uint8_t *use, uint8_t *train,
                       uint8_t *test, gb_err *err)
{
	const char *slash = strchr(split->split, '/');
	int64_t r, rows = gb_clock_rows(clock);
	gb_status status;

	if (!slash) {
		status = shares(split->split, rows, train, test, err);
	} else {
		status = gb_row_list(split->split, (size_t)(slash - split->split), "--split", clock, train,
		                     err);
		if (!status)
			status = gb_row_list(slash + 1, strlen(slash + 1), "--split", clock, test, err);
	}
	if (status)
		return status;
	for (r = 0; r < rows; r++) {
		if (train[r] && test[r])
			return gb_fail(err, GB_USAGE, "--split %s: row %lld is in both parts", split->split,
			               (long long)r);
		use[r] = train[r] ? GB_ROW_TRAIN : test[r] ? GB_ROW_TEST : GB_ROW_HISTORY;
	}
	return GB_OK;
}

gb_status gb_split_rows(gb_split *split, const gb_clock *clock, uint8_t *use, gb_err *err)
{
	int64_t r, rows = gb_clock_rows(clock), train, test;
	uint8_t *marks = gb_array((size_t)rows * 2, 1, err);
	gb_status status;
	int run;

	if (!marks)
		return GB_SYSTEM;
	status = asked(split, clock, use, marks, marks + rows, err);
	if (status)
		goto out;
	count_rows(split, use, rows);
	train = split->train;
	test = split->test;
	split->lost_gap = split->lost_head = split->lost_drop = 0;
	if (split->drop) {
		memset(marks, 0, (size_t)rows);
		status = gb_row_list(split->drop, strlen(split->drop), "--drop", clock, marks, err);
		if (status)
			goto out;
		for (r = 0; r < rows; r++)
			if (marks[r])
				split->lost_drop += forget(use, r, r + 1);
	}
	for (run = 0; run < clock->runs; run++) {
		int64_t first = gb_clock_first(clock, run), head = clock->run[run].rows;

		split->lost_head += forget(use, first,
		                           first + (head < split->history ? head : split->history));
	}
	split->lost_gap = cut_gap(use, rows, split->gap);
	count_rows(split, use, rows);
	if ((train && !split->train) || (test && !split->test))
		status =
		    gb_fail(err, GB_DATA,
		            "--split %s: no %s row is left of %lld rows: %lld in the gap of %lld rows, %lld "
		            "in the first %lld of a run, %lld dropped",
		            split->split, train && !split->train ? "train" : "test", (long long)rows,
		            (long long)split->lost_gap, (long long)split->gap, (long long)split->lost_head,
		            (long long)split->history, (long long)split->lost_drop);
out:
	free(marks);
	return status;
}
