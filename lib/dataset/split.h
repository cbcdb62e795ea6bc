/* SPDX-License-Identifier: MIT */
/* split.h: which rows of a data set train, which test, which do neither.
 *
 * Rows count from 0 over the whole common clock (all runs), or from the first
 * common row of a run: "A:B", "A:" (to the end), "RUN:A:B", "RUN:" (all of it). */
#ifndef GB_DATASET_SPLIT_H
#define GB_DATASET_SPLIT_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

#define GB_KERNEL_SECONDS 32 /* length of the haemodynamic kernel */

typedef struct gb_split {
	const char *split;  /* "0.8:0.2" (first and last part), or train "/" test, each A:B,… or nothing */
	const char *drop;   /* A:B,… or NULL */
	int64_t gap;        /* rows that lie at least between a train and a test row */
	int64_t history;    /* first rows of each run that are history only */
	int64_t lost_gap, lost_head, lost_drop; /* filled: rows asked for that do neither, by reason */
	int64_t train, test;                    /* filled: rows left */
} gb_split;

/* USE [rows of CLOCK] = GB_ROW_….  Test rows stay as asked; the gap is taken from
 * the train rows on both sides, over run borders too.  GB_USAGE: text that does
 * not parse, rows outside the clock, a row asked for twice; GB_DATA: nothing left
 * of what was asked. */
GB_CHECK gb_status gb_split_rows(gb_split *split, const gb_clock *clock, uint8_t *use, gb_err *err);

/* Set MARK[r] = 1 for the rows of a list "A:B,RUN:A:B,…"; OPTION is for messages. */
GB_CHECK gb_status gb_row_list(const char *list, size_t length, const char *option, const gb_clock *clock,
                               uint8_t *mark, gb_err *err);

GB_END_DECLS
#endif
