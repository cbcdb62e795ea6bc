/* SPDX-License-Identifier: MIT */
/* modality.h: the kinds of stimulus tensors, one file each.
 *
 * A modality says which tensors of a data set belong to it, how linear models
 * and the network read them, what the network aims at, what a constant
 * predictor of them scores, and how decoded rows are scored and drawn.  To add
 * one, write modality_NAME.c and name it in modality.c.
 *
 * The folder lies above network/, because it fills the network's batches, and
 * below loader/, model/, train/ and evaluate/, which loop over the table.  The
 * layers of the graph (encoder and decoder blocks) therefore stay in network/. */
#ifndef GB_MODALITY_MODALITY_H
#define GB_MODALITY_MODALITY_H

#include "dataset/dataset.h"
#include "network/giblet13_layers.h"

GB_BEGIN_DECLS

/* Stored in checkpoints; text and further float tensors share a number. */
typedef enum gb_linear_feature_type {
	GB_LINEAR_FEATURE_FLOAT,
	GB_LINEAR_FEATURE_MEL,
	GB_LINEAR_FEATURE_CODES,
	GB_LINEAR_FEATURE_VIDEO
} gb_linear_feature_type;

typedef struct gb_modality gb_modality;

/* A tensor of a data set as numbers of each row, for linear models. */
typedef struct gb_linear_feature {
	const gb_feature *feature;
	const gb_modality *modality;
	gb_linear_feature_type kind;
	size_t width;
	/* [codebooks, codes, latent], borrowed from the feature's file; NULL: not there */
	const float *codeword;
	size_t codes, latent;
} gb_linear_feature;

/* Statistics of the train rows: arrays of the network's sizes, owned. */
typedef struct gb_loader_statistics {
	float *linear_mean, *linear_std;   /* [linear] */
	float *video_mean, *video_scale;   /* [elements of a row]; scale = 1/max(SD, a tenth of their RMS) */
	float *video_base;                 /* [frames, patches, patch] */
	float *mel_mean, *mel_std;         /* [bands, frames] */
	float *code_base, *code_mean;      /* [codebooks, 1024]; [codebooks] of code/1023 */
	float *text_unit;                  /* [1]: RMS over columns of the text's SD */
	float *bold_mean[GB_SUBJECTS_MAX], *bold_std[GB_SUBJECTS_MAX], *voxel_weight[GB_SUBJECTS_MAX],
	    *ceiling[GB_SUBJECTS_MAX];
} gb_loader_statistics;

/* One tensor as a loader holds it; everything is borrowed. */
typedef struct gb_modality_source {
	const gb_dataset *set;
	const gb_feature *feature;
	const gb_network_shape *shape;
	const gb_loader_statistics *statistics;
	float *scratch;        /* [elements of the tensor] */
	int16_t *code_row;     /* [codebooks, frames] */
	const float *linear;   /* [rows, shape->linear], standardised */
	int64_t rows;
	const uint8_t *use;    /* [rows]; FIT: the rows that statistics are taken over */
	int fit;
} gb_modality_source;

/* A figure of decoded rows, beside that of a baseline. */
typedef struct gb_modality_figure {
	const char *key, *figure, *control; /* static text */
	double value, baseline;
} gb_modality_figure;

enum { GB_MODALITY_FIGURES = 4 };

/* Rows as decoded and as they were, each [rows, elements], and the train mean [elements]. */
typedef struct gb_modality_decoded {
	size_t rows, elements;
	const float *predicted, *actual, *mean;
} gb_modality_decoded;

/* Functions that are NULL: the modality has none. */
struct gb_modality {
	const char *name;
	gb_linear_feature_type kind;
	int mask_token; /* of the network: 0 video, 1 sound, 2 float tensors */
	int term;       /* its decoder, counted from GB_TERM_VIDEO; −1: read linearly from the BOLD window */
	bool single;    /* the network reads one tensor of this modality */
	const char *group; /* "video", "audio", "text": what --only calls it */

