/* SPDX-License-Identifier: MIT */
/* trainer_internal.h: inside the trainer: what a training run is made of. */
#ifndef GB_TRAIN_TRAINER_INTERNAL_H
#define GB_TRAIN_TRAINER_INTERNAL_H

#include "ridge/delays.h"
#include "loader/loader.h"
#include "loader/prefetch.h"
#include "train/trainer.h"

enum { GB_SMOOTH = 5 };

/* Sums over rows: of each term's loss, of its weights, and of gradient norms. */
typedef struct gb_term_sums { double loss[GB_TERMS], count[GB_TERMS]; } gb_term_sums;

/* Of what the layers say between the brain and video, mel, codes, text: the part that counts.  BEGUN: validation
 * losses of the first three before the first step. */
enum { GB_DECODER_GATE_TEXT = 3, GB_DECODER_GATES = 4 };
typedef struct gb_decoder_gate { double begun[GB_DECODER_GATE_TEXT], now[GB_DECODER_GATES], best[GB_DECODER_GATES]; } gb_decoder_gate;

/* One node of the tree over micro-batches. */
typedef struct gb_partial {
	float *gradient;      /* [parameters], the device's */
	double *moments;      /* [2·bottleneck + 1]: Σz, Σz², rows */
	gb_term_sums sums;
	bool empty;
} gb_partial;

typedef struct gb_trainer {
	const gb_dataset *set;
	const gb_train_options *options;
	gb_pool *pool;
	gb_device device;
	gb_delays delays;
	gb_loader loader;
	gb_network net;
	gb_network_fixed fixed;
	float *kernel;            /* [basis, taps] */
	size_t parameters;
	gb_mirror first, second;    /* [parameters] moments of AdamW */
	gb_mirror anchor;           /* [parameters] starts of the anchored ones */
	gb_mirror segment;          /* gb_adamw_segment of each parameter; anchors are the device's */
	gb_partial partial[16];
	int partials;
	double *running;          /* [2·bottleneck] mean, variance of z */
	gb_window *fit, *validate;
	size_t fits, validates, *order;
	size_t learnt;            /* windows that an epoch learns from, in its order: where a kind reads rows, whole micro-batches */
	gb_window *step_window;   /* [micro·groups] */
	gb_prefetch *prefetch;          /* fills the next batch; NULL with one thread */
	gb_window *next_window;   /* [groups] of it */
	double stepping, waited;  /* seconds of this process in steps, and in them for batches */
	gb_mirror row_counts;       /* [scored] floats: 1 where a row of the batch is scored */
	gb_mirror sums_of_z;        /* [2·bottleneck] Σz, Σz² */
	gb_mirror norm;             /* [1] double */
	float *measured;          /* [micro, moments] what batch norms found in the micro-batches of the step */
	int reduce_level;                /* levels of the tree that the gradient under way climbs part by part; −1: it waits until it is whole */
	gb_err async_failure;            /* what failed of the sums begun behind the backward pass */
	float *host;              /* [parameters·3/2]: ranks sum here what the device holds; NULL: in place */
	double *numbers;          /* [2·bottleneck + …]: what ranks sum beside the gradient */
	double constant[2][GB_TERMS]; /* mean a counted row: train, validation */
	double per_row[GB_TERMS]; /* counts a scored train row */
	/* state */
	int64_t epoch;            /* whole epochs done */
	int64_t step, step_in_epoch, schedule;
	gb_term_sums sums;        /* of the epoch under way */
	double norm_sum;
	int64_t best_epoch;
	double best_score;
	gb_decoder_gate decoder_gate;             /* of this epoch, and of the best */
	double *score;            /* of epochs 0 … epoch */
	char *metrics;            /* text of metrics.tsv */
	gb_json *config, *start;
	const char *run;
	double shown[2][GB_TERMS]; /* losses of the last epoch that was closed: train, validation */
	double since, reported;       /* clock when this process began to train, and last wrote status.json */
	double rows;              /* trained on since */
	int64_t first_step;       /* of this process */
	bool stop, save;          /* asked for on any rank, as of the last step or meeting */
} gb_trainer;

/* allreduce.c */
/* Micro-batches first … end−1 are this rank's. */
uint32_t gb_trainer_first_micro(const gb_trainer *trainer, int rank);
/* --reduce fast from device to device: parts of the gradient are summed while the rest is made.  CLIMB for the
 * micro-batch that comes AFTER so many of this rank's. */
int gb_trainer_reduce_level(const gb_trainer *trainer, uint32_t after);
/* Numbers of partial[0] that are final: up the tree by t->reduce_level levels, and on to the other ranks. */
void gb_trainer_reduce_part(void *trainer, size_t first, size_t count);
/* The tree over ranks: WHOLE holds this rank's sum, and all ranks' after it.  What was asked of
 * any rank by a signal is known to all then. */
