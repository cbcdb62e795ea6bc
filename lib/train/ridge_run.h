/* SPDX-License-Identifier: MIT */
/* ridge_run.h: a run folder of ridge: config, metrics.tsv, status.json and the
 * checkpoint under both its names. */
#ifndef GB_TRAIN_RIDGE_RUN_H
#define GB_TRAIN_RIDGE_RUN_H

#include "train/ridge_fit.h"

GB_BEGIN_DECLS

/* The resolved options PARAMS as text that -c reads; released with free(). */
GB_CHECK char *gb_run_config(const char *tool, const gb_dataset *set, const gb_json *params, gb_err *err);

/* CONFIG is the text of the folder's config.  *FINISHED: the run was finished already, with this config;
 * another config is GB_USAGE unless options->fresh.  *STATE (the caller's, NULL if finished) is that of
 * gb_ridge_train. */
GB_CHECK gb_status gb_ridge_run(const gb_dataset *set, const char *run, const char *config,
                                const gb_ridge_options *options, gb_pool *pool, bool *finished,
                                gb_json **state, gb_err *err);

GB_END_DECLS
#endif
