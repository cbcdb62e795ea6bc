/* SPDX-License-Identifier: MIT */
/* finetune.c: fit the readouts of a new subject to a model that stays frozen. */
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "model/giblet13.h"
#include "model/giblet13_checkpoint.h"
#include "train/trainer_internal.h"
#include "network/graph_cost.h"

static gb_status read_numbers(const gb_trainer *t, gb_tensor_file *file, const char *name, gb_dtype dtype,
                              size_t count, void *to, gb_err *err)
{
	const gb_tensor *tensor;
	gb_status status = gb_tensor_file_need(file, name, dtype, -1, &tensor, err);

	if (status == GB_OK && tensor->elements != count)
		status = gb_fail(err, GB_USAGE,
		                 "--from %s: %s has %zu numbers, these options and this set want %zu: take "
		                 "those of its own run, -c RUN/config", t->options->from, name,
		                 tensor->elements, count);
	if (status == GB_OK)
		memcpy(to, tensor->data, tensor->bytes);
	return status;
}

static gb_status open_model(const gb_trainer *t, gb_tensor_file **file, gb_err *err)
{
	gb_json *description = NULL;
	const char *kind;
	gb_status status = gb_checkpoint_open(file, &description, t->options->from, err);

	kind = gb_json_text(gb_json_get(description, "kind"));
	if (status == GB_OK && (!kind || strcmp(kind, "giblet13")))
		status = gb_fail(err, GB_USAGE, "--from %s: a model of kind %s, heads are fitted to giblet13",
		                 t->options->from, kind ? kind : "unknown");
	if (status == GB_OK)
		status = gb_tensor_file_verify(*file, NULL, t->pool, err);
	gb_json_free(description);
	return status;
}

gb_status gb_trainer_adopt_statistics(gb_trainer *t, gb_err *err)
{
	gb_statistic_item item[GB_STATISTICS_MAX];
	size_t n = gb_giblet13_statistics(&t->loader, item);
	gb_tensor_file *file = NULL;
	gb_status status;

	GB_TRY(open_model(t, &file, err));
	for (size_t i = 0; i < n; i++)
		if (!strncmp(item[i].name, "input.", 6))
			GB_TRY(read_numbers(t, file, item[i].name, GB_F32, item[i].count, *item[i].data,
			                    err));
done:
	gb_tensor_file_close(file);
	return status;
}

gb_status gb_trainer_adopt_weights(gb_trainer *t, gb_err *err)
{
	float *weights = gb_graph_weights(t->net.graph)->host;
	gb_tensor_file *file = NULL;
	gb_status status;

	GB_TRY(open_model(t, &file, err));
	for (int i = 0; i < gb_graph_parameters(t->net.graph); i++) {
		const gb_parameter *p = gb_graph_parameter_at(t->net.graph, i);

		if (p->flags & GB_PARAMETER_FROZEN)
			GB_TRY(read_numbers(t, file, p->name, GB_F32, p->rows * p->columns,
			                    weights + p->first, err));
	}
	GB_TRY(read_numbers(t, file, "running", GB_F64, 2 * t->net.bottleneck, t->running, err));
	gb_trainer_use_running(t);
done:
	gb_tensor_file_close(file);
	return status;
}
