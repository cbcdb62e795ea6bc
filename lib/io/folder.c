/* SPDX-License-Identifier: MIT */
#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"
#include "io/temporary.h"

/* May PATH be replaced? */
static gb_status replaceable(const char *path, const char *marker, gb_err *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool other = false, marked = false;

	if (!dir)
		return errno == ENOENT
		           ? GB_OK
		           : gb_fail_errno(err, GB_USAGE, errno, "%s: a folder is to be made here", path);
	while ((entry = readdir(dir))) {
		marked = marked || !strcmp(entry->d_name, marker);
		other = other || (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."));
	}
	closedir(dir);
	if (other && !marked)
		return gb_fail(err, GB_USAGE,
		               "%s: a folder without %s, so not one of ours: it is not replaced, name "
		               "another",
		               path, marker);
	return GB_OK;
}

gb_status gb_folder_open(gb_folder *folder, const char *path, const char *marker, gb_err *err)
{
	size_t length = strlen(path);
	const char *name;
	gb_status status;

	memset(folder, 0, sizeof *folder);
	folder->slot = -1;
	while (length > 1 && path[length - 1] == '/')
		length--;
	if (!(folder->path = gb_format(err, "%.*s", (int)length, path)))
		return GB_SYSTEM;
	name = gb_base_name(folder->path);
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..")) {
		status = gb_fail(err, GB_USAGE, "%s: the name of a folder to make is wanted", path);
		goto failed;
	}
	if ((status = replaceable(folder->path, marker, err)))
		goto failed;
	status = GB_SYSTEM;
	folder->temporary = gb_format(err, "%.*s.%s.XXXXXX", (int)(name - folder->path), folder->path, name);
	if (!folder->temporary)
		goto failed;
	if ((folder->slot = gb_temporary_make(folder->temporary, NULL, path, err)) < 0) {
		free(folder->temporary);
		folder->temporary = NULL;
		goto failed;
	}
	return GB_OK;
failed:
	gb_folder_abort(folder);
	return status;
}

static int sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed;

	if (fd < 0)
		return -1;
	failed = fsync(fd);
	close(fd);
	return failed;
}

static void sync_parent(const char *path)
{
	char *parent = gb_format(NULL, "%.*s", (int)(gb_base_name(path) - path), path);

	if (parent)
		(void)sync_path(*parent ? parent : ".");
	free(parent);
}

gb_status gb_folder_commit(gb_folder *folder, gb_err *err)
{
	mode_t mask = umask(0);
	gb_status status = GB_OK;
	bool replaced = false;

	umask(mask);
	if (chmod(folder->temporary, 0777 & ~mask) || sync_path(folder->temporary))
		status = gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be written", folder->path);
	else if (rename(folder->temporary, folder->path)) { /* works where there is none, or an empty one */
		replaced = !renameat2(AT_FDCWD, folder->temporary, AT_FDCWD, folder->path, RENAME_EXCHANGE);
		if (!replaced)
			status =
			    gb_fail_errno(err, GB_SYSTEM, errno,
			                  "%s: the folder that is there cannot be replaced in one step here: "
			                  "remove it first",
			                  folder->path);
	}
	if (!status) {
		sync_parent(folder->path);
		if (replaced) /* a leftover at worst: what was asked for is in place */
			(void)!gb_folder_remove(folder->temporary, NULL);
		free(folder->temporary);
		folder->temporary = NULL;
		gb_temporary_forget(folder->slot);
	}
	gb_folder_abort(folder);
	return status;
}

void gb_folder_abort(gb_folder *folder)
{
	if (!folder->path)
		return;
	if (folder->temporary) {
		(void)!gb_folder_remove(folder->temporary, NULL);
		gb_temporary_forget(folder->slot);
	}
	free(folder->temporary);
	free(folder->path);
	memset(folder, 0, sizeof *folder);
	folder->slot = -1;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
	(void)info;
	(void)type;
	(void)at;
	(void)remove(path); /* what stays makes the folder stay, which is then said */
	return 0;
}

gb_status gb_folder_remove(const char *path, gb_err *err)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	if (access(path, F_OK) == 0)
		return gb_fail(err, GB_SYSTEM, "%s: cannot be removed", path);
	return GB_OK;
}
