/* SPDX-License-Identifier: MIT */
/* init_internal.h: what the two directions of gb_init_ridge share.  Private to start*.c. */
#ifndef GB_TRAIN_INIT_INTERNAL_H
#define GB_TRAIN_INIT_INTERNAL_H

#include "ridge/ridge.h"
#include "ridge/mse_ridge.h"
#include "train/init_ridge.h"

GB_BEGIN_DECLS

/* Rows that a fit aims at, and those that its delays read. */
typedef struct gb_init_list { int64_t *train, *have; int32_t *train_run, *have_run; size_t trains, haves; } gb_init_list;

typedef struct gb_init {
	gb_network *net;
	gb_loader *loader;
	const gb_init_options *options;
	gb_init_list rows;
	gb_ridge_fit fit;
	float **design;         /* by band: [trains, filters·width] */
	float *factors;         /* P [voxels of all, rank] */
	size_t targets, filters, rank;
	size_t *driven, drivens; /* dimensions of z that reach the brain */
} gb_init;

float *gb_init_numbers(size_t count, gb_err *err); /* zeros; NULL: no memory */
/* C = op(A) op(B) [m, n] over K; MORE: added. */
void gb_init_product(const gb_init *s, const float *a, bool ta, const float *b, bool tb, size_t m, size_t n, size_t k, bool more, float *c);
/* The network's weights by name, on the host. */
float *gb_init_parameter(const gb_network *net, const char *name);

/* The rows to fit where every brain is valid, as DELAYS read them. */
GB_CHECK gb_status gb_init_list_rows(const gb_init *s, const gb_delays *delays, gb_init_list *list, gb_err *err);
void gb_init_list_free(gb_init_list *list);
gb_row_list gb_init_is_trained(const gb_init_list *list);
gb_row_list gb_init_has(const gb_init_list *list);
/* Standardised BOLD of the rows that are aimed at, all subjects side by side: [trains, targets]; the caller's. */
float *gb_init_bold(gb_init *s, const gb_init_list *list, gb_err *err);
/* The linear view of s->rows.train, unfiltered: [trains, linear]; the caller's. */
float *gb_init_view(const gb_init *s, gb_err *err);
/* Ridge with every choice by cross-validation. */
GB_CHECK gb_status gb_init_solve(const gb_init_list *list, const gb_delays *delays, const gb_ridge_band *band, size_t bands, const float *y,
                                  size_t targets, const gb_init_options *options, gb_ridge_fit *fit, gb_err *err);

/* init_decoder.c: from the brain to the driven dimensions of z, and from those to
 * the text.  Notes in STATE what was chosen. */
GB_CHECK gb_status gb_init_decoder(gb_init *s, gb_json *state, gb_err *err);
void gb_init_describe(gb_json *state, const char *key, const gb_ridge_fit *fit);
/* The rows after a row that the way back reads, the farthest first. */
GB_CHECK gb_status gb_init_window_delays(const gb_network_shape *shape, gb_delays *delays, gb_err *err);
/* U [haves, factors] = BOLD·HEAD, HEAD [voxels of all, factors], the mean over subjects; 0 where a row may not be read. */
float *gb_init_factors(const gb_init *s, const gb_init_list *list, const float *head, size_t factors, gb_err *err);

/* init_bold_window.c: the linear paths from the BOLD window to all that is decoded. */
GB_CHECK gb_status gb_init_bold_window(gb_init *s, gb_json *state, gb_err *err);
/* init_codes.c: that of codes.  ROWS lists the rows of SYSTEM. */
GB_CHECK gb_status gb_init_codes(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *rows, gb_json *state, gb_err *err);
/* Row ROW of matrix NAME, which reads the network's window, from column COLUMN of W [lags·factors, ldw], farthest row first. */
void gb_init_read_window(const gb_init *s, const char *name, size_t row, const double *w, size_t ldw, size_t column);

GB_END_DECLS
#endif
