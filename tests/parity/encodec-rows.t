#!/bin/sh
# SPDX-License-Identifier: MIT
# EnCodec codes as rows of a film's clock, and back, with the seeded random
# weights and the sound of the golden files.  The network's own numbers:
# tests/unit/encodec.c.
. "$(dirname "$0")/../lib.sh"
golden=$SHARED/golden/encodec
[ -d "$golden" ] || skip_all "no golden files at $golden"
g="gb-audio-encodec --weights $golden/tiny.safetensors --codebooks 8"
sound=$golden/speech_24k.wav # 480000 samples

check 'codes of whole rows, and of all with --partial' "$g -o rows.st $sound && $g --partial -o all.st $sound"
check 'the frames are those of the reference, up to its first near tie' '
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
import numpy as np
load = runpy.run_path(sys.argv[1])["load"]
rows, want = load("all.st")[0], load("'"$golden"'/tiny_out.safetensors")[0]
codes = np.concatenate([c[:, :n] for c, n in zip(rows["codes"], rows["codes.count"])], axis=1)
assert codes.shape[1] == 1500, codes.shape
bad = 0
for f in range(440): # the reference heard 6 s: its last frames were padded
    for n in range(8):
        if want["margin"][n, f] < 1e-4: break
        bad += codes[n, f] != want["codes"][n, f]
assert bad == 0, bad
E'
check '225/2 frames a row of 3/2 s: 113, 112, 113 …; padding is -1, all frames are there' '
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
rows, all = load("rows.st")[0], load("all.st")[0]
assert list(rows["codes.count"]) == [113, 112] * 6 + [113], rows["codes.count"]
assert rows["codes"].shape == (13, 8, 113) and (rows["codes"][1, :, 112] == -1).all() and (rows["codes"][0] >= 0).all()
assert all["codes.count"].sum() == 1500 and len(all["codes.count"]) == 14
E'
check 'params: of codes alone; --bandwidth 3 says what --codebooks 4 says' '
gb-inspect --json rows.st | grep -o "\"params\":{[^}]*}" >params && grep -q "\"codebooks\":8" params && ! grep -E "bands|hop|window|invert|trip|bandwidth" params &&
gb-audio-encodec --weights '"$golden/tiny.safetensors --bandwidth 3 -o b.st $sound && gb-audio-encodec --weights $golden/tiny.safetensors --codebooks 4 -o c.st $sound"' && cmp b.st c.st'
check '--invert: exactly the samples of the rows, or all of them' "
gb-audio-encodec --weights $golden/tiny.safetensors --invert -o rows.wav rows.st &&
gb-audio-encodec --weights $golden/tiny.safetensors --invert -o all.wav all.st &&
test \"\$(ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 rows.wav)\" = 468000 &&
test \"\$(ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 all.wav)\" = 480000"
check 'the same bytes for -j1, -j2, -j3 and with threads asked of the BLAS outside' "
for j in 1 2 3; do OPENBLAS_NUM_THREADS=2 $g -j\$j -o j\$j.st $sound || exit 1; cmp j\$j.st rows.st || exit 1; done"
for n in 1 319 320 321 24000; do
	check "$n samples: $(((n + 319) / 320)) frames, $n samples back" "
	ffmpeg -v error -y -i $sound -af atrim=end_sample=$n n.wav && $g --partial -o n.st n.wav &&
	gb-audio-encodec --weights $golden/tiny.safetensors --invert -o back.wav n.st &&
	test \"\$(ffprobe -v error -show_entries stream=duration_ts -of csv=p=0 back.wav)\" = $n &&
	gb-inspect --json n.st | grep -q '\"total\":$(((n + 319) / 320))'"
done
check '48 kHz: the sound of the reference, by --round-trip' '
"$PYTHON" - "$TOP/tests/tensors.py" '"$golden"'/tiny48_out.safetensors <<E
import runpy, sys
from scipy.io import wavfile
wavfile.write("stereo.wav", 48000, runpy.run_path(sys.argv[1])["load"](sys.argv[2])[0]["input"].T.copy())
E
gb-audio-encodec --weights '"$golden"'/tiny48.safetensors --codebooks 4 --round-trip -o back48.wav stereo.wav && "$PYTHON" - "$TOP/tests/tensors.py" '"$golden"'/tiny48_out.safetensors <<E
import runpy, sys
from scipy.io import wavfile
want, (rate, got) = runpy.run_path(sys.argv[1])["load"](sys.argv[2])[0]["audio"].T, wavfile.read("back48.wav")
assert rate == 48000 and got.shape == want.shape, (rate, got.shape, want.shape)
off = abs(got - want).max() / abs(want).max()
print(off)
assert off < 1e-4
E'
fails 2 '32 codebooks wanted.*has 1 to 8' 'more codebooks than the file has' gb-audio-encodec --weights "$golden/tiny.safetensors" --bandwidth 24 "$sound"
head -c 2000000 "$golden/tiny.safetensors" >cut.safetensors
fails 3 'cut.safetensors' 'truncated weights' gb-audio-encodec --weights cut.safetensors "$sound"
fails 3 '48 kHz' 'weights of the stereo model' gb-audio-encodec --weights "$golden/tiny48.safetensors" "$sound"
sed 's/encoder.layers.6.conv.bias/encoder.layers.6.conv.bios/' "$golden/tiny.safetensors" >renamed.safetensors
fails 3 'encoder.layers.6.conv.bias' 'a missing tensor is named' gb-audio-encodec --weights renamed.safetensors "$sound"
done_testing
