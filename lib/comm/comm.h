/* SPDX-License-Identifier: MIT */
/* comm.h: several processes that train one model together.
 *
 *   open → (each on its own: read, measure) → join → sums, shares … → close
 *
 * Open is cheap and talks to nobody, so slow work belongs between it and join;
 * what stands after join waits for others at once.  A rank that waits longer
 * than the time-out, or sees another's process end, fails with a message that
 * names the rank that is lost.
 *
 * Sums are exact: rank r holds the sum over its aligned block of items, and
 * recursive halving and doubling adds neighbours first, so the bits are those
 * of one binary tree over the items, however many ranks share them.  A rank
 * without items contributes −0.0, the neutral element of addition.
 *
 * Back ends: socket (TCP, built in), mpi (plug-in libgb_mpi.so), and beside either
 * of them nccl (plug-in libgb_nccl.so) for gradients.  A NULL comm is
 * one process alone: every call succeeds and does nothing. */
#ifndef GB_COMM_COMM_H
#define GB_COMM_COMM_H

#include "kernels/ops.h"

GB_BEGIN_DECLS

enum { GB_COMM_MOST = 1024 }; /* ranks */

typedef struct gb_comm gb_comm;

typedef struct gb_comm_options {
	/* "auto", "none", "socket", "mpi"; "nccl": as auto, but floats go from device to device */
	const char *kind;
	int rank, size;       /* as the launcher says */
	int local;            /* ranks on this machine, 1 if unknown */
	int place;            /* of this one among them; its rank if unknown */
	bool launcher_is_mpi; /* then auto takes mpi where its plug-in is */
	const char *folder;   /* shared by the ranks: where those of kind socket find each other */
	double timeout;       /* seconds without an answer after which a rank is lost */
} gb_comm_options;

/* *COMM NULL for size 1 or kind "none".  GB_USAGE for sizes that are no power of two; GB_SYSTEM
 * where a back end is missing. */
GB_CHECK gb_status gb_comm_open(gb_comm **comm, const gb_comm_options *options, gb_err *err);
/* Before joining: the NUMBER of the device whose memory nccl moves (0 if never said). */
void gb_comm_use_device(gb_comm *comm, unsigned number); /* accepts NULL */
/* All ranks meet and compare AGREE (one line: build, processor class, data …): GB_USAGE when a
 * rank's differs from rank 0's. */
GB_CHECK gb_status gb_comm_join(gb_comm *comm, const char *agree, gb_err *err);
void gb_comm_close(gb_comm *comm); /* accepts NULL */

int gb_comm_rank(const gb_comm *comm);
int gb_comm_size(const gb_comm *comm);
const char *gb_comm_name(const gb_comm *comm);

/* Do floats go from device to device?  Then their pointers are memory of the device, else of the host. */
bool gb_comm_on_device(const gb_comm *comm);
/* X [n] becomes the tree's sum on every rank.  SCRATCH [(n + 1)/2]; DEVICE adds. */
GB_CHECK gb_status gb_comm_sum_floats(gb_comm *comm, const gb_device *device, float *x, size_t n,
                                      float *scratch, gb_err *err);
GB_CHECK gb_status gb_comm_sum_doubles(gb_comm *comm, double *x, size_t n, gb_err *err);
/* The same by the library's all-reduce, in its own order, where it has one: in memory of the host by
 * sum_fast, which is not there where gb_comm_on_device. */
bool gb_comm_has_fast(const gb_comm *comm);
GB_CHECK gb_status gb_comm_sum_fast(gb_comm *comm, float *x, size_t n, gb_err *err);
/* Only where gb_comm_on_device: beside what DEVICE does next: several sums may be under way, begun by all
 * ranks in the same order; X is not to be touched before end, which waits for all of them. */
GB_CHECK gb_status gb_comm_sum_begin(gb_comm *comm, const gb_device *device, float *x, size_t n, gb_err *err);
GB_CHECK gb_status gb_comm_sum_end(gb_comm *comm, gb_err *err);

/* Rank 0's bytes reach all. */
GB_CHECK gb_status gb_comm_broadcast(gb_comm *comm, void *x, size_t bytes, gb_err *err);
/* COUNT items cut evenly: rank RANK's are gb_comm_first(…, RANK) … gb_comm_first(…, RANK + 1) − 1. */
size_t gb_comm_first(const gb_comm *comm, size_t count, int rank);
/* X, items of BYTES: rank r has filled items FIRST[r] … FIRST[r+1]−1 (FIRST NULL: COUNT cut evenly), all
 * get the rest. */
GB_CHECK gb_status gb_comm_allgather(gb_comm *comm, void *x, const size_t *first, size_t count, size_t bytes,
                                     gb_err *err);

/* The others wait until rank 0 is here, which may have written a checkpoint: twenty times as long as
 * for anything else. */
GB_CHECK gb_status gb_comm_wait_root(gb_comm *comm, gb_err *err);
/* Tell the others why this rank gives up; with mpi the job ends here. */
void gb_comm_abort(gb_comm *comm, gb_status status, const char *why);

/* GB_USAGE, with the counts allowed, unless RANKS processes can share out MICRO micro-batches. */
GB_CHECK gb_status gb_comm_check_ranks(int ranks, int64_t micro, gb_err *err);

GB_END_DECLS
#endif
