/* SPDX-License-Identifier: MIT */
/* annotations.h: a table, its segments, and the rows they fall in. */
#ifndef GB_TEXT_ANNOTATIONS_H
#define GB_TEXT_ANNOTATIONS_H

#include "text/align.h"
#include "table/table_reader.h"
#include "text/annotation_runs.h"

GB_BEGIN_DECLS

typedef struct gb_annotations {
	gb_table *table;
	gb_annotation_columns columns;
	gb_segments segments;    /* of the runs chosen */
	gb_clock clock;
	gb_cover *cover;
	const char **all;        /* [all_count] texts of the whole file */
	size_t all_count;
	const char **text;       /* [segments.count] texts of the segments */
} gb_annotations;

/* TABLE is taken, also on failure.  NEED_TEXT: a column of text must be there. */
GB_CHECK gb_status gb_annotations_open(gb_annotations **annotations, gb_table *table,
                                       const gb_annotation_columns_wanted *wanted, bool need_text,
                                       const gb_run_choice *choice, gb_err *err);
void gb_annotations_close(gb_annotations *annotations); /* accepts NULL */

GB_END_DECLS
#endif
