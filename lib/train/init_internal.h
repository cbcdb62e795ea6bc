/* SPDX-License-Identifier: MIT */
/* init_internal.h: shared by the parts of gb_init_ridge.  Private to lib/train/init_*.c. */
#ifndef GB_TRAIN_INIT_INTERNAL_H
#define GB_TRAIN_INIT_INTERNAL_H

#include "linalg/matrix.h"
#include "ridge/mse_ridge.h"
#include "ridge/ridge.h"
#include "train/init_ridge.h"

GB_BEGIN_DECLS

/* Rows that a fit predicts (train), and rows that its delays read (have). */
typedef struct gb_init_list {
	int64_t *train, *have;
	int32_t *train_run, *have_run;
	size_t trains, haves;
} gb_init_list;

typedef struct gb_init {
	gb_network *net;
	gb_loader *loader;
	const gb_init_options *options;
	gb_init_list rows;
	gb_ridge_fit fit;        /* stimulus → BOLD */
	float **design;          /* of each band: [trains, filters·width] */
	float *factors;          /* P [voxels of all subjects, rank] */
	size_t targets, filters, rank; /* voxels of all subjects; of the brain kernel; of P */
	size_t *driven, drivens; /* dimensions of z that reach the brain */
} gb_init;

/* An operand of a product: as it is stored, or transposed. */
typedef struct gb_init_operand { const float *data; bool transposed; } gb_init_operand;
static inline gb_init_operand gb_stored(const float *data) { return (gb_init_operand){data, false}; }
static inline gb_init_operand gb_transposed(const float *data) { return (gb_init_operand){data, true}; }

/* init_ridge.c */
float *gb_init_numbers(size_t count, gb_err *err); /* zeros; NULL: no memory */
/* C [rows, columns] = A·B, added to C where ADD. */
void gb_init_product(const gb_init *s, gb_init_operand a, gb_init_operand b, gb_product_size size, bool add,
                     float *c);
/* Weights of the network by name, in the host's memory. */
float *gb_init_parameter(const gb_network *net, const char *name);
/* The fit rows in which the BOLD of every subject is valid, and the rows that DELAYS read for them. */
GB_CHECK gb_status gb_init_list_rows(const gb_init *s, const gb_delays *delays, gb_init_list *list,
                                     gb_err *err);
void gb_init_list_free(gb_init_list *list);
gb_row_list gb_init_is_trained(const gb_init_list *list);
gb_row_list gb_init_has(const gb_init_list *list);
/* Standardised BOLD of the train rows, all subjects side by side: [trains, targets]; the caller's. */
float *gb_init_bold(gb_init *s, const gb_init_list *list, gb_err *err);
/* The linear view of s->rows.train, without delays: [trains, linear]; the caller's. */
float *gb_init_view(const gb_init *s, gb_err *err);
/* Ridge with every choice by cross-validation. PROBLEM holds delays, bands and targets; the rest is set
 * here. */
GB_CHECK gb_status gb_init_solve(gb_ridge_problem problem, const gb_init_list *list,
                                 const gb_init_options *options, gb_ridge_fit *fit, gb_err *err);
/* State it in STATE under KEY. */
void gb_init_describe(gb_json *state, const char *key, const gb_ridge_fit *fit);

/* init_decoder.c */
/* From the brain to the driven dimensions of z, and from those to the text. */
GB_CHECK gb_status gb_init_decoder(gb_init *s, gb_json *state, gb_err *err);
/* The rows after a row whose volumes decode it, the farthest first. */
GB_CHECK gb_status gb_init_window_delays(const gb_network_shape *shape, gb_delays *delays, gb_err *err);
/* U [haves, factors] = BOLD·HEAD, HEAD [targets, factors], the mean over subjects; 0 in rows that may not be
 * read.  The caller's. */
float *gb_init_factors(const gb_init *s, const gb_init_list *list, const float *head, size_t factors,
                       gb_err *err);

/* init_bold_window.c */
/* Linear paths from the BOLD window to all that is decoded. */
GB_CHECK gb_status gb_init_bold_window(gb_init *s, gb_json *state, gb_err *err);
/* Row ROW of matrix NAME, which reads the network's window, from column COLUMN of W [lags·factors, ldw],
 * whose farthest row comes first. */
void gb_init_read_window(const gb_init *s, const char *name, size_t row, const double *w, size_t ldw,
                         size_t column);

/* init_codes.c */
/* The same for codes.  ROWS lists the rows of SYSTEM. */
GB_CHECK gb_status gb_init_codes(gb_init *s, const gb_mse_ridge_system *system, const gb_init_list *rows,
                                 gb_json *state, gb_err *err);

GB_END_DECLS
#endif
