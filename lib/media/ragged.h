/* SPDX-License-Identifier: MIT */
/* ragged.h: which row each frame of a regular stream belongs to: the row in
 * which the frame starts.  All decisions are exact. */
#ifndef GB_MEDIA_RAGGED_H
#define GB_MEDIA_RAGGED_H

#include "time/rational.h"

GB_BEGIN_DECLS

/* Frame j starts at FIRST + j·HOP (0 ≤ j < FRAMES); row r covers [START + r·STEP,
 * START + (r+1)·STEP).  FIRST ≥ START; the medium ends at END. */
typedef struct gb_ragged {
	gb_rational first, hop, start, step, end;
	int64_t frames;
} gb_ragged;

/* The first frame that starts at or after the start of ROW; FRAMES if none does.
 * False: too large for exact arithmetic. */
GB_CHECK bool gb_ragged_begin(const gb_ragged *ragged, int64_t row, int64_t *frame);
/* The number of rows that the medium covers whole; with PARTIAL, the one in which it
 * ends counts too. */
GB_CHECK bool gb_ragged_rows(const gb_ragged *ragged, bool partial, int64_t *rows);

GB_END_DECLS
#endif
