/* SPDX-License-Identifier: MIT */
/* gb-recon: model + data set → what it predicts, and how good that is. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "cli/weights.h"
#include "io/file.h"
#include "evaluate/subjects.h"
#include "comparison/paired_comparison.h"
#include "report/report.h"
#include "evaluate/decoded_audio.h"
#include "evaluate/decoded_audio_source.h"
#include "evaluate/simulated_ceiling.h"
#include "evaluate/decoding_metrics.h"

static struct {
	const char *rows, *from, *only, *input, *baseline, *nested, *partition, *nuisance, *null, *truth,
	    *weights, *sound;
	bool no_score, compare;
	gb_lesions_asked lesion;
} opt = {.rows = "test", .lesion = {.controls = "20", .progress = gb_cli_progress}};

static const char what_group[] = "What to predict:", lesion_group[] = "Lesions and ablations:",
		  models_group[] = "Comparisons with ridge models:",
		  control_group[] = "Controls and ground truth:";

static const gb_option options[] = {
    {"rows", GB_OPTION_STRING, &opt.rows, "test|all|A:B",
     "predict these rows, counted over the whole common clock; only test rows among them are scored (default "
     "test)",
     .group = what_group},
    {"from", GB_OPTION_CHOICE, &opt.from, "stimulus|brain",
     "predict in one direction only (default: in all that the model knows)", .group = what_group},
    {"only", GB_OPTION_STRING, &opt.only, "video,audio,text,bold",
     "predict these modalities only (default: all)", .group = what_group},
    {"lesion", GB_OPTION_STRING, &opt.lesion.lesion, "ROI.nii.gz",
     "also decode from the brain with the voxels of this region held at their training mean",
     .group = lesion_group, .not_param = true},
    {"keep", GB_OPTION_STRING, &opt.lesion.keep, "ROI.nii.gz",
     "also decode from the brain with all voxels outside this region held at their training mean",
     .group = lesion_group, .not_param = true},
    {"refit", GB_OPTION_FLAG, &opt.lesion.refit, NULL,
     "with --lesion: retrain ridge decoders without the region; with --keep: on the region alone",
     .group = lesion_group},
    {"lesion-latent", GB_OPTION_FLAG, &opt.lesion.latent, NULL,
     "with --lesion: also project the directions that the region reads out of the bottleneck, and predict "
     "again from the stimulus",
     .group = lesion_group},
    {"ablate-input", GB_OPTION_STRING, &opt.input, "TENSORS",
     "also predict without these stimulus tensors, each group in turn (video,text+text.rate: two groups)",
     .group = lesion_group, .former = "lesion-input"},
    {"controls", GB_OPTION_STRING, &opt.lesion.controls, "all|N",
     "repeat a lesion with N random regions of the same size; all: one around every voxel (default 20)",
     .group = lesion_group},
    {"baseline", GB_OPTION_STRING, &opt.baseline, "RUN",
     "compare with this ridge run (default: ridge.safetensors in the model's folder)", .group = models_group,
     .not_param = true},
    {"nested", GB_OPTION_STRING, &opt.nested, "TENSORS",
     "fit ridge to the first group of tensors, then add one group at a time, and report what each adds "
     "(text.rate,text,mel+video)",
     .group = models_group},
    {"partition", GB_OPTION_STRING, &opt.partition, "TENSORS",
     "partition the variance that 2 to 4 groups of tensors explain into unique and shared parts "
     "(text,mel+video)",
     .group = models_group},
    {"nuisance", GB_OPTION_STRING, &opt.nuisance, "TENSORS",
     "include these tensors in every model of --nested and --partition", .group = models_group},
    {"null", GB_OPTION_STRING, &opt.null, "SET",
     "compare with other brains on the same clock, where there are too few rows for circular shifts",
     .group = control_group, .not_param = true},
    {"truth", GB_OPTION_STRING, &opt.truth, "FILE",
     "compare a simulated brain's scores with its noise-free signal; FILE is truth.safetensors of gb-sim",
     .group = control_group, .not_param = true},
    {"weights", GB_OPTION_STRING, &opt.weights, "FILE",
     "turn codes into sound with these EnCodec weights (default: $GB_ENCODEC, then the data folder)",
     .group = what_group, .not_param = true},
    {"sound", GB_OPTION_STRING, &opt.sound, "MEDIA",
     "compare decoded sound with this film or sound file, of which the codes or mel spectrum were made",
     .group = control_group, .not_param = true},
    {"no-score", GB_OPTION_FLAG, &opt.no_score, NULL,
     "predict BOLD and score nothing: for stimuli without BOLD", .group = what_group},
    {"compare", GB_OPTION_FLAG, &opt.compare, NULL,
     "print a table that compares output folders of gb-recon with the first of them", .group = models_group},
    {0},
};

enum { FEATURES_MAX = 64 };

/* What one call works on. */
typedef struct work {
	const gb_args *args;
	gb_dataset *set, *null;
	gb_model *model, *baseline;
	int64_t first, end;      /* rows asked for */
	bool any;                /* not test rows alone */
	gb_scored scored;
	int64_t *row;
	int32_t *run;
	gb_subjects brains;
	gb_decoded decoded[FEATURES_MAX];
	size_t decodeds, from_brain; /* the first FROM_BRAIN are decoded from the brain */
	gb_lesions lesions;
	gb_metrics metrics;
	gb_feature_sets feature_sets;
	gb_ablations ablations;
	char weights[PATH_MAX];  /* of EnCodec; empty: none */
} work;

