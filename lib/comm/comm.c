/* SPDX-License-Identifier: MIT */
/* comm.c: collectives out of exchanges between two ranks. */
#include "comm/comm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plugin.h"
#include "base/size.h"
#include "comm/device_link.h"
#include "comm/socket_internal.h"

struct gb_comm {
	const gb_transport *transport;
	void *state;
	int rank, size;
	double timeout;
	const gb_link *link;  /* NULL: floats go through the transport */
	void *link_state;
	int device;
	bool joined;
	double *scratch;
	size_t scratch_room;
};

int gb_comm_rank(const gb_comm *comm) { return comm ? comm->rank : 0; }
int gb_comm_size(const gb_comm *comm) { return comm ? comm->size : 1; }
const char *gb_comm_name(const gb_comm *comm) { return comm ? comm->transport->name : "none"; }
bool gb_comm_has_fast(const gb_comm *comm) { return !comm || comm->link || comm->transport->sum_fast; }
bool gb_comm_on_device(const gb_comm *comm) { return comm && comm->link; }

/* ---- opening ---- */

static gb_status load(gb_comm *comm, const char *name, gb_err *err)
{
	const void *table;

	if (gb_plugin_open(name, "gb_transport_plugin", &table, err) != GB_OK)
		return GB_SYSTEM;
	comm->transport = table;
	return comm->transport->version == GB_TRANSPORT_VERSION
	           ? GB_OK
	           : gb_fail(err, GB_SYSTEM, "plug-in %s: of another version of giblet", name);
}

static gb_status choose(gb_comm *comm, const gb_comm_options *o, gb_err *err)
{
	bool nccl = !strcmp(o->kind, "nccl"), automatic = nccl || !strcmp(o->kind, "auto");
	const void *table;

	if (nccl) {
		if (gb_plugin_open("nccl", "gb_link_plugin", &table, err) != GB_OK)
			return GB_SYSTEM;
		comm->link = table;
		if (comm->link->version != GB_LINK_VERSION)
			return gb_fail(err, GB_SYSTEM, "plug-in nccl: of another version of giblet");
	}
	comm->transport = &gb_transport_socket;
	if (!strcmp(o->kind, "mpi") || (automatic && o->launcher_is_mpi)) {
		gb_status status = load(comm, "mpi", err);

		if (status != GB_OK && !automatic)
			return status;
		if (status != GB_OK)
			comm->transport = &gb_transport_socket;
	}
	return GB_OK;
}

gb_status gb_comm_open(gb_comm **out, const gb_comm_options *o, gb_err *err)
{
	gb_comm *comm;
	gb_rendezvous meeting = {o->rank, o->size, o->folder, o->timeout};
	gb_status status;

	*out = NULL;
	if (o->size <= 1 || !strcmp(o->kind, "none"))
		return GB_OK;
	if (o->size > GB_COMM_MOST || (o->size & (o->size - 1)) || o->rank < 0 || o->rank >= o->size)
		return gb_fail(err, GB_USAGE, "rank %d of %d: a power of two of ranks up to %d is wanted",
		               o->rank, o->size, GB_COMM_MOST);
	comm = gb_array(1, sizeof *comm, err);
	if (!comm)
		return GB_SYSTEM;
	comm->rank = o->rank;
	comm->size = o->size;
	comm->timeout = o->timeout;
	status = choose(comm, o, err);
	if (status == GB_OK)
		status = comm->transport->open(&comm->state, &meeting, err);
	if (status != GB_OK) {
		gb_comm_close(comm);
		return status;
	}
	*out = comm;
	return GB_OK;
}

void gb_comm_use_device(gb_comm *comm, unsigned number)
{
	if (comm)
		comm->device = (int)number;
}

void gb_comm_close(gb_comm *comm)
{
	if (!comm)
		return;
	if (comm->link)
		comm->link->close(comm->link_state);
	if (comm->state)
		comm->transport->close(comm->state);
	free(comm->scratch);
	free(comm);
}

void gb_comm_abort(gb_comm *comm, gb_status status, const char *why)
{
	if (comm && comm->joined)
		comm->transport->give_up(comm->state, (int)status, why);
}

/* ---- exchanges ---- */

/* A rank waits for its partner in PHASE of a collective a second longer than in the one
 * before: the first to give up is the one whose own partner is lost, not one that waits
 * for a waiting one. */
static gb_status exchange(gb_comm *comm, int phase, int peer, const void *send, size_t sends, void *receive,
                          size_t receives, gb_err *err)
{
	return comm->transport->exchange(comm->state, peer, send, sends, receive, receives,
	                                 comm->timeout + phase, err);
}

static size_t half(size_t first, size_t end) { return first + (end - first) / 2; }

