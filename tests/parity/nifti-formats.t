#!/bin/sh
# SPDX-License-Identifier: MIT
# Every NIfTI form that nibabel writes is read as nibabel reads it: both
# versions, both byte orders, single files and pairs, gzip or not, every real
# type, with and without slope and intercept.
. "$(dirname "$0")/../lib.sh"
"$PYTHON" -c 'import numpy, nibabel' 2>/dev/null || skip_all 'needs python3-nibabel'
PYTHONPATH=$TOP/tests:$PYTHONPATH

$PYTHON - <<'P' || exit 1
import numpy as np, nibabel as nib
rng = np.random.default_rng(1)
kinds = {'single1': (nib.Nifti1Image, '.nii'), 'gz1': (nib.Nifti1Image, '.nii.gz'), 'single2': (nib.Nifti2Image, '.nii'),
         'gz2': (nib.Nifti2Image, '.nii.gz'), 'pair1': (nib.Nifti1Pair, '.img'), 'pair2': (nib.Nifti2Pair, '.hdr'),
         'pairgz': (nib.Nifti1Pair, '.img.gz')}
affine = np.array([[-3., .1, 0, 90], [.1, 3, .2, -126], [0, .2, 4, -72], [0, 0, 0, 1]])
names = []
for kind, (cls, end) in kinds.items():
    for order in '<>':
        for t in 'u1 i1 u2 i2 u4 i4 u8 i8 f4 f8'.split():
            for scaled in (0, 1):
                if kind not in ('single1', 'gz2') and (t not in ('i2', 'f4') or scaled != (t == 'i2')):
                    continue
                shape = (5, 4, 3, 6)
                if t[0] == 'f':
                    data = rng.standard_normal(shape) * 10. ** rng.integers(-20, 20, shape)
                else:
                    info = np.iinfo(t); data = rng.integers(info.min, info.max, shape, dtype=t, endpoint=True)
                img = cls(data.astype(t), affine, dtype=t, header=None)
                h = img.header.as_byteswapped(order)
                h.set_xyzt_units('mm', 'msec'); h['pixdim'][4] = 720
                img = cls(data.astype(order + t), affine, h, dtype=order + t)
                if scaled:
                    img.header['scl_slope'], img.header['scl_inter'] = .0625 * 1.1, -3.3
                    img.header['scl_slope'] = np.float32(.0688)
                name = '%s_%s_%s_%d' % (kind, {'<': 'little', '>': 'big'}[order], t, scaled)
                # written by hand, so that slope and intercept stay what they are and the stored values too
                fm = cls.make_file_map(); hdr = img.header.copy()
                raw = data.astype(order + t).tobytes('F')
                import gzip
                op = gzip.open if end.endswith('gz') else open
                if kind.startswith('pair'):
                    hdr['vox_offset'] = 16
                    z = '.gz' if end.endswith('gz') else ''
                    with op(name + '.hdr' + z, 'wb') as f: f.write(hdr.binaryblock + b'\0' * 4)
                    with op(name + '.img' + z, 'wb') as f: f.write(b'x' * 16 + raw)
                else:
                    offset = (352 if '1' in kind else 544) + 16
                    hdr['vox_offset'] = offset
                    with op(name + end, 'wb') as f: f.write(hdr.binaryblock.ljust(offset, b'\0') + raw)
                names.append(name + end)
open('list', 'w').write('\n'.join(names) + '\n')
P
while read -r f; do gb-fmri-hrf bold -q -j1 -o "$f.safetensors" "$f" || echo "$f" >>refused; done <list

cat >compare.py <<'P'
import numpy as np, nibabel as nib
from tensors import load
bad = exact = 0
names = open('list').read().split()
for f in names:
    i = nib.load(f)
    with np.errstate(all='ignore'):
        want = i.get_fdata().reshape(60, 6, order='F').T.astype(np.float32)
    t, g = load(f + '.safetensors')
    got = t['bold']
    ok = np.isfinite(want).all() and (np.abs(got.astype(float) - want) <= np.spacing(np.abs(want))).all()
    exact += np.array_equal(got, want)
    a = np.array(g['tensors']['bold.mask']['affine'])
    ok = ok and np.allclose(a, i.affine, atol=1e-4) and g['tensors']['bold']['time']['step'] == '18/25'
    if not ok:
        bad += 1
        print(f, np.abs(got - want).max())
print('%d files, %d the same to the bit, %d beyond 1 ulp' % (len(names), exact, bad))
assert len(names) == 100 and not bad and exact >= 90
P
$PYTHON compare.py >compared 2>&1
ok $? 'all forms and types as nibabel reads them (to 1 ulp), TR 720 ms is 18/25'
sed 's/^/# /' compared | tail -5
check 'none is refused' '! test -s refused'
check 'either half of a pair gives the same tensors' '
gb-fmri-hrf bold -q -o h.safetensors pair1_big_i2_1.hdr && gb-fmri-hrf bold -q -o i.safetensors pair1_big_i2_1.img &&
$PYTHON -c "
import numpy as np; from tensors import load
assert np.array_equal(load(\"h.safetensors\")[0][\"bold\"], load(\"i.safetensors\")[0][\"bold\"])"'
check 'from a pipe' 'gb-fmri-hrf bold -q -o p.safetensors - <gz1_big_i2_1.nii.gz && $PYTHON -c "
import numpy as np; from tensors import load
assert np.array_equal(load(\"p.safetensors\")[0][\"bold\"], load(\"gz1_big_i2_1.nii.gz.safetensors\")[0][\"bold\"])"'

# ---- repetition times
$PYTHON - <<'P'
import numpy as np, nibabel as nib, json
def save(name, tr, unit):
    i = nib.Nifti1Image(np.random.default_rng(0).random((3, 3, 3, 9)).astype(np.float32), np.eye(4))
    i.header.set_xyzt_units('mm', unit); i.header['pixdim'][4] = tr
    nib.save(i, name)
for n, (tr, unit) in enumerate([(.72, 'sec'), (1490, 'msec'), (800000, 'usec'), (2, 'sec'), (30, 'sec')]): save('tr%d.nii' % n, tr, unit)
for n, (tr, unit) in enumerate([(0, 'sec'), (-2, 'sec'), (30.5, 'sec'), (2, 'unknown'), (float('nan'), 'sec')]): save('odd%d.nii' % n, tr, unit)
save('beside.nii', 0, 'sec'); json.dump({'RepetitionTime': 1.35}, open('beside.json', 'w'))
save('against.nii', 2, 'sec'); json.dump({'RepetitionTime': 1.35}, open('against.json', 'w'))
P
step() { gb-fmri-hrf bold -q "$@" -o t.safetensors && $PYTHON -c "
from tensors import load; print(load('t.safetensors')[1]['tensors']['bold']['time']['step'])"; }
check 'times of headers: 0.72 s, 1490 ms, 800000 µs, 2 s, 30 s' '
test "$(for n in 0 1 2 3 4; do step tr$n.nii; done | tr "\n" " ")" = "18/25 149/100 4/5 2/1 30/1 "'
for n in 0 1 2 3 4; do fails 3 'give --tr' "an implausible time is refused ($n)" gb-fmri-hrf bold -o x odd$n.nii; done
check '--tr instead' 'test "$(step --tr 2.4 odd3.nii)" = 12/5'
check 'the sidecar instead' 'test "$(step beside.nii)" = 27/20'
fails 3 '27/20.*2/1' 'a sidecar that the header contradicts' gb-fmri-hrf bold -o x against.nii
done_testing
