/* SPDX-License-Identifier: MIT */
/* linear_map.h: a fitted linear map from bands of rows to targets, and using it
 * on new rows.  Prediction = mean + Σ_b (filtered band b) · weights_b, or, where
 * that is smaller, + Σ_b K_b(row, train rows) · dual_b. */
#ifndef GB_RIDGE_LINEAR_MAP_H
#define GB_RIDGE_LINEAR_MAP_H

#include "ridge/delays.h"
#include "time/clock.h"

GB_BEGIN_DECLS

typedef struct gb_linear_map_band {
	const char *name;          /* tensor of the set */
	size_t width;
	bool dual;
	const float *mean, *std;   /* [width] on train rows; SD 0: the column is left out */
	const float *x;            /* dual: [have.count, width], standardised */
	const float *coefficient;  /* dual: [train.count, targets], else [filters·width, targets] */
} gb_linear_map_band;

typedef struct gb_linear_map {
	gb_delays delays;
	gb_row_list have, train;   /* rows of the set it was fitted on */
	size_t bands, targets;
	gb_linear_map_band *band;
	const float *mean;         /* [targets] */
} gb_linear_map;

/* How the values of new rows are read: OUT [width] = the raw values of BAND at a row of the clock. */
typedef struct gb_ridge_reader {
	void (*read)(void *context, size_t band, int64_t row, float *out);
	void *context;
} gb_ridge_reader;

/* OUT [count, targets] for ROWS of CLOCK, which need not be the one fitted on.  A row's bits do not
 * depend on the other rows asked for, nor on POOL. */
GB_CHECK gb_status gb_linear_map_predict(const gb_linear_map *map, gb_ridge_reader reader,
                                         const gb_clock *clock, const int64_t *rows, size_t count, float *out,
                                         gb_pool *pool, gb_err *err);

/* In place: X (WIDTH values) standardised with MEAN and STD. */
void gb_ridge_standardise(float *x, const float *mean, const float *std, size_t width);

/* The rows that TRAIN's delays read, in their runs: arrays released with free(). */
GB_CHECK gb_status gb_ridge_rows_read(const gb_delays *delays, const gb_clock *clock, const int64_t *rows,
                                      size_t count, int64_t **have, int32_t **run, size_t *have_count,
                                      gb_err *err);

GB_END_DECLS
#endif
