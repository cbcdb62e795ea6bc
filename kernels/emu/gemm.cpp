/* SPDX-License-Identifier: MIT */
/* gemm.cpp: products by loops, with the roundings of the device: operands in
 * their precision, sums in FP32 over k in order. */
#include "gemm.cuh"

#include <cstring>
#include <vector>

#include "kernel.cuh"

enum { ROWS = 16, COLUMNS = 64 };

gb_status gb_gemm_open(gb_gemm_state **state, gb_err *)
{
	*state = NULL;
	return GB_OK;
}

void gb_gemm_close(gb_gemm_state *) {}

/* Element I of an operand as the multiplier sees it: TF32 has 10 bits of mantissa. */
static float element(const gb_gemm *g, const void *x, size_t i)
{
	uint32_t bits;
	float y;

	if (g->precision == GB_BF16)
		bits = (uint32_t)((const uint16_t *)x)[i] << 16;
	else
		memcpy(&bits, (const float *)x + i, 4);
	if (g->precision == GB_TF32 && (bits & 0x7f800000) != 0x7f800000)
		bits = (bits + 0xfff + (bits >> 13 & 1)) & ~0x1fffu;
	memcpy(&y, &bits, 4);
	return y;
}

struct tiles { gb_gemm gemm; size_t across; };

static void run_tile(void *context, size_t tile, int)
{
	const tiles *t = (const tiles *)context;
	const gb_gemm *g = &t->gemm;
	size_t row = tile / t->across * ROWS, column = tile % t->across * COLUMNS;
	size_t rows = g->m - row < ROWS ? g->m - row : (size_t)ROWS,
	       columns = g->n - column < COLUMNS ? g->n - column : (size_t)COLUMNS;
	float sum[ROWS][COLUMNS] = {};

	for (size_t k = 0; k < g->k; k++) {
		float b[COLUMNS] = {};

		for (size_t j = 0; j < columns; j++)
			b[j] = element(g, g->b,
			               g->transpose_b ? (column + j) * g->k + k : k * g->n + column + j);
		for (size_t i = 0; i < rows; i++) {
			float a = element(g, g->a,
			                  g->transpose_a ? k * g->m + row + i : (row + i) * g->k + k);

			for (size_t j = 0; j < COLUMNS; j++)
				sum[i][j] += a * b[j];
		}
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < columns; j++) {
			float *c = g->c + (row + i) * g->n + column + j;

			*c = g->accumulate ? *c + sum[i][j] : sum[i][j];
		}
}

const char *gb_gemm_queue(const gb_device *device, gb_gemm_state *, const gb_gemm *gemm, bool *done)
{
	gb_gemm kept = *gemm;
	gb_pool *pool = device->pool;

	*done = false; /* so that matmul.cu's own epilogue is what runs here */
	gb_emu_queue(gb_stream(device), [=] {
		tiles t = {kept, (kept.n + COLUMNS - 1) / COLUMNS};

		gb_pool_run(pool, t.across * ((kept.m + ROWS - 1) / ROWS), run_tile, &t);
	});
	return NULL;
}
