# SPDX-License-Identifier: MIT
#
# NAME
#     make: build, test, install and demonstrate giblet
#
# SYNOPSIS
#     make [TARGET] [VARIABLE=value ...]
#
# TARGETS
#     all        (default) the tools, in build/MODE/bin
#     demo       everything on a sample film: install packages, build, fetch, run, report
#     check      all tests (alone on a fresh machine: installs what it needs first)
#     lint       warnings as errors, layers, headers, man pages, shell scripts
#     bench      speed against the usual peers, ratios in one run; DEVICE=cuda: the roofline table too
#     sanitize   all tests of the operations on the emulated device, under both sanitizers (nightly)
#     mutants    small faults planted in the code, each of which a test must find (nightly)
#     fuzz       libFuzzer campaigns (SECONDS=600 each)
#     deps       install the Debian packages that are missing; says which
#     install    programs, pages and shell completion under DESTDIR/PREFIX
#     clean      remove build/
#
# VARIABLES
#     MODE=opt|asan|tsan|debug|cov    how to compile; each has its own folder
#     PREFIX=/usr/local DESTDIR=      where to install
#     V=1                             show the commands
#     T='tests/cli/gb-inspect.t ...'  run these tests only (make check)

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

MODE ?= opt
PREFIX ?= /usr/local
SECONDS ?= 600
CC ?= cc
ifeq ($(origin CC),default)
CC := cc
endif
BUILD := build/$(MODE)

flags_opt :=
flags_debug := -O0 -g3
flags_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
flags_tsan := -O1 -g -fsanitize=thread
flags_cov := -O0 -g --coverage
ifeq ($(origin flags_$(MODE)),undefined)
$(error MODE=$(MODE): one of opt asan tsan debug cov is wanted)
endif

LIBS := libavformat libavcodec libavutil libswscale sndfile samplerate zlib jansson libzip expat libpng openblas
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lniftiio -lznz -ldeflate -lpthread -ldl -lm

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wno-missing-field-initializers
CFLAGS ?= -O2 -g
GB_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ilib -Ikernels -I. -ffp-contract=off -fno-math-errno -ftree-vectorize -fvisibility=hidden \
            $(WARNINGS) $(if $(WERROR),-Werror) $(CFLAGS) $(flags_$(MODE))
GB_LDFLAGS = $(LDFLAGS) $(flags_$(MODE))

