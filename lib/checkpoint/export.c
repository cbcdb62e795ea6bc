/* SPDX-License-Identifier: MIT */
#include "checkpoint/export.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "io/file.h"
#include "tensor/tensor_file.h"

static bool is_weight(const gb_tensor *tensor)
{
	static const char *const training[] = {"optimiser.", "start.", "state."};

	for (size_t i = 0; i < sizeof training / sizeof *training; i++)
		if (!strncmp(tensor->name, training[i], strlen(training[i])))
			return false;
	return tensor->dtype == GB_F32;
}

/* The entry of TENSOR, whose data begin at *OFFSET and end where that is afterwards. */
static gb_json *tensor_entry(const gb_tensor *tensor, size_t *offset)
{
	gb_json *entry = gb_json_object(), *shape = gb_json_array(), *offsets = gb_json_array();

	for (int d = 0; d < tensor->rank; d++)
		gb_json_append(shape, gb_json_integer(tensor->shape[d]));
	gb_json_append(offsets, gb_json_integer((int64_t)*offset));
	*offset += tensor->bytes;
	gb_json_append(offsets, gb_json_integer((int64_t)*offset));
	gb_json_set(entry, "dtype", gb_json_string("F32"));
	gb_json_set(entry, "shape", shape);
	gb_json_set(entry, "data_offsets", offsets);
	return entry;
}

static char *export_header(const gb_tensor_file *file, gb_err *err)
{
	gb_json *header = gb_json_object();
	size_t offset = 0;
	char *dump;

	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const gb_tensor *tensor = gb_tensor_file_at(file, i);

		if (is_weight(tensor))
			gb_json_set(header, tensor->name, tensor_entry(tensor, &offset));
	}
	dump = gb_json_dump(header);
	gb_json_free(header);
	if (!dump)
		gb_fail(err, GB_SYSTEM, "export: memory is short");
	return dump;
}

/* The length of the header, padded with blanks to a multiple of 8, and the header. */
static gb_status write_header(gb_output *output, const char *header, gb_err *err)
{
	static const char blanks[] = "        ";
	size_t length = strlen(header), pad = (8 - length % 8) % 8;
	uint64_t size = length + pad; /* little-endian, as every machine we run on */
	gb_status status = gb_output_write(output, &size, 8, err);

	if (status == GB_OK)
		status = gb_output_write(output, header, length, err);
	return status == GB_OK ? gb_output_write(output, blanks, pad, err) : status;
}

gb_status gb_export_weights(const char *path, const char *out, gb_err *err)
{
	gb_tensor_file *file = NULL;
	gb_json *description = NULL;
	gb_output output = {0};
	char *header = NULL;
	gb_status status;

	GB_TRY(gb_checkpoint_open(&file, &description, path, err));
	header = export_header(file, err);
	GB_TRY(header ? GB_OK : GB_SYSTEM);
	GB_TRY(gb_tensor_file_verify(file, NULL, NULL, err));
	GB_TRY(gb_output_open(&output, out, true, err));
	GB_TRY(write_header(&output, header, err));
	for (size_t i = 0; i < gb_tensor_file_count(file); i++) {
		const gb_tensor *tensor = gb_tensor_file_at(file, i);

		if (is_weight(tensor))
			GB_TRY(gb_output_write(&output, tensor->data, tensor->bytes, err));
	}
	status = gb_output_commit(&output, err);
done:
	gb_output_abort(&output);
	free(header);
	gb_json_free(description);
	gb_tensor_file_close(file);
	return status;
}
