/* SPDX-License-Identifier: MIT */
#include "inspect/inspect_diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "inspect/inspect_tensor.h"
#include "inspect/text_table.h"

enum { TILE = 1 << 18, CHUNK = 2048 };

/* How many elements of a tile differ, and the first of those that differ most. */
typedef struct part {
	size_t different, at;
	double worst, a, b;
} part;

typedef struct job {
	const gb_tensor *a, *b;
	gb_tolerance tolerance;
	part *part;
} job;

/* |a − b|.  64-bit integers that become equal doubles are compared as integers. */
static double distance(const job *j, size_t index, double a, double b)
{
	int64_t x, y;

	if (isnan(a) && isnan(b))
		return 0;
	if (isnan(a) || isnan(b) || isinf(a) || isinf(b))
		return a == b ? 0 : INFINITY;
	if (a == b && (j->a->dtype == GB_I64 || j->a->dtype == GB_U64)) {
		memcpy(&x, (const uint8_t *)j->a->data + 8 * index, 8);
		memcpy(&y, (const uint8_t *)j->b->data + 8 * index, 8);
		return x == y ? 0
		              : fabs((double)(x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x));
	}
	return fabs(a - b);
}

static void tile_diff(void *context, size_t tile, int worker)
{
	job *j = context;
	size_t first = tile * TILE, end = first + TILE < j->a->elements ? first + TILE : j->a->elements,
	       size = gb_dtype_size(j->a->dtype);
	part *p = &j->part[tile];
	double a[CHUNK], b[CHUNK];

	(void)worker;
	if (memcmp((const uint8_t *)j->a->data + first * size, (const uint8_t *)j->b->data + first * size,
	           (end - first) * size) == 0)
		return;
	for (size_t i = first; i < end; i += CHUNK) {
		size_t count = end - i < CHUNK ? end - i : CHUNK;
		gb_dtype_to_double(j->a->dtype, j->a->data, i, count, a);
		gb_dtype_to_double(j->b->dtype, j->b->data, i, count, b);
		for (size_t k = 0; k < count; k++) {
			double d = distance(j, i + k, a[k], b[k]);
			if (d == 0 || d <= j->tolerance.absolute + j->tolerance.relative * fabs(b[k]))
				continue;
			if (!p->different++ || d > p->worst)
				*p = (part){p->different, i + k, d, a[k], b[k]};
		}
	}
}

/* The parts of all tiles as one, in ALL. */
static gb_status compare_values(const gb_tensor *a, const gb_tensor *b, gb_tolerance tolerance, gb_pool *pool,
                                part *all, gb_err *err)
{
	size_t tiles = (a->elements + TILE - 1) / TILE;
	job j = {.a = a, .b = b, .tolerance = tolerance, .part = gb_array(tiles, sizeof *j.part, err)};

	*all = (part){0};
	if (!j.part)
		return GB_SYSTEM;
	gb_pool_run(pool, tiles, tile_diff, &j);
	for (size_t t = 0; t < tiles; t++) {
		size_t different = all->different + j.part[t].different;
		if (j.part[t].different && (!all->different || j.part[t].worst > all->worst))
			*all = j.part[t];
		all->different = different;
	}
	free(j.part);
	return GB_OK;
}

/* Element AT as "[12,7]"; NULL when memory is short. */
static char *index_text(const gb_tensor *tensor, size_t at)
{
	char *text = gb_array((size_t)tensor->rank * 24 + 8, 1, NULL), *p = text;
	size_t below = tensor->elements;

	if (!text)
		return NULL;
	*p++ = '[';
	for (int i = 0; i < tensor->rank; i++) {
		below /= (size_t)tensor->shape[i];
		p += sprintf(p, "%s%zu", i ? "," : "", at / below);
		at %= below;
	}
	strcpy(p, "]");
	return text;
}

static bool same_shape(const gb_tensor *a, const gb_tensor *b)
{
	if (a->rank != b->rank)
		return false;
	for (int i = 0; i < a->rank; i++)
		if (a->shape[i] != b->shape[i])
			return false;
	return true;
}

typedef struct tally {
	gb_text_table *columns;
	size_t tensors, different;
	char first[256];
} tally;

static void add_verdict(tally *t, const char *name, bool same, const char *what)
{
	gb_text_table_cell(t->columns, "%s", name);
	gb_text_table_cell(t->columns, "%s", same ? "same" : "differs");
	gb_text_table_cell(t->columns, "%s", what);
	t->tensors++;
	if (!same && !t->different++)
		snprintf(t->first, sizeof t->first, "%s: %s", name, what);
}

