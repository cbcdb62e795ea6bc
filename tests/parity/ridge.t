#!/bin/sh
# SPDX-License-Identifier: MIT
# Ridge against numpy: delays, kernels, folds, gap, penalties, ensemble, both
# forms; sizes of three odd tiles and more; same bytes for any threads.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(5)
n = 620                                        # two runs of 311 and 309
wide = r.normal(1, 2, (n, 389)).astype('f4')
wide[:, 7] = 3                                 # a constant
small = r.normal(-1, 1, (n, 3)).astype('f4')
weight = r.normal(0, 1, (12, 775))
drive = np.hstack([np.roll(small, k, 0) for k in (2, 3, 4)] + [np.roll(wide[:, :3], 3, 0)])
bold = (drive @ weight + 4 * r.normal(0, 1, (n, 775))).astype('f4')
bold[:, 5] = 0                                 # a dead voxel
save('x.safetensors', wide=wide, small=small)
save('y.safetensors', bold=bold)
E2
$PYTHON make.py "$TOP" || exit 1
pack='gb-cache pack -q --tr 3/2 --runs a:311,b:309 --gap 12 --split a:/b:47:309'
check 'a set is packed' "$pack -o SET x.safetensors --subject s1=y.safetensors"
check 'ridge trains in the dual' 'gb-train --model ridge -j2 -o dual --brain-kernel fir:1:5 SET && grep -q "dual$" dual/metrics.tsv'
check 'ridge trains in the primal' 'gb-train --model ridge -j2 -o primal --brain-kernel fir:1:5 --features small --no-decoders SET && grep -q "primal$" primal/metrics.tsv'
check 'a fixed kernel' 'gb-train --model ridge -j2 -o glover --brain-kernel glover3 --no-decoders SET'

cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
run = sys.argv[2]
index, about = load('SET/index.safetensors')
use = index['use']
x, _ = load('x.safetensors')
y = load('y.safetensors')[0]['bold'].astype(float)
ck, _ = load(run + '/best.safetensors')
model = json.loads(bytes(ck['model']))
enc = model['dims']['encode']
taps = np.array(enc['delays']['taps']).reshape(enc['delays']['filters'], -1)
first, runs = enc['delays']['first'], np.repeat([0, 1], [311, 309])
train = np.flatnonzero(use == 1)
test = np.flatnonzero(use == 2)
assert len(train) == 289 and len(test) == 262 and (ck['encode.train'] == train).all()
gap = 8                                        # 12 s
n = len(train)

def design(v):
    m, s = v[train].mean(0), v[train].std(0)   # standardised rows are float32
    z = np.where(s > 1e-6 * abs(m), (v - m) / np.where(s > 0, s, 1), 0).astype('f4').astype(float)
    out = np.zeros((len(v), len(taps), v.shape[1]))
    for f, h in enumerate(taps):
        for k, t in enumerate(h):
            lag = first + k
            for a, b in ((0, 311), (311, 620)):
                out[a + lag:b, f] += t * z[a:b - lag]
    return out.reshape(len(v), -1)

X = [design(x[b['name']].astype(float)) for b in enc['bands']]
K = [d @ d[train].T for d in X]
K = [k / np.diag(k[train]).mean() for k in K]
mean = y[train].mean(0)
Y = y[train] - mean

def r(p, q):
    p, q = p - p.mean(0), q - q.mean(0)
    s = np.sqrt((p * p).sum(0) * (q * q).sum(0))
    return np.where(s > 0, (p * q).sum(0) / np.where(s > 0, s, 1), 0)

def folds(w, penalties):
    k, out = sum(a * b for a, b in zip(w, K))[train], []
    P, R = np.zeros((len(penalties),) + Y.shape), np.zeros((len(penalties), 8, Y.shape[1]))
    for f in range(8):
        a, b = n * f // 8, n * (f + 1) // 8
        keep = np.r_[0:max(0, a - gap), min(n, b + gap):n]
        value, vector = np.linalg.eigh(k[np.ix_(keep, keep)])
        left, right = k[a:b][:, keep] @ vector, vector.T @ Y[keep]
        for i, g in enumerate(penalties):
            P[i, a:b] = left / (value + g) @ right
            R[i, f] = r(P[i, a:b], Y[a:b])
    return [(q.mean(), p.std(0), q.mean(0)) for p, q in zip(P, R)]

state = model['state'][0]
grid = 10.0 ** np.arange(-2, 7)
curve = [t[0] for t in folds(np.ones(len(K)) / len(K), grid)]
assert np.allclose(curve, state['curve'], atol=1e-6), (curve, state['curve'])
assert len(state['choices']) == (8 if len(K) > 1 else 1)
scores = [c['score'] for c in state['choices']]
assert scores == sorted(scores, reverse=True) and scores[0] >= max(curve) - 1e-6
own = ck.get('encode.penalty')                 # a penalty for each voxel
total = scale = 0
for i, c in enumerate(state['choices']):
    assert abs(sum(c['weights']) - 1) < 1e-12
    score, sd, _ = folds(c['weights'], [c['penalty']])[0]
    assert abs(score - c['score']) < 1e-6, (score, c)
    if c is state['choices'][-1]:                # its penalty is the best of all
        assert score >= max(t[0] for t in folds(c['weights'], grid)) - 1e-6
    k = sum(a * b for a, b in zip(c['weights'], K))
    p = k[test] @ np.linalg.solve(k[train] + c['penalty'] * np.eye(n), Y)
    if own is not None:                          # found by trying them all; a tie leaves the one for all
        tried = folds(c['weights'], grid)
        every = np.array([t[2] for t in tried])
        at, shared = np.arange(775), np.searchsorted(grid, c['penalty'] * 0.99)
        each = np.where(every.max(0) > every[shared], every.argmax(0), shared)
        missed = own[i] != grid[each].astype('f4')
        each = np.searchsorted(grid, own[i] * 0.99)
        assert missed.sum() <= 2 and (every.max(0) - every[each, at]).max() < 1e-9, missed.sum()
        sd = np.array([t[1] for t in tried])[each, at]
        p = np.array([k[test] @ np.linalg.solve(k[train] + g * np.eye(n), Y) for g in grid])[each, :, at].T
        if i == 0:
            assert np.allclose(every[each, at].mean(), state['own']['score'], atol=1e-6)
            assert state['own']['counts'] == np.bincount(each, minlength=9).tolist() and state['own']['penalty'] == np.median(own[0])
            line = [l.split('\t') for l in open(run + '/metrics.tsv')][1]
            assert int(line[3]) == (each == 0).sum() + (each == 8).sum() and float(line[2]) == np.median(own[0]) and each.ptp() > 2
            assert abs(float(line[1]) - state['own']['score']) < 1e-8
    total = total + np.where(sd > 0, p / np.where(sd > 0, sd, 1), 0)
    scale = scale + sd
