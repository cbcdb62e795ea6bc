/* SPDX-License-Identifier: MIT */
/* bold_clock.h: the clock of an image: its repetition time, runs and rows. */
#ifndef GB_FMRI_BOLD_CLOCK_H
#define GB_FMRI_BOLD_CLOCK_H

#include "nifti/nifti_image.h"
#include "time/clock.h"

GB_BEGIN_DECLS

typedef struct gb_bold_clock_options {
	gb_maybe_rational tr;     /* --tr; not set: the sidecar's, else the header's */
	bool force_tr;            /* --tr wins over a plausible header that says otherwise */
	gb_maybe_rational start;  /* movie time at which each run's first volume begins; not set: 0 */
	const char *runs;         /* "run-1:946,run-2:540", NULL: one */
	const char *run;          /* name of the one run, NULL: "run-1" */
	int64_t first, end;       /* volumes to take, over the whole file; END INT64_MAX: all */
} gb_bold_clock_options;

typedef struct gb_bold_clock {
	gb_clock clock, whole;    /* of the volumes taken, and of all */
	int64_t first, end;       /* the volumes taken */
	char *sidecar;            /* the .json whose RepetitionTime was used, or NULL; released with free() */
} gb_bold_clock;

/* The sidecar is IMAGE's name with .nii or .nii.gz replaced by .json.  GB_DATA
 * when there is no plausible repetition time, or sidecar, header and --tr disagree. */
GB_CHECK gb_status gb_bold_clock_make(gb_bold_clock *out, const gb_nifti *image,
                                      const gb_bold_clock_options *options, gb_err *err);

GB_END_DECLS
#endif
