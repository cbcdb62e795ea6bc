/* SPDX-License-Identifier: MIT */
/* socket_internal.h: ranks that talk over TCP, each pair over two connections: one for
 * data, one on which a rank says goodbye, or why it gives up.
 *
 * They meet through files in a folder all of them see: rank r writes
 * `rank-R.address` and removes it once all are connected. */
#ifndef GB_COMM_SOCKET_INTERNAL_H
#define GB_COMM_SOCKET_INTERNAL_H

#include "comm/transport.h"

/* socket.c */
extern const gb_transport gb_transport_socket;
double gb_socket_now(void); /* seconds of a clock that never goes back */

enum { GB_SOCKET_DATA, GB_SOCKET_CONTROL };

/* socket_meet.c: listen and, on rank 0, be found. */
typedef struct gb_socket_rendezvous {
	gb_rendezvous meeting;
	uint64_t job;         /* which start of the ranks this is; rank 0 draws it */
	int listener, port;
	char *address;        /* own file; NULL: not written */
	int (*peer)[2];       /* [size] descriptors, −1: none */
} gb_socket_rendezvous;
GB_CHECK gb_status gb_socket_listen(gb_socket_rendezvous *m, gb_err *err);
GB_CHECK gb_status gb_socket_connect(gb_socket_rendezvous *m, gb_err *err);

#endif
