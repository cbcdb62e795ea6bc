/* SPDX-License-Identifier: MIT */
/* socket_meet.c: how the ranks find each other.
 *
 * Rank 0 listens and writes its file at once; the others connect to it and wait
 * there, without a limit, until it is done with its slow work: its end would
 * break the connection.  Its answer holds the number of the job, under which the
 * others then write their own files and connect to all lower ranks. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/size.h"
#include "comm/socket_internal.h"
#include "io/file.h"

typedef struct hello { uint64_t magic, job; int32_t rank, size, kind, good; } hello;
#define HELLO_MAGIC UINT64_C(0x316b6e6172746c67) /* "gltrank1" */
enum { GREETING_SECONDS = 5, RETRY_MILLISECONDS = 30, HOSTS_MAX = 32 };

/* Small messages go at once.  A rank may wait long for a process, not for a machine: the
 * kernels ask each other whether they are there. */
static bool tune(int fd, double timeout)
{
	int on = 1, seconds = timeout < 3 ? 1 : (int)(timeout / 3), tries = 2;
	unsigned milliseconds = timeout < 1e6 ? (unsigned)(timeout * 1000) : 1000000000;

	return !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) &&
	       !setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) &&
	       !setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds) &&
	       !setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds) &&
	       !setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries) &&
	       !setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
}

/* ---- files ---- */

/* Addresses of this machine that another could reach, and the loop: "10.0.0.7 127.0.0.1". */
static void own_hosts(char *text, size_t room)
{
	struct ifaddrs *all = NULL;
	size_t used = 0;

	text[0] = 0;
	for (int loop = 0; loop < 2 && getifaddrs(&all) == 0; loop++) {
		for (struct ifaddrs *at = all; at; at = at->ifa_next) {
			char host[INET_ADDRSTRLEN];

			if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET ||
			    !(at->ifa_flags & IFF_UP) || !(at->ifa_flags & IFF_LOOPBACK) != !loop)
				continue;
			inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr, host,
			          sizeof host);
			if (used + strlen(host) + 2 < room)
				used += (size_t)snprintf(text + used, room - used, " %s", host);
		}
		freeifaddrs(all);
		all = NULL;
	}
}

static char *file_of(const gb_socket_rendezvous *m, int rank, gb_err *err)
{
	return gb_format(err, "%s/rank-%d.address", m->meeting.folder, rank);
}

static gb_status publish(gb_socket_rendezvous *m, gb_err *err)
{
	char hosts[512];
	char *text;
	gb_status status;

	own_hosts(hosts, sizeof hosts);
	m->address = file_of(m, m->meeting.rank, err);
	text = gb_format(err, "%016llx %d%s\n", (unsigned long long)m->job, m->port, hosts);
	status = m->address && text ? gb_output_whole(m->address, text, strlen(text), err) : GB_SYSTEM;
	free(text);
	return status;
}

/* What RANK's file says; false where there is none yet. */
static bool look_up(const gb_socket_rendezvous *m, int rank, uint64_t *job, int *port,
                    char host[HOSTS_MAX][INET_ADDRSTRLEN], int *hosts)
{
	char *path = file_of(m, rank, NULL), text[700], *at, *rest = NULL;
	FILE *file = path ? fopen(path, "r") : NULL;
	size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
	unsigned long long number;
	int used = 0;

	free(path);
	if (file)
		fclose(file);
	text[n] = 0;
	if (sscanf(text, "%16llx %d%n", &number, port, &used) != 2 || *port < 1 || *port > 65535)
		return false;
	*job = number;
	*hosts = 0;
	for (at = strtok_r(text + used, " \n", &rest); at && *hosts < HOSTS_MAX;
	     at = strtok_r(NULL, " \n", &rest))
		snprintf(host[(*hosts)++], INET_ADDRSTRLEN, "%.15s", at);
	return true;
}

/* ---- greetings ---- */

static bool move_all(int fd, void *data, size_t bytes, bool out, double until)
{
	char *at = data;

	while (bytes) {
		ssize_t n = out ? send(fd, at, bytes, MSG_NOSIGNAL | MSG_DONTWAIT)
		                : recv(fd, at, bytes, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < 0) {
			poll(&(struct pollfd){.fd = fd, .events = out ? POLLOUT : POLLIN}, 1, 200);
			if (until > 0 && gb_socket_now() > until)
				return false;
			continue;
		}
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

static int dial(const char *host, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), failed = 0;
	socklen_t size = sizeof failed;

	if (fd < 0 || inet_pton(AF_INET, host, &to.sin_addr) != 1)
		goto fail;
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	if (errno != EINPROGRESS || poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000) != 1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) || failed)
		goto fail;
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One connection of KIND to RANK at HOST; its answer is waited for as long as it lives. */
static bool greet(gb_socket_rendezvous *m, int rank, const char *host, int port, int kind, uint64_t job)
{
	hello own = {HELLO_MAGIC, job, m->meeting.rank, m->meeting.size, kind, 1}, answer;
	int fd = dial(host, port);

	if (fd < 0)
		return false;
	if (!tune(fd, m->meeting.timeout) ||
	    !move_all(fd, &own, sizeof own, true, gb_socket_now() + GREETING_SECONDS) ||
	    !move_all(fd, &answer, sizeof answer, false, 0) || answer.magic != HELLO_MAGIC ||
	    answer.rank != rank || answer.job != job || !answer.good) {
		close(fd);
		return false;
	}
	m->peer[rank][kind] = fd;
	return true;
}

