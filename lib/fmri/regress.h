/* SPDX-License-Identifier: MIT */
/* regress.h: cleaning of BOLD: trend and confounds are removed in one regression a
 * run, then mean and SD.  All removed parts are kept, so that
 *   before = after · std + mean + regressors · trend. */
#ifndef GB_FMRI_REGRESS_H
#define GB_FMRI_REGRESS_H

#include "base/pool.h"
#include "io/json.h"
#include "time/clock.h"

GB_BEGIN_DECLS

/* VALID [rows] becomes 0 where a volume repeats the one before it in its run,
 * or is missing (all voxels alike); both only with 8 voxels or more. */
void gb_volumes_check(const float *data, const gb_clock *clock, size_t voxels, uint8_t *valid,
                      int64_t *repeated, int64_t *missing);

typedef enum gb_zscore { GB_ZSCORE_NONE, GB_ZSCORE_RUN, GB_ZSCORE_ROWS } gb_zscore;

typedef struct gb_clean_options {
	const char *detrend;           /* NULL, "linear", "dct:SECONDS" (cosines with periods ≥ SECONDS) */
	const double *confound;        /* [rows, confounds], NaN: the column's mean in its run; NULL: none */
	const char *const *confound_name;
	int confounds;
	gb_zscore zscore;
	int64_t fit_first, fit_end;    /* rows of GB_ZSCORE_ROWS, inside one run */
} gb_clean_options;

typedef struct gb_clean {
	int regressors;                /* over all runs; dependent ones are left out */
	float *regressor;              /* [rows, regressors] orthonormal over a run's valid rows, else 0 */
	float *trend;                  /* [regressors, voxels] */
	gb_json *names;                /* array: "run-1:linear", "run-2:trans_x" … */
	int parts;                     /* rows of mean, std: runs for GB_ZSCORE_RUN, 1, or 0 (no z-score) */
	float *mean, *std;             /* [parts, voxels]; population SD over valid rows, 0 counts as 1 */
	size_t constant;               /* voxels whose SD is 0 in some part */
} gb_clean;

/* Clean DATA [rows, voxels] in place.  GB_USAGE for a range over a run border,
 * GB_DATA for confounds that leave no degree of freedom. */
GB_CHECK gb_status gb_clean_make(gb_clean *clean, float *data, const gb_clock *clock, size_t voxels,
                                 const uint8_t *valid, const gb_clean_options *options, gb_pool *pool,
                                 gb_err *err);
void gb_clean_clear(gb_clean *clean);

GB_END_DECLS
#endif
