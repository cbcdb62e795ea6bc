/* SPDX-License-Identifier: MIT */
/* decoding.h: a stimulus tensor decoded by a model, and how close it comes. */
#ifndef GB_EVALUATE_DECODING_H
#define GB_EVALUATE_DECODING_H

#include "modality/modality.h"
#include "model/model.h"
#include "evaluate/metrics.h"
#include "stats/identification.h"

GB_BEGIN_DECLS

typedef enum gb_decoded_type {
	GB_DECODED_FLOATS,
	GB_DECODED_MEL,
	GB_DECODED_VIDEO,
	GB_DECODED_CODES
} gb_decoded_type;

typedef struct gb_nearest { int32_t segment[5]; float cosine[5]; } gb_nearest;

typedef struct gb_decoded {
	const char *feature, *direction;
	bool from_brain;
	gb_decoded_type kind;
	const gb_modality *modality; /* NULL: none reads the tensor */
	int64_t shape[4];
	int rank;
	size_t rows, elements;
	float *predicted, *actual; /* [rows, elements]; video 0 … 1 */
	float *mean;               /* [elements] over the train rows */
	gb_identification identification;
	double error, error_mean;  /* root mean square over valid elements: of the model, of the train mean */
	/* 1 − loss / that of the train constant: squared error, or cross-entropy of codes; NAN: not known */
	double skill;
	double psnr, psnr_mean, ssim, ssim_mean; /* video */
	/* codes: share of codes right, of each codebook's commonest train code (then MEAN holds that) */
	double right, right_unigram;
	double *book_right, *book_unigram; /* [codebooks] the same of each codebook */
	struct gb_decoded_audio *sound;      /* codes, mel: decoded_audio.h; NULL: none */
	bool has_segments;
	size_t segments;
	char **text;               /* [segments] */
	gb_nearest *nearest;       /* [rows] */
	int32_t *truth;            /* [rows] a segment that stands there, −1: none */
	/* of the nearest true segment: rank, is it first, among five; then the same by chance, and against
	 * shifted rows */
	double segment[3], chance[3], null_mean[3], null_sd[3], null_p[3];
	size_t rows_with_text, shifts; /* shifts 0: too few rows */
} gb_decoded;

typedef struct gb_decoding_options {
	gb_model *model;
	const gb_dataset *set;
	const char *feature, *subject;
	bool from_brain;
	const uint8_t *keep;       /* [voxels] or NULL */
	const gb_scored *scored;
	gb_pool *pool;
	const char *weights;       /* of EnCodec, for the sound of codes; NULL: none */
	const char *medium;        /* the film or sound that the set's sound was made of; NULL: not at hand */
	/* sound of the same feature and rows, decoded the other way; NULL: none */
	const struct gb_decoded_audio *like;
} gb_decoding_options;

GB_CHECK gb_status gb_decoded_make(gb_decoded *decoded, const gb_decoding_options *options, gb_err *err);
void gb_decoded_clear(gb_decoded *decoded);
/* Every tensor of a WANTED modality that the model decodes this way, added to LIST behind COUNT, up to MOST;
 * FEATURE and LIKE of OPTIONS are set for each. */
GB_CHECK gb_status gb_decoded_all(gb_decoded *list, size_t *count, size_t most,
                                  const gb_decoding_options *options, bool (*wanted)(const char *modality),
                                  gb_err *err);
/* Rank percentile of the true row with some voxels silenced: what lesions are measured by. */
GB_CHECK gb_status gb_decoded_percentile(const gb_decoding_options *options, const gb_decoded *intact,
                                         double *percentile, gb_err *err);

/* "video", "audio" or "text": what --only calls a tensor. */
const char *gb_decoded_modality(const gb_feature *feature);
/* The first tensor of codes; NULL: none. */
const gb_feature *gb_decoded_codes(const gb_dataset *set);

static inline const char *gb_decoded_direction(bool from_brain)
{
	return from_brain ? "brain to stimulus" : "stimulus to stimulus";
}

GB_END_DECLS
#endif
