/* SPDX-License-Identifier: MIT */
/* cpu.h: which instructions of the processor are used. */
#ifndef GB_BASE_CPU_H
#define GB_BASE_CPU_H

#include "base/status.h"

GB_BEGIN_DECLS

/* The processor class whose code paths are used: "generic", "avx2", "avx512"
 * or "amx" (avx512 and matrix tiles of BF16, if the kernel lends them).
 * gb_cpu_force (at start, before any other thread) lowers it; GB_USAGE for an
 * unknown name or one this processor does not have. */
typedef enum gb_cpu { GB_CPU_GENERIC, GB_CPU_AVX2, GB_CPU_AVX512, GB_CPU_AMX } gb_cpu;
gb_cpu gb_cpu_class(void);
const char *gb_cpu_name(void);
GB_CHECK gb_status gb_cpu_force(const char *name, gb_err *err);

GB_END_DECLS
#endif
