/* SPDX-License-Identifier: MIT */
/* bold_source.h: the BOLD of one subject of a data set, or the mean of all, and the
 * rows that can be used. */
#ifndef GB_LOADER_BOLD_SOURCE_H
#define GB_LOADER_BOLD_SOURCE_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

typedef struct gb_bold_source {
	const gb_dataset *set;
	const gb_feature **subject; /* [subjects] */
	size_t subjects, voxels;
} gb_bold_source;

/* SUBJECT: its name in the set; "mean": the mean of all (a set with one subject: that one).
 * GB_USAGE for a subject it does not hold; GB_DATA for a set without BOLD, and for the mean of
 * subjects that are not alike. */
GB_CHECK gb_status gb_bold_source_open(gb_bold_source *brain, const gb_dataset *set, const char *subject,
                                       gb_err *err);
void gb_bold_source_close(gb_bold_source *brain);
/* Have the BOLD A and B the same voxels: as many, of one mask?  (Two that state no mask: as many.) */
GB_CHECK gb_status gb_bold_source_same_voxels(const gb_feature *a, const gb_feature *b, bool *alike,
                                              gb_err *err);

/* OUT [voxels], in the units of the set; SCRATCH [voxels]. */
void gb_bold_source_read(const gb_bold_source *brain, int64_t row, float *scratch, float *out);
/* Valid in every subject. */
bool gb_bold_source_valid(const gb_bold_source *brain, int64_t row);

/* Rows of the set whose use is USE, that are valid in every subject of BRAIN (NULL: of all that
 * the set has), and in every stimulus tensor.  *RUN gives each its run.  Both are released with free(). */
GB_CHECK gb_status gb_bold_source_rows(const gb_dataset *set, const gb_bold_source *brain, uint8_t use,
                                       int64_t **row, int32_t **run, size_t *count, gb_err *err);

GB_END_DECLS
#endif
