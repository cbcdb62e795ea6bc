/* SPDX-License-Identifier: MIT */
/* stats.h: how good a prediction is, and what chance and the data allow.
 *
 * P (predicted) and Y (measured) are float [rows, columns]: voxels, or elements
 * of a feature.  Rows are listed by gb_scored: in order, run by run.  Sums run
 * in a fixed order; no result depends on POOL. */
#ifndef GB_STATS_STATS_H
#define GB_STATS_STATS_H

#include "base/pool.h"

GB_BEGIN_DECLS

typedef struct gb_scored {
	size_t rows;
	const int64_t *row;  /* of the set's clock */
	const int32_t *run;
	double step;         /* seconds a row */
} gb_scored;

int64_t gb_scored_rows_in(const gb_scored *scored, double seconds); /* rounded up */

/* ---- correlation ---- */

/* R [columns]: Pearson's r over rows; 0 where one of the two is constant. */
GB_CHECK gb_status gb_score_r(const float *p, const float *y, size_t rows, size_t columns, double *r, gb_pool *pool, gb_err *err);

typedef struct gb_score {
	double mean, median, p95;  /* of r over columns */
	double region;             /* r of the two mean time courses */
	double rest;               /* mean r after each column's regression on its own side's mean time course */
} gb_score;
GB_CHECK gb_status gb_score_summary(gb_score *score, const float *p, const float *y, size_t rows, size_t columns, const double *r,
                                    gb_pool *pool, gb_err *err);
double gb_score_mean(const double *value, size_t count);
double gb_score_quantile(const double *value, size_t count, double q, gb_err *err); /* linear between order statistics; NaN: no memory */

/* ---- circular shifts ---- */

typedef struct gb_shift_null {
	size_t shifts;          /* of GB_SHIFT_SECONDS or more in every run, all of them; 0: no null */
	double *r;              /* [shifts] mean over columns */
	double *highest;        /* [shifts] maximum over columns */
	double observed;        /* mean r on the rows used */
	size_t rows_used;       /* runs too short to be shifted are left out of null and observed alike */
	double mean, sd, p;     /* of the null; p = (1 + #{null ≥ observed})/(1 + shifts) */
	double *column_p;       /* [columns] */
	double *column_q;       /* [columns] Benjamini-Hochberg */
	double *column_fwe;     /* [columns] against the maximum over columns */
	bool pooled;            /* column_p from the tail pooled over columns, each scaled by its null's SD */
} gb_shift_null;

#define GB_SHIFT_SECONDS 45.0
#define GB_SHIFT_ROWS_MIN 300 /* fewer scored rows: no p */

/* Shifts P against Y within runs, by FFT.  GB_DATA under GB_SHIFT_ROWS_MIN rows. */
GB_CHECK gb_status gb_shift_null_make(gb_shift_null *null, const gb_scored *scored, const float *p, const float *y,
                                      size_t columns, gb_pool *pool, gb_err *err);
void gb_shift_null_clear(gb_shift_null *null);
/* The shifts allowed: *SHIFT released with free(). */
GB_CHECK gb_status gb_shifts_allowed(const gb_scored *scored, size_t **shift, size_t *count, gb_err *err);
/* Q [count] from P. */
GB_CHECK gb_status gb_fdr(const double *p, size_t count, double *q, gb_err *err);

/* ---- moving-block bootstrap ---- */

typedef struct gb_bootstrap {
	size_t length;          /* rows a block: the larger of 45 s and 1.5 × where the autocorrelation falls below 0.1 */
	size_t each;            /* blocks a resample */
	size_t resamples;       /* 0: fewer than 10 blocks, no interval */
	uint32_t *start;        /* [resamples, each] */
} gb_bootstrap;
enum { GB_RESAMPLES = 1000, GB_BOOTSTRAP_MIN = 10 };

/* COURSE [rows]: the measured mean time course.  The draws depend on rows, length and SEED only: the
 * same for all models and subjects. */
GB_CHECK gb_status gb_bootstrap_make(gb_bootstrap *blocks, const gb_scored *scored, const float *course, uint64_t seed, gb_err *err);
void gb_bootstrap_clear(gb_bootstrap *blocks);
/* MEAN [resamples] of r over columns in each resample. */
GB_CHECK gb_status gb_bootstrap_mean_r(const gb_bootstrap *blocks, const float *p, const float *y, size_t rows, size_t columns,
                                    double *mean, gb_pool *pool, gb_err *err);

/* Of VALUE [GB_RESAMPLES], which it sorts: the 95 %. */
void gb_bootstrap_interval(double *value, double *low, double *high);

/* A prediction beside what was measured, float [rows, columns] both, and BASE [columns], the prediction of the mean. */
typedef struct gb_prediction {
	const float *predicted, *measured, *base;
	size_t rows, columns;
} gb_prediction;

/* Share of the measured variation about the base that PART [rows, columns] of the prediction explains:
 * Σ part·(2(y − base) − (p − base)) / Σ (y − base)² over rows, mean over columns (0 where Y is constant at the base).
 * PART NULL: the whole prediction, p − base; this is R² = 1 − Σ(y − p)²/Σ(y − base)².  Shares of parts that add up to
 * the whole add up to R² (the product measure).  *VALUE is of all rows, MEAN [resamples] of each resample. */
GB_CHECK gb_status gb_bootstrap_mean_share(const gb_bootstrap *blocks, const gb_prediction *prediction, const float *part,
                                           double *value, double *mean, gb_pool *pool, gb_err *err);

/* ---- ceilings ---- */

typedef struct gb_ceiling {
	size_t subjects;        /* 1: not estimable, nothing else is set */
	double *pairwise;       /* [columns] mean pairwise ISC, ρ */
	double *one, *many;     /* [columns] √ρ; √(Nρ/(1+(N−1)ρ)); 0 where ρ ≤ 0 */
	double *left_out;       /* [columns] mean over subjects of r with the mean of the others, each z-scored */
	double mean_pairwise;
} gb_ceiling;

/* READ fills OUT [rows, columns] with a subject's measured rows; called twice for each. */
typedef gb_status gb_subject_reader(void *context, size_t subject, float *out, gb_err *err);
GB_CHECK gb_status gb_ceiling_make(gb_ceiling *ceiling, gb_subject_reader *read, void *context, size_t subjects, size_t rows,
                                   size_t columns, gb_pool *pool, gb_err *err);
void gb_ceiling_clear(gb_ceiling *ceiling);
#define GB_CEILING_MIN 0.2
/* Σr/Σceiling over columns whose ceiling is GB_CEILING_MIN or more; NaN if there is none. */
double gb_ceiling_share(const double *r, const double *ceiling, size_t columns);

/* ---- identification ---- */

typedef struct gb_identification {
	double percentile;      /* mean rank of the true row, 0 … 1, chance 0.5; candidates within 20 s left out; ties at mid-rank */
	size_t shifts;
	double null_mean, null_sd, p; /* shifts 0 (too few rows): no p */
	size_t segments;        /* of 30 s, by their time courses; 0 or 1: none */
	double top1, top5, segment_percentile; /* shares, rank; chance 1/segments, 5/segments, 0.5 */
} gb_identification;

/* Columns are z-scored over the rows on both sides; similarity is the correlation over columns. */
GB_CHECK gb_status gb_identification_make(gb_identification *out, const gb_scored *scored, const float *p, const float *y, size_t columns,
                               gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
