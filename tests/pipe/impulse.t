#!/bin/sh
# SPDX-License-Identifier: MIT
# Time, end to end: one word, one burst of sound and one flash at 30 s of a film go
# through align, convolve and pack beside BOLD that answers to them.  Each must peak
# 4.5 to 6.5 s after the row it is in, be nowhere before that row, and rise and fall
# with the BOLD, for rows of 0.5, 1.5 and 2 s and for BOLD stored from 0 and from 9/2 s.
. "$(dirname "$0")/../lib.sh"
command -v ffmpeg >/dev/null || skip_all 'no ffmpeg program'

ffmpeg -v error -nostdin -y -f lavfi -i "color=black:s=64x36:r=25:d=80" \
	-f lavfi -t 80 -i "aevalsrc='if(between(t,30.1,30.4),0.5*sin(2*PI*1000*t),0)':s=24000" \
	-vf "drawbox=w=64:h=36:color=white:t=fill:enable='between(t,30.1,30.4)'" -c:v mpeg4 -q:v 2 -c:a pcm_s16le film.nut || exit 1
printf 'onset\tduration\tword\n30.1\t0.3\thello\n79\t0.5\tbye\n' >words.tsv

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
step, start, what = float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
if what == 'light':   # mean brightness of each row's frames
    t, _ = load('video.safetensors')
    v, n = t['video'].astype('f8'), t['video.count']
    save('light-rows.safetensors', light=np.array([v[i, :n[i]].mean() for i in range(len(n))], 'f4'))
else:                 # the kernel at the middle of each volume, 30.25 s being time 0; nobody's taps
    import nibabel
    from scipy.stats import gamma
    t = start + step * (np.arange(int((79 - start) / step)) + 0.5) - 30.25
    h = gamma.pdf(t, 6 / 0.9, scale=0.9) - 0.48 * gamma.pdf(t, 12 / 0.9, scale=0.9)
    image = nibabel.Nifti1Image(np.tile(1000 + 100 * h, (2, 2, 1, 1)).astype('f4'), np.diag([3, 3, 3, 1]))
    image.header.set_zooms((3, 3, 3, step))
    image.header.set_xyzt_units('mm', 'sec')
    image.to_filename('bold.nii')
E2

cat >check.py <<'E2'
import sys
from fractions import Fraction
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
index, about = load('SET/index.safetensors')
clock = about['tensors']['use']['time']
step, start = Fraction(clock['step']), Fraction(clock['runs'][0]['start'])
rows = clock['runs'][0]['rows']
assert start == Fraction(sys.argv[2]), (start, 'start of the common clock')
time = np.array([start + step * r for r in range(rows)])
impulse = max(i for i in range(rows) if time[i] <= Fraction(301, 10))      # the row of 30.1 s
assert time[impulse] + step >= Fraction(304, 10)
found = {f['tensor']: f['runs'][0] for f in json.loads(bytes(index['features']))}
def column(name):
    at = found[name]
    data = load('SET/' + at['file'])[0][name][at['first']:at['first'] + rows].astype('f8').reshape(rows, -1)
    data = data - data[0]
    after = data[impulse:int(impulse + 16 / step)]
    x = data[:, np.abs(after).max(0).argmax()]                             # the element that answers most
    return x * np.sign(x[np.abs(x).argmax()])
bold = column('bold')
for name in sys.argv[3:]:
    x = column(name)
    top = np.abs(x).max()
    peak = np.abs(x).argmax()
    late = float(time[peak] - time[impulse])
    before = np.abs(x[:impulse]).max() / top
    far = int(8 / step)
    r = {lag: np.corrcoef(x[far:rows - far], bold[far + lag:rows - far + lag])[0, 1] for lag in range(-far, far + 1)}
    best = max(r, key=r.get)
    print(f'{name}: rows of {step} s from {start} s: peak {late} s after its row, {before:.1e} of it before; '
          f'r with BOLD {r[0]:.4f}, best at lag {best}')
    assert 4.5 <= late <= 6.5 and before < 1e-6 and best == 0 and r[0] > 0.93, name
E2

# chain STEP BOLD-START STIMULUS-START FEATURE…: everything from media to a set
chain() {
	chain_step=$1 chain_bold=$2 chain_start=$3
	shift 3
	set -e
	rm -rf SET ./*.safetensors
	$PYTHON make.py "$TOP" "$chain_step" "$chain_bold" bold
	gb-fmri-hrf bold --start "$chain_bold" -o bold.safetensors bold.nii
	gb-audio-encodec --mel --bands 32 --tr "$chain_step" --start "$chain_start" film.nut | gb-fmri-hrf convolve -o mel.safetensors
	gb-video-frames --size 16x9 --tr "$chain_step" --start "$chain_start" -o video.safetensors film.nut
	$PYTHON make.py "$TOP" "$chain_step" 0 light
	gb-fmri-hrf convolve --tr "$chain_step" --start "$chain_start" -o light.safetensors light-rows.safetensors
	case $* in *text*) gb-text-align --gap zero --tr "$chain_step" --start "$chain_start" words.tsv | gb-fmri-hrf convolve --history zero -o text.safetensors ;; esac
	inputs=
	for name in "$@"; do inputs="$inputs $name.safetensors"; done
	# shellcheck disable=SC2086
	gb-cache pack -q -o SET --split 1:0 $inputs --subject s=bold.safetensors
	[ "$chain_bold" = 0 ] && chain_from=$chain_start || chain_from=$chain_bold
	$PYTHON check.py "$TOP" "$chain_from" "$@" >>said
}
for step in 0.5 1.5 2; do
	check "rows of $step s, plain" "chain $step 0 0 text mel light"
done
for step in 0.5 1.5; do
	check "rows of $step s, BOLD stored from 9/2 s" "chain $step 4.5 0 text mel light"
done
check 'rows of 2 s, BOLD from 9/2 s: all cut to begin on its rows' 'chain 2 4.5 0.5 text mel light'
sed 's/^/# /' said
check 'all were looked at' 'test $(wc -l <said) = 18'

# A wrong clock must be seen: BOLD that says it starts at 0 when it starts at 9/2 s.
late() { chain 0.5 4.5 0 mel && gb-fmri-hrf bold --start 0 -o bold.safetensors bold.nii && rm -rf SET &&
	gb-cache pack -q -o SET --split 1:0 mel.safetensors --subject s=bold.safetensors && ! $PYTHON check.py "$TOP" 0 mel; }
check 'a start that is wrong does not pass this test' late
gb-text-align --gap zero --tr 2 -o text.safetensors words.tsv
$PYTHON make.py "$TOP" 2 4.5 bold
gb-fmri-hrf bold --start 4.5 -o bold.safetensors bold.nii
fails 3 'not a whole number of rows of 2/1 s' 'words at 0, 2, 4 s and volumes at 4.5, 6.5 s are refused' \
	gb-cache pack -o SET text.safetensors --subject s=bold.safetensors
done_testing
