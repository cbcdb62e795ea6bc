/* SPDX-License-Identifier: MIT */
/* modality_text.h: rows of text as the network aims at them. */
#ifndef GB_MODALITY_MODALITY_TEXT_H
#define GB_MODALITY_MODALITY_TEXT_H

#include "modality/modality.h"

GB_BEGIN_DECLS

/* The text of ROW: (x − mean) / unit; 0 where the set has no text.  OUT [shape.text]. */
void gb_modality_text_row(const gb_modality_source *source, int64_t row, float *out);

GB_END_DECLS
#endif
