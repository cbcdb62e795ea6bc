#!/bin/sh
# SPDX-License-Identifier: MIT
# pack killed at random moments leaves the old set or the new one; TERM leaves nothing beside it.
. "$(dirname "$0")/../lib.sh"
cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(1)
for i in range(4):
    save(f'x{i}.safetensors', **{f'x{i}': r.normal(size=(500, 5000)).astype('f4')})
E2
$PYTHON make.py "$TOP" || exit 1
gb-cache pack -q --tr 1 --split 1:0 -o members x0.safetensors x1.safetensors x2.safetensors x3.safetensors
rm x?.safetensors
old() { gb-cache pack -q -j1 -o SET members/x0.safetensors members/x1.safetensors; }
new() { exec gb-cache pack -q -j1 -o SET members/x2.safetensors members/x3.safetensors members/x1.safetensors; }
old && cp -rl SET old
rm -rf SET
(new) && cp -rl SET new
took=10000 # milliseconds, the least of some runs: the machine may be busy
for i in 1 2 3 4 5; do
	started=$(date +%s%N)
	(new)
	ended=$(($(date +%s%N) / 1000000 - started / 1000000))
	[ "$ended" -ge "$took" ] || took=$ended
done
olds=0 news=0 other=0 early=0 late=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do
	old
	new &
	moment=$((took * (i + 2) / 22))
	sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	if diff -r SET old >/dev/null; then olds=$((olds + 1)); elif diff -r SET new >/dev/null; then news=$((news + 1)); else other=$((other + 1)); fi
done 2>/dev/null
echo "# $took ms; after kill -9: old set $olds times, new set $news times"
check 'kill -9 at random moments: the old set or the new one' "test $other = 0 && test $olds -gt 0"
find . -maxdepth 1 -name '.SET.*' | sed 's|^./||' >left
check 'gc names each folder left behind' 'GB_CACHE=none gb-cache gc . >named && while read -r name; do grep -q "^leftover	named	.*	\./$name$" named || exit 1; done <left && test $(wc -l <left) = $(($(wc -l <named) - 1))'
check 'some were left behind, so that this test tests' 'test -s left'
rm -rf .SET.*
for i in 1 2 3 4 5; do
	new &
	moment=$((took * i / 8))
	sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
	kill -TERM $! 2>/dev/null
	wait $!
	code=$?
	[ $code = 143 ] && early=$((early + 1))
	[ $code = 0 ] && late=$((late + 1))
done 2>/dev/null
check 'TERM at random moments: ended by the signal (or done), nothing left behind' "test $early -gt 0 && test $((early + late)) = 5 && ! ls -d .SET.* 2>/dev/null"
done_testing
