/* SPDX-License-Identifier: MIT */
/* inspect.h: tensor files for people: what gb-inspect shows.
 *
 * Everything is written to a stream of the caller's.  Tensors read in full are
 * verified first.  TENSOR NULL means all of the file. */
#ifndef GB_INSPECT_INSPECT_H
#define GB_INSPECT_INSPECT_H

#include <stdio.h>

#include "base/pool.h"
#include "plot/canvas.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* One aligned table and the provenance. */
GB_CHECK gb_status gb_inspect_table(FILE *out, const gb_tensor_file *file, gb_err *err);
/* One line of JSON; with STATS also gb_tensor_stats of each tensor. */
GB_CHECK gb_status gb_inspect_json(FILE *out, gb_tensor_file *file, bool stats, gb_pool *pool, gb_err *err);

typedef struct gb_tensor_stats {
	size_t count, nan, inf, zeros;
	double min, max;          /* of all but NaN */
	double mean, std;         /* of the finite; population SD; NaN if there are none */
	/* elements of one row; how many of them never change along axis 0 (0 and 0 if rank < 2) */
	int64_t columns, constant;
} gb_tensor_stats;

/* In tiles of fixed size, merged in order: the same bits for any pool. */
GB_CHECK gb_status gb_tensor_stats_of(const gb_tensor *tensor, gb_pool *pool, gb_tensor_stats *stats,
                                      gb_err *err);
GB_CHECK gb_status gb_inspect_stats(FILE *out, gb_tensor_file *file, const char *tensor, gb_pool *pool,
                                    gb_err *err);

/* Checkpoints: NaN, Inf, rows of weights that are all 0 (dead units), huge
 * values (beyond GB_HEALTH_LIMIT).  GB_NO if there are any. */
#define GB_HEALTH_LIMIT 1e6
GB_CHECK gb_status gb_inspect_health(FILE *out, gb_tensor_file *file, gb_pool *pool, gb_err *err);

/* Rows FIRST … END−1 along axis 0 as TSV with a header line; a JSON tensor
 * that is an array: its entries.  TENSOR NULL: the only one. */
GB_CHECK gb_status gb_inspect_rows(FILE *out, gb_tensor_file *file, const char *tensor, int64_t first,
                                   int64_t end, gb_err *err);

/* Do two files hold the same?  |a − b| ≤ ATOL + RTOL·|b|, NaN equals NaN;
 * shapes, types and what is said of each tensor count, who made it does not.
 * A line a tensor with its worst element; GB_NO if they differ. */
GB_CHECK gb_status gb_inspect_diff(FILE *out, gb_tensor_file *a, gb_tensor_file *b, const char *tensor,
                                   double rtol, double atol, gb_pool *pool, gb_err *err);

/* The tree of commands and inputs that made FILE, as far as the tensor files
 * in FOLDERS (of COUNT paths) hold it. */
GB_CHECK gb_status gb_inspect_provenance(FILE *out, const gb_tensor_file *file, const char *const *folders,
                                         int count, gb_err *err);

/* Each tensor as FOLDER/NAME.npy (BF16 as float32). */
GB_CHECK gb_status gb_inspect_npy(gb_tensor_file *file, const char *tensor, const char *folder, gb_err *err);

/* A picture that fits the content: frames, volumes, lines, else a heat map.
 * TENSOR NULL: the one that matters most.  BARE: the data alone on at most
 * WIDTH × HEIGHT pixels, for a terminal; TITLE (to be freed) says what it is. */
GB_CHECK gb_status gb_inspect_plot(gb_canvas *out, gb_tensor_file *file, const char *tensor, bool bare,
                                   int width, int height, char **title, gb_err *err);

/* ---- shared by the files of this module ---- */

/* "946×481"; "scalar" for rank 0.  Released with free(); never NULL but when memory is short. */
char *gb_inspect_shape(const gb_tensor *tensor, const char *times);
/* JSON as people write it: strings bare, lists with commas. */
char *gb_inspect_plain(const gb_json *value);
/* TENSOR's attribute as text, "" if absent; borrowed. */
const char *gb_inspect_said(const gb_tensor_file *file, const char *tensor, const char *key);
/* GB_USAGE with the names there are, if FILE has no such tensor; NAME NULL: its only one. */
GB_CHECK gb_status gb_inspect_find(const gb_tensor_file *file, const char *name, const gb_tensor **tensor,
                                   gb_err *err);

GB_END_DECLS
#endif
