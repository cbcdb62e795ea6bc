#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-train --model giblet13: the constant predictor scores 1, the same bytes for
# any threads, killed and continued = never interrupted, what users get wrong.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(3)
n = 331                                        # two runs of 170 and 161; a train part that fills no window
slow = np.repeat(r.normal(0, 1, (n // 3 + 1, 5)), 3, 0)[:n]
video = np.clip(128 + 40 * slow[:, :1, None, None, None] + 20 * r.normal(0, 1, (n, 3, 20, 24, 3)), 0, 255).astype('u1')
mel = (slow[:, 1:2, None] + 0.3 * r.normal(0, 1, (n, 11, 15))).astype('f4')
text = (slow[:, 2:] @ r.normal(0, 1, (3, 37)) + 0.3 * r.normal(0, 1, (n, 37))).astype('f4')
codes = r.integers(0, 9, (n, 2, 9)).astype('i2')
drive = np.stack([slow[:, 0], slow[:, 1], slow[:, 2]], 1)
late = np.roll(drive, 3, 0)
save('stimulus.safetensors', video=video, mel=mel, text=text, codes=codes)
for s in range(2):
    save('s%d.safetensors' % s, bold=(late @ r.normal(0, 1, (3, 45)) + 2 * r.normal(0, 1, (n, 45))).astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
check 'a set is packed' "gb-cache pack -q --tr 3/2 --gap 12 --runs a:170,b:161 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors"
small='--width 0.004 --rank 5 --window 20 --micro 4 --brain-kernel fir:0:6 --epochs 4 --patience 0'

check 'trains' "gb-train -j2 -o one $small SET && grep -q '\"state\":\"done\"' one/status.json"
check 'an option by its name or its former name: the same run' "
	gb-train -j2 -o named --width 0.004 --readout-rank 5 --window 20 --micro-batches 4 --brain-kernel fir:0:6 --epochs 4 --patience 0 SET &&
	grep -qx 'micro = 4' named/config && cmp one/config named/config && cmp one/last.safetensors named/last.safetensors"
check 'dense13 is the name of giblet13-seed' "
	for model in dense13 giblet13-seed; do gb-train --model \$model --plan --dims text=8,voxels=9 | grep -v second >plan.\$model; done
	cut -f1-3 plan.dense13 | head -5 >a; cut -f1-3 plan.giblet13-seed | head -5 | cmp - a && test -s a"
check 'a line an epoch, the start included' "test \$(wc -l <one/metrics.tsv) = 6"
check 'without a ridge start' "gb-train -j2 -o zero --start zero $small SET"
for term in video mel codes text bold brain.video brain.mel brain.codes brain.text; do
	got=$(column "train.loss.$term" 0 zero)
	check "the constant predictor scores 1 on train: $term ($got)" "awk 'BEGIN {d = $got - 1; exit !(d < 1e-5 && d > -1e-5)}'"
done
for term in video mel text codes; do
	got=$(column "validation.skill.$term" 0 zero)
	check "and has no skill on validation: $term ($got)" "awk 'BEGIN {exit !($got < 1e-5 && $got > -1e-5)}'"
done
check 'training lowers the loss' "test 1 = \$(awk 'BEGIN {print ($(column train.loss.bold 4 zero) < 1)}')"
check 'the ridge start beats the constant' "awk 'BEGIN {exit !($(column train.skill.bold 0 one) > 0.1)}'"

for j in 1 3; do
	check "same bytes for -j$j" "gb-train -j$j -o j$j $small SET && for f in last.safetensors best.safetensors metrics.tsv config; do cmp one/\$f j$j/\$f || exit 1; done"
done
check 'the seconds that steps waited for data are told' "grep -q 'seconds_waited_for_data' j3/status.json && gb-train -v -j2 -o pace $small SET 2>&1 | grep -q 'steps of .* s; .* s in all waited for data'"
check 'OPENBLAS_NUM_THREADS does not matter' "OPENBLAS_NUM_THREADS=2 gb-train -j2 -o blas $small SET && cmp one/last.safetensors blas/last.safetensors"
check 'another seed is another model' "gb-train -j2 -o seed --seed 2 $small SET && ! cmp -s one/best.safetensors seed/best.safetensors"

# Killed anywhere and continued.
same='for f in last.safetensors best.safetensors metrics.tsv config; do cmp one/$f killed/$f || exit 1; done'
for delay in 0.05 0.12 0.2 0.3 0.45 0.6 0.8; do
	gb-train -j2 -o killed $small SET & pid=$!
	sleep $delay
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
done
check "killed with SIGKILL up to 7 times, then continued: the same bytes" "gb-train -j2 -o killed $small SET; $same"
check 'no half file is left' "test -z \"\$(ls killed | grep tmp)\" && gb-inspect --verify killed/*.safetensors >/dev/null"
rm -rf killed
check 'trains in two halves' "gb-train -j2 -o killed ${small%--epochs*} --epochs 2 --patience 0 --schedule 4 SET && gb-train -j1 -o killed ${small%--epochs*} --epochs 4 --patience 0 --schedule 4 SET"
check 'and whole' "gb-train -j2 -o whole ${small%--epochs*} --epochs 4 --patience 0 --schedule 4 SET && cmp whole/last.safetensors killed/last.safetensors && cmp whole/metrics.tsv killed/metrics.tsv"
check 'a finished run is left alone' "cp one/last.safetensors keep && gb-train -o one $small SET && cmp keep one/last.safetensors"

# Signals.
long="${small%--epochs*} --epochs 4000 --schedule 4000 --patience 0"
gb-train -j2 -o long $long SET & pid=$!
for _ in $(seq 100); do grep -q '^1	' long/metrics.tsv 2>/dev/null && break; sleep 0.1; done
kill -USR1 $pid
sleep 0.2
kill -TERM $pid
wait $pid
check "SIGTERM is passed on ($?)" "test $? = 143"
check 'and leaves a stopped, whole run' "grep -q '\"state\":\"stopped\"' long/status.json && gb-inspect --verify long/last.safetensors >/dev/null"
epoch=$(sed 's/.*"epoch":\([0-9]*\).*/\1/' long/status.json)
more="${small%--epochs*} --epochs $((epoch + 2)) --schedule 4000 --patience 0"
check "which goes on from epoch $epoch as if never stopped, nothing repeated, nothing left out" "gb-train -j2 -o long $more SET && gb-train -j1 -o never $more SET && cmp long/last.safetensors never/last.safetensors && cmp long/metrics.tsv never/metrics.tsv && test \$(wc -l <long/metrics.tsv) = $((epoch + 4))"

# Search, then all train rows; killed in the search and continued.
refit="$small --refit --patience 2"
check 'a refit' "gb-train -j2 -o refit $refit SET && test -e refit/search/best.safetensors -a -e refit/best.safetensors"
timeout -s KILL 0.5 gb-train -j2 -o refit2 $refit SET
check 'killed and continued' "gb-train -j2 -o refit2 $refit SET && cmp refit/last.safetensors refit2/last.safetensors && cmp refit/search/last.safetensors refit2/search/last.safetensors"
check 'another seed, a run of its own' "gb-train -j2 -o refit3 $refit --seed 7 SET"
cp -r refit before
for _ in 1 2 3 4 5; do # a slow machine may strike after the search
	rm -rf refit
	cp -r before refit
	gb-train -j2 -o refit --new $refit --seed 7 SET & pid=$!
	for _ in $(seq 500); do cmp -s before/search/last.safetensors refit/search/last.safetensors || break; sleep 0.01; done
	kill -9 $pid
	wait $pid 2>/dev/null
	cmp -s before/last.safetensors refit/last.safetensors && break
done
check 'begun anew and killed in its search, it goes on, too' "cmp before/last.safetensors refit/last.safetensors && gb-train -j2 -o refit $refit --seed 7 SET && cmp refit/last.safetensors refit3/last.safetensors"
rows() { $PYTHON -c "import sys; sys.path.insert(0, '$TOP/tests'); from tensors import *; t, m = load('$1/best.safetensors'); print(t['input.linear.mean'][-1])"; }
check 'its statistics are those of all train rows, not of the search' "test \"\$(rows refit)\" != \"\$(rows refit/search)\""

# Test rows reach nothing: other stimuli and brains there, the same model.
cat >other.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
for f in ('stimulus', 's0', 's1'):
    t, _ = load(f + '.safetensors')
    out = {}
    for k, v in t.items():
        out[k] = v.copy()
        out[k][170:] = out[k][170:][::-1]
    save('other-' + f + '.safetensors', **out)
E2
$PYTHON other.py "$TOP"
check 'a set with other test rows' "gb-cache pack -q --tr 3/2 --gap 12 --runs a:170,b:161 --split a:/b: -o OTHER other-stimulus.safetensors --subject s0=other-s0.safetensors --subject s1=other-s1.safetensors"
check 'test rows reach no statistic, weight or score' "gb-train -j2 -o other $small OTHER && cmp one/metrics.tsv other/metrics.tsv"

# Planning and exporting.
plan='video=10x90x160x3,codes=8x112,text=3072'
for pair in 85810:3543969010 83138:3500188290 77347:3405302755; do
	check "the seed with ${pair%:*} voxels has ${pair#*:} parameters" "gb-train --model giblet13-seed --plan --dims $plan,voxels=${pair%:*} | grep -q '^total.*	${pair#*:}\$'"
done
check 'the full size stays under 150 million without voxel heads' "test \$(gb-train --plan --width 1 --dims video=4x90x160x3,codes=4x113,text=4096,voxels=85810 | awk -F'\t' '\$1 == \"without voxel heads\" {print \$3}') -lt 150000000"
check 'the plan says how long a step takes, more for a wider network' "test 1 = \$(for w in 0.05 1; do gb-train --plan --start zero --width \$w --dims text=512,voxels=481,rows=900 | awk -F'\\t' '\$1 == \"step\" {print \$3}'; done | awk 'NR == 1 {a = \$1} END {print (a > 0 && \$1 > a)}')"
check 'the plan of a set counts what the checkpoint holds' "gb-train --plan $small SET >plan.tsv && $PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
t, m = load('one/last.safetensors')
total = [l.split('\\t') for l in open('plan.tsv')]
count = {l[0]: int(l[2]) for l in total[1:] if l[2].strip().isdigit()}
assert count['total'] == t['optimiser.first'].size == sum(t[k].size for k in count if k in t), (count['total'], t['optimiser.first'].size)
\""
check 'weights alone, for any reader' "gb-train -j2 -o one $small --export weights.safetensors SET && $PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
w, m = load('weights.safetensors')
t, _ = load('one/best.safetensors')
assert m == {} and '7.bottleneck.weight' in w and not any(k.startswith('optimiser') for k in w)
assert all((w[k] == t[k]).all() for k in w)
\""
fails 4 'wants .* GB of memory.*--width' 'a network that does not fit' gb-train --width 4 --window 100000 --groups 4096 -o big SET

# What a user can get wrong.
printf 'epochs = 2\nlearning-rate = 3\n' >bad.conf
fails 2 'learning-rate' 'an unknown key' gb-train -c bad.conf -o bad SET
printf 'epochs = 2\nwidth = 0.004\n' >good.conf
check 'the config that a run leaves is one to start another with' "gb-train -j2 -c one/config --epochs 4 --patience 0 -o again SET && cmp one/last.safetensors again/last.safetensors && cmp one/config again/config"
check 'a config file' "gb-train -c good.conf $small --epochs 0 -o conf SET"
fails 2 'trained with another rate' 'another rate in the same run' gb-train -o one $small --rate 0.5 SET
fails 2 'not an option of --model ridge' 'an option that would do nothing' gb-train --model ridge --width 0.1 -o bad SET
fails 2 'decoding-window 9:1' 'a window that is none' gb-train --brain-window 9:1 -o bad SET
fails 2 'power of two' 'micro-batches that make no tree' gb-train --micro 3 -o bad SET
fails 2 'voxels' 'sizes that are none' gb-train --plan --dims voxels=many
fails 2 'a SET is wanted' 'no set' gb-train -o bad
fails 2 'TERM=W' 'a term that is none' gb-train --weights smell=1 -o bad SET
fails 2 'subject s9' 'a subject that is not there' gb-train --subject s9 -o bad SET
fails 2 'feature smell' 'a feature that is not there' gb-train --features smell -o bad SET
check 'its predictions and decodings can be had' "gb-recon -q -o report one SET && grep -q 'brain-to-stimulus.text' report/metrics.tsv"
check 'one modality alone, one subject' "gb-train -j2 -o text $small --epochs 1 --features text --subject s1 SET"
check 'two subjects at once' "gb-train -j2 -o both $small --epochs 1 --features text --subject s0,s1 SET"
done_testing
