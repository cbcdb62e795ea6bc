/* SPDX-License-Identifier: MIT */
#include "ridge/delays.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

gb_status gb_delays_fir(gb_delays *delays, int first, int end, gb_err *err)
{
	if (end <= first || end - (int64_t)first > 1000)
		return gb_fail(err, GB_USAGE, "FIR delays %d:%d: from 1 to 1000 delays are wanted", first,
		               end);
	*delays = (gb_delays){.filters = end - first, .first = first, .length = end - first};
	delays->tap = gb_array((size_t)(end - first) * (size_t)(end - first), sizeof(double), err);
	if (!delays->tap)
		return GB_SYSTEM;
	for (int f = 0; f < delays->filters; f++)
		delays->tap[f * delays->length + f] = 1;
	return GB_OK;
}

gb_status gb_delays_kernels(gb_delays *delays, int filters, int length, const double *tap, gb_err *err)
{
	if (filters < 1 || filters > 16 || length < 1 || length > 100000)
		return gb_fail(err, GB_DATA,
		               "%d kernels of %d taps: 1 to 16 kernels of 1 to 100000 taps are wanted",
		               filters, length);
	*delays = (gb_delays){.filters = filters, .length = length};
	delays->tap = gb_array((size_t)filters * (size_t)length, sizeof(double), err);
	if (!delays->tap)
		return GB_SYSTEM;
	memcpy(delays->tap, tap, (size_t)filters * (size_t)length * sizeof *tap);
	return GB_OK;
}

void gb_delays_clear(gb_delays *delays)
{
	free(delays->tap);
	*delays = (gb_delays){0};
}

gb_json *gb_delays_to_json(const gb_delays *delays)
{
	gb_json *json = gb_json_object(), *taps = gb_json_array();

	for (int i = 0; i < delays->filters * delays->length; i++)
		if (!gb_json_append(taps, gb_json_real(delays->tap[i])))
			break;
	gb_json_set(json, "filters", gb_json_integer(delays->filters));
	gb_json_set(json, "first", gb_json_integer(delays->first));
	gb_json_set(json, "length", gb_json_integer(delays->length));
	gb_json_set(json, "taps", taps);
	return json;
}

gb_status gb_delays_from_json(const gb_json *json, gb_delays *delays, gb_err *err)
{
	const gb_json *taps = gb_json_get(json, "taps");
	int64_t filters, first, length;

	*delays = (gb_delays){0};
	if (!gb_json_read_integer(gb_json_get(json, "filters"), &filters) ||
	    !gb_json_read_integer(gb_json_get(json, "first"), &first) ||
	    !gb_json_read_integer(gb_json_get(json, "length"), &length) || filters < 1 || filters > 1000 ||
	    length < 1 || length > 100000 || first < -100000 || first > 100000 ||
	    gb_json_size(taps) != (size_t)(filters * length))
		return gb_fail(err, GB_DATA, "delays: filters, first, length and that many taps are wanted");
	*delays = (gb_delays){.filters = (int)filters, .first = (int)first, .length = (int)length};
	delays->tap = gb_array((size_t)(filters * length), sizeof(double), err);
	if (!delays->tap)
		return GB_SYSTEM;
	for (int64_t i = 0; i < filters * length; i++)
		if (!gb_json_read_number(gb_json_at(taps, (size_t)i), &delays->tap[i])) {
			gb_delays_clear(delays);
			return gb_fail(err, GB_DATA, "delays: tap %lld is no number", (long long)i);
		}
	return GB_OK;
}

/* Index of ROW of RUN in LIST, or −1. */
static int32_t find_row(const gb_row_list *list, int64_t row, int32_t run)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->row[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->row[low] == row && list->run[low] == run ? (int32_t)low : -1;
}

