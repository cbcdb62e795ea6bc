/* SPDX-License-Identifier: MIT */
/* giblet13.h: what a checkpoint of giblet13 holds beside its weights. */
#ifndef GB_MODEL_GIBLET13_H
#define GB_MODEL_GIBLET13_H

#include "ridge/delays.h"
#include "loader/loader.h"
#include "model/model_type.h"

GB_BEGIN_DECLS

enum { GB_STATISTICS_MAX = 10 + 4 * GB_SUBJECTS_MAX };

typedef struct gb_statistic_item {
	char name[96];
	size_t count;
	float **data;
	const char *doc;
} gb_statistic_item;

GB_END_DECLS
#endif
