/* SPDX-License-Identifier: MIT */
/* simulate_inputs.h: the stimuli of a simulated brain: films, sounds and tensor
 * files on one clock. */
#ifndef GB_SIMULATE_SIMULATE_INPUTS_H
#define GB_SIMULATE_SIMULATE_INPUTS_H

#include "base/pool.h"
#include "tensor/tensor_writer.h"
#include "simulate/simulate_bold.h"

GB_BEGIN_DECLS

typedef struct gb_sim_inputs {
	gb_clock clock;         /* one run: the interval that all inputs cover */
	int modalities;
	char (*modality)[64];   /* "video", "audio", or the name of a tensor */
	gb_regressor *candidate; /* first of each modality, second of each … */
	int candidates;
} gb_sim_inputs;

typedef struct gb_sim_input_options {
	gb_maybe_rational tr, start;
	const char *run;               /* NULL: not given */
	int64_t rows;                  /* −1: all */
	int components;                /* at most, of each tensor */
	const char *const *tensor;     /* names of the tensors to read */
	int tensors;                   /* 0: all */
	uint64_t seed;                 /* of regressors that belong to no stimulus */
} gb_sim_input_options;

/* Read PATH[0 … COUNT−1].  A film gives the modalities "video" and "audio", a sound
 * "audio", a tensor file one modality for each float tensor.  COUNT 0 gives ROWS
 * rows of the modality "random".  GB_DATA: steps differ, starts are no whole number
 * of rows apart, no rows in common, or fewer than asked for. */
GB_CHECK gb_status gb_sim_inputs_read(gb_sim_inputs *inputs, char *const *path, int count,
                                      const gb_sim_input_options *options, gb_pool *pool, gb_err *err);
void gb_sim_inputs_clear(gb_sim_inputs *inputs);
/* Record every path as an input of WRITER. */
GB_CHECK gb_status gb_sim_inputs_declare(gb_tensor_writer *writer, char *const *path, int count, gb_err *err);

GB_END_DECLS
#endif
