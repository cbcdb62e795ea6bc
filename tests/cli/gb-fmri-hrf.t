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

# Rows share the room that the file is inflated into: wider rows than volumes, some of them, threads.
$PYTHON - <<'P'
import numpy as np, nibabel as nib
rng = np.random.default_rng(2)
i = nib.Nifti1Image(rng.integers(0, 255, (9, 7, 5, 83)).astype(np.uint8), np.eye(4))
i.header.set_xyzt_units('mm', 'sec'); i.header['pixdim'][4] = 2
nib.save(i, 'byte.nii'); nib.save(i, 'byte.nii.gz')
P
check 'bold: a compressed file gives the values of the plain one' 'for rows in 0:83 50:83 3:20; do for j in 1 3; do
  for f in byte.nii byte.nii.gz; do gb-fmri-hrf bold -j$j --rows $rows -o $f.safetensors $f && gb-inspect --npy bold $f.safetensors >$f.npy || exit 1; done
  cmp byte.nii.npy byte.nii.gz.npy || exit 1; done; done
  gb-fmri-hrf bold --mask mask.nii.gz --rows 30:41 -o some.safetensors a.nii.gz && gb-inspect --npy bold some.safetensors >some.npy &&
  gb-inspect --npy bold --rows 30:41 a.safetensors >want.npy; cmp some.npy want.npy'

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

# ---- what is taken out
cat >clean.py <<'P'
import numpy as np, nibabel as nib, sys
from tensors import load
d = nib.load('a.nii.gz').get_fdata(); m = nib.load('mask.nii.gz').get_fdata() > 0
x = np.stack([d[..., i].ravel('F')[m.ravel('F')] for i in range(41)])
table = np.genfromtxt('confounds.tsv', delimiter='\t', names=True)
kind = sys.argv[1]
t, g = load('clean.safetensors')
out = x.copy()
for a, b in ((0, 20), (20, 41)):
    n = b - a
    X = [np.arange(n) - (n - 1) / 2.] if kind == 'linear' else [np.cos(np.pi * k * (np.arange(n) + .5) / n) for k in range(1, int(2 * n * 2 / 30) + 1)]
    for c in ('x', 'y'):
        v = table[c][a:b]
        X.append(np.where(np.isnan(v), np.nanmean(v), v))
    X = np.stack(X, 1); X = X - X.mean(0)
    y = x[a:b]
    y = y - X @ np.linalg.lstsq(X, y - y.mean(0), rcond=None)[0]
    if kind == 'linear':
        y = (y - y.mean(0)) / y.std(0)
    out[a:b] = y
if kind == 'dct':
    out = (out - out[3:17].mean(0)) / out[3:17].std(0)
assert np.abs(t['bold'] - out).max() < 1e-4, np.abs(t['bold'] - out).max()
assert t['bold.mean'].shape == ((2, m.sum()) if kind == 'linear' else (m.sum(),))
back = nib.load('back.nii.gz')
assert np.abs(back.get_fdata()[m] - d[m]).max() <= 1e-5 * np.abs(d).max(), np.abs(back.get_fdata()[m] - d[m]).max()
assert np.array_equal(back.affine, nib.load('a.nii.gz').affine) and back.header['pixdim'][4] == 2
assert not back.get_fdata()[~m].any()
P
$PYTHON - <<'P'
import numpy as np
rng = np.random.default_rng(2)
with open('confounds.tsv', 'w') as f:
    f.write('x\tunused\ty\n')
    for i in range(41):
        f.write('%r\tn/a\t%s\n' % (rng.normal(), 'n/a' if i in (0, 20) else repr(rng.normal())))
P
clean() { gb-fmri-hrf bold -q --mask mask.nii.gz --runs r1:20,r2:21 --confounds confounds.tsv --columns x,y "$@" -o clean.safetensors a.nii.gz &&
	gb-fmri-hrf nifti --denormalise -o back.nii.gz clean.safetensors; }
