/* SPDX-License-Identifier: MIT */
/* Ranks over sockets: sums are those of one binary tree, whoever holds the
 * leaves; who is lost is named. */
#include "comm/comm.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/size.h"
#include "cli/ranks.h"
#include "io/folder.h"
#include "tests/tap.h"

enum { LEAVES = 8, RANKS = 8, LONGEST = 70001 };

static char folder[] = "giblet-comm.XXXXXX";
static const size_t lengths[] = {0, 1, 2, 3, 7, 8, 1000, LONGEST};

/* What the ranks found, in memory they share with the test. */
static struct found {
	float sum[LONGEST];
	double doubles[33];
	int good[RANKS];
	double seconds[RANKS];
	char text[RANKS][1024];
} *found;

/* Leaf L: numbers of every size, so that another order gives other bits. */
static void leaf(float *x, size_t n, int l)
{
	gb_rng rng = gb_rng_at(5, (uint32_t)l, 0, 0);

	for (size_t i = 0; i < n; i++)
		x[i] = (float)(gb_rng_normal(&rng) * exp(6 * gb_rng_normal(&rng)));
}

static void add(float *into, const float *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		into[i] += from[i];
}

/* The tree over leaves FIRST … FIRST+COUNT−1, those from EMPTY on being absent. */
static void tree(float *out, size_t n, int first, int count, int empty)
{
	float *right;

	if (count == 1) {
		leaf(out, n, first);
		for (size_t i = 0; i < n && first >= empty; i++)
			out[i] = -0.0f;
		return;
	}
	right = malloc((n + 1) * sizeof *right);
	tree(out, n, first, count / 2, empty);
	tree(right, n, first + count / 2, count / 2, empty);
	if (first + count / 2 < empty)
		add(out, right, n);
	free(right);
}

static gb_comm *start(int rank, int size, double timeout, gb_err *err)
{
	gb_comm_options o = {.kind = "socket",
	                     .rank = rank,
	                     .size = size,
	                     .folder = folder,
	                     .timeout = timeout};
	gb_comm *comm = NULL;

	if (gb_comm_open(&comm, &o, err) != GB_OK || gb_comm_join(comm, "alike", err) != GB_OK) {
		gb_comm_close(comm);
		return NULL;
	}
	return comm;
}

typedef int body(int rank, int size, size_t n);

/* BODY in SIZE processes; how many of them returned 0.  VICTIM is killed by its own hand. */
static int spawn(body *run, int size, size_t n)
{
	pid_t child[RANKS];
	int good = 0;

	memset(found, 0, sizeof *found);
	fflush(stdout);
	for (int r = 0; r < size; r++)
		if ((child[r] = fork()) == 0)
			_exit(run(r, size, n));
	for (int r = 0; r < size; r++) {
		int status = 1;

		waitpid(child[r], &status, WUNTRACED);
		if (WIFSTOPPED(status)) { /* stopped itself: wait for the others, then end it */
			for (int o = r + 1; o < size; o++)
				good += waitpid(child[o], &status, 0) > 0 && status == 0;
			kill(child[r], SIGKILL);
			waitpid(child[r], &status, 0);
			break;
		}
		good += status == 0;
	}
	return good;
}

