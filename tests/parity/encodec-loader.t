#!/bin/sh
# SPDX-License-Identifier: MIT
# EnCodec weights of other sizes and spellings against the definition in
# double; and what is wrong in a file is named.
. "$(dirname "$0")/../lib.sh"
model="$PYTHON $TOP/tests/encodec_model.py"
"$PYTHON" - <<'EOF'
import numpy as np
from scipy.io import wavfile
x = np.random.default_rng(3).standard_normal(4801) * np.linspace(.05, .5, 4801)
wavfile.write('a.wav', 24000, x.astype(np.float32))
EOF

# agrees NAME FRAMES_PER_SECOND MODEL…: codes up to the first near tie of a frame, and the sound of our codes.
agrees() {
	name=$1
	shift
	check "$name" "$model m.st $* && gb-audio-encodec --weights m.st --codebooks 3 --tr 1/100 --partial -o c.st a.wav &&
	gb-audio-encodec --weights m.st --invert -o b.wav c.st && \"\$PYTHON\" - \"$TOP\" <<E
import runpy, sys
import numpy as np
from scipy.io import wavfile
load, oracle = runpy.run_path(sys.argv[1] + '/tests/tensors.py')['load'], runpy.run_path(sys.argv[1] + '/tests/parity/encodec_oracle.py')
t, rows, x = load('m.st')[0], load('c.st')[0], wavfile.read('a.wav')[1]
codes = np.concatenate([c[:, :n] for c, n in zip(rows['codes'], rows['codes.count'])], axis=1)
want, margin = oracle['code_of'](t, x)
sure = np.logical_and.accumulate(margin > 1e-4)
assert codes.shape == want.shape and sure.mean() > .9, (codes.shape, want.shape, sure.mean())
assert (codes == want)[sure].all(), (codes != want)[sure].sum()
got, sound = wavfile.read('b.wav')[1], oracle['sound_of'](t, codes)[:len(x)]
assert len(got) == len(x)
off = abs(got - sound).max() / abs(sound).max()
print(codes.shape, sure.mean(), off, len(np.unique(codes)))
assert off < 1e-4
E"
}
small='latent=6 codebooks=3 codes=40'
agrees 'weight_g and weight_v, F32, ratios 3 and 2' $small filters=6 ratios=3,2
agrees 'parametrizations, F16, ratios 2, 4, 5, 8, one LSTM layer' $small filters=2 ratios=2,4,5,8 spelling=parametrizations dtype=F16 lstm=1
agrees 'plain weights, BF16, ratios 1 and 7, three LSTM layers' $small filters=5 ratios=1,7 spelling=plain dtype=BF16 lstm=3
agrees 'one stage of 32, odd widths' latent=19 codebooks=3 codes=33 filters=17 ratios=32
agrees 'wide enough for whole panels' latent=48 codebooks=3 codes=64 filters=24 ratios=4,4 seed=5

check 'the same model in three spellings: the same codes' '
for s in g parametrizations plain; do
	'"$model"' $s.st '"$small"' filters=4 ratios=2,5 spelling=$s && gb-audio-encodec --weights $s.st --codebooks 3 --tr 1/100 -o c.$s.st a.wav || exit 1
done
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
a, b, c = (runpy.run_path(sys.argv[1])["load"]("c.%s.st" % s)[0]["codes"] for s in ("g", "parametrizations", "plain"))
assert (a == b).all() and (a == c).mean() > .999, ((a == b).mean(), (a == c).mean())
E'

check 'every tensor that is missing, of another shape or type, or not finite is named: exit 3, one line' '
'"$model"' ok.st latent=2 codebooks=2 codes=3 filters=1 ratios=2 lstm=1 && "$PYTHON" - "$TOP" <<E
import runpy, subprocess, sys
import numpy as np
tensors = runpy.run_path(sys.argv[1] + "/tests/tensors.py")
good = tensors["load"]("ok.st")[0]
bad = 0
def refused(what, name, t, also=()):
    global bad
    tensors["save"]("bad.st", **t)
    p = subprocess.run(["gb-audio-encodec", "--weights", "bad.st", "--codebooks", "1", "--tr", "1/100", "-o", "x.st", "a.wav"], stderr=subprocess.PIPE, text=True)
    if p.returncode != 3 or p.stderr.count("\n") != 1 or not any(n in p.stderr for n in (name,) + also):
        bad += 1
        print(what, name, p.returncode, p.stderr)
for name in good:
    less = {k: v for k, v in good.items() if k != name}
    part = name.rsplit(".conv.", 1)[0] + ".conv.weight"
    if name != "quantizer.layers.1.codebook.embed":  # one codebook less is a model too
        refused("missing", name, less, (part, "encoder.layers.13.lstm.weight_ih_l0"))
    refused("wider", name, dict(less, **{name: np.concatenate([good[name]] * 2)}), (part,) + tuple(k for k in good))
    refused("one axis more", name, dict(less, **{name: good[name][None]}))
    refused("whole numbers", name, dict(less, **{name: good[name].astype(np.int32)}))
    broken = good[name].copy()
    broken.flat[-1] = np.nan
    refused("NaN", name, dict(less, **{name: broken}))
print(len(good), "tensors")
sys.exit(bad > 0)
E'
check 'cut anywhere: exit 3, one line' '
size=$(stat -c %s ok.st)
for at in 0 7 8 100 $((size / 2)) $((size - 1)); do
	head -c $at ok.st >cut.st; gb-audio-encodec --weights cut.st --codebooks 1 -o x.st a.wav 2>err
	[ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && grep -q cut.st err || { cat err; exit 1; }
done'
fails 3 'encoder.layers.3.conv: kernel 132' 'a kernel beyond all ratios' sh -c "$model k.st $small filters=2 ratios=66; gb-audio-encodec --weights k.st a.wav"
fails 4 'none.st' 'weights that are not there' gb-audio-encodec --weights none.st a.wav
done_testing
