/* SPDX-License-Identifier: MIT */
#include "comparison/feature_sets.h"

#include <stdlib.h>

#include "evaluate/encoding_metrics.h"

gb_status gb_feature_sets_parse(gb_feature_sets *s, const char *nested, const char *partition,
                                const char *nuisance, const gb_dataset *set, gb_err *err)
{
	const gb_groups_rule of_nuisance = {.option = "nuisance", .least = 1, .most = 1, .apart = true},
			     of_steps = {.option = "nested", .least = 1, .most = GB_GROUPS_MAX, .apart = true,
	                                 .not_in = &s->nuisance},
			     of_parts = {.option = "partition", .least = 2, .most = GB_VARIANCE_PARTITION_MAX,
	                                 .apart = true, .not_in = &s->nuisance};
	gb_status status = gb_groups_parse(&s->nuisance, nuisance, &of_nuisance, set, err);

	if (!status && nuisance && !nested && !partition)
		status = gb_fail(err, GB_USAGE,
		                 "--nuisance: stands in every model of --nested or --partition; one of them "
		                 "is wanted");
	if (!status)
		status = gb_groups_parse(&s->steps, nested, &of_steps, set, err);
	return status ? status : gb_groups_parse(&s->parts, partition, &of_parts, set, err);
}

gb_status gb_feature_sets_make(gb_feature_sets *s, const gb_refit_options *options, gb_metrics *metrics,
                               gb_err *err)
{
	gb_refit_options o = *options;
	char *target = gb_encoding_target(o.encoding, o.set, err);
	gb_status status;

	o.nuisance = &s->nuisance;
	GB_TRY(target ? GB_OK : GB_SYSTEM);
	if (s->steps.count)
		GB_TRY(gb_nested_models_make(&s->nested, &o, &s->steps, err));
	GB_TRY(gb_nested_models_metrics(&s->nested, target, metrics, err));
	if (s->parts.count) {
		GB_TRY(gb_variance_partition_make(&s->partition, &o, &s->parts, err));
		GB_TRY(gb_variance_partition_metrics(&s->partition, &s->parts, target, metrics, err));
	}
done:
	free(target);
	return status;
}

void gb_feature_sets_clear(gb_feature_sets *s)
{
	gb_nested_models_clear(&s->nested);
	gb_groups_clear(&s->steps);
	gb_groups_clear(&s->parts);
	gb_groups_clear(&s->nuisance);
	*s = (gb_feature_sets){0};
}
