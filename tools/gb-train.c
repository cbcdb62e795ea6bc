/* SPDX-License-Identifier: MIT */
/* gb-train: data set → model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/ranks.h"
#include "io/file.h"
#include "model/model.h"
#include "train/training_cost.h"
#include "train/ridge_run.h"
#include "network/dense13_layers.h"
#include "train/trainer.h"

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
	const char *model, *kernel, *subject, *features, *window, *weights, *dims, *export, *comm, *fit;
	int64_t seed;
	bool no_decoders, per_voxel, plan;
	double timeout;
	gb_maybe_rational tr;
	gb_train_options net;
} opt = {.model = "giblet13", .subject = "mean", .window = "1.5:13.5", .seed = 1, .comm = "auto", .timeout = 300, .tr = {false, {3, 2}},
         .net = {.device = "auto", .width = 0.125, .rank = 64, .window = 32, .groups = 2, .micro = 8, .epochs = 60, .warmup = 2, .patience = 20, .rate = 1e-3,
                 .rate_end = 1e-5, .decay = 0.01, .anchor_decay = 0.1, .anchor_rate = 0.1, .clip = 1, .dropout = 0.1, .modality_dropout = 0.2, .temperature = 0.1,
                 .validation = 0.12, .start = "ridge", .reduce = "exact", .progress = on_progress, .note = on_note}};

/* Options of networks begin with epochs, those of giblet13 alone with rank. */
static const gb_option options[] = {
	{"model", GB_OPTION_CHOICE, &opt.model, "giblet13|giblet13-seed|ridge", "kind of model (default giblet13)"},
	{"device", GB_OPTION_STRING, &opt.net.device, "auto|cpu|cuda|emu", "where a network trains; of cuda and emu also :bf16 (default), :tf32, :fp32 (default auto: cuda where there is one)"},
	{"brain-kernel", GB_OPTION_STRING, &opt.kernel, "fir|fir:A:B|glover|glover3|spm|FILE.tsv", "from stimulus to BOLD: a kernel, or free delays of A to B-1 rows (default glover; of ridge fir: 0 to 13.5 s)"},
	{"subject", GB_OPTION_STRING, &opt.subject, "NAME,...|all|mean", "whose brain (default mean: of all subjects in the set); ridge takes one"},
	{"features", GB_OPTION_STRING, &opt.features, "NAME,...", "stimulus tensors to use (default: all of the set)"},
	{"seed", GB_OPTION_INTEGER, &opt.seed, "S", "of all random numbers (default 1)", .min = 0, .max = 4294967295},
	{"new", GB_OPTION_FLAG, &opt.net.fresh, NULL, "overwrite a run of other options", .not_param = true},
	{"export", GB_OPTION_STRING, &opt.export, "FILE", "then write the best weights alone, as plain safetensors", .not_param = true},
	{"plan", GB_OPTION_FLAG, &opt.plan, NULL, "print parameters, memory, bytes, steps and time, and stop", .not_param = true},
	{"dims", GB_OPTION_STRING, &opt.dims, "NAME=SIZE,...", "plan for these sizes, without a set", .not_param = true},
	{"tr", GB_OPTION_RATIONAL, &opt.tr, "R", "repetition time for --dims (default 3/2)", .not_param = true},
	{"no-decoders", GB_OPTION_FLAG, &opt.no_decoders, NULL, "ridge: only stimulus to brain, not back"},
	{"per-voxel", GB_OPTION_FLAG, &opt.per_voxel, NULL, "ridge: a penalty for each voxel instead of one for all; for 2000 train rows and more"},
	{"epochs", GB_OPTION_INTEGER, &opt.net.epochs, "N", "at most so many (default 60)", .not_param = true, .min = 0, .max = 1000000},
	{"schedule", GB_OPTION_INTEGER, &opt.net.schedule, "N", "epochs over which the rate falls (default 0: as --epochs at the first start)", .max = 1000000},
	{"patience", GB_OPTION_INTEGER, &opt.net.patience, "N", "stop after so many epochs without a better score (default 20; 0: never)", .not_param = true, .max = 1000000},
	{"keep", GB_OPTION_INTEGER, &opt.net.keep, "N", "keep every N-th epoch as epoch-N.safetensors (default 0: none)", .not_param = true, .max = 1000000},
	{"width", GB_OPTION_REAL, &opt.net.width, "F", "scale of the layers' widths (default 0.125, of giblet13-seed 1; 1 is the full size)", .min = 0.002, .max = 4},
	{"groups", GB_OPTION_INTEGER, &opt.net.groups, "N", "windows in a micro-batch, of giblet13-seed rows (default 2)", .min = 1, .max = 4096},
	{"micro", GB_OPTION_INTEGER, &opt.net.micro, "N", "micro-batches in a step, a power of two (default 8)", .min = 1, .max = 4096},
	{"rate", GB_OPTION_REAL, &opt.net.rate, "R", "learning rate (default 0.001)", .min = 1e-12, .max = 1},
	{"rate-end", GB_OPTION_REAL, &opt.net.rate_end, "R", "where the cosine ends (default 0.00001)", .min = 0, .max = 1},
	{"warmup", GB_OPTION_REAL, &opt.net.warmup, "EPOCHS", "linear rise at the start (default 2)", .min = 0, .max = 100000},
	{"decay", GB_OPTION_REAL, &opt.net.decay, "R", "weight decay of matrices (default 0.01)", .min = 0, .max = 1000},
	{"clip", GB_OPTION_REAL, &opt.net.clip, "R", "largest norm of the gradient (default 1; 0: any)", .min = 0, .max = 1e9},
	{"dropout", GB_OPTION_REAL, &opt.net.dropout, "P", "in the deep path (default 0.1); of giblet13-seed the most of a layer (default 0.3)", .min = 0, .max = 0.95},
	{"validation", GB_OPTION_REAL, &opt.net.validation, "SHARE", "last part of the train rows, to stop by (default 0.12; 0: none)", .min = 0, .max = 0.9},
	{"refit", GB_OPTION_FLAG, &opt.net.refit, NULL, "find the best epoch in RUN/search, then train as many on all train rows"},
	{"weights", GB_OPTION_STRING, &opt.weights, "TERM=W,...", "weights of terms of the loss, by their names in metrics.tsv (default 1 each)"},
	{"comm", GB_OPTION_CHOICE, &opt.comm, "auto|none|socket|mpi|nccl", "how ranks talk (default auto: MPI under its launchers where it is, else sockets); nccl: gradients from GPU to GPU", .not_param = true},
	{"reduce", GB_OPTION_CHOICE, &opt.net.reduce, "exact|fast", "sum of gradients over ranks: one tree, or the library's all-reduce (default exact)"},
	{"rank-timeout", GB_OPTION_REAL, &opt.timeout, "SECONDS", "a rank that does not answer for so long is lost (default 300)", .not_param = true, .min = 0.1, .max = 1e6},
	{"rank", GB_OPTION_INTEGER, &opt.net.rank, "N", "factors between z and a brain (default 64)", .min = 1, .max = 4096},
	{"brain-window", GB_OPTION_STRING, &opt.window, "A:B", "seconds after a row whose volumes decode it (default 1.5:13.5)"},
	{"window", GB_OPTION_REAL, &opt.net.window, "SECONDS", "scored part of a training window (default 32)", .min = 0.001, .max = 100000},
	{"anchor-decay", GB_OPTION_REAL, &opt.net.anchor_decay, "R", "decay of what began as ridge, towards it (default 0.1)", .min = 0, .max = 1000},
	{"anchor-rate", GB_OPTION_REAL, &opt.net.anchor_rate, "F", "factor of its learning rate (default 0.1)", .min = 0, .max = 1000},
	{"modality-dropout", GB_OPTION_REAL, &opt.net.modality_dropout, "P", "of a whole modality of a window (default 0.2)", .min = 0, .max = 0.95},
	{"temperature", GB_OPTION_REAL, &opt.net.temperature, "T", "of the contrastive term (default 0.1)", .min = 0.001, .max = 100},
	{"start", GB_OPTION_CHOICE, &opt.net.start, "ridge|zero", "where the linear path and the heads begin (default ridge)"},
	{"fit-subject", GB_OPTION_STRING, &opt.fit, "NAME", "fit the heads of this subject alone to the model --from, all else frozen"},
	{"from", GB_OPTION_STRING, &opt.net.from, "RUN|CKPT", "the model that --fit-subject keeps; its options are those of -c RUN/config"},
	{0},
};

