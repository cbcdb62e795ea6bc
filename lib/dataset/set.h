/* SPDX-License-Identifier: MIT */
/* set.h: the inside of a data set, shared by its reader and its packer.
 *
 * Members are tensor files of the profile.  Which features they hold, and the
 * common clock, follow from them alone, so packing and opening find the same. */
#ifndef GB_DATASET_SET_H
#define GB_DATASET_SET_H

#include "dataset/dataset.h"
#include "io/file.h"

GB_BEGIN_DECLS

#define GB_SET_INDEX "index.safetensors"

typedef struct gb_member {
	char *path;            /* for messages */
	char *name;            /* file name within the set */
	char *subject;         /* NULL: stimulus */
	gb_input input;        /* the mapping that FILE reads */
	gb_tensor_file *file;
	bool from_pipe, foreign; /* while packing: how it came */
	gb_hash content;       /* of the checksum trailer, so of every byte of the file */
} gb_member;

/* Where the rows of one run of the common clock lie. */
typedef struct gb_span {
	gb_tensor_file *file;
	const gb_tensor *tensor, *count, *valid; /* count, valid: NULL if the file has none */
	int64_t first;                           /* axis-0 row of TENSOR at which the run begins */
} gb_span;

/* One file's part of a feature: some of its runs. */
typedef struct gb_part {
	size_t member;
	const gb_tensor *tensor;
	gb_clock clock;
} gb_part;

typedef struct gb_bound {
	gb_feature feature;    /* first: a gb_feature of a set is a gb_bound */
	gb_part *part;
	size_t parts;
	gb_clock clock;        /* of all parts */
	gb_span *span;         /* [runs of the common clock] */
	uint8_t *valid;        /* what feature.valid points to, or NULL */
	bool tokens;           /* codes: numbers that are names; no mean */
	bool ragged;           /* rows have a count */
	size_t axis, inner;    /* length of the ragged axis, elements below it */
} gb_bound;

struct gb_dataset {
	char *path;
	gb_tensor_file *index; /* NULL while packing */
	gb_member *member;
	size_t members;
	gb_bound *bound;
	size_t features;
	const char **subject;
	size_t subjects;
	gb_clock clock;
	int64_t rows, gap;
	uint8_t *use;
};

/* Open member PATH (shown as SHOWN), which becomes the last of SET. */
GB_CHECK gb_status gb_set_add(gb_dataset *set, const char *path, const char *shown, const char *name,
                              const char *subject, gb_err *err);
/* Map PATH as the file of MEMBER; its content is filled where it is a gbt file. */
GB_CHECK gb_status gb_member_open(gb_member *member, const char *path, gb_err *err);
void gb_member_close(gb_member *member);
/* Let go of the memory that reading it took; it stays mapped. */
void gb_member_release(const gb_member *member);

/* The axis of TENSOR that is padded: its "frame" or "slot", if it has a .count; else 0. */
int gb_ragged_axis(const gb_tensor_file *file, const gb_tensor *tensor);

/* Find features, subjects and the common clock of all members. */
GB_CHECK gb_status gb_set_bind(gb_dataset *set, gb_err *err);
/* Valid positions of element E in a row of COUNT: E belongs to the data, not to the padding. */
static inline bool gb_bound_inside(const gb_bound *bound, size_t element, int64_t count)
{
	return !bound->ragged || (int64_t)(element / bound->inner % bound->axis) < count;
}
/* "text" or "sub-1/bold": the feature's name in the index.  Released with free(). */
GB_CHECK char *gb_bound_key(const gb_bound *bound, gb_err *err);
/* Members, and features with their parts, as the index says them; NULL when memory is short. */
gb_json *gb_set_members_json(const gb_dataset *set);
gb_json *gb_set_features_json(const gb_dataset *set);

GB_END_DECLS
#endif
