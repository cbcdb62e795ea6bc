/* SPDX-License-Identifier: MIT */
/* lag_table.h: what gb_lag_find compares: components and voxels on one grid.
 * Private to lib/fmri. */
#ifndef GB_FMRI_LAG_TABLE_H
#define GB_FMRI_LAG_TABLE_H

#include "fmri/lag.h"

GB_BEGIN_DECLS

#define GB_LAG_COMPONENTS 10
#define GB_LAG_FACTORS 32

typedef struct gb_lag_table {
	int64_t most;
	gb_clock clock;            /* of the stimulus */
	size_t stimulus_rows;
	int components;
	double *component;         /* [components][stimulus_rows] */
	size_t rows, voxels;       /* brain rows that have a stimulus row at every lag */
	size_t *at;                /* [rows]: stimulus row at lag 0 */
	int *run;                  /* [rows]: run they are in */
	float *y;                  /* [rows][voxels], centred within runs, Σ over rows of squares 1 (or 0) */
	int factors;
	double *factor;            /* [factors][rows]: scaled leading components of up to 8192 voxels */
} gb_lag_table;

GB_CHECK gb_status gb_lag_table_make(gb_lag_table *table, gb_tensor_file *stimulus, gb_tensor_file *brain,
                                     const gb_lag_options *options, gb_pool *pool, gb_err *err);
void gb_lag_table_clear(gb_lag_table *table);

GB_END_DECLS
#endif
