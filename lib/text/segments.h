/* SPDX-License-Identifier: MIT */
/* segments.h: a table of annotations → segments with exact times, in runs. */
#ifndef GB_TEXT_SEGMENTS_H
#define GB_TEXT_SEGMENTS_H

#include "text/annotation_columns.h"
#include "time/clock.h"

GB_BEGIN_DECLS

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

GB_END_DECLS
#endif
