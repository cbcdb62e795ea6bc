/* SPDX-License-Identifier: MIT */
/* frame_rows.h: a regular stream of frames (mel, codes) as a ragged tensor of rows.
 *
 * The number of frames is known only at the end, so that they are kept in a
 * temporary file.  Memory does not grow with their number. */
#ifndef GB_MEDIA_FRAME_ROWS_H
#define GB_MEDIA_FRAME_ROWS_H

#include "media/ragged.h"
#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

typedef struct gb_frames {
	int descriptor;      /* −1: not open */
	size_t columns;      /* values of a frame */
	size_t size;         /* bytes of a value */
	int64_t count;
} gb_frames;

GB_CHECK gb_status gb_frames_open(gb_frames *frames, size_t columns, size_t size, gb_err *err);
GB_CHECK gb_status gb_frames_put(gb_frames *frames, const void *values, size_t count, gb_err *err);
/* COUNT frames from FIRST on; all must have been put. */
GB_CHECK gb_status gb_frames_get(const gb_frames *frames, int64_t first, int64_t count, void *values,
                                 gb_err *err);
void gb_frames_close(gb_frames *frames);

typedef struct gb_frame_plan {
	gb_ragged ragged;
	int64_t rows, longest; /* frames of the fullest row */
	int64_t kept;          /* frames in the rows */
} gb_frame_plan;

/* Declare the tensor SPEC [rows, columns, longest] and its COUNT_NAME [rows] on the rows' clock.  SPEC has
 * name, type, dims, unit, doc and attributes. */
GB_CHECK gb_status gb_frame_rows_declare(const gb_frame_plan *plan, const gb_frames *frames, const char *run,
                                         gb_tensor_spec *spec, const char *count_name, const char *count_doc,
                                         gb_tensor_writer *writer, gb_err *err);

/* Plan WANT rows, −1: all.  GB_DATA: the medium NAME fills fewer, or none. */
GB_CHECK gb_status gb_frame_plan_make(gb_frame_plan *plan, const gb_ragged *ragged, bool partial,
                                      int64_t want, const char *name, gb_err *err);

/* Write tensor NAME [rows, columns, longest], padded with bytes of PAD, and COUNT_NAME I32 [rows]. */
GB_CHECK gb_status gb_frame_rows_write(const gb_frame_plan *plan, const gb_frames *frames, int pad,
                                       gb_tensor_writer *writer, const char *name, const char *count_name,
                                       gb_err *err);

/* *BEGIN [rows + 1]: index of the first frame of each row of a ragged tensor, released with free().  GB_DATA:
 * a count does not fit LONGEST. */
GB_CHECK gb_status gb_frame_begins(gb_tensor_file *file, const char *count_name, int64_t rows,
                                   int64_t longest, int64_t **begin, gb_err *err);

GB_END_DECLS
#endif
