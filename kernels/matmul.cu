/* SPDX-License-Identifier: MIT */
/* matmul.cu: products through gemm.cuh, with operands in the device's precision
 * and the epilogue where the product did not bring its own. */
#include "backend.cuh"

static __global__ void epilogue(struct gb_op_matmul a)
{
	EACH_ROW(r, a.m)
		EACH_COLUMN(c, a.n) {
			float x = a.c[r * a.n + c] + (a.bias ? a.bias[c] : 0.0f);

			if (a.pre)
				a.pre[r * a.n + c] = x;
			a.c[r * a.n + c] = a.activation == GB_GELU      ? gb_gelu_of(x)
		                           : a.activation == GB_SIGMOID ? gb_sigmoid_of(x)
		                                                        : x;
		}
}

/* COUNT numbers at X as BF16: the kept copy of weights, or a fresh one. */
static const void *narrowed(const gb_device *device, enum gb_scratch_slot slot, const float *x, size_t count)
{
	const void *kept = gb_shadow_to_read(device, x);
	struct gb_op_cast cast = {count, GB_CAST_F32_BF16, x, NULL};

	if (kept)
		return kept;
	cast.y = gb_scratch(device, slot, count * sizeof(uint16_t));
	if (cast.y)
		gb_cuda_cast(device, &cast);
	return cast.y;
}

void gb_cuda_matmul(const gb_device *device, const struct gb_op_matmul *args)
{
	gb_cuda *cuda = gb_cuda_of(device);
	gb_gemm gemm = {args->m,    args->n,           args->k,           args->a,          args->b,
	                args->c,    args->transpose_a, args->transpose_b, args->accumulate, cuda->precision,
	                args->bias, args->pre,         args->activation};
	bool done = false;
	const char *failed = NULL;

	if (!args->m || !args->n)
		return;
	if (cuda->precision == GB_BF16 && args->k) {
		gemm.a = narrowed(device, GB_SCRATCH_A, args->a, args->m * args->k);
		gemm.b = narrowed(device, GB_SCRATCH_B, args->b, args->k * args->n);
		if (!gemm.a || !gemm.b)
			return;
	}
	if (args->k)
		failed = gb_gemm_queue(device, cuda->gemm, &gemm, &done);
	else if (!args->accumulate)
		gb_cuda_fill(device, args->c, 0, args->m * args->n * sizeof *args->c);
	if (failed)
		gb_cuda_report(device, "matmul", failed);
	if (!failed && !done && (args->bias || args->pre || args->activation != GB_LINEAR))
		LAUNCH_PLANE(device, epilogue, args->m, args->n, *args);
}
