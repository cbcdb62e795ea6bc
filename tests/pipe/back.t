#!/bin/sh
# SPDX-License-Identifier: MIT
# From the brain straight to the stimulus: ridge as NumPy finds it; what the brain holds is
# decoded, what it does not is the constant; training does not make it worse than its start.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
back="$PYTHON $TOP/tests/back.py"
small='-j2 --model giblet13 --width 0.01 --rank 20 --window 12 --groups 1 --micro 4 --brain-kernel fir:0:6'
# primal: more rows than the 192 numbers of a window; dual: fewer
for rows in 360 170; do
	$back make $((rows + 60)) || exit 1
	rm -rf SET SHUFFLED RUN OTHER
	check "$rows rows: the sets" "gb-cache pack -q --tr 1 --gap 15 --split 0:$rows/$((rows + 30)):$((rows + 60)) -o SET stimulus.safetensors --subject s0=s0.safetensors &&
		gb-cache pack -q --tr 1 --gap 15 --split 0:$rows/$((rows + 30)):$((rows + 60)) -o SHUFFLED stimulus.safetensors --subject s0=shuffled.safetensors"
	few=
	test $rows = 360 || few="--features video,mel,known,text"
	check '  a start alone' "gb-train -q $small $few --epochs 0 --validation 0 -o RUN SET && gb-train -q $small $few --epochs 0 --validation 0 -o OTHER SHUFFLED"
	check "  its linear paths are NumPy's" "$back weights RUN $rows 2 13"
	test $rows = 360 || continue
	check '  what the brain holds is decoded; words, which it does not, are no worse than their mean' "gb-recon -q -o REPORT --from brain RUN SET && $back figures REPORT \"len(S) == 5 and S['video'] > 0.3 and S['codes'] > 0.1 and S['mel'] > 0.05 and S['known'] > 0.2 and S['text'] > -0.03\""
	check '  caught: with volumes in another order nothing is, and nothing is much below 0' "gb-recon -q -o NONE --from brain OTHER SHUFFLED && $back figures NONE \"len(S) == 5 and all(-0.05 < v < 0.05 for v in S.values())\""
	check '  epochs that nothing judges leave the way back as it was' "gb-train -q $small --epochs 3 --validation 0 -o LONG SET && gb-recon -q -o AFTER --from brain LONG SET && for d in REPORT AFTER; do grep brain-to-stimulus \$d/metrics.tsv >\$d.tsv; done && cmp REPORT.tsv AFTER.tsv"
	check '  no step moves a bit of it' "$PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
a, b = load('RUN/best.safetensors')[0], load('LONG/best.safetensors')[0]
back = [k for k in a if k.startswith('back.')]
assert len(back) > 8 and all(a[k].tobytes() == b[k].tobytes() for k in back)
assert any(a[k].tobytes() != b[k].tobytes() for k in a if k.startswith('13'))\""
	check '  with validation rows: what is better than the start there counts, and nothing else' "gb-train -q $small --epochs 4 --validation 0.3 --patience 0 -o JUDGED SET && $PYTHON -c \"
import csv, sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
state = json.loads(load('JUDGED/best.safetensors')[0]['model'].tobytes())['state']
rows = list(csv.DictReader(open('JUDGED/metrics.tsv'), delimiter='\t'))
loss = lambda e, m: float(rows[e]['validation.loss.brain.' + m])
e = state['best_epoch']
print(e, state['back'])
for m, part in zip(('video', 'mel', 'codes'), state['back']):
    assert part == (e > 0 and loss(e, m) < loss(0, m)), m
assert 1 / 16 <= state['back'][3] <= 1\""
done
done_testing
