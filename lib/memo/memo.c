/* SPDX-License-Identifier: MIT */
#include "memo/memo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/size.h"
#include "memo/memo_key.h"
#include "memo/memo_store.h"
#include "io/file.h"
#include "io/folder.h"
#include "io/link.h"
#include "tensor/tensor_file.h"

/* The command with "-o OUT" at its end; the strings are borrowed. */
static char **with_output(char *const *command, char *out, gb_err *err)
{
	static char option[] = "-o";
	size_t n = 0;
	char **argv;

	while (command[n])
		n++;
	argv = gb_array(n + 3, sizeof *argv, err);
	if (argv) {
		memcpy(argv, command, n * sizeof *argv);
		argv[n] = option;
		argv[n + 1] = out;
	}
	return argv;
}

static void become(const char *program, char **argv, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* who waits for the result is gone: so is the need for it */
	if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0)
		_exit(GB_SYSTEM);
	execv(program, argv);
	_exit(127);
}

/* Run it.  What it says of itself when it fails is all there is to say. */
static gb_status run(const char *program, char *const *command, char *out, gb_err *err)
{
	char **argv = with_output(command, out, err);
	pid_t parent = getpid(), child;
	int state;

	if (!argv)
		return GB_SYSTEM;
	child = fork();
	if (child == 0)
		become(program, argv, parent);
	free(argv);
	if (child < 0)
		return gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be started", program);
	while (waitpid(child, &state, 0) < 0)
		if (errno != EINTR)
			return gb_fail_errno(err, GB_SYSTEM, errno, "%s: cannot be waited for", program);
	if (WIFSIGNALED(state))
		return gb_fail(err, GB_SYSTEM, "%s: ended by signal %d (%s)", program, WTERMSIG(state),
		               strsignal(WTERMSIG(state)));
	if (WEXITSTATUS(state) == 127)
		return gb_fail(err, GB_USAGE, "%s: cannot be started", program);
	if (WEXITSTATUS(state) != 0 && err)
		err->text[0] = 0;
	return (gb_status)WEXITSTATUS(state);
}

static bool is_known(const gb_memo_key *key, const char *hash)
{
	for (size_t i = 0; hash && i < key->knowns; i++)
		if (!strcmp(key->known[i], hash))
			return true;
	return false;
}

/* An input that the result records and the key does not cover; NULL if there is none. */
static char *uncovered(const gb_memo_key *key, const char *file, gb_err *err)
{
	gb_tensor_file *tensors;
	const gb_json *inputs;
	char *name = NULL;

	if (gb_tensor_file_open(&tensors, file, NULL))
		return NULL;
	inputs = gb_json_get(gb_tensor_file_profile(tensors), "inputs");
	for (void *it = gb_json_first(inputs); it && !name; it = gb_json_next(inputs, it)) {
		const gb_json *one = gb_json_value(it);
		const char *id = gb_json_text(gb_json_get(one, "id")),
			   *hash = gb_json_text(gb_json_get(one, "xxh3"));
		const char *what = gb_json_text(gb_json_get(one, "name"));

		if (!is_known(key, id ? id : hash))
			name = gb_format(err, "%s %s", gb_json_key(it),
			                 what ? what
			                 : id ? id
			                      : "without a name");
	}
	gb_tensor_file_close(tensors);
	return name;
}

/* about.json: what the key is made of, and what came out. */
static gb_status write_about(const gb_memo_key *key, const char *folder, const char *file, gb_err *err)
{
	char *path = gb_format(err, "%s/%s", folder, GB_STORE_ABOUT), text[GB_HASH_TEXT], *dump = NULL;
	gb_json *about = gb_json_copy(key->about), *output = gb_json_object();
	gb_tensor_file *tensors = NULL;
	uint64_t bytes;
	gb_hash hash;
	gb_status status = path ? gb_hash_file(file, &hash, &bytes, err) : GB_SYSTEM;
	bool good = !status && gb_json_set(output, "file", gb_json_string(gb_base_name(file))) &&
	            gb_json_set(output, "bytes", gb_json_integer((int64_t)bytes)) &&
	            gb_json_set(output, "xxh3", gb_json_string(gb_hash_format(hash, text)));

	if (good && !gb_tensor_file_open(&tensors, file, NULL) && gb_tensor_file_id(tensors))
		good = gb_json_set(output, "id", gb_json_string(gb_tensor_file_id(tensors)));
	gb_tensor_file_close(tensors);
	good = gb_json_set(about, "output", output) && good && (dump = gb_json_dump(about));
	if (good)
		status = gb_output_whole(path, dump, strlen(dump), err);
	else if (!status)
		status = gb_fail(err, GB_SYSTEM, "memory is short");
	gb_json_free(about);
	free(dump);
	free(path);
	return status;
}

