#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-audio-encodec --mel against numpy: windows, spectrum, bands, rows; mixing; the inverse.
. "$(dirname "$0")/../lib.sh"
PYTHONPATH=$TOP/tests/parity:$PYTHONPATH

# python NAME: the script on stdin passes.
python() {
	cat >script.py
	check "$1" '"$PYTHON" script.py'
}

"$PYTHON" - <<'EOF'
import numpy as np
from scipy.io import wavfile
g = np.random.default_rng(1)
n = 24000 * 7 + 1234
t = np.arange(n) / 24000
x = 0.3 * np.sin(2 * np.pi * (200 + 300 * t) * t) + 0.05 * g.standard_normal(n) * (np.sin(2 * np.pi * t) > 0)
wavfile.write('x.wav', 24000, x.astype(np.float32))
c = g.uniform(-.5, .5, (24000, 6)).astype(np.float32)
wavfile.write('six.wav', 24000, c)
wavfile.write('two.wav', 24000, c[:, :2])
wavfile.write('one.wav', 24000, c.astype(float).mean(1).astype(np.float32))
wavfile.write('pair.wav', 24000, c[:, :2].astype(float).mean(1).astype(np.float32))
EOF

gb-audio-encodec --mel --partial -o x.st x.wav
python 'values agree with numpy to 1e-5; counts sum to the total' <<'EOF'
from mel_oracle import *
from scipy.io import wavfile
got, m, c, about = frames_of('x.st')
want = mel(wavfile.read('x.wav')[1])
print(got.shape, want.shape, abs(got - want).max())
assert got.shape == want.shape and abs(got - want).max() < 1e-5
a = about['tensors']['mel']
assert a['total'] == a['kept'] == c.sum() == 706 and list(c) == [150] * 4 + [106]
assert (m[4, :, 106:] == 0).all() and got.max() > 15
EOF

gb-audio-encodec --mel --partial --bands 40 --window 0.03 --hop 1/90 --tr 7/10 -o y.st x.wav
python 'so they do with 40 bands, 0.03 s, a hop of 266 2/3 samples, ragged rows of 0.7 s' <<'EOF'
from mel_oracle import *
from scipy.io import wavfile
got, m, c, about = frames_of('y.st')
want = mel(wavfile.read('x.wav')[1], bands=40, window=F(3, 100), hop=F(1, 90))
print(got.shape, want.shape, abs(got - want).max())
assert got.shape == want.shape and abs(got - want).max() < 1e-5
row = [int(F(j, 90) / F(7, 10)) for j in range(len(want))]
assert (np.bincount(row) == c).all() and len(set(c)) > 1
EOF

gb-audio-encodec --mel --bands 512 --tr 1 -o z.st x.wav
python 'many bands get a longer transform' <<'EOF'
from mel_oracle import *
from scipy.io import wavfile
got, m, c, about = frames_of('z.st')
want = mel(wavfile.read('x.wav')[1], bands=512)[:700]
assert got.shape == want.shape and abs(got - want).max() < 1e-5
print(about['tensors']['mel']['fft_length'])
assert about['tensors']['mel']['fft_length'] == 4096
EOF

for f in six one two pair; do gb-audio-encodec --mel --tr 1/4 -o $f.st $f.wav; done
python 'six channels, and two, are mixed by their mean' <<'EOF'
from mel_oracle import *
for a, b in (('six', 'one'), ('two', 'pair')):
    d = abs(frames_of(a + '.st')[0] - frames_of(b + '.st')[0]).max()
    print(a, d)
    assert d == 0
EOF

ffmpeg -v error -nostdin -i six.wav -c:a pcm_f32le six.mov && ffmpeg -v error -nostdin -i six.wav -c:a pcm_f64le six.nut
for f in mov nut; do gb-audio-encodec --mel --tr 1/4 -o six.$f.st six.$f; done
ffmpeg -v error -nostdin -i x.wav -c:a pcm_s24le x24.wav && ffmpeg -v error -nostdin -i x24.wav -c:a pcm_s24be x24.aiff &&
	ffmpeg -v error -nostdin -i x24.wav -c:a flac -sample_fmt s32 x24.flac && ffmpeg -v error -nostdin -i x24.wav -c:a alac -sample_fmt s32p x24.m4a
for f in wav aiff flac m4a; do gb-audio-encodec --mel -o x24.$f.st x24.$f; done
python 'the same samples in any container give the same tensors' <<'EOF'
from mel_oracle import *
from scipy.io import wavfile
for f in ('mov', 'nut'):
    assert (frames_of('six.%s.st' % f)[0] == frames_of('six.st')[0]).all()
want = frames_of('x24.wav.st')[0]
for f in ('aiff', 'flac', 'm4a'):
    assert (frames_of('x24.%s.st' % f)[0] == want).all(), f
EOF

for f in x y; do gb-audio-encodec --invert $f.st -o $f.again.wav; done
python 'the inverse: length within one hop, level, and spectrum r >= 0.97 with the original' <<'EOF'
from mel_oracle import *
from scipy.io import wavfile
x = wavfile.read('x.wav')[1]
a = mel(x)
for f, hop in (('x', 240), ('y', 266 + 2 / 3)):
    rate, y = wavfile.read(f + '.again.wav')
    assert rate == 24000 and y.dtype == np.float32 and abs(len(y) - len(x)) <= hop, (len(y), len(x))
    b = mel(y)
    k = min(len(a), len(b))
    r = np.corrcoef(a[:k].ravel(), b[:k].ravel())[0, 1]
    level = (y ** 2).mean() / (x ** 2).mean()
    print(f, r, abs(a[:k] - b[:k]).mean(), level)
    assert r >= 0.97 and 0.8 < level < 1.25
EOF
done_testing
