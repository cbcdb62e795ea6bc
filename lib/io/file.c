/* SPDX-License-Identifier: MIT */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "io/temporary.h"

static char spool_folder[PATH_MAX] = "/tmp";

const char *gb_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void gb_spool_folder(const char *folder)
{
	if (folder && *folder && strlen(folder) < sizeof spool_folder - 32)
		strcpy(spool_folder, folder);
}

gb_status gb_spool_open(int *descriptor, gb_err *err)
{
	char path[PATH_MAX];

	strcpy(path, spool_folder);
	strcat(path, "/.giblet-spool.XXXXXX");
	*descriptor = mkostemp(path, O_CLOEXEC);
	if (*descriptor < 0)
		return gb_fail_errno(err, GB_SYSTEM, errno, "%s: no temporary file can be made (set TMPDIR)",
		                     spool_folder);
	unlink(path);
	return GB_OK;
}

gb_status gb_write_all(int descriptor, const void *data, size_t size, const char *name, gb_err *err)
{
	const char *at = data;

	while (size) {
		ssize_t wrote = write(descriptor, at, size < (1u << 30) ? size : 1u << 30);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return gb_fail_errno(err, GB_SYSTEM, wrote ? errno : ENOSPC, "%s: cannot be written",
			                     name);
		at += wrote;
		size -= (size_t)wrote;
	}
	return GB_OK;
}

/* Copy what comes from DESCRIPTOR to an unlinked temporary; *SPOOL its descriptor. */
static gb_status spool(int descriptor, const char *name, int *spooled, gb_err *err)
{
	enum { BLOCK = 1 << 18 };
	char *buffer = NULL;
	gb_status status = gb_spool_open(spooled, err);
	ssize_t got;

	if (status != GB_OK)
		return status;
	if (!(buffer = gb_array(BLOCK, 1, err)))
		return GB_SYSTEM;
	while (status == GB_OK &&
	       ((got = read(descriptor, buffer, BLOCK)) > 0 || (got < 0 && errno == EINTR)))
		if (got > 0)
			status = gb_write_all(*spooled, buffer, (size_t)got,
			                      "temporary copy of the input (in TMPDIR)", err);
	if (status == GB_OK && got < 0)
		status = gb_fail_errno(err, GB_USAGE, errno, "%s: cannot be read", name);
	free(buffer);
	return status;
}

void gb_input_pass(const gb_input *input, size_t offset)
{
	if (input->map)
		(void)!madvise(input->map, offset & ~(size_t)0xffff, MADV_DONTNEED);
}

gb_status gb_input_open(gb_input *input, const char *path, gb_err *err)
{
	bool is_stdin = !strcmp(path, "-");
	const char *name = is_stdin ? "standard input" : path;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC), spooled = -1;
	gb_status status = GB_OK;
	struct stat info;

	memset(input, 0, sizeof *input);
	if (fd < 0 || fstat(fd, &info) != 0) {
		status = gb_fail_errno(err, GB_USAGE, errno, "%s", name);
		goto done;
	}
	if (S_ISDIR(info.st_mode)) {
		status = gb_fail(err, GB_USAGE, "%s: is a folder, a file is wanted", name);
		goto done;
	}
	input->from_pipe = is_stdin || !S_ISREG(info.st_mode);
	if (!S_ISREG(info.st_mode) || (is_stdin && lseek(fd, 0, SEEK_CUR) != 0)) {
		if ((status = spool(fd, name, &spooled, err)) != GB_OK)
			goto done;
		if (fstat(spooled, &info) != 0) {
			status = gb_fail_errno(err, GB_SYSTEM, errno, "%s", name);
			goto done;
		}
	}
	if (!(input->name = gb_string(name, err))) {
		status = GB_SYSTEM;
		goto done;
	}
	input->size = (size_t)info.st_size;
	input->data = (const uint8_t *)"";
	if (input->size) {
		input->map = mmap(NULL, input->size, PROT_READ, MAP_PRIVATE, spooled >= 0 ? spooled : fd, 0);
		if (input->map == MAP_FAILED) {
			input->map = NULL;
			status = gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be mapped", name);
			goto done;
		}
		input->map_size = input->size;
		input->data = input->map;
	}
done:
	if (fd >= 0)
		close(fd);
	if (spooled >= 0)
		close(spooled);
	if (status != GB_OK)
		gb_input_close(input);
	return status;
}

void gb_input_close(gb_input *input)
{
	if (input->map)
		munmap(input->map, input->map_size);
	free((char *)input->name);
	memset(input, 0, sizeof *input);
}

/* `.<name>.XXXXXX` beside PATH. */
static char *temporary_beside(const char *path, gb_err *err)
{
	const char *name = gb_base_name(path);

	return gb_format(err, "%.*s.%s.XXXXXX", (int)(name - path), path, name);
}