static bool wanted(const char *kind)
{
	const char *at = opt.only;
	size_t length = strlen(kind);

	for (; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, kind, length) == 0 && (at[length] == ',' || at[length] == 0))
			return true;
	return !opt.only;
}

static gb_status check_options(const gb_args *args, gb_err *err)
{
	int named = 0;

	if (!args->out || !strcmp(args->out, "-"))
		return gb_fail(err, GB_USAGE, "-o DIR is wanted: a report is a folder");
	if (args->operands != 2)
		return gb_fail(err, GB_USAGE, "a model and a data set are wanted: RUN|CKPT SET");
	for (const char *at = opt.only; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		named++;
	if (opt.only && wanted("video") + wanted("audio") + wanted("text") + wanted("bold") != named)
		return gb_fail(err, GB_USAGE, "--only %s: of video, audio, text, bold, with commas between",
		               opt.only);
	if ((opt.nested || opt.partition) &&
	    ((opt.from && !strcmp(opt.from, "brain")) || !wanted("bold") || opt.no_score))
		return gb_fail(err, GB_USAGE,
		               "--%s tells what tensors predict of the brain: not with --from brain, "
		               "--no-score, or --only without bold",
		               opt.nested ? "nested" : "partition");
	if (opt.input && ((opt.from && !strcmp(opt.from, "brain")) || opt.no_score))
		return gb_fail(err, GB_USAGE,
		               "--ablate-input leaves stimuli out: not with --from brain or --no-score");
	return GB_OK;
}

static gb_status open_all(work *w, gb_err *err)
{
	gb_status status = gb_model_open(&w->model, w->args->operand[0], err);

	if (!status)
		status = gb_dataset_open(&w->set, w->args->operand[1], err);
	if (!status)
		status = gb_scored_parse(opt.rows, w->set, &w->first, &w->end, &w->any, err);
	if (!status)
		status = gb_feature_sets_parse(&w->feature_sets, opt.nested, opt.partition, opt.nuisance,
		                               w->set, err);
	opt.lesion.from = opt.from;
	opt.lesion.no_score = opt.no_score;
	if (!status)
		status = gb_lesions_parse(&w->lesions, &opt.lesion, w->model, err);
	if (!status)
		status = gb_ablations_parse(&w->ablations, opt.input, w->model, w->set, err);
	if (!status)
		status = gb_model_fits(w->model, w->set, err);
	if (!status)
		status = gb_baseline_open(&w->baseline, w->model, w->args->operand[0], opt.baseline, w->set,
		                          err);
	if (!status && opt.null)
		status = gb_dataset_open(&w->null, opt.null, err);
	if (!status && gb_model_set(w->model) && strcmp(gb_model_set(w->model), gb_dataset_id(w->set)))
		gb_cli_warn(
			"%s: trained on another data set; make sure that its train rows are not tested here",
			w->args->operand[0]);
	if (!status)
		status = gb_subjects_open(&w->brains, w->model, w->set, w->args->out, w->args->tool,
		                          w->args->pool, err);
	if (!status && w->lesions.options.roi && !w->brains.brain[0].has_mask)
		status = gb_fail(err, GB_DATA,
		                 "data set: its BOLD states no mask, so a region has no place in it");
	return status ? status : gb_folder_make(w->args->out, err);
}

/* Codes can be heard with the weights that made them; without, they are only counted. */
static gb_status find_weights(work *w, gb_err *err)
{
	const gb_feature *codes = gb_decoded_codes(w->set);
	gb_status status = codes && wanted("audio")
	                           ? gb_cli_encodec_weights(w->weights, opt.weights,
	                                                    "without them codes are counted, not heard", err)
	                           : GB_OK;

	if (!status && w->weights[0])
		status = gb_decoded_audio_check_input(codes, "weights", w->weights, err);
	if (!status || opt.weights)
		return status;
	gb_cli_warn("%s", err->text);
	w->weights[0] = 0;
	return GB_OK;
}

static gb_status encode(work *w, gb_err *err)
{
	gb_encoding_options of = {.model = w->model, .baseline = w->baseline, .set = w->set,
	                          .others = w->null, .first = w->first, .end = w->end, .pool = w->args->pool};
	const gb_encoding *e = &w->brains.brain[0].encoding;
	gb_refit_options fit = {.set = w->set,
	                        .kernel = gb_refit_kernel(w->baseline ? w->baseline : w->model),
	                        .folder = w->args->out, .tool = w->args->tool, .encoding = e,
	                        .pool = w->args->pool, .progress = gb_cli_progress};
	gb_status status = gb_subjects_score(&w->brains, &of, &w->metrics, err);

	if (!status && opt.truth)
		status = gb_simulated_ceiling_metrics(opt.truth, e, w->set, &w->metrics, w->args->pool, err);
	return status ? status : gb_feature_sets_make(&w->feature_sets, &fit, &w->metrics, err);
}

static gb_decoding_options decoding_of(const work *w, bool from_brain)
{
	return (gb_decoding_options){.model = w->model, .set = w->set, .subject = gb_model_subject(w->model),
	                             .from_brain = from_brain, .scored = &w->scored, .pool = w->args->pool,
	                             .weights = w->weights[0] ? w->weights : NULL, .medium = opt.sound};
}

static gb_status decode(work *w, bool from_brain, gb_err *err)
{
	size_t first = w->decodeds;
	gb_decoding_options of = decoding_of(w, from_brain);
	gb_status status = gb_decoded_all(w->decoded, &w->decodeds, FEATURES_MAX, &of, wanted, err);

	if (!status)
		status = gb_decoded_report(w->decoded + first, w->decodeds - first, w->args->out, w->set,
		                           &w->scored, &w->metrics, err);
	w->from_brain = from_brain ? w->decodeds : w->from_brain;
	if (!status && from_brain && opt.from && !w->decodeds)
		status = gb_fail(err, GB_USAGE,
		                 "--from brain: this model decodes nothing of it from the brain");
	return status;
}

static gb_status write_report(work *w, gb_err *err)
{
	const gb_bold_source_scored *first = &w->brains.brain[0];
	const gb_encoding *e = &first->encoding;
	gb_report report = {.run = w->args->operand[0], .model = w->model, .baseline = w->baseline,
	                    .set = w->set, .brains = &w->brains, .encoding = e->r ? e : NULL,
	                    .mask = first->has_mask ? &first->mask : NULL, .decoded = w->decoded,
	                    .decodeds = w->decodeds, .scored = &w->scored, .lesions = &w->lesions,
	                    .metrics = &w->metrics, .feature_sets = &w->feature_sets,
	                    .ablations = &w->ablations};
	char *text = gb_metrics_tsv(&w->metrics, err), *path = gb_format(err, "%s/metrics.tsv", w->args->out),
	     *page = gb_format(err, "%s/report.html", w->args->out);
	gb_status status;

	GB_TRY(text && path && page ? gb_output_whole(path, text, strlen(text), err) : GB_SYSTEM);
	GB_TRY(gb_report_write(&report, page, err));
	if (e->r)
		gb_cli_log("mean r %.4f over %zu voxels%s%s on %zu test rows", e->score.mean, e->voxels,
		           w->brains.count > 1 ? " of " : "",
		           w->brains.count < 2 ? ""
		           : e->is_mean        ? "the mean"
		                               : e->subject,
		           e->scored.rows);
done:
	free(text);
	free(path);
	free(page);
	return status;
}

static gb_status make_lesions(work *w, gb_err *err)
{
	gb_lesion_options *o = &w->lesions.options;

	o->brain = &w->brains.brain[0];
	o->decoding = decoding_of(w, true);
	o->decoded = w->decoded;
	o->features = w->decodeds;
	o->tool = w->args->tool;
	return gb_lesions_make(&w->lesions, w->from_brain, w->args->out, &w->metrics, err);
}

static gb_status score(work *w, gb_err *err)
{
	bool stimulus = !opt.from || !strcmp(opt.from, "stimulus"),
	     brain = !opt.from || !strcmp(opt.from, "brain");
	const gb_encoding *e = &w->brains.brain[0].encoding;
	gb_status status;

	GB_TRY(gb_scored_find(&w->scored, w->set, w->first, w->end, &w->row, &w->run, err));
	if (stimulus && wanted("bold"))
		GB_TRY(encode(w, err));
	GB_TRY(find_weights(w, err));
	if (brain)
		GB_TRY(decode(w, true, err));
	if (stimulus)
		GB_TRY(decode(w, false, err));
	GB_TRY(make_lesions(w, err));
	if (opt.input) {
		gb_intact intact = {
			.encoding = e->r ? e : NULL, .decoded = w->decoded, .decodeds = w->decodeds};

		GB_TRY(gb_ablations_make(&w->ablations, &intact, decoding_of(w, false), &w->metrics, err));
	}
	status = write_report(w, err);
done:
	return status;
}

static gb_status compare(const gb_args *args, gb_err *err)
{
	char *table =
		gb_compare_tsv((const char *const *)args->operand, (size_t)args->operands, args->pool, err);
	gb_text *text = NULL;
	gb_status status = table ? gb_text_open(&text, args->out, err) : err->status;

	if (!status)
		gb_text_print(text, "%s", table);
	free(table);
	return status ? status : gb_text_commit(text, err);
}

static gb_status run(const gb_args *args, gb_err *err)
{
	work *w;
	gb_status status;

	if (opt.compare)
		return compare(args, err);
	status = check_options(args, err);
	w = status ? NULL : gb_array(1, sizeof *w, err);
	if (!w)
		return status ? status : GB_SYSTEM;
	w->args = args;
	status = open_all(w, err);
	if (!status && wanted("bold") && (!opt.from || !strcmp(opt.from, "stimulus")))
		status = gb_subjects_predict(&w->brains, w->first, w->end, w->any, opt.no_score, err);
	if (!status && !opt.no_score)
		status = score(w, err);
	gb_subjects_clear(&w->brains);
	for (size_t i = 0; i < w->decodeds; i++)
		gb_decoded_clear(&w->decoded[i]);
	gb_lesions_clear(&w->lesions);
	gb_metrics_clear(&w->metrics);
	gb_feature_sets_clear(&w->feature_sets);
	gb_ablations_clear(&w->ablations);
	gb_model_close(w->model);
	gb_model_close(w->baseline);
	gb_dataset_close(w->set);
	gb_dataset_close(w->null);
	free(w->row);
	free(w->run);
	free(w);
	return status;
}

static const gb_command commands[] = {
    {NULL,
     "-o DIR [--rows test|all|A:B] [--from stimulus|brain] [--only video,audio,text,bold] "
     "[--lesion ROI.nii.gz | --keep ROI.nii.gz] [--refit] [--lesion-latent] [--ablate-input TENSORS] "
     "[--controls all|N] "
     "[--baseline RUN] [--nested TENSORS] [--partition TENSORS] [--nuisance TENSORS] [--null SET] [--truth "
     "FILE] "
     "[--weights FILE] [--sound MEDIA] [--no-score] RUN|CKPT SET | --compare [-o OUT] DIR DIR...",
     "Predict BOLD from stimuli, decode stimuli from BOLD, and report how good the predictions are.", options,
     2, -1, false, run},
    {0},
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-recon", "predict, decode and report", commands, argc, argv);
}
