/* SPDX-License-Identifier: MIT */
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/encoding_metrics.h"
#include "report/report_internal.h"

/* "run-1 rows 22:946 (924)" for the rows of one use, run by run. */
static void rows_of_use(const gb_dataset *set, uint8_t use, char *out, size_t size)
{
	const gb_clock *clock = gb_dataset_clock(set);
	const uint8_t *uses = gb_dataset_use(set);
	size_t used = 0;

	out[0] = 0;
	for (int run = 0; run < clock->runs; run++) {
		int64_t first = gb_clock_first(clock, run), low = -1, high = -1, count = 0;

		for (int64_t r = 0; r < clock->run[run].rows; r++)
			if (uses[first + r] == use) {
				low = low < 0 ? r : low;
				high = r;
				count++;
			}
		if (count && used < size)
			used += (size_t)snprintf(out + used, size - used,
			                         "%s%s: %lld rows between %lld and %lld", used ? "; " : "",
			                         clock->run[run].name, (long long)count, (long long)low,
			                         (long long)high);
	}
	if (!used)
		snprintf(out, size, "none");
}

static void what_was_tested(gb_page *page, const gb_report *r)
{
	const gb_clock *clock = gb_dataset_clock(r->set);
	char train[1024], test[1024];

	gb_page_heading(page, "What was tested");
	rows_of_use(r->set, GB_ROW_TRAIN, train, sizeof train);
	rows_of_use(r->set, GB_ROW_TEST, test, sizeof test);
	gb_page_table_begin(page, "what\twhich");
	gb_page_row(page, "model\t%s, for the brain of %s; file id %s", gb_model_type(r->model),
	            r->brains->several                           ? "each subject"
	            : strcmp(gb_model_subject(r->model), "mean") ? gb_model_subject(r->model)
	                                                         : "the mean of all subjects",
	            gb_tensor_file_id(gb_model_file(r->model)) ? gb_tensor_file_id(gb_model_file(r->model))
	                                                       : "unknown");
	if (r->brains->several && r->decodeds)
		gb_page_row(page, "decoded from the brain\tof %s, the first of the model's subjects",
		            gb_model_subject(r->model));
	gb_page_row(page, "data set\t%zu subject%s, %lld rows of %g s; id %s", gb_dataset_subjects(r->set),
	            gb_dataset_subjects(r->set) == 1 ? "" : "s", (long long)gb_dataset_rows(r->set),
	            gb_rational_double(clock->step), gb_dataset_id(r->set));
	for (size_t i = 0; i < gb_dataset_features(r->set); i++) {
		const gb_feature *f = gb_dataset_feature(r->set, i);

		if (!f->subject)
			gb_page_row(page, "stimulus tensor\t%s: %zu number%s a row", f->name, f->elements,
			            f->elements == 1 ? "" : "s");
	}
	gb_page_row(page, "trained on\t%s", train);
	gb_page_row(page, "test rows\t%s", test);
	if (r->encoding)
		gb_page_row(page,
		            "scored\t%zu of the test rows: those asked for, and valid in every subject and "
		            "tensor",
		            r->encoding->scored.rows);
	gb_page_row(page, "gap\t%lld rows (%g s) between train and test", (long long)gb_dataset_gap(r->set),
	            (double)gb_dataset_gap(r->set) * gb_rational_double(clock->step));
	gb_page_table_end(page);
	if (gb_model_set(r->model) && strcmp(gb_model_set(r->model), gb_dataset_id(r->set)))
		gb_page_text(page,
		             "The model was trained on another data set (id %s). Nothing here can show that "
		             "its train rows are not among the rows tested.",
		             gb_model_set(r->model));
}

static void limits(gb_page *page, const gb_report *r)
{
	gb_page_heading(page, "What these figures do not say");
	gb_page_text(page, "A correlation on test rows shows that the features given predict part of the "
	                   "signal. It does not show that the brain computes these features: "
	                   "whatever moves with them would do as well.");
	if (r->encoding && r->encoding->subjects > 1 && r->encoding->ceiling.subjects < 2)
		gb_page_text(page, "Ceilings, correlations between subjects and their mean are not "
		                   "estimable: subjects have their own voxels. Nothing here says how much of "
		                   "the signal a perfect model would predict.");
	else
		gb_page_text(
			page,
			"The ceiling is what the stimulus drives alike in all subjects. It limits any model "
		        "of the stimulus, not the one tested, and knows nothing of what is a person's own.");
	if (r->encoding && !r->encoding->null.shifts)
		gb_page_text(
			page,
			"There are %zu scored rows: fewer than %d, so no p from circular shifts is given.%s",
			r->encoding->scored.rows, GB_SHIFT_ROWS_MIN,
			r->encoding->others ? " The null is the same prediction compared with other brains."
					    : " A single figure without a null proves nothing.");
	if (r->decodeds)
		gb_page_text(page, "Decoding from the brain reads volumes after the row it decodes: it works "
		                   "on recorded data, offline, and is not causal. "
		                   "Which single row ranks first is shown for illustration and is no claim.");
	if (r->lesions->ablated.features)
		gb_page_text(
			page,
			"Silencing voxels tells what this decoder uses, with its weights as they are. It "
		        "does not tell what a patient would perceive%s.",
			r->lesions->refitted.features
				? ""
				: ", nor what a decoder trained without the region could recover (--refit)");
	gb_page_text(page, "The interval resamples stretches of this stimulus. It says nothing of other "
	                   "films or other people.");
}

