#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-recon where subjects have voxels of their own: other counts, and as many voxels of
# another mask; figures and maps of each against numpy, and what is not estimable.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
r = np.random.default_rng(5)
n, shape, affine = 760, (5, 4, 3), np.diag([3., 3, 3, 1])
masks = {'a': np.ones(shape, 'u1'), 'b': np.ones(shape, 'u1'), 'c': np.ones(shape, 'u1')}
masks['a'][0, 0] = 0                            # 57 voxels
masks['b'][:, 3] = 0                            # 45
masks['c'][4, 3] = 0                            # 57 others
for k, m in masks.items():
    nib.save(nib.Nifti1Image(m, affine), k + '.nii.gz')
x = r.normal(0, 1, (n, 6))
for i in range(1, n):
    x[i] += 0.7 * x[i - 1]
late = np.vstack([np.zeros((3, 6)), x[:-3]])
common = r.normal(0, 1, (6,) + shape)
for s in range(4):                              # s3 has the mask of s0
    weight = common + 0.5 * r.normal(0, 1, common.shape)
    data = np.tensordot(late, weight, 1) + 3 * r.normal(0, 1, (n,) + shape)
    image = nib.Nifti1Image(np.moveaxis(data, 0, -1).astype('f4'), affine)
    image.header.set_xyzt_units('mm', 'sec')
    image.header['pixdim'][4] = 1.5
    nib.save(image, 's%d.nii.gz' % s)
save('x.safetensors', text=x.astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
for pair in 0:a 1:b 2:c 3:a; do gb-fmri-hrf bold -q "s${pair%:*}.nii.gz" --mask "${pair#*:}.nii.gz" --zscore run -o "s${pair%:*}.safetensors" || exit 1; done
pack() { # pack SET SUBJECT…
	pack_out=$1 pack_brains=
	shift
	for s in "$@"; do pack_brains="$pack_brains --subject $s=$s.safetensors"; done
	gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o "$pack_out" x.safetensors $pack_brains
}
pack OWN s0 s1 s2 && pack SHARED s0 s3 && pack PART s0 s1 s3 && pack THREE s0 s3 s2 || exit 1
small='-q -j1 --device cpu --width 0.01 --rank 5 --window 9 --groups 1 --micro 4 --patience 0 --epochs 1 --brain-kernel fir:0:6'
check 'a model with heads for three subjects, who have 57, 45 and 57 other voxels' "gb-train $small --subject all -o heads OWN && gb-train $small --subject all -o shared SHARED"
for s in s0 s1 s2; do gb-train -q --model ridge --brain-kernel fir:0:6 --subject $s -o ridge-$s OWN || exit 1; done

check 'gb-recon scores each' 'gb-recon -q -o own heads OWN && test -s own/report.html'
cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
folder, mean, names = sys.argv[2], sys.argv[3] == 'mean', sys.argv[4:]
mask_of = {'s0': 'a', 's1': 'b', 's2': 'c', 's3': 'a'}
table = [l.rstrip('\n').split('\t') for l in open(folder + '/metrics.tsv')]
head = table[0]
def metric(target, key, column='value'):
    found = [l for l in table if l[2] == target and l[0] == key]
    assert len(found) == 1, (target, key, len(found))
    return float(found[0][head.index(column)])
def near(a, b, what, tolerance=2e-6):
    assert abs(a - b) <= tolerance * max(1, abs(b)), (what, a, b)
def cor(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a * a).sum(0) * (b * b).sum(0))
def check(target, folder, mask, P, Y, rows):
    r = cor(P, Y)
    near(metric(target, 'encoding.r.mean'), r.mean(), target)
    near(metric(target, 'encoding.r.median'), np.median(r), target)
    n = len(rows)
    null = np.array([cor(np.roll(P, -k, 0), Y).mean() for k in range(30, n - 30 + 1)])
    assert metric(target, 'encoding.r.mean', 'nulls') == len(null)
    near(metric(target, 'encoding.r.mean', 'null_mean'), null.mean(), 'null')
    near(metric(target, 'encoding.r.mean', 'p'), (1 + (null >= r.mean()).sum()) / (1 + len(null)), 'p')
    table = np.array([[np.nan if c == 'n/a' else float(c) for c in l.split('\t')] for l in open(folder + '/voxels.tsv').readlines()[1:]])
    assert len(table) == len(r) and np.allclose(table[:, 1], r, atol=2e-6)
    inside = nib.load(mask + '.nii.gz').get_fdata().ravel(order='F') > 0
    image = nib.load(folder + '/r.nii.gz').get_fdata().ravel(order='F')
    assert np.allclose(image[inside], r, atol=2e-6) and (image[~inside] == 0).all()
    image = nib.load(folder + '/predicted.nii.gz').get_fdata()
    assert np.allclose(image.reshape(-1, image.shape[3], order='F')[inside][:, -n:].T, P, atol=1e-5)
    return r.mean(), table
all_r, predicted, measured = [], [], []
for s in names:
    out = load('%s/%s/prediction.safetensors' % (folder, s))[0]
    rows = out['rows']
    Y = load(s + '.safetensors')[0]['bold'].astype(float)[rows]
    assert len(rows) >= 330 and np.array_equal(out['measured'], Y.astype('f4')), s
    predicted.append(out['predicted'].astype(float))
    measured.append(Y)
    r, voxels = check(s, '%s/%s' % (folder, s), mask_of[s], predicted[-1], Y, rows)
    assert r > 0.15, (s, r)
    all_r.append(r)
