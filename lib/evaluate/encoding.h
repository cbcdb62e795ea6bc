/* SPDX-License-Identifier: MIT */
/* encoding.h: how well a model predicts a brain from the stimulus on the test rows of a set, with the
 * null, interval, ceiling and baseline of each score. */
#ifndef GB_EVALUATE_ENCODING_H
#define GB_EVALUATE_ENCODING_H

#include "loader/bold_source.h"
#include "model/model.h"
#include "stats/block_bootstrap.h"
#include "stats/correlation.h"
#include "stats/identification.h"
#include "stats/noise_ceiling.h"
#include "stats/shift_null.h"

GB_BEGIN_DECLS

typedef struct gb_encoding {
	gb_scored scored;            /* rows scored: test rows asked for, valid in all subjects and tensors */
	int64_t *row;
	int32_t *run;
	const char *subject;         /* whose brain: "mean", or a name */
	size_t voxels, subjects;     /* of this brain; of the set */
	bool is_mean;                /* it is the mean of all */
	bool *alike;                 /* [subjects] has the voxels of this brain */
	float *predicted, *measured; /* [rows, voxels]; NULL after drop_rows */
	double *r;                   /* [voxels] */
	gb_score score;
	gb_shift_null null;          /* shifts 0: too few rows */
	gb_bootstrap blocks;
	double low, high;            /* of the mean r; NaN: too few blocks */
	gb_ceiling ceiling;          /* of those alike */
	bool ceiling_is_borrowed;
	double *subject_r; /* [subjects] mean r over voxels with each one; NaN: nothing is predicted for it */
	gb_identification identification;
	bool has_baseline;           /* one was given, and predicts these voxels */
	double baseline, baseline_region, difference_low, difference_high;
	size_t others;               /* other brains: r of the same prediction with each */
	double *other_r;
} gb_encoding;

typedef struct gb_encoding_options {
	gb_model *model, *baseline;     /* BASELINE may be NULL */
	const gb_dataset *set, *others; /* OTHERS (may be NULL): a null of other brains on the same clock */
	int64_t first, end;             /* rows of the set to look at */
	/* One of the model's, borrowed; or "mean": with heads for several, the mean of their predictions. */
	const char *subject;
	/* Of these voxels and rows: then neither it nor subject_r is computed; may be NULL. */
	const gb_ceiling *ceiling;
	gb_pool *pool;
} gb_encoding_options;

/* TEXT: "test", "all" or A:B → rows FIRST … END−1, and whether they are ANY or the test rows alone.
 * GB_USAGE. */
GB_CHECK gb_status gb_scored_parse(const char *text, const gb_dataset *set, int64_t *first, int64_t *end,
                                   bool *any, gb_err *err);
/* Test rows FIRST … END−1 of SET that are valid in every subject and tensor; ROW and RUN (of SCORED) are
 * released with free().  GB_DATA for fewer than 3. */
GB_CHECK gb_status gb_scored_find(gb_scored *scored, const gb_dataset *set, int64_t first, int64_t end,
                                  int64_t **row, int32_t **run, gb_err *err);
/* GB_DATA when no test row is among those asked for. */
GB_CHECK gb_status gb_encoding_make(gb_encoding *encoding, const gb_encoding_options *options, gb_err *err);
void gb_encoding_clear(gb_encoding *encoding);
/* Frees predicted and measured, which are large. */
void gb_encoding_drop_rows(gb_encoding *encoding);
/* BOLD of SUBJECT (as in the options) for ROWS: OUT [rows, gb_model_voxels_of(model, subject)]. */
GB_CHECK gb_status gb_encoding_predict(gb_model *model, const gb_dataset *set, const char *subject,
                                       const int64_t *row, size_t rows, float *out, gb_pool *pool,
                                       gb_err *err);

/* The ridge that MODEL of folder RUN is compared with: the one NAMED, else ridge.safetensors in RUN, else
 * NULL. */
GB_CHECK gb_status gb_baseline_open(gb_model **baseline, const gb_model *model, const char *run,
                                    const char *named, const gb_dataset *set, gb_err *err);

GB_END_DECLS
#endif
