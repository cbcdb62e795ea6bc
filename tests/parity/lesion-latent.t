#!/bin/sh
# SPDX-License-Identifier: MIT
# --lesion-latent against numpy: the network from its weights, what the region's head reads of
# z by a decomposition of its own, z without it, and everything decoded from that.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
r = np.random.default_rng(8)
n, shape, affine = 760, (6, 4, 3), np.diag([3., 3, 3, 1])
mask, side = np.ones(shape, bool), np.zeros(shape, bool)
mask[5, 3] = False
side[:2] = True                                 # the region follows two numbers of the text, the rest the others
for m, name in ((mask, 'mask'), (side, 'roi')):
    nib.save(nib.Nifti1Image(m.astype('u1'), affine), name + '.nii.gz')
def ar(*shape):
    x = r.normal(0, 1, (n,) + shape)
    for i in range(1, n):
        x[i] += 0.7 * x[i - 1]
    return x
text, rate = ar(6), ar(1)
late = lambda x: np.vstack([np.zeros((3, x.shape[1])), x[:-3]])
w = np.zeros((7,) + shape)
w[:2, side], w[2:, ~side] = r.normal(0, 1, (2, side.sum())), r.normal(0, 1, (5, (~side).sum()))
for s in range(2):
    data = np.tensordot(late(np.hstack([text, rate])), w, 1) + 2 * ar(*shape)
    image = nib.Nifti1Image(np.moveaxis(data, 0, -1).astype('f4'), affine)
    image.header.set_xyzt_units('mm', 'sec')
    image.header['pixdim'][4] = 1.5
    nib.save(image, 's%d.nii.gz' % s)
save('text.safetensors', text=text.astype('f4'))
save('rate.safetensors', **{'text.rate': rate.astype('f4')})
E2
$PYTHON make.py "$TOP" || exit 1
for s in 0 1; do gb-fmri-hrf bold -q s$s.nii.gz --mask mask.nii.gz --runs a:400,b:360 --zscore run -o s$s.safetensors || exit 1; done
gb-cache pack -q --tr 3/2 --runs a:400,b:360 --split 0.5:0.4 -o SET text.safetensors rate.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors || exit 1
small='-q -j1 --device cpu --width 0.01 --window 9 --groups 1 --micro 4 --patience 0 --epochs 12'
gb-train $small --rank 5 --brain-kernel fir:0:6 --subject s0 -o FIR SET && gb-train $small --rank 9 --brain-kernel glover3 --subject all -o SEVERAL SET &&
	gb-train $small --rank 4 --brain-kernel glover3 --subject s1 --start zero --rate 0.02 --dropout 0 -o DEEP SET &&
	gb-train $small --rank 4 -o MEAN SET && gb-train -q --model ridge -o RIDGE SET || exit 1

cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
folder, run = sys.argv[2:4]
table = [l.rstrip('\n').split('\t') for l in open(folder + '/metrics.tsv')]
def metric(key, column='value', target=None):
    found = [l for l in table if l[0] == 'lesion.latent.' + key and (not target or l[2] == target)]
    assert len(found) == 1, (key, found)
    return found[0][table[0].index(column)] if column == 'control' else float(found[0][table[0].index(column)])
ck = {k: v.astype(float) if v.dtype == 'f4' else v for k, v in load(run + '/best.safetensors')[0].items()}
about = json.loads(bytes(ck['model']))
index = load('SET/index.safetensors')[0]
n, runs = 760, np.repeat([0, 1], [400, 360])
first = np.array([0, 400])[runs]
x = np.hstack([load('text.safetensors')[0]['text'], load('rate.safetensors')[0]['text.rate']])
x = (x - ck['input.linear.mean']) / ck['input.linear.std']
gelu = lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))
def norm(name, x):
    x = x - x.mean(1, keepdims=True)
    return x / np.sqrt((x * x).mean(1, keepdims=True) + 1e-5) * ck[name + '.norm.scale'].ravel() + ck[name + '.norm.shift'].ravel()
dense = lambda name, x: x @ ck[name + '.weight'].T + (ck[name + '.bias'].ravel() if name + '.bias' in ck else 0)
def block(name, x):
    y = gelu(dense(name, norm(name, x)))
    return x + y if y.shape == x.shape else y
