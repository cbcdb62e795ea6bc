# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# lib.sh: a shell test prints TAP.  Each runs in a fresh folder, kept on failure.
#
#   . "$(dirname "$0")/../lib.sh"
#   check 'says hello' 'test "$(echo hello)" = hello'
#   fails 3 'truncated.*byte' 'a cut file is refused' gb-inspect cut.safetensors
#   done_testing
LC_ALL=C
export LC_ALL
TOP=$(cd "$(dirname "$0")/../.." && pwd)
GB_BUILD=${GB_BUILD:-$TOP/build/opt}
PATH=$GB_BUILD/bin:$PATH
SHARED=${GB_SHARED:-$TOP/../shared} # real data, where it is at hand; tests skip, saying so, where not
PYTHON=/usr/bin/python3
PYTHONPATH=$TOP/build/python${PYTHONPATH:+:$PYTHONPATH}
PYTHONDONTWRITEBYTECODE=1
export GB_BUILD PATH TOP SHARED PYTHON PYTHONPATH PYTHONDONTWRITEBYTECODE
tap_count=0
tap_failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/giblet-test.XXXXXX")
cd "$work" || exit 1
trap 'exit 130' INT TERM
trap 'test "$tap_failed" != 0 && echo "# kept: $work" || { cd /; rm -rf "$work"; }' EXIT

# ok STATUS NAME: one TAP line.
ok() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then echo "ok $tap_count - $2"; else
		echo "not ok $tap_count - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

# check NAME SCRIPT: true when the shell line succeeds; what it printed is shown if not.
check() {
	if (eval "$2") >check.out 2>&1; then ok 0 "$1"; else
		ok 1 "$1"
		sed 's/^/# /' check.out | head -20
	fi
}

# fails CODE PATTERN NAME COMMAND…: exits with CODE and prints exactly one
# line on stderr, which matches PATTERN (extended, any case).
fails() {
	fails_code=$1 fails_pattern=$2 fails_name=$3
	shift 3
	"$@" >fails.out 2>fails.err </dev/null
	fails_got=$?
	if [ "$fails_got" = "$fails_code" ] && [ "$(wc -l <fails.err)" = 1 ] && grep -Eqi -- "$fails_pattern" fails.err; then
		ok 0 "$fails_name"
	else
		ok 1 "$fails_name"
		echo "# exit $fails_got (want $fails_code): $*"
		sed 's/^/# /' fails.err | head -5
	fi
}

# mutant NAME: the path of a program with this fault of tests/mutants/programs planted in it, built
# if need be (others of its programs lie at that path with .PROGRAM).  A check that passes with it is worth nothing.
mutant() {
	flock "$GB_BUILD" make -s --no-print-directory -C "$TOP" MODE="${GB_BUILD##*/}" "build/${GB_BUILD##*/}/mutants/$1" >/dev/null || return 1
	echo "$GB_BUILD/mutants/$1"
}

# skip NAME REASON: says what was not tested and why.
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}
