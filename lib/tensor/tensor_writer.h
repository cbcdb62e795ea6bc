/* SPDX-License-Identifier: MIT */
/* tensor_writer.h: writing gbt/1 files, with provenance and checksums.
 *
 *   new → input… → add… → begin → (data | put)… → commit → free
 *
 * Begin fixes the header: every attribute must be known by then.  To a path
 * the tensors are written in place in a temporary that commit renames; to a
 * pipe, what is put in file order streams, all else is spooled and follows at
 * commit.  Free before commit aborts and leaves the old file. */
#ifndef GB_TENSOR_TENSOR_WRITER_H
#define GB_TENSOR_TENSOR_WRITER_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

typedef struct gb_tensor_writer gb_tensor_writer;

typedef struct gb_tensor_spec {
	const char *name;
	gb_dtype dtype;
	int rank;
	int64_t shape[GB_RANK_MAX];
	const char *dims;        /* axis names, "time,voxel"; one a dimension */
	const gb_clock *clock;   /* NULL: axis 0 is not time */
	const char *unit;        /* NULL: none */
	const char *doc;         /* one sentence */
	gb_json *attributes;     /* further keys (an object) or NULL; taken by add */
} gb_tensor_spec;

/* TOOL is "gb-x 0.1.0"; PARAMS (an object, may be NULL) is copied. */
GB_CHECK gb_status gb_tensor_writer_new(gb_tensor_writer **writer, const char *tool,
                                        const gb_json *params, gb_err *err);

/* Provenance, by role ("movie", "mask"; a role used again becomes "role-2" …).
 * A foreign file: base name, size and hash, read once (not from a pipe).  A
 * tensor file: its id, or name, size and hash where it is a foreign one. */
GB_CHECK gb_status gb_tensor_writer_input_path(gb_tensor_writer *writer, const char *role,
                                               const char *path, gb_err *err);
GB_CHECK gb_status gb_tensor_writer_input_file(gb_tensor_writer *writer, const char *role,
                                               gb_tensor_file *file, gb_err *err);
GB_CHECK gb_status gb_tensor_writer_input_hash(gb_tensor_writer *writer, const char *role, const char *name,
                                               uint64_t bytes, gb_hash hash, gb_err *err);
/* A key of params that is known only now ("tr" taken from a header). */
GB_CHECK gb_status gb_tensor_writer_param(gb_tensor_writer *writer, const char *key,
                                          gb_json *value /* taken */, gb_err *err);

GB_CHECK gb_status gb_tensor_writer_add(gb_tensor_writer *writer, const gb_tensor_spec *spec, gb_err *err);
/* A tensor of FILE, passed through untouched with all its attributes. */
GB_CHECK gb_status gb_tensor_writer_add_copy(gb_tensor_writer *writer, gb_tensor_file *file,
                                             const char *name, gb_err *err);
/* A UTF-8 JSON text as a U8 tensor (attribute encoding: json); VALUE is copied. */
GB_CHECK gb_status gb_tensor_writer_add_json(gb_tensor_writer *writer, const char *name, const gb_json *value,
                                             const char *doc, gb_err *err);

/* OUT: a path, or "-" / NULL for standard output.  GB_SYSTEM when the disk has
 * no room for what was declared. */
GB_CHECK gb_status gb_tensor_writer_begin(gb_tensor_writer *writer, const char *out, gb_err *err);
/* The whole tensor, zeroed, to be filled in any order by any thread until commit. */
void *gb_tensor_writer_data(gb_tensor_writer *writer, const char *name);
/* The next SIZE bytes of a tensor. */
GB_CHECK gb_status gb_tensor_writer_put(gb_tensor_writer *writer, const char *name, const void *data,
                                        size_t size, gb_err *err);
/* Checksums (with POOL's threads; may be NULL), trailer, fsync, rename.  GB_DATA
 * if a tensor was put but not in full. */
GB_CHECK gb_status gb_tensor_writer_commit(gb_tensor_writer *writer, gb_pool *pool, gb_err *err);
/* The id that the file has; after begin. */
const char *gb_tensor_writer_id(const gb_tensor_writer *writer);
void gb_tensor_writer_free(gb_tensor_writer *writer); /* accepts NULL */

GB_END_DECLS
#endif
