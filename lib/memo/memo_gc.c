/* SPDX-License-Identifier: MIT */
/* Removing what nobody needs from a store, and naming what killed tools left elsewhere. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/size.h"
#include "memo/memo_gc.h"
#include "memo/memo_store.h"
#include "io/file.h"
#include "io/folder.h"

typedef struct collection {
	const char *store;
	bool dry;
	gb_litter *litter;
	size_t count;
} collection;

void gb_litter_free(gb_litter *litter, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(litter[i].path);
	free(litter);
}

/* ".NAME.XXXXXX", as our outputs are called until they are in place. */
static bool is_temporary(const char *name)
{
	size_t length = strlen(name);

	if (length < 9 || name[0] != '.' || name[length - 7] != '.')
		return false;
	for (size_t i = length - 6; i < length; i++)
		if (!isalnum((unsigned char)name[i]))
			return false;
	return true;
}

/* Bytes of a file, or of the files of a folder. */
static uint64_t bytes_of(const char *path)
{
	struct stat info;
	struct dirent *one;
	uint64_t bytes = 0;
	DIR *dir;

	if (lstat(path, &info))
		return 0;
	if (!S_ISDIR(info.st_mode) || !(dir = opendir(path)))
		return (uint64_t)info.st_size;
	while ((one = readdir(dir)))
		if (!fstatat(dirfd(dir), one->d_name, &info, AT_SYMLINK_NOFOLLOW) && S_ISREG(info.st_mode))
			bytes += (uint64_t)info.st_size;
	closedir(dir);
	return bytes;
}

static gb_status note(collection *c, const char *what, const char *action, char *path, uint64_t bytes,
                      double days, gb_err *err)
{
	gb_status status = gb_grow(&c->litter, c->count + 1, sizeof *c->litter, err);

	if (status) {
		free(path);
		return status;
	}
	c->litter[c->count++] = (gb_litter){what, action, path, bytes, days};
	return GB_OK;
}

static double days_since(int64_t seconds)
{
	return (double)(time(NULL) - seconds) / 86400;
}

/* Remove PATH, an entry or a temporary of KEY, unless KEY is being made. */
static gb_status remove_locked(collection *c, const char *what, char *path, const char *key, double days,
                               gb_err *err)
{
	uint64_t bytes = bytes_of(path);
	int fd = -1;
	gb_status status = GB_OK;

	if (!c->dry) {
		status = gb_store_lock(c->store, key, false, &fd, err);
		if (status || fd < 0) {
			free(path);
			return status;
		}
		status = gb_folder_remove(path, err);
		gb_store_unlock(c->store, key, fd);
	}
	if (status) {
		free(path);
		return status;
	}
	return note(c, what, c->dry ? "to remove" : "removed", path, bytes, days, err);
}

static gb_status collect_entries(collection *c, double days, gb_err *err)
{
	gb_store_entry *entries;
	size_t count, i;
	gb_status status = gb_store_list(c->store, &entries, &count, err);

	for (i = 0; !status && i < count; i++) {
		double age = days_since(entries[i].used);
		char *path;

		if (age < days)
			continue;
		path = gb_string(entries[i].folder, err);
		status = path ? remove_locked(c, "entry", path, entries[i].key, age, err) : GB_SYSTEM;
	}
	gb_store_list_free(entries, count);
	return status;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in FOLDER that look like temporaries, sorted. */
static gb_status temporaries(const char *folder, char ***names, size_t *count, gb_err *err)
{
	DIR *dir = opendir(folder);
	struct dirent *one;
	gb_status status = GB_OK;

	*names = NULL;
	*count = 0;
	if (!dir)
		return gb_fail_errno(err, GB_USAGE, errno, "%s", folder);
	while (!status && (one = readdir(dir))) {
		if (!is_temporary(one->d_name))
			continue;
		status = gb_grow(names, *count + 1, sizeof **names, err);
		if (!status && !((*names)[*count] = gb_string(one->d_name, err)))
			status = GB_SYSTEM;
		if (!status)
			++*count;
	}
	closedir(dir);
	if (*count)
		qsort(*names, *count, sizeof **names, by_name);
	return status;
}

/* In the store a temporary is removed (its lock says whether it is in use), elsewhere named. */
static gb_status collect_temporaries(collection *c, const char *folder, bool in_store, gb_err *err)
{
	char **names;
	size_t count, i;
	gb_status status = temporaries(folder, &names, &count, err);

	for (i = 0; !status && i < count; i++) {
		char *path = gb_format(err, "%s/%s", folder, names[i]), key[GB_HASH_TEXT];
		struct stat info;
		double age;

		if (!path) {
			status = GB_SYSTEM;
			break;
		}
		age = lstat(path, &info) ? 0 : days_since(info.st_mtim.tv_sec);
		if (in_store && strlen(names[i]) == 1 + GB_HASH_TEXT - 1 + 7) {
			memcpy(key, names[i] + 1, GB_HASH_TEXT - 1);
			key[GB_HASH_TEXT - 1] = 0;
			status = remove_locked(c, "temporary", path, key, age, err);
		} else {
			status = note(c, "leftover", "named", path, bytes_of(path), age, err);
		}
	}
	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return status;
}

gb_status gb_store_collect(const char *store, double days, bool dry, const char *const *folder,
                           size_t folders, gb_litter **litter, size_t *count, gb_err *err)
{
	collection c = {.store = store, .dry = dry};
	gb_status status = collect_entries(&c, days, err);

	if (!status && access(store, F_OK) == 0)
		status = collect_temporaries(&c, store, true, err);
	for (size_t i = 0; !status && i < folders; i++)
		status = collect_temporaries(&c, folder[i], false, err);
	*litter = c.litter;
	*count = c.count;
	if (status) {
		gb_litter_free(c.litter, c.count);
		*litter = NULL;
		*count = 0;
	}
	return status;
}