static void in_short(gb_page *page, const gb_report *r)
{
	const gb_encoding *e = r->encoding;
	const double *ceiling;
	char t[32], below[256], whose[80];

	if (!e)
		return;
	ceiling = gb_encoding_ceiling(e);
	gb_page_numbers_begin(page);
	if (r->brains->several && !e->is_mean) {
		double sum = 0;

		for (size_t i = 0; i < r->brains->count; i++)
			sum += r->brains->brain[i].encoding.score.mean;
		snprintf(below, sizeof below,
		         "mean r over voxels and %zu subjects on %zu test rows, each in their own voxels",
		         r->brains->count, e->scored.rows);
		gb_page_number(page, gb_page_format(sum / (double)r->brains->count, 3, t), below);
	}
	snprintf(whose, sizeof whose, r->brains->several && !e->is_mean ? " of %.60s" : "", e->subject);
	if (isnan(e->low))
		snprintf(below, sizeof below,
		         "mean r over %zu voxels%s on %zu test rows; too few rows for an interval", e->voxels,
		         whose, e->scored.rows);
	else
		snprintf(below, sizeof below,
		         "mean r over %zu voxels%s on %zu test rows; 95 %% interval %.3f to %.3f", e->voxels,
		         whose, e->scored.rows, e->low, e->high);
	gb_page_number(page, gb_page_format(e->score.mean, 3, t), below);
	if (ceiling) {
		snprintf(below, sizeof below, "of the ceiling, which is %.3f on average",
		         gb_score_mean(ceiling, e->voxels));
		snprintf(t, sizeof t, "%.0f %%", 100 * gb_ceiling_share(e->r, ceiling, e->voxels));
		gb_page_number(page, t, below);
	}
	if (e->null.shifts) {
		snprintf(below, sizeof below, "p against all %zu circular shifts; null %.3f ± %.3f",
		         e->null.shifts, e->null.mean, e->null.sd);
		snprintf(t, sizeof t, e->null.p < 0.01 ? "%.4f" : "%.3f", e->null.p);
		gb_page_number(page, t, below);
	}
	if (!e->null.shifts && e->others) {
		double reached = 0;

		for (size_t i = 0; i < e->others; i++)
			reached += e->other_r[i] >= e->score.mean;
		snprintf(below, sizeof below,
		         "p against the same prediction with %zu other brains, whose mean r is %.3f",
		         e->others, gb_score_mean(e->other_r, e->others));
		gb_page_number(page, gb_page_format((1 + reached) / (1 + (double)e->others), 3, t), below);
	}
	if (e->has_baseline) {
		snprintf(below, sizeof below,
		         isnan(e->difference_low)
		                 ? "mean r of ridge on the same rows"
		                 : "mean r of ridge on the same rows; difference %+.3f (%+.3f to %+.3f)",
		         e->score.mean - e->baseline, e->difference_low, e->difference_high);
		gb_page_number(page, gb_page_format(e->baseline, 3, t), below);
	}
	gb_page_numbers_end(page);
}

static void all_figures(gb_page *page, const gb_report *r)
{
	gb_page_heading(page, "All figures");
	gb_page_text(page, "The same as metrics.tsv. Intervals are of 95 %%, by moving blocks; p is (1 + "
	                   "nulls that do as well) / (1 + nulls).");
	gb_page_metrics(page, r->metrics, NULL, NULL);
}

gb_status gb_report_write(const gb_report *r, const char *path, gb_err *err)
{
	char title[160];
	gb_page *page;
	gb_status status;

	snprintf(title, sizeof title, "%s: what it predicts, and how good that is", gb_model_type(r->model));
	GB_TRY(gb_page_open(&page, title, err));
	in_short(page, r);
	what_was_tested(page, r);
	if (r->encoding)
		GB_TRY(gb_report_encoding(page, r, err));
	if (r->feature_sets->steps.count || r->feature_sets->parts.count)
		GB_TRY(gb_report_feature_sets(page, r, err));
	if (r->decodeds)
		GB_TRY(gb_report_decoding(page, r, err));
	GB_TRY(gb_report_lesions(page, r, err));
	if (r->ablations->count)
		gb_report_ablations(page, r);
	GB_TRY(gb_report_training(page, r, err));
	limits(page, r);
	all_figures(page, r);
	return gb_page_write(page, path, err);
done:
	gb_page_free(page);
	return status;
}
