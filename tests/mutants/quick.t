#!/bin/sh
# SPDX-License-Identifier: MIT
# A few of the mutants in the kernels, each of which its test must find; `make mutants` plants all.
# Those in programs are planted by the tests that find them.
cd "$(dirname "$0")/../.." || exit 1
mode=${GB_BUILD-build/opt} mode=${mode##*/}
case $mode in
opt | asan | tsan) ;;
*) echo "1..0 # SKIP kernel tests are built in opt, asan and tsan only"; exit 0 ;;
esac
few=$(tests/mutants/plant --list | awk -F '\t' '$4 == "emu" && ++n % 31 == 0 { print $1 }')
# shellcheck disable=SC2086
GB_MUTANT_MODES=$mode exec tests/mutants/run $few
