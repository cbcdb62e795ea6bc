/* SPDX-License-Identifier: MIT */
#include <stdatomic.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "base/cpu.h"

enum { CLASSES = 4 };

static const char *const names[CLASSES] = {"generic", "avx2", "avx512", "amx"};
static int forced = -1;

#if defined(__x86_64__)
/* The tiles' registers are 8 KiB that the kernel saves only for a process that has asked for them. */
static bool has_tiles(void)
{
	enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
	/* not in every compiler's cpuid.h */
	enum { VBMI = 1 << 1, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AVX512_BF16 = 1 << 5 };
	unsigned a, b, c, d;
	bool has = __get_cpuid_count(7, 0, &a, &b, &c, &d) && d & AMX_TILE && d & AMX_BF16 && c & VBMI;

	return has && __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & AVX512_BF16 &&
	       !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}
#endif

static gb_cpu detect(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
		return GB_CPU_GENERIC;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
		return has_tiles() ? GB_CPU_AMX : GB_CPU_AVX512;
	return GB_CPU_AVX2;
#else
	return GB_CPU_GENERIC;
#endif
}

static gb_cpu detected(void)
{
	static atomic_int found; /* the class and 1 */
	int class = atomic_load(&found);

	if (!class)
		atomic_store(&found, class = (int)detect() + 1);
	return (gb_cpu)(class - 1);
}

gb_cpu gb_cpu_class(void) { return forced >= 0 ? (gb_cpu)forced : detected(); }

const char *gb_cpu_name(void) { return names[gb_cpu_class()]; }

gb_status gb_cpu_force(const char *name, gb_err *err)
{
	for (int i = 0; i < CLASSES; i++) {
		if (strcmp(name, names[i]))
			continue;
		if (i > (int)detected())
			return gb_fail(err, GB_USAGE, "GB_CPU=%s: this processor has %s at most", name,
			               names[detected()]);
		forced = i;
		return GB_OK;
	}
	return gb_fail(err, GB_USAGE, "GB_CPU=%s: generic, avx2, avx512 or amx is wanted", name);
}
