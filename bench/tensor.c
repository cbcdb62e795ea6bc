/* SPDX-License-Identifier: MIT */
/* tensor.c: the tensor-file side of bench/tensor.  Reads lines ("map", "copy",
 * "write") and answers each with the seconds it took. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/size.h"
#include "tensor/tensor_writer.h"

enum { ROWS = 2048, COLUMNS = 65536 };

static gb_err err;

static void must(gb_status status)
{
	if (status) {
		fprintf(stderr, "bench/tensor: %s\n", err.text);
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The whole tensor, its checksum verified, as mapped memory. */
static void map(const char *path)
{
	gb_tensor_file *file;
	const gb_tensor *x;

	must(gb_tensor_file_open(&file, path, &err));
	must(gb_tensor_file_need(file, "x", GB_F32, 2, &x, &err));
	if (((const float *)x->data)[x->elements - 1] != ((const float *)x->data)[x->elements - 1])
		exit(1);
	gb_tensor_file_close(file);
}

/* The whole tensor in memory of the caller's, as np.load gives it (nothing is verified there either). */
static void copy(const char *path, float *out)
{
	gb_tensor_file *file;
	const gb_tensor *x;

	must(gb_tensor_file_open(&file, path, &err));
	x = gb_tensor_file_find(file, "x");
	memcpy(out, x->data, x->bytes);
	gb_tensor_file_close(file);
}

static void put(const char *path, const float *data)
{
	gb_tensor_writer *w;

	must(gb_tensor_writer_new(&w, "bench 1", NULL, &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "x",
	                                            .dtype = GB_F32,
	                                            .rank = 2,
	                                            .shape = {ROWS, COLUMNS},
	                                            .dims = "row,column"},
	                          &err));
	must(gb_tensor_writer_begin(w, path, &err));
	must(gb_tensor_writer_put(w, "x", data, (size_t)ROWS * COLUMNS * sizeof *data, &err));
	must(gb_tensor_writer_commit(w, NULL, &err));
	gb_tensor_writer_free(w);
}

int main(int argc, char **argv)
{
	float *data = gb_array((size_t)ROWS * COLUMNS, sizeof *data, &err);
	char line[64];

	if (argc != 2 || !data)
		return 1;
	for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
		data[i] = (float)(i * 2654435761u % 1000003) * 1e-3f;
	while (fgets(line, sizeof line, stdin)) {
		double began = now();
		if (!strncmp(line, "map", 3))
			map(argv[1]);
		else if (!strncmp(line, "copy", 4))
			copy(argv[1], data);
		else
			put(argv[1], data);
		printf("%.9f\n", now() - began);
		fflush(stdout);
	}
	return 0;
}
