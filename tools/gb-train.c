/* SPDX-License-Identifier: MIT */
/* gb-train: data set → model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/ranks.h"
#include "cli/text.h"
#include "io/file.h"
#include "model/model.h"
#include "checkpoint/export.h"
#include "network/dense13_layers.h"
#include "train/ridge_run.h"
#include "train/trainer.h"
#include "train/training_cost.h"

static void on_progress(void *context, int64_t done, int64_t total)
{
	(void)context;
	gb_cli_progress("epochs", (uint64_t)done, (uint64_t)total);
}

static void on_note(void *context, const char *line)
{
	(void)context;
	gb_cli_log("%s", line);
}

static struct {
	const char *model, *kernel, *subject, *features, *window, *weights, *dims, *export, *comm, *fit,
	    *init, *reduce;
	int64_t seed;
	bool no_decoders, per_voxel, plan;
	double timeout;
	gb_maybe_rational tr;
	gb_train_options net;
} opt = {.model = "giblet13",
         .subject = "mean",
         .window = "1.5:13.5",
         .seed = 1,
         .comm = "auto",
         .init = "ridge",
         .reduce = "exact",
         .timeout = 300,
         .tr = {false, {3, 2}},
         .net = {.device = "auto",
                 .width = 0.125,
                 .rank = 64,
                 .window = 32,
                 .batch_windows = 2,
                 .micro_batches = 8,
                 .epochs = 60,
                 .warmup = 2,
                 .patience = 20,
                 .lr = 1e-3,
                 .lr_final = 1e-5,
                 .weight_decay = 0.01,
                 .anchor_decay = 0.1,
                 .anchor_lr = 0.1,
                 .clip = 1,
                 .dropout = 0.1,
                 .modality_dropout = 0.2,
                 .temperature = 0.1,
                 .validation = 0.12,
                 .progress = on_progress,
                 .note = on_note}};

/* Headings of --help.  An option of a group from RIDGE_ONLY on belongs to some architectures only. */
static const char data_group[] = "Model and data:", run_group[] = "Run:", plan_group[] = "Cost estimate:",
		  ridge_only[] = "Only for --model ridge:",
		  length_group[] = "Networks (giblet13, dense13), length of training:",
		  optimiser_group[] = "Networks (giblet13, dense13), size and optimiser:",
		  ranks_group[] = "Networks (giblet13, dense13), several processes:",
		  giblet13_only[] = "Only for --model giblet13:";

