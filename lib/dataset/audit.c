/* SPDX-License-Identifier: MIT */
#include "dataset/audit.h"

#include <sys/stat.h>

#include "dataset/set.h"

static gb_status audit_file(const char *path, gb_pool *pool, gb_err *err)
{
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open(&file, path, err);

	if (status)
		return status;
	if (!gb_tensor_file_id(file))
		status = gb_fail(err, GB_DATA, "%s: a foreign file, without checksums", path);
	else
		status = gb_tensor_file_verify(file, NULL, pool, err);
	gb_tensor_file_close(file);
	return status;
}

gb_status gb_audit(const char *path, gb_pool *pool, gb_err *err)
{
	gb_dataset *set;
	struct stat info;
	gb_status status;

	if (stat(path, &info) || !S_ISDIR(info.st_mode))
		return audit_file(path, pool, err);
	status = gb_dataset_open(&set, path, err);
	if (status)
		return status;
	status = gb_tensor_file_verify(set->index, NULL, pool, err);
	for (size_t i = 0; !status && i < set->members; i++)
		status = gb_tensor_file_verify(set->member[i].file, NULL, pool, err);
	gb_dataset_close(set);
	return status;
}
