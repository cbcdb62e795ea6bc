#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-sim against numpy and nibabel: drivers, kernel, delay, weights, noise, ceilings.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/media.sh"

cat >sim.py <<'EOF'
import os, runpy
import nibabel
import numpy as np
from scipy.stats import gamma
module = runpy.run_path(os.environ['TOP'] + '/tests/tensors.py')
load, save = module['load'], module['save']


def bold(folder, subject=1):
    """[rows, voxels] of an image, voxels in file order."""
    image = nibabel.load('%s/sub-%02d.nii.gz' % (folder, subject))
    mask = nibabel.load(folder + '/mask.nii.gz').get_fdata() > 0
    return image, image.get_fdata().transpose(3, 2, 1, 0)[:, mask.transpose(2, 1, 0)]


def truth(folder):
    return load(folder + '/truth.safetensors')


def glover(t):
    return gamma.pdf(t, 6 / .9, scale=.9) - .48 * gamma.pdf(t, 12 / .9, scale=.9)
EOF

# python NAME: the script on stdin passes.
python() {
	cat >script.py
	check "$1" 'PYTHONPATH=. "$PYTHON" script.py'
}

gb-sim --voxels 600 --rows 700 --tr 1/2 --seed 3 --snr 1.5 --subjects 2 -o a
gb-sim --voxels 600 --rows 700 --tr 1/2 --seed 3 --snr 1.5 --subjects 2 --delay 1 -o late
gb-sim --voxels 600 --rows 700 --tr 1/2 --seed 3 --snr 1.5 --subjects 2 --delay -1/2 -o early

python 'drivers have mean 0, variance 1, and are orthogonal' <<'EOF'
from sim import *
d = truth('a')[0]['drivers'].astype(float)
print(d.shape, abs(d.T @ d / len(d) - np.eye(8)).max(), abs(d.mean(0)).max())
assert d.shape == (700, 8) and abs(d.T @ d / len(d) - np.eye(8)).max() < 1e-5 and abs(d.mean(0)).max() < 1e-6
assert (load('a/drivers.safetensors')[0]['drivers'] == truth('a')[0]['drivers']).all()
EOF
python 'the response is that of a 1 ms simulation, for delays of 0, 1 and -1/2 s' <<'EOF'
from sim import *
h = glover((np.arange(32000) + .5) / 1000)
h /= h.sum()
for folder, delay in (('a', 0), ('late', 1000), ('early', -500)):
    t = truth(folder)[0]
    x = np.repeat(t['drivers'].astype(float), 500, axis=0)          # 1 ms
    x = np.concatenate([np.zeros((34000, 8)), x, np.zeros((34000, 8))])
    at = 34000 + np.arange(700) * 500 + 250 - delay                 # the middle of each row, less the delay
    want = np.array([h @ x[k - 1:k - 32001:-1] for k in at])
    print(folder, abs(want - t['response']).max())
    assert abs(want - t['response']).max() < 2e-4
    assert t['lag'][0] == delay / 1000
