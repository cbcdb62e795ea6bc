/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/weights.h"

static bool beside_program(const char *program, const char *file, char path[PATH_MAX])
{
	static const char *const places[] = {"../share/giblet", "../../../data"};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (snprintf(path, PATH_MAX, "%s/%s/%s", program, places[i], file) < PATH_MAX &&
		    !access(path, R_OK))
			return true;
	return false;
}

gb_status gb_cli_encodec_weights(char path[], const char *named, const char *otherwise, gb_err *err)
{
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);

	named = named ? named : getenv("GB_ENCODEC");
	if (named && *named) {
		snprintf(path, PATH_MAX, "%s", named);
		return GB_OK;
	}
	program[length > 0 ? length : 0] = 0;
	if (strrchr(program, '/'))
		*strrchr(program, '/') = 0;
	if (beside_program(program, "encodec_24khz.safetensors", path))
		return GB_OK;
	if (beside_program(program, "encodec-tiny.safetensors", path)) {
		gb_cli_warn("codes of the tiny codec %s: no match for the published one, which "
		            "`data/fetch-encodec` gets",
		            path);
		return GB_OK;
	}
	return gb_fail(err, GB_SYSTEM,
	               "codes need EnCodec weights: `data/fetch-encodec` gets them, --weights FILE names "
	               "them; %s",
	               otherwise);
}
