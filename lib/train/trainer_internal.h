/* SPDX-License-Identifier: MIT */
/* trainer_internal.h: the state of a training run and its parts.  Private to lib/train. */
#ifndef GB_TRAIN_TRAINER_INTERNAL_H
#define GB_TRAIN_TRAINER_INTERNAL_H

#include "loader/loader.h"
#include "loader/prefetch.h"
#include "ridge/delays.h"
#include "train/optimizer.h"
#include "train/reducer.h"
#include "train/run_log.h"
#include "train/trainer.h"

/* Factor (0 … 1) of the deep decoder's part in what is decoded from BOLD: video, mel, codes, text.
 * BEGUN: validation losses of the first three before the first step. */
enum { GB_DECODER_GATE_TEXT = 3, GB_DECODER_GATES = 4 };
typedef struct gb_decoder_gate {
	double begun[GB_DECODER_GATE_TEXT];
	double now[GB_DECODER_GATES], best[GB_DECODER_GATES]; /* of this epoch, of the best epoch */
} gb_decoder_gate;

/* How far training has come: the state that a checkpoint keeps beside weights and moments. */
typedef struct gb_progress {
	int64_t epoch;            /* complete epochs */
	int64_t step, step_in_epoch;
	int64_t schedule;         /* epochs of the learning rate's schedule */
	gb_term_sums sums;        /* of the epoch in progress */
	double norm_sum;          /* gradient norms of the epoch in progress */
	int64_t best_epoch;       /* −1: none */
	double best_score;        /* smoothed */
	double *score;            /* of epochs 0 … epoch */
	gb_decoder_gate decoder_gate;
} gb_progress;

struct gb_trainer {
	const gb_dataset *set;
	const gb_train_options *options;
	const char *run;          /* path of the folder */
	gb_pool *pool;
	gb_device device;
	gb_delays delays;
	gb_loader loader;
	gb_network net;
	gb_network_fixed fixed;
	float *kernel;            /* [basis, taps] */
	gb_optimizer optimizer;
	gb_reducer reducer;
	gb_run_log log;
	gb_progress progress;
	/* windows and batches */
	gb_window *fit, *validate;
	size_t fits, validates;
	size_t *order;            /* [fits] of the epoch in progress */
	/* windows of an epoch; of a network type that reads rows, whole micro-batches only */
	size_t learnt;
	gb_window *step_window;   /* [micro_batches·batch_windows] */
	gb_prefetch *prefetch;    /* fills the next batch; NULL with one thread */
	gb_window *next_window;   /* [batch_windows] of it */
	/* statistics */
	double *running;          /* [2·bottleneck] running mean and variance of z */
	gb_mirror row_counts;     /* [scored] floats: 1 where a row of the batch is scored */
	gb_mirror sums_of_z;      /* [2·bottleneck] Σz, Σz² */
	float *measured;          /* [micro_batches, moments] of the batch norms in this step */
	double constant[2][GB_TERMS]; /* mean loss of a constant prediction: train, validation */
	double per_row[GB_TERMS]; /* sum of the weights of a scored train row */
	gb_json *config, *start;  /* the options; what the ridge initialisation found */
	bool stop, save;          /* asked for on any rank by a signal, as of the last step or barrier */
};

/* trainer.c */
void gb_trainer_note(const gb_trainer *trainer, const char *line); /* rank 0 alone */

/* rank_sync.c */
/* The micro-batches first … end−1 belong to RANK; END is the first of rank + 1. */
uint32_t gb_trainer_first_micro(const gb_trainer *trainer, int rank);
/* Signals that this process received: stop, save. */
void gb_trainer_read_signals(const gb_trainer *trainer, double asked[2]);
/* All wait for all, and for rank 0 as long as it writes; then stop and save are the same on all. */
GB_CHECK gb_status gb_trainer_barrier(gb_trainer *trainer, gb_err *err);
/* The ranks join.  All get the initialisation of rank 0, or *FOUND: that it found a checkpoint to resume. */
GB_CHECK gb_status gb_trainer_broadcast(gb_trainer *trainer, bool *found, gb_err *err);
/* GB_SYSTEM unless the weights and running moments of all ranks are those of rank 0. */
GB_CHECK gb_status gb_trainer_compare(gb_trainer *trainer, gb_err *err);
static inline bool gb_trainer_writes(const gb_trainer *trainer)
{
	return gb_comm_rank(trainer->options->comm) == 0;
}

