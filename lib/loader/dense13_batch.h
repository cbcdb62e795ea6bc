/* SPDX-License-Identifier: MIT */
/* dense13_batch.h: what the fully connected network reads of a batch that is filled as giblet13's. */
#ifndef GB_LOADER_DENSE13_BATCH_H
#define GB_LOADER_DENSE13_BATCH_H

#include "loader/loader.h"

GB_BEGIN_DECLS

/* Codes as numbers (padding 0) and dense features in their own units; where SCORED, codes as targets in 0
 * … 1. */
void gb_batch_fill_dense13(const gb_loader *loader, gb_network *net, bool scored);

GB_END_DECLS
#endif