lib_c := $(sort $(wildcard lib/*/*.c) $(wildcard kernels/*.c))
tool_c := $(sort $(wildcard tools/*.c))
unit_c := $(sort $(wildcard tests/unit/*.c) $(wildcard tests/kernels/*.c) $(wildcard tests/fuzz/*.c))
class_bodies := $(wildcard lib/*/*_body.h kernels/*_body.h)
lib_o := $(lib_c:%.c=$(BUILD)/%.o) $(foreach class,generic avx2 avx512,$(class_bodies:%.h=$(BUILD)/%_$(class).o))
tools := $(tool_c:tools/%.c=$(BUILD)/bin/%)
units := $(unit_c:%.c=$(BUILD)/%) $(BUILD)/tests/emu/emulator
pages := $(wildcard man/*.[157])
# Optional parts, opened only when asked for: each is built where what it needs is found.
MPICC := $(shell command -v mpicc 2>/dev/null)
plugins := $(if $(MPICC),$(BUILD)/libexec/giblet/libgb_mpi.so)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# ---- back ends as plug-ins: the same .cu sources by g++ and the emulator, and by nvcc where there is one
CXX ?= c++
NVCC ?= $(firstword $(shell command -v nvcc 2>/dev/null) $(wildcard /usr/local/cuda/bin/nvcc))
CUDA_ARCH := -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90 -gencode arch=compute_90,code=compute_90
plugins += $(BUILD)/libexec/giblet/libgb_emu.so $(if $(and $(NVCC),$(filter opt,$(MODE))),$(BUILD)/libexec/giblet/libgb_cuda.so)
cuda_home := $(if $(NVCC),$(abspath $(dir $(realpath $(NVCC)))..))
comma := ,
nccl_h := $(firstword $(wildcard $(cuda_home)/include/nccl.h /usr/include/nccl.h /usr/local/include/nccl.h))
nccl_lib := $(firstword $(wildcard $(cuda_home)/lib64/libnccl.so /usr/lib/x86_64-linux-gnu/libnccl.so)) $(wildcard $(cuda_home)/lib64/libcudart.so)
link_flags = -std=c11 -D_GNU_SOURCE -Ilib -isystem $(cuda_home)/include -isystem $(dir $(nccl_h)) -fvisibility=hidden -fPIC $(WARNINGS) $(if $(WERROR),-Werror) $(CFLAGS)
plugins += $(if $(and $(nccl_h),$(filter %libnccl.so,$(nccl_lib))),$(BUILD)/libexec/giblet/libgb_nccl.so)
cu := $(sort $(wildcard kernels/*.cu))
pic_o := $(patsubst %,$(BUILD)/pic/lib/base/%.o,cpu pool size status)
emu_cpp := $(filter-out kernels/emu/fibre_%,$(wildcard kernels/emu/*.cpp)) kernels/emu/fibre_$(if $(filter x86_64,$(shell uname -m)),x86_64,any).cpp
emu_o := $(cu:%.cu=$(BUILD)/emu/%.o) $(emu_cpp:%.cpp=$(BUILD)/emu/%.o) $(pic_o)
cuda_o := $(cu:%.cu=$(BUILD)/cuda/%.o) $(patsubst %.cu,$(BUILD)/cuda/%.o,$(wildcard kernels/cuda/*.cu)) $(pic_o)
EMU_CXXFLAGS = -std=c++17 -D_GNU_SOURCE -Ikernels/emu -Ikernels -Ilib -I. -fPIC -fvisibility=hidden -ftls-model=initial-exec -ffp-contract=off -fno-math-errno -ftree-vectorize \
               -Wall -Wextra -Wpointer-arith -Wno-unused-function -Wno-missing-field-initializers $(if $(WERROR),-Werror) $(CFLAGS) $(flags_$(MODE))
# nvcc's warnings are errors always: nobody sees them on a machine without it.
NVCCFLAGS = -std=c++17 -O3 $(CUDA_ARCH) -Ikernels/cuda -Ikernels -Ilib -Werror all-warnings -Xptxas -v -Xcompiler=-fPIC,-fvisibility=hidden,-Wall,-Wextra,-Werror,-Wno-unused-function,-Wno-missing-field-initializers,-Wno-unused-parameter

.PHONY: kernel-units mutants sanitize roofline all check lint bench fuzz deps install clean demo units FORCE
all: $(tools) $(plugins) $(BUILD)/tests/libexec

# Rebuild exactly when a flag changed.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(GB_CFLAGS) $(PKG_CFLAGS) | $(GB_LDFLAGS)' | cmp -s - $@ || printf '%s\n' '$(CC) $(GB_CFLAGS) $(PKG_CFLAGS) | $(GB_LDFLAGS)' >$@

# Code for one processor class: NAME_body.h becomes one object for each class (lib/base/class_body.h);
# NAME_avx2.c or NAME_amx.c exists for that class alone.
# Sanitizers on fully unrolled -O3 loops take the compiler minutes: -O3 where speed counts.
class_O3 := $(if $(filter-out opt,$(MODE))$(findstring sanitize,$(CFLAGS)),,-O3)
class_avx2 := $(class_O3) -mavx2 -mfma -mf16c
class_avx512 := $(class_avx2) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512
$(BUILD)/%_generic.o: extra := -DGB_CLASS=generic -DGB_LANES=1
$(BUILD)/%_avx2.o: extra := $(class_avx2) -DGB_CLASS=avx2 -DGB_LANES=8
$(BUILD)/%_avx512.o: extra := $(class_avx512) -DGB_CLASS=avx512 -DGB_LANES=16
$(BUILD)/%_amx.o: extra := $(class_avx512) -mavx512bf16 -mavx512vbmi -mamx-tile -mamx-bf16 -DGB_CLASS=amx -DGB_LANES=16

define class_rule
$(BUILD)/%_body_$(1).o: %_body.h $(BUILD)/flags
	$$(call say,CC,$$< ($(1)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(GB_CFLAGS) $$(PKG_CFLAGS) $$(extra) -MMD -MP -x c -c $$< -o $$@
endef
$(foreach class,generic avx2 avx512,$(eval $(call class_rule,$(class))))

# Its header includes a sibling by name alone.
$(BUILD)/lib/nifti/geometry.o: extra := -isystem /usr/include/nifti

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GB_CFLAGS) $(PKG_CFLAGS) $(extra) -MMD -MP -c $< -o $@

$(BUILD)/libgb.a: $(lib_o)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $^

# What the tests of the operations need, which sanitizers can build in a minute.
kernels_o := $(filter $(BUILD)/kernels/% $(BUILD)/lib/base/% $(BUILD)/lib/tensor/dtype.o $(BUILD)/lib/network/%.o,$(lib_o))
$(BUILD)/libgb_kernels.a: $(kernels_o)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $^

$(BUILD)/bin/%: $(BUILD)/tools/%.o $(BUILD)/libgb.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $< $(BUILD)/libgb.a $(GB_LDFLAGS) $(PKG_LIBS) -o $@

$(BUILD)/libexec/giblet/libgb_mpi.so: lib/comm/mpi/mpi.c lib/comm/transport.h lib/base/status.h $(BUILD)/flags
	$(call say,MPICC,$<)
	@mkdir -p $(@D)
	$(Q)$(MPICC) -std=c11 -D_GNU_SOURCE -Ilib -fvisibility=hidden $(WARNINGS) $(if $(WERROR),-Werror) $(CFLAGS) -fPIC -shared $< -o $@

$(BUILD)/tests/kernels/%: $(BUILD)/tests/kernels/%.o $(BUILD)/libgb_kernels.a
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb_kernels.a $(GB_LDFLAGS) $(PKG_LIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libgb.a
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb.a $(GB_LDFLAGS) $(PKG_LIBS) -o $@

$(BUILD)/pic/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (for plug-ins))
	@mkdir -p $(@D)
	$(Q)$(CC) $(GB_CFLAGS) -fPIC -MMD -MP -c $< -o $@

# ThreadSanitizer sees fibres through its own calls, not by instrumenting what switches them.
$(BUILD)/emu/kernels/emu/emu.o $(BUILD)/emu/kernels/emu/runtime.o $(BUILD)/emu/kernels/emu/fibre_%.o: EMU_CXXFLAGS += -fno-sanitize=thread
$(BUILD)/emu/%.o: %.cu $(BUILD)/flags
	$(call say,EMU,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(EMU_CXXFLAGS) -MMD -MP -x c++ -c $< -o $@
$(BUILD)/emu/%.o: %.cpp $(BUILD)/flags
	$(call say,EMU,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(EMU_CXXFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/libexec/giblet/libgb_emu.so: $(emu_o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) -shared $(emu_o) $(GB_LDFLAGS) -lpthread -o $@

# Gradients from GPU to GPU, where NCCL is; and, where its header is, with the tests' stand-in.
$(BUILD)/libexec/giblet/libgb_nccl.so: lib/comm/nccl/nccl.c lib/comm/device_link.h $(BUILD)/flags
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(link_flags) $< -shared $(nccl_lib) $(patsubst %,-Wl$(comma)-rpath$(comma)%,$(sort $(dir $(nccl_lib)))) -o $@
$(BUILD)/tests/nccl/libgb_nccl.so: lib/comm/nccl/nccl.c tests/nccl/standin.c lib/comm/device_link.h $(BUILD)/flags
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(link_flags) -Wno-missing-prototypes $(filter %.c,$^) -shared -o $@

# What ptxas says of registers, shared memory and spills stays beside each object.
$(BUILD)/cuda/%.o: %.cu $(BUILD)/flags
	$(call say,NVCC,$<)
	@mkdir -p $(@D)
	$(Q)$(NVCC) $(NVCCFLAGS) -MMD -MP -c $< -o $@ >$(@:.o=.ptxas) 2>&1 || { cat $(@:.o=.ptxas) >&2; exit 1; }
$(BUILD)/libexec/giblet/libgb_cuda.so: $(cuda_o)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(NVCC) -shared -cudart static $(CUDA_ARCH) $(cuda_o) -lcublasLt -o $@

# The emulator's own test, with its core inside.
emu_core := $(filter-out %/target.o %/gemm.o,$(emu_cpp:%.cpp=$(BUILD)/emu/%.o)) $(pic_o)
$(BUILD)/tests/emu/emulator: $(BUILD)/emu/tests/emu/emulator.o $(emu_core)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $^ $(GB_LDFLAGS) -lpthread -lm -o $@

# For tests/mutants/run, which builds the plug-in with one object changed.
print-emu-compile:
	@echo '$(CXX) $(EMU_CXXFLAGS)'
print-emu-objects:
	@echo '$(emu_o)'
print-emu-link:
	@echo '$(GB_LDFLAGS)'

# Tests find the plug-ins where installed programs do.
$(BUILD)/tests/libexec:
	@mkdir -p $(@D) && ln -sfn ../libexec $@

# Programs with one planted fault, which a test must find (tests/lib.sh: mutant): mutants/NAME is the
# first one of its record in tests/mutants/programs, mutants/NAME.PROGRAM is each of them.
$(BUILD)/mutants/%: tests/mutants/programs $(BUILD)/libgb.a $(tool_c:%.c=$(BUILD)/%.o)
	$(call say,PLANT,$*)
	@mkdir -p $@.src
	$(Q)programs=$$(tests/mutants/plant --list | awk -F '\t' '$$1 == "$*" { print $$4 }') && source=$$(tests/mutants/plant $* $@.src) && \
	  $(CC) $(GB_CFLAGS) $(PKG_CFLAGS) -Wno-error -c $$source -o $@.o && for program in $$programs; do \
	  $(CC) $(BUILD)/tools/$$program.o $@.o $(BUILD)/libgb.a $(GB_LDFLAGS) $(PKG_LIBS) -o $@.$$program || exit 1; done && cp $@.$${programs%% *} $@

$(BUILD)/bench/roofline: $(BUILD)/bench/roofline.o $(BUILD)/libgb_kernels.a $(plugins)
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb_kernels.a $(GB_LDFLAGS) $(PKG_LIBS) -o $@

# Programs that make sample data.
$(BUILD)/data/%: $(BUILD)/data/%.o $(BUILD)/libgb.a
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb.a $(GB_LDFLAGS) $(PKG_LIBS) -o $@

-include $(BUILD)/data/shrink-mask.d $(BUILD)/bench/roofline.d $(lib_o:.o=.d) $(tool_c:%.c=$(BUILD)/%.d) $(unit_c:%.c=$(BUILD)/%.d) $(emu_o:.o=.d) $(cuda_o:.o=.d) $(BUILD)/emu/tests/emu/emulator.d
.SECONDARY:

deps:
	@.ci/deps build

kernel_units := $(filter $(BUILD)/tests/kernels/%,$(units)) $(BUILD)/tests/emu/emulator
kernel-units: $(kernel_units) $(BUILD)/libexec/giblet/libgb_emu.so $(BUILD)/tests/libexec

units: $(units) $(plugins) $(if $(nccl_h),$(BUILD)/tests/nccl/libgb_nccl.so) $(BUILD)/tests/libexec $(BUILD)/bench/roofline

T ?= $(sort $(wildcard tests/*/*.t)) $(units)
check:
	@.ci/deps check
	@$(MAKE) --no-print-directory -j2 all units MODE=$(MODE)
	@$(MAKE) --no-print-directory -j2 kernel-units MODE=asan
	@$(MAKE) --no-print-directory -j2 kernel-units MODE=tsan
	@GB_BUILD=$(abspath $(BUILD)) LC_ALL=C prove -j2 --timer --merge -e '' $(T)

