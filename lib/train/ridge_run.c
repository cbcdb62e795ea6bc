/* SPDX-License-Identifier: MIT */
#include "train/ridge_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"

char *gb_run_config(const char *tool, const gb_dataset *set, const gb_json *params, gb_err *err)
{
	char *text = gb_format(err, "# %s\n# set %s\n", tool, gb_dataset_id(set));

	for (void *it = gb_json_first(params); text && it; it = gb_json_next(params, it)) {
		const char *value = gb_json_text(gb_json_value(it));
		bool yes = false, flag = gb_json_read_boolean(gb_json_value(it), &yes);
		char *dump = value ? NULL : flag ? gb_string(yes ? "yes" : "no", err)
		    : gb_json_dump(gb_json_value(it)), *longer;

		longer = gb_json_value(it) && (value || dump) && strcmp(value ? value : dump, "null")
		             ? gb_format(err, "%s%s = %s\n", text, gb_json_key(it), value ? value : dump)
		             : gb_string(text, err);
		free(dump);
		free(text);
		text = longer;
	}
	return text;
}

/* *SAME: the run is finished.  A run folder of other options is refused. */
static gb_status check_run(const char *run, const char *config, bool fresh, bool *same, gb_err *err)
{
	char *path = gb_format(err, "%s/config", run), *best = gb_format(err, "%s/best.safetensors", run);
	struct stat about;
	gb_input input = {0};
	gb_status status = path && best ? GB_OK : GB_SYSTEM;

	*same = false;
	if (!status && stat(path, &about) == 0) {
		status = gb_input_open(&input, path, err);
		*same = !status && input.size == strlen(config) &&
		        memcmp(input.data, config, input.size) == 0;
		if (!status && !*same && !fresh)
			status = gb_fail(err, GB_USAGE,
			                 "%s: a run of other options or another data set; --overwrite "
			                 "replaces it", run);
		*same = *same && stat(best, &about) == 0 && !fresh;
		gb_input_close(&input);
	}
	free(path);
	free(best);
	return status;
}

static gb_status write_small(const char *run, const char *name, const char *content, gb_err *err)
{
	char *path = gb_format(err, "%s/%s", run, name);
	gb_status status = path ? gb_output_whole(path, content, strlen(content), err) : GB_SYSTEM;

	free(path);
	return status;
}

static gb_status write_metrics(const char *run, const gb_json *state, gb_err *err)
{
	static const char header[] = "map\tcross_validated_r\tpenalty\tpenalty_at_edge\ttrain_rows\ttargets\t"
	                             "form\n";
	char *text = gb_string(header, err), *longer;
	gb_status status;

	for (size_t i = 0; text && i < gb_json_size(state); i++) {
		const gb_json *fit = gb_json_at(state, i), *own = gb_json_get(fit, "own");
		double score = 0, penalty = 0;
		int64_t rows = 0, targets = 0, edges;
		bool edge = false;

		gb_json_read_number(gb_json_get(own ? own : fit, "score"), &score);
		gb_json_read_number(gb_json_get(own ? own : fit, "penalty"), &penalty);
		gb_json_read_boolean(gb_json_get(fit, "edge"), &edge);
		edges = edge;
		gb_json_read_integer(gb_json_get(own, "at_edge"), &edges);
		gb_json_read_integer(gb_json_get(fit, "train_rows"), &rows);
		gb_json_read_integer(gb_json_get(fit, "targets"), &targets);
		longer = gb_format(err, "%s%s\t%.9g\t%g\t%lld\t%lld\t%lld\t%s\n", text,
		                   gb_json_text(gb_json_get(fit, "map")), score, penalty, (long long)edges,
		                   (long long)rows, (long long)targets,
		                   gb_json_text(gb_json_get(fit, "form")));
		free(text);
		text = longer;
	}
	status = text ? write_small(run, "metrics.tsv", text, err) : GB_SYSTEM;
	free(text);
	return status;
}

static gb_status train_and_write(const gb_dataset *set, const char *run, const gb_ridge_options *options,
                                 gb_pool *pool, gb_json **state, gb_err *err)
{
	char *last = gb_format(err, "%s/last.safetensors", run),
	    *best = gb_format(err, "%s/best.safetensors", run);
	gb_status status;

	GB_TRY(last && best ? gb_ridge_train(set, options, last, pool, state, err) : GB_SYSTEM);
	GB_TRY(write_metrics(run, *state, err));
	remove(best);
	if (link(last, best)) {
		gb_json_free(*state);
		status = gb_ridge_train(set, options, best, pool, state, err);
	}
done:
	free(last);
	free(best);
	return status;
}

gb_status gb_ridge_run(const gb_dataset *set, const char *run, const char *config,
                       const gb_ridge_options *options, gb_pool *pool, bool *finished, gb_json **state,
                       gb_err *err)
{
	gb_status status = check_run(run, config, options->fresh, finished, err);

	*state = NULL;
	if (status || *finished)
		return status;
	GB_TRY(gb_folder_make(run, err));
	GB_TRY(write_small(run, "status.json", "{\"state\":\"running\"}\n", err));
	GB_TRY(train_and_write(set, run, options, pool, state, err));
	GB_TRY(write_small(run, "config", config, err));
	status = write_small(run, "status.json", "{\"state\":\"done\"}\n", err);
done:
	return status;
}
