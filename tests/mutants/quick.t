#!/bin/sh
# SPDX-License-Identifier: MIT
# A few of the planted faults, each of which its test must find; `make mutants` plants all.
cd "$(dirname "$0")/../.." || exit 1
mode=${GB_BUILD-build/opt} mode=${mode##*/}
case $mode in
opt | asan | tsan) GB_MUTANT_MODES=$mode exec tests/mutants/run 31 ;;
*) echo "1..0 # SKIP kernel tests are built in opt, asan and tsan only" ;;
esac
