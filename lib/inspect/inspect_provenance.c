/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_provenance.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "inspect/inspect_tensor.h"
#include "inspect/text_table.h"

enum { DEEPEST = 32, MOST = 4096 };

/* The tensor files of the folders. */
typedef struct shelf {
	gb_tensor_file **file;
	size_t files;
} shelf;

static bool is_tensor_file(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && length > 12 && !strcmp(name + length - 12, ".safetensors");
}

/* Open the tensor files of FOLDER; files that cannot be opened are left out. */
static gb_status add_folder(shelf *s, const char *folder, gb_err *err)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;
	gb_status status = GB_OK;

	while (directory && !status && s->files < MOST && (entry = readdir(directory))) {
		gb_tensor_file *file = NULL;
		struct stat info;
		char *path;
		if (!is_tensor_file(entry->d_name))
			continue;
		path = gb_format(err, strcmp(folder, ".") ? "%s/%s" : "%.0s%s", folder, entry->d_name);
		if (!path)
			status = GB_SYSTEM;
		else if (!stat(path, &info) && S_ISREG(info.st_mode) &&
		         !gb_tensor_file_open(&file, path, NULL) && gb_tensor_file_id(file)) {
			status = gb_grow(&s->file, s->files + 1, sizeof(gb_tensor_file *), err);
			if (!status)
				s->file[s->files++] = file, file = NULL;
		}
		gb_tensor_file_close(file);
		free(path);
	}
	if (directory)
		closedir(directory);
	return status;
}

static const gb_tensor_file *find_by_id(const shelf *s, const char *id)
{
	for (size_t i = 0; i < s->files; i++)
		if (!strcmp(gb_tensor_file_id(s->file[i]), id))
			return s->file[i];
	return NULL;
}

static void print_params(FILE *out, const gb_json *params)
{
	for (void *it = gb_json_first(params); it; it = gb_json_next(params, it)) {
		char *text = gb_inspect_value_text(gb_json_value(it));
		if (text && *text && strcmp(text, "null") != 0)
			fprintf(out, " %s=%.80s%s", gb_json_key(it), text, strlen(text) > 80 ? "…" : "");
		free(text);
	}
}

static void print_node(FILE *out, const shelf *s, const gb_tensor_file *file, char *indent, size_t depth);

static void print_input(FILE *out, const shelf *s, const char *role, const gb_json *input, char *indent,
                        size_t depth)
{
	const char *id = gb_json_text(input) ? gb_json_text(input) : gb_json_text(gb_json_get(input, "id"));
	const char *name = gb_json_text(gb_json_get(input, "name")),
		   *hash = gb_json_text(gb_json_get(input, "xxh3"));
	const gb_tensor_file *made = id ? find_by_id(s, id) : NULL;
	int64_t bytes;

	fprintf(out, "%s: ", role);
	if (made && depth < DEEPEST) {
		print_node(out, s, made, indent, depth + 1);
		return;
	}
	if (id)
		fprintf(out, "id %s (its file is not at hand)\n", id);
	else if (gb_json_read_integer(gb_json_get(input, "bytes"), &bytes))
		fprintf(out, "%s, %lld bytes, xxh3 %s\n", name ? name : "standard input", (long long)bytes,
		        hash ? hash : "not known");
	else
		fprintf(out, "%s\n", name ? name : "standard input");
}

/* The rest of a line that was begun, then a branch for each input. */
static void print_node(FILE *out, const shelf *s, const gb_tensor_file *file, char *indent, size_t depth)
{
	const gb_json *inputs = gb_json_get(gb_tensor_file_profile(file), "inputs");
	size_t left = gb_json_size(inputs), length = strlen(indent);

	fprintf(out, "%s\n%s%s%s", gb_tensor_file_name(file), indent, left ? "│ " : "  ",
	        gb_tensor_file_tool(file));
	print_params(out, gb_json_get(gb_tensor_file_profile(file), "params"));
	fputc('\n', out);
	for (void *it = gb_json_first(inputs); it; it = gb_json_next(inputs, it)) {
		left--;
		fprintf(out, "%s%s", indent, left ? "├─ " : "└─ ");
		strcpy(indent + length, left ? "│  " : "   ");
		print_input(out, s, gb_json_key(it), gb_json_value(it), indent, depth);
		indent[length] = 0;
	}
}

gb_status gb_inspect_provenance(FILE *out, const gb_tensor_file *file, const char *const *folders,
                                int count, gb_err *err)
{
	char indent[(DEEPEST + 2) * 8] = "", *page = NULL;
	size_t size;
	shelf s = {0};
	gb_status status = GB_OK;
	FILE *text;

	if (!gb_tensor_file_id(file)) {
		fprintf(out, "%s: a foreign safetensors file: it does not say how it was made\n",
		        gb_tensor_file_name(file));
		return GB_OK;
	}
	for (int i = 0; !status && i < count; i++)
		status = add_folder(&s, folders[i], err);
	text = status ? NULL : open_memstream(&page, &size);
	if (text) {
		print_node(text, &s, file, indent, 0);
		if (fclose(text) == 0) /* names come from files: lines stay, other control characters go */
			for (char *line = page, *end; (end = strchr(line, '\n')); line = end + 1) {
				*end = 0;
				fprintf(out, "%s\n", gb_text_table_clean(line));
			}
	} else if (!status) {
		status = gb_fail(err, GB_SYSTEM, "out of memory");
	}
	free(page);
	for (size_t i = 0; i < s.files; i++)
		gb_tensor_file_close(s.file[i]);
	free(s.file);
	return status;
}
