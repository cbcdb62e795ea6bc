/* SPDX-License-Identifier: MIT */
/* bold.h: a 4-D image as a tensor file of rows. */
#ifndef GB_FMRI_BOLD_H
#define GB_FMRI_BOLD_H

#include "fmri/bold_clock.h"
#include "fmri/mask_tensor.h"
#include "fmri/regress.h"

GB_BEGIN_DECLS

typedef struct gb_bold_options {
	const char *image;
	const char *mask;            /* NULL: all voxels */
	const char *confounds;       /* table of a row a volume of the whole file, NULL: none */
	const char *columns;         /* its columns, "a,b" */
	gb_bold_clock_options clock;
	const char *detrend;         /* as gb_clean_options */
	gb_zscore zscore;
	int64_t fit_first, fit_end;  /* rows of the output; FIT_END INT64_MAX: to the last */
	bool half;                   /* write F16 */
} gb_bold_options;

typedef struct gb_bold_report {
	int64_t rows, voxels, repeated, missing, filled; /* filled: confound cells that were n/a */
	size_t constant;
	int regressors;
} gb_bold_report;

/* Write `bold` [rows, voxels], `bold.mask`, `bold.valid`, and the parts that were
 * removed: `bold.mean`, `bold.std` [voxels] ([runs, voxels] for a z-score by run
 * over several), `bold.trend` [regressors, voxels], `bold.regressors` [rows,
 * regressors].  F16 without z-score is GB_DATA beyond ±2048. */
GB_CHECK gb_status gb_bold_file(const gb_bold_options *options, const char *tool, const gb_json *params,
                                const char *out, gb_bold_report *report, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
