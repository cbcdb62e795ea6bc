/* SPDX-License-Identifier: MIT */
/* convolve_file.h: a tensor file's features, convolved. */
#ifndef GB_FMRI_CONVOLVE_FILE_H
#define GB_FMRI_CONVOLVE_FILE_H

#include "fmri/convolve.h"
#include "fmri/hrf.h"
#include "tensor/tensor_writer.h"

GB_BEGIN_DECLS

typedef struct gb_convolve_options {
	const char *kernel;         /* as gb_hrf_make */
	gb_rational tau;            /* sample time */
	gb_history history;
	const char **tensor;        /* names; COUNT 0: every float tensor that has a clock */
	int tensors;
	gb_clock_options clock;     /* for files without clocks */
} gb_convolve_options;

/* Write FILE to OUT with the tensors convolved as float32 (three of each for
 * glover3: NAME, NAME.derivative, NAME.dispersion), NAME.valid beside each (0 in
 * the first kernel length of a run, and where it was 0), all others as they
 * are.  GB_DATA for integers (codes, pixels: convolve their features), NaN, Inf. */
GB_CHECK gb_status gb_convolve_file(gb_tensor_file *file, const gb_convolve_options *options,
                                    const char *tool, const gb_json *params, const char *out, gb_pool *pool,
                                    gb_err *err);

GB_END_DECLS
#endif
