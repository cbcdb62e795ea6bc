/* SPDX-License-Identifier: MIT */
/* Common clock and split against the definitions, written out by brute force. */
#include "tests/tap.h"

#include "base/rng.h"
#include "dataset/common_clock.h"
#include "dataset/split.h"

static gb_clock clock_of(int64_t num, int64_t den, int runs, const char *const *name, const int64_t *rows,
                         const gb_rational *start)
{
	gb_clock clock = {.step = {num, den}, .runs = runs};

	for (int i = 0; i < runs; i++) {
		snprintf(clock.run[i].name, sizeof clock.run[i].name, "%s", name[i]);
		clock.run[i].rows = rows[i];
		clock.run[i].start = start[i];
	}
	return clock;
}

static void test_common(void)
{
	const char *const two[] = {"run-1", "run-2"}, *const swapped[] = {"run-2", "run-9", "run-1"};
	gb_clock stimulus = clock_of(3, 2, 2, two, (int64_t[]){946, 1030}, (gb_rational[]){{0, 1}, {0, 1}});
	gb_clock bold = clock_of(3, 2, 2, two, (int64_t[]){946, 540}, (gb_rational[]){{9, 2}, {9, 2}});
	gb_clock other = clock_of(3, 2, 3, swapped, (int64_t[]){2000, 5, 900},
	                          (gb_rational[]){{-3, 1}, {0, 1}, {6, 1}});
	gb_clock off = clock_of(3, 2, 2, two, (int64_t[]){946, 540}, (gb_rational[]){{9, 2}, {5, 1}});
	gb_clock late = clock_of(3, 2, 2, two, (int64_t[]){946, 540}, (gb_rational[]){{1419, 1}, {0, 1}});
	gb_clock slow = clock_of(2, 1, 2, two, (int64_t[]){946, 540}, (gb_rational[]){{0, 1}, {0, 1}});
	gb_clock third = gb_clock_single((gb_rational){3, 2}, "run-3", 10, (gb_rational){0, 1}), common;
	const char *names[] = {"stimulus", "bold", "other"};
	gb_err err;

	ok(!gb_clock_common((const gb_clock *[]){&stimulus, &bold}, names, 2, &common, &err),
	   "two clocks are cropped");
	ok(common.runs == 2 && common.run[0].rows == 943 && common.run[1].rows == 540, "rows: 943, 540");
	ok(!gb_rational_compare(common.run[0].start, (gb_rational){9, 2}), "run-1 starts at 9/2 s");
	ok(gb_clock_offset(&common, 0, &stimulus) == 3 && gb_clock_offset(&common, 1, &stimulus) == 949,
	   "its rows in the stimulus");
	ok(gb_clock_offset(&common, 0, &bold) == 0 && gb_clock_offset(&common, 1, &bold) == 946,
	   "its rows in the BOLD");
	ok(!gb_clock_common((const gb_clock *[]){&stimulus, &bold, &other}, names, 3, &common, &err),
	   "three, in another order");
	ok(common.runs == 2 && common.run[0].rows == 900 && common.run[1].rows == 540, "rows: 900, 540");
	ok(gb_clock_offset(&common, 0, &other) == 2005 && gb_clock_offset(&common, 1, &other) == 5,
	   "its rows in the third");
	ok(gb_clock_offset(&third, 0, &other) == -1, "a run that is not there: -1");
	ok(gb_clock_common((const gb_clock *[]){&stimulus, &off}, names, 2, &common, &err) == GB_DATA &&
	       strstr(err.text, "never resampled"),
	   "another phase: %s", err.text);
	ok(gb_clock_common((const gb_clock *[]){&stimulus, &late}, names, 2, &common, &err) == GB_DATA &&
	       strstr(err.text, "no row"),
	   "no overlap: %s", err.text);
	ok(gb_clock_common((const gb_clock *[]){&stimulus, &slow}, names, 2, &common, &err) == GB_DATA &&
	       strstr(err.text, "2/1 s"),
	   "another step: %s", err.text);
	ok(gb_clock_common((const gb_clock *[]){&stimulus, &third}, names, 2, &common, &err) == GB_DATA &&
	       strstr(err.text, "run-3"),
	   "no run in common: %s", err.text);
	ok(!gb_clock_join(&bold, &third, &err) && bold.runs == 3, "a further run joins");
	ok(gb_clock_join(&bold, &third, &err) == GB_DATA && strstr(err.text, "run-3"), "not twice: %s",
	   err.text);
	ok(gb_clock_join(&bold, &slow, &err) == GB_DATA, "nor with another step: %s", err.text);
}

/* The definition, row by row and pair by pair. */
static void expect_use(const gb_clock *clock, const gb_split *split, const uint8_t *train,
                       const uint8_t *test, const uint8_t *drop, uint8_t *use)
{
	int64_t rows = gb_clock_rows(clock), r, k;

	for (r = 0; r < rows; r++) {
		int run = gb_clock_run_of(clock, r);
		bool head = r - gb_clock_first(clock, run) < split->history;

		use[r] = head || drop[r] ? 0 : train[r] ? GB_ROW_TRAIN : test[r] ? GB_ROW_TEST : 0;
	}
	for (r = 0; r < rows; r++)
		for (k = 0; k < rows; k++)
			if (use[r] == GB_ROW_TRAIN && use[k] == GB_ROW_TEST && llabs(r - k) <= split->gap) {
				use[r] = 3; /* lost */
				break;
			}
	for (r = 0; r < rows; r++)
		use[r] = use[r] == 3 ? 0 : use[r];
}