static gb_status reach(gb_socket_rendezvous *m, int rank, gb_err *err)
{
	double until = gb_socket_now() + m->meeting.timeout;
	char host[HOSTS_MAX][INET_ADDRSTRLEN];
	int hosts, port;
	uint64_t job;

	do {
		if (look_up(m, rank, &job, &port, host, &hosts) && (rank == 0 || job == m->job))
			for (int h = 0; h < hosts; h++) {
				if (!greet(m, rank, host[h], port, GB_SOCKET_DATA, job))
					continue;
				m->job = job;
				if (greet(m, rank, host[h], port, GB_SOCKET_CONTROL, job))
					return GB_OK;
				close(m->peer[rank][GB_SOCKET_DATA]);
				m->peer[rank][GB_SOCKET_DATA] = -1;
			}
		poll(NULL, 0, RETRY_MILLISECONDS);
	} while (gb_socket_now() < until);
	return gb_fail(err, GB_SYSTEM,
	               "rank %d is lost: not found through %s/rank-%d.address for %.0f s (--rank-timeout); "
	               "is the folder shared and rank %d started?",
	               rank, m->meeting.folder, rank, m->meeting.timeout, rank);
}

/* One connection from a higher rank; what does not know the job is turned away. */
static void welcome(gb_socket_rendezvous *m, int fd)
{
	hello got, answer = {HELLO_MAGIC, m->job, m->meeting.rank, m->meeting.size, 0, 1};

	if (!tune(fd, m->meeting.timeout) ||
	    !move_all(fd, &got, sizeof got, false, gb_socket_now() + GREETING_SECONDS) ||
	    got.magic != HELLO_MAGIC || got.job != m->job || got.rank <= m->meeting.rank ||
	    got.rank >= m->meeting.size || got.size != m->meeting.size || got.kind < 0 || got.kind > 1 ||
	    m->peer[got.rank][got.kind] >= 0 ||
	    !move_all(fd, &answer, sizeof answer, true, gb_socket_now() + GREETING_SECONDS)) {
		close(fd);
		return;
	}
	m->peer[got.rank][got.kind] = fd;
}

/* The first higher rank that is not whole yet, −1: none. */
static int missing(const gb_socket_rendezvous *m)
{
	for (int p = m->meeting.rank + 1; p < m->meeting.size; p++)
		if (m->peer[p][0] < 0 || m->peer[p][1] < 0)
			return p;
	return -1;
}

gb_status gb_socket_listen(gb_socket_rendezvous *m, gb_err *err)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	socklen_t size = sizeof any;

	m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (m->listener < 0 || bind(m->listener, (struct sockaddr *)&any, sizeof any) ||
	    listen(m->listener, SOMAXCONN) || getsockname(m->listener, (struct sockaddr *)&any, &size))
		return gb_fail_errno(err, GB_SYSTEM, errno, "rank %d: no socket to listen on",
		                     m->meeting.rank);
	m->port = ntohs(any.sin_port);
	if (m->meeting.rank)
		return GB_OK;
	if (getrandom(&m->job, sizeof m->job, 0) != sizeof m->job)
		return gb_fail_errno(err, GB_SYSTEM, errno, "rank 0: no random number for the job");
	return publish(m, err);
}

gb_status gb_socket_connect(gb_socket_rendezvous *m, gb_err *err)
{
	double since;
	gb_status status = GB_OK;

	for (int p = 0; p < m->meeting.rank && status == GB_OK; p++) {
		status = reach(m, p, err);
		if (p == 0 && status == GB_OK)
			status = publish(m, err);
	}
	since = gb_socket_now();
	while (status == GB_OK && missing(m) >= 0) {
		int fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			welcome(m, fd);
			since = gb_socket_now();
			continue;
		}
		poll(&(struct pollfd){.fd = m->listener, .events = POLLIN}, 1, 200);
		if (gb_socket_now() - since > m->meeting.timeout)
			status = gb_fail(err, GB_SYSTEM,
			                 "rank %d is lost: it has not come for %.0f s (--rank-timeout)",
			                 missing(m), m->meeting.timeout);
	}
	return status;
}