def encode(x, there):
    deep = gelu(dense('2c.text', x)) if there else np.tile(ck['2c.absent'].ravel(), (len(x), 1))
    for name in ('4.mix', '5.expand', '6.expand'):
        deep = block(name, deep)
    return dense('linear', x) + dense('7.bottleneck', norm('7.bottleneck', deep))
z, before = encode(x, True), encode(np.zeros((1, x.shape[1])), False)   # before a run: nothing
B = z.shape[1]
subjects = [s['name'] for s in about['dims']['subjects']]
M = ck['brain.map.weight']
basis = M.shape[1] // B
h = np.array(about['dims']['delays']['taps'], float).reshape(basis, -1)
def fir(z, before):
    out = np.zeros((n, basis, B))
    for k in range(h.shape[1]):
        t = np.arange(n) - k
        out += h[:, k][None, :, None] * np.where((t >= first)[:, None], z[np.maximum(t, 0)], before)[:, None, :]
    return out.reshape(n, -1)
def bold(z, before):
    y = 0
    for s in subjects:
        y = y + (dense('brain.' + s, dense('brain.map', fir(z, before))) * ck['bold.%s.std' % s] + ck['bold.%s.mean' % s]) / len(subjects)
    return y
def text(z):
    y = z
    for name in ('8.expand', '9.narrow', '10.narrow', '11.pool', '12c.text'):
        y = block(name, y)
    return dense('13c.text', y) + dense('13c.text.linear', dense('13c.text.factors', z))
out = load(folder + '/prediction.safetensors')[0]
rows, Y = out['rows'], out['measured'].astype(float)
assert np.allclose(bold(z, before)[rows], out['predicted'], atol=2e-4), abs(bold(z, before)[rows] - out['predicted']).max()

# what the heads read of z, voxel by voxel and filter by filter
image = nib.load('mask.nii.gz').get_fdata().astype(bool)
voxels = lambda name: nib.load(name).get_fdata().transpose(2, 1, 0)[image.transpose(2, 1, 0)]
roi = voxels('roi.nii.gz') > 0
train = index['use'] == 1
mean = z[train].mean(0)
def directions(region, rank=None):
    A = np.vstack([ck['brain.%s.weight' % s][region] @ M[:, b * B:(b + 1) * B] for s in subjects for b in range(basis)])
    u, s, _ = np.linalg.svd(A @ (z[train] - mean).T, full_matrices=False)
    if rank is None:
        rank = 1 + np.searchsorted(np.cumsum(s ** 2) / (s ** 2).sum(), 0.95)
    return np.linalg.qr((u[:, :rank].T @ A).T)[0].T
def cor(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a * a).sum(0) * (b * b).sum(0))
def rank_percentile(p, y):
    zs = lambda v: (v - v.mean(0)) / v.std(0)
    unit = lambda v: (v - v.mean(1, keepdims=True)) / np.linalg.norm(v - v.mean(1, keepdims=True), axis=1, keepdims=True)
    C, got = unit(zs(p)) @ unit(zs(y)).T, []
    for i in range(len(rows)):
        far = (abs(rows - rows[i]) * 1.5 > 20) | (runs[rows] != runs[rows[i]])
        got.append((C[i, far] < C[i, i]).mean())
    return np.mean(got)
q = directions(roi)
lesion = lambda q, z: z - (z - mean) @ q.T @ q
T = load('text.safetensors')[0]['text'].astype(float)[rows]
z2, before2 = lesion(q, z), lesion(q, before)
r0, r = cor(bold(z, before)[rows], Y), cor(bold(z2, before2)[rows], Y)
print('rank', len(q), 'of', B, 'r', r0.mean(), r.mean(), 'region', r0[roi].mean(), r[roi].mean(), 'rest', r0[~roi].mean(), r[~roi].mean())
assert metric('encoding.r.mean', 'control').endswith('at the same rank: %d of %d; ceiling: intact' % (len(q), B)), metric('encoding.r.mean', 'control')
for key, of in (('encoding.r.mean', slice(None)), ('encoding.r.region', roi), ('encoding.r.outside', ~roi)):
    print(key, metric(key), r[of].mean(), metric(key, 'null_mean'), metric(key, 'p'))
    assert abs(metric(key) - r[of].mean()) < 1e-4, key
    assert abs(metric(key, 'ceiling') - r0[of].mean()) < 2e-5, key
    assert metric(key, 'chance') == 0 and metric(key, 'nulls') == 20