GB_CHECK gb_status gb_trainer_sum_ranks(gb_trainer *trainer, gb_partial *whole, gb_err *err);
/* All wait for all, rank 0 for as long as it writes; then stop and save hold for all. */
GB_CHECK gb_status gb_trainer_barrier(gb_trainer *trainer, gb_err *err);
/* The ranks join; what rank 0 BEGAN, or that it found a checkpoint instead, reaches all. */
GB_CHECK gb_status gb_trainer_broadcast(gb_trainer *trainer, bool *found, gb_err *err);
/* GB_SYSTEM unless the weights and running moments of all ranks are those of rank 0. */
GB_CHECK gb_status gb_trainer_compare(gb_trainer *trainer, gb_err *err);
static inline bool gb_trainer_writes(const gb_trainer *trainer) { return gb_comm_rank(trainer->options->comm) == 0; }

/* batches.c */
double gb_trainer_clock(void); /* seconds */
gb_window gb_trainer_window(const gb_trainer *trainer, int64_t step_in_epoch, size_t index); /* count 0 past the last */
/* The batch of micro-batch MICRO, of these windows, is the network's. */
void gb_trainer_fill(gb_trainer *trainer, const gb_window *windows, uint32_t micro);

/* step.c */
GB_CHECK gb_status gb_trainer_step(gb_trainer *trainer, gb_err *err);
int64_t gb_trainer_steps_per_epoch(const gb_trainer *trainer);
void gb_trainer_shuffle(gb_trainer *trainer);
double gb_trainer_rate(const gb_trainer *trainer);
void gb_trainer_use_running(gb_trainer *trainer);
double gb_trainer_count_rows(gb_trainer *trainer); /* scored rows of the filled batch, which ROW_COUNTS then marks */

/* One micro-batch, forward and back, into PARTIAL. */
GB_CHECK gb_status gb_trainer_micro(gb_trainer *trainer, const gb_window *windows, uint32_t micro, gb_partial *partial, gb_err *err);

/* running_statistics.c */
/* What batch norms measured in the micro-batch that has just run forward. */
GB_CHECK gb_status gb_trainer_keep_moments(gb_trainer *trainer, uint32_t micro, gb_err *err);
/* After a step's micro-batches: their running moments, on all ranks. */
GB_CHECK gb_status gb_trainer_update_running(gb_trainer *trainer, gb_err *err);

/* finetune.c: fitting the heads of one subject to the model at options->from. */
/* The statistics of its inputs become the loader's. */
GB_CHECK gb_status gb_trainer_adopt_statistics(gb_trainer *trainer, gb_err *err);
/* Its weights, but for the heads, and the running moments of z. */
GB_CHECK gb_status gb_trainer_adopt_weights(gb_trainer *trainer, gb_err *err);
/* No gradient for what is frozen, so that the norm is that of the heads. */
void gb_trainer_freeze(const gb_trainer *trainer, float *gradient);

/* divergence.c: GB_NO, naming the first bad tensor, when ... */
/* the losses of a step or the norm of its gradient are not finite, or a loss has exploded; */
GB_CHECK gb_status gb_trainer_check_step(gb_trainer *trainer, const gb_term_sums *sums, double norm, gb_err *err);
/* weights are not finite: before they are saved. */
GB_CHECK gb_status gb_trainer_check_weights(gb_trainer *trainer, gb_err *err);

/* validate.c */
/* Text from the brain, of validation only: Σ decoded·target, Σ decoded². */
typedef struct gb_evaluation { gb_term_sums sums; double r, text_product, text_power; } gb_evaluation;
/* Every window of USE without dropout.  r, of validation only: mean correlation of BOLD over the voxels
 * (of the ceiling, where there is one). */
GB_CHECK gb_status gb_trainer_evaluate(gb_trainer *trainer, int use, gb_evaluation *evaluation, gb_err *err);
GB_CHECK gb_status gb_trainer_constants(gb_trainer *trainer, gb_err *err);
/* Mean validation skill of video, sound, text, with BOLD as r. */
double gb_trainer_score(const gb_trainer *trainer, const gb_evaluation *validation);
GB_CHECK gb_status gb_trainer_log(gb_trainer *trainer, const gb_term_sums *train, const gb_evaluation *validation,
                                  double score, double smooth, gb_err *err);

/* decoder_gate.c */
/* After the evaluation of an epoch: what of it counts on the way back. */
void gb_trainer_set_decoder_gate(gb_trainer *trainer, const gb_evaluation *validation);
gb_json *gb_decoder_gate_json(const gb_decoder_gate *back); /* NOW, as checkpoints state it */

/* run_folder.c */
GB_CHECK gb_status gb_trainer_write(gb_trainer *trainer, const char *name, bool whole, gb_err *err);
/* status.json, if STATE is new (NULL: only every few seconds). */
GB_CHECK gb_status gb_trainer_status(gb_trainer *trainer, const char *state, gb_err *err);
/* Metrics, config. */
GB_CHECK gb_status gb_trainer_write_text(gb_trainer *trainer, gb_err *err);
/* Is there a checkpoint to go on from? */
gb_status gb_trainer_find(gb_trainer *trainer, bool *found, gb_err *err);
/* All ranks together: each reads and verifies its share of the large tensors. */
GB_CHECK gb_status gb_trainer_resume(gb_trainer *trainer, gb_err *err);
gb_json *gb_trainer_config(const gb_train_options *options);

#endif
