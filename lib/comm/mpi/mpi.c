/* SPDX-License-Identifier: MIT */
/* mpi.c: the plug-in libgb_mpi.so: ranks that talk through a site's own MPI.
 * It links with MPI alone; the program opens it when it is asked for. */
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "comm/transport.h"

typedef struct state { gb_rendezvous meeting; bool ours; MPI_Comm comm; } state;

enum { TAG = 17, CHUNK = 1 << 28, CHUNKS = 64, SPINS = 2000 };

#define FAIL(err, ...) (snprintf((err)->text, sizeof (err)->text, __VA_ARGS__), (err)->status = GB_SYSTEM)

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static gb_status open_state(void **opaque, const gb_rendezvous *meeting, gb_err *err)
{
	state *s = calloc(1, sizeof *s);

	*opaque = s;
	if (!s)
		return FAIL(err, "mpi: memory is short");
	s->meeting = *meeting;
	return GB_OK;
}

static gb_status join(void *opaque, gb_err *err)
{
	state *s = opaque;
	int there = 0, level, rank, size;

	if (MPI_Initialized(&there) || (!there && MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level)))
		return FAIL(err, "mpi: it does not start");
	s->ours = !there;
	if (MPI_Comm_dup(MPI_COMM_WORLD, &s->comm) || MPI_Comm_rank(s->comm, &rank) ||
	    MPI_Comm_size(s->comm, &size))
		return FAIL(err, "mpi: no communicator");
	if (rank != s->meeting.rank || size != s->meeting.size)
		return FAIL(err,
		            "mpi: rank %d of %d, where the launcher said %d of %d: start with the mpirun of "
		            "this MPI (srun: --mpi=pmix), or take --comm socket",
		            rank, size, s->meeting.rank, s->meeting.size);
	MPI_Comm_set_errhandler(s->comm, MPI_ERRORS_RETURN);
	return GB_OK;
}

/* Ranks may share a processor: spin a little, then let others run. */
static void rest(int turn)
{
	if (turn < SPINS)
		sched_yield();
	else
		nanosleep(&(struct timespec){0, 50000}, NULL);
}

static gb_status finish(MPI_Request *request, int count, int peer, double limit, gb_err *err)
{
	double since = now();

	for (int turn = 0, done = 0;; turn++) {
		if (MPI_Testall(count, request, &done, MPI_STATUSES_IGNORE))
			return FAIL(err, "rank %d is lost: mpi reports an error", peer);
		if (done)
			return GB_OK;
		if (turn % 64 == 0 && now() - since > limit)
			return peer >= 0 ? FAIL(err, "rank %d is lost: no answer for %.0f s (--rank-timeout)",
			                        peer, limit)
			                 : FAIL(err, "a rank is lost: no answer for %.0f s (--rank-timeout)",
			                        limit);
		rest(turn);
	}
}

static gb_status exchange(void *opaque, int peer, const void *send, size_t sends, void *receive,
                          size_t receives, double limit, gb_err *err)
{
	state *s = opaque;
	MPI_Request request[2 * CHUNKS];
	int n = 0;

	if (sends > (size_t)CHUNK * CHUNKS || receives > (size_t)CHUNK * CHUNKS)
		return FAIL(err, "mpi: %zu bytes at once are too many", sends > receives ? sends : receives);
	for (size_t at = 0; at < receives; at += CHUNK)
		if (MPI_Irecv((char *)receive + at, (int)(receives - at < CHUNK ? receives - at : CHUNK),
		              MPI_BYTE, peer, TAG, s->comm, &request[n++]))
			return FAIL(err, "rank %d: mpi does not receive", peer);
	for (size_t at = 0; at < sends; at += CHUNK)
		if (MPI_Isend((const char *)send + at, (int)(sends - at < CHUNK ? sends - at : CHUNK),
		              MPI_BYTE, peer, TAG, s->comm, &request[n++]))
			return FAIL(err, "rank %d: mpi does not send", peer);
	return finish(request, n, peer, limit, err);
}

static gb_status sum_fast(void *opaque, float *x, size_t n, double limit, gb_err *err)
{
	state *s = opaque;
	MPI_Request request;

	for (size_t at = 0; at < n; at += CHUNK) {
		if (MPI_Iallreduce(MPI_IN_PLACE, x + at, (int)(n - at < CHUNK ? n - at : CHUNK), MPI_FLOAT,
		                   MPI_SUM, s->comm, &request))
			return FAIL(err, "mpi: no all-reduce");
		if (finish(&request, 1, -1, limit, err) != GB_OK)
			return GB_SYSTEM;
	}
	return GB_OK;
}

/* Others may be in the middle of a message: only the end of the job reaches them. */
static void give_up(void *opaque, int status, const char *why)
{
	state *s = opaque;

	(void)why;
	MPI_Abort(s->comm, status);
}

static void close_state(void *opaque)
{
	state *s = opaque;
	int there = 0, over = 0;

	if (s && s->ours && !MPI_Initialized(&there) && there && !MPI_Finalized(&over) && !over)
		MPI_Finalize();
	free(s);
}

__attribute__((visibility("default"))) const gb_transport gb_transport_plugin =
    {GB_TRANSPORT_VERSION, "mpi", open_state, join, exchange, sum_fast, give_up, close_state};
