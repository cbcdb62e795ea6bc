/* SPDX-License-Identifier: MIT */
#include "io/temporary.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"

enum { SLOTS = 256, LENGTH = 4096 };

/* Fixed storage, so that the signal handler reads memory that is never freed. */
static struct {
	volatile sig_atomic_t used;
	char path[LENGTH];
} slots[SLOTS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int gb_temporary_remember(const char *path, gb_err *err)
{
	int found = -1;

	if (strlen(path) >= LENGTH) {
		gb_fail(err, GB_SYSTEM, "%s: path is too long", path);
		return -1;
	}
	pthread_mutex_lock(&lock);
	for (int i = 0; i < SLOTS && found < 0; i++)
		if (!slots[i].used) {
			strcpy(slots[i].path, path);
			slots[i].used = 1;
			found = i;
		}
	pthread_mutex_unlock(&lock);
	if (found < 0)
		gb_fail(err, GB_SYSTEM, "%s: more than %d outputs open at once", path, SLOTS);
	return found;
}

void gb_temporary_forget(int slot)
{
	if (slot >= 0)
		slots[slot].used = 0;
}

void gb_file_cleanup(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].used)
			unlink(slots[i].path);
}
