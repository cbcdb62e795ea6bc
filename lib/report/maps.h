/* SPDX-License-Identifier: MIT */
/* maps.h: what a report leaves in its folder beside the page: predicted BOLD and
 * maps as NIfTI, figures of every voxel as TSV, prediction and measurement as tensors. */
#ifndef GB_REPORT_MAPS_H
#define GB_REPORT_MAPS_H

#include "nifti/image.h"
#include "report/encoding.h"

GB_BEGIN_DECLS

/* The mask of the brain that MODEL predicts, else of SET's BOLD.  *HAS false: none is stated (foreign data). */
GB_CHECK gb_status gb_maps_mask(gb_model *model, const gb_dataset *set, gb_nifti_mask *mask, bool *has, gb_err *err);

/* BOLD predicted for rows FIRST … END−1 of SET, test rows alone unless ANY: *PREDICTED [all->rows, voxels]; it,
 * *ROW and *RUN (of ALL) are released with free(), also on failure. */
GB_CHECK gb_status gb_maps_predict(gb_model *model, const gb_dataset *set, int64_t first, int64_t end, bool any, gb_scored *all,
                                   int64_t **row, int32_t **run, float **predicted, gb_pool *pool, gb_err *err);
/* FOLDER/predicted.nii.gz: PREDICTED [rows, mask->voxels]. */
GB_CHECK gb_status gb_maps_predicted(const char *folder, const gb_nifti_mask *mask, const gb_dataset *set, const float *predicted,
                                     size_t rows, gb_err *err);
/* FOLDER/r.nii.gz and, with ceilings, FOLDER/r_of_ceiling.nii.gz (NaN where the ceiling is below GB_CEILING_MIN). */
GB_CHECK gb_status gb_maps_scores(const char *folder, const gb_nifti_mask *mask, const gb_encoding *encoding, gb_err *err);
/* VOLUME [z, y, x] of VALUE [voxels], NaN outside the mask; SHAPE x, y, z.  Released with free(). */
GB_CHECK float *gb_maps_volume(const gb_nifti_mask *mask, const float *value, int shape[3], gb_err *err);
/* r/ceiling of each voxel, NaN below GB_CEILING_MIN and where no ceiling is estimable.  Released with free(). */
GB_CHECK float *gb_maps_share(const gb_encoding *encoding, gb_err *err);

/* FOLDER/voxels.tsv: r, ceiling, p, q, family-wise p. */
GB_CHECK gb_status gb_maps_voxels(const char *folder, const gb_encoding *encoding, gb_err *err);
/* FOLDER/prediction.safetensors: rows, predicted and, unless MEASURED is NULL, measured; what --compare reads. */
GB_CHECK gb_status gb_maps_tensors(const char *folder, const char *tool, gb_model *model, const gb_dataset *set,
                                   const gb_scored *scored, const float *predicted, const float *measured, gb_pool *pool,
                                   gb_err *err);

GB_END_DECLS
#endif
