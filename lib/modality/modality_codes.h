/* SPDX-License-Identifier: MIT */
/* modality_codes.h: rows of codes as the network reads them. */
#ifndef GB_MODALITY_MODALITY_CODES_H
#define GB_MODALITY_MODALITY_CODES_H

#include "modality/modality.h"

GB_BEGIN_DECLS

/* Codes of ROW, OUT [codebooks, frames]; −1 behind the row's count, whatever the padding holds. */
void gb_modality_code_row(const gb_modality_source *source, int64_t row, int16_t *out);

GB_END_DECLS
#endif
