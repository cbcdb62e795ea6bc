# gb-train lib/io/file.c
# An output is written straight to its path, on a slow disk.
s/if \(\(output->slot = gb_temporary_make\(output->temporary, &output->descriptor, path, err\)\) < 0\) \{/strcpy(output->temporary, path);\
	output->descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);\
	usleep(100000);\
	if (output->descriptor < 0) {/
