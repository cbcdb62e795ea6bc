/* SPDX-License-Identifier: MIT */
/* dataset.h: a packed data set: every member on one common clock, mapped.
 *
 * A SET is a folder: index.safetensors and member tensor files.  Row r of the
 * set is row r of the common clock; members are cropped by interval, never
 * resampled, so a feature's row lies somewhere in its member's mapping.
 * Stimuli are stored once; BOLD once per subject. */
#ifndef GB_DATASET_DATASET_H
#define GB_DATASET_DATASET_H

#include "base/pool.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

typedef struct gb_dataset gb_dataset;

/* gap, dropped, run start: may be read as history, never in losses, statistics, scores */
enum { GB_ROW_HISTORY = 0,
       GB_ROW_TRAIN = 1,
       GB_ROW_TEST = 2 };

typedef struct gb_feature {
	const char *name;       /* "video", "codes", "mel", "text", "text.rate", "bold" … */
	const char *subject;    /* NULL: stimulus */
	gb_dtype dtype;
	int rank;               /* of one row; 0: a scalar a row */
	const int64_t *shape;   /* of one row: [width], [codebooks, frames], [frames, y, x, 3] … */
	size_t elements;        /* of one row */
	size_t row_bytes;
	const float *mean, *std; /* [elements], over train rows only, SD 0 stored as 1; NULL for codes */
	/* [rows] 0: not to be scored (missing volume, kernel's first length …); NULL: all valid */
	const uint8_t *valid;
	const gb_tensor_file *file; /* the member, for attributes */
} gb_feature;

GB_CHECK gb_status gb_dataset_open(gb_dataset **set, const char *folder, gb_err *err);
void gb_dataset_close(gb_dataset *set); /* accepts NULL */

/* id of the index, which covers the ids of all members */
const char *gb_dataset_id(const gb_dataset *set);
const gb_clock *gb_dataset_clock(const gb_dataset *set);
int64_t gb_dataset_rows(const gb_dataset *set);
const uint8_t *gb_dataset_use(const gb_dataset *set);   /* [rows], GB_ROW_… */
int64_t gb_dataset_gap(const gb_dataset *set);          /* rows, kernel length or more */

size_t gb_dataset_features(const gb_dataset *set);
const gb_feature *gb_dataset_feature(const gb_dataset *set, size_t index);
/* SUBJECT NULL: a stimulus feature.  NULL if absent. */
const gb_feature *gb_dataset_find(const gb_dataset *set, const char *name, const char *subject);
size_t gb_dataset_subjects(const gb_dataset *set);
const char *gb_dataset_subject(const gb_dataset *set, size_t index);

/* Row ROW of FEATURE, borrowed, aligned for its type. */
const void *gb_dataset_row(const gb_dataset *set, const gb_feature *feature, int64_t row);
/* The same as float (standardised: (x − mean)/std when STANDARDISE). */
void gb_dataset_read(const gb_dataset *set, const gb_feature *feature, int64_t row, bool standardise,
                     float *out);
/* The valid length of a ragged row ("codes" with "codes.count"); its last axis if it is not ragged. */
int64_t gb_dataset_count(const gb_dataset *set, const gb_feature *feature, int64_t row);

GB_END_DECLS
#endif