back = 'decoding.identification.percentile'
print(back, metric(back, target='text'), rank_percentile(text(z2)[rows], T), rank_percentile(text(z)[rows], T))
assert abs(metric(back, target='text') - rank_percentile(text(z2)[rows], T)) < 2e-3
assert abs(metric(back, 'ceiling', 'text') - rank_percentile(text(z)[rows], T)) < 2e-3
volume = voxels(folder + '/r_latent_lesion.nii.gz')
assert abs(volume - r).max() < 1e-3 and abs(volume - r).mean() < 1e-4
assert run == 'DEEP' or metric('encoding.r.region') < metric('encoding.r.region', 'null_mean') - 0.05
E2
for run in FIR DEEP SEVERAL MEAN; do
	check "$run" "gb-recon -q -o $run.out --from stimulus --lesion roi.nii.gz --lesion-latent $run SET"
	check "$run is what numpy finds" "$PYTHON oracle.py '$TOP' $run.out $run"
done
bad=$(mutant first-filter-only)
check 'caught: first-filter-only' "test -x $bad && $bad -q -o bad --from stimulus --lesion roi.nii.gz --lesion-latent FIR SET && ! $PYTHON oracle.py '$TOP' bad FIR"

# Both ways at once, and inputs silenced after it: each as alone.
both='--lesion roi.nii.gz --controls 3 --lesion-input text'
check 'both ways' "gb-recon -q -j1 -o both $both --lesion-latent MEAN SET && gb-recon -q -o one $both MEAN SET && grep -v '^lesion.latent' both/metrics.tsv | cmp - one/metrics.tsv && test \$(grep -c '^lesion.latent' both/metrics.tsv) = 4"
bad=$(mutant lesion-left)
check 'caught: lesion-left' "test -x $bad && ASAN_OPTIONS=detect_leaks=0 $bad -q -o bad $both --lesion-latent MEAN SET && ! grep -v '^lesion.latent' bad/metrics.tsv | cmp -s - one/metrics.tsv"
check 'the page tells it, and what it is not' "grep -q 'lies in 2 of the 24 directions of z' both/report.html && grep -q 'a statement about the model' both/report.html && ! grep -q 'patient would see' both/report.html && ! grep -q 'reads of z' one/report.html"
check 'same bytes for -j3' "gb-recon -q -j3 -o three $both --lesion-latent MEAN SET && cmp both/metrics.tsv three/metrics.tsv && cmp both/report.html three/report.html && cmp both/r_latent_lesion.nii.gz three/r_latent_lesion.nii.gz"
check 'text alone' "gb-recon -q -o text --from stimulus --only text --lesion roi.nii.gz --controls 3 --lesion-latent MEAN SET && test \"\$(grep '^lesion.latent' text/metrics.tsv)\" = \"\$(grep '^lesion.latent.*stimulus-to-stimulus' both/metrics.tsv)\" && ! test -e text/r_latent_lesion.nii.gz"
if have_terminal; then
	watched='gb-recon -o watched --from stimulus --lesion roi.nii.gz --controls 3 --lesion-latent MEAN SET'
	check 'progress on a terminal' "on_terminal $watched >shown && grep -q 'regions 0 of 4' shown"
else skip 'progress on a terminal' 'no pseudo-terminal can be opened here'; fi
fails 2 'or --lesion with --lesion-latent' 'a lesion of outputs is still refused' gb-recon -q -o bad --from stimulus --lesion roi.nii.gz MEAN SET
fails 2 'beside --lesion' 'no region' gb-recon -q -o bad --lesion-latent MEAN SET
fails 2 'beside --lesion' 'what is kept' gb-recon -q -o bad --keep roi.nii.gz --lesion-latent MEAN SET
fails 2 'not with --from brain' 'from the brain' gb-recon -q -o bad --from brain --lesion roi.nii.gz --lesion-latent MEAN SET
fails 2 '--refit with --from stimulus' 'a refit from the stimulus' gb-recon -q -o bad --from stimulus --lesion roi.nii.gz --refit --lesion-latent MEAN SET
fails 2 'not with --no-score' 'nothing is scored' gb-recon -q -o bad --no-score --lesion roi.nii.gz --lesion-latent MEAN SET
fails 2 'kind ridge has no bottleneck' 'ridge has no z' gb-recon -q -o bad --lesion roi.nii.gz --lesion-latent RIDGE SET
done_testing
