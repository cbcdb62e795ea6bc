#!/bin/sh
# SPDX-License-Identifier: MIT
# Pitch through all of it: sound to pitch, models that learn what was planted in it, scores beside the train mean.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"

# A tone of another frequency each 2 s, every fourth silent; voxels follow frequency and voicing three rows later.
cat >make.py <<'E2'
import sys, wave
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(3)
n, rate = 360, 24000
octave = np.repeat(r.uniform(6.5, 8.5, n // 2), 2)
voiced = np.repeat(r.uniform(size=n // 2) > 0.25, 2)
phase = np.cumsum(2 * np.pi * 2 ** np.repeat(octave, rate // 2) / rate)
x = 0.3 * np.sin(phase) * np.repeat(voiced, rate // 2) + r.normal(0, 1e-4, n * rate // 2)
with wave.open('sound.wav', 'wb') as w:
    w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate)
    w.writeframes((x * 32767).astype('<i2').tobytes())
np.savez('truth.npz', octave=octave, voiced=voiced)
E2
$PYTHON make.py "$TOP" || exit 1
check 'the tensor: frequencies within 0.5 % in the rows that are voiced whole' "gb-audio-encodec -q --pitch --tr 1/2 -o pitch.safetensors sound.wav && $PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
p, t = load('pitch.safetensors')[0]['pitch'], np.load('truth.npz')
good = t['voiced'] & np.roll(t['voiced'], 1) & (np.arange(len(p)) % 2 == 1)
assert (abs(2 ** (p[good, 0] - t['octave'][good]) - 1) < 0.005).all() and (p[good, 2] > 0.9).all()
r = np.random.default_rng(4)
z = (p - p.mean(0)) / p.std(0)
bold = np.roll(z[:, [0, 2]], 3, 0).repeat(15, 1) + r.normal(0, 0.5, (len(p), 30))
save('s0.safetensors', bold=bold.astype('f4'))
\""
check 'a set' 'gb-cache pack -q --tr 1/2 --gap 10 --split 0:280/300:360 -o SET pitch.safetensors --subject s0=s0.safetensors'
check 'ridge and giblet13 train on it' 'gb-train -q --model ridge -o RIDGE SET && gb-train -q -j2 --model giblet13 --width 0.01 --rank 10 --window 12 --groups 1 --micro 4 --brain-kernel fir:0:6 --epochs 1 --patience 0 -o NET SET'
for model in RIDGE NET; do
	check "$model: decodes frequency and voicing better than the train mean" "gb-recon -q --from brain -o $model.report $model SET && $PYTHON -c \"
import csv
rows = {r['key']: r for r in csv.DictReader(open('$model.report/metrics.tsv'), delimiter='\t') if r['target'] == 'pitch'}
for key in ('decoding.pitch.semitones', 'decoding.pitch.voiced'):
    print(key, rows[key]['value'], rows[key]['chance'])
    assert 0 < float(rows[key]['value']) < 0.9 * float(rows[key]['chance'])
assert 'pitch, brain to stimulus: decoded and true' in open('$model.report/report.html').read()
\""
done
done_testing