/* The order is the one in which a run's config lists them. */
static const gb_option options[] = {
    {"model", GB_OPTION_CHOICE, &opt.model, "giblet13|dense13|ridge",
     "choose the architecture: giblet13 (bottleneck network), dense13 (fully connected network) or ridge "
     "(banded ridge regression) "
     "(default giblet13)",
     .group = data_group, .renamed = "dense13=giblet13-seed"},
    {"device", GB_OPTION_STRING, &opt.net.device, "auto|cpu|cuda|emu",
     "train a network on this device; cuda and emu take a number format: cuda:bf16 (default), cuda:tf32 or "
     "cuda:fp32 (default auto: "
     "cuda where there is one, else cpu)",
     .group = run_group},
    {"brain-kernel", GB_OPTION_STRING, &opt.kernel, "fir|fir:A:B|glover|glover3|spm|FILE.tsv",
     "map stimulus to BOLD by a haemodynamic response function, or by free weights for delays of A to B-1 "
     "TRs; not for dense13 (default of giblet13: glover; of ridge: fir, 0 to 13.5 s)",
     .group = data_group},
    {"subject", GB_OPTION_STRING, &opt.subject, "NAME,...|all|mean",
     "model the BOLD of these subjects, of all, or their mean (default mean); ridge and "
     "dense13 take one, or mean",
     .group = data_group},
    {"features", GB_OPTION_STRING, &opt.features, "NAME,...",
     "use these stimulus tensors only (default: all of the set)", .group = data_group},
    {"seed", GB_OPTION_INTEGER, &opt.seed, "S", "seed all random numbers with S (default 1)",
     .group = run_group, .min = 0, .max = 4294967295},
    {"overwrite", GB_OPTION_FLAG, &opt.net.fresh, NULL,
     "start anew: overwrite RUN, even where it could be continued", .group = run_group, .not_param = true,
     .former = "new"},
    {"export", GB_OPTION_STRING, &opt.export, "FILE",
     "after training, also write the best weights alone to FILE, as plain safetensors", .group = run_group,
     .not_param = true},
    {"plan", GB_OPTION_FLAG, &opt.plan, NULL,
     "print the number of parameters, the memory, the steps and the expected time, and stop",
     .group = plan_group, .not_param = true},
    {"dims", GB_OPTION_STRING, &opt.dims, "NAME=SIZE,...", "with --plan: take these sizes instead of a SET",
     .group = plan_group, .not_param = true},
    {"tr", GB_OPTION_RATIONAL, &opt.tr, "R", "with --dims: repetition time in seconds (default 3/2)",
     .group = plan_group, .not_param = true},
    {"no-decoders", GB_OPTION_FLAG, &opt.no_decoders, NULL,
     "fit only the encoder (stimulus to brain), no decoders", .group = ridge_only},
    {"per-voxel", GB_OPTION_FLAG, &opt.per_voxel, NULL,
     "choose a penalty for each voxel instead of one for all; sensible from 2000 training rows on",
     .group = ridge_only},
    {"epochs", GB_OPTION_INTEGER, &opt.net.epochs, "N", "train for at most N epochs (default 60)",
     .group = length_group, .not_param = true, .min = 0, .max = 1000000},
    {"schedule", GB_OPTION_INTEGER, &opt.net.schedule, "N",
     "reach the final learning rate after N epochs, warm-up included (default 0: after the --epochs of the "
     "first start)",
     .group = length_group, .max = 1000000},
    {"patience", GB_OPTION_INTEGER, &opt.net.patience, "N",
     "stop when the validation score (mean of 5 epochs) has not improved for N epochs (default 20; 0: "
     "never)",
     .group = length_group, .not_param = true, .max = 1000000},
    {"save-every", GB_OPTION_INTEGER, &opt.net.save_every, "N",
     "also keep the checkpoint of every N-th epoch, as epoch-N.safetensors (default 0: none)",
     .group = length_group, .not_param = true, .max = 1000000, .former = "keep"},
    {"width", GB_OPTION_REAL, &opt.net.width, "F",
     "scale the widths of all layers by F; 1 is the full size (default of giblet13: 0.125; of dense13: 1)",
     .group = optimiser_group, .min = 0.002, .max = 4},
    {"batch-windows", GB_OPTION_INTEGER, &opt.net.batch_windows, "N",
     "put N windows (of dense13: N rows) into a micro-batch (default 2)", .group = optimiser_group, .min = 1,
     .max = 4096, .former = "groups"},
    {"micro-batches", GB_OPTION_INTEGER, &opt.net.micro_batches, "N",
     "sum the gradients of N micro-batches in each step; a power of two (default 8)",
     .group = optimiser_group, .min = 1, .max = 4096, .former = "micro"},
    {"lr", GB_OPTION_REAL, &opt.net.lr, "R", "set the highest learning rate of AdamW (default 0.001)",
     .group = optimiser_group, .min = 1e-12, .max = 1, .former = "rate"},
    {"lr-final", GB_OPTION_REAL, &opt.net.lr_final, "R",
     "set the learning rate at the end of the cosine schedule (default 0.00001)", .group = optimiser_group,
     .min = 0, .max = 1, .former = "rate-end"},
    {"warmup", GB_OPTION_REAL, &opt.net.warmup, "EPOCHS",
     "raise the learning rate linearly during the first EPOCHS (default 2)", .group = optimiser_group,
     .min = 0, .max = 100000},
    {"weight-decay", GB_OPTION_REAL, &opt.net.weight_decay, "R",
     "decay the weights of matrices at this rate (default 0.01)", .group = optimiser_group, .min = 0,
     .max = 1000, .former = "decay"},
    {"clip", GB_OPTION_REAL, &opt.net.clip, "R",
     "scale the gradient down where its norm exceeds R (default 1; 0: never)", .group = optimiser_group,
     .min = 0, .max = 1e9},
    {"dropout", GB_OPTION_REAL, &opt.net.dropout, "P",
     "drop units of the deep path with probability P (default 0.1); of dense13: the upper limit for each "
     "layer's own rate (default 0.3)",
     .group = optimiser_group, .min = 0, .max = 0.95},
    {"validation", GB_OPTION_REAL, &opt.net.validation, "SHARE",
     "hold out the last SHARE of the training rows for early stopping (default 0.12; 0: none)",
     .group = length_group, .min = 0, .max = 0.9},
    {"refit", GB_OPTION_FLAG, &opt.net.refit, NULL,
     "find the best number of epochs in RUN/search, then train for as many on all training rows",
     .group = length_group},
    {"loss-weights", GB_OPTION_STRING, &opt.weights, "TERM=W,...",
     "multiply terms of the loss by these weights; metrics.tsv names the terms (default 1 each)",
     .group = optimiser_group, .former = "weights"},
    {"comm", GB_OPTION_CHOICE, &opt.comm, "auto|none|socket|mpi|nccl",
     "choose how processes communicate; nccl: gradients from GPU to GPU (default auto: MPI where its "
     "launcher and plug-in are found, else "
     "sockets)",
     .group = ranks_group, .not_param = true},
    {"reduce", GB_OPTION_CHOICE, &opt.reduce, "exact|fast",
     "sum gradients in one fixed tree, with the same bits for any number of processes (exact), or by the "
     "library's all-reduce (fast) "
     "(default exact)",
     .group = ranks_group},
    {"rank-timeout", GB_OPTION_REAL, &opt.timeout, "SECONDS",
     "give up when a process does not answer for this long (default 300)", .group = ranks_group,
     .not_param = true, .min = 0.1, .max = 1e6},
    {"readout-rank", GB_OPTION_INTEGER, &opt.net.rank, "N",
     "connect the bottleneck and the voxels through N factors (default 64)", .group = giblet13_only, .min = 1,
     .max = 4096, .former = "rank"},
    {"decoding-window", GB_OPTION_STRING, &opt.window, "A:B",
     "decode a row from the volumes A to B seconds after it (default 1.5:13.5)", .group = giblet13_only,
     .former = "brain-window"},
    {"window", GB_OPTION_REAL, &opt.net.window, "SECONDS",
     "train on windows of SECONDS, not counting the history before each (default 32)", .group = giblet13_only,
     .min = 0.001, .max = 100000},
    {"anchor-decay", GB_OPTION_REAL, &opt.net.anchor_decay, "R",
     "decay weights that start at the ridge solution towards that solution at this rate (default 0.1)",
     .group = giblet13_only, .min = 0, .max = 1000},
    {"anchor-lr", GB_OPTION_REAL, &opt.net.anchor_lr, "F",
     "multiply the learning rate of those weights by F (default 0.1)", .group = giblet13_only, .min = 0,
     .max = 1000, .former = "anchor-rate"},
    {"modality-dropout", GB_OPTION_REAL, &opt.net.modality_dropout, "P",
     "drop a whole modality of a window with probability P (default 0.2)", .group = giblet13_only, .min = 0,
     .max = 0.95},
    {"temperature", GB_OPTION_REAL, &opt.net.temperature, "T",
     "set the temperature of the contrastive loss (default 0.1)", .group = giblet13_only, .min = 0.001,
     .max = 100},
    {"init", GB_OPTION_CHOICE, &opt.init, "ridge|zero",
     "initialise the linear paths and the voxel readouts from the ridge solution, or without it (default "
     "ridge)",
     .group = giblet13_only, .former = "start"},
    {"fit-subject", GB_OPTION_STRING, &opt.fit, "NAME",
     "fit only the readouts of this new subject, to the frozen model --from", .group = giblet13_only},
    {"from", GB_OPTION_STRING, &opt.net.from, "RUN|CKPT",
     "with --fit-subject: the model to keep; -c RUN/config gives its options", .group = giblet13_only},
    {0},
};

