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
#     units      the test programs, so that one test can be run by itself: sh tests/cli/gb-inspect.t
#     lint       warnings as errors, layers, headers, man pages, shell scripts
#     bench      speed against the usual peers, ratios in one run; DEVICE=cuda: the roofline table too
#     sanitize   all tests of the operations on the emulated device, under both sanitizers (nightly)
#     mutants    small faults planted in the code, each of which a test must find (nightly)
#     fuzz       libFuzzer campaigns (SECONDS=600 each)
#     deps       install the Debian packages that are missing; says which
#     install    programs, pages and shell completion under DESTDIR/PREFIX
#     clean      remove build/
#     help       this text
#
# VARIABLES
#     MODE=opt|asan|tsan|debug|cov    how to compile; each has its own folder
#     PREFIX=/usr/local DESTDIR=      where to install
#     CC= CFLAGS= LDFLAGS= WERROR=1   compiler, its flags, warnings as errors
#     V=1                             show the commands
#     T='tests/cli/gb-inspect.t ...'  run these tests only, and build what they need (make check)
#     ACCEPT=1                        tests write the files of expected output anew (make check)
#
# All processors are used; -j1 asks for one.

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2) # a -j of the command line counts
endif

MODE ?= opt
PREFIX ?= /usr/local
SECONDS ?= 600
CC ?= cc
ifeq ($(origin CC),default)
CC := cc
endif
BUILD := build/$(MODE)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

# ---- flags

flags_opt :=
flags_debug := -O0 -g3
flags_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
flags_tsan := -O1 -g -fsanitize=thread
flags_cov := -O0 -g --coverage
ifeq ($(origin flags_$(MODE)),undefined)
$(error MODE=$(MODE): one of opt asan tsan debug cov is wanted)
endif

LIBS := libavformat libavcodec libavutil libswscale sndfile samplerate zlib jansson libzip expat \
        libpng openblas
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lniftiio -lznz -ldeflate -lpthread -ldl -lm

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
            -Wvla -Wno-missing-field-initializers
CFLAGS ?= -O2 -g
# -ffp-contract=off: a product and a sum keep their own roundings, so every processor gives the same bytes.
GB_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ilib -Ikernels -I. -ffp-contract=off \
            -fno-math-errno -ftree-vectorize -fvisibility=hidden \
            $(WARNINGS) $(if $(WERROR),-Werror) $(CFLAGS) $(flags_$(MODE))
GB_LDFLAGS = $(LDFLAGS) $(flags_$(MODE))
compile = $(CC) $(GB_CFLAGS) $(PKG_CFLAGS)
libraries = $(GB_LDFLAGS) $(PKG_LIBS)

# ---- the library, all of lib/ and kernels/ in one archive, and the tools, one for each .c of tools/

lib_c := $(sort $(wildcard lib/*/*.c) $(wildcard kernels/*.c))
tool_c := $(sort $(wildcard tools/*.c))
bodies := $(wildcard lib/*/*_body.h kernels/*_body.h)
lib_o := $(lib_c:%.c=$(BUILD)/%.o) $(foreach class,generic avx2 avx512,$(bodies:%.h=$(BUILD)/%_$(class).o))
tools := $(tool_c:tools/%.c=$(BUILD)/bin/%)
plugins := # optional parts, opened only when asked for: make/plugins.mk, make/cuda.mk

.PHONY: all units check lint bench fuzz sanitize mutants deps install clean demo help FORCE
all:

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(compile) $(extra) -MMD -MP -c $< -o $@

$(BUILD)/libgb.a: $(lib_o)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcsD $@ $^

$(BUILD)/bin/%: $(BUILD)/tools/%.o $(BUILD)/libgb.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $< $(BUILD)/libgb.a $(libraries) -o $@

# Rebuild exactly when a flag changed.
flags = $(CC) $(GB_CFLAGS) $(PKG_CFLAGS) | $(GB_LDFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(flags)' | cmp -s - $@ || printf '%s\n' '$(flags)' >$@

# Its header includes a sibling by name alone.
$(BUILD)/lib/nifti/geometry.o: extra := -isystem /usr/include/nifti

include make/classes.mk make/plugins.mk make/cuda.mk make/tests.mk make/install.mk

all: $(tools) $(plugins) $(BUILD)/tests/libexec

help:
	@sed -n '3,/^$$/s/^# \{0,1\}//p' Makefile

deps:
	@.ci/deps build

demo:
	@.ci/deps build
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory -C pipelines demo

clean:
	rm -rf build

-include $(lib_o:.o=.d) $(tool_c:%.c=$(BUILD)/%.d)
.SECONDARY:
