/* SPDX-License-Identifier: MIT */
/* delays.h: a band of features at several lags: one regressor a lag (FIR), or convolution with fixed
 * kernels.
 *
 *   filtered_f(r) = Σ_k tap[f][k] · x(r − first − k)
 *
 * over rows of r's run only.  A row outside the run, or one that is not at hand, counts as 0, the mean of
 * standardised features. */
#ifndef GB_RIDGE_DELAYS_H
#define GB_RIDGE_DELAYS_H

#include "base/pool.h"
#include "io/json.h"

GB_BEGIN_DECLS

typedef struct gb_delays {
	int filters;
	int first;    /* lag in rows of tap 0; negative: reads ahead */
	int length;   /* taps a filter */
	double *tap;  /* [filters, length] */
} gb_delays;

/* FIR: one filter for each lag FIRST … END−1 (END > FIRST). */
GB_CHECK gb_status gb_delays_fir(gb_delays *delays, int first, int end, gb_err *err);
/* Kernels: FILTERS rows of LENGTH taps, copied; lag 0 first. */
GB_CHECK gb_status gb_delays_kernels(gb_delays *delays, int filters, int length, const double *tap,
                                     gb_err *err);
void gb_delays_clear(gb_delays *delays);

/* To JSON and back (checkpoints). */
gb_json *gb_delays_to_json(const gb_delays *delays);
GB_CHECK gb_status gb_delays_from_json(const gb_json *json, gb_delays *delays, gb_err *err);

/* Rows of a clock, ascending, with the run of each. */
typedef struct gb_row_list { size_t count; const int64_t *row; const int32_t *run; } gb_row_list;

/* For each tap k and each WANTED row r: the index in HAVE of row r − first − k, or −1.  [length, wanted];
 * released with free(). */
GB_CHECK int32_t *gb_delays_table(const gb_delays *delays, const gb_row_list *wanted, const gb_row_list *have,
                                  gb_err *err);

/* A table of gb_delays_table and the number of its wanted rows. */
typedef struct gb_delayed_rows {
	const int32_t *table;
	size_t count;
} gb_delayed_rows;

/* OUT [a.count, b.count] = Σ_f <filtered_f(a), filtered_f(b)> from GRAM [·, STRIDE], the inner products of
 * the rows at hand. */
GB_CHECK gb_status gb_delays_kernel(const gb_delays *delays, gb_pool *pool, const double *gram, size_t stride,
                                    gb_delayed_rows a, gb_delayed_rows b, double *out, gb_err *err);

/* OUT [n, filters·width] = the filtered rows of X [·, width], one filter after the other. */
void gb_delays_design(const gb_delays *delays, const int32_t *table, size_t n, const float *x, size_t width,
                      float *out);

GB_END_DECLS
#endif
