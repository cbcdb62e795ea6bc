#!/bin/sh
# SPDX-License-Identifier: MIT
# Ranks: 1, 2, 4 and 8 of them leave the same bytes, over sockets and over MPI; what
# stops goes on with another number of them; one that is lost ends the job, by its name.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
options='-j1 --width 0.004 --rank 5 --window 9 --groups 1 --micro 8 --brain-kernel fir:0:6 --patience 0 --features text,mel'
small="$options --schedule 3 --epochs 3"

check 'one process' "gb-train -o one $small SET"
for n in 2 4 8; do
	check "$n ranks over sockets: the same bytes" "ranks $n s$n gb-train $small && same_run one s$n"
done
check 'addresses are gone' 'test -z "$(ls s8 | grep address)"'
for n in 1 2 4 8; do
	if have_mpi; then
		check "mpirun -n $n: the same bytes" "mpi $n m$n gb-train --comm mpi $small && same_run one m$n"
	else
		skip "mpirun -n $n" 'no MPI here'
	fi
done
check 'two subjects with their own voxels, validation in unequal parts' "gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o BOTH stimulus.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors &&
	gb-train -o two1 $options --epochs 1 --subject s0,s1 BOTH && (mv SET ONE; mv BOTH SET; ranks 4 two4 gb-train $options --epochs 1 --subject s0,s1; code=\$?; mv SET BOTH; mv ONE SET; exit \$code) && same_run two1 two4"
if have_mpi; then
	check 'mpirun -n 3: exit 2, and one line that says why' "mpi 3 bad gb-train $small; test \$? = 2 && grep -c 'gb-train: ' err.mpi | grep -qx 1 && grep -q '3 ranks: .*1, 2, 4 or 8 ranks' err.mpi && test ! -e bad"
else
	skip 'mpirun -n 3' 'no MPI here'
fi

# Another number of ranks goes on.
check 'stopped after an epoch with 4 ranks, gone on with 2, ended with 1: the same bytes' "ranks 4 on gb-train $options --schedule 3 --epochs 1 && ranks 2 on gb-train $options --schedule 3 --epochs 2 && gb-train -o on $small SET && same_run one on"
check 'a search and its refit, by two ranks' "gb-train -o refit1 $small --refit SET && ranks 2 refit2 gb-train $small --refit && same_run refit1 refit2 && cmp refit1/search/last.safetensors refit2/search/last.safetensors"
check 'three ranks: exit 2, and the counts allowed' "ranks 3 bad gb-train $small; test \$? = 2 && cat err.0 err.1 err.2 >all && test \$(wc -l <all) = 1 && grep -q '3 ranks: .* 1, 2, 4 or 8 ranks' all"
check 'more ranks than micro-batches too' "RANK=0 WORLD_SIZE=16 gb-train -o bad $small SET 2>err; test \$? = 2 && grep -q '16 ranks: .*1, 2, 4 or 8' err"
check 'ridge is one process' "RANK=0 WORLD_SIZE=2 gb-train --model ridge -o bad SET 2>err; test \$? = 2 && grep -q 'one process solves it' err"
check 'ranks with other options do not begin' "(RANK=1 WORLD_SIZE=2 gb-train -o other $small --rate 0.5 SET 2>err.1; echo \$? >code.1) & RANK=0 WORLD_SIZE=2 gb-train -o other $small SET 2>err.0; test \$? = 2 && wait && test \$(cat code.1) = 2 && grep -q 'all ranks must be alike' err.1"
check '--reduce fast wants a library' "ranks 2 bad gb-train $small --reduce fast; test \$? = 2 && grep -q 'comm mpi has' err.0"
if have_mpi; then
	check '--reduce fast learns the same to a few digits' "mpi 4 fast gb-train --comm mpi $small --reduce fast && $PYTHON -c \"
