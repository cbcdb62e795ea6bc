#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-audio-encodec as a command: options, streams, exit codes.  Numbers: tests/parity/audio-*.t.
. "$(dirname "$0")/../lib.sh"
g=gb-audio-encodec

"$PYTHON" - <<'EOF'
import numpy as np
from scipy.io import wavfile
g = np.random.default_rng(2)
n = 44100 * 12 + 4567
t = np.arange(n) / 44100
x = 0.4 * np.sin(2 * np.pi * 300 * t) * (1 + np.sin(2 * np.pi * 0.7 * t)) / 2 + 0.01 * g.standard_normal(n)
s = np.stack([x, x[::-1]], 1)
wavfile.write('a.wav', 44100, (s * 20000).astype(np.int16))
for name, bad in (('nan', np.nan), ('inf', np.inf)):
    y = s.astype(np.float32)
    y[44100 * 3 + 5, 1] = bad
    wavfile.write(name + '.wav', 44100, y)
wavfile.write('zero.wav', 44100, np.zeros((0, 2), np.int16))
wavfile.write('short.wav', 44100, np.zeros(1000, np.int16))
EOF
for f in a.flac a.mp3 a.mp4 a.ogg; do ffmpeg -v error -nostdin -i a.wav $f; done
ffmpeg -v error -nostdin -f lavfi -i testsrc=d=1:s=64x48 silent.mp4

check 'default file: mel and mel.count, complete rows only' '$g --mel -o a.st a.wav && "$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
t, about = runpy.run_path(sys.argv[1])["load"]("a.st")
assert t["mel"].shape == (8, 128, 150) and (t["mel.count"] == 150).all()
a = about["tensors"]["mel"]
assert a["time"] == {"step": "3/2", "unit": "s", "runs": [{"name": "run-1", "rows": 8, "start": "0/1"}]}
assert a["total"] == 1211 and a["kept"] == 1200 and a["first"] == "0/1" and a["dims"] == ["time", "band", "frame"]
assert about["inputs"]["sound"]["name"] == "a.wav" and about["params"]["hop"] == "1/100"
E'
check 'same bytes for -j 1, 2, 3, and to a pipe' '
for j in 1 2 3; do $g --mel -j $j -o j$j.st a.wav || exit 1; cmp j$j.st a.st || exit 1; done
$g --mel a.wav | cmp - a.st'
check 'from a pipe: the same tensors; from -c FILE: the same file' '
cat a.wav | $g --mel - >pipe.st && printf "mel = yes\ntr = 1.5\n" >conf && $g -c conf -o conf.st a.wav && cmp conf.st a.st || exit 1
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
a, b = load("a.st")[0], load("pipe.st")[0]
assert all((a[k] == b[k]).all() for k in ("mel", "mel.count"))
E'
check '--start, --rows, --run: rows are those of the file cut there' '
$g --mel --start 3 --rows 2 --run b -o cut.st a.wav
ffmpeg -v error -nostdin -ss 3 -i a.wav -t 3 -c:a copy -y cut.wav && $g --mel -o want.st cut.wav || exit 1
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
(a, about), (b, _) = load("cut.st"), load("want.st")
assert about["tensors"]["mel"]["time"]["runs"] == [{"name": "b", "rows": 2, "start": "3/1"}]
d = abs(a["mel"] - b["mel"])
print(d.max(), d[:, :, :-2].max())
assert a["mel"].shape == b["mel"].shape == (2, 128, 150)
assert d[0].max() == 0 and d[1, :, :-5].max() == 0  # the end of the cut file rings
E'
check 'the same sound as FLAC: the same tensors; mp4, ogg, mp3: the same rows' '
for f in flac mp3 mp4 ogg; do $g --mel --partial -o a.$f.st a.$f || exit 1; done; $g --mel --partial -o a.all.st a.wav
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
a = load("a.all.st")[0]
assert (load("a.flac.st")[0]["mel"] == a["mel"]).all()
for f in ("mp3", "mp4", "ogg"):
    b = load("a.%s.st" % f)[0]
    assert (b["mel.count"] == a["mel.count"]).all(), (f, b["mel.count"], a["mel.count"])
    r = a["mel"][2:6, :60].ravel(), b["mel"][2:6, :60].ravel()
    print(f, __import__("numpy").corrcoef(*r)[0, 1])
E'
check '--resample best differs from medium, a little' '$g --mel --resample best -o best.st a.wav && ! cmp -s best.st a.st'
check '--invert to a file and to a pipe: the same bytes, any -j' '
$g --invert a.st -o 1.wav -j1 && $g --invert a.st -o 2.wav -j2 && $g --invert -j3 <a.st >3.wav && cmp 1.wav 2.wav && cmp 1.wav 3.wav &&
test "$(ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 1.wav)" = 288000'

