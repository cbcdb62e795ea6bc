#!/bin/sh
# SPDX-License-Identifier: MIT
# The same bytes on repeat; killed at random, also while it saves, and continued = never
# interrupted.  For each part of the state a mutant that forgets it must be caught.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
small='-j1 --width 0.004 --rank 5 --brain-kernel fir:0:6 --features text,mel --patience 0'

# Twice, and in two halves at the end of an epoch.
halves() { # halves TOOL
	rm -rf one two
	"$1" -o one $small --window 9 --groups 1 --micro 4 --schedule 3 --epochs 3 SET && "$1" -o two $small --window 9 --groups 1 --micro 4 --schedule 3 --epochs 1 SET &&
		"$1" -o two $small --window 9 --groups 1 --micro 4 --schedule 3 --epochs 3 SET && same_run one two
}
check 'in two halves: the same bytes' 'halves gb-train'
check 'once more: the same bytes' 'mv one before && halves gb-train && same_run one before'
for name in rng-dropped order-dropped moments-dropped running-dropped rates-restarted; do
	bad=$(mutant $name)
	(test -x "$bad" || exit 9; halves "$bad") >said 2>&1
	test $? = 1
	ok $? "caught: $name ($(tail -1 said))"
done

# In the middle of an epoch, which has some hundred steps.
middle() { # middle TOOL
	steps="$small --width 0.02 --window 1.5 --groups 1 --micro 1 --schedule 100000"
	for try in 1 2 3 4 5; do
		rm -rf long never
		"$1" -o long $steps --epochs 100000 SET & pid=$!
		for _ in $(seq 100); do grep -q '^1	' long/metrics.tsv 2>/dev/null && break; sleep 0.05; done
		sleep "0.$((try * 7 + 10))"
		kill -TERM $pid
		wait $pid 2>/dev/null
		at=$($PYTHON -c "
import json
s = json.load(open('long/status.json'))
per = s['steps'] // s['epochs']
print(s['step'] % per and s['epoch'])")
		[ "$at" != 0 ] && break
	done
	[ "$at" != 0 ] || { echo 'never in the middle'; return 2; }
	"$1" -o long $steps --epochs $((at + 1)) SET && "$1" -o never $steps --epochs $((at + 1)) SET && same_run long never
}
check 'stopped in the middle of an epoch and continued: the same bytes' 'middle gb-train'
bad=$(mutant sums-dropped)
(test -x "$bad" || exit 9; middle "$bad") >said 2>&1
test $? = 1
ok $? "caught: sums-dropped ($(tail -1 said))"

# kill -9 at random, and while last.safetensors is written.
wide='-j1 --width 0.03 --rank 5 --brain-kernel fir:0:6 --features text,mel --patience 0 --window 9 --groups 1 --micro 4 --schedule 4'
check 'the reference' "gb-train -o ref $wide --epochs 4 SET"
seed=$(date +%N | sed 's/^0*//')
echo "# seed $seed"
kills() { # kills TOOL TEMPORARY: 8 kills, at random and as soon as TEMPORARY is there
	rm -rf killed
	for i in 1 2 3 4 5 6 7 8; do
		"$1" -o killed $wide --epochs 4 SET & pid=$!
		seed=$(((seed * 1103515245 + 12345) % 2147483648))
		if [ $((i % 2)) = 0 ]; then
			sleep "0.$((seed / 8 % 40 + 10))"
		else
			for _ in $(seq 500); do
				case $(echo killed/$2) in killed/*[?*]*) sleep 0.002 ;; *) break ;; esac
			done
		fi
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		[ ! -e killed/last.safetensors ] || gb-inspect --verify killed/last.safetensors >/dev/null 2>said || { cat said; return 1; }
	done
}
check 'killed eight times, four of them while it saves: last.safetensors is always whole' "kills gb-train '.last*'"
check 'and continued: the same bytes' "gb-train -o killed $wide --epochs 4 SET && same_run ref killed"
bad=$(mutant saved-in-place)
(test -x "$bad" || exit 9; kills "$bad" 'last*') >said 2>&1
test $? = 1
ok $? "caught: saved-in-place ($(tail -1 said | cut -c1-90))"
done_testing
