/* SPDX-License-Identifier: MIT */
/* codec_weights.h: the weights of an EnCodec model (Défossez et al. 2022,
 * arXiv:2210.13438), read from a safetensors file.
 *
 * Every size comes from the file: filters, ratios (from kernel sizes), latent
 * width, LSTM layers, codebooks.  Weight norm is folded on loading; both of its
 * spellings and plain weights are read, in F32, F16 or BF16.  Weights are kept
 * packed for the processor class (codec_kernel.h). */
#ifndef GB_ENCODEC_CODEC_WEIGHTS_H
#define GB_ENCODEC_CODEC_WEIGHTS_H

#include "encodec/codec_kernel.h"
#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

#define GB_ENCODEC_STAGES_MAX 8
#define GB_ENCODEC_LSTM_MAX 4 /* layers */

/* A convolution for time-major rows: OUT[t] = bias + Σ_j IN[t·stride + j]·W_j, panels [kernel·in, out], row
 * j·in + i. Transposed, of kernel 2·stride: frame t gives OUT[t·stride + j] = bias + IN[t]·W_j +
 * IN[t−1]·W_{stride+j}; panels [2·in, stride·out]: rows IN[t−1], IN[t]; columns j·out + o. */
typedef struct gb_conv {
	int in, out, kernel, stride;
	gb_panels panels;
	float *norm_weight, *norm_bias; /* [out]: group norm after it (48 kHz model), else NULL */
} gb_conv;

/* Panels of units as codec_kernel.h wants them: columns panel, gate (i, f, g, o), unit; `room`: units with
 * padding. */
typedef struct gb_lstm {
	int width, room, layers;
	gb_panels input[GB_ENCODEC_LSTM_MAX];  /* [width, 4·room]; both biases summed */
	gb_recurrence recurrent[GB_ENCODEC_LSTM_MAX];
} gb_lstm;

typedef struct gb_residual {
	gb_conv narrow, widen, shortcut;
	/* without norm: widen's rows, then shortcut's, one product; theirs are empty then */
	gb_panels sum;
} gb_residual;

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
	gb_conv up[GB_ENCODEC_STAGES_MAX]; /* transposed */
	gb_residual decoder_block[GB_ENCODEC_STAGES_MAX];
	float *codebook;      /* [codebooks, codes, width] */
	/* [codebooks]: [width, codes]; bias: minus half the squared length of each codeword, −∞ past them */
	gb_panels *distance;
} gb_encodec_weights;

/* GB_SYSTEM: PATH is not there (weights: 4); GB_DATA: not such a model, naming the tensor. */
GB_CHECK gb_status gb_encodec_weights_open(gb_encodec_weights *weights, const char *path, gb_err *err);
GB_CHECK gb_status gb_encodec_weights_read(gb_encodec_weights *weights, gb_tensor_file *file, gb_err *err);
void gb_encodec_weights_close(gb_encodec_weights *weights); /* accepts one that is all zero */

GB_END_DECLS
#endif
