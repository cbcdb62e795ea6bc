#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-fmri-hrf on images that are not what they should be: the exit code and one
# line, never a crash; and gzip in all the forms that are allowed.
. "$(dirname "$0")/../lib.sh"
"$PYTHON" -c 'import numpy, nibabel' 2>/dev/null || skip_all 'needs python3-nibabel'
PYTHONPATH=$TOP/tests:$PYTHONPATH

$PYTHON - <<'P' || exit 1
import gzip, io, struct, numpy as np, nibabel as nib
rng = np.random.default_rng(5)
i = nib.Nifti1Image(rng.integers(-500, 3000, (6, 5, 4, 20)).astype(np.int16), np.diag([3, 3, 3, 1]))
i.header.set_xyzt_units('mm', 'sec'); i.header['pixdim'][4] = 2
raw = i.to_bytes(); z = gzip.compress(raw, mtime=0)
def put(name, data): open(name, 'wb').write(data)
def edit(name, offset, form, *value, base=raw):
    b = bytearray(base); struct.pack_into('<' + form, b, offset, *value); put(name, bytes(b))
put('good.nii', raw); put('good.nii.gz', z)
put('empty.nii', b''); put('text.nii', b'the quick brown fox\n' * 40); put('cut.nii', raw[:-7]); put('header.nii', raw[:348]); put('short.nii', raw[:200])
for n, k in enumerate((1, 4, 8, 9, 200, len(z) // 2)): put('cut%d.nii.gz' % n, z[:-k])
put('stub.nii.gz', z[:11])
b = bytearray(z); b[-8] ^= 1; put('crc.nii.gz', bytes(b))
b = bytearray(z); b[-4] ^= 1; put('length.nii.gz', bytes(b))
b = bytearray(z); b[len(z) // 2] ^= 0xff; put('bits.nii.gz', bytes(b))
put('tail.nii.gz', z + b'tail'); put('zeros.nii.gz', z + b'\0' * 512)
put('members.nii.gz', b''.join(gzip.compress(raw[a:a + 1000], mtime=0) for a in range(0, len(raw), 1000)))
edit('rank.nii', 40, 'h', 9); edit('zero.nii', 42, 'h', 0); edit('negative.nii', 44, 'h', -3)
edit('absurd.nii', 40, '8h', 7, *[32767] * 4, 1, 1, 1); put('absurd.nii.gz', gzip.compress(open('absurd.nii', 'rb').read()))
edit('huge.nii.gz.raw', 40, '5h', 4, 2000, 2000, 2000, 20); put('huge.nii.gz', gzip.compress(open('huge.nii.gz.raw', 'rb').read()))
edit('five.nii', 40, '6h', 5, 6, 5, 2, 2, 20)
edit('rgb.nii', 70, '2h', 128, 24); edit('complex.nii', 70, '2h', 32, 64); edit('type.nii', 70, 'h', 77); edit('bitpix.nii', 72, 'h', 8)
edit('offset.nii', 108, 'f', float('nan')); edit('inside.nii', 108, 'f', 100.); edit('past.nii', 108, 'f', 1e9); edit('half.nii', 108, 'f', 352.5)
edit('inter.nii', 112, '2f', 2., float('inf')); edit('affine.nii', 280, 'f', float('nan')); edit('pair.nii', 344, '4s', b'ni1\0')
edit('magic.nii', 344, '4s', b'n+3\0')
put('gifti.nii', b'<?xml version="1.0"?><!DOCTYPE GIFTI><GIFTI/>' + b' ' * 400)
n = nib.Nifti2Image(np.ones((4, 4, 4, 3), np.float32), np.eye(4)); n.header.set_xyzt_units('mm', 'sec'); n.header['pixdim'][4] = 1
r = bytearray(n.to_bytes()); r[8:12] = b'\n\n\x1a\n'; put('textmode.nii', bytes(r))
r = bytearray(n.to_bytes()); struct.pack_into('<8q', r, 16, 4, 2**62, 2**62, 4, 3, 1, 1, 1); put('wide.nii', bytes(r))
nib.save(nib.Nifti1Image(np.zeros((6, 5, 4), np.uint8), i.affine), 'nothing.nii')
nib.save(nib.Nifti1Image(np.full((6, 5, 4), np.nan, np.float32), i.affine), 'nans.nii')
# 20 MB in gzip members: the stream, in more than one block
big = nib.Nifti1Image(rng.integers(0, 9, (64, 64, 40, 1)).astype(np.int16) + np.arange(64, dtype=np.int16), np.eye(4))
big.header.set_xyzt_units('mm', 'sec'); big.header['pixdim'][4] = 2
r = big.to_bytes(); put('big.nii', r); put('big.nii.gz', gzip.compress(r[:9999], 1) + gzip.compress(r[9999:], 1))
put('bigcut.nii.gz', open('big.nii.gz', 'rb').read()[:-30000])
P
gb-fmri-hrf bold -o good.safetensors good.nii
refused() { fails 3 "$1" "$2" gb-fmri-hrf bold -o x "$2"; }
refused '0 bytes' empty.nii
refused 'not a NIfTI' text.nii
refused '200 bytes' short.nii
refused 'promises 5152: the file is truncated' cut.nii
refused 'truncated' header.nii
for n in 0 1 2 3 4 5; do refused 'truncated' cut$n.nii.gz; done
refused 'truncated' stub.nii.gz
refused 'damaged.*check' crc.nii.gz
refused 'damaged.*length' length.nii.gz
refused 'damaged' bits.nii.gz
refused 'neither gzip data nor zeros' tail.nii.gz
refused '9 dimensions' rank.nii
refused 'dimension 1 is 0' zero.nii
refused 'dimension 2 is -3' negative.nii
refused 'more than any file holds|promises' absurd.nii
refused 'more than any file holds|cannot hold' absurd.nii.gz
refused 'cannot hold' huge.nii.gz
refused 'more than any file holds' wide.nii
refused 'dimension 5 is 20' five.nii
refused 'RGB24' rgb.nii
refused 'complex64' complex.nii
refused 'type code 77' type.nii
refused 'int16 and 8 bits' bitpix.nii
refused 'data offset nan' offset.nii
refused 'data offset 100' inside.nii
refused 'truncated' past.nii
refused 'data offset 352.5' half.nii
refused 'intercept inf' inter.nii
refused 'affine' affine.nii
refused 'pair: name it so' pair.nii
refused 'ANALYZE' magic.nii
refused 'GIFTI' gifti.nii
refused 'text-mode' textmode.nii
refused 'truncated' bigcut.nii.gz
fails 3 'mask is empty' 'a mask of zeros' gb-fmri-hrf bold --mask nothing.nii -o x good.nii
fails 3 'mask is empty' 'a mask of NaN' gb-fmri-hrf bold --mask nans.nii -o x good.nii
fails 3 '20 volumes, a mask has one' 'a 4-D mask' gb-fmri-hrf bold --mask good.nii -o x good.nii
fails 3 'truncated' 'mask of a damaged image' gb-fmri-hrf mask -o x.nii cut3.nii.gz
$PYTHON -c "
import nibabel as nib, numpy as np; nib.save(nib.Nifti1Image(np.full((4, 4, 4, 5), 7, np.int16), np.eye(4)), 'flat.nii')"
fails 3 'no voxel varies' 'mask of an image that does not vary' gb-fmri-hrf mask -o x.nii flat.nii
for f in good.nii.gz zeros.nii.gz members.nii.gz; do
	check "$f is the same image" "gb-fmri-hrf bold -o z.safetensors $f && $PYTHON -c \"
import numpy as np; from tensors import load
assert np.array_equal(load('z.safetensors')[0]['bold'], load('good.safetensors')[0]['bold'])\""
done
check 'a stream of several blocks is the same image on one thread and on three' "
for j in 1 3; do gb-fmri-hrf bold -q -j\$j --rows 3:61 -o big\$j.safetensors big.nii.gz || exit 1; done
gb-fmri-hrf bold -q --rows 3:61 -o big.safetensors big.nii && cmp big1.safetensors big3.safetensors && $PYTHON -c \"
import numpy as np; from tensors import load
assert np.array_equal(load('big1.safetensors')[0]['bold'], load('big.safetensors')[0]['bold'])\""

# Every byte of the header spoilt in turn: read, or exit 3 and one line.
cat >spoil.py <<'P'
import random, subprocess, sys
raw = open('good.nii', 'rb').read(); random.seed(1)
for at in range(352):
    b = bytearray(raw); b[at] ^= 1 << random.randrange(8); open('spoilt.nii', 'wb').write(bytes(b))
    p = subprocess.run(['gb-fmri-hrf', 'bold', '-j1', '--tr', '2', '--force-tr', '-o', '/dev/null', 'spoilt.nii'], stderr=subprocess.PIPE)
    lines = p.stderr.count(b'\n')
    assert p.returncode == 0 or (p.returncode == 3 and lines == 1), (at, p.returncode, p.stderr)
P
check 'each byte of a header spoilt: read, or exit 3 and one line' "$PYTHON spoil.py"
done_testing
