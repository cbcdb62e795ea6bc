/* SPDX-License-Identifier: MIT */
#include "train/run_log.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/size.h"
#include "io/file.h"
#include "train/trainer_internal.h"
#include "network/layer_sizes.h"

/* ---- metrics.tsv ---- */

static gb_status append(gb_run_log *log, const char *text, gb_err *err)
{
	size_t have = log->metrics ? strlen(log->metrics) : 0, more = strlen(text);

	if (gb_grow(&log->metrics, have + more + 1, 1, err) != GB_OK)
		return GB_SYSTEM;
	memcpy(log->metrics + have, text, more + 1);
	return GB_OK;
}

static gb_status append_value(gb_run_log *log, double value, gb_err *err)
{
	char text[40];

	snprintf(text, sizeof text, isfinite(value) ? "\t%.9g" : "\tn/a", value);
	return append(log, text, err);
}

static gb_status append_header(gb_trainer *t, gb_err *err)
{
	static const char *const kind[] = {"train.loss", "train.skill", "validation.loss",
	                                   "validation.skill"};
	char text[64];

	if (append(&t->log, "epoch\tstep\trate\tgradient", err) != GB_OK)
		return GB_SYSTEM;
	for (int k = 0; k < 4; k++)
		for (int i = 0; i < GB_TERMS; i++) {
			snprintf(text, sizeof text, "\t%s.%s", kind[k], gb_term_name(i));
			if (t->constant[0][i] > 0 && append(&t->log, text, err) != GB_OK)
				return GB_SYSTEM;
		}
	return append(&t->log, "\tvalidation.r\tscore\tscore.smooth\n", err);
}

/* Columns of the losses and skills of PART (0: train, 1: validation); SUMS in units of the constant of
 * CONSTANTS. */
static gb_status append_losses(gb_trainer *t, const gb_term_sums *sums, int part, bool skill, int constants,
                               gb_err *err)
{
	for (int i = 0; i < GB_TERMS; i++) {
		double loss = gb_trainer_relative_loss(t, sums, constants, i);

		if (t->constant[0][i] > 0 && append_value(&t->log, skill ? 1 - loss : loss, err) != GB_OK)
			return GB_SYSTEM;
		if (!skill)
			t->log.shown[part][i] = loss;
	}
	return GB_OK;
}

gb_status gb_run_log_add_epoch(gb_trainer *t, const gb_term_sums *train, const gb_evaluation *validation,
                               double score, double smooth, gb_err *err)
{
	const gb_progress *p = &t->progress;
	double steps = (double)gb_trainer_steps_per_epoch(t);
	char text[64];
	gb_status status;

	if (!t->log.metrics)
		GB_TRY(append_header(t, err));
	snprintf(text, sizeof text, "%lld\t%lld\t%.9g", (long long)p->epoch, (long long)p->step,
	         gb_trainer_lr(t));
	GB_TRY(append(&t->log, text, err));
	GB_TRY(append_value(&t->log, p->epoch ? p->norm_sum / steps : NAN, err));
	GB_TRY(append_losses(t, train, 0, false, 0, err));
	GB_TRY(append_losses(t, train, 0, true, 0, err));
	/* Validation losses are shown in units of the train rows' constant, skills are those of their own. */
	GB_TRY(append_losses(t, &validation->sums, 1, false, 0, err));
	GB_TRY(append_losses(t, &validation->sums, 1, true, 1, err));
	GB_TRY(append_value(&t->log, validation->sums.count[GB_TERM_BOLD] > 0 ? validation->r : NAN, err));
	GB_TRY(append_value(&t->log, score, err));
	GB_TRY(append_value(&t->log, smooth, err));
	status = append(&t->log, "\n", err);
done:
	return status;
}

/* ---- files ---- */

static gb_status write_small(const gb_trainer *t, const char *name, const char *text, gb_err *err)
{
	char *path;
	gb_status status;

	if (!gb_trainer_writes(t))
		return GB_OK;
	path = gb_format(err, "%s/%s", t->run, name);
	status = path ? gb_output_whole(path, text, strlen(text), err) : GB_SYSTEM;
	free(path);
	return status;
}

gb_status gb_run_log_write_metrics(const gb_trainer *t, gb_err *err)
{
	return write_small(t, "metrics.tsv", t->log.metrics ? t->log.metrics : "", err);
}

enum { STATUS_SECONDS = 5 };

static gb_json *losses(const gb_trainer *t, int part)
{
	gb_json *object = gb_json_object();

	for (int i = 0; i < GB_TERMS; i++)
		if (t->constant[part][i] > 0 && isfinite(t->log.shown[part][i]))
			gb_json_set(object, gb_term_name(i), gb_json_real(t->log.shown[part][i]));
	return object;
}

static gb_json *status_json(const gb_trainer *t, const char *state, double seconds)
{
	const gb_progress *p = &t->progress;
	int64_t steps = t->options->epochs * gb_trainer_steps_per_epoch(t),
	    done = p->step - t->log.first_step;
	const struct { const char *key; int64_t value; } integer[] = {
		{"epoch", p->epoch}, {"epochs", t->options->epochs}, {"step", p->step}, {"steps", steps},
		{"best_epoch", p->best_epoch}, {"ranks", gb_comm_size(t->options->comm)}};
	gb_json *status = gb_json_object();
	struct rusage usage;

	gb_json_set(status, "state", gb_json_string(state));
	for (size_t i = 0; i < sizeof integer / sizeof *integer; i++)
		gb_json_set(status, integer[i].key, gb_json_integer(integer[i].value));
	gb_json_set(status, "best_score", gb_json_real(p->best_score));
	gb_json_set(status, "train", losses(t, 0));
	gb_json_set(status, "validation", losses(t, 1));
	if (done > 0 && seconds > 0) {
		double left = seconds / (double)done * (double)(steps - p->step);

		gb_json_set(status, "seconds_waited_for_data", gb_json_real(t->log.waiting));
		gb_json_set(status, "rows_per_second", gb_json_real(t->log.rows / seconds));
		gb_json_set(status, "seconds_left", gb_json_real(left));
	}
	if (getrusage(RUSAGE_SELF, &usage) == 0)
		gb_json_set(status, "memory_bytes", gb_json_integer((int64_t)usage.ru_maxrss * 1024));
	return status;
}

gb_status gb_run_log_write_status(gb_trainer *t, const char *state, gb_err *err)
{
	double now = gb_trainer_clock();
	gb_json *status;
	char *text;
	gb_status result;

	if (t->log.began <= 0)
		t->log.began = now;
	if (!gb_trainer_writes(t) || (!state && now - t->log.reported < STATUS_SECONDS))
		return GB_OK;
	t->log.reported = now;
	status = status_json(t, state ? state : "running", now - t->log.began);
	text = gb_json_dump(status);
	gb_json_free(status);
	result = text ? write_small(t, "status.json", text, err)
	    : gb_fail(err, GB_SYSTEM, "%s: memory is short", t->run);
	free(text);
	return result;
}

void gb_run_log_report_pace(const gb_trainer *t)
{
	int64_t steps = t->progress.step - t->log.first_step;
	char line[160];

	if (!steps)
		return;
	snprintf(line, sizeof line, "%lld steps of %.3f s; %.3f s in all waited for data", (long long)steps,
	         t->log.stepping / (double)steps, t->log.waiting);
	gb_trainer_note(t, line);
}
