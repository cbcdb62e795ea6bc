/* SPDX-License-Identifier: MIT */
/* device_link.h: how gradients go straight from device to device, beside a transport
 * that carries all else.  A plug-in exports one such table as `gb_link_plugin`;
 * it calls nothing of the library.  Pointers are the device's memory. */
#ifndef GB_COMM_DEVICE_LINK_H
#define GB_COMM_DEVICE_LINK_H

#include "base/status.h"

enum { GB_LINK_VERSION = 2, GB_LINK_ID = 128 };

typedef struct gb_link {
	int version;
	const char *name;
	/* What all ranks need to find each other; rank 0 makes it, the transport carries it. */
	gb_status (*make_id)(char id[GB_LINK_ID], gb_err *err);
	gb_status (*open)(void **state, const char id[GB_LINK_ID], int rank, int size, int device,
	                  gb_err *err);
	/* Numbers to and from PEER at once, finished on return; at most LIMIT seconds. */
	gb_status (*exchange)(void *state, int peer, const float *send, size_t sends, float *receive,
	                      size_t receives, double limit, gb_err *err);
	/* Begins once what is on the device's QUEUE now is done; X is the sum when end returns: at most LIMIT
	 * seconds for all that was begun. */
	gb_status (*sum_begin)(void *state, void *queue, float *x, size_t n, gb_err *err);
	gb_status (*sum_end)(void *state, double limit, gb_err *err);
	void (*close)(void *state); /* accepts NULL; also after a failure */
} gb_link;

#endif
