/* SPDX-License-Identifier: MIT */
/* gb-train: data set → model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "cli/cli.h"
#include "io/file.h"
#include "model/model.h"
#include "model/ridge_train.h"

static struct {
	const char *model, *kernel, *subject, *features;
	int64_t seed;
	bool fresh, no_decoders;
} opt = {.model = "ridge", .kernel = "fir", .subject = "mean", .seed = 1};

static const gb_option options[] = {
	{"model", GB_OPTION_CHOICE, &opt.model, "ridge", "kind of model (default ridge)"},
	{"brain-kernel", GB_OPTION_STRING, &opt.kernel, "fir|fir:A:B|glover|glover3|spm|FILE.tsv",
	 "from stimulus to BOLD: free delays of A to B-1 rows, or a kernel (default fir: 0 to 13.5 s)"},
	{"subject", GB_OPTION_STRING, &opt.subject, "NAME|mean", "whose brain (default mean: of all subjects in the set)"},
	{"features", GB_OPTION_STRING, &opt.features, "NAME,...", "stimulus tensors to use (default: all of the set)"},
	{"seed", GB_OPTION_INTEGER, &opt.seed, "S", "of all random numbers (default 1)", .min = 0, .max = 4294967295},
	{"no-decoders", GB_OPTION_FLAG, &opt.no_decoders, NULL, "only stimulus to brain, not back"},
	{"new", GB_OPTION_FLAG, &opt.fresh, NULL, "overwrite a run of other options", .not_param = true},
	{0},
};

/* "a,b" → its parts, in COPY (released with free, like the array). */
static gb_status split_names(const char *text, char **copy, const char ***name, int *names, gb_err *err)
{
	*copy = NULL;
	*name = NULL;
	*names = 0;
	if (!text)
		return GB_OK;
	*copy = gb_string(text, err);
	*name = *copy ? gb_array(strlen(text) + 1, sizeof **name, err) : NULL;
	if (!*name)
		return GB_SYSTEM;
	for (char *part = strtok(*copy, ","); part; part = strtok(NULL, ","))
		(*name)[(*names)++] = part;
	return *names ? GB_OK : gb_fail(err, GB_USAGE, "--features %s: names are wanted", text);
}

/* The configuration as text: what -c reads. */
static char *config_text(const gb_args *args, const gb_dataset *set, gb_err *err)
{
	char *text = gb_format(err, "# gb-train %s\n# set %s\n", GB_VERSION, gb_dataset_id(set));

	for (void *it = gb_json_first(args->params); text && it; it = gb_json_next(args->params, it)) {
		const char *value = gb_json_text(gb_json_value(it));
		char *dump = value ? NULL : gb_json_dump(gb_json_value(it)), *longer;

		longer = gb_json_value(it) && (value || dump) && strcmp(value ? value : dump, "null")
		             ? gb_format(err, "%s%s = %s\n", text, gb_json_key(it), value ? value : dump)
		             : gb_string(text, err);
		free(dump);
		free(text);
		text = longer;
	}
	return text;
}

/* A run folder that was made by other options is left alone; *SAME: it is finished already. */
static gb_status check_run(const gb_args *args, const char *config, bool *same, gb_err *err)
{
	char *path = gb_format(err, "%s/config", args->out), *best = gb_format(err, "%s/best.safetensors", args->out);
	struct stat about;
	gb_input input = {0};
	gb_status status = path && best ? GB_OK : GB_SYSTEM;

	*same = false;
	if (!status && stat(path, &about) == 0) {
		status = gb_input_open(&input, path, err);
		*same = !status && input.size == strlen(config) && memcmp(input.data, config, input.size) == 0;
		if (!status && !*same && !opt.fresh)
			status = gb_fail(err, GB_USAGE, "%s: a run of other options or another data set; --new overwrites it", args->out);
		*same = *same && stat(best, &about) == 0 && !opt.fresh;
		gb_input_close(&input);
	}
	free(path);
	free(best);
	return status;
}

static void say_fit(const gb_json *fit)
{
	double score = 0, penalty = 0;
	bool edge = false;
	const char *map = gb_json_text(gb_json_get(fit, "map"));

	gb_json_read_number(gb_json_get(fit, "score"), &score);
	gb_json_read_number(gb_json_get(fit, "penalty"), &penalty);
	gb_json_read_boolean(gb_json_get(fit, "edge"), &edge);
	gb_cli_note("%s%s: mean r %.4f in cross-validation inside the train rows, penalty %g", strcmp(map, "bold") ? "brain to " : "stimulus to ",
	            map, score, penalty);
	if (edge)
		gb_cli_warn("%s: a penalty at the edge of those tried (1e-2 to 1e6) was chosen", map);
}

