/* SPDX-License-Identifier: MIT */
/* giblet13_layers.h: giblet13, the thirteen-layer network, as a graph over one
 * micro-batch of windows.
 *
 * A micro-batch is GROUPS windows.  A window has SCORED rows of one run, with
 * HISTORY rows before them (what the brain kernel looks back) and FUTURE rows
 * after them (what it reads ahead); the network encodes all of them, decodes
 * and scores the scored ones.  BOLD is read up to AHEAD rows past the scored
 * ones by the brain → stimulus path.
 *
 *   inputs → 2A 2B 2C → 3 pool → 4 mix → 5, 6 expand → 7 ┐
 *   linear view ─────────────────────────────────────────┴→ z
 *   z → kernel in time → map → head of each subject → BOLD
 *   BOLD window → head → map → z^b, fitted to z
 *   z (and z^b) → 8 … 11 → 12A 12B 12C → 13 → video, sound, text
 *   BOLD window → back.… , linear and fixed → beside 13 on the way from z^b to
 *   video and sound, and alone to float tensors */
#ifndef GB_NETWORK_GIBLET13_LAYERS_H
#define GB_NETWORK_GIBLET13_LAYERS_H

#include "network/graph.h"

GB_BEGIN_DECLS

typedef struct gb_network_type gb_network_type;

enum { GB_SUBJECTS_MAX = 64, GB_CODE_CLASSES = 1024 };

/* Sizes of the linear paths from the BOLD window to the stimulus. */
enum {
	GB_DECODER_FACTORS = 16,     /* numbers read of a volume, at most */
	GB_DECODER_COLOURS = 3,      /* of a row's pictures */
	GB_DECODER_CODE_FACTORS = 4, /* of a row's codes */
	GB_DECODER_TEXT_FACTORS = 8  /* of a row's text vector */
};

typedef struct gb_network_shape {
	const gb_network_type *kind; /* NULL: giblet13 */
	/* stimulus; 0 where a modality is absent */
	size_t video_frames, video_height, video_width;
	size_t mel_bands, mel_frames;
	size_t codebooks, code_frames;
	size_t dense;          /* columns of all further float tensors, text first */
	size_t text;           /* columns of them that are decoded */
	size_t linear;         /* columns of the linear view (with DENSE at its end) */
	/* brain */
	size_t subjects, voxels[GB_SUBJECTS_MAX];
	char subject[GB_SUBJECTS_MAX][64];
	size_t basis, taps;    /* of the brain kernel */
	int64_t first_lag;     /* rows; negative reads ahead */
	size_t window_first, window_lags; /* BOLD rows first … first + lags − 1 after a row, for z^b */
	/* windows */
	size_t groups, scored, history, future;
	/* sizes */
	double width;
	size_t rank;
	double dropout, temperature;
} gb_network_shape;

enum gb_term {
	GB_TERM_VIDEO,
	GB_TERM_MEL,
	GB_TERM_CODES,
	GB_TERM_TEXT, /* stimulus → z → stimulus */
	GB_TERM_LATENT,
	GB_TERM_CONTRAST, /* brain → z^b */
	GB_TERM_BRAIN_VIDEO,
	GB_TERM_BRAIN_MEL,
	GB_TERM_BRAIN_CODES,
	GB_TERM_BRAIN_TEXT, /* brain → stimulus */
	GB_TERM_BOLD,
	GB_TERMS
};                                  /* stimulus → brain, all subjects */

/* Filled by the caller for each micro-batch, then sent.  R = groups·(history+scored+future)
 * encoded rows, S = groups·scored scored rows, B = groups·(scored+window rows). */
typedef struct gb_batch {
	uint8_t *video;          /* [R, frames, height, width, 3] */
	float *mel;              /* [R, frames, bands], standardised */
	int32_t *mel_count;      /* [R] */
	int16_t *codes;          /* [R, codebooks, frames] */
	int32_t *code_count;     /* [R] frames after the stride */
	/* [R, linear], [R, dense], standardised; as they are where a kind reads rows */
	float *linear, *dense;
	/* [R, codebooks, frames] codes as numbers, padding 0; of a kind that reads rows, like the next two */
	float *number;
	float *target_number;    /* [S, codebooks, frames] code/1023 */
	float *weight_number;    /* [S, codebooks, frames] */
	uint8_t *keep[3];        /* [R] video, sound, text are there */
	/* [groups, scored + window_first + window_lags − 1, voxels], standardised */
	float *bold[GB_SUBJECTS_MAX];
	float *target_video;     /* [S, decoded frames, patches, patch], 0 … 1 */
	float *target_mel;       /* [S, frames·bands], standardised */
	int32_t *target_codes;   /* [S, frames, codebooks], −1: padding */
	float *target_text;      /* [S, text], (x − mean)/RMS of the SDs */
	float *target_bold[GB_SUBJECTS_MAX]; /* [S, voxels], standardised */
	int32_t *target_row;     /* [S] its own number, −1: no contrast */
	float *pair_mask;        /* [S, S] 0, or −1e30 for what is no candidate */
	float *weight[3];        /* [S] rows that count for video, sound, text */
	float *weight_codes;     /* [S, frames, codebooks] */
	float *weight_bold[GB_SUBJECTS_MAX]; /* [S] */
	float *weight_brain[3];  /* [S] as weight, and the BOLD window is whole */
	float *weight_brain_codes;
	float *weight_latent;    /* [S] */
	float *weight_contrast;  /* [S] 1/log(candidates), or 0 */
} gb_batch;

