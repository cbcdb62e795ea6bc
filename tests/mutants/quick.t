#!/bin/sh
# SPDX-License-Identifier: MIT
# A few of the planted faults, each of which its test must find; `make mutants` plants all.
cd "$(dirname "$0")/../.." || exit 1
GB_MUTANT_MODES=opt exec tests/mutants/run 31
