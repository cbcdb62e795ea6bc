/* SPDX-License-Identifier: MIT */
/* gemm.cu: products by cuBLASLt, with bias and GELU in its epilogue where it has
 * a way to do so.
 *
 * Row-major C = op(A) op(B) is column-major Cᵀ = op(B)ᵀ op(A)ᵀ, so B stands first
 * and the bias, one a column of C, is one a row of Cᵀ.  Its tanh form of GELU is
 * ours.  Ways that add parts of a sum in place are left out: their order is free. */
#include "gemm.cuh"

#include <cstdlib>
#include <cstring>
#include <cublasLt.h>

#include "kernel.cuh"

typedef struct shape {
	size_t m, n, k;
	bool transpose_a, transpose_b, accumulate;
	enum gb_precision precision;
	int fused;
} shape;
enum { PLAIN, BIAS, GELU_PRE, GELU_PRE_BIAS };

typedef struct plan {
	struct plan *next;
	shape key;
	cublasLtMatmulDesc_t what;
	cublasLtMatrixLayout_t b, a, c;
	cublasLtMatmulAlgo_t way;
	bool possible;
} plan;

struct gb_gemm_state { cublasLtHandle_t handle; void *workspace; plan *plans; };
static const size_t WORKSPACE = (size_t)64 << 20;

gb_status gb_gemm_open(gb_gemm_state **out, gb_err *err)
{
	gb_gemm_state *state = (gb_gemm_state *)calloc(1, sizeof *state);

	*out = state;
	if (!state || cublasLtCreate(&state->handle) != CUBLAS_STATUS_SUCCESS ||
	    cudaMalloc(&state->workspace, WORKSPACE) != cudaSuccess)
		return gb_fail(err, GB_SYSTEM, "cuda: cuBLASLt cannot be started");
	return GB_OK;
}

static void free_plan(plan *p)
{
	if (p->a)
		cublasLtMatrixLayoutDestroy(p->a);
	if (p->b)
		cublasLtMatrixLayoutDestroy(p->b);
	if (p->c)
		cublasLtMatrixLayoutDestroy(p->c);
	if (p->what)
		cublasLtMatmulDescDestroy(p->what);
	free(p);
}

void gb_gemm_close(gb_gemm_state *state)
{
	if (!state)
		return;
	while (state->plans) {
		plan *next = state->plans->next;

		free_plan(state->plans);
		state->plans = next;
	}
	cudaFree(state->workspace);
	if (state->handle)
		cublasLtDestroy(state->handle);
	free(state);
}

/* ---- making a plan ---- */

static bool set(cublasLtMatmulDesc_t what, cublasLtMatmulDescAttributes_t name, const void *value,
                size_t bytes)
{
	return cublasLtMatmulDescSetAttribute(what, name, value, bytes) == CUBLAS_STATUS_SUCCESS;
}

static bool describe(plan *p)
{
	const shape *s = &p->key;
	cudaDataType_t in = s->precision == GB_BF16 ? CUDA_R_16BF : CUDA_R_32F, aux = CUDA_R_32F;
	cublasComputeType_t compute = s->precision == GB_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32
	                                                      : CUBLAS_COMPUTE_32F;
	cublasOperation_t ta = s->transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
			  tb = s->transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
	static const cublasLtEpilogue_t epilogue[] = {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS,
	                                              CUBLASLT_EPILOGUE_GELU_AUX,
	                                              CUBLASLT_EPILOGUE_GELU_AUX_BIAS};
	int64_t ld = (int64_t)s->n;

	if (cublasLtMatmulDescCreate(&p->what, compute, CUDA_R_32F) != CUBLAS_STATUS_SUCCESS ||
	    cublasLtMatrixLayoutCreate(&p->b, in, s->transpose_b ? s->k : s->n, s->transpose_b ? s->n : s->k,
	                               (int64_t)(s->transpose_b ? s->k : s->n)) != CUBLAS_STATUS_SUCCESS ||
	    cublasLtMatrixLayoutCreate(&p->a, in, s->transpose_a ? s->m : s->k, s->transpose_a ? s->k : s->m,
	                               (int64_t)(s->transpose_a ? s->m : s->k)) != CUBLAS_STATUS_SUCCESS ||
	    cublasLtMatrixLayoutCreate(&p->c, CUDA_R_32F, s->n, s->m, ld) != CUBLAS_STATUS_SUCCESS)
		return false;
	if (!set(p->what, CUBLASLT_MATMUL_DESC_TRANSA, &tb, sizeof tb) ||
	    !set(p->what, CUBLASLT_MATMUL_DESC_TRANSB, &ta, sizeof ta) ||
	    !set(p->what, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue[s->fused], sizeof epilogue[0]))
		return false;
	return s->fused < GELU_PRE ||
	       (set(p->what, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, &ld, sizeof ld) &&
	        set(p->what, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE, &aux, sizeof aux));
}

