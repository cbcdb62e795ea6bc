/* SPDX-License-Identifier: MIT */
/* reduce COMM NUMBERS ROUNDS, as one rank of mpirun: the exact sum over ranks and the
 * library's all-reduce in turns; rank 0 prints the median seconds of both ("nan" where
 * there is no all-reduce). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "comm/comm.h"

enum { ROUNDS_MAX = 99 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv)
{
	const char *rank = getenv("OMPI_COMM_WORLD_RANK"), *size = getenv("OMPI_COMM_WORLD_SIZE");
	size_t n = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	int rounds = argc > 3 && atoi(argv[3]) < ROUNDS_MAX ? atoi(argv[3]) : 0;
	gb_comm_options o = {.kind = argc > 3 ? argv[1] : "socket",
	                     .rank = rank ? atoi(rank) : 0,
	                     .size = size ? atoi(size) : 1,
	                     .folder = ".",
	                     .timeout = 60};
	gb_device cpu = {gb_ops_cpu(), NULL, NULL};
	float *x = calloc(n + 1, sizeof *x), *scratch = calloc(n / 2 + 1, sizeof *scratch);
	double seconds[2][ROUNDS_MAX], meet = 0;
	gb_comm *comm = NULL;
	gb_err err = {GB_OK, "mpirun reduce COMM NUMBERS ROUNDS"};
	gb_status status = rounds && x && scratch ? gb_comm_open(&comm, &o, &err) : GB_USAGE;
	bool fast = o.kind[0] == 'm';

	if (status == GB_OK)
		status = gb_comm_join(comm, "bench", &err);
	for (int k = 0; status == GB_OK && k < rounds; k++)
		for (int side = 0; side < 1 + fast && status == GB_OK; side++) {
			double began;

			for (size_t i = 0; i < n; i++)
				x[i] = 1e-6f * (float)(i % 1000);
			status = gb_comm_sum_doubles(comm, &meet, 1, &err);
			began = now();
			if (status == GB_OK)
				status = side ? gb_comm_sum_fast(comm, x, n, &err)
				              : gb_comm_sum_floats(comm, &cpu, x, n, scratch, &err);
			seconds[side][k] = now() - began;
		}
	if (status != GB_OK)
		fprintf(stderr, "reduce: %s\n", err.text);
	qsort(seconds[0], (size_t)rounds, sizeof(double), compare);
	qsort(seconds[1], fast ? (size_t)rounds : 0, sizeof(double), compare);
	if (status == GB_OK && o.rank == 0)
		printf("%g %g\n", seconds[0][rounds / 2], fast ? seconds[1][rounds / 2] : NAN);
	gb_comm_close(comm);
	free(x);
	free(scratch);
	return status;
}
