/* SPDX-License-Identifier: MIT */
/* trainer.h: train giblet13 or another network type on a device: steps, epochs,
 * early stopping, checkpoints, and resuming where an earlier process was killed.
 *
 * A step is M micro-batches; gradients, losses and moments are summed in one
 * binary tree over the micro-batch index.  Each of N ranks owns an aligned block
 * of them, and the tree continues across ranks, so N does not change a bit.  A run
 * folder holds config, metrics.tsv, status.json, last.safetensors and
 * best.safetensors.  `last` holds the whole state: a run that is killed anywhere
 * and started again ends with the same bytes in every file. */
#ifndef GB_TRAIN_TRAINER_H
#define GB_TRAIN_TRAINER_H

#include <signal.h>

#include "comm/comm.h"
#include "dataset/dataset.h"
#include "ridge/delays.h"
#include "network/giblet13_layers.h"

GB_BEGIN_DECLS

/* What the linear paths and the readouts start from. */
enum gb_initialisation { GB_INIT_ZERO, GB_INIT_RIDGE };
/* How ranks sum gradients: in one tree with the same bits for any number of ranks, or by the library's
 * all-reduce. */
enum gb_reduction { GB_REDUCE_EXACT, GB_REDUCE_FAST };

typedef struct gb_train_options {
	const char *tool;             /* "gb-train 0.1.0" */
	const gb_network_type *kind;  /* NULL: giblet13 */
	const char *device;           /* as gb_device_open takes it; NULL: "cpu" */
	const char *const *features;  /* stimulus tensors; NULL: all */
	int feature_count;
	const char *const *subjects;  /* NULL: the mean of all */
	int subject_count;
	double width;
	int64_t rank;
	const char *brain_kernel;     /* "glover", "glover3", "fir:A:B" in rows … */
	double window_first, window_last; /* seconds after a row whose volumes decode it */
	double window;                /* scored seconds of a window */
	int64_t batch_windows;        /* windows in a micro-batch */
	int64_t micro_batches;        /* in a step */
	int64_t epochs;
	/* epochs over which the learning rate falls; 0: EPOCHS, as the run was first started */
	int64_t schedule;
	double warmup;                /* epochs */
	int64_t patience;             /* stop after so many epochs without a better score; 0: never */
	int64_t save_every;           /* epochs from one epoch-N.safetensors to the next; 0: none */
	double lr, lr_final, weight_decay;
	/* decay rate of weights from the ridge solution, towards that solution */
	double anchor_decay;
	double anchor_lr;             /* factor of their learning rate */
	double clip, dropout, modality_dropout, temperature;
	double validation;            /* share of the train rows */
	double weight[GB_TERMS];
	enum gb_initialisation init;
	uint64_t seed;
	bool refit;                   /* find the epoch in RUN/search, then train so many on all train rows */
	bool fresh;                   /* ignore an earlier run in the folder */
	/* [4] as gb_decoder_gate has them, of the search (--refit); NULL: set by validation */
	const double *decoder_gate;
	/* a model to freeze, all but the readouts of the only subject; NULL: none */
	const char *from;
	gb_comm *comm;                /* NULL: one process; joined here, closed by the caller */
	enum gb_reduction reduction;
	int local_ranks;              /* on this machine, to count memory */
	int place;                    /* of this rank among them: which device it takes where none is named */
	volatile sig_atomic_t *stop, *save; /* set by signals; NULL: never */
	void (*progress)(void *context, int64_t done, int64_t total);
	void (*note)(void *context, const char *line);
	void *context;
} gb_train_options;

typedef struct gb_train_result {
	int64_t epoch, step, schedule, best_epoch;
	double best_score;
	double decoder_gate[4];       /* of the best epoch */
	bool stopped;                 /* by a signal: the checkpoint is complete, the training is not */
	bool resumed;
} gb_train_result;

/* "TERM=W,TERM=W" over weights of 1 each; TEXT NULL: none.  GB_USAGE. */
GB_CHECK gb_status gb_train_weights(double weight[GB_TERMS], const char *text, gb_err *err);

/* The names of all subjects of SET, borrowed from it, in an array to be freed. */
GB_CHECK gb_status gb_train_all_subjects(const gb_dataset *set, const char ***subject, int *count,
                                         gb_err *err);

/* GB_NO when training diverged (on every rank); GB_USAGE when RUN belongs to another config.  Only rank 0
 * writes files and calls OPTIONS->note. */
GB_CHECK gb_status gb_train(const gb_dataset *set, const char *run, const gb_train_options *options,
                            gb_pool *pool, gb_train_result *result, gb_err *err);

/* SHAPE holds the sizes of stimulus and BOLD; it gets the windows, kernel and layer sizes of OPTIONS.
 * STEP: seconds from one row to the next. */
GB_CHECK gb_status gb_train_shape(gb_network_shape *shape, const gb_train_options *options,
                                  const gb_delays *delays, gb_rational step, gb_err *err);

GB_END_DECLS
#endif