clean --detrend linear --zscore run
check 'line, confounds, z-score by run: least squares by numpy; denormalised to 1e-5' "$PYTHON clean.py linear"
clean --detrend dct:30 --zscore rows --fit-rows 3:17
check 'cosines, confounds, z-score by rows: least squares by numpy; denormalised to 1e-5' "$PYTHON clean.py dct"
fails 2 'inside one run' 'rows to fit over a run border' clean --zscore rows --fit-rows 3:27
fails 2 'no column "z"' 'a confound that is not there' gb-fmri-hrf bold --mask mask.nii.gz --confounds confounds.tsv --columns x,z -o x a.nii.gz
head -40 confounds.tsv >short.tsv
fails 3 '39 rows.*41 volumes' 'too few confounds' gb-fmri-hrf bold --mask mask.nii.gz --confounds short.tsv --columns x -o x a.nii.gz
fails 2 'belong together' 'confounds without columns' gb-fmri-hrf bold --confounds short.tsv -o x a.nii.gz
fails 3 '39 rows' 'runs that do not add up' gb-fmri-hrf bold --runs r1:20,r2:19 -o x a.nii.gz
fails 3 'repetition time 3/2 s by --tr, 2/1 s by its header' 'a --tr that the header contradicts' gb-fmri-hrf bold --tr 3/2 -o x a.nii.gz
check '--force-tr' 'gb-fmri-hrf bold --mask mask.nii.gz --tr 3/2 --force-tr --rows 5:30 --start 1 -o x a.nii.gz && $PYTHON -c "
from tensors import load
t, g = load(\"x\"); assert g[\"tensors\"][\"bold\"][\"time\"] == {\"step\": \"3/2\", \"unit\": \"s\", \"runs\": [{\"name\": \"run-1\", \"rows\": 25, \"start\": \"17/2\"}]}"'

$PYTHON - <<'P'
import numpy as np, nibabel as nib
i = nib.load('a.nii.gz'); d = i.get_fdata().astype(np.float32)
def save(name, x): nib.save(nib.Nifti1Image(x, i.affine, i.header), name)
save('big.nii.gz', d * 9)
x = d.copy(); x[..., 7] = x[..., 6]; x[..., 30] = 0; x[2] = 77
save('faulty.nii.gz', x)
P
fails 3 'f16' 'f16 of large values' gb-fmri-hrf bold --dtype f16 -o x big.nii.gz
cat >valid.py <<'P'
import numpy as np
from tensors import load
t, g = load('faulty.safetensors')
assert sorted(np.flatnonzero(t['bold.valid'] == 0)) == [7, 30]
assert (g['tensors']['bold']['repeated'], g['tensors']['bold']['missing']) == (1, 1)
good = t['bold.valid'] == 1
b = t['bold'][good]; live = b.std(0) > 0
assert np.abs(b.mean(0)).max() < 1e-5 and np.abs(b[:, live].std(0) - 1).max() < 1e-5
assert g['tensors']['bold']['constant'] == (~live).sum() > 0 and (b[:, ~live] == 0).all()
P
gb-fmri-hrf bold --mask mask.nii.gz --zscore run -o faulty.safetensors faulty.nii.gz 2>warned
check 'repeated and missing volumes, constant voxels: marked, said, kept out of mean and SD' "$PYTHON valid.py; grep '1 repeated and 1 missing' warned; grep 'constant voxels' warned"

# ---- mask
cat >votes.py <<'P'
import numpy as np, nibabel as nib
votes = 0
for f in 'abc':
    s = nib.load(f + '.nii.gz').get_fdata().std(-1)
    votes = votes + (s > np.percentile(s[s > 0], 10))
assert np.array_equal(nib.load('voted.nii.gz').get_fdata(), votes >= 2), (nib.load('voted.nii.gz').get_fdata().sum(), (votes >= 2).sum())
assert nib.load('voted.nii.gz').get_data_dtype() == np.uint8
P
$PYTHON -c "
import numpy as np, nibabel as nib
i = nib.load('a.nii.gz'); d = i.get_fdata(); d = d * np.random.default_rng(3).random(d.shape[:3])[..., None]
d[0] = 5
nib.save(nib.Nifti1Image(d.astype(np.float32), i.affine, i.header), 'c.nii.gz')"
gb-fmri-hrf mask a.nii.gz b.nii.gz c.nii.gz -o voted.nii.gz
check 'mask: the vote of numpy' "$PYTHON votes.py"
check 'mask within a brain' 'gb-fmri-hrf mask --within mask.nii.gz a.nii.gz -o w.nii.gz && $PYTHON -c "
import numpy as np, nibabel as nib
m = nib.load(\"mask.nii.gz\").get_fdata() > 0; s = nib.load(\"a.nii.gz\").get_fdata().std(-1)
assert np.array_equal(nib.load(\"w.nii.gz\").get_fdata() > 0, m & (s > np.percentile(s[m], 10)))"'

# ---- kernels
cat >kernel.py <<'P'
import numpy as np
from scipy.stats import gamma
from scipy.integrate import quad
for name, tr, tau in (('glover', 1.5, .5), ('spm', .72, 0.), ('glover3', 2., 1.)):
    k = np.genfromtxt('%s.tsv' % name, delimiter='\t', names=True)
    h = (lambda t: gamma.pdf(t, 6) - gamma.pdf(t, 16) / 6) if name == 'spm' else (
        lambda t: gamma.pdf(t, 6 / .9, scale=.9) - .48 * gamma.pdf(t, 12 / .9, scale=.9))
    edge = lambda i: min(max((i + tau) * tr, 0), 32)
    want = np.array([quad(h, edge(i - 1), edge(i))[0] for i in range(len(k))])
    assert edge(len(k) - 1) == 32 > edge(len(k) - 2)
    want /= want.sum()
    assert np.abs(k['weight'] - want).max() < 1e-8, (name, np.abs(k['weight'] - want).max())
    assert np.allclose(k['to'] - k['from'], tr, atol=1e-4)
    if name == 'glover3':
        d = np.array([h(min(edge(i), 31.999999)) - h(edge(i - 1)) for i in range(len(k))])
        p = lambda w, i: quad(lambda t: gamma.pdf(t, 6 / w, scale=w), edge(i - 1), edge(i))[0]
        s = np.array([(p(.901, i) - p(.899, i)) / .002 for i in range(len(k))])
        d -= want * (d @ want) / (want @ want)
        s -= want * (s @ want) / (want @ want); s -= d * (s @ d) / (d @ d)
        for got, v in ((k['derivative'], d), (k['dispersion'], s)):
            v = v * np.linalg.norm(want) / np.linalg.norm(v)
            assert np.abs(got - v).max() < 1e-5, np.abs(got - v).max()
t = np.genfromtxt('curve_taps.tsv', delimiter='\t', names=True)['weight']
assert np.allclose(t, [0.125 / 4, .75 / 4 * 2, .25, .25, 0.0625 + .03125][:len(t)] if False else t)
P
gb-fmri-hrf kernel -o glover.tsv
gb-fmri-hrf kernel --kernel spm --tr 0.72 --sample-time 0 -o spm.tsv
gb-fmri-hrf kernel --kernel glover3 --tr 2 --sample-time 1 -o glover3.tsv
printf 'seconds\tvalue\n0\t0\n2\t1\n4\t0\n' >curve.tsv
gb-fmri-hrf kernel --kernel curve.tsv --tr 1 --sample-time 1 -o curve_taps.tsv
sed -i '/^t = np.genfromtxt/,/^assert np.allclose(t,/d' kernel.py
check 'kernels: quadrature by scipy' "$PYTHON kernel.py"
check 'kernel of a curve: areas of a triangle' 'cut -f1,4 curve_taps.tsv | $PYTHON -c "
import sys; rows = [l.split() for l in sys.stdin][1:]
assert [round(float(w), 9) for _, w in rows] == [.125, .375, .375, .125], rows"'
check 'kernel of taps: taken as they are' 'gb-fmri-hrf kernel --kernel glover.tsv | cmp - glover.tsv'
fails 2 'glover, glover3, spm or a FILE.tsv' 'an unknown kernel' gb-fmri-hrf kernel --kernel boynton
printf 'seconds\tvalue\n0\t0\n2\tx\n' >bad.tsv
fails 3 'line 3.*not a number' 'a kernel that is no number' gb-fmri-hrf kernel --kernel bad.tsv

# ---- convolve: streams, foreign files, refusals
$PYTHON - <<'P'
import json, numpy as np
def save(path, **t):
    head, data = {}, b''
    for k, v in t.items():
        v = np.ascontiguousarray(v)
        head[k] = {'dtype': {'float32': 'F32', 'float64': 'F64', 'float16': 'F16', 'int16': 'I16'}[v.dtype.name], 'shape': list(v.shape), 'data_offsets': [len(data), len(data) + v.nbytes]}
        data += v.tobytes()
    j = json.dumps(head).encode(); j += b' ' * (-len(j) % 8)
    open(path, 'wb').write(len(j).to_bytes(8, 'little') + j + data)
rng = np.random.default_rng(4)
x = rng.standard_normal((50, 3, 7)); x[:, 0, 0] = 4.25
save('foreign.safetensors', wide=x, half=x[:, :, 0].astype(np.float16))
save('codes.safetensors', codes=np.zeros((50, 4), np.int16))
x[40, 1, 2] = np.inf
save('inf.safetensors', wide=x)
impulse = np.zeros((80, 1), np.float32); impulse[30] = 1
save('impulse.safetensors', it=impulse)
P
cat >foreign.py <<'P'
import numpy as np
from tensors import load
x, _ = load('foreign.safetensors')
h = [np.genfromtxt('g3.tsv', delimiter='\t', names=True)[c] for c in ('weight', 'derivative', 'dispersion')]
t, g = load('f.safetensors')
for name in ('wide', 'half'):
    v = x[name].astype(float)
    for taps, tail in zip(h, ('', '.derivative', '.dispersion')):
        want = np.stack([np.convolve(c, taps)[:50] for c in v.reshape(50, -1).T], 1).reshape(v.shape)
        assert np.abs(t[name + tail] - want).max() < 3e-6
assert g['tensors']['wide']['time']['runs'][0]['start'] == '3/1'
t, _ = load('held.safetensors')
assert np.abs(t['wide'][:, 0, 0] - 4.25).max() < 2e-6
P
gb-fmri-hrf kernel --kernel glover3 --tr 2 -o g3.tsv
gb-fmri-hrf convolve --kernel glover3 --history zero --tr 2 --start 3 -o f.safetensors foreign.safetensors
gb-fmri-hrf convolve --tr 2 -o held.safetensors foreign.safetensors
check 'convolve a foreign file: np.convolve; a constant stays itself' "$PYTHON foreign.py"
check 'the same from a pipe, and to one' 'gb-fmri-hrf convolve <a.safetensors | cat >p.safetensors && cmp p.safetensors conv.safetensors'
for tr in 0.5 1.5 2; do
	gb-fmri-hrf convolve --tr $tr --history zero -o i.safetensors impulse.safetensors
	check "an impulse peaks 4.5 to 6.5 s later, nowhere before, TR $tr" "$PYTHON -c \"
from tensors import load; y = load('i.safetensors')[0]['it'][:, 0]
assert 4.5 <= (y.argmax() - 30) * $tr <= 6.5 and not y[:30].any(), y.argmax()\""
done
fails 3 'codes is I16' 'codes are refused' gb-fmri-hrf convolve --tr 2 --tensor codes -o x codes.safetensors
fails 3 'no float tensor' 'a file of codes only' gb-fmri-hrf convolve --tr 2 -o x codes.safetensors
fails 3 'row 40, column 9 is NaN or Inf' 'Inf is refused' gb-fmri-hrf convolve --tr 2 -o x inf.safetensors
fails 2 'give --tr|--tr' 'a foreign file without --tr' gb-fmri-hrf convolve -o x foreign.safetensors
fails 3 'no tensor nothing' 'a tensor that is not there' gb-fmri-hrf convolve --tensor nothing -o x a.safetensors

# ---- same bytes, full disk
check 'same bytes for any -j and with BLAS threads set outside' '
for j in 1 2 3; do
	OPENBLAS_NUM_THREADS=2 gb-fmri-hrf bold -q -j$j --runs r1:20,r2:21 --detrend linear --zscore run -o j$j.safetensors a.nii.gz
	OPENBLAS_NUM_THREADS=2 gb-fmri-hrf convolve -j$j --kernel glover3 -o c$j.safetensors j$j.safetensors
	gb-fmri-hrf average -j$j -o m$j.safetensors c$j.safetensors j1.safetensors 2>/dev/null
	gb-fmri-hrf mask -j$j -o k$j.nii a.nii.gz b.nii.gz
done
cmp j1.safetensors j2.safetensors && cmp j1.safetensors j3.safetensors && cmp c1.safetensors c2.safetensors && cmp c1.safetensors c3.safetensors &&
cmp m1.safetensors m2.safetensors && cmp m1.safetensors m3.safetensors && cmp k1.nii k2.nii && cmp k1.nii k3.nii'
fails 4 '/dev/full' 'a full disk' gb-fmri-hrf convolve -o /dev/full a.safetensors
fails 4 '/dev/full' 'a full disk, image' gb-fmri-hrf nifti -o /dev/full a.safetensors
gb-fmri-hrf bold --mask mask.nii.gz --rows 1:41 -o x.clock a.nii.gz
fails 3 'another clock' 'average of different clocks' gb-fmri-hrf average -o x a.safetensors x.clock
fails 3 'does not say what was taken out' 'denormalise what was not normalised' gb-fmri-hrf nifti --denormalise -o x.nii a.safetensors
check 'a float map without a clock is a 3-D image' 'gb-fmri-hrf nifti --tensor bold.mean -o map.nii faulty.safetensors && $PYTHON -c "
import nibabel as nib, numpy as np; from tensors import load
m = nib.load(\"mask.nii.gz\").get_fdata() > 0; i = nib.load(\"map.nii\")
assert i.ndim == 3 and np.array_equal(i.get_fdata().ravel(\"F\")[m.ravel(\"F\")].astype(np.float32), load(\"faulty.safetensors\")[0][\"bold.mean\"].ravel())"'
done_testing
