/* SPDX-License-Identifier: MIT */
/* What a command's result depends on, as one key. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/size.h"
#include "memo/memo_key.h"
#include "dataset/set.h"
#include "io/file.h"

enum { FOLDER_DEPTH = 8 };

static bool ends_with(const char *text, const char *tail)
{
	size_t n = strlen(text), m = strlen(tail);

	return n >= m && !strcmp(text + n - m, tail);
}

static gb_status know(gb_memo_key *key, const char *hash, gb_err *err)
{
	gb_status status = gb_grow(&key->known, key->knowns + 1, sizeof *key->known, err);

	if (!status && !(key->known[key->knowns] = gb_string(hash, err)))
		status = GB_SYSTEM;
	if (!status)
		key->knowns++;
	return status;
}

/* A file of the profile is known by its checksums, which stand for all its bytes; false if it is none. */
static bool profile_content(gb_memo_key *key, const char *path, char text[GB_HASH_TEXT], gb_status *status,
                            gb_err *err)
{
	gb_member member = {.path = (char *)path};
	bool good = ends_with(path, ".safetensors") && !gb_member_open(&member, path, NULL) &&
	            gb_tensor_file_id(member.file);

	if (good) {
		gb_hash_format(member.content, text);
		*status = know(key, gb_tensor_file_id(member.file), err);
	}
	gb_member_close(&member);
	return good;
}

static gb_status file_content(gb_memo_key *key, const char *path, char text[GB_HASH_TEXT], gb_err *err)
{
	gb_status status = GB_OK;
	uint64_t bytes;
	gb_hash hash;

	if (profile_content(key, path, text, &status, err))
		return status;
	status = gb_hash_file(path, &hash, &bytes, err);
	gb_hash_format(hash, text);
	return status ? status : know(key, text, err);
}

static gb_status content(gb_memo_key *key, const char *path, int depth, char text[GB_HASH_TEXT], gb_err *err);

/* A folder: the hash of its names and their content, in order. */
static gb_status folder_content(gb_memo_key *key, const char *path, int depth, char text[GB_HASH_TEXT],
                                gb_err *err)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	gb_json *list = gb_json_object();
	gb_status status = count < 0 || depth > FOLDER_DEPTH
	                       ? gb_fail(err, GB_USAGE, "%s: cannot be listed", path)
	                       : GB_OK;
	char *dump;

	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		char *inner = NULL, hash[GB_HASH_TEXT];

		if (!status && strcmp(name, ".") && strcmp(name, "..")) {
			inner = gb_format(err, "%s/%s", path, name);
			status = inner ? content(key, inner, depth + 1, hash, err) : GB_SYSTEM;
			if (!status && !gb_json_set(list, name, gb_json_string(hash)))
				status = gb_fail(err, GB_DATA, "%s/%s: its name is not UTF-8", path, name);
		}
		free(inner);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	dump = status ? NULL : gb_json_dump(list);
	if (dump)
		gb_hash_format(gb_hash_of(dump, strlen(dump)), text);
	else if (!status)
		status = gb_fail(err, GB_SYSTEM, "memory is short");
	free(dump);
	gb_json_free(list);
	return status;
}

static gb_status content(gb_memo_key *key, const char *path, int depth, char text[GB_HASH_TEXT], gb_err *err)
{
	struct stat info;

	if (stat(path, &info)) {
		strcpy(text, "missing");
		return GB_OK;
	}
	if (info.st_mtim.tv_sec > key->newest)
		key->newest = info.st_mtim.tv_sec;
	if (S_ISDIR(info.st_mode))
		return folder_content(key, path, depth, text, err);
	if (S_ISREG(info.st_mode))
		return file_content(key, path, text, err);
	return gb_fail(err, GB_USAGE,
	               "%s: memo wants files: what comes from a pipe or a device has no content to go by",
	               path);
}

