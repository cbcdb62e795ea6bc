#!/bin/sh
# SPDX-License-Identifier: MIT
# The emulated kernels under AddressSanitizer and ThreadSanitizer: each array ends where it ends,
# each fibre is a thread.  The quick ones; `make sanitize` runs all.  `make check` builds both.
. "$(dirname "$0")/../lib.sh"
all=${GB_SANITIZE_ALL-}

# under MODE TEST…
under() {
	mode=$1
	shift
	for test in "$@"; do
		program=$TOP/build/$mode/tests/kernels/$test
		if [ ! -x "$program" ]; then
			skip "$mode: $test" "make kernel-units MODE=$mode builds it"
			continue
		fi
		check "$mode: $test" "GB_TEST_DEVICE=emu setarch -R $program >out 2>&1 ||
			{ grep -E 'not ok|ERROR|WARNING|SUMMARY|Bail' out; exit 1; }"
	done
}
under asan activation batch_norm device edges embedding layer_norm loss optimiser temporal \
	${all:+matmul network}
under tsan activation batch_norm device edges layer_norm loss \
	${all:+embedding optimiser temporal matmul network}
if [ -x "$TOP/build/asan/tests/emu/emulator" ]; then
	check 'asan: the emulator itself' "$TOP/build/asan/tests/emu/emulator"
fi
done_testing