static void test_random_splits(void)
{
	gb_rng rng = gb_rng_at(7, 0, 0, 0);
	const char *const two[] = {"run-1", "run-2"};
	int agree = 0, empty = 0, trials = 400, close = 0;

	for (int t = 0; t < trials; t++) {
		int64_t n = 30 + (int64_t)gb_rng_below(&rng, 90), m = 30 + (int64_t)gb_rng_below(&rng, 90);
		gb_clock clock = clock_of(3, 2, 2, two, (int64_t[]){n, m}, (gb_rational[]){{9, 2}, {0, 1}});
		int64_t cut[4], rows = n + m;
		uint8_t train[256] = {0}, test[256] = {0}, drop[256] = {0}, want[256], use[256];
		char text[128], dropped[64];
		gb_split split = {.split = text, .drop = dropped, .gap = (int64_t)gb_rng_below(&rng, 25),
		                  .history = (int64_t)gb_rng_below(&rng, 20)};
		gb_err err;
		gb_status status;
		bool reversed = gb_rng_below(&rng, 2), inner = gb_rng_below(&rng, 2);

		cut[0] = (int64_t)gb_rng_below(&rng, (uint64_t)rows - 8);
		for (int i = 1; i < 4; i++)
			cut[i] = cut[i - 1] + 1 +
			         (int64_t)gb_rng_below(&rng, (uint64_t)(rows - cut[i - 1] - 5 + i));
		/* [0] 1 [2] of one part around [1] of the other */
		memset((reversed ? test : train) + cut[0], 1, (size_t)(cut[1] - cut[0]));
		memset((reversed ? train : test) + cut[1], 1, (size_t)(cut[2] - cut[1]));
		if (inner)
			memset((reversed ? test : train) + cut[2], 1, (size_t)(cut[3] - cut[2]));
		char outer[64], middle[32];
		snprintf(outer, sizeof outer, "%d:%d", (int)cut[0], (int)cut[1]);
		if (inner)
			snprintf(outer, sizeof outer, "%d:%d,%d:%d", (int)cut[0], (int)cut[1], (int)cut[2],
			         (int)cut[3]);
		snprintf(middle, sizeof middle, "%d:%d", (int)cut[1], (int)cut[2]);
		snprintf(text, sizeof text, "%s/%s", reversed ? middle : outer, reversed ? outer : middle);
		snprintf(dropped, sizeof dropped, "run-2:3:9,%d:%d", (int)cut[0], (int)cut[0] + 1);
		memset(drop + n + 3, 1, 6);
		drop[cut[0]] = 1;
		expect_use(&clock, &split, train, test, drop, want);
		status = gb_split_rows(&split, &clock, use, &err);
		if (status == GB_DATA) {
			bool a = memchr(want, GB_ROW_TRAIN, (size_t)rows),
			     b = memchr(want, GB_ROW_TEST, (size_t)rows);
			empty++;
			agree += !a || !b;
			continue;
		}
		agree += status == GB_OK && !memcmp(use, want, (size_t)rows);
		for (int64_t r = 0; r < rows; r++)
			for (int64_t k = 0; k < rows && status == GB_OK; k++)
				close += use[r] == GB_ROW_TRAIN && use[k] == GB_ROW_TEST &&
				         llabs(r - k) <= split.gap;
	}
	ok(agree == trials, "%d of %d random splits are as defined (%d with a part left empty)", agree,
	   trials, empty);
	ok(close == 0, "no train row within the gap of a test row");
	ok(empty > 0 && empty < trials / 2, "both kinds were met");
}

static void test_shares(void)
{
	gb_clock clock = gb_clock_single((gb_rational){1, 2}, "run-1", 360, (gb_rational){0, 1});
	uint8_t use[360];
	gb_err err;
	gb_split split = {.split = "0.8:0.2", .gap = 40, .history = 64};
	static const char *const wrong[] = {"0.8",  "0.9:0.2",     "x:0.1",      "-0.1:0.1", "0:361/",
	                                    "5:5/", "9:3/",        "0:10/5:20",  "1:2,/x",   "run-2:0:4/",
	                                    "",     "0.5:0.5:0.1", "10-20/30-40"};

	ok(!gb_split_rows(&split, &clock, use, &err) && split.train == 288 - 64 - 40 && split.test == 72,
	   "0.8:0.2 of 360 rows: %d train, %d test", (int)split.train, (int)split.test);
	ok(use[63] == 0 && use[64] == GB_ROW_TRAIN && use[247] == GB_ROW_TRAIN && use[248] == 0 &&
	       use[288] == GB_ROW_TEST,
	   "test rows as asked; the gap is taken from the train rows");
	split.split = "0:240/280:360";
	ok(!gb_split_rows(&split, &clock, use, &err) && split.train == 176 && split.test == 80 &&
	       split.lost_gap == 0,
	   "a gap of exactly 40 rows costs no row");
	split.gap = 41;
	ok(!gb_split_rows(&split, &clock, use, &err) && split.train == 175 && split.lost_gap == 1,
	   "41 cost one");
	split.split = "/run-1:";
	ok(!gb_split_rows(&split, &clock, use, &err) && split.train == 0 && split.test == 296, "all to test");
	split.split = "100:/";
	ok(!gb_split_rows(&split, &clock, use, &err) && split.train == 260 && split.test == 0,
	   "all from row 100 to train");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		split.split = wrong[i];
		ok(gb_split_rows(&split, &clock, use, &err) == GB_USAGE, "refused: %s", err.text);
	}
	split.split = "0:64/100:200";
	ok(gb_split_rows(&split, &clock, use, &err) == GB_DATA, "nothing left: %s", err.text);
}

int main(void)
{
	test_common();
	test_random_splits();
	test_shares();
	return done_testing();
}
