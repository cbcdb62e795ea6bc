/* SPDX-License-Identifier: MIT */
/* transport.h: what a back end of comm is.  A plug-in exports one such table as
 * `gb_transport_plugin`; it calls nothing of the library. */
#ifndef GB_COMM_TRANSPORT_H
#define GB_COMM_TRANSPORT_H

#include "base/status.h"

enum { GB_TRANSPORT_VERSION = 1 };

typedef struct gb_rendezvous { int rank, size; const char *folder; double timeout; } gb_rendezvous;

typedef struct gb_transport {
	int version;
	const char *name;
	/* Cheap; talks to nobody. */
	gb_status (*open)(void **state, const gb_rendezvous *meeting, gb_err *err);
	/* Waits for all. */
	gb_status (*join)(void *state, gb_err *err);
	/* Send and receive at once; at most LIMIT seconds without progress. */
	gb_status (*exchange)(void *state, int peer, const void *send, size_t sends, void *receive,
	                      size_t receives, double limit, gb_err *err);
	/* NULL: none. */
	gb_status (*sum_fast)(void *state, float *x, size_t n, double limit, gb_err *err);
	void (*give_up)(void *state, int status, const char *why);
	void (*close)(void *state);
} gb_transport;

#endif
