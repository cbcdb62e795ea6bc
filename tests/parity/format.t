#!/bin/sh
# SPDX-License-Identifier: MIT
# The format against Python's safetensors, both ways; damage seen through the tool.
. "$(dirname "$0")/../lib.sh"
"$GB_BUILD/tests/unit/inspect" "$work" || exit 1
cp "$TOP/tests/tensors.py" .

# ---- damage (tests/unit/damage.c does every bit; here a sample goes through the program)
"$PYTHON" - <<'PY'
import os, random
raw = open('bold.safetensors', 'rb').read()
random.seed(1)
os.mkdir('bad')
n = int.from_bytes(raw[:8], 'little')
places = list(range(64)) + random.sample(range(64, 8 * len(raw)), 200) + list(range(8 * (len(raw) - 8), 8 * len(raw)))
for bit in places:
    b = bytearray(raw)
    b[bit // 8] ^= 1 << bit % 8
    open('bad/flip%06d' % bit, 'wb').write(b)
for size in [0, 1, 7, 8, 9, n + 7, n + 8, n + 9, len(raw) - 1] + random.sample(range(10, len(raw)), 60):
    open('bad/cut%06d' % size, 'wb').write(raw[:size])
open('bad/long', 'wb').write(raw + b'\0')
PY
check 'flipped and cut files are refused by --verify, each with one line and none passed' \
	'gb-inspect --verify bad/* >out 2>err; test $? = 3 && test ! -s out && test "$(wc -l <err)" = "$(ls bad | wc -l)" && ! grep -v "^gb-inspect: bad/[a-z]*[0-9]*: " err'
for f in bad/flip000003 bad/cut000009 bad/long; do
	fails 3 "$f" "$f alone is exit 3 and one line" gb-inspect --verify "$f"
done
check 'values from a damaged tensor are not shown' '"$PYTHON" -c "
raw = bytearray(open(\"bold.safetensors\", \"rb\").read()); n = int.from_bytes(raw[:8], \"little\"); raw[8 + n + 5] ^= 1
open(\"worm.safetensors\", \"wb\").write(raw)"
gb-inspect worm.safetensors >/dev/null || exit 1
for o in --stats --json\ --stats --npy\ n --plot\ p.png --health; do gb-inspect $o worm.safetensors >/dev/null 2>err; test $? = 3 && grep -q "checksum of tensor bold" err || { echo "$o: $(cat err)"; exit 1; }; done'

# ---- Python reads what we write
if ! "$PYTHON" -c 'import safetensors.numpy' 2>/dev/null; then
	skip 'Python safetensors opens our files' 'the safetensors package is not at hand (make check installs it where a registry can be reached)'
	done_testing
fi
if command -v gb-fmri-hrf >/dev/null; then
	"$PYTHON" -c "
import numpy as np, nibabel as nib
im = nib.Nifti1Image((np.random.default_rng(1).standard_normal((5, 4, 3, 40)) * 50 + 500).astype('i2'), np.diag([3, 3, 3, 1]))
im.header.set_xyzt_units('mm', 'sec'); im.header['pixdim'][4] = 1.5; nib.save(im, 'b.nii')"
	check 'a file of gb-fmri-hrf' 'gb-fmri-hrf bold b.nii -o made-bold.safetensors'
fi
printf 'onset\tduration\ttrial_type\n0\t3\ta dog\n4\t2.5\ta cat\n9\t1\tthe dog\n' >events.tsv
command -v gb-text-align >/dev/null && check 'a file of gb-text-align' 'gb-text-align --rows 8 --text trial_type events.tsv -o made-text.safetensors'
if command -v ffmpeg >/dev/null; then
	ffmpeg -nostdin -loglevel error -f lavfi -i testsrc=size=64x48:rate=25:duration=4 -f lavfi -i sine=440:duration=4 -pix_fmt yuv420p -shortest f.mkv
	command -v gb-video-frames >/dev/null && check 'a file of gb-video-frames' 'gb-video-frames --size 16x12 f.mkv -o made-video.safetensors'
	command -v gb-audio-encodec >/dev/null && check 'a file of gb-audio-encodec' 'gb-audio-encodec --mel f.mkv -o made-mel.safetensors'
fi
"$PYTHON" - <<'PY'
import numpy as np, nibabel as nib
from safetensors.numpy import save_file
r = np.random.default_rng(1)
f = r.standard_normal((400, 6)).astype('f4')
save_file({'face': f}, 'face.safetensors')
b = (f @ r.standard_normal((6, 18))).T.reshape(3, 3, 2, 400) + r.standard_normal((3, 3, 2, 400))
im = nib.Nifti1Image(b.astype('f4'), np.diag([3, 3, 3, 1]))
im.header.set_xyzt_units('mm', 'sec')
im.header['pixdim'][4] = 1.5
nib.save(im, 'c.nii')
PY
# A foreign file of features through all that reads tensors: set, checkpoint, prediction, simulation.
check 'features made in Python go through all tools' 'gb-fmri-hrf bold c.nii -o c.safetensors &&
	gb-cache pack -q -o set --tr 3/2 --split 0.8:0.2 --subject a=c.safetensors face.safetensors &&
	gb-train -q --model ridge -o run set && gb-recon -q -o rep run set &&
	gb-sim -q --voxels 12 --tr 3/2 --channels 2 -o sim face.safetensors &&
	gb-inspect --verify set/*.safetensors run/*.safetensors rep/*.safetensors sim/*.safetensors'
cat >opens.py <<'PY'
import sys
import numpy as np
from safetensors.numpy import load_file
from safetensors import safe_open
from tensors import load
for path in sys.argv[1:]:
    want, profile = load(path)
    with safe_open(path, 'np') as f:
        assert f.metadata()['format'] == 'gbt/1', path
        for name, x in want.items():
            if name == 'BF16':
                continue
            got = f.get_tensor(name)
            assert got.dtype == x.dtype and got.shape == x.shape and got.tobytes() == x.tobytes(), (path, name)
    if 'BF16' not in want:
        assert set(load_file(path)) == set(want)
print(len(sys.argv) - 1, 'files')
PY
check 'safetensors.numpy opens every kind of file we write, to the bit' '"$PYTHON" opens.py *made*.safetensors set/[!f]*.safetensors run/*.safetensors rep/*.safetensors sim/*.safetensors bold.safetensors healthy.safetensors types.safetensors'
cat >page.py <<'PY'
import re, sys
text = open(sys.argv[1], encoding='utf-8').read()
blocks = [b for b in re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed', text, re.S | re.M) if b.startswith(('import', 'from'))]
assert len(blocks) == 3
for block in blocks:
    exec(block.replace('\\e', '\\'), {})
PY
check 'the Python of gbt(5) runs' '"$PYTHON" page.py "$TOP/man/gbt.5" | grep -qx 3/2 && gb-inspect faces.safetensors | grep -Eq "^faces +F32 +946×8$"'
cat >torch_opens.py <<'PY'
import sys
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tensors import load
for path in sys.argv[1:]:
    want = load(path)[0]
    got = load_file(path)
    assert set(got) == set(want)
    for name, x in want.items():
        y = got[name]
        y = y.float().numpy() if y.dtype == torch.bfloat16 else y.numpy()
        assert y.shape == x.shape and y.tobytes() == x.tobytes(), (path, name)
save_file({'weight': torch.arange(12, dtype=torch.float32).reshape(3, 4), 'half': torch.ones(5).half(), 'brain': torch.ones(2, 2, dtype=torch.bfloat16) * 3,
           'flag': torch.tensor([True, False])}, 'torch.safetensors', metadata={'format': 'pt'})
PY
if "$PYTHON" -c 'import torch' 2>/dev/null; then
	check "so does safetensors.torch ($("$PYTHON" -c 'import torch; print(torch.__version__)'))" '"$PYTHON" torch_opens.py *made*.safetensors set/[!f]*.safetensors run/*.safetensors rep/*.safetensors sim/*.safetensors bold.safetensors healthy.safetensors types.safetensors'
	check 'and its files open here' 'gb-inspect torch.safetensors | grep -Eq "^weight +F32 +3×4$" && gb-inspect --rows 0:1 --tensor brain torch.safetensors | grep -q "^0	3	3$"'
else
	skip 'safetensors.torch opens our files' 'torch is not installed'
fi

# ---- we read what Python writes
cat >python_writes.py <<'PY'
import numpy as np
from safetensors.numpy import save_file
r = np.random.default_rng(2)
x = {'a.%d' % i: r.standard_normal((i % 5, 3)).astype(t) for i, t in enumerate(['f4', 'f8', 'f2', 'i1', 'u1', 'i2', 'i4', 'i8', 'u2', 'u4', 'u8', '?'] * 3)}
x['scalar'] = np.array(3.25)
save_file(x, 'python.safetensors')
save_file(x, 'meta.safetensors', metadata={'by': 'me', 'ünï': 'cödé'})
save_file({}, 'none.safetensors')
np.savez('python.npz', **x)
PY
"$PYTHON" python_writes.py
check 'files of safetensors.numpy open, every type and value' 'gb-inspect --verify python.safetensors meta.safetensors none.safetensors | grep -c sound | grep -qx 3 && gb-inspect --npy n python.safetensors && "$PYTHON" -c "
import numpy as np
want = np.load(\"python.npz\")
for name in want.files:
    got = np.load(\"n/\" + name + \".npy\")
    assert got.dtype == want[name].dtype and got.shape == want[name].shape and (got == want[name]).all(), name
assert len(want.files) == 37"'
check 'their metadata are shown' 'gb-inspect meta.safetensors | grep -Eq "ünï +cödé"'
done_testing
