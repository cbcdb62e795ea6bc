/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/pool.h"

static const char *const names[] = {"generic", "avx2", "avx512"};
static int forced = -1;

static gb_cpu detect(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
		return GB_CPU_GENERIC;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
		return GB_CPU_AVX512;
	return GB_CPU_AVX2;
#else
	return GB_CPU_GENERIC;
#endif
}

gb_cpu gb_cpu_class(void) { return forced >= 0 ? (gb_cpu)forced : detect(); }

const char *gb_cpu_name(void) { return names[gb_cpu_class()]; }

gb_status gb_cpu_force(const char *name, gb_err *err)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(name, names[i]))
			continue;
		if (i > (int)detect())
			return gb_fail(err, GB_USAGE, "GB_CPU=%s: this processor has %s at most", name, names[detect()]);
		forced = i;
		return GB_OK;
	}
	return gb_fail(err, GB_USAGE, "GB_CPU=%s: generic, avx2 or avx512 is wanted", name);
}
