/* SPDX-License-Identifier: MIT */
/* socket.c: exchanging bytes over connected pairs, and noticing who is gone. */
#include "comm/socket_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/size.h"

typedef struct note { uint32_t kind; char text[508]; } note; /* on the control connection */
enum { NOTE_BYE = 0x62796521, NOTE_ABORT = 0x61626f72, NOTE_ASK = 0x61736b3f, NOTE_HERE = 0x68657265 };

/* In front of each message: both sides must be at the same point. */
typedef struct head { uint64_t number, bytes; } head;

typedef struct state {
	gb_socket_rendezvous m;
	uint64_t *sent, *received; /* messages by peer */
	bool *bye, *here;          /* by peer: it left in order; it has said that it waits, too */
	struct pollfd *poll;       /* controls of all, then the partner's data */
} state;

double gb_socket_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void close_state(void *opaque)
{
	state *s = opaque;
	note bye = {NOTE_BYE, ""};

	if (!s)
		return;
	for (int p = 0; s->m.peer && p < s->m.meeting.size; p++) {
		if (s->m.peer[p][GB_SOCKET_CONTROL] >= 0 &&
		    send(s->m.peer[p][GB_SOCKET_CONTROL], &bye, sizeof bye, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			s->bye[p] = true; /* gone before us: nobody to tell */
		for (int c = 0; c < 2; c++)
			if (s->m.peer[p][c] >= 0)
				close(s->m.peer[p][c]);
	}
	if (s->m.listener >= 0)
		close(s->m.listener);
	if (s->m.address)
		unlink(s->m.address);
	free(s->m.address);
	free(s->m.peer);
	free(s->sent);
	free(s->received);
	free(s->bye);
	free(s->here);
	free(s->poll);
	free(s);
}

static gb_status open_state(void **opaque, const gb_rendezvous *meeting, gb_err *err)
{
	state *s = gb_array(1, sizeof *s, err);
	size_t n = (size_t)meeting->size;
	gb_status status;

	*opaque = s;
	if (!s)
		return GB_SYSTEM;
	s->m.meeting = *meeting;
	s->m.listener = -1;
	s->m.peer = gb_array(n, sizeof *s->m.peer, err);
	s->sent = gb_array(n, sizeof *s->sent, err);
	s->received = gb_array(n, sizeof *s->received, err);
	s->bye = gb_array(n, 1, err);
	s->here = gb_array(n, 1, err);
	s->poll = gb_array(n + 1, sizeof *s->poll, err);
	if (!s->m.peer || !s->sent || !s->received || !s->bye || !s->here || !s->poll)
		return GB_SYSTEM;
	memset(s->m.peer, 0xff, n * sizeof *s->m.peer);
	status = gb_socket_listen(&s->m, err);
	if (status == GB_OK)
		for (size_t p = 0; p < n; p++)
			s->poll[p].fd = -1;
	return status;
}

static gb_status join(void *opaque, gb_err *err)
{
	state *s = opaque;
	gb_status status = gb_socket_connect(&s->m, err);

	for (int p = 0; status == GB_OK && p < s->m.meeting.size; p++)
		s->poll[p] = (struct pollfd){.fd = s->m.peer[p][GB_SOCKET_CONTROL], .events = POLLIN};
	return status;
}

/* ---- who is gone ---- */

static void tell(state *s, int peer, uint32_t kind)
{
	note out = {kind, ""};

	/* one that is gone is noticed elsewhere */
	(void)!send(s->m.peer[peer][GB_SOCKET_CONTROL], &out, sizeof out, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* WHY: the error number of its connection, 0: an orderly end, which is then told in the words of HOW. */
static gb_status is_lost_as(int peer, int why, const char *how, gb_err *err)
{
	bool silent = why == ETIMEDOUT || why == EHOSTUNREACH || why == ENETUNREACH;

	return gb_fail(err, GB_SYSTEM, "rank %d is lost: %s", peer,
	               silent ? "no answer from its machine (--rank-timeout)" : how);
}

/* What peers say on their control connections: GB_OK if nothing that ends the job.  Why one
 * gives up says more than that it is gone, so every connection is looked at first. */
static gb_status hear(state *s, gb_err *err)
{
	int gone = -1, why = 0;

	for (int p = 0; p < s->m.meeting.size; p++) {
		note got;
		ssize_t n;

		if (s->poll[p].fd < 0)
			continue;
		n = recv(s->poll[p].fd, &got, sizeof got, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n == sizeof got && (got.kind == NOTE_ASK || got.kind == NOTE_HERE)) {
			s->here[p] |= got.kind == NOTE_HERE;
			if (got.kind == NOTE_ASK)
				tell(s, p, NOTE_HERE);
			continue;
		}
		if (n == sizeof got && got.kind == NOTE_BYE) {
			s->bye[p] = true;
			s->poll[p].fd = -1;
			continue;
		}
		if (n == sizeof got && got.kind == NOTE_ABORT) {
			got.text[sizeof got.text - 1] = 0;
			return gb_fail(err, GB_SYSTEM, "rank %d gave up: %s", p, got.text);
		}
		why = n < 0 ? errno : 0;
		gone = p;
	}
	return gone < 0 ? GB_OK : is_lost_as(gone, why, "its process has ended", err);
}

/* The partner's data connection ended, WHY: its own word, if there is one, else that. */
static gb_status ended(state *s, int peer, int why, gb_err *err)
{
	gb_status status;

	/* The control connection ends with the process, at most a moment later. */
	poll(&(struct pollfd){.fd = s->poll[peer].fd, .events = POLLIN}, 1, 1000);
	status = hear(s, err);
	return status != GB_OK ? status : is_lost_as(peer, why, "it has left", err);
}

/* ---- exchange ---- */

typedef struct flow { head head; char *data; size_t bytes, done; } flow; /* done counts the head too */

/* Move what can be moved now: 1 some, 0 none, −1 the connection ended (errno, 0: in order), −2 out of
 * step. */
static int pump(int fd, flow *f, bool out, uint64_t number)
{
	bool in_head = f->done < sizeof f->head;
	char *at = in_head ? (char *)&f->head + f->done : f->data + f->done - sizeof f->head;
	size_t left = in_head ? sizeof f->head - f->done : f->bytes + sizeof f->head - f->done;
	ssize_t n = out ? send(fd, at, left,
	                       MSG_NOSIGNAL | MSG_DONTWAIT | (in_head && f->bytes ? MSG_MORE : 0))
	                : recv(fd, at, left, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0) {
		errno = 0;
		return -1;
	}
	f->done += (size_t)n;
	if (!out && in_head && f->done == sizeof f->head &&
	    (f->head.number != number || f->head.bytes != f->bytes))
		return -2;
	return 1;
}

static bool finished(const flow *f) { return f->done == f->bytes + sizeof f->head; }

/* Seconds in which a rank that only waits for a third one says so, and how often that is listened to. */
enum { ANSWER_SECONDS = 1, ANSWERS = 20 };

/* A partner that has been silent since SINCE is lost, unless it answers that it waits, too:
 * then it is for that one to say who is lost, and the waiting begins anew. */
typedef struct patience { double since, asked; int answers; } patience;

static bool is_lost(state *s, int peer, double limit, patience *p)
{
	double now = gb_socket_now();

	if (now - p->since <= limit || p->answers == ANSWERS)
		return p->answers == ANSWERS;
	if (p->asked == 0) {
		s->here[peer] = false;
		tell(s, peer, NOTE_ASK);
		p->asked = now;
	} else if (s->here[peer]) {
		*p = (patience){now, 0, p->answers + 1};
	}
	return p->asked != 0 && now - p->asked > ANSWER_SECONDS;
}

static gb_status exchange(void *opaque, int peer, const void *out, size_t outs, void *in, size_t ins,
                          double limit, gb_err *err)
{
	state *s = opaque;
	int size = s->m.meeting.size, fd = s->m.peer[peer][GB_SOCKET_DATA];
	flow to = {{s->sent[peer]++, outs}, (char *)(uintptr_t)out, outs, 0}, from = {{0, 0}, in, ins, 0};
	uint64_t number = s->received[peer]++;
	patience wait = {gb_socket_now(), 0, 0};

	while (!finished(&to) || !finished(&from)) {
		int sent = finished(&to) ? 0 : pump(fd, &to, true, 0),
		    got = sent < 0 || finished(&from) ? 0 : pump(fd, &from, false, number), ready;

		if (got == -2)
			return gb_fail(err, GB_SYSTEM,
			               "rank %d is at another point of the training: all ranks want the same "
			               "build and options",
			               peer);
		if (sent < 0 || got < 0)
			return ended(s, peer, errno, err);
		if (sent || got) {
			wait = (patience){gb_socket_now(), 0, 0};
			continue;
		}
		s->poll[size] = (struct pollfd){.fd = fd,
		                                .events = (short)((finished(&to) ? 0 : POLLOUT) |
		                                                  (finished(&from) ? 0 : POLLIN))};
		ready = poll(s->poll, (nfds_t)size + 1, 1000);
		if (ready < 0 && errno != EINTR)
			return gb_fail_errno(err, GB_SYSTEM, errno, "rank %d: poll", peer);
		if (ready > 0 && hear(s, err) != GB_OK)
			return GB_SYSTEM;
		if (is_lost(s, peer, limit, &wait))
			return gb_fail(err, GB_SYSTEM,
			               "rank %d is lost: no answer for %.0f s (--rank-timeout)", peer, limit);
	}
	return GB_OK;
}

static void give_up(void *opaque, int status, const char *why)
{
	state *s = opaque;
	note last = {.kind = NOTE_ABORT};

	(void)status;
	snprintf(last.text, sizeof last.text, "%s", why);
	for (int p = 0; p < s->m.meeting.size; p++)
		if (s->m.peer[p][GB_SOCKET_CONTROL] >= 0 &&
		    send(s->m.peer[p][GB_SOCKET_CONTROL], &last, sizeof last, MSG_NOSIGNAL | MSG_DONTWAIT) <
		        0)
			s->bye[p] = true;
}

const gb_transport gb_transport_socket =
    {GB_TRANSPORT_VERSION, "socket", open_state, join, exchange, NULL, give_up, close_state};