/* Standard output, or another name of FILE; never older than what it was made from, for make's sake. */
static gb_status deliver(const gb_memo *memo, const gb_memo_key *key, const char *file, gb_err *err)
{
	gb_output output;
	gb_input input;
	struct stat info;
	gb_status status;

	if (memo->out && strcmp(memo->out, "-")) {
		if (stat(file, &info) == 0 && info.st_mtim.tv_sec <= key->newest)
			(void)!utimensat(AT_FDCWD, file, NULL, 0);
		return gb_file_link(file, memo->out, err);
	}
	status = gb_input_open(&input, file, err);
	if (status)
		return status;
	status = gb_output_open(&output, NULL, true, err);
	if (!status && !(status = gb_output_write(&output, input.data, input.size, err)))
		status = gb_output_commit(&output, err);
	gb_output_abort(&output);
	gb_input_close(&input);
	return status;
}

/* Run the command into a new entry, and deliver it. */
static gb_status make(const gb_memo *memo, const gb_memo_key *key, gb_memo_outcome *outcome, char **unnamed,
                      gb_err *err)
{
	const char *extension = gb_json_text(gb_json_get(key->about, "extension"));
	char *entry = gb_format(err, "%s/%s", memo->store, key->text), *out = NULL, *kept = NULL;
	gb_folder folder = {0};
	struct stat info;
	gb_status status = entry ? gb_folder_open(&folder, entry, GB_STORE_ABOUT, err) : GB_SYSTEM;

	if (!status && (!(out = gb_format(err, "%s/out%s", folder.temporary, extension)) ||
	                !(kept = gb_format(err, "%s/out%s", entry, extension))))
		status = GB_SYSTEM;
	if (!status)
		status = run(key->program, memo->command, out, err);
	if (!status && (stat(out, &info) || !S_ISREG(info.st_mode)))
		status = gb_fail(err, GB_USAGE,
		                 "%s: made no file at -o: memo keeps results that are one file",
		                 memo->command[0]);
	if (!status && (*unnamed = uncovered(key, out, err))) {
		*outcome = GB_MEMO_NOT_KEPT;
		status = deliver(memo, key, out, err);
		gb_folder_abort(&folder);
	} else if (!status) {
		(void)!chmod(out, info.st_mode & 0555); /* its other names share its bytes */
		status = write_about(key, folder.temporary, out, err);
		if (!status)
			status = gb_folder_commit(&folder, err);
		if (!status)
			status = deliver(memo, key, kept, err);
	}
	gb_folder_abort(&folder);
	free(entry);
	free(out);
	free(kept);
	return status;
}

gb_status gb_memo_run(const gb_memo *memo, gb_memo_outcome *outcome, char text[GB_HASH_TEXT], char **unnamed,
                      gb_err *err)
{
	gb_store_entry entry = {0};
	bool found = false, good = false;
	gb_memo_key key = {0};
	int lock = -1;
	gb_status status = gb_memo_key_of(memo, &key, err);

	*unnamed = NULL;
	*outcome = GB_MEMO_MADE;
	if (status)
		return status;
	memcpy(text, key.text, GB_HASH_TEXT);
	status = gb_folder_make(memo->store, err);
	if (!status)
		status = gb_store_lock(memo->store, key.text, true, &lock, err);
	if (!status)
		status = gb_store_find(memo->store, key.text, &entry, &found, err);
	if (!status && found)
		status = gb_store_check(&entry, &good, err);
	if (!status && good) {
		char *about = gb_format(err, "%s/%s", entry.folder, GB_STORE_ABOUT);

		*outcome = GB_MEMO_FOUND;
		if (about)
			(void)!utimensat(AT_FDCWD, about, NULL, 0); /* used now: gc goes by it */
		free(about);
		status = deliver(memo, &key, entry.file, err);
	} else if (!status) {
		status = make(memo, &key, outcome, unnamed, err);
	}
	gb_store_unlock(memo->store, key.text, lock);
	gb_store_entry_clear(&entry);
	gb_memo_key_clear(&key);
	return status;
}
