/* SPDX-License-Identifier: MIT */
/* batch.h: fill one micro-batch: inputs, targets, and which rows count. */
#ifndef GB_LOADER_BATCH_H
#define GB_LOADER_BATCH_H

#include "loader/loader.h"

GB_BEGIN_DECLS

/* Fill NET's batch with its GROUPS windows and send it to the device. */
void gb_loader_fill_batch(gb_loader *loader, gb_network *net, const gb_window *window,
                          const gb_loader_options *options);
/* The same into NET's batch as it lies, unsent. */
void gb_loader_write(gb_loader *loader, gb_network *net, const gb_window *window,
                     const gb_loader_options *options);
/* Codes of ROW as OUT [codebooks, frames], −1 behind the row's count. */
void gb_loader_read_codes(gb_loader *loader, const gb_loader_feature *band, int64_t row, int16_t *out);
/* Mel of ROW, standardised, as it enters (frames of bands: FRAMES_FIRST), or as it is aimed at (bands of
 * frames); 0 behind the row's count. */
void gb_loader_mel(gb_loader *loader, const gb_loader_feature *band, int64_t row, float *out,
                   bool frames_first);
/* The text of ROW as a target: (x − mean) / unit.  OUT [shape.text]. */
void gb_loader_text(const gb_loader *loader, int64_t row, float *out);
/* Σ over the rows of each term's weights in the filled batch. */
void gb_loader_counts(const gb_network *net, double count[GB_TERMS]);
/* Σ over the rows of what the constant predictor scores on the filled batch. */
void gb_loader_constants(const gb_network *net, double sum[GB_TERMS]);

GB_END_DECLS
#endif
