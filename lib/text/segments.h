/* SPDX-License-Identifier: MIT */
/* segments.h: a table of annotations → segments with exact times, in runs. */
#ifndef GB_TEXT_SEGMENTS_H
#define GB_TEXT_SEGMENTS_H

#include "table/table.h"
#include "time/clock.h"

GB_BEGIN_DECLS

typedef enum gb_time_unit { GB_UNIT_GUESS, GB_UNIT_SECONDS, GB_UNIT_MILLISECONDS, GB_UNIT_ROWS } gb_time_unit;

/* "12", "12.5", "1.25e1", "1:02:03.5", "2:03,5" → seconds, exact to the
 * nanosecond, to which they are rounded; "1001/24000" as it is.  False for
 * anything else and for |t| ≥ 1e8 s. */
GB_CHECK bool gb_time_parse(const char *text, gb_time_unit unit, gb_rational *seconds);

/* Which column is what.  NULL and GB_UNIT_GUESS: to be guessed. */
typedef struct gb_annotation_columns_wanted {
	const char *start, *end; /* headers; an end column named duration… holds lengths */
	const char *text;        /* headers, separated by commas */
	gb_time_unit unit;
} gb_annotation_columns_wanted;

#define GB_TEXT_COLUMNS_MAX 16
#define GB_NO_COLUMN SIZE_MAX

typedef struct gb_annotation_columns {
	size_t start, end;       /* end: GB_NO_COLUMN: segments without length */
	bool end_is_duration;
	size_t text[GB_TEXT_COLUMNS_MAX];
	int texts;               /* 0 only where NEED_TEXT was not set */
	gb_time_unit unit;
} gb_annotation_columns;

/* GB_USAGE for a header that was named and is not there; GB_DATA when a column
 * cannot be guessed: the line lists the headers. */
GB_CHECK gb_status gb_annotation_columns_find(const gb_table *table,
                                              const gb_annotation_columns_wanted *wanted, bool need_text,
                                              gb_annotation_columns *columns, gb_err *err);

typedef struct gb_segment {
	gb_rational start, end;  /* seconds of the run's clock; end ≥ start */
	int run;
	size_t row;              /* of the table */
	const char *text;        /* text columns joined by "; ", "" if there is none */
} gb_segment;

typedef struct gb_segments {
	gb_segment *segment;     /* by run, then start, then place in the file */
	size_t count;
	int runs;                /* detected */
	size_t untimed;          /* rows left out: no time in either column */
	size_t sorted;           /* starts that fell back without beginning a run */
	char *joined;            /* private */
} gb_segments;

/* Times are read (TR: seconds a row, for GB_UNIT_ROWS, whose times count rows
 * from 1, both ends included), runs detected (a start that falls back by more
 * than half of the time covered so far begins one), segments sorted.  GB_DATA
 * for a time that is none and an end before its start. */
GB_CHECK gb_status gb_segments_read(const gb_table *table, const gb_annotation_columns *columns,
                                    gb_rational tr, gb_segments *segments, gb_err *err);
void gb_segments_clear(gb_segments *segments);

/* The latest end in RUN; 0 if it has no segment. */
gb_rational gb_segments_end(const gb_segments *segments, int run);

/* The ticks a second in which all times are whole, and SPANS [count, 3]: run,
 * start, end in those. */
GB_CHECK gb_status gb_segments_timebase(const gb_segments *segments, int64_t *timebase, gb_err *err);
GB_CHECK gb_status gb_segments_spans(const gb_segments *segments, int64_t timebase, int64_t *spans,
                                     gb_err *err);

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
