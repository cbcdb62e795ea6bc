#!/bin/sh
# SPDX-License-Identifier: MIT
# Heads and kernels: subjects with their own voxels in one model; an unseen subject
# fitted by its heads alone; the kernel between stimulus and brain.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 260 || exit 1
check 'a set of two brains, 45 and 31 voxels' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:200,b:60 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors'
small='-j1 --width 0.01 --rank 5 --window 9 --groups 1 --micro 4 --features text,mel --patience 0'
fir='--brain-kernel fir:0:6'
# last COLUMN RUN: of metrics.tsv
last() { awk -F'\t' -v n="$1" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == n) c = i} {x = $c} END {print x}' "$2/metrics.tsv"; }

# Several in one model.
check 'both in one model, each with its voxels' "gb-train -o both $small $fir --epochs 2 --subject all SET && $PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
t = load('both/best.safetensors')[0]
for s, v in (('s0', 45), ('s1', 31)):
    assert t['brain.%s.weight' % s].shape == (v, 5) and t['decode.%s.weight' % s].shape == (5, v) and t['bold.%s.mean' % s].shape == (v,)
\""
check 'alone' "gb-train -o s0 $small $fir --epochs 4 --subject s0 SET && gb-train -o s1 $small $fir --epochs 4 --subject s1 SET"
both=$(last validation.r both) s0=$(last validation.r s0) s1=$(last validation.r s1)
check "together they are predicted as well as each alone ($both; $s0, $s1)" "awk 'BEGIN {exit !($both > 0.85 * ($s0 + $s1) / 2)}'"

# An unseen subject.
check 's1, unseen by the model of s0, by its heads alone' "gb-train -c s0/config --fit-subject s1 --from s0 --rate 0.02 --epochs 15 --patience 0 -o fit SET"
fit=$(last validation.r fit)
check "is predicted nearly as by a model of its own ($fit, $s1)" "awk 'BEGIN {exit !($fit > 0.9 * $s1)}'"
cat >frozen.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
a, b = load('s0/best.safetensors')[0], load(sys.argv[2] + '/best.safetensors')[0]
own = {k for k in b if '.s1.' in k}
assert own == {'brain.s1.weight', 'brain.s1.bias', 'decode.s1.weight', 'back.brain.s1.weight'} | {'bold.s1.' + w for w in ('mean', 'std', 'weight', 'ceiling')}, own
rest = [k for k in b if k not in own and k not in ('model', 'gbt.xxh3')]
moved = [k for k in rest if a[k].tobytes() != b[k].tobytes()]
assert len(rest) > 40 and not moved, moved
assert abs(b['brain.s1.weight']).max() > 0
E2
check 'and nothing else has moved by a bit' "$PYTHON frozen.py $TOP fit"
bad=$(mutant trunk-not-frozen)
(test -x "$bad" || exit 9; "$bad" -c s0/config --fit-subject s1 --from s0 --rate 0.02 --epochs 2 --patience 0 -o mutant SET && $PYTHON frozen.py "$TOP" mutant 2>said)
test $? = 1
ok $? "caught: trunk-not-frozen ($(tail -1 said | cut -c1-60))"
check 'by two ranks, in two halves: the same bytes' "fit='gb-train -j1 -c s0/config --fit-subject s1 --from s0 --rate 0.02 --schedule 15 --patience 0'; \$fit --epochs 6 -o fit1 SET && (RANK=1 WORLD_SIZE=2 \$fit --epochs 3 -o fit2 SET & RANK=0 WORLD_SIZE=2 \$fit --epochs 3 -o fit2 SET; wait) && \$fit --epochs 6 -o fit2 SET && same_run fit1 fit2"
fails 2 'go together' '--fit-subject without a model' gb-train $small --fit-subject s1 -o bad SET
fails 2 'take those of its own run, -c RUN/config' 'a model of other sizes' gb-train $small $fir --width 0.03 --fit-subject s1 --from s0 -o bad SET
fails 4 'no model there' 'no such model' gb-train -c s0/config --fit-subject s1 --from nowhere -o bad SET
fails 2 'subject s7' 'no such subject' gb-train -c s0/config --fit-subject s7 --from s0 -o bad SET

# The brain answers 3 rows late, and a stimulus lasts 3 rows: nothing else can find it.
for pair in fir:3:4:yes fir:0:1:no fir:0:6:yes; do
	kernel=${pair%:*}
	check "kernel $kernel" "gb-train -o kernel-$kernel $small --epochs 1 --brain-kernel $kernel --subject s0 SET"
	r=$(last validation.r "kernel-$kernel")
	case $pair in
	*yes) check "  finds what is 3 rows late (r $r)" "awk 'BEGIN {exit !($r > 0.25)}'" ;;
	*) check "  does not reach it (r $r)" "awk 'BEGIN {exit !($r < 0.1)}'" ;;
	esac
done
check 'glover and its derivatives train' "gb-train -o glover3 $small --epochs 1 --brain-kernel glover3 --subject s0 SET && gb-train -o glover $small --epochs 1 --brain-kernel glover --subject s0 SET"
done_testing
