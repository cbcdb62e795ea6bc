/* SPDX-License-Identifier: MIT */
#include "base/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

gb_status gb_plugin_open(const char *name, const char *table, const void **symbol, gb_err *err)
{
	static const char *const place[] = {"", "../libexec/giblet/"};
	char folder[PATH_MAX], file[PATH_MAX + 128] = "";
	ssize_t n = readlink("/proc/self/exe", folder, sizeof folder - 1);
	void *handle;

	*symbol = NULL;
	if (n <= 0)
		return gb_fail_errno(err, GB_SYSTEM, errno,
		                     "plug-in %s: where this program lies cannot be found out", name);
	folder[n] = 0;
	*(strrchr(folder, '/') + 1) = 0;
	for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
		snprintf(file, sizeof file, "%s%slibgb_%s.so", folder, place[i], name);
		if (access(file, F_OK) == 0)
			break;
		file[0] = 0;
	}
	if (!file[0])
		return gb_fail(err, GB_SYSTEM,
		               "plug-in %s: this build has none: no libgb_%s.so beside the program", name,
		               name);
	/* MPI's own components look for its symbols among the global ones. */
	handle = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
	if (!handle)
		return gb_fail(err, GB_SYSTEM, "plug-in %s: %s", name, dlerror());
	*symbol = dlsym(handle, table);
	return *symbol ? GB_OK : gb_fail(err, GB_SYSTEM, "%s: exports no %s", file, table);
}
