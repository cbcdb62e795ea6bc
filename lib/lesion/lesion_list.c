/* SPDX-License-Identifier: MIT */
/* All lesions of regions that one report is asked for. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "evaluate/encoding_metrics.h"
#include "lesion/lesion.h"

static gb_status parse_controls(const char *text, size_t *controls, gb_err *err)
{
	bool all = !strcmp(text, "all");
	char *end;

	*controls = all ? 0 : strtoul(text, &end, 10);
	if (!all && (*end || end == text || *controls < 1 || *controls > 100000))
		return gb_fail(err, GB_USAGE, "--controls %s: all, or a number from 1 to 100000, is wanted", text);
	return GB_OK;
}

gb_status gb_lesions_parse(gb_lesions *l, const gb_lesions_asked *a, const gb_model *model, gb_err *err)
{
	const char *region = a->lesion ? a->lesion : a->keep, *option = a->lesion ? "lesion" : "keep";
	bool stimulus = a->from && !strcmp(a->from, "stimulus");

	*l = (gb_lesions){.options = {.roi = region, .keep = !a->lesion && a->keep, .seed = 1, .progress = a->progress}, .refit = a->refit, .latent = a->latent};
	if (a->refit && !region)
		return gb_fail(err, GB_USAGE, "--refit: beside --lesion or --keep, whose region is left out of the fit or alone in it");
	if (a->lesion && a->keep)
		return gb_fail(err, GB_USAGE, "--lesion or --keep, not both");
	if (a->latent && !a->lesion)
		return gb_fail(err, GB_USAGE, "--lesion-latent: beside --lesion, of whose region it takes out of z what the model's head reads");
	if (a->latent && a->from && !stimulus)
		return gb_fail(err, GB_USAGE, "--lesion-latent lesions what is predicted from the stimulus: not with --from brain");
	if (region && stimulus && (!a->latent || a->refit))
		return gb_fail(err, GB_USAGE, "--%s with --from stimulus: there voxels are outputs, and silencing an output changes nothing else; use --from brain%s",
		               a->refit ? "refit" : option, a->refit ? "" : ", or --lesion with --lesion-latent");
	if (region && a->no_score)
		return gb_fail(err, GB_USAGE, "--%s is scored: not with --no-score", option);
	if (a->latent && !gb_model_bottleneck(model))
		return gb_fail(err, GB_USAGE, "--lesion-latent: a model of kind %s has no bottleneck that regions read; giblet13 has", gb_model_type(model));
	return parse_controls(a->controls, &l->options.controls, err);
}

static gb_status from_brain(gb_lesions *l, const gb_lesion_options *o, const char *folder, gb_metrics *metrics, gb_err *err)
{
	gb_status status = gb_lesion_make(&l->silenced, o, err);

	if (!status)
		status = gb_lesion_metrics(&l->silenced, NULL, metrics, err);
	if (!status && l->refit)
		status = gb_lesion_refit(&l->refitted, o, folder, err);
	return status ? status : gb_lesion_metrics(&l->refitted, NULL, metrics, err);
}

gb_status gb_lesions_make(gb_lesions *l, const gb_bold_source_scored *brain, const gb_decoding_options *decoding, const gb_decoded *decoded,
                          size_t count, size_t brains, const char *folder, const char *tool, gb_metrics *metrics, gb_err *err)
{
	gb_lesion_options o = l->options;
	char *target = NULL;
	gb_status status = GB_OK;

	if (!o.roi)
		return GB_OK;
	o.brain = brain;
	o.decoding = *decoding;
	o.tool = tool;
	o.decoded = decoded;
	o.features = brains;
	if (!brains && !l->latent)
		return gb_fail(err, GB_USAGE, "--%s: this model decodes nothing of it from the brain", o.keep ? "keep" : "lesion");
	if (brains)
		status = from_brain(l, &o, folder, metrics, err);
	o.decoded = decoded + brains;
	o.features = count - brains;
	if (!status && l->latent)
		status = gb_lesion_latent(&l->from_stimulus, &o, err);
	if (!status && l->latent) {
		target = l->from_stimulus.brains ? gb_encoding_target(&brain->encoding, decoding->set, err) : NULL;
		status = l->from_stimulus.brains && !target ? GB_SYSTEM : gb_lesion_metrics(&l->from_stimulus, target, metrics, err);
	}
	free(target);
	return status;
}

void gb_lesions_clear(gb_lesions *l)
{
	gb_lesion_clear(&l->silenced);
	gb_lesion_clear(&l->refitted);
	gb_lesion_clear(&l->from_stimulus);
}
