/* SPDX-License-Identifier: MIT */
/* nifti_limit.c: the limit in bench/nifti: inflate the whole file with
 * libdeflate, and nothing else. */
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	int f = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	struct stat s;
	unsigned size;

	if (f < 0 || fstat(f, &s))
		return 1;
	const char *in = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, f, 0);

	memcpy(&size, in + s.st_size - 4, 4);
	void *out = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(out, size, MADV_HUGEPAGE);
	return libdeflate_gzip_decompress(libdeflate_alloc_decompressor(), in, (size_t)s.st_size, out, size,
	                                  NULL) != LIBDEFLATE_SUCCESS;
}