static int sums(int rank, int size, size_t n)
{
	gb_err err = {GB_OK, ""};
	gb_comm *comm = start(rank, size, 20, &err);
	gb_device cpu = {gb_ops_cpu(), NULL};
	float *x = calloc(n + 1, sizeof *x), *scratch = calloc(n / 2 + 1, sizeof *scratch);
	double d[33];
	int bad = !comm && size > 1;

	/* all leaves, then three missing */
	for (int empty = LEAVES; empty >= LEAVES - 3 && !bad; empty -= 3) {
		tree(x, n, rank * LEAVES / size, LEAVES / size, empty);
		bad = gb_comm_sum_floats(comm, &cpu, x, n, scratch, &err) != GB_OK;
		if (rank == size - 1 && !bad && empty == LEAVES)
			memcpy(found->sum, x, n * sizeof *x);
		for (int i = 0; i < 33; i++)
			d[i] = x[n ? (size_t)i % n : 0] * (rank + 1);
		bad = bad || gb_comm_sum_doubles(comm, d, 33, &err) != GB_OK;
		memcpy(found->doubles, d, sizeof d);
	}
	if (rank == 0 && !bad) { /* the last round: absent leaves */
		float *want = calloc(n + 1, sizeof *want);

		tree(want, n, 0, LEAVES, LEAVES - 3);
		bad = memcmp(want, x, n * sizeof *x) != 0;
		free(want);
	}
	gb_comm_close(comm);
	free(x);
	free(scratch);
	if (bad)
		snprintf(found->text[rank], sizeof found->text[rank], "%s", err.text);
	return bad;
}

static int shares(int rank, int size, size_t n)
{
	gb_err err = {GB_OK, ""};
	gb_comm *comm = start(rank, size, 20, &err);
	double *x = calloc(n + 1, sizeof *x);
	char word[9] = "";
	int bad = !comm && size > 1;

	for (size_t i = gb_comm_first(comm, n, rank); i < gb_comm_first(comm, n, rank + 1); i++)
		x[i] = (double)i + 1;
	bad = bad || gb_comm_allgather(comm, x, NULL, n, sizeof *x, &err) != GB_OK;
	for (size_t i = 0; i < n; i++)
		bad |= x[i] != (double)i + 1;
	if (rank == 0)
		memcpy(word, "from all", 9);
	bad = bad || gb_comm_broadcast(comm, word, 9, &err) != GB_OK || strcmp(word, "from all");
	gb_comm_close(comm);
	free(x);
	return bad;
}