/* batches.c */
double gb_trainer_clock(void); /* seconds */
/* The INDEX-th window of a step of the epoch; count 0 past the last. */
gb_window gb_trainer_window(const gb_trainer *trainer, int64_t step_in_epoch, size_t index);
/* Fill the network's batch with WINDOWS, which are micro-batch MICRO of the step. */
void gb_trainer_fill(gb_trainer *trainer, const gb_window *windows, uint32_t micro);

/* step.c */
GB_CHECK gb_status gb_trainer_step(gb_trainer *trainer, gb_err *err);
int64_t gb_trainer_steps_per_epoch(const gb_trainer *trainer);
void gb_trainer_shuffle(gb_trainer *trainer);
double gb_trainer_lr(const gb_trainer *trainer); /* of the next step */
/* The network normalises z by the running mean and variance. */
void gb_trainer_use_running(gb_trainer *trainer);
/* Mark the scored rows of the filled batch in ROW_COUNTS; returns their number. */
double gb_trainer_count_rows(gb_trainer *trainer);
/* Forward and backward pass of one micro-batch into the reducer's partial[0]. */
GB_CHECK gb_status gb_trainer_micro(gb_trainer *trainer, const gb_window *windows, uint32_t micro,
                                    const gb_reduce_plan *plan, gb_err *err);

/* running_statistics.c */
/* Keep what the batch norms measured in the last forward pass, of micro-batch MICRO. */
GB_CHECK gb_status gb_trainer_keep_moments(gb_trainer *trainer, uint32_t micro, gb_err *err);
/* After the micro-batches of a step: update the running moments on all ranks. */
GB_CHECK gb_status gb_trainer_update_running(gb_trainer *trainer, gb_err *err);

/* finetune.c: fit the readouts of one subject to the model options->from. */
/* The loader gets the input statistics of that model. */
GB_CHECK gb_status gb_trainer_adopt_statistics(gb_trainer *trainer, gb_err *err);
/* All other weights of that model, and its running moments of z. */
GB_CHECK gb_status gb_trainer_adopt_weights(gb_trainer *trainer, gb_err *err);

/* divergence.c: GB_NO, naming the first bad tensor, when … */
/* … the losses of a step or the norm of its gradient are not finite, or a loss has exploded; */
GB_CHECK gb_status gb_trainer_check_step(gb_trainer *trainer, const gb_term_sums *sums, double norm,
                                         gb_err *err);
/* … weights are not finite (before they are saved). */
GB_CHECK gb_status gb_trainer_check_weights(gb_trainer *trainer, gb_err *err);

/* validate.c */
struct gb_evaluation {
	gb_term_sums sums;
	/* of validation only: */
	/* mean correlation of BOLD over voxels, relative to the noise ceiling where there is one */
	double r;
	double text_product, text_power; /* text decoded from BOLD: Σ decoded·target, Σ decoded² */
};
/* Every window of USE (GB_LOADER_FIT, GB_LOADER_VALIDATE), without dropout. */
GB_CHECK gb_status gb_trainer_evaluate(gb_trainer *trainer, int use, gb_evaluation *evaluation, gb_err *err);
/* Sets `constant` and `per_row`. */
void gb_trainer_measure_constants(gb_trainer *trainer);
/* Loss of TERM in units of the constant prediction of PART (0: train, 1: validation); NaN where there is
 * none. */
double gb_trainer_relative_loss(const gb_trainer *trainer, const gb_term_sums *sums, int part, int term);
/* Mean validation skill of video, sound and text, with r of BOLD among them. */
double gb_trainer_score(const gb_trainer *trainer, const gb_evaluation *validation);

/* decoder_gate.c */
/* Set `now` from the validation of an epoch. */
void gb_trainer_set_decoder_gate(gb_trainer *trainer, const gb_evaluation *validation);
gb_json *gb_decoder_gate_json(const gb_decoder_gate *gate); /* `now`, as checkpoints state it */

/* run_folder.c */
gb_json *gb_trainer_config(const gb_train_options *options);
/* Checkpoint NAME in the run folder; COMPLETE: with everything that resuming needs. */
GB_CHECK gb_status gb_trainer_write(gb_trainer *trainer, const char *name, bool complete, gb_err *err);
/* Is there a checkpoint to resume from? */
GB_CHECK gb_status gb_trainer_find(gb_trainer *trainer, bool *found, gb_err *err);
/* All ranks together: each reads and verifies its share of the large tensors. */
GB_CHECK gb_status gb_trainer_resume(gb_trainer *trainer, gb_err *err);

#endif
