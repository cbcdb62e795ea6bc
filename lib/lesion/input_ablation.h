/* SPDX-License-Identifier: MIT */
/* input_ablation.h: what a model's predictions lose when stimulus tensors are ablated, with its weights as
 * they are: this says what this model uses. */
#ifndef GB_LESION_INPUT_ABLATION_H
#define GB_LESION_INPUT_ABLATION_H

#include "comparison/interval.h"
#include "comparison/tensor_groups.h"
#include "evaluate/decoding.h"

GB_BEGIN_DECLS

typedef struct gb_ablation {
	gb_interval r;       /* mean r over voxels without the group; NaN: no encoding */
	gb_interval loss;    /* mean r with the group less that, paired */
	double *percentile;  /* [decodeds] identification, decoded from the stimulus; else NaN */
} gb_ablation;

typedef struct gb_ablations {
	gb_groups groups;
	gb_ablation *ablation;
	size_t count;        /* of the groups, those done */
} gb_ablations;

/* The intact predictions that ablations are compared with. */
typedef struct gb_intact {
	const gb_encoding *encoding; /* NULL: BOLD is not predicted */
	const gb_decoded *decoded;
	size_t decodeds;
} gb_intact;

/* TEXT: groups of tensors that SET holds and MODEL reads, else GB_USAGE; NULL: no groups. */
GB_CHECK gb_status gb_ablations_parse(gb_ablations *ablations, const char *text, gb_model *model,
                                      const gb_dataset *set, gb_err *err);
/* Ablates each of the groups in turn and adds its figures to METRICS.  Afterwards the model reads all
 * tensors again. */
GB_CHECK gb_status gb_ablations_make(gb_ablations *ablations, const gb_intact *intact,
                                     gb_decoding_options decoding, gb_metrics *metrics, gb_err *err);
void gb_ablations_clear(gb_ablations *ablations); /* accepts a cleared one */

GB_END_DECLS
#endif
