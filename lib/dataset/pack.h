/* SPDX-License-Identifier: MIT */
/* pack.h: many tensor files → one data set. */
#ifndef GB_DATASET_PACK_H
#define GB_DATASET_PACK_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

typedef struct gb_pack_input {
	const char *path;
	const char *subject; /* NULL: a stimulus, or, if it holds bold, the subject its file is named for */
} gb_pack_input;

typedef struct gb_pack_options {
	const char *tool;        /* "gb-cache 0.1.0" */
	const gb_json *params;   /* that can change the result */
	const char *split, *drop; /* see split.h */
	gb_rational gap;         /* seconds between train and test */
	gb_rational history;     /* seconds at the start of each run that are history only */
	bool keep_repeats;       /* test rows that repeat a train row stay test rows */
	gb_clock_options clock;  /* of foreign files */
} gb_pack_options;

/* Build the set in a temporary folder beside OUT and put it in place when it is
 * whole.  *REPORT: lines for people (coverage, split, repeats), to be released with
 * free(); NULL on failure. */
GB_CHECK gb_status gb_pack(const char *out, const gb_pack_input *input, size_t inputs,
                           const gb_pack_options *options, gb_pool *pool, char **report, gb_err *err);

GB_END_DECLS
#endif