near(metric('single subjects', 'encoding.r.subjects'), np.mean(all_r), 'subjects')
if mean:
    P, S = np.mean(predicted, 0), np.array(measured)
    out = load(folder + '/prediction.safetensors')[0]
    assert np.allclose(out['predicted'], P, atol=1e-5) and np.allclose(out['measured'], S.mean(0), atol=1e-5)
    check('mean of 2 subjects', folder, 'a', P, S.mean(0), rows)
    rho = np.clip(cor(S[0], S[1]), 0, None)
    near(metric('single subjects', 'isc.pairwise'), cor(S[0], S[1]).mean(), 'isc', 1e-5)
    assert np.allclose(voxels[:, 2], np.sqrt(rho), atol=1e-5)
    near(metric('s3', 'encoding.r.mean', 'ceiling'), np.sqrt(rho).mean(), 'ceiling', 1e-5)
    near(metric('mean of 2 subjects', 'encoding.r.mean', 'ceiling'), np.sqrt(2 * rho / (1 + rho)).mean(), 'ceiling of the mean', 1e-5)
else:
    lines = [l for l in table if l[-1] == 'not estimable: subjects have their own voxels']
    assert len(lines) == 4 and {l[0] for l in lines} >= {'isc.pairwise'} and all(l[4] == 'n/a' for l in lines), lines
    assert all(l[head.index('ceiling')] == 'n/a' for l in table if l[1] == 'stimulus-to-brain')
    assert not any('mean of' in l[2] for l in table)
E2
check 'each in their own voxels, as numpy finds; no ceiling, no mean' "$PYTHON oracle.py '$TOP' own own s0 s1 s2 && test ! -e own/r.nii.gz && test ! -e own/s0/r_of_ceiling.nii.gz"
check 'the page says so' 'for w in "first of the model.s subjects" "not estimable: subjects have their own voxels" "there is no mean brain" "s2/r.nii.gz"; do grep -q "$w" own/report.html || { echo "$w"; exit 1; }; done'
check 'heads that share a mask: their mean too, with ceilings' "gb-recon -q -o both shared SHARED && $PYTHON oracle.py '$TOP' both mean s0 s3 && ! grep -q 'not estimable' both/metrics.tsv both/report.html"
for j in 1 3; do
	check "same bytes for -j$j" "gb-recon -q -j$j -o j$j heads OWN && for f in metrics.tsv report.html s1/voxels.tsv s2/r.nii.gz s1/prediction.safetensors; do cmp own/\$f j$j/\$f || exit 1; done"
done

# A model of one subject.
check 'ridge of one subject: the others are not predicted, and that is said' "gb-recon -q -o one ridge-s1 OWN && test -s one/r.nii.gz && awk -F'\t' '\$NF ~ /no weights for these voxels/ {n++; if (\$5 != \"n/a\") exit 1} END {exit n != 2}' one/metrics.tsv"
check 'it predicts who shares the mask: a ceiling of two of three' "gb-recon -q -o part ridge-s0 PART && $PYTHON -c \"
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
t = [l.rstrip('\n').split('\t') for l in open('part/metrics.tsv')]
out = load('part/prediction.safetensors')[0]
S = [load(s + '.safetensors')[0]['bold'].astype(float)[out['rows']] for s in ('s0', 's3')]
def cor(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    return (a * b).sum(0) / np.sqrt((a * a).sum(0) * (b * b).sum(0))
value = {(l[2], l[0]): l[4] for l in t}
assert abs(float(value['s3', 'encoding.r.mean']) - cor(out['predicted'].astype(float), S[1]).mean()) < 2e-6
assert abs(float(value['single subjects', 'isc.pairwise']) - cor(*S).mean()) < 1e-5
assert value['s1', 'encoding.r.mean'] == 'n/a'\" && grep -q 'of the 2 subjects, of 3, who share these voxels' part/report.html"

# Ridge beside a head, only where it predicts the same voxels.
check 'ridge of s2 stands beside s2 alone' "gb-recon -q --from stimulus -o beside --baseline ridge-s2 heads OWN && awk -F'\t' '\$1 == \"encoding.r.mean\" && (\$3 == \"s2\") != (\$10 != \"n/a\") {exit 1}' beside/metrics.tsv && gb-recon -q --from stimulus -o r2 ridge-s2 OWN && awk -F'\t' '\$3 == \"s2\" && \$1 == \"encoding.r.mean\" {print (FILENAME ~ /beside/ ? \$10 : \$5)}' beside/metrics.tsv r2/metrics.tsv | uniq | wc -l | grep -qx 1"
check 'and is compared with it' 'gb-recon --compare r2 beside/s2 | wc -l | grep -qx 3'
fails 3 'predicts none of the voxels' 'ridge of other voxels' gb-recon -q -o bad --baseline ridge-s2 ridge-s0 PART
fails 3 'predicts none of the voxels' 'ridge of other voxels beside a network' gb-recon -q -o bad --baseline ridge-s1 shared SHARED
gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o SWAPPED x.safetensors --subject s0=s2.safetensors || exit 1
fails 3 'subject s0: bold.mask is not the one' 'a brain of as many voxels of another mask' gb-recon -q -o bad ridge-s0 SWAPPED
fails 3 'subject s2: 57 voxels, but not those of s0' 'no mean of as many voxels of other masks' gb-train -q --model ridge -o bad THREE
done_testing
