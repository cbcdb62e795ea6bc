/* SPDX-License-Identifier: MIT */
/* annotation_runs.h: which runs of an annotation file are meant, and their clock. */
#ifndef GB_TEXT_ANNOTATION_RUNS_H
#define GB_TEXT_ANNOTATION_RUNS_H

#include "text/segments.h"

GB_BEGIN_DECLS

/* What the command line says of runs and rows.  NULL, −1: not given. */
typedef struct gb_run_choice {
	const char *run;         /* a name, "all" */
	const char *runs;        /* "run-1:946,run-2:1030" */
	int64_t rows;
	gb_rational tr;
	bool partial;            /* count a last row that is not complete */
	gb_rational start;       /* of row 0 of every run; all zero: 0 */
} gb_run_choice;

/* Keeps the segments of the runs that were chosen, renumbered, and makes the
 * clock of the rows.  Several runs and no choice is GB_USAGE with their table
 * in the line; so is a contradiction between options and file.  IN_ROWS: times
 * were rows of the concatenation of all runs, which --runs takes apart. */
GB_CHECK gb_status gb_segments_choose(gb_segments *segments, const gb_run_choice *choice, const char *name,
                                      bool in_rows, gb_clock *clock, gb_err *err);

GB_END_DECLS
#endif
