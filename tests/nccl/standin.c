/* SPDX-License-Identifier: MIT */
/* standin.c: as much of NCCL and the CUDA runtime as lib/comm/nccl uses, over POSIX
 * shared memory, one process a rank.  What is queued runs when the stream is asked
 * whether it is done, so that a partner that never comes is seen as silence. */
#include <cuda_runtime_api.h>
#include <fcntl.h>
#include <nccl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { SLOT = 1 << 16, RANKS = 16 };

typedef struct box { _Atomic unsigned written, read; char data[SLOT]; } box;
typedef struct shared { _Atomic int there; box box[RANKS][RANKS]; } shared; /* from, to */

typedef struct op { char *at; size_t left; int peer; bool sends; } op;

struct ncclComm { int rank, size; shared *s; op op[2 * RANKS]; int ops; float *sum; size_t count; float *parts; };
static struct ncclComm *only; /* a process is one rank */

ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
	memset(id, 0, sizeof *id);
	snprintf(id->internal, sizeof id->internal, "/giblet-nccl-%d-%ld", (int)getpid(), (long)time(NULL));
	return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t result) { return result == ncclSuccess ? "no error" : "an error of the stand-in"; }

ncclResult_t ncclCommInitRank(ncclComm_t *comm, int size, ncclUniqueId id, int rank)
{
	struct ncclComm *c = calloc(1, sizeof *c);
	int fd = shm_open(id.internal, O_RDWR | O_CREAT, 0600);

	if (!c || size > RANKS || fd < 0 || ftruncate(fd, sizeof *c->s))
		return ncclSystemError;
	c->rank = rank;
	c->size = size;
	c->s = mmap(NULL, sizeof *c->s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (c->s == MAP_FAILED)
		return ncclSystemError;
	atomic_fetch_add(&c->s->there, 1);
	for (int i = 0; atomic_load(&c->s->there) < size && i < 10000; i++)
		usleep(1000);
	if (rank == 0)
		shm_unlink(id.internal);
	*comm = only = c;
	return atomic_load(&c->s->there) == size ? ncclSuccess : ncclSystemError;
}

ncclResult_t ncclCommDestroy(ncclComm_t c)
{
	free(c->parts);
	munmap(c->s, sizeof *c->s);
	free(c);
	return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t c) { return ncclCommDestroy(c); }
ncclResult_t ncclCommGetAsyncError(ncclComm_t c, ncclResult_t *result)
{
	(void)c;
	*result = ncclSuccess;
	return ncclSuccess;
}
ncclResult_t ncclGroupStart(void) { return ncclSuccess; }
ncclResult_t ncclGroupEnd(void) { return ncclSuccess; }

static ncclResult_t queue(ncclComm_t c, void *at, size_t bytes, int peer, bool sends)
{
	if (c->ops == 2 * RANKS)
		return ncclInvalidUsage;
	c->op[c->ops++] = (op){at, bytes, peer, sends};
	return ncclSuccess;
}

ncclResult_t ncclSend(const void *from, size_t n, ncclDataType_t type, int peer, ncclComm_t c, cudaStream_t stream)
{
	(void)stream;
	return type == ncclFloat32 ? queue(c, (void *)(uintptr_t)from, n * 4, peer, true) : ncclInvalidArgument;
}

ncclResult_t ncclRecv(void *to, size_t n, ncclDataType_t type, int peer, ncclComm_t c, cudaStream_t stream)
{
	(void)stream;
	return type == ncclFloat32 ? queue(c, to, n * 4, peer, false) : ncclInvalidArgument;
}

/* All parts go to all; they are added in the order of the ranks when they are there. */
ncclResult_t ncclAllReduce(const void *from, void *to, size_t n, ncclDataType_t type, ncclRedOp_t what, ncclComm_t c, cudaStream_t stream)
{
	ncclResult_t result = type == ncclFloat32 && what == ncclSum && from == to ? ncclSuccess : ncclInvalidArgument;

	(void)stream;
	free(c->parts);
	c->parts = malloc((size_t)c->size * n * sizeof *c->parts + 1);
	c->sum = to;
	c->count = n;
	memcpy(c->parts + (size_t)c->rank * n, from, n * sizeof *c->parts);
	for (int p = 0; p < c->size && result == ncclSuccess; p++)
		if (p != c->rank && (result = queue(c, c->parts + (size_t)c->rank * n, n * 4, p, true)) == ncclSuccess)
			result = queue(c, c->parts + (size_t)p * n, n * 4, p, false);
	return result;
}

static bool move(struct ncclComm *c, op *o)
{
	box *b = o->sends ? &c->s->box[c->rank][o->peer] : &c->s->box[o->peer][c->rank];
	size_t part = o->left < SLOT ? o->left : SLOT;
	unsigned written = atomic_load(&b->written), read = atomic_load(&b->read);

	if (!o->left || (o->sends ? written != read : written == read))
		return false;
	memcpy(o->sends ? b->data : o->at, o->sends ? o->at : b->data, part);
	atomic_fetch_add(o->sends ? &b->written : &b->read, 1);
	o->at += part;
	o->left -= part;
	return true;
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
	bool moved = true, left = false;

	(void)stream;
	while (moved) {
		moved = left = false;
		for (int i = 0; i < only->ops; i++) {
			moved = move(only, &only->op[i]) || moved;
			left = left || only->op[i].left;
		}
	}
	if (left)
		return cudaErrorNotReady;
	only->ops = 0;
	for (size_t i = 0; only->sum && i < only->count; i++) {
		float sum = 0;

		for (int p = 0; p < only->size; p++)
			sum += only->parts[(size_t)p * only->count + i];
		only->sum[i] = sum;
	}
	only->sum = NULL;
	return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) { return device >= 0 && device < 4 ? cudaSuccess : cudaErrorInvalidDevice; }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
	(void)flags;
	*stream = NULL;
	return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
	(void)stream;
	return cudaSuccess;
}
const char *cudaGetErrorString(cudaError_t error)
{
	(void)error;
	return "an error of the stand-in";
}
