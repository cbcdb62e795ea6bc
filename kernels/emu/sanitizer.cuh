/* SPDX-License-Identifier: MIT */
/* sanitizer.cuh: what the sanitizers must know about fibres.  Their functions are
 * weak, so that the emulator's core, which ThreadSanitizer must not see, works
 * with and without them. */
#ifndef GB_EMU_SANITIZER_CUH
#define GB_EMU_SANITIZER_CUH

#include <cstddef>

#define GB_WEAK __attribute__((weak))
extern "C" {
GB_WEAK void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
GB_WEAK void __sanitizer_finish_switch_fiber(void *saved, const void **bottom, size_t *size);
GB_WEAK void __asan_unpoison_memory_region(const volatile void *at, size_t size);
GB_WEAK void *__tsan_get_current_fiber(void);
GB_WEAK void *__tsan_create_fiber(unsigned flags);
GB_WEAK void __tsan_switch_to_fiber(void *fiber, unsigned flags);
GB_WEAK void __tsan_acquire(void *at);
GB_WEAK void __tsan_release(void *at);
}

enum { GB_TSAN_NO_SYNC = 1 };

static inline void gb_tsan_acquire(void *at)
{
	if (__tsan_acquire)
		__tsan_acquire(at);
}

static inline void gb_tsan_release(void *at)
{
	if (__tsan_release)
		__tsan_release(at);
}

#endif
