# SPDX-License-Identifier: MIT
# cuda.mk: the same .cu sources by nvcc, and gradients from GPU to GPU by NCCL.

NVCC ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
cuda_home := $(if $(NVCC),$(abspath $(dir $(realpath $(NVCC)))..))
CUDA_ARCH := -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 \
             -gencode arch=compute_90,code=compute_90
empty :=
space := $(empty) $(empty)
host_flags := -fPIC -fvisibility=hidden -Wall -Wextra -Werror \
              -Wno-unused-function -Wno-missing-field-initializers -Wno-unused-parameter
# nvcc's warnings are errors always: nobody sees them on a machine without it.
NVCCFLAGS = -std=c++17 -O3 $(CUDA_ARCH) -Ikernels/cuda -Ikernels -Ilib -Werror all-warnings -Xptxas -v \
            -Xcompiler=$(subst $(space),$(comma),$(strip $(host_flags)))
cuda_o := $(patsubst %.cu,$(BUILD)/cuda/%.o,$(cu) $(wildcard kernels/cuda/*.cu)) $(pic_o)
plugins += $(if $(and $(NVCC),$(filter opt,$(MODE))),$(BUILD)/libexec/giblet/libgb_cuda.so)

# The report of ptxas (registers, shared memory, spills) stays beside each object.
$(BUILD)/cuda/%.o: %.cu $(BUILD)/flags
	$(call say,NVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(NVCC) $(NVCCFLAGS) -MMD -MP -c $< -o $@ >$(@:.o=.ptxas) 2>&1 || \
	  { cat $(@:.o=.ptxas) >&2; exit 1; }
$(BUILD)/libexec/giblet/libgb_cuda.so: $(cuda_o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(NVCC) -shared -cudart static $(CUDA_ARCH) $(cuda_o) -lcublasLt -o $@

# ---- NCCL; where only its header is found, the tests build it with their stand-in for the library

nccl_h := $(firstword $(wildcard $(cuda_home)/include/nccl.h /usr/include/nccl.h /usr/local/include/nccl.h))
nccl_lib := $(firstword $(wildcard $(cuda_home)/lib64/libnccl.so \
              /usr/lib/x86_64-linux-gnu/libnccl.so)) \
            $(wildcard $(cuda_home)/lib64/libcudart.so)
nccl_flags = $(plugin_flags) -isystem $(cuda_home)/include -isystem $(dir $(nccl_h))
nccl_paths = $(patsubst %,-Wl$(comma)-rpath$(comma)%,$(sort $(dir $(nccl_lib))))
nccl_found := $(and $(nccl_h),$(filter %libnccl.so,$(nccl_lib)))
plugins += $(if $(nccl_found),$(BUILD)/libexec/giblet/libgb_nccl.so)
nccl_standin := $(if $(nccl_h),$(BUILD)/tests/nccl/libgb_nccl.so)
$(BUILD)/libexec/giblet/libgb_nccl.so: lib/comm/nccl/nccl.c lib/comm/device_link.h $(BUILD)/flags
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(nccl_flags) $< -shared $(nccl_lib) $(nccl_paths) -o $@
$(BUILD)/tests/nccl/libgb_nccl.so: \
  lib/comm/nccl/nccl.c tests/nccl/standin.c lib/comm/device_link.h $(BUILD)/flags
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(nccl_flags) -Wno-missing-prototypes $(filter %.c,$^) -shared -o $@

-include $(cuda_o:.o=.d)
