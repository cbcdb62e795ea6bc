/* SPDX-License-Identifier: MIT */
/* plugin.h: parts of the program that need what not every machine has (MPI,
 * CUDA), opened only when they are asked for. */
#ifndef GB_BASE_PLUGIN_H
#define GB_BASE_PLUGIN_H

#include "base/status.h"

GB_BEGIN_DECLS

/* libgb_NAME.so, beside the executable or in ../libexec/giblet from there.  *SYMBOL is what it
 * exports as TABLE.  It stays open to the end: its libraries leave handlers behind.
 * GB_SYSTEM where it is missing or does not load. */
GB_CHECK gb_status gb_plugin_open(const char *name, const char *table, const void **symbol, gb_err *err);

GB_END_DECLS
#endif
