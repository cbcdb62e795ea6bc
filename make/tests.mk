# SPDX-License-Identifier: MIT
# tests.mk: test programs, check, lint, sanitizers, mutants, fuzzing and benchmarks.

unit_c := $(sort $(wildcard tests/unit/*.c) $(wildcard tests/kernels/*.c) $(wildcard tests/fuzz/*.c))
units := $(unit_c:%.c=$(BUILD)/%) $(BUILD)/tests/emu/emulator
kernel_units := $(filter $(BUILD)/tests/kernels/%,$(units)) $(BUILD)/tests/emu/emulator
test_jobs := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n > 8 ? 8 : n))) # some tests watch the clock

units: $(units) $(plugins) $(nccl_standin) $(BUILD)/tests/libexec $(BUILD)/bench/roofline

# Tests find the plug-ins where installed programs do.
$(BUILD)/tests/libexec:
	@mkdir -p $(@D) && ln -sfn ../libexec $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libgb.a
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb.a $(libraries) -o $@

# ---- tests of the operations need a part of the library, which sanitizers can build in a minute

kernels_parts := kernels/% lib/base/% lib/tensor/dtype.o lib/network/%.o
kernels_o := $(filter $(addprefix $(BUILD)/,$(kernels_parts)),$(lib_o))
$(BUILD)/libgb_kernels.a: $(kernels_o)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $^
$(BUILD)/tests/kernels/%: $(BUILD)/tests/kernels/%.o $(BUILD)/libgb_kernels.a
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb_kernels.a $(libraries) -o $@
# The emulator's own test, with its core inside.
emu_core := $(filter-out %/target.o %/gemm.o,$(emu_cpp:%.cpp=$(BUILD)/emu/%.o)) $(pic_o)
$(BUILD)/tests/emu/emulator: $(BUILD)/emu/tests/emu/emulator.o $(emu_core)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $^ $(GB_LDFLAGS) -lpthread -lm -o $@
.PHONY: kernel-units sanitized-units
kernel-units: $(kernel_units) $(BUILD)/libexec/giblet/libgb_emu.so $(BUILD)/tests/libexec
sanitized-units:
	@$(MAKE) --no-print-directory kernel-units MODE=asan
	@$(MAKE) --no-print-directory kernel-units MODE=tsan

# ---- check: T names tests; a .t may run any tool or unit, a unit needs itself alone

T ?= $(sort $(wildcard tests/*/*.t)) $(units)
wanted = $(filter-out %.t,$(T)) $(if $(filter %.t,$(T)),all units)
check:
	@.ci/deps check
	@$(MAKE) --no-print-directory $(plugins) $(BUILD)/tests/libexec $(wanted) MODE=$(MODE)
	@$(if $(filter %sanitized.t,$(T)),$(MAKE) --no-print-directory sanitized-units)
	@rm -rf $(BUILD)/check
	@GB_BUILD=$(abspath $(BUILD)) LC_ALL=C prove -j$(test_jobs) --timer --merge -e tests/logged $(T) || \
	  { tests/summary $(BUILD)/check; exit 1; }

lint:
	@.ci/deps lint
	@tests/lint

# All planted faults; all tests of the operations under the sanitizers: minutes each.
mutants sanitize:
	@.ci/deps check
	@$(MAKE) --no-print-directory all units MODE=opt
	@$(MAKE) --no-print-directory sanitized-units
	@$(if $(filter mutants,$@),tests/mutants/run,GB_SANITIZE_ALL=1 tests/kernels/sanitized.t)

# Programs with one planted fault, which a test must find (tests/lib.sh: mutant): mutants/NAME is the
# first one of its record in tests/mutants/programs, mutants/NAME.PROGRAM is each of them.
$(BUILD)/mutants/%: tests/mutants/programs $(BUILD)/libgb.a $(tool_c:%.c=$(BUILD)/%.o)
	$(call say,PLANT,$*)
	@mkdir -p $@.src
	$(Q)programs=$$(tests/mutants/plant --list | awk -F '\t' '$$1 == "$*" { print $$4 }') && \
	  source=$$(tests/mutants/plant $* $@.src) && $(compile) -Wno-error -c $$source -o $@.o && \
	  for program in $$programs; do \
	    $(CC) $(BUILD)/tools/$$program.o $@.o $(BUILD)/libgb.a $(libraries) -o $@.$$program || exit 1; \
	  done && cp $@.$${programs%% *} $@

fuzz:
	@.ci/deps fuzz
	@SECONDS_EACH=$(SECONDS) tests/fuzz/run

# ---- benchmarks, and programs that make sample data

bench:
	@.ci/deps bench
	@$(MAKE) --no-print-directory all $(BUILD)/bench/roofline
	@$(if $(DEVICE),$(BUILD)/bench/roofline --device $(DEVICE) | tee bench/results/roofline-$(DEVICE).tsv)
	@GB_BUILD=$(abspath $(BUILD)) bench/run

$(BUILD)/bench/roofline: $(BUILD)/bench/roofline.o $(BUILD)/libgb_kernels.a $(plugins)
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb_kernels.a $(libraries) -o $@

$(BUILD)/data/%: $(BUILD)/data/%.o $(BUILD)/libgb.a
	$(call say,LINK,$@)
	$(Q)$(CC) $< $(BUILD)/libgb.a $(libraries) -o $@

-include $(unit_c:%.c=$(BUILD)/%.d) $(BUILD)/emu/tests/emu/emulator.d
-include $(BUILD)/bench/roofline.d $(BUILD)/data/shrink-mask.d
