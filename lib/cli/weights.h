/* SPDX-License-Identifier: MIT */
/* weights.h: where the weights of EnCodec are. */
#ifndef GB_CLI_WEIGHTS_H
#define GB_CLI_WEIGHTS_H

#include "base/status.h"

GB_BEGIN_DECLS

/* PATH of EnCodec weights: NAMED (--weights), else $GB_ENCODEC, else in share/giblet of an installation or
 * data/ of a checkout the published file, and last encodec-tiny, with a warning.  GB_SYSTEM: none there;
 * OTHERWISE says what goes without. */
GB_CHECK gb_status gb_cli_encodec_weights(char path[], const char *named, const char *otherwise, gb_err *err);

GB_END_DECLS
#endif
