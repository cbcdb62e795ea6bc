/* SPDX-License-Identifier: MIT */
/* inspect_grids.h: tensors as volumes and as sound, for inspect_plot.c. */
#ifndef GB_INSPECT_INSPECT_GRIDS_H
#define GB_INSPECT_INSPECT_GRIDS_H

#include "plot/heat.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* The mask whose voxels are T's last axis: "bold.mask" for "bold" and "bold.mean".  T
 * itself if it is a volume (dims x,y,z); else NULL. */
const gb_tensor *gb_grids_mask(gb_tensor_file *file, const gb_tensor *t);
/* T, or its SD over rows, as a volume with x fastest and NaN outside.  *VOLUME
 * is released with free(). */
GB_CHECK gb_status gb_grids_volume(const gb_tensor *t, const gb_tensor *mask, float **volume, int shape[3],
                                   gb_err *err);

/* Is T [time, band or codebook, frame]? */
bool gb_grids_is_sound(const gb_tensor_file *file, const gb_tensor *t);

typedef struct gb_grid_sound {
	const gb_tensor *tensor;
	size_t *row, *frame; /* of each frame that is not padding */
} gb_grid_sound;

/* GRID has a line a frame; it lives as long as SOUND. */
GB_CHECK gb_status gb_grids_sound(gb_grid_sound *sound, gb_grid *grid, const gb_tensor_file *file,
                                  const gb_tensor *t, gb_err *err);
void gb_grids_sound_free(gb_grid_sound *sound);

GB_END_DECLS
#endif