mkdir -p alone/bin alone/share/giblet && cp "$GB_BUILD/bin/gb-audio-encodec" alone/bin
fails 4 'mel' 'codes without weights: exit 4, one line' env -u GB_ENCODEC alone/bin/$g --codebooks 8 a.wav
if cp "$TOP/data/encodec-tiny.safetensors" alone/share/giblet 2>/dev/null; then
	check 'the tiny codec is found last, which is said, and its way there and back' 'env -u GB_ENCODEC alone/bin/$g --tr 1/2 -o tiny.st a.wav 2>tiny.err && grep -q "tiny codec .*share/giblet/encodec-tiny" tiny.err && env -u GB_ENCODEC alone/bin/$g -q --invert -o tiny.wav tiny.st && gb-inspect --json tiny.st | grep -q "\"encodec-tiny.safetensors\""'
	echo none >alone/share/giblet/encodec_24khz.safetensors
	fails 3 'encodec_24khz' 'the published ones before it' env -u GB_ENCODEC alone/bin/$g a.wav
fi
fails 4 'w.safetensors.*weights' '… also where they are named' $g --bandwidth 6 --weights w.safetensors a.wav
fails 4 'w.safetensors.*weights' '… or in the environment' env GB_ENCODEC=w.safetensors $g a.wav
fails 3 'EnCodec' 'weights that are none: exit 3' $g --weights a.st a.wav
fails 2 'bandwidth.*mel' 'options of codes with --mel are refused' $g --mel --bandwidth 6 a.wav
fails 2 'weights.*mel' '… --weights' $g --mel --weights x a.wav
fails 2 'codebooks.*mel' '… --codebooks' $g --mel --codebooks 4 a.wav
fails 2 'bands' 'options of mel without it are refused' $g --bands 4 a.wav
fails 2 'same' '--bandwidth and --codebooks together' $g --bandwidth 6 --codebooks 4 a.wav
fails 2 '1.5|3' 'a bandwidth that is none' $g --bandwidth 5 a.wav
fails 2 'invert' '--invert takes no options of encoding' $g --invert --tr 2 a.st
fails 2 'window' 'a window shorter than the hop' $g --mel --window 0.005 a.wav
fails 2 'bands' 'too many bands' $g --mel --bands 5000 a.wav
fails 2 'tr' '--tr 0' $g --mel --tr 0 a.wav
fails 2 'start' '--start before 0' $g --mel --start -1 a.wav
fails 2 'mean --partial' 'an unknown option suggests one' $g --partal a.wav
fails 2 'no such file' 'a missing file' $g --mel missing.wav
fails 2 'folder|directory' 'a folder' $g --mel .
: >empty.wav
fails 3 'empty' 'an empty file' $g --mel empty.wav
echo 'To be, or not to be' >text.wav
fails 3 'not a .*sound' 'text as sound' $g --mel text.wav
fails 3 'no sound stream' 'a film without sound' $g --mel silent.mp4
fails 3 'no samples' 'zero samples' $g --mel zero.wav
fails 3 'partial' 'shorter than a row' $g --mel short.wav
fails 3 'ends before' 'shorter than --start' $g --mel --start 100 a.wav
fails 3 '3.000 s.*finite' 'a NaN sample' $g --mel nan.wav
fails 3 '3.000 s.*finite' 'an infinite sample' $g --mel inf.wav
fails 3 '9 rows wanted.* 8' 'more rows than the sound fills' $g --mel --rows 9 a.wav
fails 3 'track' 'a track that is not there' $g --mel --track 3 a.mp4
head -c 300000 a.wav >cut.wav
fails 3 'truncated' 'a truncated WAV' $g --mel cut.wav
head -c 200000 a.flac >cut.flac
fails 3 'truncated|cannot' 'a truncated FLAC' $g --mel cut.flac
ffmpeg -v error -nostdin -i a.wav -movflags +faststart fast.mp4
head -c 60000 fast.mp4 >cut.mp4
fails 3 'cut short|decoded' 'a truncated mp4' $g --mel cut.mp4
fails 3 'not a tensor file' '--invert of a sound' $g --invert a.wav
"$PYTHON" - <<'EOF'
import json, struct
h = json.dumps({'x': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]}}).encode()
open('x.st', 'wb').write(struct.pack('<Q', len(h)) + h + bytes(8))
EOF
fails 3 'mel' '--invert of a tensor file without mel' $g --invert x.st
fails 4 'space|write' 'a full disk' $g --mel -o /dev/full a.wav
fails 4 'space|write' 'a full disk, inverse' $g --invert -o /dev/full a.st
fails 4 'TMPDIR|directory' 'no folder for the output' $g --mel -o none/x.st a.wav

