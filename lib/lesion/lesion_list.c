/* SPDX-License-Identifier: MIT */
#include "lesion/lesion_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/encoding_metrics.h"
#include "lesion/lesion_latent.h"

static gb_status parse_controls(const char *text, size_t *controls, gb_err *err)
{
	bool all = !strcmp(text, "all");
	char *end;

	*controls = all ? 0 : strtoul(text, &end, 10);
	if (!all && (*end || end == text || *controls < 1 || *controls > 100000))
		return gb_fail(err, GB_USAGE, "--controls %s: all, or a number from 1 to 100000, is wanted",
		               text);
	return GB_OK;
}

gb_status gb_lesions_parse(gb_lesions *l, const gb_lesions_asked *a, const gb_model *model, gb_err *err)
{
	const char *region = a->lesion ? a->lesion : a->keep, *option = a->lesion ? "lesion" : "keep";
	bool stimulus = a->from && !strcmp(a->from, "stimulus");

	*l = (gb_lesions){
	    .options = {.roi = region, .keep = !a->lesion && a->keep, .seed = 1, .progress = a->progress},
	    .refit = a->refit, .latent = a->latent};
	if (a->refit && !region)
		return gb_fail(err, GB_USAGE,
		               "--refit: beside --lesion or --keep, whose region is left out of the fit or "
		               "alone in it");
	if (a->lesion && a->keep)
		return gb_fail(err, GB_USAGE, "--lesion or --keep, not both");
	if (a->latent && !a->lesion)
		return gb_fail(err, GB_USAGE,
		               "--lesion-latent: beside --lesion, of whose region it takes out of z what the "
		               "model's head reads");
	if (a->latent && a->from && !stimulus)
		return gb_fail(
			err, GB_USAGE,
			"--lesion-latent lesions what is predicted from the stimulus: not with --from brain");
	if (region && stimulus && (!a->latent || a->refit))
		return gb_fail(err, GB_USAGE,
		               "--%s with --from stimulus: there voxels are outputs, and silencing an output "
		               "changes nothing else; use --from brain%s",
		               a->refit ? "refit" : option,
		               a->refit ? "" : ", or --lesion with --lesion-latent");
	if (region && a->no_score)
		return gb_fail(err, GB_USAGE, "--%s is scored: not with --no-score", option);
	if (a->latent && !gb_model_bottleneck(model))
		return gb_fail(err, GB_USAGE,
		               "--lesion-latent: a model of kind %s has no bottleneck that regions read; "
		               "giblet13 has",
		               gb_model_type(model));
	return parse_controls(a->controls, &l->options.controls, err);
}

static gb_status decode_from_brain(gb_lesions *l, const gb_lesion_options *o, const char *folder,
                                   gb_metrics *metrics, gb_err *err)
{
	gb_status status;

	GB_TRY(gb_lesion_make(&l->ablated, o, err));
	GB_TRY(gb_lesion_metrics(&l->ablated, NULL, metrics, err));
	if (l->refit) {
		GB_TRY(gb_lesion_refit(&l->refitted, o, folder, err));
		GB_TRY(gb_lesion_metrics(&l->refitted, NULL, metrics, err));
	}
done:
	return status;
}

static gb_status predict_from_stimulus(gb_lesions *l, const gb_lesion_options *o, gb_metrics *metrics,
                                       gb_err *err)
{
	char *target = NULL;
	gb_status status;

	GB_TRY(gb_lesion_latent(&l->from_stimulus, o, err));
	if (l->from_stimulus.brains) {
		target = gb_encoding_target(&o->brain->encoding, o->decoding.set, err);
		GB_TRY(target ? GB_OK : GB_SYSTEM);
	}
	GB_TRY(gb_lesion_metrics(&l->from_stimulus, target, metrics, err));
done:
	free(target);
	return status;
}

gb_status gb_lesions_make(gb_lesions *l, size_t from_brain, const char *folder, gb_metrics *metrics,
                          gb_err *err)
{
	gb_lesion_options of_brain = l->options, of_stimulus = l->options;
	gb_status status = GB_OK;

	if (!l->options.roi)
		return GB_OK;
	if (!from_brain && !l->latent)
		return gb_fail(err, GB_USAGE, "--%s: this model decodes nothing of it from the brain",
		               l->options.keep ? "keep" : "lesion");
	of_brain.features = from_brain;
	of_stimulus.decoded += from_brain;
	of_stimulus.features -= from_brain;
	if (from_brain)
		status = decode_from_brain(l, &of_brain, folder, metrics, err);
	return status || !l->latent ? status : predict_from_stimulus(l, &of_stimulus, metrics, err);
}

void gb_lesions_clear(gb_lesions *l)
{
	gb_lesion_clear(&l->ablated);
	gb_lesion_clear(&l->refitted);
	gb_lesion_clear(&l->from_stimulus);
}