static bool is_network_only(const gb_option *o)
{
	return o->group == length_group || o->group == optimiser_group || o->group == ranks_group ||
	       o->group == giblet13_only;
}

/* Does option O mean nothing to the architecture that is trained? */
static bool is_foreign(const gb_option *o)
{
	if (!strcmp(opt.model, "ridge"))
		return is_network_only(o);
	return o->group == ridge_only ||
	       (opt.net.kind && (o->group == giblet13_only || o->value == &opt.kernel));
}

/* The defaults of dense13. */
static void set_dense13_defaults(const gb_args *args)
{
	opt.net.kind = &gb_network_dense13;
	opt.init = "zero";
	opt.kernel = "fir:0:1";
	opt.net.width = gb_cli_given(args, options, "width") ? opt.net.width : 1;
	opt.net.dropout = gb_cli_given(args, options, "dropout") ? opt.net.dropout : 0.3;
	gb_json_set(args->params, "width", gb_json_real(opt.net.width));
	gb_json_set(args->params, "dropout", gb_json_real(opt.net.dropout));
}

/* The config of a run: what -c reads to start another. */
static char *config_of(const gb_args *args, const gb_dataset *set, gb_err *err)
{
	gb_json *params = gb_json_copy(args->params);
	char *text;

	for (size_t i = 0; options[i].name; i++)
		if (is_foreign(&options[i]))
			gb_json_remove(params, gb_option_key(&options[i]));
	text = gb_run_config(args->tool, set, params, err);
	gb_json_free(params);
	return text;
}

