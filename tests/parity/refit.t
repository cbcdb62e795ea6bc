#!/bin/sh
# SPDX-License-Identifier: MIT
# --refit: decoders trained without a region, or on it alone, are those that gb-train fits on
# a set whose BOLD was extracted with that mask.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
r = np.random.default_rng(6)
n, shape, affine = 760, (6, 4, 3), np.diag([3., 3, 3, 1])
side = np.zeros(shape, bool)
side[:2] = True                                 # one is there, other elsewhere, text in both
save_mask = lambda m, name: nib.save(nib.Nifti1Image(m.astype('u1'), affine), name)
mask = np.ones(shape, bool)
mask[5, 3] = False
save_mask(mask, 'mask.nii.gz'), save_mask(side, 'roi.nii.gz'), save_mask(mask & ~side, 'rest.nii.gz')
x = r.normal(0, 1, (n, 3))
for i in range(1, n):
    x[i] += 0.7 * x[i - 1]
late = np.vstack([np.zeros((3, 3)), x[:-3]])
w = r.normal(0, 1, (3,) + shape)
w[0] *= side
w[1] *= ~side
w[2] *= r.uniform(0, 1, shape) < 0.5
data = np.tensordot(late, w, 1) + 1.5 * r.normal(0, 1, (n,) + shape)
image = nib.Nifti1Image(np.moveaxis(data, 0, -1).astype('f4'), affine)
image.header.set_xyzt_units('mm', 'sec')
image.header['pixdim'][4] = 1.5
nib.save(image, 'bold.nii.gz')
save('x.safetensors', one=x[:, :1].astype('f4'), other=x[:, 1:2].astype('f4'), text=x[:, 2:].astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
for m in mask roi rest; do
	gb-fmri-hrf bold -q bold.nii.gz --mask $m.nii.gz --zscore run -o s-$m.safetensors && gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o SET-$m x.safetensors --subject s0=s-$m.safetensors &&
		gb-train -q --model ridge -o RUN-$m SET-$m && gb-recon -q --from brain -o out-$m RUN-$m SET-$m || exit 1
done
gb-train -q -j1 --device cpu --width 0.01 --rank 5 --window 9 --groups 1 --micro 4 --patience 0 --epochs 1 -o NET SET-mask || exit 1

check 'without the region' 'gb-recon -q --from brain -o without --lesion roi.nii.gz --refit RUN-mask SET-mask'
check 'on the region alone' 'gb-recon -q --from brain -o alone --keep roi.nii.gz --controls 7 --refit RUN-mask SET-mask'
cat >oracle.py <<'E2'
def table(folder):
    lines = [l.rstrip('\n').split('\t') for l in open(folder + '/metrics.tsv')]
    return {(l[2], l[0]): dict(zip(lines[0], l)) for l in lines[1:] if l[1] == 'brain-to-stimulus'}
true = 'decoding.identification.percentile'
whole, rest, roi = (table('out-' + m) for m in ('mask', 'rest', 'roi'))
for folder, key, want, controls in (('without', 'lesion.region.refit.decoding.identification.percentile', rest, 20),
                                       ('alone', 'lesion.keep.refit.decoding.identification.percentile', roi, 7)):
    got = table(folder)
    for k in ('one', 'other', 'text'):
        m = got[k, key]
        print(folder, k, m['value'], want[k, true]['value'], m['ceiling'], m['null_mean'], m['p'])
        assert abs(float(m['value']) - float(want[k, true]['value'])) < 2e-4, (folder, k)
        assert abs(float(m['ceiling']) - float(whole[k, true]['value'])) < 2e-4, (folder, k)
        assert int(m['nulls']) == controls
w, a = table('without'), table('alone')
f = 'lesion.region.refit.decoding.identification.percentile'
v = lambda t, k, f, c='value': float(t[k, f][c])
assert v(w, 'one', f) < v(w, 'one', f, 'ceiling') - 0.2 and v(w, 'one', f, 'p') < 0.048, 'only the region has it'
assert v(w, 'other', f) > v(w, 'other', f, 'ceiling') - 0.02, 'it is elsewhere'
assert v(w, 'text', f) > v(w, 'text', f, 'ceiling') - 0.05, 'it is there and elsewhere'
f = 'lesion.keep.refit.decoding.identification.percentile'
assert v(a, 'one', f) > v(a, 'one', f, 'ceiling') - 0.05 and v(a, 'other', f) < 0.6
# silenced, its weights kept, is another question
assert v(w, 'one', 'lesion.region.decoding.identification.percentile') < 0.7
E2
check 'are what gb-train finds on such sets; the region has what only it was given' "$PYTHON oracle.py"
check 'the page tells both' 'grep -q "Refitted: ridge decoders trained on all voxels but the region" without/report.html && grep -q "what the region suffices for" alone/report.html && ! grep -q "could recover" without/report.html'
check 'nothing is left of the fits' 'test -z "$(find without alone -name "*refit*")"'
check 'beside a network it is ridge, too' "gb-recon -q --from brain -o net --lesion roi.nii.gz --controls 3 --refit NET SET-mask && for f in net without; do awk -F'\t' '\$3 == \"text\" && /^lesion.region.refit/ {print \$5, \$8}' \$f/metrics.tsv >\$f.told; done && test -s net.told && cmp net.told without.told"
for j in 1 3; do
	check "same bytes for -j$j" "gb-recon -q -j$j --from brain -o j$j --lesion roi.nii.gz --controls 3 --refit RUN-mask SET-mask && cmp j1/metrics.tsv j$j/metrics.tsv && cmp j1/report.html j$j/report.html"
done
fails 2 'beside --lesion or --keep' '--refit alone' gb-recon -q -o bad --refit RUN-mask SET-mask
done_testing
