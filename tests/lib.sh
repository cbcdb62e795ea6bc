# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# lib.sh: a shell test prints TAP.  Each runs in a fresh folder, kept on failure.
#
#   . "$(dirname "$0")/../lib.sh"
#   check 'says hello' 'test "$(echo hello)" = hello'
#   prints '^bold +F32' 'a tensor has a line' gb-inspect bold.safetensors
#   same gb-inspect/rows.txt 'rows as they were' gb-inspect --rows 0:3 --tensor bold bold.safetensors
#   fails 3 'truncated.*byte' 'a cut file is refused' gb-inspect cut.safetensors
#   table gb-inspect.tst
#   done_testing
#
# A check that fails says what it wanted, what came, and the file and line that it stands in.
LC_ALL=C
export LC_ALL
TOP=$(cd "$(dirname "$0")/../.." && pwd)
HERE=$(cd "$(dirname "$0")" && pwd)
GB_BUILD=${GB_BUILD:-$TOP/build/opt}
PATH=$GB_BUILD/bin:$PATH
SHARED=${GB_SHARED:-$TOP/../shared} # real data, where it is at hand; tests skip, saying so, where not
PYTHON=/usr/bin/python3
PYTHONPATH=$TOP/build/python${PYTHONPATH:+:$PYTHONPATH}
PYTHONDONTWRITEBYTECODE=1
export GB_BUILD PATH TOP SHARED PYTHON PYTHONPATH PYTHONDONTWRITEBYTECODE
if [ ! -x "$GB_BUILD/bin/gb-inspect" ] || [ ! -x "$GB_BUILD/tests/unit/base" ]; then
	echo "Bail out! run make units first: $GB_BUILD is not complete"
	exit 1
fi
tap_count=0
tap_failed=0
tap_at='' tap_row='' # the row of a table that is checked
tap_last='' # commands that undo what the test has started or mounted
work=$(mktemp -d "${TMPDIR:-/tmp}/giblet-test.XXXXXX")
cd "$work" || exit 1
trap 'exit 130' INT TERM HUP
trap 'cd /; eval "$tap_last"; test "$tap_failed" != 0 && echo "# kept: $work" || rm -rf "$work"' EXIT

# at_exit COMMAND: runs it when the test ends, however it ends, in the folder / and last first.
at_exit() { tap_last="$1; $tap_last"; }

# where NAME: file:line of the check of this name.  A name with variables matches any value of them.
where() {
	[ -z "$tap_at" ] || { echo "$tap_at"; return; }
	name=$1 awk -v quote="'" '
	function pattern(text) {
		gsub(/\$\([^)]*\)|\$\{[^}]*\}|\$[A-Za-z_]+|\$[0-9@*?]/, "\001", text)
		gsub(/[][\\.^$*+?(){}|]/, "\\\\&", text)
		gsub(/\001/, ".*", text)
		return "^" text "$"
	}
	/^[ \t]*#/ { next }
	{
		n = split($0, part, index($0, quote ENVIRON["name"] quote) ? quote : "\"")
		for (i = 2; i <= n; i += 2)
			if (part[i] == ENVIRON["name"]) { print FILENAME ":" FNR; found = 1; exit }
			else if (!likely && part[i] ~ /[^$].*\$|\$.* / && ENVIRON["name"] ~ pattern(part[i])) likely = FILENAME ":" FNR
	}
	END { if (!found) print likely ? likely : FILENAME }' "$tap_script"
}
tap_script=$HERE/${0##*/}

# line TEXT: as one line, whatever is in it.
line() { printf '%s\n' "$1" | tr '\n' ' ' | sed 's/ $//' && echo; }

# ok STATUS NAME: one TAP line.
ok() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then line "ok $tap_count - $2"; else
		line "not ok $tap_count - $2"
		echo "# at $(where "$2" | sed "s|^$TOP/||")"
		tap_failed=$((tap_failed + 1))
	fi
}

# shown FILE LABEL: its first lines, as a comment.
shown() {
	echo "# $2$([ -s "$1" ] || echo ' (nothing)')"
	head -n 20 "$1" | cut -c1-300 | sed 's/^/#   /'
}

# check NAME SCRIPT: true when the shell line succeeds; what it printed is shown if not.
check() {
	if (eval "$2") >check.out 2>&1; then ok 0 "$1"; else
		ok 1 "$1"
		line "# ran: $2" | cut -c1-300
		shown check.out 'it printed:'
	fi
}