# Pitch against closed forms.
"$PYTHON" - <<'EOF'
import numpy as np
from scipy.io import wavfile
rate = 24000
t = np.arange(6 * rate) / rate
parts = [0.3 * np.sin(2 * np.pi * f * t[:rate * 2]) for f in (60, 123.4, 220, 333.3, 480)]
parts += [sum(0.1 * np.sin(2 * np.pi * k * f * t[:rate * 2] + k * k) for k in range(1, 11)) for f in (70, 110, 181.7, 415.3)]
wavfile.write('tones.wav', rate, np.concatenate(parts).astype('f4'))
wavfile.write('noise.wav', rate, (0.1 * np.random.default_rng(5).standard_normal(6 * rate)).astype('f4'))
wavfile.write('quiet.wav', rate, np.zeros(6 * rate, 'f4'))
# 100 Hz × 2^(t/6): one octave in 6 s
wavfile.write('glide.wav', rate, (0.3 * np.sin(2 * np.pi * 100 * 6 / np.log(2) * (2 ** (t / 6) - 1))).astype('f4'))
EOF
check '--pitch: tones and harmonic complexes within 0.5 %, all voiced' '
$g --pitch --tr 1/2 -o fine.st tones.wav && "$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys, numpy as np
t, about = runpy.run_path(sys.argv[1])["load"]("fine.st")
p = t["pitch"]
assert p.shape == (36, 3) and p.dtype == "f4" and (p[:, 2] > 0.9).all()
assert about["tensors"]["pitch"]["dims"] == ["time", "value"]
want = np.array([60, 123.4, 220, 333.3, 480, 70, 110, 181.7, 415.3])
got = 2 ** p[:, 0].reshape(9, 4)[:, 1:]
print(abs(got / want[:, None] - 1).max(), p[:, 1].reshape(9, 4)[:, 1:].max())
assert (abs(got / want[:, None] - 1) < 0.005).all() and (p[:, 1].reshape(9, 4)[:, 1:] < 0.01).all()
E'
check '--pitch: noise and silence are not voiced; a glide is followed within 0.5 %' '
for f in noise quiet glide; do $g --pitch --tr 1/2 -o $f.st $f.wav || exit 1; done; "$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys, numpy as np
load = lambda f: runpy.run_path(sys.argv[1])["load"](f)[0]["pitch"]
print(load("noise.st")[:, 2].max())
assert (load("noise.st")[:, 2] < 0.1).all() and not load("quiet.st").any()
p = load("glide.st")
want = 100 * 2 ** ((np.arange(12) * 0.5 + 0.25) / 6)
print(abs(2 ** p[:, 0] / want - 1)[1:].max())
assert (p[:, 2] > 0.9).all() and (abs(2 ** p[:, 0] / want - 1)[1:] < 0.005).all()
E'
check '--pitch: same bytes for -j1 and -j2, and to a pipe; from a pipe the same tensor' '
$g --pitch -j1 -o p1.st a.wav && $g --pitch -j2 -o p2.st a.wav && cmp p1.st p2.st && $g --pitch a.wav | cmp - p1.st && cat a.wav | $g --pitch - >pp.st &&
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
assert load("p1.st")[0]["pitch"].tobytes() == load("pp.st")[0]["pitch"].tobytes()
E'
fails 4 'space|write' '--pitch: a full disk' $g --pitch -o /dev/full a.wav
fails 3 'cut short|decoded' '--pitch: a truncated mp4' $g --pitch cut.mp4
fails 2 'two tensors' '--pitch with --mel' $g --pitch --mel a.wav
fails 2 'codebooks' '--pitch with an option of codes' $g --pitch --codebooks 4 a.wav

check 'a closed pipe ends it by SIGPIPE, silently' '
$g --mel --tr 1/100 a.wav 2>err | head -c 100 >/dev/null; test ! -s err'
check 'a killed run leaves no half file' '
ffmpeg -v error -nostdin -stream_loop 20 -i a.wav -c:a copy -y long.wav
$g --mel -o half.st long.wav & sleep 0.3; kill $! ; wait $!; test ! -e half.st && test -z "$(find . -name ".half*")"'
if [ "$GB_BUILD" = "${GB_BUILD%asan}" ]; then
	check 'memory does not grow with the sound' '
	/usr/bin/env python3 - <<E
import resource, subprocess
def peak(f):
    p = subprocess.run(["$g", "--mel", "-v", "-j1", "-o", "/dev/null", f], stderr=subprocess.PIPE, text=True)
    return int(p.stderr.split(" MB at most")[0].split()[-1])
subprocess.run("ffmpeg -v error -nostdin -y -stream_loop 15 -i a.flac x15.flac", shell=True)
a, b = peak("a.flac"), peak("x15.flac")
print(a, b)
assert b <= a + 24, (a, b)
E'
fi
cp a.mp4 film.mp4
"$PYTHON" "$TOP/tests/encodec_model.py" w.st filters=2 latent=4 codebooks=8 codes=16
check 'the examples of the page' 'GB_ENCODEC=$PWD/w.st; export GB_ENCODEC; sed -n "s/^[.]Dl [$] //p" "$TOP/man/gb-audio-encodec.1" >examples && test -s examples && sh -ex examples'

# What fetches the published weights keeps nothing else: here curl brings the tiny codec.
mkdir stand-in
printf '#!/bin/sh\ncp "%s/data/encodec-tiny.safetensors" "$3"\n' "$TOP" >stand-in/curl
chmod +x stand-in/curl
check 'fetch-encodec refuses a model of another size' "PATH=\$PWD/stand-in:\$PATH '$TOP/data/fetch-encodec' kept 2>err; test \$? = 3 && grep -q 'not the published model' err && test ! -e kept"
done_testing