/* What is fixed over the training: borrowed memory of the host, of which the
 * network keeps its own copy where the device does not share it. */
typedef struct gb_network_fixed {
	const float *video_mean, *video_scale;  /* [frames, height, width, 3], of U8 values */
	const float *video_base;                /* [frames, patches, patch]: logit of the train mean */
	const float *code_base;                 /* [codebooks, 1024]: log unigram */
	const float *code_mean;                 /* [codebooks] of code/1023; of a kind that reads rows */
	const float *kernel;                    /* [basis, taps] */
	const float *voxel_weight[GB_SUBJECTS_MAX]; /* [voxels] or NULL */
	float *latent_scale, *latent_offset;    /* [B] z normalised = z·scale + offset: running statistics */
	float *latent_deviation, *latent_mean;  /* [B] and back */
} gb_network_fixed;

typedef struct gb_network {
	gb_graph *graph;
	gb_network_shape shape;
	gb_network_fixed fixed, fixed_there;
	gb_batch batch, device_batch;          /* on the host; the device's, which the graph reads */
	size_t bottleneck;              /* B; 0: no moments of z are followed */
	size_t patch_height, patch_width, patches, patch;
	size_t rows, scored, bold_rows; /* R, S, rows of a BOLD window */
	float *scale;                   /* [GB_TERMS] factor of each term's gradient; sent with the batch */
	/* graph term, −1: absent; BOLD: one a subject from GB_TERM_BOLD on */
	int term[GB_TERMS + GB_SUBJECTS_MAX];
	int bold[GB_SUBJECTS_MAX];      /* values: what is read of each brain */
	int z, z_scored, latent;        /* values: [R, B]; [S, B]; z^b, normalised [S, B] */
	int predicted_bold[GB_SUBJECTS_MAX];
	/* by way (from z, from z^b) and modality: video, mel, codes, text; −1: absent */
	int decoded[2][4];
	size_t window_factors;          /* that back.… reads of a volume */
	int window;                     /* [S, lags·factors] of the BOLD window */
	int direct[5]; /* what back.… gives: logits of pictures beside their base, standardised mel, logits of
	                  codes beside their unigram, standardised text, further float tensors; −1: absent */
	size_t decoded_frames;          /* of pictures */
	const gb_device *device;
	/* of the batch: the device's; the host's, one filled while the other is sent */
	void *memory, *host[2];
	int turn;
	/* scale, a 0, and the filters that pick the rows of the BOLD window */
	gb_mirror control;
	struct gb_network_copy { const void *host; void *device; size_t bytes; } *copy; /* of what is fixed */
	size_t copies, batch_bytes;
} gb_network;

/* With FIXED (borrowed pointers) everything is allocated and the weights get
 * their random start, by SEED; without it the network is only counted. */
GB_CHECK gb_status gb_network_build(gb_network *network, const gb_network_shape *shape,
                                    const gb_network_fixed *fixed, const gb_device *device, uint64_t seed,
                                    gb_err *err);
void gb_network_clear(gb_network *network);
/* BATCH becomes memory that is free to be filled; before, that of the last batch still holds it. */
void gb_network_turn(gb_network *network);
/* The filled batch and the scales → the device, beside what it still computes. */
void gb_network_send(gb_network *network);
/* Room for one more batch, which a thread of its own may fill: NET's batch is laid there, and what was filled
 * is taken and sent; *FILLED is then free to be filled again. */
GB_CHECK void *gb_network_buffer(const gb_network *network, gb_err *err);
void gb_network_release_buffer(const gb_network *network, void *room); /* accepts NULL */
void gb_network_bind(gb_network *network, void *room);
void gb_network_take(gb_network *network, void **filled);
/* The latent arrays of FIXED, which follow the running statistics → the device. */
void gb_network_upload_bottleneck(gb_network *network);

/* A network over the same batches that is not giblet13.  It reads rows: a window is one of them, what
 * enters is not standardised, codes are numbers, and of the pictures of a row the first is decoded,
 * as one patch. */
struct gb_network_type {
	const char *name; /* of --model, and in checkpoints */
	gb_status (*check)(const gb_network_shape *shape, gb_err *err);
	void (*declare)(gb_network *net); /* values, parameters and terms */
	/* reads and predicts codes as numbers: loader/dense13_batch.c fills its batches */
	bool numeric_codes;
	/* Σ over the filled batch of what the constant predictor of codes scores. */
	double (*code_constant)(const gb_network *net);
};
static inline const char *gb_network_name(const gb_network_type *kind)
{
	return kind ? kind->name : "giblet13";
}

GB_END_DECLS
#endif