# prints PATTERN NAME COMMAND…: exits with 0, and a line of its output matches PATTERN (extended; '': any output).
prints() {
	prints_pattern=$1 prints_name=$2
	shift 2
	"$@" >prints.out 2>prints.err </dev/null
	prints_code=$?
	if [ $prints_code = 0 ] && { [ -z "$prints_pattern" ] || grep -Eq -- "$prints_pattern" prints.out; }; then ok 0 "$prints_name"; else
		ok 1 "$prints_name"
		line "# exit $prints_code (want 0): ${tap_row:-$*}"
		line "# wanted a line that matches: $prints_pattern"
		shown prints.out 'it printed:'
		[ ! -s prints.err ] || shown prints.err 'on standard error:'
	fi
}

# same [--accept] FILE NAME COMMAND…: exits with 0 and prints the bytes of FILE, which lies beside the
# test.  --accept, or ACCEPT=1 in the environment (make check ACCEPT=1), writes FILE anew instead.
same() {
	same_accept=${ACCEPT-}
	if [ "$1" = --accept ]; then same_accept=1 && shift; fi
	same_file=$HERE/$1 same_name=$2
	shift 2
	"$@" >same.out 2>same.err </dev/null
	same_code=$?
	if [ -n "$same_accept" ] && [ $same_code = 0 ] && ! cmp -s same.out "$same_file"; then
		mkdir -p "${same_file%/*}" && cp same.out "$same_file" && echo "# accepted: ${same_file#"$TOP"/}"
	fi
	if [ $same_code = 0 ] && cmp -s same.out "$same_file"; then ok 0 "$same_name"; else
		ok 1 "$same_name"
		line "# exit $same_code (want 0): ${tap_row:-$*}"
		same_label=${same_file#"$TOP"/}
		[ -e "$same_file" ] || same_file=/dev/null same_label="$same_label, which does not exist"
		diff -u --label "$same_label" --label 'what came' "$same_file" same.out | head -n 20 | sed 's/^/# /'
		[ ! -s same.err ] || shown same.err 'on standard error:'
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
		line "# exit $fails_got (want $fails_code): ${tap_row:-$*}"
		line "# wanted one line that matches: $fails_pattern"
		shown fails.err 'on standard error:'
	fi
}

# table FILE: a table of checks beside the test, one a line; a comment before it is its name, else the command is:
#   M PATTERN COMMAND        exits with 0, and a line of its output matches PATTERN   (prints)
#   P FILE COMMAND           exits with 0 and prints the bytes of FILE                (same)
#   F CODE PATTERN COMMAND   exits with CODE and says so in one line                  (fails)
# PATTERN is one word, or in 'quotes'.  COMMAND goes to a shell as it stands.
table() {
	tap_line=0 tap_name=
	while IFS= read -r tap_row; do
		tap_line=$((tap_line + 1))
		tap_at=$HERE/$1:$tap_line
		tap_kind=${tap_row%% *} tap_row=${tap_row#* }
		case $tap_kind in
		'#') tap_name=$tap_row && continue ;;
		F) tap_code=${tap_row%% *} tap_row=${tap_row#* } ;;
		'') tap_name= && continue ;;
		esac
		case $tap_row in
		"'"*) tap_row=${tap_row#"'"} tap_want=${tap_row%%"' "*} tap_row=${tap_row#*"' "} ;;
		*) tap_want=${tap_row%% *} tap_row=${tap_row#* } ;;
		esac
		case $tap_kind in
		M) prints "$tap_want" "${tap_name:-$tap_row}" sh -c "$tap_row" ;;
		P) same "$tap_want" "${tap_name:-$tap_row}" sh -c "$tap_row" ;;
		F) fails "$tap_code" "$tap_want" "${tap_name:-$tap_row}" sh -c "$tap_row" ;;
		*) ok 1 "a row begins with M, P, F or #: $tap_kind $tap_row" ;;
		esac
		tap_name=
	done <"$HERE/$1"
	tap_at='' tap_row=
}

# mutant NAME: the path of a program with this fault of tests/mutants/programs planted in it, built
# if need be (others of its programs lie at that path with .PROGRAM).  A check that passes with it is worth nothing.
mutant() {
	flock "$GB_BUILD" make -s --no-print-directory -C "$TOP" MODE="${GB_BUILD##*/}" "build/${GB_BUILD##*/}/mutants/$1" >/dev/null || return 1
	echo "$GB_BUILD/mutants/$1"
}

# have_terminal: whether a pseudo-terminal can be opened here.
have_terminal() { $PYTHON -c 'import pty; pty.openpty()' 2>/dev/null; }

# on_terminal COMMAND…: runs it with a terminal as its standard output, and prints what came there.
on_terminal() {
	$PYTHON -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$@" </dev/null
}

# skip NAME REASON: says what was not tested and why.
skip() {
	tap_count=$((tap_count + 1))
	line "ok $tap_count - $1 # SKIP $2"
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
