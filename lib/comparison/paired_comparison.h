/* SPDX-License-Identifier: MIT */
/* paired_comparison.h: predictions in folders of gb-recon compared with that of the first folder. */
#ifndef GB_COMPARISON_PAIRED_COMPARISON_H
#define GB_COMPARISON_PAIRED_COMPARISON_H

#include "base/pool.h"

GB_BEGIN_DECLS

typedef struct gb_compared {
	const char *folder;   /* borrowed */
	char kind[64];        /* of model */
	double r, low, high;  /* mean over voxels; interval NaN: too few rows */
	double difference, difference_low, difference_high; /* r less that of the first; NaN for the first */
} gb_compared;

/* OUT [count].  GB_DATA unless all were made of the same measured rows. */
GB_CHECK gb_status gb_compare(const char *const *folder, size_t count, gb_compared *out, gb_pool *pool,
                              gb_err *err);
/* The same as TSV with a verdict: "better" or "worse" only if the paired interval excludes 0, else
 * "undecided"; "no interval" under 10 blocks.  NULL on failure (ERR filled); released with free(). */
GB_CHECK char *gb_compare_tsv(const char *const *folder, size_t count, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