/* Rank 3 ends (n 0), stops answering (n 1) or gives up (n 2) before the second sum. */
static int loses(int rank, int size, size_t n)
{
	gb_err err = {GB_OK, ""};
	gb_comm *comm = start(rank, size, 3, &err); /* a busy machine may hold a rank up for a second */
	double x = 1;
	struct timespec a, b;
	gb_status status = comm ? gb_comm_sum_doubles(comm, &x, 1, &err) : GB_SYSTEM;

	if (status == GB_OK && rank == 3 && n < 2)
		raise(n ? SIGSTOP : SIGKILL);
	if (status == GB_OK && rank == 3) {
		gb_comm_abort(comm, GB_SYSTEM, "the disk is full");
		return 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (status == GB_OK)
		status = gb_comm_sum_doubles(comm, &x, 1, &err);
	clock_gettime(CLOCK_MONOTONIC, &b);
	found->seconds[rank] = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
	snprintf(found->text[rank], sizeof found->text[rank], "%s", err.text);
	if (status != GB_OK)
		gb_comm_abort(comm, status, err.text);
	gb_comm_close(comm);
	return status == GB_OK;
}

static int differs(int rank, int size, size_t n)
{
	gb_err err = {GB_OK, ""};
	gb_comm_options o = {.kind = "socket", .rank = rank, .size = size, .folder = folder, .timeout = 20};
	gb_comm *comm = NULL;
	gb_status status = gb_comm_open(&comm, &o, &err);

	(void)n;
	if (status == GB_OK)
		status = gb_comm_join(comm, rank == 2 ? "avx2" : "avx512", &err);
	snprintf(found->text[rank], sizeof found->text[rank], "%s", err.text);
	gb_comm_close(comm);
	return status != GB_USAGE;
}

/* Rank 0 comes late to where the others follow it; with n 1 it never does. */
static int follows(int rank, int size, size_t n)
{
	gb_err err = {GB_OK, ""};
	gb_comm *comm = start(rank, size, 0.3, &err);
	gb_status status;

	if (rank == 0 && n)
		raise(SIGSTOP);
	if (rank == 0)
		nanosleep(&(struct timespec){1, 500000000}, NULL);
	status = comm ? gb_comm_wait_root(comm, &err) : GB_SYSTEM;
	snprintf(found->text[rank], sizeof found->text[rank], "%s", err.text);
	gb_comm_close(comm);
	return status != (n ? GB_SYSTEM : GB_OK);
}

/* Rank 0 is slow before it joins, and others wait although the time-out is short. */
static int slow(int rank, int size, size_t n)
{
	gb_err err = {GB_OK, ""};
	gb_comm_options o = {.kind = "socket", .rank = rank, .size = size, .folder = folder, .timeout = 0.6};
	gb_comm *comm = NULL;
	gb_status status = gb_comm_open(&comm, &o, &err);

	(void)n;
	if (rank == 0)
		nanosleep(&(struct timespec){1, 500000000}, NULL);
	if (status == GB_OK)
		status = gb_comm_join(comm, "alike", &err);
	snprintf(found->text[rank], sizeof found->text[rank], "%s", err.text);
	gb_comm_close(comm);
	return status;
}

static int named(const char *pattern, int but)
{
	int n = 0;

	for (int r = 0; r < 8; r++)
		n += r != but && strstr(found->text[r], pattern);
	return n;
}

/* VARIABLES, "NAME=VALUE …" of a launcher, alone in the environment: are this rank and size, of this many
 * here, started by MPI? */
static bool launched(const char *variables, int rank, int size, int local, bool mpi)
{
	static char all[256]; /* the environment's */
	gb_comm_options o;

	snprintf(all, sizeof all, "%s", variables);
	clearenv();
	for (char *one = strtok(all, " "); one; one = strtok(NULL, " "))
		putenv(one);
	gb_cli_launched(&o);
	return o.rank == rank && o.size == size && o.local == local && o.launcher_is_mpi == mpi;
}

static void launchers(void)
{
	ok(launched("", 0, 1, 1, false), "no launcher: one rank");
	ok(launched("OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=8 OMPI_COMM_WORLD_LOCAL_SIZE=4", 3, 8, 4,
	            true),
	   "Open MPI's mpirun");
	ok(launched("PMI_RANK=1 PMI_SIZE=4 MPI_LOCALNRANKS=2 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1", 1, 4, 2,
	            true),
	   "MPICH's mpirun in a batch script of Slurm");
	ok(launched("RANK=1 WORLD_SIZE=2", 1, 2, 1, false), "RANK and WORLD_SIZE");
	ok(launched("RANK=1,2 WORLD_SIZE=4(x2)", 0, 1, 1, false), "which are whole numbers or nothing");
	ok(launched("SLURM_PROCID=3 SLURM_STEP_NUM_TASKS=6 SLURM_STEP_TASKS_PER_NODE=1,3,2 SLURM_NODEID=1", 3,
	            6, 3, false) &&
	       launched("SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=6 SLURM_STEP_TASKS_PER_NODE=1(x2),2(x2) "
	                "SLURM_NODEID=3",
	                5, 6, 2, false),
	   "srun: the tasks of this node");
	ok(launched("SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=8 SLURM_STEP_TASKS_PER_NODE=4(x2)", 5, 8, 4, false),
	   "srun on two nodes");
	ok(launched("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4 PMIX_RANK=1", 1, 4, 1, true), "srun --mpi=pmix");
	ok(launched("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=4 PMI_RANK=1 PMI_SIZE=4", 1, 4, 1, false),
	   "srun --mpi=pmi2, which Open MPI need not speak");
	ok(launched("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 SLURM_STEP_TASKS_PER_NODE=1(x2) "
	            "SLURM_CPUS_PER_TASK=1",
	            1, 2, 1, false) &&
	       gb_cli_share_of_cores() == 1,
	   "srun -c 1: one thread a rank");
	ok(launched("RANK=0 WORLD_SIZE=1000 LOCAL_WORLD_SIZE=1000", 0, 1000, 1000, false) &&
	       gb_cli_share_of_cores() == 1,
	   "more ranks than cores: one thread each");
}

int main(void)
{
	float *want = calloc(LONGEST, sizeof *want), *linear = calloc(LONGEST, sizeof *linear),
	      *one = calloc(LONGEST, sizeof *one);
	gb_err err;
	gb_comm *comm;

	found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (found == MAP_FAILED || !mkdtemp(folder) || !want || !linear || !one)
		return 1;
	for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
		for (int size = 1; size <= RANKS; size *= 2) {
			size_t n = lengths[l];

			tree(want, n, 0, LEAVES, LEAVES);
			ok(spawn(sums, size, n) == size && !memcmp(found->sum, want, n * sizeof *want),
			   "%d ranks: the tree's sum of %zu numbers, bit for bit", size, n);
			if (found->text[0][0])
				printf("# %s\n", found->text[0]);
			ok(spawn(shares, size, n) == size, "%d ranks: %zu numbers shared, a word from rank 0",
			   size, n);
		}
	for (int l = 0; l < LEAVES; l++) {
		leaf(one, LONGEST, l);
		add(linear, one, LONGEST);
	}
	ok(memcmp(linear, want, LONGEST * sizeof *want) != 0,
	   "a sum in line has other bits: the test would see it");
	ok(spawn(loses, 8, 0) == 7 && named("rank 3 is lost", 3) == 7,
	   "a rank that is killed is named by all others");
	for (int r = 0; r < 8; r++)
		if (r != 3 && (!strstr(found->text[r], "rank 3 is lost") || found->seconds[r] > 5))
			fprintf(stderr, "# rank %d after %.1f s: %s\n", r, found->seconds[r], found->text[r]);
	ok(spawn(loses, 8, 1) == 7 && named("rank 3 is lost: no answer for 3 s", 3) == 7,
	   "a rank that stops answering is named by all others, after the time-out");
	for (int r = 0; r < 8; r++)
		if (r != 3 && !strstr(found->text[r], "rank 3 is lost: no"))
			fprintf(stderr, "# rank %d after %.1f s: %s\n", r, found->seconds[r], found->text[r]);
	ok(spawn(loses, 4, 2) == 4 && named("rank 3 gave up: the disk is full", 3) == 3,
	   "why a rank gives up reaches the others");
	ok(spawn(differs, 4, 0) == 4 && strstr(found->text[2], "rank 2: avx2; rank 0: avx512"),
	   "ranks that differ do not begin");
	ok(spawn(follows, 4, 0) == 4,
	   "rank 0 may be late, longer than the time-out, where the others follow it: %s", found->text[1]);
	ok(spawn(follows, 4, 1) == 3 && named("rank 0 is lost", 0) == 3, "but not for ever: %s",
	   found->text[1]);
	ok(spawn(slow, 4, 0) == 4, "slow work before joining is no reason to be lost");
	ok(gb_comm_open(&comm,
	                &(gb_comm_options){.kind = "socket", .size = 3, .folder = folder, .timeout = 1},
	                &err) == GB_USAGE,
	   "three ranks are refused: %s", err.text);
	ok(gb_comm_open(&comm,
	                &(gb_comm_options){.kind = "socket",
	                                   .rank = 1,
	                                   .size = 2,
	                                   .folder = folder,
	                                   .timeout = 0.3},
	                &err) == GB_OK &&
	       gb_comm_join(comm, "", &err) == GB_SYSTEM && strstr(err.text, "rank 0 is lost: not found"),
	   "without a rank 0: %s", err.text);
	gb_comm_close(comm);
	ok(gb_folder_remove(folder, &err) == GB_OK, "what is left can be removed");
	free(want);
	free(linear);
	free(one);
	launchers(); /* leaves an environment of its own */
	return done_testing();
}
