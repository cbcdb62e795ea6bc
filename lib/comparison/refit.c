/* SPDX-License-Identifier: MIT */
#include "comparison/refit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"

static bool stands_in(const gb_groups *groups, size_t first, const char *name)
{
	for (size_t g = first; groups && g < groups->count; g++)
		for (size_t i = 0; i < groups->group[g].names; i++)
			if (!strcmp(groups->group[g].name[i], name))
				return true;
	return false;
}

typedef struct parser { gb_groups *groups; const char *option; bool apart; const gb_groups *beside; const gb_dataset *set; } parser;

static gb_status add_tensor(const parser *p, const char *name, gb_err *err)
{
	gb_group *group = &p->groups->group[p->groups->count - 1];

	if (stands_in(p->groups, p->apart ? 0 : p->groups->count - 1, name) || stands_in(p->beside, 0, name))
		return gb_fail(err, GB_USAGE, "--%s: %s stands twice", p->option, name);
	if (group->names == GB_GROUP_TENSORS)
		return gb_fail(err, GB_USAGE, "--%s: at most %d tensors in a group", p->option, GB_GROUP_TENSORS);
	group->name[group->names++] = name;
	return GB_OK;
}

/* NAME, or all that begin as it does where it ends in *. */
static gb_status add_name(const parser *p, const char *name, gb_err *err)
{
	size_t length = strlen(name), found = 0;
	bool all = length && name[length - 1] == '*';
	gb_status status = GB_OK;

	for (size_t i = 0; !status && i < gb_dataset_features(p->set); i++) {
		const gb_feature *f = gb_dataset_feature(p->set, i);

		if (f->subject || (all ? strncmp(f->name, name, length - 1) : strcmp(f->name, name)))
			continue;
		status = add_tensor(p, f->name, err);
		found++;
	}
	if (status || found)
		return status;
	return gb_fail(err, GB_USAGE, "--%s: the set has no stimulus tensor %s (the first is %s)", p->option, name,
	               gb_dataset_features(p->set) ? gb_dataset_feature(p->set, 0)->name : "none");
}

static gb_status add_group(const parser *p, const char *text, size_t length, gb_err *err)
{
	gb_group *group = &p->groups->group[p->groups->count];
	char *save = NULL, *copy;
	gb_status status = GB_OK;

	group->text = gb_format(err, "%.*s", (int)length, text);
	copy = group->text ? gb_string(group->text, err) : NULL;
	p->groups->count++;
	if (!copy)
		return GB_SYSTEM;
	for (const char *name = strtok_r(copy, "+", &save); !status && name; name = strtok_r(NULL, "+", &save))
		status = add_name(p, name, err);
	free(copy);
	if (status || group->names)
		return status;
	return gb_fail(err, GB_USAGE, "--%s: names of stimulus tensors are wanted, as in text.rate+text.boundaries,text,mel", p->option);
}

gb_status gb_groups_parse(gb_groups *groups, const char *option, const char *text, size_t least, size_t most, bool apart, const gb_groups *beside,
                          const gb_dataset *set, gb_err *err)
{
	parser p = {groups, option, apart, beside, set};
	size_t count = 1;
	gb_status status = GB_OK;

	*groups = (gb_groups){0};
	for (const char *at = text; at && *at; at++)
		count += *at == ',';
	if (text && (count < least || count > most))
		return gb_fail(err, GB_USAGE, "--%s %s: %zu group%s of tensors, %zu to %zu are wanted (commas between groups, + within)", option, text,
		               count, count == 1 ? "" : "s", least, most);
	while (text && !status) {
		size_t length = strcspn(text, ",");

		status = add_group(&p, text, length, err);
		text = text[length] ? text + length + 1 : NULL;
	}
	return status;
}

void gb_groups_clear(gb_groups *groups)
{
	for (size_t g = 0; g < groups->count; g++)
		free(groups->group[g].text);
	*groups = (gb_groups){0};
}

const char *gb_refit_kernel(const gb_model *model)
{
	const char *kernel = gb_json_text(gb_json_get(gb_model_config(model), "brain-kernel"));

	return kernel ? kernel : "fir";
}

gb_status gb_refit_train(gb_model **model, const gb_dataset *set, const gb_ridge_options *ridge, const char *folder, gb_pool *pool, gb_err *err)
{
	char *path = gb_format(err, "%s/.refit.safetensors", folder);
	gb_json *state = NULL;
	gb_status status = path ? gb_ridge_train(set, ridge, path, pool, &state, err) : GB_SYSTEM;

	*model = NULL;
	if (!status)
		status = gb_model_open(model, path, err);
	if (path)
		unlink(path); /* it stays mapped */
	gb_json_free(state);
	free(path);
	return status;
}

gb_status gb_refit_make(gb_model **model, const gb_refit_options *o, const gb_groups *groups, uint32_t which, float *out, gb_err *err)
{
	const char *name[2 * GB_GROUPS_MAX * GB_GROUP_TENSORS];
	gb_ridge_options ridge = {.tool = o->tool, .brain_kernel = o->kernel, .subject = o->encoding->subject, .feature = name, .seed = 1};
	gb_status status;

	for (int list = 0; list < 2; list++) {
		const gb_groups *from = list ? groups : o->nuisance;

		for (size_t g = 0; g < from->count; g++)
			for (size_t i = 0; (!list || which >> g & 1) && i < from->group[g].names; i++)
				name[ridge.features++] = from->group[g].name[i];
	}
	status = gb_refit_train(model, o->set, &ridge, o->folder, o->pool, err);
	return status ? status
	              : gb_model_encode(*model, o->set, o->encoding->subject, o->encoding->row, o->encoding->scored.rows, out, o->pool, err);
}