a, b = (open(f + '/metrics.tsv').read().split() for f in ('one', 'fast'))
x = [(float(p), float(q)) for p, q in zip(a, b) if p[0] in '-0123456789']
assert len(a) == len(b) and all(abs(p - q) <= 2e-3 * max(1, abs(p)) for p, q in x)\""
else
	skip '--reduce fast' 'no MPI here'
fi

# A mutant whose tree, keys or scores depend on the ranks must be seen.
for name in tree-far-first sum-in-line key-of-rank scores-of-own-part; do
	check "caught: $name" "bad=\$(mutant $name) && \$bad -o mutant1-$name $small SET && ranks 4 mutant4-$name \$bad $small && ! same_run mutant1-$name mutant4-$name >/dev/null"
done

# Lost ranks.  A long run of 4, started by itself; $pids are its ranks.
long="$options --epochs 100000 --schedule 100000 --rank-timeout 2"
begin_long() { # begin_long RUN
	pids=
	for rank in 0 1 2 3; do
		RANK=$rank WORLD_SIZE=4 gb-train -o "$1" $long SET 2>"err.$rank" &
		pids="$pids $!"
	done
	for _ in $(seq 200); do grep -q '^2	' "$1/metrics.tsv" 2>/dev/null && return; sleep 0.05; done
}
end_long() { # codes of the ranks
	codes=
	for pid in $pids; do
		wait "$pid"
		codes="$codes $?"
	done 2>/dev/null
}
nth() { echo "$pids" | awk -v n="$1" '{print $(n + 1)}'; }
begin_long killed
kill -9 "$(nth 3)"
end_long
check "a killed rank ends the job ($codes) and all others name it" "test '$codes' = ' 4 4 4 137' && for r in 0 1 2; do grep -q 'rank 3 is lost' err.\$r || exit 1; done"
check 'its last checkpoint is good' 'gb-inspect --verify killed/last.safetensors >/dev/null'
epoch=$(awk 'END {print $1}' killed/metrics.tsv)
check "and goes on from epoch $epoch as if never killed" "gb-train -o killed $options --schedule 100000 --epochs $((epoch + 2)) SET && gb-train -o never $options --schedule 100000 --epochs $((epoch + 2)) SET && same_run killed never"
begin_long hangs
kill -STOP "$(nth 1)"
( while kill -0 "$(nth 0)" 2>/dev/null; do sleep 0.1; done; kill -9 "$(nth 1)" ) & # wait stops at a stopped child
end_long
check "a rank that hangs is lost after --rank-timeout ($codes)" "test '$codes' = ' 4 137 4 4' && for r in 0 2 3; do grep -q 'rank 1 is lost: no answer' err.\$r || { cat err.?; exit 1; }; done"
begin_long asked
kill -TERM "$(nth 2)"
end_long
check "one rank is asked to stop: all do, at one step ($codes)" "case '$codes' in ' 0 0 143 0') ;; *) exit 1 ;; esac && grep -q stopped asked/status.json"
epoch=$(awk 'END {print $1}' asked/metrics.tsv)
check 'and it goes on as if never stopped' "ranks 2 asked gb-train $options --schedule 100000 --epochs $((epoch + 2)) && gb-train -o never2 $options --schedule 100000 --epochs $((epoch + 2)) SET && same_run asked never2"
if have_mpi; then
	rm -rf mkill
	# shellcheck disable=SC2016 # each rank's own shell says its process
	mpi 2 mkill sh -c 'echo $$ >victim.$OMPI_COMM_WORLD_RANK; exec "$@"' rank gb-train --comm mpi $options --schedule 100000 --epochs 100000 &
	launcher=$!
	for _ in $(seq 100); do grep -q '^2	' mkill/metrics.tsv 2>/dev/null && break; sleep 0.1; done
	victim=$(cat victim.1) || victim=$launcher
	kill -9 "$victim"
	wait "$launcher"
	code=$?
	check "under mpirun a killed rank ends the job ($code), its last checkpoint is good" "test $code != 0 && gb-inspect --verify mkill/last.safetensors >/dev/null"
else
	skip 'a rank killed under mpirun' 'no MPI here'
fi
done_testing
