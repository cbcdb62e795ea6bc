/* SPDX-License-Identifier: MIT */
/* tensor_groups.h: groups of stimulus tensors, as options name them: text.rate+text.boundaries,text,mel. */
#ifndef GB_COMPARISON_TENSOR_GROUPS_H
#define GB_COMPARISON_TENSOR_GROUPS_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

enum { GB_GROUPS_MAX = 16, GB_GROUP_TENSORS = 64 };

/* Tensors joined with +; a name that ends in * stands for all tensors whose names begin so. */
typedef struct gb_group {
	char *text;
	const char *name[GB_GROUP_TENSORS]; /* borrowed from the set */
	size_t names;
} gb_group;
typedef struct gb_groups { gb_group group[GB_GROUPS_MAX]; size_t count; } gb_groups;

typedef struct gb_groups_rule {
	const char *option;         /* for errors */
	size_t least, most;         /* groups */
	bool apart;                 /* no tensor may be in two groups */
	const gb_groups *not_in;    /* nor in these; may be NULL */
} gb_groups_rule;

/* TEXT (NULL: no groups), with commas between groups.  GB_USAGE where the rule is broken, SET has no such
 * tensor, or a group has one twice. */
GB_CHECK gb_status gb_groups_parse(gb_groups *groups, const char *text, const gb_groups_rule *rule,
                                   const gb_dataset *set, gb_err *err);
void gb_groups_clear(gb_groups *groups); /* accepts a cleared one */

GB_END_DECLS
#endif
