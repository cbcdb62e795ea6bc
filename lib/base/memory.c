/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <stdint.h>
#include <unistd.h>

size_t gb_machine_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
}
