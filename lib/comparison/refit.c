/* SPDX-License-Identifier: MIT */
#include "comparison/refit.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/size.h"

const char *gb_refit_kernel(const gb_model *model)
{
	const char *kernel = gb_json_text(gb_json_get(gb_model_config(model), "brain-kernel"));

	return kernel ? kernel : "fir";
}

gb_status gb_refit_train(gb_model **model, const gb_dataset *set, const gb_ridge_options *ridge,
                         const char *folder, gb_pool *pool, gb_err *err)
{
	char *path = gb_format(err, "%s/.refit.safetensors", folder);
	gb_json *state = NULL;
	gb_status status;

	*model = NULL;
	GB_TRY(path ? gb_ridge_train(set, ridge, path, pool, &state, err) : GB_SYSTEM);
	GB_TRY(gb_model_open(model, path, err));
done:
	if (path)
		unlink(path); /* the model keeps it mapped */
	gb_json_free(state);
	free(path);
	return status;
}

gb_status gb_refit_make(gb_model **model, const gb_refit_options *o, const gb_groups *groups, uint32_t which,
                        float *out, gb_err *err)
{
	const char *name[2 * GB_GROUPS_MAX * GB_GROUP_TENSORS];
	const gb_encoding *e = o->encoding;
	gb_ridge_options ridge = {.tool = o->tool, .brain_kernel = o->kernel, .subject = e->subject,
	                          .feature = name, .seed = 1};
	gb_status status;

	for (int list = 0; list < 2; list++) {
		const gb_groups *from = list ? groups : o->nuisance;

		for (size_t g = 0; g < from->count; g++)
			for (size_t i = 0; (!list || which >> g & 1) && i < from->group[g].names; i++)
				name[ridge.features++] = from->group[g].name[i];
	}
	status = gb_refit_train(model, o->set, &ridge, o->folder, o->pool, err);
	return status ? status
	              : gb_model_encode(*model, o->set, e->subject, e->row, e->scored.rows, out, o->pool,
	                                err);
}