static gb_status say_fit(const gb_json *fit, gb_err *err)
{
	char *note, *warning;
	gb_status status = gb_ridge_report(fit, &note, &warning, err);

	if (!status)
		gb_cli_log("%s", note);
	if (!status && warning)
		gb_cli_warn("%s", warning);
	free(note);
	free(warning);
	return status;
}

static gb_status run_ridge(const gb_args *args, const gb_dataset *set, const char *const *name, int names,
                           gb_err *err)
{
	gb_ridge_options ridge = {args->tool,
	                          opt.kernel ? opt.kernel : "fir",
	                          opt.subject,
	                          name,
	                          names,
	                          (uint64_t)opt.seed,
	                          !opt.no_decoders,
	                          .per_voxel = opt.per_voxel,
	                          .fresh = opt.net.fresh};
	char *config = config_of(args, set, err);
	gb_json *state = NULL;
	bool finished = false;
	gb_status status = config ? gb_ridge_run(set, args->out, config, &ridge, args->pool, &finished,
	                                         &state, err)
	                          : GB_SYSTEM;

	if (!status && finished)
		gb_cli_log("%s: finished already, with these options and this data set", args->out);
	for (size_t i = 0; !status && i < gb_json_size(state); i++)
		status = say_fit(gb_json_at(state, i), err);
	if (!status && opt.export)
		status = gb_export_weights(args->out, opt.export, err);
	gb_json_free(state);
	free(config);
	return status;
}

/* ---- networks ---- */

/* What the command line says, as the trainer wants it; COPY and SUBJECT to be freed. */
static gb_status prepare(const gb_args *args, const gb_dataset *set, const char *const *name, int names,
                         char **copy, const char ***subject, gb_err *err)
{
	gb_train_options *net = &opt.net;
	int used = 0;
	gb_status status = gb_train_weights(net->weight, opt.weights, err);

	if (!status &&
	    (sscanf(opt.window, "%lf:%lf%n", &net->window_first, &net->window_last, &used) != 2 ||
	     opt.window[used] ||
	     !(net->window_first >= 0 && net->window_last >= net->window_first && net->window_last < 1e4)))
		status = gb_fail(err, GB_USAGE, "--decoding-window %s: A:B wants seconds, 0 ≤ A ≤ B",
		                 opt.window);
	if (!status && !opt.fit != !net->from)
		status = gb_fail(err, GB_USAGE, "--fit-subject NAME and --from RUN go together");
	if (!status && opt.fit)
		status = gb_cli_split("fit-subject", opt.fit, copy, subject, &net->subject_count, err);
	else if (!status && set && !strcmp(opt.subject, "all"))
		status = gb_train_all_subjects(set, subject, &net->subject_count, err);
	else if (!status && strcmp(opt.subject, "mean"))
		status = gb_cli_split("subject", opt.subject, copy, subject, &net->subject_count, err);
	net->init = strcmp(opt.init, "ridge") ? GB_INIT_ZERO : GB_INIT_RIDGE;
	net->reduction = strcmp(opt.reduce, "fast") ? GB_REDUCE_EXACT : GB_REDUCE_FAST;
	net->tool = args->tool;
	net->features = name;
	net->feature_count = names;
	net->subjects = *subject;
	net->brain_kernel = opt.kernel ? opt.kernel : "glover";
	net->seed = (uint64_t)opt.seed;
	return status;
}

static gb_status print_plan(const gb_args *args, const gb_dataset *set, gb_err *err)
{
	gb_cost_dims dims;
	gb_text *out = NULL;
	char *plan = NULL;
	gb_status status = set ? gb_cost_set(&dims, set, &opt.net, err) : gb_cost_parse(&dims, opt.dims, err);

	if (!status)
		status = (plan = gb_cost_text(&dims, &opt.net,
		                              set ? gb_dataset_clock(set)->step : opt.tr.value, args->pool,
		                              err))
		             ? GB_OK
		             : err->status;
	if (!status)
		status = gb_text_open(&out, NULL, err);
	if (!status) {
		gb_text_print(out, "%s", plan);
		status = gb_text_commit(out, err);
	}
	free(plan);
	return status;
}