int32_t *gb_delays_table(const gb_delays *delays, const gb_row_list *wanted, const gb_row_list *have,
                         gb_err *err)
{
	size_t cells;
	int32_t *table;

	if (!gb_size_mul((size_t)delays->length, wanted->count, &cells)) {
		gb_fail(err, GB_SYSTEM, "delays: too many rows");
		return NULL;
	}
	table = gb_array(cells, sizeof *table, err);
	for (int k = 0; table && k < delays->length; k++)
		for (size_t i = 0; i < wanted->count; i++)
			table[(size_t)k * wanted->count + i] = find_row(have,
			                                                wanted->row[i] - delays->first - k,
			                                                wanted->run[i]);
	return table;
}

typedef struct kernel_job {
	const gb_delays *delays;
	const double *gram;
	size_t stride;
	gb_delayed_rows a, b;
	double *out, *scratch; /* [workers, stride] a filtered row of GRAM */
} kernel_job;

enum { KERNEL_ROWS = 16 };

/* U [stride] = row I of A through filter F, as inner products with all rows at hand. */
static void filter_gram_row(const kernel_job *job, int f, size_t i, double *u)
{
	const gb_delays *d = job->delays;
	const double *tap = d->tap + f * d->length;

	memset(u, 0, job->stride * sizeof *u);
	for (int k = 0; k < d->length; k++) {
		int32_t a = job->a.table[(size_t)k * job->a.count + i];
		const double *row = job->gram + (size_t)(a < 0 ? 0 : a) * job->stride;

		if (a >= 0 && tap[k] != 0)
			for (size_t j = 0; j < job->stride; j++)
				u[j] += tap[k] * row[j];
	}
}

static void kernel_row(const kernel_job *job, size_t i, double *u)
{
	const gb_delays *d = job->delays;
	double *out = job->out + i * job->b.count;

	memset(out, 0, job->b.count * sizeof *out);
	for (int f = 0; f < d->filters; f++) {
		const double *tap = d->tap + f * d->length;

		filter_gram_row(job, f, i, u);
		for (int k = 0; k < d->length; k++) {
			const int32_t *b = job->b.table + (size_t)k * job->b.count;

			if (tap[k] != 0)
				for (size_t j = 0; j < job->b.count; j++)
					out[j] += b[j] < 0 ? 0 : tap[k] * u[b[j]];
		}
	}
}

static void kernel_tile(void *context, size_t tile, int worker)
{
	kernel_job *job = context;
	size_t end = (tile + 1) * KERNEL_ROWS < job->a.count ? (tile + 1) * KERNEL_ROWS : job->a.count;

	for (size_t i = tile * KERNEL_ROWS; i < end; i++)
		kernel_row(job, i, job->scratch + (size_t)worker * job->stride);
}

gb_status gb_delays_kernel(const gb_delays *delays, gb_pool *pool, const double *gram, size_t stride,
                           gb_delayed_rows a, gb_delayed_rows b, double *out, gb_err *err)
{
	kernel_job job = {.delays = delays, .gram = gram, .stride = stride, .a = a, .b = b, .out = out};

	job.scratch = gb_array(stride * (size_t)gb_pool_threads(pool), sizeof(double), err);
	if (!job.scratch)
		return GB_SYSTEM;
	gb_pool_run(pool, (a.count + KERNEL_ROWS - 1) / KERNEL_ROWS, kernel_tile, &job);
	free(job.scratch);
	return GB_OK;
}

void gb_delays_design(const gb_delays *delays, const int32_t *table, size_t n, const float *x, size_t width,
                      float *out)
{
	memset(out, 0, n * (size_t)delays->filters * width * sizeof *out);
	for (size_t i = 0; i < n; i++)
		for (int f = 0; f < delays->filters; f++, out += width)
			for (int k = 0; k < delays->length; k++) {
				int32_t at = table[(size_t)k * n + i];
				float tap = (float)delays->tap[f * delays->length + k];

				for (size_t j = 0; at >= 0 && tap != 0 && j < width; j++)
					out[j] += tap * x[(size_t)at * width + j];
			}
}
