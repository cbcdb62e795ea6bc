/* SPDX-License-Identifier: MIT */
/* The report's part on what each group of tensors adds. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/size.h"
#include "plot/bars.h"
#include "report/report_internal.h"

/* "0.012 (0.004 to 0.020)". */
static char *with_interval(gb_interval x, bool sign, char text[80])
{
	if (isnan(x.value))
		snprintf(text, 80, "–");
	else if (isnan(x.low))
		snprintf(text, 80, sign ? "%+.3f" : "%.3f", x.value);
	else
		snprintf(text, 80, sign ? "%+.3f (%+.3f to "
		                          "%+.3f)" : "%.3f (%.3f to %.3f)", x.value, x.low, x.high);
	return text;
}

static const char *verdict(gb_interval gain)
{
	return isnan(gain.value) ? "–"
	       : isnan(gain.low) ? "too few rows for an interval"
	       : gain.low > 0    ? "adds"
	       : gain.high < 0   ? "harms"
	                         : "undecided";
}

static void nested(gb_page *page, const gb_feature_sets *a)
{
	char t[2][80];

	gb_page_text(page, "Nested: ridge of the first tensors, then with the next ones too, each fitted "
	                   "anew on the train rows with penalties of its own%s. "
	                   "The difference is paired (the same blocks for both); \"adds\" only where its "
	                   "interval excludes 0. What a tensor adds depends on what stands before it.",
	             a->nuisance.count ? "; the nuisance stands in "
	                                 "all" : "; no nuisance was named, so whatever moves with the "
	                                         "stimulus is counted to the tensors");
	gb_page_table_begin(page, "model\tmean r (95 % interval)\tdifference\tverdict");
	for (size_t i = 0; i < a->nested.steps; i++) {
		const gb_nested_model *step = &a->nested.step[i];

		gb_page_row(page, "%s%s\t%s\t%s\t%s", i ? "+ " : "", step->added,
		            with_interval(step->r, false, t[0]), with_interval(step->gain, true, t[1]),
		            verdict(step->gain));
	}
	gb_page_table_end(page);
}

static gb_status bars(gb_page *page, const gb_feature_sets *a, gb_err *err)
{
	const gb_variance_partition *p = &a->partition;
	size_t count = ((size_t)1 << p->groups) - 1, n = 0;
	char *name[1 << GB_VARIANCE_PARTITION_MAX] = {NULL};
	double value[1 << GB_VARIANCE_PARTITION_MAX], low[1 << GB_VARIANCE_PARTITION_MAX],
		high[1 << GB_VARIANCE_PARTITION_MAX];
	gb_plot plot = {.title = "What is unique, and what is "
	                         "shared", .x = "R², mean over voxels", .width = 760};
	gb_canvas canvas;
	gb_status status = GB_OK;

	for (int size = 1; size <= (int)p->groups; size++)
		for (uint32_t which = 1; !status && which <= count; which++) {
			const gb_interval *x = &p->common[which];

			if (__builtin_popcount(which) != size)
				continue;
			name[n] = gb_variance_partition_name(&a->parts, which, err);
			status = name[n] ? GB_OK : GB_SYSTEM;
			value[n] = x->value;
			low[n] = isnan(x->low) ? x->value : x->low;
			high[n++] = isnan(x->high) ? x->value : x->high;
		}
	if (!status)
		status = gb_plot_bars(&canvas, &plot, (const char *const *)name, value, low, high, (int)n,
		                      err);
	for (size_t i = 0; i < n; i++)
		free(name[i]);
	return status ? status
	              : gb_page_figure(page, &canvas, "One tensor or group: what no other here explains. "
	                                              "Several: what only they share. Negative parts are "
	                                              "shown as they are. Lines: 95 % by blocks.", err);
}

static gb_status partition(gb_page *page, const gb_feature_sets *a, gb_err *err)
{
	const gb_variance_partition *p = &a->partition;
	char t[4][80];

	gb_page_text(page, "Partition of R² (1 less squared error over squared distance from the train mean, "
	                   "mean over voxels; on test rows it may be negative). "
	                   "All together explain %s%s. Unique: all, less all but this, refitted with "
	                   "penalties of its own. Shared: by inclusion and exclusion. "
	                   "The product measure divides what the one full model explains, with nothing "
	                   "refitted.",
	             with_interval(p->full, false, t[0]), p->has_nuisance ? ", nuisance included" : "");
	gb_page_table_begin(page, p->has_nuisance ? "group\talone with nuisance\tunique\tproduct "
	                                            "measure" : "group\talone\tunique\tproduct measure");
	for (size_t g = 0; g < p->groups; g++)
		gb_page_row(page, "%s\t%s\t%s\t%s", a->parts.group[g].text,
		            with_interval(p->alone[g], false, t[0]),
		            with_interval(p->common[1u << g], false, t[1]),
		            with_interval(p->product[g], false, t[2]));
	if (p->has_nuisance)
		gb_page_row(page, "nuisance\t%s\t–\t%s", with_interval(p->nuisance, false, t[0]),
		            with_interval(p->product[p->groups], false, t[1]));
	gb_page_table_end(page);
	return bars(page, a, err);
}

gb_status gb_report_feature_sets(gb_page *page, const gb_report *r, gb_err *err)
{
	gb_page_heading(page, "What each tensor adds");
	if (r->feature_sets->steps.count)
		nested(page, r->feature_sets);
	return r->feature_sets->parts.count ? partition(page, r->feature_sets, err) : GB_OK;
}

void gb_report_ablations(gb_page *page, const gb_report *r)
{
	const gb_ablations *s = r->ablations;
	size_t decodeds = 0;
	char t[2][80], a[32], b[32];

	gb_page_heading(page, "With inputs silenced");
	gb_page_text(page, "Predicted again with these tensors silent, the weights as they are. That tells "
	                   "what this model uses; "
	                   "what only a tensor carries takes models that are fitted without it "
	                   "(--partition).");
	if (r->encoding) {
		gb_page_table_begin(page, "silenced\tmean r (95 % interval)\tintact\tloss, paired\tverdict");
		for (size_t i = 0; i < s->count; i++)
			gb_page_row(page, "%s\t%s\t%s\t%s\t%s", s->groups.group[i].text,
			            with_interval(s->ablation[i].r, false, t[0]),
			            gb_page_format(r->encoding->score.mean, 3, a),
			            with_interval(s->ablation[i].loss, true, t[1]),
			            isnan(s->ablation[i].loss.low) ? "too few rows for an interval"
			            : s->ablation[i].loss.low > 0  ? "used"
			            : s->ablation[i].loss.high < 0 ? "harmed"
			                                           : "undecided");
		gb_page_table_end(page);
	}
	for (size_t f = 0; f < r->decodeds; f++)
		decodeds += !r->decoded[f].from_brain;
	if (!decodeds)
		return;
	gb_page_table_begin(page, "silenced\tdecoded from the stimulus\trank percentile\tintact\tchance");
	for (size_t i = 0; i < s->count; i++)
		for (size_t f = 0; f < r->decodeds; f++)
			if (!r->decoded[f].from_brain)
				gb_page_row(
					page,
					"%s\t%s\t%s %%\t%s %%\t50 %%",
					s->groups.group[i].text, r->decoded[f].feature,
					gb_page_format(100 * s->ablation[i].percentile[f], 1, a),
					gb_page_format(100 * r->decoded[f].identification.percentile, 1, b));
	gb_page_table_end(page);
}
