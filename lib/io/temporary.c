/* SPDX-License-Identifier: MIT */
#include "io/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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

int gb_temporary_make(char *path, int *descriptor, const char *name, gb_err *err)
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
	if (found < 0) {
		gb_fail(err, GB_SYSTEM, "%s: more than %d outputs open at once", path, SLOTS);
		return -1;
	}
	if (descriptor ? (*descriptor = mkostemp(slots[found].path, O_CLOEXEC)) < 0
	               : !mkdtemp(slots[found].path)) {
		gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be %s", name,
		              descriptor ? "written" : "made");
		gb_temporary_forget(found);
		return -1;
	}
	strcpy(path, slots[found].path);
	return found;
}

void gb_temporary_forget(int slot)
{
	if (slot >= 0)
		slots[slot].used = 0;
}

/* A folder of files.  readdir allocates, so the system call is used directly. */
static void remove_folder(const char *path)
{
	struct entry { /* as the kernel lays it out */
		uint64_t inode, offset;
		unsigned short length;
		unsigned char type;
		char name[];
	};
	_Alignas(struct entry) char block[4096];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long got;

	while (fd >= 0 && (got = syscall(SYS_getdents64, fd, block, sizeof block)) > 0)
		for (long at = 0; at < got; at += ((struct entry *)(block + at))->length)
			(void)unlinkat(fd, ((struct entry *)(block + at))->name, 0);
	if (fd >= 0)
		close(fd);
	(void)rmdir(path);
}

void gb_file_cleanup(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].used && unlink(slots[i].path) && (errno == EISDIR || errno == EPERM))
			remove_folder(slots[i].path);
}
