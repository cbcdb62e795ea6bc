/* SPDX-License-Identifier: MIT */
/* member.h: how an input becomes a member of a set: hard-linked, copied (other
 * disk, pipe), or, a foreign file, written anew in the profile with its clock. */
#ifndef GB_DATASET_MEMBER_H
#define GB_DATASET_MEMBER_H

#include "dataset/set.h"

GB_BEGIN_DECLS

typedef struct gb_member_options {
	const char *tool;
	const gb_clock_options *clock; /* of foreign files */
	gb_pool *pool;
} gb_member_options;

/* Put PATH into FOLDER and append it to SET, every checksum verified. */
GB_CHECK gb_status gb_member_take(gb_dataset *set, const char *folder, const char *path, const char *subject,
                                  const gb_member_options *options, gb_err *err);

GB_END_DECLS
#endif
