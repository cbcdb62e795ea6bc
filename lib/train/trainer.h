/* SPDX-License-Identifier: MIT */
/* trainer.h: training giblet13, or a kind beside it, on a device: steps, epochs,
 * early stopping, checkpoints, and going on where an earlier process was killed.
 *
 * A step is M micro-batches; gradients, losses and moments are summed in one
 * binary tree over the micro-batch index.  Each of N ranks owns an aligned block
 * of them, and the tree goes on between ranks, so N does not change a bit.  A run
 * folder holds config, metrics.tsv, status.json, last.safetensors and
 * best.safetensors.  All that decides what comes next is in `last`: killed
 * anywhere and started again, the files end the same to the byte. */
#ifndef GB_TRAIN_TRAINER_H
#define GB_TRAIN_TRAINER_H

#include <signal.h>

#include "comm/comm.h"
#include "dataset/dataset.h"
#include "ridge/delays.h"
#include "network/giblet13_layers.h"

GB_BEGIN_DECLS

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
	double window_first, window_last; /* seconds after a row that z^b reads */
	double window;                /* scored seconds of a window */
	int64_t groups, micro;        /* windows a micro-batch, micro-batches a step */
	int64_t epochs, schedule;     /* schedule: epochs the rate falls over; 0: epochs of the first start */
	double warmup;                /* epochs */
	int64_t patience;             /* epochs without a better score; 0: none */
	int64_t keep;                 /* every so many epochs epoch-N.safetensors; 0: none */
	double rate, rate_end, decay;
	double anchor_decay, anchor_rate; /* of what started at the ridge solution: decay towards it; factor of the rate */
	double clip, dropout, modality_dropout, temperature;
	double validation;            /* share of the train rows */
	double weight[GB_TERMS];
	const char *start;            /* "ridge" or "zero" */
	uint64_t seed;
	bool refit;                   /* find the epoch in RUN/search, then train so many on all train rows */
	bool fresh;                   /* --new: forget an earlier run */
	const double *decoder_gate;           /* [4] parts of what training adds on the way back that count (--refit); NULL: by validation */
	const char *from;             /* a model: the heads of the only subject are fitted to it, all else stays; NULL: none */
	gb_comm *comm;                /* NULL: one process; joined here, closed by the caller */
	const char *reduce;           /* "exact", or "fast": the library's all-reduce of gradients */
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
	double decoder_gate[4];               /* of the best epoch: as options have it */
	bool stopped;                 /* by a signal: the checkpoint is whole, the training is not over */
	bool resumed;
} gb_train_result;

/* "TERM=W,TERM=W" over weights of 1 each; TEXT NULL: none.  GB_USAGE. */
GB_CHECK gb_status gb_train_weights(double weight[GB_TERMS], const char *text, gb_err *err);

/* The names of all subjects of SET, borrowed from it, in an array to be freed. */
GB_CHECK gb_status gb_train_all_subjects(const gb_dataset *set, const char ***subject, int *count, gb_err *err);

/* GB_NO when it diverged (on every rank); GB_USAGE when RUN belongs to another config.  Only rank 0
 * writes and notes. */
GB_CHECK gb_status gb_train(const gb_dataset *set, const char *run, const gb_train_options *options, gb_pool *pool,
                            gb_train_result *result, gb_err *err);

/* The shape that OPTIONS make of a data set's (or a described) stimulus and brain: windows, kernel, sizes. */
GB_CHECK gb_status gb_train_shape(gb_network_shape *shape, const gb_train_options *options, const gb_delays *delays, gb_rational step,
                                  gb_err *err);

GB_END_DECLS
#endif
