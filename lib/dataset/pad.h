/* SPDX-License-Identifier: MIT */
/* pad.h: rows of one shape in all files of a feature. */
#ifndef GB_DATASET_PAD_H
#define GB_DATASET_PAD_H

#include "dataset/member.h"

GB_BEGIN_DECLS

/* Where the files of a feature's runs have longest rows of other lengths, write the
 * shorter ones anew, padded as the profile says (codes −1, floats 0, pictures and
 * their times the last again), so that all rows of the feature have one shape. */
GB_CHECK gb_status gb_members_pad(gb_dataset *set, const char *folder, const gb_member_options *options,
                                  gb_err *err);

GB_END_DECLS
#endif
