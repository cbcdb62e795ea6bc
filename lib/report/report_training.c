/* SPDX-License-Identifier: MIT */
/* The report's part on training: what metrics.tsv of the run says, or ridge's penalties. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "io/file.h"
#include "ridge/ridge.h"
#include "plot/series.h"
#include "report/report_internal.h"

enum { LINES_MAX = 12 };

typedef struct curve { char name[64]; float *value; size_t count; int column; } curve;

/* A picture: the columns that begin with PREFIX, those that decode the brain or the others, and ALSO
 * (NULL: none). */
typedef struct picture { const char *prefix, *also; bool brain; const char *title, *caption; } picture;

static bool is_drawn(const picture *p, const char *name)
{
	size_t n = strlen(p->prefix);

	if (p->also && strcmp(name, p->also) == 0)
		return true;
	return strncmp(name, p->prefix, n) == 0 && (strncmp(name + n, "brain.", 6) == 0) == p->brain;
}

static gb_status read_line(char *line, curve *curves, int count, gb_err *err)
{
	int column = 0;

	for (char *cell = line, *next; cell; cell = next, column++) {
		next = strchr(cell, '\t');
		if (next)
			*next++ = 0;
		for (int i = 0; i < count; i++)
			if (curves[i].column == column) {
				char *end;
				double value = strtod(cell, &end);

				if (gb_grow(&curves[i].value, curves[i].count + 1, sizeof(float), err))
					return GB_SYSTEM;
				curves[i].value[curves[i].count++] = end == cell ? NAN : (float)value;
			}
	}
	return GB_OK;
}

static int find_columns(const picture *p, char *header, curve *curves)
{
	int n = 0, column = 0;

	for (char *cell = header, *next; cell; cell = next, column++) {
		next = strchr(cell, '\t');
		if (next)
			*next++ = 0;
		if (is_drawn(p, cell) && n < LINES_MAX) {
			snprintf(curves[n].name, sizeof curves[n].name, "%s",
			         strncmp(cell, p->prefix, strlen(p->prefix)) ? cell
			                                                     : cell + strlen(p->prefix));
			curves[n++].column = column;
		}
	}
	return n;
}

/* Curves of TEXT, a metrics.tsv with a line an epoch, which is taken apart; a line stands at epoch BEST. */
static gb_status draw_epochs(gb_page *page, const picture *p, char *text, int64_t best, gb_err *err)
{
	curve curves[LINES_MAX] = {{{0}}};
	gb_series series[LINES_MAX];
	gb_mark mark = {(double)best + 0.5, "best"}; /* an epoch is drawn in the middle of its step */
	gb_plot plot = {.title = p->title, .x = "epoch", .y = "skill", .width = 860, .height = 280,
	                .mark = &mark, .marks = best >= 0};
	gb_canvas canvas;
	gb_status status = GB_OK;
	int n = 0;

	for (char *line = text, *next; line && *line && !status; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (line == text)
			n = find_columns(p, line, curves);
		else
			status = read_line(line, curves, n, err);
	}
	for (int i = 0; i < n; i++)
		series[i] = (gb_series){curves[i].value, curves[i].count, curves[i].name};
	if (!status && n > 0 && curves[0].count > 1) {
		status = gb_plot_series(&canvas, &plot, series, n, err);
		if (!status)
			status = gb_page_figure(page, &canvas, p->caption, err);
	}
	for (int i = 0; i < n; i++)
		free(curves[i].value);
	return status;
}

static gb_status draw_curves(gb_page *page, const gb_input *input, const gb_json *state, gb_err *err)
{
	static const picture pictures[] = {
		{"validation.skill.", "validation.r", false, "Validation: stimuli and brain from the latent",
		 "What the validation block inside the train rows says, epoch by epoch: skill is 1 - "
		 "loss/loss of a constant, so 0 is no better than the train mean."},
		{"train.skill.", NULL, false, "Training: the same terms on the rows that fit",
		 "As they were met in training, with dropout from epoch 1 on: how far this lies above "
		 "validation is what was learned by heart."},
		{"validation.skill.", NULL, true, "Validation: stimuli from the "
		                                  "brain", "The decoders, fed by the BOLD of the window "
		                                           "after each row."},
		{"train.skill.", NULL, true, "Training: stimuli from the "
		                             "brain", "The same on the rows that fit."}};
	int64_t best = -1;
	gb_status status = GB_OK;

	gb_json_read_integer(gb_json_get(state, "best_epoch"), &best);
	for (size_t i = 0; i < sizeof pictures / sizeof *pictures && !status; i++) {
		char *text = gb_format(err, "%.*s", (int)input->size, (const char *)input->data);

		status = text ? draw_epochs(page, &pictures[i], text, best, err) : GB_SYSTEM;
		free(text);
	}
	return status;
}