EOF
check 'gb-fmri-hrf convolve says the same' 'gb-fmri-hrf convolve --history zero a/drivers.safetensors -o conv.st && "$PYTHON" -c "
import sys; sys.path.insert(0, \".\")
from sim import *
d = abs(load(\"conv.st\")[0][\"drivers\"] - truth(\"a\")[0][\"response\"]).max()
print(d)
assert d < 2e-4"'
python 'signal = response · weights; its variance is the SNR; each voxel has 1 to 3 channels of its region' <<'EOF'
from sim import *
t, about = truth('a')
s, w = t['signal'].astype(float), t['weights'].astype(float)
print(abs(s - t['response'] @ w).max(), s.var(0).min(), s.var(0).max())
assert abs(s - t['response'] @ w).max() < 1e-4 and abs(s.var(0) - 1.5).max() < 1e-4
n = (w != 0).sum(0)
assert set(n) == {1, 2, 3}
assert about['tensors']['signal']['time']['step'] == '1/2' and about['params']['rho'] == 0.5
EOF
python 'noise: variance 1, AR(1) with 0.5 a second, white across voxels and subjects, not of the signal' <<'EOF'
from sim import *
s = truth('a')[0]['signal']
n = [(bold('a', k)[1] - 1000) / 10 - s for k in (1, 2)]
r = [np.mean([np.corrcoef(x[:-k, v], x[k:, v])[0, 1] for x in n for v in range(600)]) for k in (1, 2, 4)]
print(n[0].var(), n[1].var(), r)
assert abs(n[0].var() - 1) < .02 and abs(n[1].var() - 1) < .02
for got, want in zip(r, (.5 ** .5, .5, .25)):
    assert abs(got - want) < .015, (got, want)
across = np.corrcoef(n[0].T)[np.triu_indices(600, 1)]
twin = [np.corrcoef(n[0][:, v], n[1][:, v])[0, 1] for v in range(600)]
own = [np.corrcoef(n[0][:, v], s[:, v])[0, 1] for v in range(600)]
print(across.mean(), np.mean(twin), np.mean(own))
assert abs(across.mean()) < .002 and abs(np.mean(twin)) < .015 and abs(np.mean(own)) < .03
EOF
python 'ceilings: of the population, and of these rows as numpy finds them' <<'EOF'
from sim import *
t = truth('a')[0]
assert np.allclose(t['ceiling.population'], (1.5 / 2.5) ** .5, atol=1e-7)
for k in (1, 2):
    b = bold('a', k)[1]
    want = [np.corrcoef(b[:, v], t['signal'][:, v])[0, 1] for v in range(600)]
    print(abs(want - t['ceiling.sample'][k - 1]).max(), np.mean(want))
    assert abs(want - t['ceiling.sample'][k - 1]).max() < 1e-5 and abs(np.mean(want) - .7746) < .02
EOF
python 'the image says that it is simulated, and has the clock' <<'EOF'
from sim import *
image, b = bold('a')
assert b'simulated' in bytes(image.header['descrip']) and image.header.get_zooms()[3] == .5 and b.shape == (700, 600)
assert abs(b.mean() - 1000) < 2
EOF

gb-sim --voxels 300 --rows 400 --tr 1 --shared-noise 0.6 --subjects 2 -o shared
python '--shared-noise: that part of the noise variance is common' <<'EOF'
from sim import *
s = truth('shared')[0]['signal']
n = [(bold('shared', k)[1] - 1000) / 10 - s for k in (1, 2)]
r = np.mean([np.corrcoef(n[0][:, v], n[1][:, v])[0, 1] for v in range(300)])
print(r, n[0].var())
assert abs(r - .6) < .02 and abs(n[0].var() - 1) < .03
EOF
gb-sim --voxels 300 --rows 400 --tr 1 --snr 0 -o none
python '--snr 0: no signal at all' <<'EOF'
from sim import *
t = truth('none')[0]
assert (t['signal'] == 0).all() and (t['weights'] == 0).all() and (t['ceiling.population'] == 0).all() and (t['ceiling.sample'] == 0).all()
assert abs(((bold('none')[1] - 1000) / 10).var() - 1) < .03
EOF
check 'same seed, same bytes, any -j; another seed, another brain' '
gb-sim --voxels 600 --rows 700 --tr 1/2 --seed 3 --snr 1.5 --subjects 2 -j1 -o b && for f in a/*; do cmp $f b/${f#a/} || exit 1; done
gb-sim --voxels 600 --rows 700 --tr 1/2 --seed 3 --snr 1.5 --subjects 2 -j3 -o b && for f in a/*; do cmp $f b/${f#a/} || exit 1; done
gb-sim --voxels 600 --rows 700 --tr 1/2 --seed 4 --snr 1.5 -o c && ! cmp -s a/sub-01.nii.gz c/sub-01.nii.gz && ! cmp -s a/truth.safetensors c/truth.safetensors'

# A film of 40 s: brightness, colours (of the same luminance), contrast, motion, loudness and pitch that change every 2 s, each in its own way.
"$PYTHON" - <<'EOF'
import numpy as np, sys
sys.path.insert(0, '.')
from scipy.io import wavfile
from sim import save
g = np.random.default_rng(5)
bright, contrast, motion, loud, high, red, blue = g.uniform(0, 1, (7, 20))
with open('film.raw', 'wb') as f:
    for k in range(400):
        i = k // 20
        x = (np.arange(64)[None] + (k * int(8 * motion[i]) if motion[i] > .4 else 0)) // 8 % 2 * 2. - 1
        y = 100 + 60 * bright[i] + 40 * contrast[i] * np.repeat(x, 36, 0)
        tint = [30 * red[i], -(.2126 * 30 * red[i] + .0722 * 60 * blue[i]) / .7152, 60 * blue[i]]
        f.write((np.repeat(y[..., None], 3, 2) + tint).round().astype(np.uint8).tobytes())
t = np.arange(24000 * 40) / 24000
i = (t // 2).astype(int)
s = np.exp(2 * loud[i] - 2) * (np.sin(2 * np.pi * 300 * t) + 2 * high[i] * np.sin(2 * np.pi * 5000 * t)) / 4
wavfile.write('film.wav', 24000, s.astype(np.float32))
np.save('plan.npy', np.array([bright, contrast, loud, red, blue]))
save('foreign.st', ideas=g.standard_normal((80, 30)).astype(np.float32))
EOF
ffmpeg -v error -nostdin -f rawvideo -pix_fmt rgb24 -s 64x36 -r 10 -i film.raw -i film.wav -c:v ffv1 -pix_fmt bgr0 -c:a pcm_f32le film.nut
gb-sim --voxels 90 --tr 1/2 --channels 40 -o media film.nut foreign.st
python 'drivers of a film: luminance, colours, contrast and loudness follow what was put in' <<'EOF'
from sim import *
t, about = truth('media')
d = t['drivers'].astype(float)
names = about['tensors']['drivers']['channels']
print(names)
bright, contrast, loud, red, blue = np.repeat(np.load('plan.npy'), 4, axis=1)
assert d.shape[0] == 80
def left(x, y):  # orthogonal drivers: what is planted lies in their span
    x = (x - x.mean()) / x.std()
    return ((x[:, None] * y).mean(0) ** 2).sum()
at = lambda *n: d[:, [names.index(k) for k in n]]
print(left(bright, at('luminance')), left(red, at('luminance', 'loudness', 'ideas 1', 'red-green')), left(blue, d), left(contrast, d), left(loud, d))
assert names[:3] == ['luminance', 'loudness', 'ideas 1'] and 'motion energy' in names
assert left(bright, at('luminance')) > .99
span = names[:names.index('red-green') + 1]
assert left(30 * red * (1 + .2126 / .7152) + 60 * blue * .0722 / .7152, at(*span)) > .99
span = names[:names.index('blue-yellow') + 1]
assert left(blue, at(*span)) > .99 and left(blue, at(*span[:-1])) < .9
assert left(contrast, at(*names[:names.index('contrast') + 1])) > .9
assert left(loud, d[:, [k for k, n in enumerate(names) if 'ideas' not in n]]) > .8
EOF
python 'three regions, each driven by one modality; the atlas has them' <<'EOF'
from sim import *
t, about = truth('media')
labels = about['tensors']['region']['labels']
names = about['tensors']['drivers']['channels']
print(labels)
assert sorted(labels) == ['audio', 'ideas', 'video']
kind = [('ideas' if n.startswith('ideas') else 'video' if n in ('luminance', 'red-green', 'blue-yellow', 'contrast', 'motion energy') else 'audio') for n in names]
for v in range(90):
    for c in np.flatnonzero(t['weights'][:, v]):
        assert labels[t['region'][v] - 1] == kind[c]
atlas = nibabel.load('media/atlas.nii.gz').get_fdata()
mask = nibabel.load('media/mask.nii.gz').get_fdata() > 0
assert (atlas.transpose(2, 1, 0)[mask.transpose(2, 1, 0)] == t['region']).all() and sorted(np.bincount(t['region'])[1:]) == [30, 30, 30]
EOF
check '--mask: its grid; --start and --rows cut' '
gb-sim --mask media/atlas.nii.gz --tr 1/2 --start 10 --rows 30 -o cut film.nut 2>&1 && "$PYTHON" -c "
import sys; sys.path.insert(0, \".\")
from sim import *
t, about = truth(\"cut\")
assert about[\"tensors\"][\"signal\"][\"time\"][\"runs\"] == [{\"name\": \"run-1\", \"rows\": 30, \"start\": \"10/1\"}] and t[\"signal\"].shape == (30, 90)
a, b = nibabel.load(\"cut/sub-01.nii.gz\"), nibabel.load(\"media/atlas.nii.gz\")
assert (a.affine == b.affine).all() and a.shape[:3] == b.shape
"'

"$PYTHON" - <<'EOF'
import sys
sys.path.insert(0, '.')
import numpy as np
from sim import save
g = np.random.default_rng(1)
x = g.standard_normal((80, 3)).astype(np.float32)
save('runs.st', ideas=x)
save('second.st', ideas=x[50:])
x[7, 1] = np.nan
save('nan.st', ideas=x)
save('whole.st', ideas=np.arange(80))
EOF
gb-fmri-hrf convolve --tr 1 --runs run-1:50,run-2:30 --kernel glover runs.st -o tworuns.st && gb-fmri-hrf convolve --tr 1 --run run-2 second.st -o onerun.st
check 'features of two runs: --run takes one, as if it were alone' '
gb-sim --voxels 20 --run run-2 -o second tworuns.st && gb-sim --voxels 20 -o alone onerun.st && "$PYTHON" -c "
import sys; sys.path.insert(0, \".\")
from sim import *
a, b = truth(\"second\"), truth(\"alone\")
assert a[1][\"tensors\"][\"signal\"][\"time\"][\"runs\"][0][\"name\"] == \"run-2\" and (a[0][\"signal\"] == b[0][\"signal\"]).all() and len(a[0][\"signal\"]) == 30
"'
fails 2 'runs.*--run' 'features of two runs and no --run' gb-sim --voxels 3 -o x tworuns.st
fails 3 'row 7 .*finite' 'NaN in features' gb-sim --voxels 3 --tr 1 -o x nan.st
fails 3 'float' 'features that are no floats' gb-sim --voxels 3 --tr 1 -o x whole.st
fails 2 'mask.*voxels' 'neither --mask nor --voxels' gb-sim -o x film.nut
fails 2 'mask.*voxels' 'both' gb-sim --voxels 3 --mask media/atlas.nii.gz -o x film.nut
fails 2 'DIR' 'no -o' gb-sim --voxels 3 film.nut
fails 2 'rows' 'no stimulus and no --rows' gb-sim --voxels 3 -o x
fails 2 'no such file' 'a missing film' gb-sim --voxels 3 -o x none.mp4
fails 2 'no such file' 'a missing mask' gb-sim --mask none.nii -o x film.nut
fails 2 'rho|0.999' 'an impossible rho' gb-sim --voxels 3 --rho 1 --rows 9 -o x
: >empty.mp4
fails 3 'empty' 'an empty film' gb-sim --voxels 3 -o x empty.mp4
fails 3 'rows' 'more rows than the film has' gb-sim --voxels 3 --rows 1000 -o x film.nut
fails 2 'clock|--tr' 'features without a clock, no --tr' gb-sim --voxels 3 -o x foreign.st
fails 3 'rows of' 'two files with different rows' gb-sim --voxels 3 -o x a/drivers.safetensors shared/drivers.safetensors
fails 4 'x/|directory' 'a folder that cannot be made' gb-sim --voxels 3 --rows 9 -o /proc/none/x
ffmpeg -v error -nostdin -stream_loop 3 -i film.nut -c:v libx264 -pix_fmt yuv420p -c:a aac film.mp4
check 'the examples of the page' 'sed -n "s/^[.]Dl [$] //p" "$TOP/man/gb-sim.1" >examples && test -s examples && sh -ex examples'
done_testing
