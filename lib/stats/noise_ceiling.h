/* SPDX-License-Identifier: MIT */
/* noise_ceiling.h: what subjects have in common, an upper limit for any model of the stimulus. */
#ifndef GB_STATS_NOISE_CEILING_H
#define GB_STATS_NOISE_CEILING_H

#include "base/pool.h"

GB_BEGIN_DECLS

typedef struct gb_ceiling {
	size_t subjects;        /* 1: not estimable, nothing else is set */
	double *pairwise;       /* [columns] mean pairwise correlation of subjects (ISC), ρ */
	double *one, *many;     /* [columns] √ρ; √(Nρ/(1+(N−1)ρ)); 0 where ρ ≤ 0 */
	double *left_out;       /* [columns] mean over subjects of r with the mean of the others (z-scored) */
	double mean_pairwise;
} gb_ceiling;

/* Fill OUT [rows, columns] with a subject's measured rows; called twice for each. */
typedef gb_status gb_subject_reader(void *context, size_t subject, float *out, gb_err *err);

GB_CHECK gb_status gb_ceiling_make(gb_ceiling *ceiling, gb_subject_reader *read, void *context,
                                   size_t subjects, size_t rows, size_t columns, gb_pool *pool, gb_err *err);
void gb_ceiling_clear(gb_ceiling *ceiling);

#define GB_CEILING_MIN 0.2
/* Σr/Σceiling over columns whose ceiling is GB_CEILING_MIN or more; NaN if there is none. */
double gb_ceiling_share(const double *r, const double *ceiling, size_t columns);

GB_END_DECLS
#endif