static gb_status write_config(const gb_args *args, const gb_dataset *set, gb_err *err)
{
	char *config = config_of(args, set, err),
	     *path = config ? gb_format(err, "%s/config", args->out) : NULL;
	gb_status status = path ? gb_output_whole(path, config, strlen(config), err) : GB_SYSTEM;

	free(config);
	free(path);
	return status;
}

static gb_status run_network(const gb_args *args, const gb_dataset *set, gb_err *err)
{
	gb_train_result result = {0};
	gb_cli_asked *asked = gb_cli_listen();
	gb_status status = gb_cli_open_ranks(&opt.net.comm, &opt.net.local_ranks, &opt.net.place, opt.comm,
	                                     args->out, opt.timeout, opt.net.micro_batches, err);
	bool first = gb_comm_rank(opt.net.comm) == 0;

	opt.net.stop = &asked->stop;
	opt.net.save = &asked->save;
	if (!status)
		status = gb_train(set, args->out, &opt.net, args->pool, &result, err);
	if (!status && first)
		status = write_config(args, set, err);
	if (!status && first)
		gb_cli_log("%s: epoch %lld, best %lld with a smoothed score of %.4f%s", args->out,
		           (long long)result.epoch, (long long)result.best_epoch, result.best_score,
		           result.stopped ? ": stopped, start again to go on" : "");
	if (!status && first && opt.export)
		status = gb_export_weights(args->out, opt.export, err);
	gb_cli_close_ranks(opt.net.comm, status, err);
	gb_cli_pass_on();
	return status;
}

/* Each architecture has its defaults; an option of another one would do nothing. */
static gb_status settle_options(const gb_args *args, gb_err *err)
{
	if (!strcmp(opt.model, gb_network_dense13.name))
		set_dense13_defaults(args);
	for (size_t i = 0; options[i].name; i++)
		if (args->given[i] && is_foreign(&options[i]))
			return gb_fail(err, GB_USAGE, "--%s: not an option of --model %s", options[i].name,
			               opt.net.kind ? "dense13" : opt.model);
	return GB_OK;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	bool ridge = !strcmp(opt.model, "ridge");
	gb_dataset *set = NULL;
	char *copy = NULL, *subjects = NULL;
	const char **name = NULL, **subject = NULL;
	int names = 0;
	gb_comm_options ranks;
	gb_status status = settle_options(args, err);

	gb_cli_launched(&ranks);
	if (!status && opt.plan && ranks.rank) /* rank 0 prints it */
		return GB_OK;
	if (!status && ridge && !opt.plan && ranks.size > 1)
		status = gb_fail(err, GB_USAGE, "--model ridge: one process solves it, %d were started",
		                 ranks.size);
	if (!status && !opt.plan && (!args->out || !strcmp(args->out, "-")))
		status = gb_fail(err, GB_USAGE, "-o RUN is wanted: a run is a folder");
	if (!status && (opt.plan ? ridge || (args->operands == 0) != (opt.dims != NULL)
	                         : opt.dims || args->operands == 0))
		status = gb_fail(err, GB_USAGE,
		                 ridge && opt.plan ? "--plan: giblet13 and dense13 are planned"
		                                   : "a SET is wanted, or --plan with --dims");
	if (!status && args->operands)
		status = gb_dataset_open(&set, args->operand[0], err);
	if (!status)
		status = gb_cli_split("features", opt.features, &copy, &name, &names, err);
	if (!status && !ridge)
		status = prepare(args, set, name, names, &subjects, &subject, err);
	if (!status)
		status = opt.plan ? print_plan(args, set, err)
		         : ridge  ? run_ridge(args, set, name, names, err)
		                  : run_network(args, set, err);
	free(copy);
	free(name);
	free(subjects);
	free(subject);
	gb_dataset_close(set);
	return status;
}

static const gb_command commands[] = {
    {NULL,
     "-o RUN [--model giblet13|dense13|ridge] [-c CONFIG] [--epochs N] [--seed S] [--export FILE] "
     "[OPTION...] SET | "
     "--plan [--dims NAME=SIZE,...] [OPTION...] [SET]",
     "Train an encoding and decoding model on a data set.", options, 0, 1, false, run},
    {0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-train", "train an encoding and decoding model", commands, argc, argv);
}
