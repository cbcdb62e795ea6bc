# SPDX-License-Identifier: MIT
# classes.mk: code for one processor class.  NAME_body.h becomes one object for each class
# (lib/base/class_body.h); NAME_avx2.c or NAME_amx.c exists for that class alone.

# Sanitizers on fully unrolled -O3 loops take the compiler minutes: -O3 where speed counts.
class_O3 := $(if $(filter-out opt,$(MODE))$(findstring sanitize,$(CFLAGS)),,-O3)
class_avx2 := $(class_O3) -mavx2 -mfma -mf16c
class_avx512 := $(class_avx2) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mprefer-vector-width=512
class_amx := $(class_avx512) -mavx512bf16 -mavx512vbmi -mamx-tile -mamx-bf16
$(BUILD)/%_generic.o: extra := -DGB_CLASS=generic -DGB_LANES=1
$(BUILD)/%_avx2.o: extra := $(class_avx2) -DGB_CLASS=avx2 -DGB_LANES=8
$(BUILD)/%_avx512.o: extra := $(class_avx512) -DGB_CLASS=avx512 -DGB_LANES=16
$(BUILD)/%_amx.o: extra := $(class_amx) -DGB_CLASS=amx -DGB_LANES=16

define class_rule
$(BUILD)/%_body_$(1).o: %_body.h $(BUILD)/flags
	$$(call say,CC,$$< ($(1)))
	@mkdir -p $$(@D)
	$$(Q)$$(compile) $$(extra) -MMD -MP -x c -c $$< -o $$@
endef
$(foreach class,generic avx2 avx512,$(eval $(call class_rule,$(class))))