static gb_status write_metrics(const gb_args *args, const gb_json *state, gb_err *err)
{
	char *path = gb_format(err, "%s/metrics.tsv", args->out);
	gb_text *text = NULL;
	gb_status status = path ? gb_text_open(&text, path, err) : GB_SYSTEM;

	free(path);
	if (status)
		return status;
	gb_text_print(text, "map\tcross_validated_r\tpenalty\tpenalty_at_edge\ttrain_rows\ttargets\tform\n");
	for (size_t i = 0; i < gb_json_size(state); i++) {
		const gb_json *fit = gb_json_at(state, i);
		double score = 0, penalty = 0;
		int64_t rows = 0, targets = 0;
		bool edge = false;

		gb_json_read_number(gb_json_get(fit, "score"), &score);
		gb_json_read_number(gb_json_get(fit, "penalty"), &penalty);
		gb_json_read_boolean(gb_json_get(fit, "edge"), &edge);
		gb_json_read_integer(gb_json_get(fit, "train_rows"), &rows);
		gb_json_read_integer(gb_json_get(fit, "targets"), &targets);
		gb_text_print(text, "%s\t%.9g\t%g\t%d\t%lld\t%lld\t%s\n", gb_json_text(gb_json_get(fit, "map")), score, penalty, edge,
		              (long long)rows, (long long)targets, gb_json_text(gb_json_get(fit, "form")));
		say_fit(fit);
	}
	return gb_text_commit(text, err);
}

static gb_status write_small(const gb_args *args, const char *name, const char *content, gb_err *err)
{
	char *path = gb_format(err, "%s/%s", args->out, name);
	gb_status status = path ? gb_output_whole(path, content, strlen(content), err) : GB_SYSTEM;

	free(path);
	return status;
}

static gb_status train_ridge(const gb_args *args, const gb_dataset *set, const char *const *name, int names, gb_err *err)
{
	gb_rational step = gb_dataset_clock(set)->step, reach;
	char *kernel = NULL, *last = gb_format(err, "%s/last.safetensors", args->out), *best = gb_format(err, "%s/best.safetensors", args->out);
	gb_ridge_options ridge = {args->tool, opt.kernel, opt.subject, name, names, (uint64_t)opt.seed, !opt.no_decoders};
	gb_json *state = NULL;
	gb_status status = last && best ? GB_OK : GB_SYSTEM;

	if (!status && strcmp(opt.kernel, "fir") == 0) {
		if (!gb_rational_div((gb_rational){27, 2}, step, &reach))
			status = gb_fail(err, GB_DATA, "a row of %lld/%lld s is too fine", (long long)step.num, (long long)step.den);
		ridge.brain_kernel = kernel = status ? NULL : gb_format(err, "fir:0:%lld", (long long)gb_rational_floor(reach) + 1);
		status = status ? status : kernel ? GB_OK : GB_SYSTEM;
	}
	if (!status)
		status = gb_ridge_train(set, &ridge, last, args->pool, &state, err);
	if (!status)
		status = write_metrics(args, state, err);
	if (!status) {
		remove(best);
		if (link(last, best))
			status = gb_ridge_train(set, &ridge, best, args->pool, &state, err);
	}
	gb_json_free(state);
	free(kernel);
	free(last);
	free(best);
	return status;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	gb_dataset *set = NULL;
	char *config = NULL, *copy = NULL;
	const char **name = NULL;
	int names = 0;
	bool same = false;
	gb_status status;

	if (!args->out || !strcmp(args->out, "-"))
		return gb_fail(err, GB_USAGE, "-o RUN is wanted: a run is a folder");
	status = gb_dataset_open(&set, args->operand[0], err);
	if (!status)
		status = split_names(opt.features, &copy, &name, &names, err);
	if (!status) {
		config = config_text(args, set, err);
		status = config ? check_run(args, config, &same, err) : GB_SYSTEM;
	}
	if (!status && same)
		gb_cli_note("%s: finished already, with these options and this data set", args->out);
	if (!status && !same) {
		status = gb_folder_make(args->out, err);
		if (!status)
			status = write_small(args, "status.json", "{\"state\":\"running\"}\n", err);
		if (!status)
			status = train_ridge(args, set, name, names, err);
		if (!status)
			status = write_small(args, "config", config, err);
		if (!status)
			status = write_small(args, "status.json", "{\"state\":\"done\"}\n", err);
	}
	free(config);
	free(copy);
	free(name);
	gb_dataset_close(set);
	return status;
}

static const gb_command commands[] = {
	{NULL, "-o RUN [--model ridge] [--brain-kernel fir|fir:A:B|glover|glover3|spm|FILE.tsv] [--subject NAME|mean] [--features NAME,...] "
	       "[--seed S] [--no-decoders] [--new] SET",
	 "Train a model between the stimuli and the brains of a data set", options, 1, 1, false, run},
	{0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-train", "data set to model", commands, argc, argv);
}