	bool (*accepts)(const gb_feature *feature);
	/* Linear view: set WIDTH and what READ needs. */
	gb_status (*features)(gb_linear_feature *band, const gb_feature *feature, gb_err *err);
	/* OUT [band->width]; SCRATCH [feature->elements]. */
	void (*read)(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
	             float *out);
	/* What a linear decoder aims at: its shape, and the numbers of a row. */
	bool (*decodes)(const gb_feature *feature, int64_t shape[4], int *rank, size_t *elements);
	void (*read_target)(const gb_dataset *set, const gb_feature *feature, int64_t row, float *out);

	/* Add the tensor's sizes to SHAPE. */
	void (*shape)(gb_network_shape *shape, size_t width, const int64_t *dims);
	/* Fill the modality's statistics, which are allocated. */
	gb_status (*measure)(const gb_modality_source *source, gb_err *err);
	/* Encoded row AT of the batch. */
	void (*fill_batch)(const gb_modality_source *source, gb_network *net, size_t at, int64_t row);
	void (*clear_batch)(gb_network *net, size_t at);
	/* Target (and weights of its own) of scored row AT; the set may lack the tensor (FEATURE NULL). */
	void (*fill_target)(const gb_modality_source *source, gb_network *net, size_t at, int64_t row);
	void (*clear_target)(gb_network *net, size_t at);
	/* Over the filled batch: Σ of the weights; Σ of what the constant predictor scores. */
	double (*count)(const gb_network *net, bool from_brain);
	double (*constant)(const gb_network *net, bool from_brain);

	/* Write at most GB_MODALITY_FIGURES figures beyond error and skill; returns how many. */
	size_t (*score)(const gb_modality_decoded *decoded, gb_modality_figure *figure);
	/* The time course to draw, for row T of VALUES [rows, elements]; its label names the unit. */
	float (*course)(const float *values, size_t elements, size_t t);
	const char *course_label;
};

extern const gb_modality gb_modality_video, gb_modality_mel, gb_modality_codes, gb_modality_text,
    gb_modality_pitch, gb_modality_floats;

/* All modalities, in the order that the network's tensors stand in. */
enum { GB_MODALITIES = 6 };
extern const gb_modality *const gb_modalities[GB_MODALITIES];

/* The modality of FEATURE; NULL: none reads it. */
const gb_modality *gb_modality_of(const gb_feature *feature);
/* The modality of a tensor that a checkpoint calls NAME and KIND. */
const gb_modality *gb_modality_stored(int64_t kind, const char *name);
/* Place in the table. */
int gb_modality_index(const gb_modality *modality);

/* GB_DATA for a tensor of no modality. */
GB_CHECK gb_status gb_linear_feature_of(gb_linear_feature *band, const gb_feature *feature, gb_err *err);
void gb_linear_feature_read(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                            float *out);
/* False: not decoded by linear models (codes). */
bool gb_linear_feature_decodes(const gb_feature *feature, int64_t shape[4], int *rank, size_t *elements);
void gb_linear_feature_read_target(const gb_dataset *set, const gb_feature *feature, int64_t row, float *out);

/* ---- shared by several modalities ---- */

bool gb_modality_is_float(gb_dtype dtype);
/* Mean and SD of N columns from Σ and Σ of squares over COUNT rows; SD 0 becomes 1. */
void gb_modality_moments(const double *sum, const double *squares, size_t n, double count, float *mean,
                         float *std);
/* The same over the fit rows of SOURCE's raw numbers. */
GB_CHECK gb_status gb_modality_measure(const gb_modality_source *source, float *mean, float *std,
                                       gb_err *err);
/* Σ of N weights. */
double gb_modality_total(const float *weight, size_t n);
/* Σ over rows of weight × (target − constant)², the constant being 0, or the sigmoid of BASE [columns]. */
double gb_modality_squares(const float *target, const float *weight, const float *base, size_t rows,
                           size_t columns);
/* A float tensor as it is: linear view, and target. */
gb_status gb_modality_float_features(gb_linear_feature *band, const gb_feature *feature, gb_err *err);
void gb_modality_float_read(const gb_dataset *set, const gb_linear_feature *band, int64_t row, float *scratch,
                            float *out);
bool gb_modality_float_decodes(const gb_feature *feature, int64_t shape[4], int *rank, size_t *elements);
void gb_modality_float_target(const gb_dataset *set, const gb_feature *feature, int64_t row, float *out);
void gb_modality_float_shape(gb_network_shape *shape, size_t width, const int64_t *dims);

GB_END_DECLS
#endif
