#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-fmri-hrf on images made here: right numbers by numpy, refusals, same bytes.
. "$(dirname "$0")/../lib.sh"
test -x "$PYTHON" && "$PYTHON" -c 'import numpy, nibabel' 2>/dev/null || skip_all 'needs python3-nibabel'
PYTHONPATH=$TOP/tests:$PYTHONPATH

$PYTHON - <<'P'
import numpy as np, nibabel as nib
rng = np.random.default_rng(1)
affine = np.array([[3., 0, 0, -9], [0, 3, 0, -12], [0, 0, 3, 5], [0, 0, 0, 1]])

def save(name, data, tr=2.0, unit='sec', slope=None, affine=affine):
    i = nib.Nifti1Image(data, affine)
    i.header.set_xyzt_units('mm', unit)
    if data.ndim > 3:
        i.header['pixdim'][4] = tr
    if slope:
        i.header.set_slope_inter(*slope)
    nib.save(i, name)

data = (rng.normal(500, 60, (7, 6, 5, 41)) + np.linspace(0, 90, 41)).astype(np.float32)
save('a.nii.gz', data)
save('b.nii.gz', data[..., ::-1].copy())
mask = (rng.random((7, 6, 5)) < .4).astype(np.uint8)
mask[3, 3, 2] = 1
save('mask.nii.gz', mask)
save('other.nii.gz', np.ones((6, 6, 5), np.uint8))
moved = affine.copy(); moved[0, 3] += 3
save('moved.nii.gz', mask, affine=moved)
save('3d.nii.gz', data[..., 0])
bad = data.copy(); bad[3, 3, 2, 7] = np.nan
save('nan.nii.gz', bad)
P
test -s nan.nii.gz || exit 1

gb-fmri-hrf bold --mask mask.nii.gz --runs r1:20,r2:21 --start 9/2 -o a.safetensors a.nii.gz
cat >bold.py <<'P'
import numpy as np, nibabel as nib
from tensors import load
d = nib.load('a.nii.gz').get_fdata(); m = nib.load('mask.nii.gz').get_fdata() > 0
t, g = load('a.safetensors')
want = np.stack([d[..., i].ravel('F')[m.ravel('F')] for i in range(41)]).astype(np.float32)
assert np.array_equal(t['bold'], want)
assert np.array_equal(t['bold.mask'], m)
assert t['bold.valid'].all()
about = g['tensors']['bold']
assert about['time'] == {'step': '2/1', 'unit': 's', 'runs': [{'name': 'r1', 'rows': 20, 'start': '9/2'}, {'name': 'r2', 'rows': 21, 'start': '9/2'}]}, about
assert g['params']['tr'] == '2/1'
assert g['tensors']['bold.mask']['affine'] == nib.load('a.nii.gz').affine.tolist()
P
check 'bold: values, mask, clock as nibabel has them' "$PYTHON bold.py"

gb-fmri-hrf bold --mask mask.nii.gz --runs r1:20,r2:21 --start 9/2 -o b.safetensors b.nii.gz
gb-fmri-hrf average -o mean.safetensors a.safetensors b.safetensors
check 'average: the mean' "$PYTHON -c \"
import numpy as np; from tensors import load
a, b, m = (load(x + '.safetensors')[0] for x in ('a', 'b', 'mean'))
assert np.array_equal(m['bold'], ((a['bold'].astype(float) + b['bold']) / 2).astype(np.float32))
assert np.array_equal(m['bold.mask'], a['bold.mask']) and m['bold.valid'].all()\""

cat >convolve.py <<'P'
# Against a simulation in steps of 1 ms: the stimulus is constant within its row, BOLD a sample at half its own.
import numpy as np
from scipy.stats import gamma
from tensors import load
x = load('a.safetensors')[0]['bold'].astype(float)
y, g = load('conv.safetensors')
s = np.arange(32000) / 1000 + .0005
h = gamma.pdf(s, 6 / .9, scale=.9) - .48 * gamma.pdf(s, 12 / .9, scale=.9)
h /= h.sum()
out = np.empty_like(x)
for first, rows in ((0, 20), (20, 21)):
    fine = np.repeat(np.vstack([np.repeat(x[first:first + 1], 17, 0), x[first:first + rows]]), 2000, 0)
    for r in range(rows):
        end = (17 + r) * 2000 + 1000
        out[first + r] = h @ fine[end - 32000:end][::-1]
assert np.abs(y['bold'] - out).max() < 2e-5 * 500, np.abs(y['bold'] - out).max()
v = y['bold.valid']
assert not v[:16].any() and v[16:20].all() and not v[20:36].any() and v[36:].all()
P
gb-fmri-hrf convolve -o conv.safetensors a.safetensors
check 'convolve: a simulation in steps of 1 ms' "$PYTHON convolve.py"

fails 3 'other.nii.gz: grid 6×6×5.*7×6×5' 'a mask of another grid' gb-fmri-hrf bold --mask other.nii.gz -o x a.nii.gz
fails 3 'another affine' 'a mask that lies elsewhere' gb-fmri-hrf bold --mask moved.nii.gz -o x a.nii.gz
fails 3 'volume 7, voxel 3,3,2 is NaN' 'NaN in the mask' gb-fmri-hrf bold --mask mask.nii.gz -o x nan.nii.gz
fails 3 '3-D image' 'a 3-D image' gb-fmri-hrf bold -o x 3d.nii.gz
fails 2 'no-such.nii' 'a missing file' gb-fmri-hrf bold -o x no-such.nii
done_testing
