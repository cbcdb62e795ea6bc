/* SPDX-License-Identifier: MIT */
/* simulate_output.h: the files of a simulated brain. */
#ifndef GB_SIMULATE_SIMULATE_OUTPUT_H
#define GB_SIMULATE_SIMULATE_OUTPUT_H

#include "nifti/nifti_writer.h"
#include "simulate/simulate_inputs.h"

GB_BEGIN_DECLS

#define GB_SIM_BASELINE 1000.0f /* BOLD = baseline + gain · (signal + noise) */
#define GB_SIM_GAIN 10.0f

typedef struct gb_sim_files {
	const char *folder, *tool;
	const gb_json *params;
	char *const *path;     /* inputs, for provenance */
	int paths;
	const char *mask_path; /* NULL: MASK comes from --voxels, and is written too */
	const gb_nifti_mask *mask;
	const gb_sim_inputs *inputs;
	const gb_simulation *simulation;
	int subjects;
} gb_sim_files;

/* sub-NN.nii.gz for each subject, atlas.nii.gz (region labels), truth.safetensors,
 * drivers.safetensors (the regressors alone, as features), and mask.nii.gz. */
GB_CHECK gb_status gb_sim_write(const gb_sim_files *files, gb_pool *pool, gb_err *err);

GB_END_DECLS
#endif
