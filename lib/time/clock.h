/* SPDX-License-Identifier: MIT */
/* clock.h: what time each row of a tensor covers.
 *
 * Row i of a run covers the half-open interval [start + i·step,
 * start + (i+1)·step) of that run's own time.  The rows of the runs, in order,
 * are axis 0.  Nothing (window, convolution, lag, split) crosses a run border. */
#ifndef GB_TIME_CLOCK_H
#define GB_TIME_CLOCK_H

#include "time/rational.h"

GB_BEGIN_DECLS

#define GB_RUNS_MAX 64
#define GB_RUN_NAME 64 /* bytes, with the closing 0 */

typedef struct gb_run {
	char name[GB_RUN_NAME];
	int64_t rows;
	gb_rational start; /* seconds of this run's clock at which its row 0 begins */
} gb_run;

typedef struct gb_clock {
	gb_rational step; /* seconds a row: the repetition time */
	int runs;
	gb_run run[GB_RUNS_MAX];
} gb_clock;

/* One run; NAME is cut to fit. */
gb_clock gb_clock_single(gb_rational step, const char *name, int64_t rows, gb_rational start);
int64_t gb_clock_rows(const gb_clock *clock);               /* over all runs */
int64_t gb_clock_first(const gb_clock *clock, int run);     /* axis-0 index of a run's row 0 */
int gb_clock_run_of(const gb_clock *clock, int64_t row);    /* −1 outside */
int gb_clock_find(const gb_clock *clock, const char *name); /* −1 if there is none */
/* Row *within RUN* (may be negative or past its end) whose interval holds T.
 * False only when the arithmetic does not fit. */
GB_CHECK bool gb_clock_row_at(const gb_clock *clock, int run, gb_rational t, int64_t *row);
/* Start time of row ROW (within RUN; any integer). */
GB_CHECK bool gb_clock_time_of(const gb_clock *clock, int run, int64_t row, gb_rational *t);
/* Rows needed to cover SECONDS: ceil(seconds/step). */
GB_CHECK bool gb_clock_rows_in(const gb_clock *clock, gb_rational seconds, int64_t *rows);
bool gb_clock_equal(const gb_clock *a, const gb_clock *b);

/* "run-1:946,run-2:1030" → names and rows (start 0/1 each).  GB_USAGE. */
GB_CHECK gb_status gb_clock_parse_runs(const char *text, gb_clock *clock, gb_err *err);

GB_END_DECLS
#endif
