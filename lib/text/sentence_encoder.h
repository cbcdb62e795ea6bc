/* SPDX-License-Identifier: MIT */
/* encoder.h: sentence encoders, of which this build has none: what a folder
 * that was asked for is refused with. */
#ifndef GB_TEXT_ENCODER_H
#define GB_TEXT_ENCODER_H

#include "base/status.h"

GB_BEGIN_DECLS

/* GB_DATA if FOLDER holds a model of another kind than BERT's family, else
 * GB_SYSTEM: no such folder, no encoder. */
GB_CHECK gb_status gb_encoder_refuse(const char *folder, gb_err *err);

GB_END_DECLS
#endif
