/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "checkpoint/checkpoint.h"
#include "model/model_type.h"

static const gb_model_type_table *const kinds[] = {&gb_model_ridge, &gb_model_giblet13, &gb_model_dense13};

struct gb_model {
	const gb_model_type_table *kind;
	gb_tensor_file *file;
	gb_json *description;
	void *state;
};

gb_status gb_model_open(gb_model **model, const char *path, gb_err *err)
{
	gb_model *m = gb_array(1, sizeof *m, err);
	const char *name;
	gb_status status;

	*model = NULL;
	if (!m)
		return GB_SYSTEM;
	status = gb_checkpoint_open(&m->file, &m->description, path, err);
	name = status ? NULL : gb_json_text(gb_json_get(m->description, "kind"));
	for (size_t i = 0; !status && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i]->kind, name) == 0)
			m->kind = kinds[i];
	if (!status && !m->kind)
		status = gb_fail(err, GB_DATA, "%s: a model of kind %s, which this build does not know",
		                 gb_tensor_file_name(m->file), name);
	if (!status)
		status = m->kind->open(&m->state, m->file, m->description, err);
	if (status) {
		gb_model_close(m);
		return status;
	}
	*model = m;
	return GB_OK;
}

void gb_model_close(gb_model *model)
{
	if (!model)
		return;
	if (model->kind)
		model->kind->close(model->state);
	gb_json_free(model->description);
	gb_tensor_file_close(model->file);
	free(model);
}

const char *gb_model_type(const gb_model *model)
{
	return model->kind->kind;
}

const gb_json *gb_model_description(const gb_model *model)
{
	return model->description;
}

const gb_json *gb_model_config(const gb_model *model)
{
	return gb_json_get(model->description, "config");
}

gb_tensor_file *gb_model_file(gb_model *model)
{
	return model->file;
}

const char *gb_model_set(const gb_model *model)
{
	return gb_json_text(gb_json_get(model->description, "set"));
}

size_t gb_model_voxels(const gb_model *model)
{
	return model->kind->voxels(model->state);
}

const char *gb_model_subject(const gb_model *model)
{
	const char *subject = gb_json_text(gb_json_get(gb_model_config(model), "subject"));

	return subject ? subject : "mean";
}

size_t gb_model_subjects(const gb_model *model)
{
	size_t named = gb_json_size(gb_json_get(gb_model_config(model), "subjects"));

	return named > 1 ? named : 1;
}

const char *gb_model_subject_at(const gb_model *model, size_t index)
{
	const char *name = gb_json_text(gb_json_at(gb_json_get(gb_model_config(model), "subjects"), index));

	return name && gb_model_subjects(model) > 1 ? name : gb_model_subject(model);
}

size_t gb_model_voxels_of(const gb_model *model, const char *subject)
{
	const gb_json *heads = gb_json_get(gb_json_get(model->description, "dims"), "subjects");

	for (size_t i = 0; i < gb_json_size(heads); i++) {
		const char *name = gb_json_text(gb_json_get(gb_json_at(heads, i), "name"));
		int64_t voxels;

		if (name && !strcmp(name, subject) &&
		    gb_json_read_integer(gb_json_get(gb_json_at(heads, i), "voxels"), &voxels) && voxels > 0)
			return (size_t)voxels;
	}
	return gb_model_voxels(model);
}

gb_status gb_model_fits(const gb_model *model, const gb_dataset *set, gb_err *err)
{
	return model->kind->fits(model->state, set, err);
}

gb_status gb_model_encode(gb_model *model, const gb_dataset *set, const char *subject, const int64_t *rows,
                          size_t count, float *out, gb_pool *pool, gb_err *err)
{
	return model->kind->encode(model->state, set, subject, rows, count, out, pool, err);
}

gb_status gb_model_ablate(gb_model *model, const char *const *feature, size_t features, gb_err *err)
{
	if (!model->kind->silence)
		return gb_fail(err, GB_USAGE, "a model of kind %s: its inputs cannot be silenced",
		               model->kind->kind);
	return model->kind->silence(model->state, feature, features, err);
}

bool gb_model_decodes(const gb_model *model, const char *feature, bool from_brain)
{
	return model->kind->decodes(model->state, feature, from_brain);
}

gb_status gb_model_decode(gb_model *model, const gb_decode_request *request, float *out, gb_pool *pool,
                          gb_err *err)
{
	return model->kind->decode(model->state, request, out, pool, err);
}

gb_status gb_model_code_loss(gb_model *model, const gb_decode_request *request, double loss[2], gb_pool *pool,
                             gb_err *err)
{
	loss[0] = loss[1] = 0;
	return model->kind->code_loss ? model->kind->code_loss(model->state, request, loss, pool, err)
	                              : GB_OK;
}

size_t gb_model_decoded_shape(const gb_model *model, const char *feature, int64_t shape[4], int *rank)
{
	return model->kind->decoded_shape(model->state, feature, shape, rank);
}

static gb_status need_latent(const gb_model *model, gb_err *err)
{
	return model->kind->latent ? GB_OK
	                           : gb_fail(err, GB_USAGE, "a model of kind %s has no z that regions read",
	                                     model->kind->kind);
}

size_t gb_model_bottleneck(const gb_model *model)
{
	return model->kind->latent ? model->kind->latent->width(model->state) : 0;
}

gb_status gb_model_bottleneck_values(gb_model *model, const gb_dataset *set, const int64_t *rows,
                                     size_t count, float *out, gb_pool *pool, gb_err *err)
{
	gb_status status = need_latent(model, err);

	return status ? status : model->kind->latent->values(model->state, set, rows, count, out, pool, err);
}

gb_status gb_model_bottleneck_reads(gb_model *model, const gb_dataset *set, const char *subject,
                                    const uint8_t *region, float **reads, size_t *count, gb_pool *pool,
                                    gb_err *err)
{
	gb_status status = need_latent(model, err);

	*reads = NULL;
	return status
	           ? status
	           : model->kind->latent->reads(model->state, set, subject, region, reads, count, pool, err);
}

gb_status gb_model_bottleneck_take_out(gb_model *model, const gb_bottleneck_removed *out, gb_err *err)
{
	gb_status status = need_latent(model, err);

	if (!status)
		model->kind->latent->take_out(model->state, out);
	return status;
}
