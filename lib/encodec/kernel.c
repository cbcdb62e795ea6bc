/* SPDX-License-Identifier: MIT */
/* For any processor: four lanes, no fused multiply-add. */
#include <stdlib.h>

#include "base/pool.h"
#include "base/size.h"

#include "encodec/kernel_body.h"

const gb_encodec_kernel *gb_encodec_kernel_of_class(void)
{
	static const gb_encodec_kernel *const kernels[] = {&gb_encodec_kernel_generic, &gb_encodec_kernel_avx2, &gb_encodec_kernel_avx512};

	return kernels[gb_cpu_class()];
}

gb_status gb_panels_pack(gb_panels *p, int k, int n, const float *weight, const float *bias, gb_err *err)
{
	size_t lanes = (size_t)gb_encodec_kernel_of_class()->lanes, whole = (size_t)gb_whole(n, (int)lanes), rows = (size_t)k;
	float *to;

	*p = (gb_panels){.k = k, .n = n};
	if (!(p->weight = gb_array(rows * whole, sizeof *to, err)) || !(p->bias = gb_array(whole, sizeof *to, err))) {
		gb_panels_close(p);
		return GB_SYSTEM;
	}
	memcpy(p->bias, bias, (size_t)n * sizeof *bias);
	to = p->weight;
	for (size_t column = 0; column < whole; column += 2 * lanes) {
		size_t wide = whole - column > lanes ? 2 * lanes : lanes, filled = (size_t)n - column < wide ? (size_t)n - column : wide;
		for (size_t row = 0; row < rows; row++, to += wide)
			memcpy(to, weight + row * (size_t)n + column, filled * sizeof *to);
	}
	return GB_OK;
}

void gb_panels_close(gb_panels *p)
{
	free(p->weight);
	free(p->bias);
	*p = (gb_panels){0};
}