/* What tools find beside a NIfTI by themselves: its sidecar, the other half of a pair. */
static gb_status add_beside(gb_memo_key *key, const char *path, gb_json *about, gb_err *err)
{
	static const char *const images[] = {".nii.gz", ".nii", ".hdr", ".img", ".hdr.gz", ".img.gz"};
	static const char *const beside[] = {".json", ".hdr", ".img", ".hdr.gz", ".img.gz"};
	char hash[GB_HASH_TEXT];
	size_t i = 0, k;

	while (i < sizeof images / sizeof *images && !ends_with(path, images[i]))
		i++;
	if (i == sizeof images / sizeof *images)
		return GB_OK;
	for (k = 0; k < sizeof beside / sizeof *beside; k++) {
		char *other = gb_format(err, "%.*s%s", (int)(strlen(path) - strlen(images[i])), path,
		                        beside[k]);
		gb_status status = other ? content(key, other, 0, hash, err) : GB_SYSTEM;

		free(other);
		if (status)
			return status;
		if (strcmp(hash, "missing") && !gb_json_set(about, beside[k], gb_json_string(hash)))
			return gb_fail(err, GB_SYSTEM, "memory is short");
	}
	return GB_OK;
}

/* One argument (or variable): itself, or, where it names what exists, its name and content. */
static gb_status add_word(gb_memo_key *key, gb_json *list, const char *word, gb_err *err)
{
	const char *equals = strchr(word, '='), *path = word;
	char hash[GB_HASH_TEXT], *name;
	struct stat info;
	gb_json *about;
	gb_status status;

	if (*word == '-' || stat(word, &info))
		path = equals && equals[1] && !stat(equals + 1, &info) ? equals + 1 : NULL;
	if (!path) {
		about = gb_json_string(word);
		return about && gb_json_append(list, about) ? GB_OK
		                                            : gb_fail(err, GB_USAGE, "%s: not UTF-8", word);
	}
	status = content(key, path, 0, hash, err);
	if (status)
		return status;
	about = gb_json_object();
	name = gb_format(err, "%.*s%s", (int)(path - word), word, gb_base_name(path));
	status = name && gb_json_set(about, "name", gb_json_string(name)) &&
	                 gb_json_set(about, "content", gb_json_string(hash))
	             ? add_beside(key, path, about, err)
	             : gb_fail(err, GB_USAGE, "%s: not UTF-8", word);
	free(name);
	if (status) {
		gb_json_free(about);
		return status;
	}
	return gb_json_append(list, about) ? GB_OK : gb_fail(err, GB_SYSTEM, "memory is short");
}

/* How many of ARG[0…] say nothing about the result; −1: GB_USAGE. */
static int idle_words(char *const *arg, gb_err *err)
{
	static const char *const flags[] = {"-q", "-v", "--quiet", "--verbose"};

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (!strcmp(*arg, flags[i]))
			return 1;
	if (!strcmp(*arg, "-j") || !strcmp(*arg, "--threads"))
		return arg[1] ? 2 : 1;
	if ((!strncmp(*arg, "-j", 2) && arg[0][2] >= '0' && arg[0][2] <= '9') ||
	    !strncmp(*arg, "--threads=", 10))
		return 1;
	if (!strncmp(*arg, "-o", 2) || !strcmp(*arg, "--output") || !strncmp(*arg, "--output=", 9)) {
		(void)!gb_fail(err, GB_USAGE, "%s: give -o to memo, before the --, not to the command", *arg);
		return -1;
	}
	if (!strcmp(*arg, "-")) {
		(void)!gb_fail(err, GB_USAGE,
		               "-: memo wants files: what comes from standard input has no content to go by");
		return -1;
	}
	return 0;
}

/* The program that PATH finds, as execvp would. */
static gb_status find_program(const gb_memo *memo, gb_memo_key *key, gb_err *err)
{
	const char *name = memo->command[0], *at = memo->path ? memo->path : "/usr/local/bin:/usr/bin:/bin";

	if (!name || strncmp(gb_base_name(name), "gb-", 3))
		return gb_fail(err, GB_USAGE,
		               "%s: memo runs gb- commands: their results depend on their inputs alone",
		               name ? name : "memo --");
	if (strchr(name, '/')) {
		key->program = gb_string(name, err);
		return key->program ? GB_OK : GB_SYSTEM;
	}
	while (*at) {
		size_t length = strcspn(at, ":");

		free(key->program);
		if (!(key->program = gb_format(err, "%.*s/%s", length ? (int)length : 1, length ? at : ".",
		                               name)))
			return GB_SYSTEM;
		if (access(key->program, X_OK) == 0)
			return GB_OK;
		at += length + (at[length] == ':');
	}
	return gb_fail(err, GB_USAGE, "%s: no such program in PATH", name);
}

