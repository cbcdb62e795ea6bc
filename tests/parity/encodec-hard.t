#!/bin/sh
# SPDX-License-Identifier: MIT
# EnCodec on sounds that are hard: silence, full scale, clipped, beyond full
# scale, not finite, an hour long; round trips; processor classes.
. "$(dirname "$0")/../lib.sh"
"$PYTHON" "$TOP/tests/encodec_model.py" m.st filters=4 latent=8 codebooks=4 codes=64
"$PYTHON" - <<'EOF'
import numpy as np
from scipy.io import wavfile
g, n = np.random.default_rng(4), 12345
t = np.arange(n) / 24000
put = lambda name, x: wavfile.write(name + '.wav', 24000, x)
put('silence', np.zeros(n, np.int16))
put('noise', g.uniform(-1, 1, n).astype(np.float32))
put('clipped', (np.clip(4 * np.sin(2 * np.pi * 220 * t), -1, 1) * 32767).astype(np.int16))
put('square', np.where(np.arange(n) // 50 % 2, 32767, -32768).astype(np.int16))
put('loud', (100 * g.standard_normal(n)).astype(np.float32))
put('quiet', (1e-7 * g.standard_normal(n)).astype(np.float32))
for name, bad in (('nan', np.nan), ('inf', -np.inf)):
    x = np.zeros(4 * 24000, np.float32)
    x[72000] = bad
    put(name, x)
EOF
g='gb-audio-encodec --weights m.st --codebooks 4 --tr 1/4'
for sound in silence noise clipped square loud quiet; do
	check "$sound: codes and sound are those of the definition; same bytes again, for any -j" "
	$g --partial -j1 -o a.st $sound.wav && $g --partial -j3 -o b.st $sound.wav && cmp a.st b.st &&
	gb-audio-encodec --weights m.st --invert -j1 -o a.wav a.st && gb-audio-encodec --weights m.st --invert -j3 -o b.wav a.st && cmp a.wav b.wav &&
	\"\$PYTHON\" - \"$TOP\" $sound <<E
import runpy, sys
import numpy as np
from scipy.io import wavfile
load, oracle = runpy.run_path(sys.argv[1] + '/tests/tensors.py')['load'], runpy.run_path(sys.argv[1] + '/tests/parity/encodec_oracle.py')
t, rows, x = load('m.st')[0], load('a.st')[0], wavfile.read(sys.argv[2] + '.wav')[1]
x = x / 32768 if x.dtype == np.int16 else x
for c, n in zip(rows['codes'], rows['codes.count']):
    assert (c[:, :n] >= 0).all() and (c[:, :n] < 64).all() and (c[:, n:] == -1).all()
codes = np.concatenate([c[:, :n] for c, n in zip(rows['codes'], rows['codes.count'])], axis=1)
want, margin = oracle['code_of'](t, x)
sure = np.logical_and.accumulate(margin > 1e-4 * max(1, abs(x).max() / 30))
assert codes.shape == want.shape == (4, 39) and sure.mean() > .9 and (codes == want)[sure].all(), (codes.shape, sure.mean())
got, sound = wavfile.read('a.wav')[1], oracle['sound_of'](t, codes)[:len(x)]
assert len(got) == len(x) and np.isfinite(got).all() and abs(got - sound).max() < 1e-4 * abs(sound).max()
E"
done
fails 3 'nan.wav: audio: a sample at 3.000 s is not finite' 'a NaN sample is refused, and where it is said' $g nan.wav
fails 3 'inf.wav: audio: a sample at 3.000 s is not finite' 'an infinite one too' $g inf.wav
check 'nothing is left of a refused sound' 'test ! -e x.st; '"$g"' -o x.st nan.wav 2>/dev/null; test ! -e x.st'

check '--round-trip: what --partial and --invert give' '
for s in noise clipped; do
	'"$g"' --partial -o a.st $s.wav && gb-audio-encodec --weights m.st --invert -o a.wav a.st &&
	gb-audio-encodec --weights m.st --codebooks 4 --round-trip -o r.wav $s.wav && cmp a.wav r.wav || exit 1
done
gb-audio-encodec --weights m.st --codebooks 4 --round-trip <noise.wav >p.wav && '"$g"' --partial -o a.st noise.wav && gb-audio-encodec --weights m.st --invert a.st | cmp - p.wav'
fails 2 'tr.*round-trip' '--round-trip makes no rows' $g --round-trip noise.wav
fails 4 'space|write' '--round-trip to a full disk' gb-audio-encodec --weights m.st --round-trip -o /dev/full noise.wav
"$PYTHON" "$TOP/tests/encodec_model.py" s.st filters=2 latent=4 codebooks=4 codes=16 norm=1 channels=2
check '48 kHz: as long as the sound, two channels, the same bytes for any -j; kbit/s are 1.5 a codebook' '
for j in 1 3; do gb-audio-encodec --weights s.st --bandwidth 3 --round-trip -j$j -o s$j.wav noise.wav || exit 1; done
cmp s1.wav s3.wav && gb-audio-encodec --weights s.st --codebooks 2 --round-trip -o s2.wav noise.wav && cmp s1.wav s2.wav &&
test "$(ffprobe -v error -show_entries stream=sample_rate,channels,duration_ts -of csv=p=0 s1.wav)" = 48000,2,24690'
fails 2 'read twice' '48 kHz: not from a pipe' gb-audio-encodec --weights s.st --round-trip -
fails 3 '48 kHz' '48 kHz weights make no rows' gb-audio-encodec --weights s.st --codebooks 2 noise.wav

check 'processor classes agree: codes up to near ties, sound within 1e-4' '
'"$g"' --partial -o best.st noise.wav && for c in generic avx2 avx512 amx; do
	GB_CPU=$c gb-audio-encodec -V >v.$c 2>&1 || continue
	GB_CPU=$c '"$g"' --partial -o $c.st noise.wav && GB_CPU=$c gb-audio-encodec --weights m.st --invert -o $c.wav best.st || exit 1
done
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import glob, runpy, sys
import numpy as np
from scipy.io import wavfile
load = runpy.run_path(sys.argv[1])["load"]
names = [n for n in ("generic", "avx2", "avx512", "amx") if glob.glob(n + ".wav")]
print(names)
codes = [load(n + ".st")[0]["codes"] for n in names]
sounds = [wavfile.read(n + ".wav")[1] for n in names]
for c, s in zip(codes, sounds):
    assert (c == codes[0]).mean() > .98 and abs(s - sounds[0]).max() < 1e-4 * abs(s).max()
E'

if [ "$GB_BUILD" = "${GB_BUILD%san}" ]; then
	check 'an hour (345 MB of WAV): every frame, in under 100 MB, the first minute as when it stands alone' '
	"$PYTHON" "$TOP/tests/encodec_model.py" n.st filters=2 latent=4 codebooks=2 codes=16 &&
	ffmpeg -v error -nostdin -y -f lavfi -i "sine=f=300:r=24000:d=3600" -c:a pcm_f32le hour.wav && ffmpeg -v error -nostdin -y -i hour.wav -t 60 -c:a copy minute.wav &&
	gb-audio-encodec -v --weights n.st --codebooks 2 -o hour.st hour.wav 2>said && gb-audio-encodec --weights n.st --codebooks 2 -o minute.st minute.wav &&
	rm hour.wav && cat said && "$PYTHON" - "$TOP/tests/tensors.py" <<E
import re, runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
a, b = load("hour.st")[0], load("minute.st")[0]
assert a["codes.count"].sum() == 270000 and len(a["codes"]) == 2400
assert (a["codes"][:39] == b["codes"][:39]).all()
assert int(re.search(r"(\d+) MB at most", open("said").read()).group(1)) < 100
E'
fi
done_testing
