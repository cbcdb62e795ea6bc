/* SPDX-License-Identifier: MIT */
/* run_log.h: metrics.tsv and status.json of a run folder.  Private to lib/train. */
#ifndef GB_TRAIN_RUN_LOG_H
#define GB_TRAIN_RUN_LOG_H

#include "train/reducer.h"

GB_BEGIN_DECLS

typedef struct gb_trainer gb_trainer;
typedef struct gb_evaluation gb_evaluation;

typedef struct gb_run_log {
	char *metrics;             /* text of metrics.tsv */
	double shown[2][GB_TERMS]; /* relative losses of the last closed epoch: train, validation */
	/* clock: when this process began to train, when it last wrote status.json */
	double began, reported;
	double rows;               /* scored rows of this process's steps */
	double stepping, waiting;  /* seconds in steps, and the part of them that waited for batches */
	int64_t first_step;        /* of this process */
} gb_run_log;

/* Add the line of the epoch that ends. */
GB_CHECK gb_status gb_run_log_add_epoch(gb_trainer *trainer, const gb_term_sums *train,
                                        const gb_evaluation *validation, double score, double smooth,
                                        gb_err *err);
/* metrics.tsv; rank 0 writes, like the next. */
GB_CHECK gb_status gb_run_log_write_metrics(const gb_trainer *trainer, gb_err *err);
/* status.json with a new STATE; NULL: "running", and only every few seconds. */
GB_CHECK gb_status gb_run_log_write_status(gb_trainer *trainer, const char *state, gb_err *err);
/* Report the mean time of a step through options->note. */
void gb_run_log_report_pace(const gb_trainer *trainer);

GB_END_DECLS
#endif
