/* SPDX-License-Identifier: MIT */
/* model.h: a trained model, whatever its kind, as gb-recon sees it.
 *
 * A checkpoint is one tensor file that holds all that prediction needs:
 * weights, config, dims, input statistics, the id of the data set.  The kinds
 * stand in a table (model_internal.h). */
#ifndef GB_MODEL_MODEL_H
#define GB_MODEL_MODEL_H

#include "dataset/dataset.h"

GB_BEGIN_DECLS

typedef struct gb_model gb_model;

/* PATH: a checkpoint, or a RUN folder (its best, else last). */
GB_CHECK gb_status gb_model_open(gb_model **model, const char *path, gb_err *err);
void gb_model_close(gb_model *model);

const char *gb_model_type(const gb_model *model);          /* "ridge", "giblet13", … */
const gb_json *gb_model_config(const gb_model *model);
const gb_json *gb_model_description(const gb_model *model); /* the whole object of checkpoint.h */
gb_tensor_file *gb_model_file(gb_model *model);            /* for provenance */
const char *gb_model_set(const gb_model *model);           /* id of the data set it was trained on */
size_t gb_model_voxels(const gb_model *model);
/* Whose brain it was trained on, and what is predicted where no subject is named: "mean", or a name. */
const char *gb_model_subject(const gb_model *model);
/* All whose brains it predicts: that one, or several with heads of their own. */
size_t gb_model_subjects(const gb_model *model);
const char *gb_model_subject_at(const gb_model *model, size_t index);
/* Of what is predicted for SUBJECT, who may be none of these. */
size_t gb_model_voxels_of(const gb_model *model, const char *subject);

/* GB_DATA when SET lacks a tensor that the model reads, or holds one of another shape. */
GB_CHECK gb_status gb_model_fits(const gb_model *model, const gb_dataset *set, gb_err *err);

/* Stimulus → brain for ROWS (indices of the set's clock): OUT [count, voxels],
 * in the units of the set's bold.  SUBJECT as in the set, or "mean". */
GB_CHECK gb_status gb_model_encode(gb_model *model, const gb_dataset *set, const char *subject,
                                   const int64_t *rows, size_t count, float *out, gb_pool *pool, gb_err *err);

/* From now on these stimulus tensors (none: all are heard again) are silent, with the weights as they are: at
 * their train mean (ridge), or as in a set that lacks them.  GB_USAGE for one that the model does
 * not read. */
GB_CHECK gb_status gb_model_ablate(gb_model *model, const char *const *feature, size_t features, gb_err *err);

/* Can it go from brain (FROM_BRAIN) or through its bottleneck (not) to this feature? */
bool gb_model_decodes(const gb_model *model, const char *feature, bool from_brain);

/* Which stimulus tensor is decoded, from what, and for which rows of SET. */
typedef struct gb_decode_request {
	const gb_dataset *set;
	const char *feature;
	bool from_brain;     /* from BOLD; false: from the stimulus, through the bottleneck */
	const char *subject; /* whose BOLD */
	const uint8_t *keep; /* [voxels] voxels with 0 are held at their train mean; NULL: all are read */
	const int64_t *rows;
	size_t count;        /* of ROWS */
} gb_decode_request;

/* OUT [count, elements of the decoder's row]: text as its vector, mel as bands × frames, video as frames × y
 * × x × 3 in 0 … 1, codes as the most probable code. */
GB_CHECK gb_status gb_model_decode(gb_model *model, const gb_decode_request *request, float *out,
                                   gb_pool *pool, gb_err *err);
/* Mean −log p of the codes of FEATURE that stand in ROWS: LOSS [0] as decoded, [1] by the unigram of the rows
 * that were fitted; both 0 where the model has no probabilities. */
GB_CHECK gb_status gb_model_code_loss(gb_model *model, const gb_decode_request *request, double loss[2],
                                      gb_pool *pool, gb_err *err);
/* Elements of one decoded row, and its shape (rank written; up to 4).  0: not decoded. */
size_t gb_model_decoded_shape(const gb_model *model, const char *feature, int64_t shape[4], int *rank);

/* ---- the bottleneck z, of kinds that have one ---- */

/* numbers in z; 0: there is none, and the rest is GB_USAGE */
size_t gb_model_bottleneck(const gb_model *model);
/* z of ROWS as the decoders get it: OUT [count, width]. */
GB_CHECK gb_status gb_model_bottleneck_values(gb_model *model, const gb_dataset *set, const int64_t *rows,
                                              size_t count, float *out, gb_pool *pool, gb_err *err);
/* What the head of SUBJECT (with heads for several, "mean": of all) reads of z for the voxels of REGION
 * [voxels], which are standardised: READS [*count, width], to be released with free(), has the Gram matrix
 * readsᵀ·reads = Σ w wᵀ over voxels and over the filters of the brain kernel. */
GB_CHECK gb_status gb_model_bottleneck_reads(gb_model *model, const gb_dataset *set, const char *subject,
                                             const uint8_t *region, float **reads, size_t *count,
                                             gb_pool *pool, gb_err *err);

/* Directions of z (Q [rank, width], orthonormal rows) that are held at those of MEAN [width]: z becomes
 * z − Qᵀ·Q·(z − mean).  Borrowed. */
typedef struct gb_bottleneck_removed { const double *q, *mean; size_t rank; } gb_bottleneck_removed;
/* From now on all that is predicted from the stimulus is predicted so; NULL: of z as it is. */
GB_CHECK gb_status gb_model_bottleneck_take_out(gb_model *model, const gb_bottleneck_removed *out,
                                                gb_err *err);

GB_END_DECLS
#endif