lint:
	@.ci/deps lint
	@tests/lint

# All planted faults; all kernel tests under the sanitizers: minutes each.
mutants sanitize:
	@.ci/deps check
	@$(MAKE) --no-print-directory -j2 all units
	@for mode in asan tsan; do $(MAKE) --no-print-directory -j2 kernel-units MODE=$$mode || exit 1; done
	@$(if $(filter mutants,$@),tests/mutants/run,GB_SANITIZE_ALL=1 tests/kernels/sanitized.t)

bench:
	@.ci/deps bench
	@$(MAKE) --no-print-directory all $(BUILD)/bench/roofline
	@$(if $(DEVICE),$(BUILD)/bench/roofline --device $(DEVICE) | tee bench/results/roofline-$(DEVICE).tsv)
	@GB_BUILD=$(abspath $(BUILD)) bench/run

fuzz:
	@.ci/deps fuzz
	@SECONDS_EACH=$(SECONDS) tests/fuzz/run

demo:
	@.ci/deps build
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory -C pipelines demo

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(tools) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/libexec/giblet && install -m 755 $(plugins) $(DESTDIR)$(PREFIX)/libexec/giblet
	for section in 1 5 7; do install -d $(DESTDIR)$(PREFIX)/share/man/man$$section; \
	  install -m 644 man/*.$$section $(DESTDIR)$(PREFIX)/share/man/man$$section; done
	install -d $(DESTDIR)$(PREFIX)/share/giblet
	install -m 644 data/encodec-tiny.safetensors $(DESTDIR)$(PREFIX)/share/giblet
	for tool in $(tools); do $$tool --completion >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$${tool##*/}; done

clean:
	rm -rf build
