#!/bin/sh
# SPDX-License-Identifier: MIT
# What an operator of a training sees: status.json, --keep, early stopping, and a
# training that goes wrong: stopped, the bad tensor named, the last checkpoint kept.
. "$(dirname "$0")/../lib.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
options='-j1 --width 0.004 --rank 5 --window 9 --groups 1 --micro 8 --brain-kernel fir:0:6 --features text,mel'
small="$options --patience 0 --epochs 4"

cat >status.py <<'E2'
import json, sys
run, want = sys.argv[1:3]
s = json.load(open(run + '/status.json'))
lines = [l.rstrip('\n').split('\t') for l in open(run + '/metrics.tsv')]
last = dict(zip(lines[0], lines[-1]))
assert s['state'] == want, s
assert s['epoch'] == int(last['epoch']) and s['step'] == int(last['step']), (s, last)
assert s['steps'] == s['epochs'] * (s['step'] // s['epoch'])
for part in ('train', 'validation'):
    assert set(s[part]) == {k.split('.', 2)[2] for k in last if k.startswith(part + '.loss.') and last[k] != 'n/a'}, s[part]
    for k, v in s[part].items():
        assert abs(v - float(last['%s.loss.%s' % (part, k)])) < 1e-6 * abs(v) + 1e-9, (part, k)
assert s['rows_per_second'] > 0 and s['seconds_left'] >= 0 and s['memory_bytes'] > 1e6
E2
check 'status.json when done: what metrics.tsv says, speed, time left, memory' "gb-train -o one $small --keep 2 SET && $PYTHON status.py one done"
check '--keep 2 keeps every second epoch' 'test "$(ls one | grep epoch | tr "\n" " ")" = "epoch-2.safetensors epoch-4.safetensors "'
check 'the last of them is what last.safetensors is' 'cmp one/epoch-4.safetensors one/last.safetensors'
gb-train -o live $options --patience 0 --epochs 100000 SET & pid=$!
bad=0 seen=0
for _ in $(seq 150); do
	[ -e live/status.json ] || { sleep 0.02; continue; }
	$PYTHON -c "import json; json.load(open('live/status.json'))" 2>/dev/null || bad=$((bad + 1))
	seen=$((seen + 1))
	[ $seen -lt 25 ] || break
done
kill -TERM $pid
wait $pid 2>/dev/null
check "status.json is whole whenever it is read ($seen times)" "test $bad = 0 -a $seen = 25 && $PYTHON -c \"import json; assert json.load(open('live/status.json'))['state'] == 'stopped'\""

# The production run of the seed, here at a small width for one epoch.
conf=$TOP/pipelines/config/production-500.conf
check 'a set of two brains of different size' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o BOTH stimulus.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors'
check 'production-500.conf is planned: 500 epochs, the full width, both subjects' "gb-train -c $conf --plan BOTH >plan && awk -F'\t' '\$1 == \"7.bottleneck.weight\" {w = \$2} \$1 == \"brain.s1.weight\" {s = \$2} \$1 == \"steps an epoch\" {a = \$3} \$1 == \"steps\" {b = \$3} END {exit !(w == \"2048x8000\" && s == \"31x64\" && b == 500 * a)}' plan"
check 'and trains' "gb-train -j1 -c $conf --width 0.004 --rank 5 --epochs 1 -o production BOTH && grep -q '^subject = all' production/config && gb-inspect --json production/best.safetensors | grep -q 'brain.s1.weight'"

# Early stopping.
check 'early stopping: patience epochs after the best' "gb-train -o early $options --patience 3 --epochs 400 --rate 0.03 --clip 0 SET && $PYTHON -c \"
import json
s = json.load(open('early/status.json'))
assert s['state'] == 'done' and s['epoch'] == s['best_epoch'] + 3 < 400, s\""

# Going wrong.
good='gb-inspect --verify bad/last.safetensors >/dev/null && grep -q diverged bad/status.json'
fails 1 'bad: step [0-9]+: the loss of [a-z.]+ .*first bad tensor: output of [a-z0-9.]+, (up to|not finite)' 'a loss that explodes: exit 1, and where' gb-train -o bad --rate 1 --clip 0 --warmup 0 --anchor-rate 1000 $small SET
check 'the checkpoint before it is good' "$good"
check 'the reference' "gb-train -o ref $small --epochs 2 --schedule 4 SET"
rm -rf bad
fails 1 'step 7: .*first bad tensor: weight 5.expand.weight, not finite; last.safetensors stays' 'a weight that turns NaN is named: weight-turns-nan' "$(mutant weight-turns-nan)" -o bad $small --schedule 4 SET
check 'last and best are those of the last good epoch, and go on' "$good && gb-train -o bad $small --schedule 4 --epochs 4 SET && gb-train -o whole $small --schedule 4 SET && cmp bad/last.safetensors whole/last.safetensors"
rm -rf bad
fails 1 'step 7: the gradient is not finite; first bad tensor: gradient of 11.pool.weight, not finite' 'a gradient that turns Inf is named: gradient-turns-nan' "$(mutant gradient-turns-nan)" -o bad $small --schedule 4 SET
rm -rf bad
check 'by two ranks, one of which has it: said once, exit 1 on both' "bad=\$(mutant gradient-turns-nan); (RANK=1 WORLD_SIZE=2 \$bad -o bad $small SET 2>err.1; echo \$? >code.1) & RANK=0 WORLD_SIZE=2 \$bad -o bad $small SET 2>err.0; test \$? = 1 && wait && test \$(cat code.1) = 1 && ! test -s err.1 && grep -q 'first bad tensor: gradient of 11.pool.weight' err.0"
done_testing
