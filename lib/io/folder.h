/* SPDX-License-Identifier: MIT */
/* folder.h: an output that is a folder of files, and appears whole or not at all.
 *
 *   open → write files into .temporary → commit   (abort: nothing happened)
 *
 * It is built in `.<name>.XXXXXX` beside PATH.  Commit renames it, or changes
 * places with the folder that is there (one atomic step) and removes that. */
#ifndef GB_IO_FOLDER_H
#define GB_IO_FOLDER_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_folder {
	char *path, *temporary;
	int slot; /* private */
} gb_folder;

/* A folder at PATH is replaced only if it is empty or holds a file MARKER (so that it
 * is one of ours); GB_USAGE otherwise, and where PATH is a file. */
GB_CHECK gb_status gb_folder_open(gb_folder *folder, const char *path, const char *marker, gb_err *err);
GB_CHECK gb_status gb_folder_commit(gb_folder *folder, gb_err *err);
void gb_folder_abort(gb_folder *folder); /* no-op after commit, or if all zero */

/* Remove a folder and all that is in it; symbolic links are not followed. */
GB_CHECK gb_status gb_folder_remove(const char *path, gb_err *err);

GB_END_DECLS
#endif
