#!/bin/sh
# SPDX-License-Identifier: MIT
# Codes through all of it: sound to codes, a model that learns what was planted in
# them, sound again from the stimulus and from the brain.
. "$(dirname "$0")/../lib.sh"
weights=$TOP/data/encodec-tiny.safetensors
[ -f "$weights" ] || weights=$SHARED/golden/encodec/tiny.safetensors
[ -f "$weights" ] || skip_all "no weights: neither data/encodec-tiny.safetensors nor those of $SHARED"
export GB_ENCODEC="$weights"

# Every two seconds one of three sounds; three groups of voxels, each hearing one, three rows later.
cat >make.py <<'E2'
import sys, wave
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(7)
n, rate = 320, 24000
state = np.repeat(r.integers(0, 3, n // 4), 4)
t = np.arange(rate // 2) / rate
sounds = [0.4 * np.sin(2 * np.pi * 300 * t), 0.25 * np.sign(np.sin(2 * np.pi * 1100 * t)), r.normal(0, 0.12, len(t))]
x = np.concatenate([sounds[s] for s in state]) + r.normal(0, 1e-3, n * rate // 2)
with wave.open('sound.wav', 'wb') as w:
    w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate)
    w.writeframes((np.clip(x, -1, 1) * 32767).astype('<i2').tobytes())
hot = np.eye(3)[state]
bold = np.roll(hot, 3, 0).repeat(12, 1) + r.normal(0, 0.5, (n, 36))
save('bold.safetensors', bold=bold.astype('f4'))
np.save('state.npy', state)
E2
$PYTHON make.py "$TOP" || exit 1
cat >constant.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
codes, count = (load('codes.safetensors')[0][k].astype(int) for k in ('codes', 'codes.count'))
assert set(count) == {37, 38} and (codes[count == 37][:, :, 37] == -1).all()
base = load('all/last.safetensors')[0]['input.codes.base'].reshape(2, 1024)
use = load('SET/index.safetensors')[0]['use']
rows = np.flatnonzero(use == 1)
for q in range(2):
    n = np.bincount(np.concatenate([codes[r, q, :count[r]] for r in rows]), minlength=1024) + 1.
    assert abs(base[q] - np.log(n / n.sum())).max() < 1e-5, q
E2
cat >pad.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
t = load('codes.safetensors')[0]
foreign = {'codes': t['codes'], 'codes.count': t['codes.count']}
save('foreign.safetensors', **foreign)
foreign['codes'] = t['codes'].astype('i4')
foreign['codes'][t['codes.count'] == 37, :, 37] = 7
save('padded.safetensors', **foreign)
foreign['codes'] = t['codes'].copy()
foreign['codes'][7, 1, 5] = 1024
save('large.safetensors', **foreign)
E2
cat >words.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
t = load('codes.safetensors')[0]
codes, count, book = t['codes'].astype(int), t['codes.count'], t['codes.codebook'].astype(float)
latent = [sum(book[q][codes[r, q, :count[r]]] for q in range(2)) for r in range(len(codes))]
want = np.array([np.concatenate([l.mean(0), l.std(0)]) for l in latent])
use = load('SET/index.safetensors')[0]['use']
ck = load('words/best.safetensors')[0]
assert abs(ck['encode.codes.mean'] - want[ck['encode.train']].mean(0)).max() < 1e-5
assert abs(ck['encode.codes.std'] - want[ck['encode.train']].std(0)).max() < 1e-5
r = [float(next(l for l in open(d + '-report/metrics.tsv') if l.startswith('encoding.r.mean\t')).split('\t')[4]) for d in ('words', 'counts')]
print(r, want.shape, sorted(ck)[:20])
assert r[0] > r[1] - 0.05 and r[0] > 0.3
E2
cat >figures.py <<'E2'
import sys, wave
sys.path[:0] = [sys.argv[1] + '/tests', sys.argv[1] + '/tests/parity']
from tensors import *
from scipy.io import wavfile
from scipy.signal import resample_poly
from stoi_oracle import stoi
table = [l.rstrip('\n').split('\t') for l in open(sys.argv[2] + '/metrics.tsv')]
def metric(direction, key, column='value'):
    found = [l for l in table if l[1] == direction and l[2] == 'codes' and l[0] == key]
    assert len(found) == 1, (direction, key, found)
    return float(found[0][table[0].index(column)])
codes, count = (load('codes.safetensors')[0][k].astype(int) for k in ('codes', 'codes.count'))
rows = load(sys.argv[2] + '/prediction.safetensors')[0]['rows']
train = np.flatnonzero(load('SET/index.safetensors')[0]['use'] == 1)
for q in range(2):
    common = np.bincount(np.concatenate([codes[r, q, :count[r]] for r in train])).argmax()
    share = (np.concatenate([codes[r, q, :count[r]] for r in rows]) == common).mean()
    for direction in ('brain-to-stimulus', 'stimulus-to-stimulus'):
        assert abs(metric(direction, 'decoding.codes.right.codebook-%d' % (q + 1), 'chance') - share) < 1e-5
assert metric('stimulus-to-stimulus', 'decoding.codes.right') > metric('stimulus-to-stimulus', 'decoding.codes.right', 'chance') + 0.05
# frame j begins at j/75 s, row r at r/2 s
frames = [j for r in rows for j in range(-(-r * 75 // 2), -(-(r + 1) * 75 // 2))]
assert len(frames) == count[rows].sum()
heard = wavfile.read('sound.wav')[1] / 32768
heard = np.concatenate([heard[320 * j:320 * (j + 1)] for j in frames])
def read(name):
    rate, x = wavfile.read(sys.argv[2] + '/' + name)
    assert rate == 24000 and len(x) == len(heard), name
    return x.astype(float)
def power(x):
    at = np.arange(0, len(x) - 511, 128)
    f = np.stack([x[i:i + 512] for i in at]) * np.hanning(513)[:-1]
    return np.maximum(10 * np.log10(np.maximum(abs(np.fft.rfft(f)) ** 2 * (4 / 512) ** 2, 1e-30)), -80)
def figures(x):
    a, b = (resample_poly(s, 5, 12, window=('kaiser', 12)) for s in (heard, x))
    return stoi(a, b), np.sqrt(((power(heard) - power(x)) ** 2).mean(1)).mean()
keys = 'decoding.sound.stoi', 'decoding.sound.log-spectral-distance'
for direction, name in (('brain-to-stimulus', 'codes.wav'), ('stimulus-to-stimulus', 'codes.stimulus.wav')):
    for key, want, best in zip(keys, figures(read(name)), figures(read('codes.true.wav'))):
        got = metric(direction, key), metric(direction, key, 'ceiling')
        print(direction, key, got, want, best)
        assert abs(got[0] - want) < 5e-3 * max(1, want) and abs(got[1] - best) < 5e-3 * max(1, best)
E2
check 'sound to codes' 'gb-audio-encodec -q --tr 1/2 --codebooks 2 -o codes.safetensors sound.wav'
pack='gb-cache pack -q --tr 1/2 --gap 6 --split 0:240/256:320 --subject s=bold.safetensors'
check 'packed' "$pack -o SET codes.safetensors"
small='--width 0.01 --rank 8 --micro 1 --window 15 --brain-kernel fir:0:6 --patience 0 --validation 0.2'

# column NAME EPOCH RUN of metrics.tsv
column() { awk -F'\t' -v n="$1" -v e="$2" 'NR==1 {for (i=1;i<=NF;i++) if ($i==n) c=i; if (!c) exit 1} NR>1 && $1==e {print $c}' "$3/metrics.tsv"; }
check 'trains' "gb-train -o run $small --epochs 12 --rate 5e-3 SET"
check 'a start without knowledge' "gb-train -o zero --start zero $small --epochs 1 SET"
for term in codes brain.codes; do
	got=$(column "train.skill.$term" 0 zero)
	check "the constant has skill 0 on train: $term ($got)" "awk 'BEGIN {exit !($got < 1e-5 && $got > -1e-5)}'"
	got=$(column "validation.skill.$term" 12 run)
	check "what was planted is learned: $term ($got)" "awk 'BEGIN {exit !($got > 0.1)}'"
done


check 'and so is the constant of the start: the unigram, one added to each count' "gb-train -q -o all --start zero $small --validation 0 --epochs 1 SET && $PYTHON constant.py '$TOP'"
# Padding that says something, as other programs leave it, and other integers: nothing changes.
check 'what stands behind a count is padding' "$PYTHON pad.py '$TOP' && $pack -o FOREIGN foreign.safetensors && $pack -o PADDED padded.safetensors && gb-train -q -o padded $small --epochs 1 PADDED && gb-train -q -o foreign $small --epochs 1 FOREIGN && cmp padded/metrics.tsv foreign/metrics.tsv"
check 'a code out of range is refused' "$pack -o LARGE large.safetensors"
fails 3 'row 7: code 1024' '… by its row' gb-train -q -o large $small LARGE

# Linear models see the codes as what the codec sums up, where its codewords are at hand.
check 'codewords make a linear model better' "gb-train -q --model ridge --no-decoders -o words SET && gb-train -q --model ridge --no-decoders -o counts FOREIGN && gb-recon -q -o words-report words SET && gb-recon -q -o counts-report counts FOREIGN && $PYTHON words.py '$TOP'"

# Sound again.
check 'decoded both ways' 'gb-recon -q -o report --sound sound.wav run SET'
check 'all sounds are there' 'for f in codes codes.stimulus codes.true; do test -s report/$f.wav || exit 1; done'
check 'codes and sound have the figures that numpy finds' "$PYTHON figures.py '$TOP' report"
check 'the page shows both' 'grep -q "brain to stimulus, as sound" report/report.html && grep -q "stimulus to stimulus, as sound" report/report.html && grep -q "the commonest train code" report/report.html'
check 'without the medium the true rows are what is compared with' "gb-recon -q -o plain-report --from brain run SET && awk -F'\t' '\$1 == \"decoding.sound.stoi\" {n++; if (\$8 != 1) exit 1; if (\$NF !~ /against the true rows/) exit 1} END {exit n != 1}' plain-report/metrics.tsv"
check 'without weights codes are counted, not heard' "env -u GB_ENCODEC true; GB_ENCODEC=other.safetensors gb-recon -o mute --from brain run SET 2>mute.err; grep -q 'other.safetensors' mute.err && test ! -e mute/codes.wav && grep -q '^decoding.codes.right.codebook-2' mute/metrics.tsv && grep -q 'were not made sound' mute/report.html"
cp "$GB_ENCODEC" other.safetensors && printf x >>other.safetensors
fails 3 'other.safetensors: not the weights' 'weights that did not make the codes' gb-recon -q -o bad --weights other.safetensors run SET
cp sound.wav other.wav && printf x >>other.wav
fails 3 'other.wav: not the sound' 'another sound' gb-recon -q -o bad --sound other.wav run SET
fails 2 'none.wav' 'no such sound' gb-recon -q -o bad --sound none.wav run SET
done_testing
