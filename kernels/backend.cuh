/* SPDX-License-Identifier: MIT */
/* backend.cuh: the state of a CUDA device (real or emulated), for backend.cu,
 * memory.cu and matmul.cu. */
#ifndef GB_KERNELS_BACKEND_CUH
#define GB_KERNELS_BACKEND_CUH

#include "gemm.cuh"
#include "kernel.cuh"

typedef struct gb_block { struct gb_block *next; void *memory; } gb_block;

typedef struct gb_cuda {
	cudaStream_t compute, copy;
	cudaEvent_t sent, used;    /* the stage has been filled; has been emptied */
	unsigned most_blocks;
	enum gb_precision precision;
	gb_gemm_state *gemm;
	struct { void *memory; size_t bytes; } scratch[GB_SCRATCH_SLOTS];
	gb_block *retired;         /* smaller scratch that recordings may still name */
	void *stage;
	size_t stage_bytes;
	const float *weights;      /* of which SHADOW [count] is the copy in BF16 */
	uint16_t *shadow;
	size_t count;
	bool shadow_good, recording;
	char failure[400];         /* the first; empty: none */
} gb_cuda;

static inline gb_cuda *gb_cuda_of(const gb_device *device) { return (gb_cuda *)device->state; }

/* Keeps the first failure: WHAT, and ERROR in words.  True when there was none. */
bool gb_cuda_good(const gb_device *device, cudaError_t error, const char *what);
void gb_cuda_report(const gb_device *device, const char *what, const char *why);

/* target.cu of cuda/ and emu/: the name of the back end, and what it reads of its
 * options beyond the precision: NUMBER is the device's (cuda) or the order of threads (emu), −1 where none is
 * asked for: then PLACE modulo the devices there are.  Fills the number of DEVICE. */
extern const char gb_target_name[];
GB_CHECK gb_status gb_target_open(gb_device *device, long number, unsigned place, gb_err *err);

/* memory.cu */
void *gb_cuda_allocate(const gb_device *device, size_t bytes, gb_err *err);
void gb_cuda_release(const gb_device *device, void *memory);
void gb_cuda_upload(const gb_device *device, void *to, const void *from, size_t bytes);
void gb_cuda_copy(const gb_device *device, void *to, const void *from, size_t bytes);
void gb_cuda_fill(const gb_device *device, void *to, int byte, size_t bytes);
gb_status gb_cuda_download(const gb_device *device, void *to, const void *from, size_t bytes, gb_err *err);
void *gb_cuda_allocate_host(const gb_device *device, size_t bytes, gb_err *err);
void gb_cuda_release_host(const gb_device *device, void *memory);
void gb_cuda_send(const gb_device *device, void *to, const void *from, size_t bytes);
void gb_cuda_keep_weights(const gb_device *device, const float *w, size_t n);
void gb_cuda_refresh_shadow(const gb_device *device);
void gb_cuda_free_memory(const gb_device *device);

/* record.cu */
bool gb_cuda_begin(const gb_device *device, void **recording);
void gb_cuda_end(const gb_device *device, void **recording);
void gb_cuda_forget(const gb_device *device, void *recording);

#define GB_OP_DECLARE(op) void gb_cuda_##op(const gb_device *device, const struct gb_op_##op *args);
GB_OPS(GB_OP_DECLARE)
#undef GB_OP_DECLARE

#endif
