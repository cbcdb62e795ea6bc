/* SPDX-License-Identifier: MIT */
#include "memo/memo_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"

static bool is_key(const char *name, size_t length)
{
	if (length != GB_HASH_TEXT - 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!strchr("0123456789abcdef", name[i]))
			return false;
	return true;
}

void gb_store_entry_clear(gb_store_entry *entry)
{
	free(entry->folder);
	free(entry->file);
	gb_json_free(entry->about);
	memset(entry, 0, sizeof *entry);
}

gb_status gb_store_find(const char *store, const char *key, gb_store_entry *entry, bool *found, gb_err *err)
{
	char *path = gb_format(err, "%s/%s/%s", store, key, GB_STORE_ABOUT);
	gb_input input = {0};
	struct stat info;
	const char *file;
	int64_t bytes;

	memset(entry, 0, sizeof *entry);
	*found = false;
	if (!path)
		return GB_SYSTEM;
	if (stat(path, &info) || gb_input_open(&input, path, NULL)) {
		free(path);
		return GB_OK;
	}
	*found = !gb_json_parse((const char *)input.data, input.size, &entry->about, NULL);
	gb_input_close(&input);
	free(path);
	file = gb_json_text(gb_json_get(gb_json_get(entry->about, "output"), "file"));
	*found = *found && file && !strchr(file, '/') &&
	         gb_json_read_integer(gb_json_get(gb_json_get(entry->about, "output"), "bytes"), &bytes) &&
	         bytes >= 0;
	if (!*found) {
		gb_store_entry_clear(entry);
		return GB_OK;
	}
	memcpy(entry->key, key, GB_HASH_TEXT);
	entry->bytes = (uint64_t)bytes;
	entry->used = info.st_mtim.tv_sec;
	entry->folder = gb_format(err, "%s/%s", store, key);
	entry->file = gb_format(err, "%s/%s/%s", store, key, file);
	return entry->folder && entry->file ? GB_OK : GB_SYSTEM;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const gb_store_entry *)a)->key, ((const gb_store_entry *)b)->key);
}

gb_status gb_store_list(const char *store, gb_store_entry **entries, size_t *count, gb_err *err)
{
	DIR *dir = opendir(store);
	struct dirent *one;
	gb_status status = GB_OK;

	*entries = NULL;
	*count = 0;
	if (!dir)
		return errno == ENOENT ? GB_OK : gb_fail_errno(err, GB_USAGE, errno, "%s", store);
	while (!status && (one = readdir(dir))) {
		gb_store_entry entry;
		bool found;

		if (!is_key(one->d_name, strlen(one->d_name)))
			continue;
		status = gb_store_find(store, one->d_name, &entry, &found, err);
		if (!status && found)
			status = gb_grow(entries, *count + 1, sizeof **entries, err);
		if (!status && found)
			(*entries)[(*count)++] = entry;
	}
	closedir(dir);
	if (*count)
		qsort(*entries, *count, sizeof **entries, by_key);
	return status;
}

void gb_store_list_free(gb_store_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		gb_store_entry_clear(&entries[i]);
	free(entries);
}

gb_status gb_store_check(const gb_store_entry *entry, bool *good, gb_err *err)
{
	const char *wanted = gb_json_text(gb_json_get(gb_json_get(entry->about, "output"), "xxh3"));
	char text[GB_HASH_TEXT];
	uint64_t bytes;
	gb_hash hash;
	gb_err why;

	*good = false;
	if (access(entry->file, R_OK))
		return GB_OK;
	if (gb_hash_file(entry->file, &hash, &bytes, &why))
		return gb_fail(err, why.status, "%s", why.text);
	*good = wanted && bytes == entry->bytes && !strcmp(wanted, gb_hash_format(hash, text));
	return GB_OK;
}

gb_status gb_store_lock(const char *store, const char *key, bool wait, int *descriptor, gb_err *err)
{
	char *path = gb_format(err, "%s/%s.lock", store, key);
	gb_status status = path ? GB_OK : GB_SYSTEM;
	struct stat held, named;

	*descriptor = -1;
	while (!status) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666), failed;

		if (fd < 0) {
			status = gb_fail_errno(err, GB_SYSTEM, errno, "%s", path);
			break;
		}
		while ((failed = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB))) && errno == EINTR)
			;
		if (failed) {
			if (errno != EWOULDBLOCK)
				status = gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be locked", path);
			close(fd);
			break;
		}
		if (fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino) {
			*descriptor = fd;
			break;
		}
		close(fd); /* removed by its holder while we waited: lock the new one */
	}
	free(path);
	return status;
}

void gb_store_unlock(const char *store, const char *key, int descriptor)
{
	char *path = descriptor < 0 ? NULL : gb_format(NULL, "%s/%s.lock", store, key);

	if (path)
		unlink(path); /* while held: those who wait see that it went, and make a new one */
	free(path);
	if (descriptor >= 0)
		close(descriptor);
}