static gb_status diff_values(tally *t, gb_tensor_file *a, gb_tensor_file *b, const char *name,
                             gb_tolerance tolerance, gb_pool *pool, gb_err *err)
{
	const gb_tensor *x, *y;
	char what[256], *where;
	part worst;
	gb_status status = gb_tensor_file_need(a, name, GB_FOREIGN, -1, &x, err);

	if (!status)
		status = gb_tensor_file_need(b, name, GB_FOREIGN, -1, &y, err);
	if (!status)
		status = compare_values(x, y, tolerance, pool, &worst, err);
	if (status)
		return status;
	if (!worst.different) {
		add_verdict(t, name, true, "");
		return GB_OK;
	}
	where = index_text(x, worst.at);
	if (worst.a == worst.b && isfinite(worst.a))
		snprintf(what, sizeof what, "%zu of %zu elements; worst at %s: apart by %.17g",
		         worst.different, x->elements, where ? where : "?", worst.worst);
	else
		snprintf(what, sizeof what, "%zu of %zu elements; worst at %s: %.9g against %.9g",
		         worst.different, x->elements, where ? where : "?", worst.a, worst.b);
	free(where);
	add_verdict(t, name, false, what);
	return GB_OK;
}

static gb_status diff_tensor(tally *t, gb_tensor_file *a, gb_tensor_file *b, const char *name,
                             gb_tolerance tolerance, gb_pool *pool, gb_err *err)
{
	const gb_tensor *x = gb_tensor_file_find(a, name), *y = gb_tensor_file_find(b, name);
	const gb_json *said_x = gb_json_get(gb_json_get(gb_tensor_file_profile(a), "tensors"), name);
	const gb_json *said_y = gb_json_get(gb_json_get(gb_tensor_file_profile(b), "tensors"), name);
	char what[256], *one, *two;

	if (!x || !y) {
		add_verdict(t, name, false, x ? "only in the first" : "only in the second");
	} else if (strcmp(x->dtype_name, y->dtype_name) != 0) {
		snprintf(what, sizeof what, "type %s against %s", x->dtype_name, y->dtype_name);
		add_verdict(t, name, false, what);
	} else if (!same_shape(x, y)) {
		one = gb_inspect_shape(x, "×");
		two = gb_inspect_shape(y, "×");
		snprintf(what, sizeof what, "shape %.100s against %.100s", one ? one : "?", two ? two : "?");
		free(one);
		free(two);
		add_verdict(t, name, false, what);
	} else if (said_x && said_y && !gb_json_equal(said_x, said_y)) {
		add_verdict(t, name, false, "what is said of it (dims, time, unit, doc …)");
	} else if (x->dtype == GB_FOREIGN) {
		bool same = x->bytes == y->bytes && memcmp(x->data, y->data, x->bytes) == 0;
		add_verdict(t, name, same, same ? "" : "bytes of a foreign type");
	} else {
		return diff_values(t, a, b, name, tolerance, pool, err);
	}
	return GB_OK;
}

gb_status gb_inspect_diff(FILE *out, gb_tensor_file *a, gb_tensor_file *b, const char *tensor,
                          gb_tolerance tolerance, gb_pool *pool, gb_err *err)
{
	const gb_tensor *one;
	tally t = {0};
	gb_status status =
	    tensor && !gb_tensor_file_find(b, tensor) ? gb_inspect_find(a, tensor, &one, err) : GB_OK;

	if (!status)
		status = gb_text_table_new(&t.columns, NULL, "lll", err);
	if (status)
		return status;
	for (size_t i = 0; !status && i < gb_tensor_file_count(a); i++) {
		const char *name = gb_tensor_file_at(a, i)->name;
		if (!tensor || !strcmp(tensor, name))
			status = diff_tensor(&t, a, b, name, tolerance, pool, err);
	}
	for (size_t i = 0; !status && i < gb_tensor_file_count(b); i++) {
		const char *name = gb_tensor_file_at(b, i)->name;
		if ((!tensor || !strcmp(tensor, name)) && !gb_tensor_file_find(a, name))
			status = diff_tensor(&t, a, b, name, tolerance, pool, err);
	}
	if (!status)
		status = gb_text_table_print(t.columns, out, "", err);
	gb_text_table_free(t.columns);
	if (!status && t.different)
		return gb_fail(err, GB_NO, "%s and %s differ in %zu of %zu tensors: %s",
		               gb_tensor_file_name(a), gb_tensor_file_name(b), t.different, t.tensors,
		               t.first);
	return status;
}