gb_status gb_output_open(gb_output *output, const char *path, bool binary, gb_err *err)
{
	bool is_stdout = !path || !strcmp(path, "-");
	struct stat info;
	gb_status status = GB_SYSTEM;
	mode_t mask;

	memset(output, 0, sizeof *output);
	output->descriptor = output->slot = -1;
	if (!(output->name = gb_string(is_stdout ? "standard output" : path, err)))
		return GB_SYSTEM;
	if (is_stdout) {
		if (binary && isatty(STDOUT_FILENO)) {
			status =
			    gb_fail(err, GB_USAGE,
			            "standard output: refusing to write binary data to a terminal (use -o "
			            "FILE or a pipe)");
			goto failed;
		}
		if ((output->descriptor = dup(STDOUT_FILENO)) < 0) {
			gb_fail_errno(err, GB_SYSTEM, errno, "standard output");
			goto failed;
		}
		return GB_OK;
	}
	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
		status = gb_fail(err, GB_USAGE, "%s: is a folder, a file name is wanted after -o", path);
		goto failed;
	}
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
		if ((output->descriptor = open(path, O_WRONLY | O_CLOEXEC)) < 0) {
			gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be written", path);
			goto failed;
		}
		return GB_OK;
	}
	if (!(output->path = gb_string(path, err)) || !(output->temporary = temporary_beside(path, err)))
		goto failed;
	if ((output->slot = gb_temporary_make(output->temporary, &output->descriptor, path, err)) < 0) {
		free(output->temporary);
		output->temporary = NULL;
		goto failed;
	}
	output->is_file = true;
	mask = umask(0); /* mkostemp makes 0600; a plain open would obey the umask */
	umask(mask);
	(void)!fchmod(output->descriptor, 0666 & ~mask);
	return GB_OK;
failed:
	gb_output_abort(output);
	return status;
}

gb_status gb_output_write(gb_output *output, const void *data, size_t size, gb_err *err)
{
	return gb_write_all(output->descriptor, data, size, output->name, err);
}

static void sync_folder_of(const char *path)
{
	char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	int fd;

	if (slash)
		slash[slash == copy] = 0;
	if (copy && (fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0) {
		fsync(fd);
		close(fd);
	}
	free(copy);
}

gb_status gb_output_commit(gb_output *output, gb_err *err)
{
	gb_status status = GB_OK;

	if (output->is_file && fsync(output->descriptor) != 0)
		status = gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be written", output->name);
	if (close(output->descriptor) != 0 && status == GB_OK)
		status = gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be written", output->name);
	output->descriptor = -1;
	if (status == GB_OK && output->is_file) {
		if (rename(output->temporary, output->path) != 0) {
			status = gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be put in place",
			                       output->name);
		} else {
			gb_temporary_forget(output->slot);
			output->slot = -1;
			free(output->temporary);
			output->temporary = NULL;
			sync_folder_of(output->path);
		}
	}
	gb_output_abort(output);
	return status;
}

void gb_output_abort(gb_output *output)
{
	if (!output->name)
		return;
	if (output->descriptor >= 0)
		close(output->descriptor);
	if (output->temporary) {
		unlink(output->temporary);
		gb_temporary_forget(output->slot);
	}
	free(output->temporary);
	free(output->path);
	free((char *)output->name);
	memset(output, 0, sizeof *output);
	output->descriptor = output->slot = -1;
}

gb_status gb_output_whole(const char *path, const void *data, size_t size, gb_err *err)
{
	gb_output output;
	gb_status status = gb_output_open(&output, path, false, err);

	if (status != GB_OK)
		return status;
	if ((status = gb_output_write(&output, data, size, err)) != GB_OK) {
		gb_output_abort(&output);
		return status;
	}
	return gb_output_commit(&output, err);
}

gb_status gb_folder_make(const char *path, gb_err *err)
{
	char *copy = gb_string(path, err);
	struct stat info;
	gb_status status = GB_OK;

	if (!copy)
		return GB_SYSTEM;
	for (char *slash = copy + 1; *copy; slash++) {
		char kept = *slash;
		if (kept != '/' && kept)
			continue;
		*slash = 0;
		if (mkdir(copy, 0777) != 0 &&
		    (errno != EEXIST || (!kept && (stat(copy, &info) != 0 || !S_ISDIR(info.st_mode)))))
			status = gb_fail_errno(err, GB_SYSTEM, errno == EEXIST ? ENOTDIR : errno,
			                       "%s: folder cannot be made", copy);
		*slash = kept;
		if (!kept || status != GB_OK)
			break;
	}
	free(copy);
	return status;
}