/* Where each voxel has a penalty of its own. */
static void own_penalties(gb_page *page, const gb_json *own)
{
	const gb_json *counts = gb_json_get(own, "counts");
	int64_t count[GB_RIDGE_PENALTIES] = {0}, voxels = 0;
	double score = 0, median = 0;

	gb_json_read_number(gb_json_get(own, "score"), &score);
	gb_json_read_number(gb_json_get(own, "penalty"), &median);
	for (size_t i = 0; i < GB_RIDGE_PENALTIES; i++) {
		gb_json_read_integer(gb_json_at(counts, i), &count[i]);
		voxels += count[i];
	}
	gb_page_text(page,
	             "Each voxel then has a penalty of its own, the one at which its r over the same "
	             "folds is highest (median %g): so chosen, the mean r is %.3f, "
	             "which is above what it would be on rows that had no part in the choice. At the edges "
	             "of what was tried: %lld of %lld voxels at %g, %lld at %g.",
	             median, score, (long long)count[0], (long long)voxels, gb_ridge_penalty(0),
	             (long long)count[GB_RIDGE_PENALTIES - 1], gb_ridge_penalty(GB_RIDGE_PENALTIES - 1));
}

static gb_status draw_penalties(gb_page *page, const gb_json *fit, gb_err *err)
{
	const gb_json *scores = gb_json_get(fit, "curve"), *choices = gb_json_get(fit, "choices");
	float value[GB_RIDGE_PENALTIES];
	gb_series series = {value, GB_RIDGE_PENALTIES, NULL};
	gb_plot plot = {.title = "Penalties tried", .x = "log10 of the penalty",
	                .y = "mean r, cross-validated", .width = 620, .height = 260, .x_first = -2,
	                .x_step = 1};
	gb_canvas canvas;
	double score = 0, penalty = 0;
	bool edge = false;
	gb_status status;

	gb_json_read_number(gb_json_get(fit, "score"), &score);
	gb_json_read_number(gb_json_get(fit, "penalty"), &penalty);
	gb_json_read_boolean(gb_json_get(fit, "edge"), &edge);
	for (size_t i = 0; i < GB_RIDGE_PENALTIES; i++) {
		double r = NAN;

		gb_json_read_number(gb_json_at(scores, i), &r);
		value[i] = (float)r;
	}
	gb_page_text(page,
	             "Stimulus to brain: of 8 contiguous folds inside the train rows, the best choice "
	             "has a mean r of %.3f at penalty %g; the prediction is the mean of %zu choice%s.%s",
	             score, penalty, gb_json_size(choices),
	             gb_json_size(choices) == 1 ? "" : "s of band weights",
	             edge ? " A penalty at the edge of those tried was chosen: what lies beyond was not "
	                    "tried."
	                  : "");
	if (gb_json_get(fit, "own"))
		own_penalties(page, gb_json_get(fit, "own"));
	status = gb_plot_series(&canvas, &plot, &series, 1, err);
	return status ? status : gb_page_figure(page, &canvas, "Every penalty, for all voxels alike, with "
	                                                       "equal weights for all bands. No test row was "
	                                                       "used.", err);
}

gb_status gb_report_training(gb_page *page, const gb_report *r, gb_err *err)
{
	const gb_json *state = gb_json_get(gb_model_description(r->model), "state"),
		      *first = gb_json_at(state, 0);
	gb_input input = {0};
	struct stat about;
	char *path;
	gb_status status = GB_OK;

	if (strcmp(gb_model_type(r->model), "ridge") == 0 &&
	    gb_json_size(gb_json_get(first, "curve")) == GB_RIDGE_PENALTIES) {
		gb_page_heading(page, "How it was fitted");
		return draw_penalties(page, first, err);
	}
	path = gb_format(err, "%s/metrics.tsv", r->run);
	if (!path)
		return GB_SYSTEM;
	if (stat(path, &about) == 0 && S_ISREG(about.st_mode)) {
		status = gb_input_open(&input, path, err);
		if (!status) {
			gb_page_heading(page, "How it was trained");
			status = draw_curves(page, &input, state, err);
		}
		gb_input_close(&input);
	}
	free(path);
	return status;
}
