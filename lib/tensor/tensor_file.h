/* SPDX-License-Identifier: MIT */
/* tensor_file.h: reading tensor files: gbt/1 files and any other safetensors.
 *
 * Opening maps the file (a pipe is spooled first) and checks the container; a
 * file that shows any sign of the profile has its header checksum and its id
 * verified.  Everything returned is borrowed until close. */
#ifndef GB_TENSOR_TENSOR_FILE_H
#define GB_TENSOR_TENSOR_FILE_H

#include "base/pool.h"
#include "io/hash.h"
#include "io/json.h"
#include "tensor/container.h"
#include "time/clock.h"

GB_BEGIN_DECLS

typedef struct gb_tensor_file gb_tensor_file;

GB_CHECK gb_status gb_tensor_file_open(gb_tensor_file **file, const char *path, gb_err *err);
/* The same from memory that outlives the file; NAME is for messages. */
GB_CHECK gb_status gb_tensor_file_open_memory(gb_tensor_file **file, const void *data, size_t size,
                                              const char *name, gb_err *err);
void gb_tensor_file_close(gb_tensor_file *file); /* accepts NULL */

const char *gb_tensor_file_name(const gb_tensor_file *file);      /* as given, for messages */
const char *gb_tensor_file_id(const gb_tensor_file *file);        /* NULL: not a gbt file */
/* the "gbt" object; NULL: not a gbt file */
const gb_json *gb_tensor_file_profile(const gb_tensor_file *file);
const gb_json *gb_tensor_file_metadata(const gb_tensor_file *file); /* "__metadata__" or NULL */
const char *gb_tensor_file_tool(const gb_tensor_file *file);      /* "gb-video-frames 0.1.0" or NULL */

/* Tensors in offset order, without the checksum trailer. */
size_t gb_tensor_file_count(const gb_tensor_file *file);
const gb_tensor *gb_tensor_file_at(const gb_tensor_file *file, size_t index);
const gb_tensor *gb_tensor_file_find(const gb_tensor_file *file, const char *name); /* NULL if absent */

/* What the profile says of a tensor: its object, or one key of it; NULL if absent. */
const gb_json *gb_tensor_file_attribute(const gb_tensor_file *file, const char *tensor, const char *key);
/* The clock of TENSOR.  GB_DATA if it has none, or one that contradicts its shape. */
GB_CHECK gb_status gb_tensor_file_clock(const gb_tensor_file *file, const char *tensor,
                                        gb_clock *clock, gb_err *err);
bool gb_tensor_file_has_clock(const gb_tensor_file *file, const char *tensor);

/* For tools that welcome foreign files: the file's own clock if it has one
 * (then contradicting options are GB_USAGE), else one made of --tr, and --runs
 * or --start (start is one run's).  Unset options are NULL. */
typedef struct gb_clock_options { gb_maybe_rational tr, start; const char *runs, *run; } gb_clock_options;
GB_CHECK gb_status gb_tensor_file_clock_or(const gb_tensor_file *file, const char *tensor,
                                           const gb_clock_options *options, gb_clock *clock, gb_err *err);

/* A tensor that must be there, its checksum verified, its data aligned to its
 * element type (foreign files: copied if needed).  DTYPE may be GB_FOREIGN for
 * "any numeric type", RANK −1 for any.  GB_DATA otherwise. */
GB_CHECK gb_status gb_tensor_file_need(gb_tensor_file *file, const char *name, gb_dtype dtype, int rank,
                                       const gb_tensor **tensor, gb_err *err);

/* Verify the checksum of one tensor, or of all (NAME NULL).  Foreign files
 * have none: GB_OK. */
GB_CHECK gb_status gb_tensor_file_verify(gb_tensor_file *file, const char *name, gb_pool *pool, gb_err *err);

/* The hash over the whole file, for provenance of foreign inputs.  False when
 * it came from a pipe. */
bool gb_tensor_file_whole_hash(gb_tensor_file *file, gb_hash *hash, uint64_t *bytes);

GB_END_DECLS
#endif
