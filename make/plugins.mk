# SPDX-License-Identifier: MIT
# plugins.mk: optional parts of the tools, each built where what it needs is found: MPI, NCCL, and
# the emulated device, which is the .cu sources by g++ with threads as fibres.

CXX ?= c++
comma := ,

# Code of lib/ that plug-ins contain, too.
pic_o := $(patsubst %,$(BUILD)/pic/lib/base/%.o,cpu pool size status)
$(BUILD)/pic/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (for plug-ins))
	@mkdir -p $(@D)
	$(Q)$(CC) $(GB_CFLAGS) -fPIC -MMD -MP -c $< -o $@

# ---- MPI

MPICC := $(shell command -v mpicc 2>/dev/null)
plugins += $(if $(MPICC),$(BUILD)/libexec/giblet/libgb_mpi.so)
plugin_flags = -std=c11 -D_GNU_SOURCE -Ilib -fvisibility=hidden -fPIC \
               $(WARNINGS) $(if $(WERROR),-Werror) $(CFLAGS)
$(BUILD)/libexec/giblet/libgb_mpi.so: lib/comm/mpi/mpi.c lib/comm/transport.h lib/base/status.h $(BUILD)/flags
	$(call say,MPICC,$<)
	@mkdir -p $(@D)
	$(Q)$(MPICC) $(plugin_flags) -shared $< -o $@

# ---- the emulated device

cu := $(sort $(wildcard kernels/*.cu))
emu_fibre := kernels/emu/fibre_$(if $(filter x86_64,$(shell uname -m)),x86_64,any).cpp
emu_cpp := $(filter-out kernels/emu/fibre_%,$(wildcard kernels/emu/*.cpp)) $(emu_fibre)
emu_o := $(cu:%.cu=$(BUILD)/emu/%.o) $(emu_cpp:%.cpp=$(BUILD)/emu/%.o) $(pic_o)
EMU_CXXFLAGS = -std=c++17 -D_GNU_SOURCE -Ikernels/emu -Ikernels -Ilib -I. -fPIC -fvisibility=hidden \
               -ftls-model=initial-exec -ffp-contract=off -fno-math-errno -ftree-vectorize \
               -Wall -Wextra -Wpointer-arith -Wno-unused-function -Wno-missing-field-initializers \
               $(if $(WERROR),-Werror) $(CFLAGS) $(flags_$(MODE))
plugins += $(BUILD)/libexec/giblet/libgb_emu.so

# ThreadSanitizer sees fibres through its own calls, not by instrumenting the code that switches them.
emu_switches := $(patsubst %,$(BUILD)/emu/kernels/emu/%.o,emu runtime fibre_x86_64 fibre_any)
$(emu_switches): EMU_CXXFLAGS += -fno-sanitize=thread
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

# For tests/mutants/run, which builds the plug-in with one object changed.
print-emu-compile:
	@echo '$(CXX) $(EMU_CXXFLAGS)'
print-emu-objects:
	@echo '$(emu_o)'
print-emu-link:
	@echo '$(GB_LDFLAGS)'

-include $(emu_o:.o=.d)