/* Of numbers of BYTES; those of a device once what it was asked for is done. */
typedef struct swapped { const char *send; size_t sends; char *receive; size_t receives, bytes; } swapped;

static gb_status swap(gb_comm *comm, const gb_device *device, int phase, int peer, swapped x, gb_err *err)
{
	float word;
	gb_status status;

	if (!device || !comm->link)
		return exchange(comm, phase, peer, x.send, x.sends * x.bytes, x.receive, x.receives * x.bytes,
		                err);
	status = x.sends ? device->ops->download(device, &word, x.send, sizeof word, err) : GB_OK;
	return status != GB_OK
	           ? status
	           : comm->link->exchange(comm->link_state, peer, (const float *)(const void *)x.send,
	                                  x.sends, (float *)(void *)x.receive, x.receives,
	                                  comm->timeout + phase, err);
}

typedef void add_fn(const gb_device *device, void *into, const void *from, size_t n);

/* Halving: at each level the partner gets the half this rank gives up.  Then doubling, back. */
static gb_status sum(gb_comm *comm, void *x, size_t n, size_t bytes, void *scratch, add_fn *add,
                     const gb_device *context, gb_err *err)
{
	size_t first[16], end[16];
	int levels = 0, phase = 0;
	gb_status status = GB_OK;
	char *base = x;

	first[0] = 0;
	end[0] = n;
	for (; 1 << levels < comm->size && status == GB_OK; levels++) {
		size_t a = first[levels], b = end[levels], m = half(a, b);
		bool low = !(comm->rank >> levels & 1);
		size_t mine = low ? a : m, mine_end = low ? m : b, theirs = low ? m : a,
		       theirs_end = low ? b : m;

		status = swap(comm, context, phase++, comm->rank ^ 1 << levels,
		              (swapped){base + theirs * bytes, theirs_end - theirs, scratch, mine_end - mine,
		                        bytes},
		              err);
		if (status == GB_OK)
			add(context, base + mine * bytes, scratch, mine_end - mine);
		first[levels + 1] = mine;
		end[levels + 1] = mine_end;
	}
	while (levels-- > 0 && status == GB_OK) {
		size_t a = first[levels], b = end[levels], m = half(a, b);
		bool low = !(comm->rank >> levels & 1);
		size_t mine = low ? a : m, mine_end = low ? m : b, theirs = low ? m : a,
		       theirs_end = low ? b : m;

		status = swap(comm, context, phase++, comm->rank ^ 1 << levels,
		              (swapped){base + mine * bytes, mine_end - mine, base + theirs * bytes,
		                        theirs_end - theirs, bytes},
		              err);
	}
	return status;
}

static void add_floats(const gb_device *device, void *into, const void *from, size_t n)
{
	GB_RUN(device, add, n, 1.0f, from, 1.0f, into);
}

static void add_doubles(const gb_device *device, void *into, const void *from, size_t n)
{
	double *to = into;
	const double *x = from;

	(void)device;
	for (size_t i = 0; i < n; i++)
		to[i] += x[i];
}

gb_status gb_comm_sum_floats(gb_comm *comm, const gb_device *device, float *x, size_t n, float *scratch,
                             gb_err *err)
{
	return comm ? sum(comm, x, n, sizeof *x, scratch, add_floats, device, err) : GB_OK;
}

gb_status gb_comm_sum_doubles(gb_comm *comm, double *x, size_t n, gb_err *err)
{
	if (!comm)
		return GB_OK;
	if (comm->scratch_room < n) {
		if (gb_grow(&comm->scratch, n, sizeof *comm->scratch, err) != GB_OK)
			return GB_SYSTEM;
		comm->scratch_room = n;
	}
	return sum(comm, x, n, sizeof *x, comm->scratch, add_doubles, NULL, err);
}

gb_status gb_comm_sum_fast(gb_comm *comm, float *x, size_t n, gb_err *err)
{
	return comm ? comm->transport->sum_fast(comm->state, x, n, comm->timeout, err) : GB_OK;
}

gb_status gb_comm_sum_begin(gb_comm *comm, const gb_device *device, float *x, size_t n, gb_err *err)
{
	return comm->link->sum_begin(comm->link_state, device->ops->queue(device), x, n, err);
}

gb_status gb_comm_sum_end(gb_comm *comm, gb_err *err)
{
	return comm->link->sum_end(comm->link_state, comm->timeout, err);
}

/* From rank 0 down a binomial tree, the far half first. */
gb_status gb_comm_broadcast(gb_comm *comm, void *x, size_t bytes, gb_err *err)
{
	gb_status status = GB_OK;
	int phase = 0;

	for (int step = comm ? comm->size / 2 : 0; step > 0 && status == GB_OK; step /= 2, phase++) {
		int at = comm->rank % (2 * step);

		if (at == 0)
			status = exchange(comm, phase, comm->rank + step, x, bytes, NULL, 0, err);
		else if (at == step)
			status = exchange(comm, phase, comm->rank - step, NULL, 0, x, bytes, err);
	}
	return status;
}

