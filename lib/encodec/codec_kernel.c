/* SPDX-License-Identifier: MIT */
/* For any processor: four lanes, no fused multiply-add. */
#include <stdlib.h>

#include "base/cpu.h"
#include "base/size.h"

#include "encodec/codec_kernel_body.h"

/* for which a thread reads all weights: twice what the widest kernel keeps in registers */
enum { LEAST_ROWS = 28 };

const gb_encodec_kernel *gb_encodec_kernel_of_class(void)
{
	static const gb_encodec_kernel *const kernels[] = {&gb_encodec_kernel_generic,
	                                                   &gb_encodec_kernel_avx2, &gb_encodec_kernel_avx512,
	                                                   &gb_encodec_kernel_amx};

	return kernels[gb_cpu_class()];
}

gb_status gb_panels_pack(gb_panels *p, int k, int n, const float *weight, const float *bias, gb_err *err)
{
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	size_t lanes = (size_t)kernel->lanes, whole = (size_t)gb_whole(n, (int)lanes), rows = (size_t)k;
	size_t parts = kernel->pack ? kernel->pack(weight, k, n, NULL) : 0;
	float *to;

	*p = (gb_panels){.k = k, .n = n};
	if (!(p->bias = gb_array((size_t)gb_whole(n, 2 * (int)lanes), sizeof *to, err)) ||
	    (parts && !(p->parts = gb_array(parts, sizeof *p->parts, err))) ||
	    (!parts && !(p->weight = gb_array(rows * whole, sizeof *to, err)))) {
		gb_panels_close(p);
		return GB_SYSTEM;
	}
	memcpy(p->bias, bias, (size_t)n * sizeof *bias);
	if (parts) {
		kernel->pack(weight, k, n, p->parts);
		return GB_OK;
	}
	to = p->weight;
	for (size_t column = 0; column < whole; column += 2 * lanes) {
		size_t wide = whole - column > lanes ? 2 * lanes : lanes,
		       filled = (size_t)n - column < wide ? (size_t)n - column : wide;
		for (size_t row = 0; row < rows; row++, to += wide)
			memcpy(to, weight + row * (size_t)n + column, filled * sizeof *to);
	}
	return GB_OK;
}

typedef struct shares { const gb_product *p; size_t rows; } shares; /* rows: of one */

static void run_share(void *context, size_t share, int worker)
{
	const shares *s = context;
	size_t from = share * s->rows, left = s->p->rows - from;
	gb_product part = *s->p;

	(void)worker;
	part.rows = left < s->rows ? left : s->rows;
	for (int i = 0; i < part.spans; i++)
		part.span[i].x += from * part.span[i].step;
	if (part.raw)
		part.raw += from * part.raw_ld;
	if (part.elu)
		part.elu += from * part.elu_ld;
	gb_encodec_kernel_of_class()->product(&part);
}

void gb_product_run(const gb_product *p, gb_pool *pool)
{
	size_t threads = (size_t)gb_pool_threads(pool);
	shares s = {p, (p->rows + threads - 1) / threads};

	if (s.rows < LEAST_ROWS)
		s.rows = LEAST_ROWS;
	gb_pool_run(pool, (p->rows + s.rows - 1) / s.rows, run_share, &s);
}

void gb_panels_close(gb_panels *p)
{
	free(p->weight);
	free(p->parts);
	free(p->bias);
	*p = (gb_panels){0};
}

gb_status gb_recurrence_pack(gb_recurrence *r, gb_err *err)
{
	enum { EACH = 3, SLACK = 16 /* a vector of bytes is read where three quarters of it are wanted */ };
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	size_t columns = (size_t)r->panels * 4 * (size_t)kernel->units;

	if (!kernel->shorten)
		return GB_OK;
	if (!(r->bytes = gb_array(columns * (size_t)r->width * EACH + SLACK, 1, err)) ||
	    !(r->unit = gb_array(columns, sizeof *r->unit, err)))
		return GB_SYSTEM;
	kernel->shorten(r);
	free(r->weight);
	r->weight = NULL;
	return GB_OK;
}

void gb_recurrence_close(gb_recurrence *r)
{
	free(r->weight);
	free(r->bytes);
	free(r->unit);
	*r = (gb_recurrence){0};
}
