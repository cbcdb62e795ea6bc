#!/bin/sh
# SPDX-License-Identifier: MIT
# The checks of tests/lib.sh: each holds when it should; and when not, it says what it wanted, what came and where.
. "$(dirname "$0")/../lib.sh"
mkdir -p tests/cli
cp "$TOP/tests/lib.sh" tests/
printf 'a\nb\nc\n' >tests/cli/abc.txt
cat >tests/cli/table.tst <<'ROWS'
# a pattern of two words
M 'a b' echo a b | cat
M bald echo bold

F 2 'no such' echo no such >&2; exit 2
F 2 'such' echo no such >&2; exit 3
P abc.txt printf 'a\nb\nc\n'
ROWS
{
	printf '. "$(dirname "$0")/../lib.sh"\n'
	cat <<'CHECKS'
check 'good' 'true'
check 'numbers agree' 'echo weight; false'
for n in 1 2; do
	check "$n of them" "test $n = 1"
done
prints '^bo.d$' 'good' echo bold
prints '^bald' 'one line' echo bold
same abc.txt 'good' printf 'a\nb\nc\n'
same abc.txt 'three lines' printf 'a\nB\nc\n'
fails 3 'no such' 'good' sh -c 'echo No such thing >&2; exit 3'
fails 3 'no such thing' 'refused' sh -c 'echo another text >&2; exit 3'
table table.tst
done_testing
CHECKS
} >tests/cli/x.t
sh tests/cli/x.t >out
code=$?
rm -rf "$(sed -n 's/^# kept: //p' out)"
has() { check "$1" "grep -Fxq -- '$2' out || { cat out; exit 1; }"; }
check 'a test with a failing check fails, and counts right' \
	"test $code = 1 && grep -qx 1..15 out && test \$(grep -c '^ok' out) = 8"
has 'check: what ran' '# ran: echo weight; false'
has 'check: what it printed' '#   weight'
has 'check: where' '# at tests/cli/x.t:3'
has 'check: where, by a name with a variable' '# at tests/cli/x.t:5'
has 'prints: the wanted pattern' '# wanted a line that matches: ^bald'
has 'prints: the command' '# exit 0 (want 0): echo bold'
has 'same: a diff' '# -b'
has 'same: and its other side' '# +B'
has 'fails: the wanted pattern' '# wanted one line that matches: no such thing'
has 'fails: what came' '#   another text'
has 'table: a name by a comment' 'ok 11 - a pattern of two words'
has 'table: where' '# at tests/cli/table.tst:3'
has 'table: the exit code' '# exit 3 (want 2): echo no such >&2; exit 3'
check 'ACCEPT=1 writes the expected file anew' \
	'ACCEPT=1 sh tests/cli/x.t >out; rm -rf "$(sed -n "s/^# kept: //p" out)"; grep -qx "# accepted: tests/cli/abc.txt" out'
fails 1 '^$' 'without units: what to do' sh -c 'GB_BUILD=$PWD/none sh tests/cli/x.t >out; code=$?; echo >&2; grep -q "^Bail out! run make units first" out && exit $code'
cat >tests/cli/y.t <<'CHECKS'
. "$(dirname "$0")/../lib.sh"
at_exit "echo first >>$OUT"
at_exit "echo last >>$OUT"
kill -TERM $$
CHECKS
check 'at_exit: also after a signal, in reverse' 'OUT=$PWD/undone sh tests/cli/y.t; test "$(cat undone)" = "last
first"'
done_testing
