/* SPDX-License-Identifier: MIT */
/* memory.h: how much memory this machine has. */
#ifndef GB_BASE_MEMORY_H
#define GB_BASE_MEMORY_H

#include "base/status.h"

GB_BEGIN_DECLS

/* Bytes of physical memory; SIZE_MAX where the system does not tell. */
size_t gb_machine_memory(void);

GB_END_DECLS
#endif