want = total * scale / len(state['choices']) ** 2
got = 0
for d, b in zip(X, enc['bands']):
    c = ck['encode.%s.coefficient' % b['name']].astype(float)
    assert c.shape == ((n if b['dual'] else d.shape[1]), 775)
    got = got + (d[test] @ d[train].T @ c if b['dual'] else d[test] @ c)
error = abs(got - want).max() / want.std()
print('largest error', error, 'of an SD; r', r(want, y[test]).mean())
assert error < 2e-5 and r(want, y[test]).mean() > 0.2 and (got[:, 5] == 0).all()
assert np.allclose(ck['encode.offset'], mean, atol=1e-6)
E2
check 'the dual is what numpy finds' "$PYTHON oracle.py '$TOP' dual"
check 'the primal is what numpy finds' "$PYTHON oracle.py '$TOP' primal"
check 'a fixed kernel is what numpy finds' "$PYTHON oracle.py '$TOP' glover"

# A penalty for each voxel.
own='gb-train --model ridge --per-voxel'
check 'per voxel, in the dual' "$own -v -j2 -o own --brain-kernel fir:1:5 SET 2>said && grep -q 'at the edge of those tried (.* at 1e-2, .* at 1e6); under 2000 train rows' said && grep -q 'a penalty for each voxel chosen by the same folds' said"
check 'per voxel, in the primal' "$own -q -j2 -o own-primal --brain-kernel fir:1:5 --features small --no-decoders SET"
check 'per voxel, the dual is what numpy finds' "$PYTHON oracle.py '$TOP' own"
check 'per voxel, the primal is what numpy finds' "$PYTHON oracle.py '$TOP' own-primal"
bad=$(mutant voxels-of-first-fold)
check 'caught: voxels-of-first-fold' "test -x $bad && $bad -q --model ridge --per-voxel -o bad-own --brain-kernel fir:1:5 --features small --no-decoders SET && ! $PYTHON oracle.py '$TOP' bad-own"
check 'per voxel, same bytes for -j1' "$own -q -j1 -o own1 --brain-kernel fir:1:5 SET && cmp own/best.safetensors own1/best.safetensors"
check 'decoders keep one penalty' 'cmp own/metrics.tsv dual/metrics.tsv; grep -v ^bold own/metrics.tsv >a; grep -v ^bold dual/metrics.tsv | cmp - a'
check 'gb-recon uses it as any ridge' "gb-recon -q -o recon own SET && grep -q 'Each voxel then has a penalty of its own' recon/report.html && gb-recon -q -o recon1 dual SET && ! grep -q 'penalty of its own' recon1/report.html"
fails 2 'per-voxel: not an option of --model giblet13' 'of a network' gb-train --per-voxel -o bad SET

for j in 1 3; do
	check "same bytes for -j$j" "gb-train --model ridge -j$j -o j$j --brain-kernel fir:1:5 SET && cmp dual/best.safetensors j$j/best.safetensors"
done
check 'OPENBLAS_NUM_THREADS does not matter' 'OPENBLAS_NUM_THREADS=2 gb-train --model ridge -j2 -o blas --brain-kernel fir:1:5 SET && cmp dual/best.safetensors blas/best.safetensors'

# What a user can get wrong.
check 'a finished run is left alone' 'cp dual/status.json old && gb-train --model ridge -v -o dual --brain-kernel fir:1:5 SET 2>said && grep -q "finished already" said'
fails 2 'other options.*--overwrite' 'other options are refused' gb-train --model ridge -o dual --brain-kernel fir:0:5 SET
fails 2 'fir:5:5: fir:A:B wants' 'delays that are none' gb-train --model ridge -o bad --brain-kernel fir:5:5 SET
fails 2 'has no such stimulus tensor' 'a feature that is not there' gb-train --model ridge -o bad --features nothing SET
fails 2 'subject s9: not in the set' 'a subject that is not there' gb-train --model ridge -o bad --subject s9 SET
fails 2 'no-such-set' 'a set that is not there' gb-train --model ridge -o bad no-such-set
fails 2 '-o RUN is wanted' 'no run named' gb-train --model ridge SET
check 'a set of few rows is packed' "gb-cache pack -q --tr 3/2 --runs a:311,b:309 --split a:0:60/b: -o FEW x.safetensors --subject s1=y.safetensors"
fails 3 '38 train rows: from 64' 'too few train rows' gb-train --model ridge -o bad FEW
check 'a set without brains is packed' "gb-cache pack -q --tr 3/2 --split 1:0 -o NONE x.safetensors"
fails 3 'no BOLD in it' 'a set without brains' gb-train --model ridge -o bad NONE
done_testing
