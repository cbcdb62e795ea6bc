/* SPDX-License-Identifier: MIT */
/* socket.c: exchanging bytes over connected pairs, and noticing who is gone. */
#include "comm/socket.h"

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
enum { NOTE_BYE = 0x62796521, NOTE_ABORT = 0x61626f72 };

/* In front of each message: both sides must be at the same point. */
typedef struct head { uint64_t number, bytes; } head;

typedef struct state {
	gb_socket_meeting m;
	uint64_t *sent, *received; /* messages by peer */
	bool *bye;
	struct pollfd *poll;       /* controls of all, then the partner's data */
} state;

double gb_socket_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads what the other side still sends, until it is done too: a connection
 * closed over unread bytes takes from it what it has not read itself. */
static void drain_and_close(int fd, double until)
{
	struct pollfd wait = {fd, POLLIN, 0};
	char waste[4096];
	double left;

	while ((left = until - gb_socket_now()) > 0 && poll(&wait, 1, (int)(1000 * left) + 1) > 0 && recv(fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
		;
	close(fd);
}

enum { LEAVE_SECONDS = 1 };

static void close_state(void *opaque)
{
	state *s = opaque;
	note bye = {NOTE_BYE, ""};
	double until = gb_socket_now() + LEAVE_SECONDS;

	if (!s)
		return;
	for (int p = 0; s->m.peer && p < s->m.meeting.size; p++) {
		if (s->m.peer[p][GB_SOCKET_CONTROL] >= 0 && send(s->m.peer[p][GB_SOCKET_CONTROL], &bye, sizeof bye, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			s->bye[p] = true; /* gone before us: nobody to tell */
		for (int c = 0; c < 2; c++)
			if (s->m.peer[p][c] >= 0)
				shutdown(s->m.peer[p][c], SHUT_WR);
	}
	for (int p = 0; s->m.peer && p < s->m.meeting.size; p++)
		for (int c = 0; c < 2; c++)
			if (s->m.peer[p][c] >= 0)
				drain_and_close(s->m.peer[p][c], until);
	if (s->m.listener >= 0)
		close(s->m.listener);
	if (s->m.address)
		unlink(s->m.address);
	free(s->m.address);
	free(s->m.peer);
	free(s->sent);
	free(s->received);
	free(s->bye);
	free(s->poll);
	free(s);
}

static gb_status open_state(void **opaque, const gb_meeting *meeting, gb_err *err)
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
	s->poll = gb_array(n + 1, sizeof *s->poll, err);
	if (!s->m.peer || !s->sent || !s->received || !s->bye || !s->poll)
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
	return gone < 0 ? GB_OK
	       : why == ETIMEDOUT || why == EHOSTUNREACH || why == ENETUNREACH
	           ? gb_fail(err, GB_SYSTEM, "rank %d is lost: no answer from its machine (--rank-timeout)", gone)
	           : gb_fail(err, GB_SYSTEM, "rank %d is lost: its process has ended", gone);
}

/* The partner's data connection ended: its own word, if there is one, else that. */
static gb_status ended(state *s, int peer, gb_err *err)
{
	gb_status status;

	/* The control connection ends with the process, at most a moment later. */
	poll(&(struct pollfd){.fd = s->poll[peer].fd, .events = POLLIN}, 1, 1000);
	status = hear(s, err);
	return status != GB_OK ? status : gb_fail(err, GB_SYSTEM, "rank %d is lost: it has left", peer);
}

/* ---- exchange ---- */

typedef struct flow { head head; char *data; size_t bytes, done; } flow; /* done counts the head too */

/* Move what can be moved now: 1 some, 0 none, −1 the connection ended, −2 out of step. */
static int pump(int fd, flow *f, bool out, uint64_t number)
{
	bool in_head = f->done < sizeof f->head;
	char *at = in_head ? (char *)&f->head + f->done : f->data + f->done - sizeof f->head;
	size_t left = in_head ? sizeof f->head - f->done : f->bytes + sizeof f->head - f->done;
	ssize_t n = out ? send(fd, at, left, MSG_NOSIGNAL | MSG_DONTWAIT | (in_head && f->bytes ? MSG_MORE : 0)) : recv(fd, at, left, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0)
		return -1;
	f->done += (size_t)n;
	if (!out && in_head && f->done == sizeof f->head && (f->head.number != number || f->head.bytes != f->bytes))
		return -2;
	return 1;
}

static bool finished(const flow *f) { return f->done == f->bytes + sizeof f->head; }

static gb_status exchange(void *opaque, int peer, const void *out, size_t outs, void *in, size_t ins, double limit, gb_err *err)
{
	state *s = opaque;
	int size = s->m.meeting.size, fd = s->m.peer[peer][GB_SOCKET_DATA];
	flow to = {{s->sent[peer]++, outs}, (char *)(uintptr_t)out, outs, 0}, from = {{0, 0}, in, ins, 0};
	uint64_t number = s->received[peer]++;
	double since = gb_socket_now();

	while (!finished(&to) || !finished(&from)) {
		int sent = finished(&to) ? 0 : pump(fd, &to, true, 0), got = finished(&from) ? 0 : pump(fd, &from, false, number), ready;
		double now;

		if (got == -2)
			return gb_fail(err, GB_SYSTEM, "rank %d is at another point of the training: all ranks want the same build and options", peer);
		if (sent < 0 || got < 0)
			return ended(s, peer, err);
		if (sent || got) {
			since = gb_socket_now();
			continue;
		}
		s->poll[size] = (struct pollfd){.fd = fd, .events = (short)((finished(&to) ? 0 : POLLOUT) | (finished(&from) ? 0 : POLLIN))};
		ready = poll(s->poll, (nfds_t)size + 1, 1000);
		if (ready < 0 && errno != EINTR)
			return gb_fail_errno(err, GB_SYSTEM, errno, "rank %d: poll", peer);
		if (ready > 0 && hear(s, err) != GB_OK)
			return GB_SYSTEM;
		now = gb_socket_now();
		if (now - since > limit)
			return gb_fail(err, GB_SYSTEM, "rank %d is lost: no answer for %.0f s (--rank-timeout)", peer, now - since);
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
		if (s->m.peer[p][GB_SOCKET_CONTROL] >= 0 && send(s->m.peer[p][GB_SOCKET_CONTROL], &last, sizeof last, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			s->bye[p] = true;
}

const gb_transport gb_transport_socket = {GB_TRANSPORT_VERSION, "socket", open_state, join, exchange, NULL, give_up, close_state};
