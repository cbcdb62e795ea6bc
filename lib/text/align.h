/* SPDX-License-Identifier: MIT */
/* align.h: values of segments → values of rows.
 *
 * A segment belongs to every row that its half-open interval overlaps; one
 * without length to the row that holds it.  Weights are overlaps in seconds; a
 * segment without length weighs nothing beside others, and counts when alone. */
#ifndef GB_TEXT_ALIGN_H
#define GB_TEXT_ALIGN_H

#include "base/pool.h"
#include "text/segments.h"

GB_BEGIN_DECLS

/* Which segments each row of a clock has. */
typedef struct gb_cover gb_cover;
GB_CHECK gb_status gb_cover_new(gb_cover **cover, const gb_segments *segments, const gb_clock *clock,
                                gb_err *err);
void gb_cover_free(gb_cover *cover); /* accepts NULL */
/* Segments that reach a row. */
size_t gb_cover_kept(const gb_cover *cover);
/* Axis-0 rows FIRST … LAST of a segment; LAST < FIRST: none. */
void gb_cover_rows(const gb_cover *cover, size_t segment, int64_t *first, int64_t *last);
/* Calls EACH for the segments of ROW in order, with their overlap in seconds. */
typedef void gb_cover_fn(void *context, size_t segment, double seconds);
void gb_cover_each(const gb_cover *cover, int64_t row, gb_cover_fn *each, void *context);

typedef enum gb_pooling { GB_POOL_MEAN, GB_POOL_MAX, GB_POOL_FIRST, GB_POOL_LAST, GB_POOL_SLOTS } gb_pooling;
typedef enum gb_gap { GB_GAP_HOLD, GB_GAP_ZERO, GB_GAP_LINEAR } gb_gap;

typedef struct gb_alignment {
	gb_pooling pooling;
	int slots;               /* of GB_POOL_SLOTS; else 1 */
	gb_gap gap;              /* rows without a segment; before a run's first: zero */
} gb_alignment;

typedef struct gb_segment_values {
	const float *values; /* [segments, width] */
	size_t width;
	const uint8_t *use;  /* [segments] 0 for a segment that has no value; NULL: all have one */
} gb_segment_values;

/* What the rows are filled with. */
typedef struct gb_aligned {
	float *out;       /* [rows, slots, width] */
	/* [rows] segments of a row, at most slots of them with GB_POOL_SLOTS; NULL: not wanted */
	int32_t *count;
	int64_t *dropped; /* is raised by the segments beyond the slots; NULL: not wanted */
} gb_aligned;

/* Gaps never reach across runs. */
GB_CHECK gb_status gb_align(const gb_cover *cover, const gb_segment_values *from, gb_alignment how,
                            gb_aligned to, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
