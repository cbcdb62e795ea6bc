/* SPDX-License-Identifier: MIT */
#include "io/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"
#include "io/temporary.h"

static gb_status copy(const char *from, const char *to, gb_err *err)
{
	gb_input input;
	gb_status status = gb_input_open(&input, from, err);

	if (status)
		return status;
	status = gb_output_whole(to, input.data, input.size, err);
	gb_input_close(&input);
	return status;
}

gb_status gb_file_link(const char *from, const char *to, gb_err *err)
{
	const char *name = gb_base_name(to);
	char *temporary = gb_format(err, "%.*s.%s.XXXXXX", (int)(name - to), to, name);
	int fd, slot = -1;
	struct stat info;
	gb_status status = GB_SYSTEM;

	if (!temporary)
		return GB_SYSTEM;
	if (stat(to, &info) == 0 && S_ISDIR(info.st_mode)) {
		status = gb_fail(err, GB_USAGE, "%s: is a folder, a file name is wanted after -o", to);
		goto out;
	}
	if (stat(to, &info) == 0 && !S_ISREG(info.st_mode)) {
		status = copy(from, to, err);
		goto out;
	}
	if ((slot = gb_temporary_make(temporary, &fd, to, err)) < 0)
		goto out;
	close(fd);
	if (unlink(temporary) || linkat(AT_FDCWD, from, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW))
		status = copy(from, to, err);
	else
		status = rename(temporary, to)
		             ? gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be put in place", to)
		             : GB_OK;
	unlink(temporary); /* rename does nothing where both are the same file already */
	gb_temporary_forget(slot);
out:
	free(temporary);
	return status;
}