/* The shared libraries PROGRAM would load, as the dynamic loader lists them: each by size and time, which
 * an upgrade changes.  What is linked statically lists none. */
static gb_status add_libraries(gb_memo_key *key, gb_json *libraries, gb_err *err)
{
	static char variable[] = "LD_TRACE_LOADED_OBJECTS=1";
	char *argv[] = {key->program, NULL}, *environment[] = {variable, NULL}, line[4096];
	int ends[2], state;
	pid_t child;
	FILE *in;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0)
		return gb_fail(err, GB_SYSTEM, "%s: cannot be started", key->program);
	if (child == 0) {
		int null = open("/dev/null", O_RDWR);

		if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(ends[1], STDOUT_FILENO) >= 0 &&
		    dup2(null, STDERR_FILENO) >= 0)
			execve(key->program, argv, environment);
		_exit(127);
	}
	close(ends[1]);
	in = fdopen(ends[0], "r");
	while (in && fgets(line, sizeof line, in)) {
		char *path = strstr(line, "=> "), *end = path ? strstr(path, " (") : NULL, *about;
		struct stat info;

		if (!end)
			continue;
		*end = 0;
		path += 3;
		if (stat(path, &info) || !(about = gb_format(NULL, "%lld %lld", (long long)info.st_size,
		                                             (long long)info.st_mtim.tv_sec)))
			continue;
		(void)!gb_json_set(libraries, gb_base_name(path), gb_json_string(about));
		free(about);
	}
	if (in)
		fclose(in);
	while (waitpid(child, &state, 0) < 0 && errno == EINTR)
		;
	return in ? GB_OK : gb_fail(err, GB_SYSTEM, "memory is short");
}

static gb_status describe(const gb_memo *memo, gb_memo_key *key, gb_json *words, gb_json *variables,
                          gb_err *err)
{
	gb_status status = GB_OK;
	int skip;

	for (char *const *arg = memo->command + 1; !status && *arg; arg += skip) {
		if ((skip = idle_words(arg, err)) < 0)
			return GB_USAGE;
		if (skip == 0) {
			status = add_word(key, words, *arg, err);
			skip = 1;
		}
	}
	for (const char *const *v = memo->variable; !status && v && *v; v++)
		status = add_word(key, variables, *v, err);
	return status;
}

gb_status gb_memo_key_of(const gb_memo *memo, gb_memo_key *key, gb_err *err)
{
	gb_json *words = gb_json_array(), *variables = gb_json_array(), *libraries = gb_json_object();
	const char *name = memo->out ? gb_base_name(memo->out) : "",
		   *dot = strchr(*name == '.' ? name + 1 : name, '.');
	char program[GB_HASH_TEXT], *dump = NULL;
	gb_status status;
	bool good;

	memset(key, 0, sizeof *key);
	key->about = gb_json_object();
	status = find_program(memo, key, err);
	if (!status)
		status = content(key, key->program, 0, program, err);
	if (!status)
		status = add_libraries(key, libraries, err);
	if (!status)
		status = describe(memo, key, words, variables, err);
	good = gb_json_set(key->about, "libraries", libraries);
	good = gb_json_set(key->about, "command", words) && good;
	good = gb_json_set(key->about, "variables", variables) && good;
	if (!status &&
	    (!good || !gb_json_set(key->about, "program", gb_json_string(gb_base_name(key->program))) ||
	     !gb_json_set(key->about, "program_xxh3", gb_json_string(program)) ||
	     !gb_json_set(key->about, "class", gb_json_string(gb_cpu_name())) ||
	     !gb_json_set(key->about, "extension", gb_json_string(dot ? dot : "")) ||
	     !(dump = gb_json_dump(key->about))))
		status = gb_fail(err, GB_SYSTEM, "memory is short");
	if (!status)
		gb_hash_format(gb_hash_of(dump, strlen(dump)), key->text);
	free(dump);
	if (status)
		gb_memo_key_clear(key);
	return status;
}

void gb_memo_key_clear(gb_memo_key *key)
{
	for (size_t i = 0; i < key->knowns; i++)
		free(key->known[i]);
	free(key->known);
	free(key->program);
	gb_json_free(key->about);
	memset(key, 0, sizeof *key);
}
