/* SPDX-License-Identifier: MIT */
#include "dataset/pack_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dataset/common_clock.h"
#include "fmri/hrf.h"

/* One input's clock against the common one. */
static void print_clock(FILE *out, const gb_clock *common, const char *name, const gb_clock *clock, int width)
{
	char start[GB_RATIONAL_TEXT];

	for (int i = 0; i < clock->runs; i++) {
		const gb_run *run = &clock->run[i];
		int at = gb_clock_find(common, run->name);
		int64_t used = at < 0 ? 0 : common->run[at].rows, before = 0;

		if (at >= 0)
			before = gb_clock_offset(common, at, clock) - gb_clock_first(clock, i);
		fprintf(out, "%-*s  %-10s %10s %8lld %8lld %8lld %8lld%s\n", width, name, run->name,
		        gb_rational_format(run->start, start), (long long)run->rows, (long long)used,
		        (long long)before, (long long)(run->rows - used - before),
		        at < 0 ? "  (not in every input)" : "");
	}
}

/* A file whose tensors share a clock is named once. */
static bool told(const gb_dataset *set, size_t feature, size_t part)
{
	const gb_part *now = &set->bound[feature].part[part];

	for (size_t i = 0; i < feature; i++)
		for (size_t k = 0; k < set->bound[i].parts; k++)
			if (set->bound[i].part[k].member == now->member &&
			    gb_clock_equal(&set->bound[i].part[k].clock, &now->clock))
				return true;
	return false;
}

static void print_coverage(FILE *out, const gb_dataset *set)
{
	char step[GB_RATIONAL_TEXT];
	int width = 5;

	for (size_t i = 0; i < set->members; i++)
		if ((int)strlen(set->member[i].name) > width)
			width = (int)strlen(set->member[i].name);
	fprintf(out, "%-*s  %-10s %10s %8s %8s %8s %8s\n", width, "input", "run", "start", "rows", "used",
	        "before", "after");
	for (size_t i = 0; i < set->features; i++)
		for (size_t k = 0; k < set->bound[i].parts; k++)
			if (!told(set, i, k))
				print_clock(out, &set->clock, set->member[set->bound[i].part[k].member].name,
				            &set->bound[i].part[k].clock, width);
	fprintf(out, "common clock: %lld rows of %s s:", (long long)set->rows,
	        gb_rational_format(set->clock.step, step));
	for (int r = 0; r < set->clock.runs; r++) {
		char start[GB_RATIONAL_TEXT];
		long long first = gb_clock_first(&set->clock, r);

		fprintf(out, "%s %s from %s s = rows %lld:%lld", r ? "," : "", set->clock.run[r].name,
		        gb_rational_format(set->clock.run[r].start, start), first,
		        first + (long long)set->clock.run[r].rows);
	}
	fputc('\n', out);
}

/* Share of ∫|h| of the glover kernel beyond SECONDS: what of a response still reaches over the gap. */
static double kernel_beyond(double seconds)
{
	double all = 0, beyond = 0;

	for (int ms = 0; ms < GB_KERNEL_SECONDS * 1000; ms++) {
		double t = (ms + 0.5) / 1000, h = fabs(gb_hrf_at("glover", t));

		all += h;
		beyond += t > seconds ? h : 0;
	}
	return beyond / all;
}

static void print_split(FILE *out, const gb_clock *clock, const gb_split *split)
{
	double step = gb_rational_double(clock->step), seconds = (double)split->gap * step,
	       history = (double)split->history * step;

	fprintf(out,
	        "split: %lld train rows, %lld test rows; neither: %lld in the gap of %lld rows, %lld in the "
	        "first %lld of a run, %lld dropped\n",
	        (long long)split->train, (long long)split->test, (long long)split->lost_gap,
	        (long long)split->gap, (long long)split->lost_head, (long long)split->history,
	        (long long)split->lost_drop);
	if (seconds < GB_KERNEL_SECONDS && split->train && split->test)
		fprintf(out, "gap: %g s; %.1f %% of the haemodynamic kernel lies beyond it\n", seconds,
		        100 * kernel_beyond(seconds));
	if (history < GB_KERNEL_SECONDS)
		fprintf(out,
		        "history: %g s at the start of each run; %.1f %% of the haemodynamic kernel reaches "
		        "back before it\n",
		        history, 100 * kernel_beyond(history));
}

static void print_repeats(FILE *out, const gb_dataset *set, const int64_t *repeat)
{
	int64_t repeats = 0, first = -1;

	for (int64_t r = 0; r < set->rows; r++)
		if (repeat[r] >= 0 && repeats++ == 0)
			first = r;
	if (repeats)
		fprintf(out,
		        "%lld test rows have the stimuli of a train row (the first: row %lld those of row "
		        "%lld): %s\n",
		        (long long)repeats, (long long)first, (long long)repeat[first],
		        set->use[first] == GB_ROW_TEST ? "kept, as asked" : "not used for testing");
}

char *gb_pack_report(const gb_dataset *set, const gb_split *split, const int64_t *repeat, gb_err *err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		(void)!gb_fail(err, GB_SYSTEM, "memory is short");
		return NULL;
	}
	print_coverage(out, set);
	print_split(out, &set->clock, split);
	print_repeats(out, set, repeat);
	if (fclose(out)) {
		(void)!gb_fail(err, GB_SYSTEM, "memory is short");
		return NULL;
	}
	return text;
}
