/* SPDX-License-Identifier: MIT */
/* simulated_ceiling.h: what a prediction of simulated BOLD could reach at most: r of the
 * noise-free signal with the BOLD, on the rows that were scored. */
#ifndef GB_EVALUATE_SIMULATED_CEILING_H
#define GB_EVALUATE_SIMULATED_CEILING_H

#include "evaluate/encoding.h"
#include "evaluate/metrics.h"

GB_BEGIN_DECLS

/* PATH: truth.safetensors of gb-sim.  CEILING [encoding->voxels] is filled.  GB_DATA: no `signal`, other
 * voxels, or rows that the set's clock does not share. */
GB_CHECK gb_status gb_simulated_ceiling(const char *path, const gb_encoding *encoding, const gb_dataset *set,
                                        double *ceiling, gb_pool *pool, gb_err *err);
/* Σr/Σceiling of the encoding and of its baseline, and the ceiling's mean. */
GB_CHECK gb_status gb_simulated_ceiling_metrics(const char *path, const gb_encoding *encoding,
                                                const gb_dataset *set, gb_metrics *metrics, gb_pool *pool,
                                                gb_err *err);

GB_END_DECLS
#endif
