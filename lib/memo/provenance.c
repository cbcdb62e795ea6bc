/* SPDX-License-Identifier: MIT */
#include "memo/provenance.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "dataset/set.h"
#include "memo/memo_store.h"
#include "tensor/tensor_file.h"

enum { DEPTH = 64 };

typedef struct place { char *id, *path; } place;

typedef struct tracing {
	place *place; /* tensor files by id */
	size_t places;
	gb_provenance_line *line;
	void *context;
} tracing;

static gb_status remember(tracing *t, const char *path, gb_err *err)
{
	gb_tensor_file *file;
	gb_status status = GB_OK;

	if (gb_tensor_file_open(&file, path, NULL))
		return GB_OK;
	if (gb_tensor_file_id(file)) {
		status = gb_grow(&t->place, t->places + 1, sizeof *t->place, err);
		if (!status) {
			place *p = &t->place[t->places++];

			p->id = gb_string(gb_tensor_file_id(file), err);
			p->path = gb_string(path, err);
			status = p->id && p->path ? GB_OK : GB_SYSTEM;
		}
	}
	gb_tensor_file_close(file);
	return status;
}

/* Every tensor file of FOLDER; of those with one id the first by name is taken. */
static gb_status scan(tracing *t, const char *folder, gb_err *err)
{
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);
	gb_status status = GB_OK;

	for (int i = 0; i < count; i++) {
		const char *dot = strrchr(names[i]->d_name, '.');
		char *path = NULL;

		if (!status && names[i]->d_name[0] != '.' && dot && !strcmp(dot, ".safetensors")) {
			path = gb_format(err, "%s/%s", folder, names[i]->d_name);
			status = path ? remember(t, path, err) : GB_SYSTEM;
		}
		free(path);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return status;
}

static gb_status scan_store(tracing *t, const char *store, gb_err *err)
{
	gb_store_entry *entries;
	size_t count;
	gb_status status = gb_store_list(store, &entries, &count, err);

	for (size_t i = 0; !status && i < count; i++)
		if (gb_json_get(gb_json_get(entries[i].about, "output"), "id"))
			status = remember(t, entries[i].file, err);
	gb_store_list_free(entries, count);
	return status;
}

static gb_status trace(tracing *t, const char *path, const char *role, int depth, gb_err *err);

static gb_status say(tracing *t, int depth, const char *role, const char *text, gb_err *err)
{
	char *line = gb_format(err, "%s%s%s", role ? role : "", role ? ": " : "", text);

	if (!line)
		return GB_SYSTEM;
	t->line(t->context, depth, line);
	free(line);
	return GB_OK;
}

static gb_status trace_input(tracing *t, const char *role, const gb_json *input, int depth, gb_err *err)
{
	const char *id = gb_json_text(gb_json_get(input, "id")),
		   *name = gb_json_text(gb_json_get(input, "name"));
	const char *hash = gb_json_text(gb_json_get(input, "xxh3"));
	int64_t bytes = 0;
	char *text;
	gb_status status;

	for (size_t i = 0; id && i < t->places; i++)
		if (!strcmp(t->place[i].id, id))
			return trace(t, t->place[i].path, role, depth, err);
	(void)!gb_json_read_integer(gb_json_get(input, "bytes"), &bytes);
	if (id)
		text = gb_format(err, "id %s, not found (name the folder it is in)", id);
	else if (hash)
		text = gb_format(err, "%s, %lld bytes, xxh3 %s", name ? name : "without a name",
		                 (long long)bytes, hash);
	else
		text = gb_format(err, "%s", name ? name : "from a pipe");
	status = text ? say(t, depth, role, text, err) : GB_SYSTEM;
	free(text);
	return status;
}

/* "PATH = gb-tool 0.1.0 key=value …  [id]" */
static gb_status describe(tracing *t, const gb_tensor_file *file, const char *path, const char *role,
                          int depth, gb_err *err)
{
	const gb_json *params = gb_json_get(gb_tensor_file_profile(file), "params");
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	gb_status status;

	if (!out)
		return gb_fail(err, GB_SYSTEM, "memory is short");
	fprintf(out, "%s = %s", path, gb_tensor_file_tool(file));
	for (void *it = gb_json_first(params); it; it = gb_json_next(params, it)) {
		const gb_json *value = gb_json_value(it);
		char *dump = gb_json_text(value) ? gb_string(gb_json_text(value), err) : gb_json_dump(value);

		fprintf(out, " %s=%s", gb_json_key(it), dump ? dump : "?");
		free(dump);
	}
	fprintf(out, "  [%s]", gb_tensor_file_id(file));
	if (fclose(out))
		return gb_fail(err, GB_SYSTEM, "memory is short");
	status = say(t, depth, role, text, err);
	free(text);
	return status;
}

static gb_status trace(tracing *t, const char *path, const char *role, int depth, gb_err *err)
{
	gb_tensor_file *file;
	const gb_json *inputs;
	gb_status status = gb_tensor_file_open(&file, path, err);

	if (status)
		return status;
	if (!gb_tensor_file_id(file)) {
		status = say(t, depth, role, path, err);
		if (!status)
			status = say(t, depth + 1, NULL,
			             "not made by giblet: it says nothing of where it is from", err);
	} else {
		status = describe(t, file, path, role, depth, err);
	}
	inputs = gb_json_get(gb_tensor_file_profile(file), "inputs");
	for (void *it = gb_json_first(inputs); !status && it && depth < DEPTH; it = gb_json_next(inputs, it))
		status = trace_input(t, gb_json_key(it), gb_json_value(it), depth + 1, err);
	gb_tensor_file_close(file);
	return status;
}

gb_status gb_provenance(const char *path, const char *const *folder, size_t folders, const char *store,
                        gb_provenance_line *line, void *context, gb_err *err)
{
	tracing t = {.line = line, .context = context};
	struct stat info;
	bool set = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
	char *file = set ? gb_format(err, "%s/%s", path, GB_SET_INDEX) : gb_string(path, err);
	const char *name = gb_base_name(path);
	char *beside = name == path ? gb_string(".", err) : gb_format(err, "%.*s.", (int)(name - path), path);
	gb_status status = file && beside ? scan(&t, beside, err) : GB_SYSTEM;

	if (!status && set)
		status = scan(&t, path, err);
	for (size_t i = 0; !status && i < folders; i++)
		status = scan(&t, folder[i], err);
	if (!status && store)
		status = scan_store(&t, store, err);
	if (!status)
		status = trace(&t, file, NULL, 0, err);
	for (size_t i = 0; i < t.places; i++) {
		free(t.place[i].id);
		free(t.place[i].path);
	}
	free(t.place);
	free(file);
	free(beside);
	return status;
}
