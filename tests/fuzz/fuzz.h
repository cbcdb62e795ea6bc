/* SPDX-License-Identifier: MIT */
/* fuzz.h: what the fuzz targets share.  A target is one function over bytes;
 * libFuzzer drives it (tests/fuzz/run defines GB_LIBFUZZER), else main() here
 * replays the committed corpus, one TAP line for all of it.
 *
 *   #define FUZZ_TARGET "container"
 *   #include "tests/fuzz/fuzz.h"
 *   int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { … } */
#ifndef GB_TESTS_FUZZ_H
#define GB_TESTS_FUZZ_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* What every refusal must look like; anything else is a finding. */
__attribute__((unused)) static void fuzz_check(gb_status status, const gb_err *err)
{
	if (status == GB_OK)
		return;
	if (status != err->status || status == GB_NO || !err->text[0] || strpbrk(err->text, "\r\n")) {
		fprintf(stderr, "refused badly: status %d, record %d, \"%s\"\n", status, err->status,
		        err->text);
		abort();
	}
}

/* For readers that take paths: the bytes in a file called NAME in a folder of
 * this process (in memory where the machine has /dev/shm).  Returns its path,
 * which fuzz_file_remove takes. */
__attribute__((unused)) static char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/giblet-fuzz.%ld", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm",
	         (long)getpid());
	mkdir(path, 0700);
	snprintf(path + strlen(path), 64, "/%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	return strdup(path);
}

__attribute__((unused)) static void fuzz_file_remove(char *path)
{
	unlink(path);
	*strrchr(path, '/') = 0;
	rmdir(path); /* succeeds when the last file is gone */
	free(path);
}

#ifndef GB_LIBFUZZER
int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "tests/fuzz/corpus/" FUZZ_TARGET;
	struct dirent **entry;
	int files = 0, count = scandir(folder, &entry, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char path[4096];
		gb_input input = {0};
		uint8_t *copy;

		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		free(entry[i]);
		if (gb_input_open(&input, path, NULL) != GB_OK)
			continue;
		copy = malloc(input.size ? input.size : 1); /* of this size exactly, for ASan */
		if (!copy)
			return 1;
		memcpy(copy, input.data, input.size);
		LLVMFuzzerTestOneInput(copy, input.size);
		free(copy);
		gb_input_close(&input);
		files++;
	}
	if (count >= 0)
		free(entry);
	printf("%sok 1 - %s: %d files of the corpus read or refused in one line\n1..1\n", files ? "" : "not ",
	       FUZZ_TARGET, files);
	return files ? 0 : 1;
}
#endif

#endif