size_t gb_comm_first(const gb_comm *comm, size_t count, int rank)
{
	size_t size = (size_t)gb_comm_size(comm), r = (size_t)rank;

	return count / size * r + count % size * r / size;
}

enum { PATIENCE = 20 };

/* Straight from rank 0 to each: a rank that hangs makes nobody else wait so long. */
gb_status gb_comm_wait_root(gb_comm *comm, gb_err *err)
{
	char here = 1;
	gb_status status = GB_OK;

	if (gb_comm_rank(comm) > 0)
		return comm->transport->exchange(comm->state, 0, NULL, 0, &here, 1, PATIENCE * comm->timeout,
		                                 err);
	for (int p = 1; p < gb_comm_size(comm) && status == GB_OK; p++)
		status = comm->transport->exchange(comm->state, p, &here, 1, NULL, 0, comm->timeout, err);
	return status;
}

static size_t cut(const gb_comm *comm, const size_t *first, size_t count, int rank)
{
	return first ? first[rank] : gb_comm_first(comm, count, rank);
}

gb_status gb_comm_allgather(gb_comm *comm, void *x, const size_t *first, size_t count, size_t bytes,
                            gb_err *err)
{
	gb_status status = GB_OK;
	int phase = 0;

	for (int step = 1; comm && step < comm->size && status == GB_OK; step *= 2, phase++) {
		int own = comm->rank / step * step, other = own ^ step;
		size_t a = cut(comm, first, count, own), a_end = cut(comm, first, count, own + step);
		size_t b = cut(comm, first, count, other), b_end = cut(comm, first, count, other + step);

		status = exchange(comm, phase, comm->rank ^ step, (char *)x + a * bytes, (a_end - a) * bytes,
		                  (char *)x + b * bytes, (b_end - b) * bytes, err);
	}
	return status;
}

/* ---- the first collective ---- */

enum { AGREE = 1024 };

/* The link's id is made by rank 0 and reaches the others through the transport. */
static gb_status open_link(gb_comm *comm, gb_err *err)
{
	char id[GB_LINK_ID] = "";
	gb_status status = comm->rank == 0 ? comm->link->make_id(id, err) : GB_OK;

	if (status == GB_OK)
		status = gb_comm_broadcast(comm, id, sizeof id, err);
	return status != GB_OK
	           ? status
	           : comm->link->open(&comm->link_state, id, comm->rank, comm->size, comm->device, err);
}

gb_status gb_comm_join(gb_comm *comm, const char *agree, gb_err *err)
{
	char own[AGREE] = "", common[AGREE] = "";
	double wrong;
	gb_status status;

	if (!comm || comm->joined)
		return GB_OK;
	snprintf(own, sizeof own, "%s", agree);
	memcpy(common, own, sizeof own);
	status = comm->transport->join(comm->state, err);
	comm->joined = status == GB_OK;
	if (status == GB_OK)
		status = gb_comm_broadcast(comm, common, sizeof common, err);
	wrong = status == GB_OK && strcmp(own, common) ? comm->rank : -0.0;
	if (status == GB_OK)
		status = gb_comm_sum_doubles(comm, &wrong, 1, err);
	if (status == GB_OK && wrong != 0)
		comm->joined = false; /* all know it by themselves: nobody needs to be told */
	if (status == GB_OK && strcmp(own, common))
		return gb_fail(err, GB_USAGE, "rank %d: %s; rank 0: %s; all ranks must be alike", comm->rank,
		               own, common);
	if (status == GB_OK && wrong == 0 && comm->link)
		status = open_link(comm, err);
	return status != GB_OK || wrong == 0
	           ? status
	           : gb_fail(err, GB_USAGE,
	                     "another rank differs from rank 0 in build, processor class, options or data");
}

gb_status gb_comm_check_ranks(int ranks, int64_t micro, gb_err *err)
{
	char allowed[64] = "1";
	size_t used = 1;

	if (ranks >= 1 && ranks <= micro && !(ranks & (ranks - 1)))
		return GB_OK;
	for (int64_t n = 2; n <= micro && n <= GB_COMM_MOST; n *= 2)
		used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%lld",
		                         2 * n <= micro && 2 * n <= GB_COMM_MOST ? ", " : " or ",
		                         (long long)n);
	return gb_fail(err, GB_USAGE,
	               "%d ranks: the %lld micro-batches of a step (--micro-batches) are shared out evenly "
	               "in one binary tree, by %s ranks",
	               ranks, (long long)micro, allowed);
}
