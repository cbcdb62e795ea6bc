/* SPDX-License-Identifier: MIT */
/* file.h: inputs mapped read-only, outputs that appear whole or not at all.
 *
 * "-" is standard input or output.  Temporaries are registered, so that
 * gb_file_cleanup (async-signal-safe; called by the handler of SIGINT and
 * SIGTERM that the command line layer installs) removes them. */
#ifndef GB_IO_FILE_H
#define GB_IO_FILE_H

#include "base/status.h"

GB_BEGIN_DECLS

/* ---- inputs ---- */

typedef struct gb_input {
	const uint8_t *data;  /* valid until gb_input_close; never NULL, also when size is 0 */
	size_t size;
	const char *name;     /* as given, "standard input" for "-": for messages; owned */
	bool from_pipe;       /* not a regular file: it was spooled, its hash is not recorded */
	void *map;            /* private */
	size_t map_size;
} gb_input;

/* Map PATH.  A pipe, or "-", is first copied to an unlinked temporary.
 * Missing or unreadable, or a folder: GB_USAGE. */
GB_CHECK gb_status gb_input_open(gb_input *input, const char *path, gb_err *err);
/* What lies before OFFSET is not wanted soon: its pages leave this process, so that a long file is read in
 * little memory. */
void gb_input_pass(const gb_input *input, size_t offset);
void gb_input_close(gb_input *input); /* accepts one that was never opened (all zero) */

/* The file name without its folders (borrowed from PATH). */
const char *gb_base_name(const char *path);

/* ---- temporaries ---- */

/* Folder for spooled data, "/tmp" unless set (the tools pass $TMPDIR). */
void gb_spool_folder(const char *folder);
/* A descriptor of an unlinked file in it. */
GB_CHECK gb_status gb_spool_open(int *descriptor, gb_err *err);

/* ---- outputs ---- */

/* An output being written: to `.<name>.XXXXXX` beside a path, which commit
 * makes durable (fsync, rename, fsync of the folder); straight to an existing
 * path that is no regular file (a device, a fifo) and to "-". */
typedef struct gb_output {
	int descriptor;
	bool is_file;         /* a temporary that will be renamed: seekable, mappable */
	const char *name;     /* for messages; owned */
	char *path, *temporary;
	int slot;             /* private: place in the register of temporaries */
} gb_output;

/* GB_USAGE for a terminal ("refusing to write binary data to a terminal", only
 * if BINARY); GB_SYSTEM for a folder that cannot be written. */
GB_CHECK gb_status gb_output_open(gb_output *output, const char *path, bool binary, gb_err *err);
GB_CHECK gb_status gb_output_write(gb_output *output, const void *data, size_t size, gb_err *err);
GB_CHECK gb_status gb_output_commit(gb_output *output, gb_err *err);
void gb_output_abort(gb_output *output); /* removes the temporary; no-op after commit, or if all zero */

/* A whole small file at once. */
GB_CHECK gb_status gb_output_whole(const char *path, const void *data, size_t size, gb_err *err);

/* write(2) until everything is out (EINTR, short writes). */
GB_CHECK gb_status gb_write_all(int descriptor, const void *data, size_t size, const char *name, gb_err *err);

/* mkdir -p. */
GB_CHECK gb_status gb_folder_make(const char *path, gb_err *err);

GB_END_DECLS
#endif
