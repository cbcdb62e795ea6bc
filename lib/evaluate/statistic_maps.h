/* SPDX-License-Identifier: MIT */
/* statistic_maps.h: the files of a report: predicted BOLD and maps as NIfTI, scores of every voxel as TSV,
 * prediction and measurement as tensors. */
#ifndef GB_EVALUATE_STATISTIC_MAPS_H
#define GB_EVALUATE_STATISTIC_MAPS_H

#include "nifti/nifti_image.h"
#include "evaluate/encoding.h"

GB_BEGIN_DECLS

/* The mask of the brain that MODEL predicts for SUBJECT, else of their BOLD in SET.  *HAS false: none is
 * stated (foreign data).  GB_DATA when the two differ, or have other voxels than the model. */
GB_CHECK gb_status gb_maps_mask(gb_model *model, const gb_dataset *set, const char *subject,
                                gb_nifti_mask *mask, bool *has, gb_err *err);

typedef struct gb_maps {
	const char *folder, *tool;
	const char *subject;         /* whose brain */
	const gb_nifti_mask *mask;   /* NULL: unknown; then no NIfTI is written */
	gb_model *model;
	const gb_dataset *set;
	gb_pool *pool;
} gb_maps;

/* BOLD predicted for rows FIRST … END−1, test rows alone unless ANY: FOLDER/predicted.nii.gz, and with
 * TENSORS FOLDER/prediction.safetensors: rows and predicted. */
GB_CHECK gb_status gb_maps_prediction(const gb_maps *maps, int64_t first, int64_t end, bool any, bool tensors,
                                      gb_err *err);
/* What was scored: FOLDER/r.nii.gz and, with ceilings, r_of_ceiling.nii.gz (NaN where the ceiling is below
 * GB_CEILING_MIN), voxels.tsv (r, ceiling, p, q, family-wise p), and prediction.safetensors: rows,
 * predicted and measured; what --compare reads. */
GB_CHECK gb_status gb_maps_encoding(const gb_maps *maps, const gb_encoding *encoding, gb_err *err);

/* FOLDER/NAME: VALUE [voxels] as a volume. */
GB_CHECK gb_status gb_maps_voxels(const char *folder, const char *name, const gb_nifti_mask *mask,
                                  const double *value, const char *description, gb_err *err);

/* VOLUME [z, y, x] of VALUE [voxels], NaN outside the mask; SHAPE x, y, z.  Released with free(). */
GB_CHECK float *gb_maps_volume(const gb_nifti_mask *mask, const float *value, int shape[3], gb_err *err);
/* r/ceiling of each voxel, NaN below GB_CEILING_MIN and where none is estimable.  Released with free(). */
GB_CHECK float *gb_maps_share(const gb_encoding *encoding, gb_err *err);

GB_END_DECLS
#endif