static bool choose(gb_gemm_state *state, plan *p)
{
	cublasLtMatmulPreference_t preference;
	cublasLtMatmulHeuristicResult_t found;
	uint32_t in_order = CUBLASLT_REDUCTION_SCHEME_MASK & ~(uint32_t)CUBLASLT_REDUCTION_SCHEME_INPLACE;
	int count = 0;
	bool good;

	if (cublasLtMatmulPreferenceCreate(&preference) != CUBLAS_STATUS_SUCCESS)
		return false;
	good = cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
	                                            &WORKSPACE, sizeof WORKSPACE) == CUBLAS_STATUS_SUCCESS &&
	       cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
	                                            &in_order, sizeof in_order) == CUBLAS_STATUS_SUCCESS &&
	       cublasLtMatmulAlgoGetHeuristic(state->handle, p->what, p->b, p->a, p->c, p->c, preference, 1,
	                                      &found, &count) == CUBLAS_STATUS_SUCCESS &&
	       count > 0;
	if (good)
		p->way = found.algo;
	cublasLtMatmulPreferenceDestroy(preference);
	return good;
}

static plan *plan_for(gb_gemm_state *state, const shape *key)
{
	plan *p;

	for (p = state->plans; p; p = p->next)
		if (!memcmp(&p->key, key, sizeof *key))
			return p;
	if (!(p = (plan *)calloc(1, sizeof *p)))
		return NULL;
	memcpy(&p->key, key, sizeof *key);
	p->possible = describe(p) && choose(state, p);
	p->next = state->plans;
	state->plans = p;
	return p;
}

/* ---- running it ---- */

static int fused_epilogue(const gb_gemm *gemm)
{
	if (gemm->activation == GB_GELU && gemm->pre)
		return gemm->bias ? GELU_PRE_BIAS : GELU_PRE;
	return gemm->activation == GB_LINEAR && gemm->bias && !gemm->pre ? BIAS : PLAIN;
}

static bool run(const gb_device *device, gb_gemm_state *state, plan *p, const gb_gemm *gemm)
{
	float one = 1, keep = gemm->accumulate ? 1.0f : 0.0f;

	if (p->key.fused != PLAIN && gemm->bias &&
	    !set(p->what, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &gemm->bias, sizeof gemm->bias))
		return false;
	if (p->key.fused >= GELU_PRE &&
	    !set(p->what, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, &gemm->pre, sizeof gemm->pre))
		return false;
	return cublasLtMatmul(state->handle, p->what, &one, gemm->b, p->b, gemm->a, p->a, &keep, gemm->c,
	                      p->c, gemm->c, p->c, &p->way, state->workspace, WORKSPACE,
	                      gb_stream(device)) == CUBLAS_STATUS_SUCCESS;
}

const char *gb_gemm_queue(const gb_device *device, gb_gemm_state *state, const gb_gemm *gemm, bool *done)
{
	int wanted = fused_epilogue(gemm);
	bool nothing = !gemm->bias && !gemm->pre && gemm->activation == GB_LINEAR;

	for (int fused = wanted;; fused = PLAIN) {
		shape key;
		plan *p;

		memset(&key, 0, sizeof key); /* compared as bytes */
		key.m = gemm->m, key.n = gemm->n, key.k = gemm->k;
		key.transpose_a = gemm->transpose_a, key.transpose_b = gemm->transpose_b,
		key.accumulate = gemm->accumulate;
		key.precision = gemm->precision;
		key.fused = fused;
		p = plan_for(state, &key);
		*done = fused != PLAIN || nothing;
		if (p && p->possible)
			return run(device, state, p, gemm) ? NULL : "cuBLASLt failed";
		if (fused == PLAIN)
			return "cuBLASLt knows no way for these sizes";
	}
}
