/* SPDX-License-Identifier: MIT */
/* loops.c: the choice among the processor classes. */
#include "base/cpu.h"
#include "loops.h"

const gb_loops *gb_loops_here(void)
{
	switch (gb_cpu_class()) {
	case GB_CPU_AMX:
	case GB_CPU_AVX512: return &gb_loops_avx512;
	case GB_CPU_AVX2: return &gb_loops_avx2;
	default: return &gb_loops_generic;
	}
}
