/* SPDX-License-Identifier: MIT */
#include "comparison/tensor_groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static bool has_tensor(const gb_groups *groups, size_t first, const char *name)
{
	for (size_t g = first; groups && g < groups->count; g++)
		for (size_t i = 0; i < groups->group[g].names; i++)
			if (!strcmp(groups->group[g].name[i], name))
				return true;
	return false;
}

typedef struct parser { gb_groups *groups; const gb_groups_rule *rule; const gb_dataset *set; } parser;

static gb_status add_tensor(const parser *p, const char *name, gb_err *err)
{
	gb_group *group = &p->groups->group[p->groups->count - 1];
	size_t first = p->rule->apart ? 0 : p->groups->count - 1;

	if (has_tensor(p->groups, first, name) || has_tensor(p->rule->not_in, 0, name))
		return gb_fail(err, GB_USAGE, "--%s: %s stands twice", p->rule->option, name);
	if (group->names == GB_GROUP_TENSORS)
		return gb_fail(err, GB_USAGE, "--%s: at most %d tensors in a group", p->rule->option,
		               GB_GROUP_TENSORS);
	group->name[group->names++] = name;
	return GB_OK;
}

/* NAME, or all tensors that begin as it does, where it ends in *. */
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
	return gb_fail(err, GB_USAGE, "--%s: the set has no stimulus tensor %s (the first is %s)",
	               p->rule->option, name,
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
	for (const char *name = strtok_r(copy, "+", &save); !status && name;
	     name = strtok_r(NULL, "+", &save))
		status = add_name(p, name, err);
	free(copy);
	if (status || group->names)
		return status;
	return gb_fail(err, GB_USAGE,
	               "--%s: names of stimulus tensors are wanted, as in text.rate+text.boundaries,text,mel",
	               p->rule->option);
}

gb_status gb_groups_parse(gb_groups *groups, const char *text, const gb_groups_rule *rule,
                          const gb_dataset *set, gb_err *err)
{
	parser p = {groups, rule, set};
	size_t count = 1;
	gb_status status = GB_OK;

	*groups = (gb_groups){0};
	for (const char *at = text; at && *at; at++)
		count += *at == ',';
	if (text && (count < rule->least || count > rule->most))
		return gb_fail(err, GB_USAGE,
		               "--%s %s: %zu group%s of tensors, %zu to %zu are wanted (commas between "
		               "groups, + within)",
		               rule->option, text, count, count == 1 ? "" : "s", rule->least, rule->most);
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
