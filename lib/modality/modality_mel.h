/* SPDX-License-Identifier: MIT */
/* modality_mel.h: rows of a mel spectrum as the network reads them. */
#ifndef GB_MODALITY_MODALITY_MEL_H
#define GB_MODALITY_MODALITY_MEL_H

#include "modality/modality.h"

GB_BEGIN_DECLS

/* Mel of ROW, standardised: as the network reads it, [frames, bands] (FRAMES_FIRST), or as it aims at it,
 * [bands, frames]; 0 behind the row's count. */
void gb_modality_mel_row(const gb_modality_source *source, int64_t row, float *out, bool frames_first);

GB_END_DECLS
#endif