/* Does option I stand at NAME or behind? */
static bool behind(size_t i, const char *name)
{
	while (i && strcmp(options[i].name, name))
		i--;
	return i; /* the first option is never asked for */
}

/* Is option I of the kind of model that is not trained? */
static bool foreign(size_t i)
{
	if (!strcmp(opt.model, "ridge"))
		return behind(i, "epochs");
	return !strcmp(options[i].name, "no-decoders") || !strcmp(options[i].name, "per-voxel") || (opt.net.kind && (behind(i, "rank") || !strcmp(options[i].name, "brain-kernel")));
}

/* What giblet13-seed has by itself. */
static void seed_defaults(const gb_args *args)
{
	opt.net.kind = &gb_network_dense13;
	opt.net.start = "zero";
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
		if (foreign(i))
			gb_json_remove(params, options[i].name);
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

static gb_status run_ridge(const gb_args *args, const gb_dataset *set, const char *const *name, int names, gb_err *err)
{
	gb_ridge_options ridge = {args->tool, opt.kernel ? opt.kernel : "fir", opt.subject, name, names, (uint64_t)opt.seed, !opt.no_decoders, .per_voxel = opt.per_voxel};
	char *config = config_of(args, set, err);
	gb_json *state = NULL;
	bool finished = false;
	gb_status status = config ? gb_ridge_run(set, args->out, config, opt.net.fresh, &ridge, args->pool, &finished, &state, err) : GB_SYSTEM;

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
static gb_status prepare(const gb_args *args, const gb_dataset *set, const char *const *name, int names, char **copy, const char ***subject, gb_err *err)
{
	gb_train_options *net = &opt.net;
	int used = 0;
	gb_status status = gb_train_weights(net->weight, opt.weights, err);

	if (!status && (sscanf(opt.window, "%lf:%lf%n", &net->window_first, &net->window_last, &used) != 2 || opt.window[used] ||
	                !(net->window_first >= 0 && net->window_last >= net->window_first && net->window_last < 1e4)))
		status = gb_fail(err, GB_USAGE, "--brain-window %s: A:B wants seconds, 0 ≤ A ≤ B", opt.window);
	if (!status && !opt.fit != !net->from)
		status = gb_fail(err, GB_USAGE, "--fit-subject NAME and --from RUN go together");
	if (!status && opt.fit)
		status = gb_cli_split("fit-subject", opt.fit, copy, subject, &net->subject_count, err);
	else if (!status && set && !strcmp(opt.subject, "all"))
		status = gb_train_all_subjects(set, subject, &net->subject_count, err);
	else if (!status && strcmp(opt.subject, "mean"))
		status = gb_cli_split("subject", opt.subject, copy, subject, &net->subject_count, err);
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
		status = (plan = gb_cost_text(&dims, &opt.net, set ? gb_dataset_clock(set)->step : opt.tr.value, args->pool, err)) ? GB_OK : err->status;
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
	char *config = config_of(args, set, err), *path = config ? gb_format(err, "%s/config", args->out) : NULL;
	gb_status status = path ? gb_output_whole(path, config, strlen(config), err) : GB_SYSTEM;

	free(config);
	free(path);
	return status;
}

static gb_status run_network(const gb_args *args, const gb_dataset *set, gb_err *err)
{
	gb_train_result result = {0};
	gb_cli_asked *asked = gb_cli_listen();
	gb_status status = gb_cli_open_ranks(&opt.net.comm, &opt.net.local_ranks, &opt.net.place, opt.comm, args->out, opt.timeout, opt.net.micro, err);
	bool first = gb_comm_rank(opt.net.comm) == 0;

	opt.net.stop = &asked->stop;
	opt.net.save = &asked->save;
	if (!status)
		status = gb_train(set, args->out, &opt.net, args->pool, &result, err);
	if (!status && first)
		status = write_config(args, set, err);
	if (!status && first)
		gb_cli_log("%s: epoch %lld, best %lld with a smoothed score of %.4f%s", args->out, (long long)result.epoch, (long long)result.best_epoch,
		            result.best_score, result.stopped ? ": stopped, start again to go on" : "");
	if (!status && first && opt.export)
		status = gb_export_weights(args->out, opt.export, err);
	gb_cli_close_ranks(opt.net.comm, status, err);
	gb_cli_pass_on();
	return status;
}

/* The kind of model has its defaults; an option of another kind would do nothing. */
static gb_status settle_options(const gb_args *args, gb_err *err)
{
	if (!strcmp(opt.model, gb_network_dense13.name))
		seed_defaults(args);
	for (size_t i = 0; options[i].name; i++)
		if (args->given[i] && foreign(i))
			return gb_fail(err, GB_USAGE, "--%s: not an option of --model %s", options[i].name, opt.model);
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
		status = gb_fail(err, GB_USAGE, "--model ridge: one process solves it, %d were started", ranks.size);
	if (!status && !opt.plan && (!args->out || !strcmp(args->out, "-")))
		status = gb_fail(err, GB_USAGE, "-o RUN is wanted: a run is a folder");
	if (!status && (opt.plan ? ridge || (args->operands == 0) != (opt.dims != NULL) : opt.dims || args->operands == 0))
		status = gb_fail(err, GB_USAGE, ridge && opt.plan ? "--plan: giblet13 and giblet13-seed are planned" : "a SET is wanted, or --plan with --dims");
	if (!status && args->operands)
		status = gb_dataset_open(&set, args->operand[0], err);
	if (!status)
		status = gb_cli_split("features", opt.features, &copy, &name, &names, err);
	if (!status && !ridge)
		status = prepare(args, set, name, names, &subjects, &subject, err);
	if (!status)
		status = opt.plan ? print_plan(args, set, err) : ridge ? run_ridge(args, set, name, names, err) : run_network(args, set, err);
	free(copy);
	free(name);
	free(subjects);
	free(subject);
	gb_dataset_close(set);
	return status;
}

static const gb_command commands[] = {
	{NULL, "-o RUN [--model giblet13|giblet13-seed|ridge] [-c CONFIG] [--epochs N] [--seed S] [--plan [--dims NAME=SIZE,...]] [--export FILE] [OPTION...] SET",
	 "Train a model between the stimuli and the brains of a data set", options, 0, 1, false, run},
	{0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-train", "data set to model", commands, argc, argv);
}
