/* SPDX-License-Identifier: MIT */
/* weights.h: the weights of an EnCodec model (Défossez et al. 2022,
 * arXiv:2210.13438), read from a safetensors file.
 *
 * Every size comes from the file: filters, ratios (from kernel sizes), latent
 * width, codebooks.  Weight norm is folded on loading; both of its spellings
 * and plain weights are read, in F32, F16 or BF16. */
#ifndef GB_ENCODEC_WEIGHTS_H
#define GB_ENCODEC_WEIGHTS_H

#include "base/status.h"

GB_BEGIN_DECLS

#define GB_ENCODEC_STAGES_MAX 8

/* A convolution for time-major rows: OUT[t] = bias + Σ_j IN[t·stride + j]·W_j. */
typedef struct gb_conv {
	int in, out, kernel, stride;
	float *weight;        /* [kernel · in, out]: row j·in + i */
	float *bias;          /* [out] */
	float *norm_weight, *norm_bias; /* [out]: group norm after it (48 kHz model), else NULL */
} gb_conv;

/* A transposed convolution of kernel 2·stride: frame t gives
 * OUT[t·stride + j] = bias + IN[t]·W_j + IN[t−1]·W_{stride+j}. */
typedef struct gb_lstm {
	int width;
	float *input[2];      /* [width, 4·width], columns by gate: i, f, g, o */
	float *recurrent[2];  /* the same shape */
	float *bias[2];       /* [4·width], both biases summed */
} gb_lstm;

typedef struct gb_residual { gb_conv narrow, widen, shortcut; } gb_residual;

typedef struct gb_encodec_weights {
	int channels;         /* 1: the causal 24 kHz model; 2: the 48 kHz one */
	bool normed;          /* group norm: not causal, chunks of a second */
	int stages, hop;      /* hop: the product of the ratios */
	int width;            /* of the latents */
	int codebooks, codes; /* codes a codebook */
	gb_conv encoder_in, encoder_out, down[GB_ENCODEC_STAGES_MAX];
	gb_residual encoder_block[GB_ENCODEC_STAGES_MAX];
	gb_lstm encoder_lstm, decoder_lstm;
	gb_conv decoder_in, decoder_out;
	gb_conv up[GB_ENCODEC_STAGES_MAX];  /* weight [2·in, stride·out]: rows IN[t−1], IN[t]; columns j·out + o */
	gb_residual decoder_block[GB_ENCODEC_STAGES_MAX];
	float *codebook;      /* [codebooks, codes, width] */
	float *half_norm;     /* [codebooks, codes]: half the squared length of each codeword */
} gb_encodec_weights;

/* GB_SYSTEM: PATH is not there (weights: 4); GB_DATA: not such a model, naming the tensor. */
GB_CHECK gb_status gb_encodec_weights_open(gb_encodec_weights *weights, const char *path, gb_err *err);
void gb_encodec_weights_close(gb_encodec_weights *weights); /* accepts one that is all zero */

GB_END_DECLS
#endif
