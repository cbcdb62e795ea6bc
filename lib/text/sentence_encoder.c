/* SPDX-License-Identifier: MIT */
#include "text/sentence_encoder.h"
#include "base/size.h"
#include "io/file.h"
#include "io/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_bert(const char *kind)
{
	static const char *const family[] = {"bert",        "distilbert", "roberta",
	                                     "xlm-roberta", "mpnet",      "nomic_bert"};

	for (size_t i = 0; i < sizeof(family) / sizeof(*family); i++)
		if (!strcmp(kind, family[i]))
			return true;
	return false;
}

gb_status gb_encoder_refuse(const char *folder, gb_err *err)
{
	char *path = gb_format(err, "%s/config.json", folder);
	gb_input input = {0};
	gb_json *config = NULL;
	const char *kind;
	gb_status status;

	if (!path)
		return GB_SYSTEM;
	if (gb_input_open(&input, path, NULL) != GB_OK)
		status = gb_fail(err, GB_SYSTEM,
		                 "%s: no sentence encoder there (no config.json); --embed hash needs none",
		                 folder);
	else if (gb_json_parse((const char *)input.data, input.size, &config, err) != GB_OK)
		status = gb_fail_in(err, "%s", path);
	else if (!(kind = gb_json_text(gb_json_get(config, "model_type"))) || !is_bert(kind))
		status = gb_fail(err, GB_DATA,
		                 "%s: a model of type \"%.40s\"; a sentence encoder of BERT's family is "
		                 "wanted",
		                 folder, kind ? kind : "unknown");
	else
		status = gb_fail(err, GB_SYSTEM, "%s: this build has no sentence encoder; use --embed hash",
		                 folder);
	gb_json_free(config);
	gb_input_close(&input);
	free(path);
	return status;
}
