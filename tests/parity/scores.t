#!/bin/sh
# SPDX-License-Identifier: MIT
# The figures of gb-recon against numpy: r, ceilings, the full shift null, blocks,
# FDR, family-wise p, identification; two runs of odd lengths, three tiles and more.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(11)
n, v = 800, 331                                # runs of 450 and 350; the second half of each is tested
def ar(shape, rho=0.7):
    x = r.normal(0, 1, shape)
    for i in range(1, len(x)):
        x[i] += rho * x[i - 1]
    return x
x = ar((n, 4))
x[600:612] = x[630:642]                        # a scene shown twice: ties
weight = r.normal(0, 1, (4, v))
common = ar((n, 1)) @ r.normal(1, 0.3, (1, v))
for s in range(3):
    own = ar((n, v)) * 3
    bold = np.zeros((n, v))
    for a, b in ((0, 450), (450, n)):
        bold[a + 3:b] = (x @ weight)[a:b - 3]
    bold = bold + common + own
    bold[:, 17] = 0                            # a dead voxel
    save('s%d.safetensors' % s, bold=bold.astype('f4'))
save('x.safetensors', x=x.astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
brains='--subject s0=s0.safetensors --subject s1=s1.safetensors --subject s2=s2.safetensors'
check 'a set is packed' "gb-cache pack -q --tr 3/2 --runs a:450,b:350 --repeats keep --split a:0:220/a:260:450,b:181:350 -o SET x.safetensors $brains"
check 'a model is trained' 'gb-train -q --model ridge -o RUN --brain-kernel fir:0:6 SET'
check 'and tested' 'gb-recon -q --from stimulus -o DIR RUN SET'

cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
out, about = load('DIR/prediction.safetensors')
rows, runs, P, Y = out['rows'], out['runs'], out['predicted'].astype(float), out['measured'].astype(float)
index, _ = load('SET/index.safetensors')
assert (rows == np.flatnonzero(index['use'] == 2)).all() and len(rows) == 359
S = np.array([load('s%d.safetensors' % s)[0]['bold'].astype(float)[rows] for s in range(3)])
assert np.allclose(Y, S.mean(0), atol=1e-5)
table = [l.rstrip('\n').split('\t') for l in open('DIR/metrics.tsv')]
head = table[0]
def metric(key, target=None, column='value'):
    found = [l for l in table if l[0] == key and (target is None or l[2] == target)]
    assert len(found) == 1, (key, target, len(found))
    return float(found[0][head.index(column)])
def near(a, b, what, tolerance=2e-6):
    assert abs(a - b) <= tolerance * max(1, abs(b)), (what, a, b)
def cor(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    s = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    return np.where(s > 0, (a * b).sum(0) / np.where(s > 0, s, 1), 0)

# correlation
r = cor(P, Y)
main = 'mean of 3 subjects'
near(metric('encoding.r.mean', main), r.mean(), 'mean r')
near(metric('encoding.r.median'), np.median(r), 'median')
near(metric('encoding.r.p95'), np.quantile(r, 0.95), 'p95')
near(metric('encoding.r.mean-course'), cor(P.mean(1), Y.mean(1)), 'region')
def rest(x):
    c = x.mean(1) - x.mean()
    return x - np.outer(c, c @ x / (c @ c))
near(metric('encoding.r.less-mean-course'), cor(rest(P), rest(Y)).mean(), 'rest', 1e-5)
for s in range(3):
    near(metric('encoding.r.mean', 's%d' % s), cor(P, S[s]).mean(), 'subject')

# ceilings
sd = S.std(1, keepdims=True)
Z = (S - S.mean(1, keepdims=True)) / np.where(sd > 0, sd, 1)
pairs = np.mean([(Z[i] * Z[j]).mean(0) for i in range(3) for j in range(i)], 0)
left = np.mean([cor(Z[i], Z[[j for j in range(3) if j != i]].mean(0)) for i in range(3)], 0)
near(metric('isc.pairwise'), pairs.mean(), 'isc', 1e-5)
near(metric('isc.leave-one-out'), left.mean(), 'left out', 1e-5)
rho = np.clip(pairs, 0, None)
many = np.sqrt(3 * rho / (1 + 2 * rho))
voxels = np.array([[float(a) for a in l.split('\t')] for l in open('DIR/voxels.tsv').readlines()[1:]])
assert np.allclose(voxels[:, 1], r, atol=2e-6)
assert np.allclose(voxels[:, 2], many, atol=1e-5) and voxels[17, 2] == 0
keep = many >= 0.2
near(metric('encoding.r.mean', main, 'of_ceiling'), r[keep].sum() / many[keep].sum(), 'share', 1e-5)

# every shift of 45 s (30 rows) and more, within runs, by brute force
a, b = np.flatnonzero(runs == 0), np.flatnonzero(runs == 1)
assert len(a) == 190 and len(b) == 169
shifts = [k for k in range(190) if all(30 <= k % m <= m - 30 for m in (190, 169))]
null = []
for k in shifts:
    Q = np.vstack([np.roll(P[a], -k, 0), np.roll(P[b], -(k % 169), 0)])
    null.append(cor(Q, Y))
null = np.array(null)
m = null.mean(1)
near(metric('encoding.r.mean', main, 'nulls'), len(shifts), 'shifts')
near(metric('encoding.r.mean', main, 'null_mean'), m.mean(), 'null mean')
near(metric('encoding.r.mean', main, 'null_sd'), m.std(), 'null sd')
near(metric('encoding.r.mean', main, 'p'), (1 + (m >= r.mean()).sum()) / (1 + len(shifts)), 'p')
fwe = (1 + (null.max(1)[:, None] >= r).sum(0)) / (1 + len(shifts))
assert np.allclose(voxels[:, 5], fwe, atol=1e-6), 'family-wise p'
scale = null.std(0)
scale[scale == 0] = np.inf
tail = np.sort((null / scale).ravel())
z = r / scale
p = (1 + len(tail) - np.searchsorted(tail, z - 1e-9)) / (1 + len(tail))
p[17] = 1
assert np.allclose(voxels[:, 3], p, atol=2e-4), abs(voxels[:, 3] - p).max()
order = np.argsort(voxels[:, 3])
q = np.minimum.accumulate((voxels[order, 3] * 331 / np.arange(1, 332))[::-1])[::-1]
assert np.allclose(voxels[order, 4], np.minimum(q, 1), atol=1e-5), 'q'

# the interval: its blocks cover the right length, and it has about the width of an independent bootstrap
course = Y.mean(1) - Y.mean()
lag = next(k for k in range(1, 359) if sum(course[i] * course[i - k] for i in range(k, 359) if runs[i] == runs[i - k]) / (course @ course) < 0.1)
length = max(30, int(np.ceil(1.5 * lag)))
low, high = metric('encoding.r.mean', main, 'low'), metric('encoding.r.mean', main, 'high')
g = np.random.default_rng(1)
starts = [i for i in range(359 - length + 1) if runs[i] == runs[i + length - 1]]
boot = []
for _ in range(600):
    i = np.concatenate([np.arange(s, s + length) for s in g.choice(starts, -(-359 // length))])[:359]
    boot.append(cor(P[i], Y[i]).mean())
want = np.quantile(boot, [0.025, 0.975])
assert abs(low - want[0]) < 0.03 and abs(high - want[1]) < 0.03, (low, high, want)

# identification
zs = lambda x: np.where(x.std(0) > 0, (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1), 0)
A, B = zs(P), zs(Y)
C = np.corrcoef(np.vstack([A, B]))[:359, 359:]
rank = np.empty((359, 359))
for u in range(359):
    others = (runs != runs[u]) | (abs(rows - rows[u]) > 14)     # 20 s are 13.3 rows: 14 and nearer are left out
    rank[:, u] = ((C[:, others] < C[:, [u]]).sum(1) + 0.5 * (C[:, others] == C[:, [u]]).sum(1)) / others.sum()
near(metric('encoding.identification.percentile'), np.diag(rank).mean(), 'percentile', 2e-5)
ids = []
for k in shifts:
    u = np.r_[a[(np.arange(190) + k) % 190], b[(np.arange(169) + k) % 169]]
    ids.append(rank[np.arange(359), u].mean())
near(metric('encoding.identification.percentile', column='null_mean'), np.mean(ids), 'rank null', 2e-5)
near(metric('encoding.identification.percentile', column='p'), (1 + (np.array(ids) >= np.diag(rank).mean()).sum()) / (1 + len(ids)), 'rank p')
seg = [s + 20 * i for s, m in ((0, 190), (190, 169)) for i in range(m // 20)]
a, b = (np.array([x[s:s + 20].ravel() for s in seg]) for x in (A, B))
D = np.corrcoef(np.vstack([a, b]))[:len(seg), len(seg):]
below = (D < np.diag(D)[:, None]).sum(1)
near(metric('encoding.identification.segment.first'), (below == len(seg) - 1).mean(), 'top 1')
near(metric('encoding.identification.segment.five'), (below >= len(seg) - 5).mean(), 'top 5')
near(metric('encoding.identification.segment.percentile'), below.mean() / (len(seg) - 1), 'segments')
near(metric('encoding.identification.segment.first', column='chance'), 1 / len(seg), 'chance')
E2
check 'every figure is what numpy finds' "$PYTHON oracle.py '$TOP'"
for j in 1 3; do
	check "same bytes for -j$j" "gb-recon -q --from stimulus -j$j -o j$j RUN SET && for f in metrics.tsv voxels.tsv prediction.safetensors; do cmp DIR/\$f j$j/\$f || exit 1; done"
done
check 'OPENBLAS_NUM_THREADS does not matter' 'OPENBLAS_NUM_THREADS=2 gb-recon -q --from stimulus -j2 -o blas RUN SET && cmp DIR/metrics.tsv blas/metrics.tsv && cmp DIR/prediction.safetensors blas/prediction.safetensors'
check 'a row is predicted alike in other company' "gb-recon -q --from stimulus -o part --rows 270:420 RUN SET && $PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
a, b = load('DIR/prediction.safetensors')[0], load('part/prediction.safetensors')[0]
i = np.isin(a['rows'], b['rows'])
assert len(b['rows']) == 150 and (a['predicted'][i] == b['predicted']).all()\""
check 'under 300 rows there is no p' 'grep -P "^encoding.r.mean\t.*mean of 3" part/metrics.tsv | grep -q "n/a.*too few rows"'
done_testing
