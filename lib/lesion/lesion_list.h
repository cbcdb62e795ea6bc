/* SPDX-License-Identifier: MIT */
/* lesion_list.h: all lesions of a region that one report is asked for. */
#ifndef GB_LESION_LESION_LIST_H
#define GB_LESION_LESION_LIST_H

#include "lesion/lesion.h"

GB_BEGIN_DECLS

typedef struct gb_lesions {
	gb_lesion_options options; /* roi NULL: no lesion is asked for */
	bool refit, latent;
	gb_lesion ablated, refitted, from_stimulus; /* features 0: not made */
} gb_lesions;

/* As on the command line; FROM "stimulus", "brain" or NULL: both. */
typedef struct gb_lesions_asked {
	const char *lesion, *keep, *controls, *from;
	bool refit, latent, no_score;
	gb_progress *progress;
} gb_lesions_asked;

/* GB_USAGE for options that exclude each other, and for lesions that MODEL does not allow. */
GB_CHECK gb_status gb_lesions_parse(gb_lesions *lesions, const gb_lesions_asked *asked, const gb_model *model,
                                    gb_err *err);
/* The options' brain, decoding, decoded, features and tool are set by the caller before this; of the
 * tensors decoded the first FROM_BRAIN are decoded from the brain.  Fits pass through FOLDER.  Figures are
 * added to METRICS. */
GB_CHECK gb_status gb_lesions_make(gb_lesions *lesions, size_t from_brain, const char *folder,
                                   gb_metrics *metrics, gb_err *err);
void gb_lesions_clear(gb_lesions *lesions); /* accepts a cleared one */

GB_END_DECLS
#endif
