/* SPDX-License-Identifier: MIT */
/* divergence.c: has training diverged, and in which tensor first? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "train/trainer_internal.h"
#include "network/layer_sizes.h"
#include "network/graph_cost.h"

/* Training does not recover from a loss this many times that of a constant prediction. */
#define EXPLODED 1e4
/* Values of a network that trains stay far below. */
#define LARGE 1e6f

enum { WORDS = 160 };

static bool all_finite(const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

static float largest(const float *x, size_t n)
{
	float most = 0;

	for (size_t i = 0; i < n; i++)
		most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
	return most;
}

/* ---- the first bad tensor ---- */

static bool bad_parameter(const gb_trainer *t, const float *all, const char *what, bool backwards,
                          char *words)
{
	int n = gb_graph_parameters(t->net.graph);

	for (int i = 0; i < n; i++) {
		const gb_parameter *p = gb_graph_parameter_at(t->net.graph, backwards ? n - 1 - i : i);

		if (all_finite(all + p->first, p->rows * p->columns))
			continue;
		snprintf(words, WORDS, "%s %s, not finite", what, p->name);
		return true;
	}
	return false;
}

/* Inputs and targets of the filled batch. */
static bool bad_data(const gb_trainer *t, char *words)
{
	const gb_network_shape *s = &t->net.shape;
	const gb_batch *b = &t->net.batch;
	size_t r = t->net.rows, n = t->net.scored;
	const struct { const char *name; const float *data; size_t count; } item[] = {
		{"input linear view", b->linear, r * s->linear},
		{"input text and further columns", b->dense, r * s->dense},
		{"input mel", b->mel, r * s->mel_frames * s->mel_bands},
		{"target mel", b->target_mel, n * s->mel_frames * s->mel_bands},
		{"target text", b->target_text, n * s->text}};

	for (size_t i = 0; i < sizeof item / sizeof *item; i++)
		if (item[i].count && !all_finite(item[i].data, item[i].count)) {
			snprintf(words, WORDS, "%s", item[i].name);
			return true;
		}
	for (size_t k = 0; k < s->subjects; k++) {
		bool in = all_finite(b->bold[k], s->groups * t->net.bold_rows * s->voxels[k]);

		if (in && all_finite(b->target_bold[k], n * s->voxels[k]))
			continue;
		snprintf(words, WORDS, "%s bold of %s", in ? "target" : "input", s->subject[k]);
		return true;
	}
	return false;
}

/* The first value of the last forward pass that is not finite or too large. */
static bool bad_value(gb_trainer *t, char *words, gb_err *err)
{
	gb_graph *graph = t->net.graph;
	const char *after = "the inputs";

	for (int i = 0; i < gb_graph_outputs(graph); i++) {
		gb_graph_output y = gb_graph_output_at(graph, i);
		const float *x;
		bool good;

		after = y.weight ? y.weight : after;
		if (!y.count || gb_graph_fetch(graph, y.value, &x, err) != GB_OK)
			continue;
		good = all_finite(x, y.count);
		if (good && largest(x, y.count) < LARGE)
			continue;
		snprintf(words, WORDS, "%s %s, ", y.weight ? "output of" : "what follows", after);
		snprintf(words + strlen(words), WORDS - strlen(words), good ? "up to %.3g" : "not finite",
		         (double)largest(x, y.count));
		return true;
	}
	snprintf(words, WORDS, "none");
	return false;
}

/* Run this rank's micro-batches of the step again, one by one. */
static bool find_bad_tensor(gb_trainer *t, char *words, gb_err *err)
{
	size_t windows = (size_t)t->options->batch_windows;
	int rank = gb_comm_rank(t->options->comm);
	float *gradient = gb_array(t->optimizer.parameters, sizeof *gradient, err);
	const gb_reduce_plan plan = gb_reduce_plan_after(&t->reducer);
	bool bad;

	words[0] = 0;
	bad = gb_graph_download(t->net.graph, err) == GB_OK &&
	    bad_parameter(t, gb_graph_weights(t->net.graph)->host, "weight", false, words);
	for (uint32_t micro = gb_trainer_first_micro(t, rank);
	     !bad && gradient && micro < gb_trainer_first_micro(t, rank + 1); micro++) {
		if (gb_trainer_micro(t, t->step_window + micro * windows, micro, &plan, err) != GB_OK)
			break;
		bad = bad_data(t, words) || bad_value(t, words, err);
		if (!bad && t->device.ops->download(&t->device, gradient, t->reducer.partial[0].gradient,
		                                    t->optimizer.parameters * sizeof *gradient, err) == GB_OK)
			bad = bad_parameter(t, gradient, "gradient of", true, words);
	}
	free(gradient);
	return bad;
}

/* GB_NO: the message states WHAT went wrong, and the first bad tensor of the first rank that has one. */
static gb_status report_divergence(gb_trainer *t, const char *what, gb_err *err)
{
	gb_comm *comm = t->options->comm;
	size_t size = (size_t)gb_comm_size(comm), chosen = 0;
	struct { char words[WORDS]; bool bad; } *all = gb_array(size, sizeof *all, err),
	    *own = all ? &all[gb_comm_rank(comm)] : NULL;
	gb_status status;

	if (!all)
		return GB_SYSTEM;
	own->bad = find_bad_tensor(t, own->words, err);
	status = gb_comm_wait_root(comm, err);
	if (status == GB_OK)
		status = gb_comm_allgather(comm, all, NULL, size, sizeof *all, err);
	while (chosen + 1 < size && !all[chosen].bad)
		chosen++;
	chosen = all[chosen].bad ? chosen : 0;
	if (status == GB_OK)
		status = gb_fail(err, GB_NO,
		                 "%s: step %lld: %s; first bad tensor: %s; last.safetensors stays as it was "
		                 "saved before: lower --lr, or look at the data with gb-inspect --stats",
		                 t->run, (long long)t->progress.step, what, all[chosen].words);
	free(all);
	return status;
}

/* ---- checks ---- */

gb_status gb_trainer_check_step(gb_trainer *t, const gb_term_sums *sums, double norm, gb_err *err)
{
	char what[96];

	for (int i = 0; i < GB_TERMS; i++) {
		bool counted = t->constant[0][i] > 0 && sums->count[i] > 0;
		double loss = counted ? sums->loss[i] / sums->count[i] / t->constant[0][i] : 0;

		if (isfinite(loss) && loss < EXPLODED)
			continue;
		if (isfinite(loss))
			snprintf(what, sizeof what, "the loss of %s has grown to %.3g times a constant's",
			         gb_term_name(i), loss);
		else
			snprintf(what, sizeof what, "the loss of %s is not finite", gb_term_name(i));
		return report_divergence(t, what, err);
	}
	return isfinite(norm) ? GB_OK : report_divergence(t, "the gradient is not finite", err);
}

gb_status gb_trainer_check_weights(gb_trainer *t, gb_err *err)
{
	const gb_mirror *weights = gb_graph_weights(t->net.graph);
	char words[WORDS];
	double norm;
	gb_status status;

	GB_TRY(gb_optimizer_norm(&t->optimizer, weights->device, &norm, err));
	if (isfinite(norm))
		goto done;
	GB_TRY(gb_graph_download(t->net.graph, err));
	if (bad_parameter(t, weights->host, "weight", false, words))
		status = gb_fail(err, GB_NO,
		                 "%s: epoch %lld: weights are not finite; first bad tensor: %s; "
		                 "last.safetensors stays as it was saved before: lower --lr", t->run,
		                 (long long)t->progress.epoch, words);
done:
	return status;
}
