/* SPDX-License-Identifier: MIT */
#include "fmri/zscore_rows.h"

#include "base/cpu.h"
#include "base/pool.h"

const gb_zscore_rows *gb_zscore_rows_here(void)
{
	switch (gb_cpu_class()) {
	case GB_CPU_AMX:
	case GB_CPU_AVX512: return &gb_zscore_rows_avx512;
	case GB_CPU_AVX2: return &gb_zscore_rows_avx2;
	default: return &gb_zscore_rows_generic;
	}
}
