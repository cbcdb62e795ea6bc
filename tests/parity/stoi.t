#!/bin/sh
# SPDX-License-Identifier: MIT
# STOI: numpy finds the same on speech, noisy, filtered, clipped and vocoded.
. "$(dirname "$0")/../lib.sh"
stoi=$GB_BUILD/tests/unit/stoi
[ -x "$stoi" ] || skip_all 'make units'
if command -v espeak-ng >/dev/null; then
	espeak-ng -w voice.wav 'Two households, both alike in dignity, in fair Verona, where we lay our scene. From ancient grudge break to new mutiny.'
	ffmpeg -v error -nostdin -i voice.wav -ar 10000 -ac 1 -f f32le voice.f32
fi
cat >make.py <<'E2'
import os
import numpy as np
r = np.random.default_rng(4)
n = 45000
t = np.arange(n) / 1e4
x = r.normal(0, 1, n) * np.clip(np.sin(2 * np.pi * 3 * t) + np.sin(2 * np.pi * 0.7 * t), 0, 2) * 0.1
if os.path.exists('voice.f32'):
    x = np.fromfile('voice.f32', 'f4')
    n = len(x)
rms = np.sqrt((x ** 2).mean())
cases = {f'noise{k}': x + r.normal(0, rms * 10 ** (-k / 20), n) for k in (-10, -5, 0, 5, 15)}
cases['clipped'] = np.clip(x, -0.3 * rms, 0.3 * rms)
cases['low'] = np.convolve(x, np.ones(12) / 12)[:n]
cases['late'] = np.roll(x, 700)
cases['backwards'] = x[::-1]
cases['half'] = np.where(np.arange(n) < n // 2, x, 0)
x.astype('f4').tofile('clean.f32')
for k, y in cases.items():
    y.astype('f4').tofile(k + '.case')
E2
$PYTHON make.py || exit 1
cat >compare.py <<'E2'
import glob, subprocess, sys
sys.path.insert(0, sys.argv[1] + '/tests/parity')
import numpy as np
from stoi_oracle import stoi
x = np.fromfile('clean.f32', 'f4')
seen = []
for path in sorted(glob.glob('*.case')):
    want = stoi(x, np.fromfile(path, 'f4'))
    got = float(subprocess.run([sys.argv[2], 'clean.f32', path], stdout=subprocess.PIPE, check=True).stdout)
    print(path, got, want)
    seen.append(got)
    assert abs(got - want) < 1e-6, path
assert len(seen) == 10 and max(seen) > 0.85 and min(seen) < 0.3
E2
check 'ten kinds of damage' "$PYTHON compare.py '$TOP' '$stoi'"
$PYTHON compare.py "$TOP" "$stoi" | sed 's/^/# /'
done_testing
