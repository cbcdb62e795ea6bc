/* SPDX-License-Identifier: MIT */
/* input_ablation.h: what a model's predictions lose when stimulus tensors are silenced, with
 * its weights as they are: a statement about what this model uses. */
#ifndef GB_LESION_INPUT_ABLATION_H
#define GB_LESION_INPUT_ABLATION_H

#include "comparison/feature_sets.h"
#include "evaluate/decoding.h"

GB_BEGIN_DECLS

typedef struct gb_ablation {
	gb_interval r, loss; /* mean r over voxels without the group; of all less that, paired.  NaN: no encoding */
	double *percentile;  /* [decodeds] rank percentile of what is decoded from the stimulus; NaN: decoded from the brain */
} gb_ablation;

typedef struct gb_ablations {
	gb_groups groups;
	gb_ablation *silence;
	size_t count;        /* of those groups */
} gb_ablations;

/* TEXT of --lesion-input, or NULL: groups of tensors that SET holds and MODEL reads, else GB_USAGE. */
GB_CHECK gb_status gb_ablations_parse(gb_ablations *silences, const char *text, gb_model *model, const gb_dataset *set, gb_err *err);
/* Silences each of the groups in turn, and tells METRICS; DECODED (COUNT) are intact.  ENCODING may be NULL.  Afterwards
 * the model hears all again. */
GB_CHECK gb_status gb_ablations_make(gb_ablations *silences, const gb_encoding *encoding, gb_decoding_options decoding,
                                    const gb_decoded *decoded, size_t count, gb_metrics *metrics, gb_err *err);
void gb_ablations_clear(gb_ablations *silences); /* accepts a cleared one */

GB_END_DECLS
#endif
