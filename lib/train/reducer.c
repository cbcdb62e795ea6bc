/* SPDX-License-Identifier: MIT */
#include "train/reducer.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "network/graph_backward.h"

gb_status gb_reducer_open(gb_reducer *r, int64_t micro_batches, gb_err *err)
{
	size_t n = r->parameters;
	int levels = 1; /* the scratch, and one waiting sum of each size */

	for (int64_t m = micro_batches; m > 1; m /= 2)
		levels++;
	if (!(r->numbers = gb_array(r->moments + 2 * GB_TERMS + 2, sizeof *r->numbers, err)))
		return GB_SYSTEM;
	if (r->comm && !r->device->ops->shares_memory && !gb_comm_on_device(r->comm) &&
	    !(r->host = gb_array(n + n / 2 + 1, sizeof *r->host, err)))
		return GB_SYSTEM;
	for (r->partials = 0; r->partials < levels; r->partials++) {
		gb_partial *p = &r->partial[r->partials];

		p->gradient = gb_device_array(r->device, n, sizeof *p->gradient, err);
		p->moments = p->gradient ? gb_array(r->moments, sizeof *p->moments, err) : NULL;
		if (!p->moments)
			return GB_SYSTEM;
	}
	return GB_OK;
}

void gb_reducer_close(gb_reducer *r)
{
	for (int i = 0; i < GB_PARTIALS; i++) {
		gb_device_release(r->device, r->partial[i].gradient);
		free(r->partial[i].moments);
	}
	free(r->host);
	free(r->numbers);
	memset(r, 0, sizeof *r);
}

/* ---- during the backward pass ---- */

static bool sums_on_device(const gb_reducer *r)
{
	return r->reduction == GB_REDUCE_FAST && gb_comm_on_device(r->comm);
}

gb_reduce_plan gb_reduce_plan_after(gb_reducer *r) { return (gb_reduce_plan){r, -1}; }

gb_reduce_plan gb_reduce_plan_for(gb_reducer *r, uint32_t index, uint32_t count)
{
	int level = 0;

	if (index + 1 < count || !sums_on_device(r))
		return gb_reduce_plan_after(r);
	for (; index >> level & 1; level++)
		if (r->partial[1 + level].empty)
			return gb_reduce_plan_after(r);
	return (gb_reduce_plan){r, level};
}

/* COUNT numbers of the gradient are final: add the waiting sums to them and begin their sum over ranks. */
static void reduce_part(void *context, size_t first, size_t count)
{
	const gb_reduce_plan *plan = context;
	gb_reducer *r = plan->reducer;
	float *x = r->partial[0].gradient + first;

	for (int level = 0; level < plan->level; level++) {
		float *into = r->partial[1 + level].gradient + first;

		GB_RUN(r->device, add, count, 1.0f, x, 1.0f, into);
		x = into;
	}
	if (r->async_failure.status == GB_OK &&
	    gb_comm_sum_begin(r->comm, r->device, x, count, &r->async_failure) != GB_OK)
		return; /* end_sums returns the failure */
}

void gb_reduce_backward(const gb_reduce_plan *plan, const gb_graph_run *run)
{
	gb_reducer *r = plan->reducer;
	gb_reduce_plan context = *plan;

	if (plan->level < 0)
		gb_graph_backward(r->graph, run, r->partial[0].gradient);
	else
		gb_graph_backward_in_parts(r->graph, run, r->partial[0].gradient, reduce_part, &context);
}

/* ---- the tree of a rank ---- */

void gb_reduce_merge(const gb_reduce_plan *plan, gb_partial *into, const gb_partial *from)
{
	const gb_reducer *r = plan->reducer;

	if (from->empty)
		return;
	if (into->empty) {
		r->device->ops->copy(r->device, into->gradient, from->gradient,
		                     r->parameters * sizeof *into->gradient);
		memcpy(into->moments, from->moments, r->moments * sizeof *into->moments);
		into->sums = from->sums;
		into->empty = false;
		return;
	}
	if (plan->level < 0)
		GB_RUN(r->device, add, r->parameters, 1.0f, from->gradient, 1.0f, into->gradient);
	for (size_t i = 0; i < r->moments; i++)
		into->moments[i] += from->moments[i];
	for (int i = 0; i < GB_TERMS; i++) {
		into->sums.loss[i] += from->sums.loss[i];
		into->sums.count[i] += from->sums.count[i];
	}
}

/* ---- over ranks ---- */

/* A gradient that was not sent during the backward pass goes now, in the same parts:
 * all ranks begin the same sums in the same order. */
static gb_status end_sums(const gb_reduce_plan *plan, gb_err *err)
{
	gb_reducer *r = plan->reducer;
	gb_reduce_plan now = {r, 0};

	if (plan->level < 0)
		gb_graph_each_part(r->graph, reduce_part, &now);
	if (r->async_failure.status == GB_OK)
		return gb_comm_sum_end(r->comm, err);
	*err = r->async_failure;
	return err->status;
}

/* From device to device, in the memory that host and device share, or through the host. */
static gb_status sum_gradient(const gb_reduce_plan *plan, gb_partial *total, gb_err *err)
{
	gb_reducer *r = plan->reducer;
	const gb_device cpu = {gb_ops_cpu(), r->pool, NULL},
	    *where = gb_comm_on_device(r->comm) ? r->device : &cpu;
	size_t n = r->parameters;
	float *x = r->host ? r->host : total->gradient,
	    *scratch = r->host ? r->host + n : r->partial[1].gradient;
	gb_status status;

	if (total->empty) {
		r->device->ops->fill(r->device, total->gradient, 0, n * sizeof *x);
		/* −0.0: neutral in additions */
		GB_RUN(r->device, add, n, -1.0f, total->gradient, 0.0f, total->gradient);
	}
	if (sums_on_device(r))
		return end_sums(plan, err);
	if (r->host && (status = r->device->ops->download(r->device, x, total->gradient, n * sizeof *x,
	                                                  err)) != GB_OK)
		return status;
	status = r->reduction == GB_REDUCE_FAST ? gb_comm_sum_fast(r->comm, x, n, err)
	                                        : gb_comm_sum_floats(r->comm, where, x, n, scratch, err);
	if (status == GB_OK && r->host)
		r->device->ops->upload(r->device, total->gradient, x, n * sizeof *x);
	return status;
}

gb_status gb_reduce_ranks(const gb_reduce_plan *plan, gb_partial *total, double asked[2], gb_err *err)
{
	gb_reducer *r = plan->reducer;
	size_t b = r->moments, terms = 2 * GB_TERMS, n = b + terms + 2;
	double *numbers = r->numbers;
	gb_status status;

	if (!r->comm)
		return GB_OK;
	if (total->empty) {
		for (size_t i = 0; i < n; i++) /* the neutral element of addition */
			numbers[i] = -0.0;
	} else {
		memcpy(numbers, total->moments, b * sizeof *numbers);
		memcpy(numbers + b, &total->sums, terms * sizeof *numbers);
	}
	memcpy(numbers + b + terms, asked, 2 * sizeof *numbers);
	status = sum_gradient(plan, total, err);
	if (status == GB_OK)
		status = gb_comm_sum_doubles(r->comm, numbers, n, err);
	if (status != GB_OK)
		return status;
	memcpy(total->moments, numbers, b * sizeof *numbers);
	memcpy(&total->sums, numbers + b, terms * sizeof *numbers);
	memcpy(asked, numbers + b + terms, 2 * sizeof *numbers);
	total->empty = false;
	return GB_OK;
}
