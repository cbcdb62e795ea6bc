#!/bin/sh
# SPDX-License-Identifier: MIT
# Where sound lies on the film's clock: clicks once a second in films of several rates and
# containers, with a non-zero start and a late or early track, each in its exact row.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/media.sh"
FILM_SIZE=64x48

# clicks FILE LATE WITHIN [MISSING…]: the loudest moments are at LATE + 0, 1, 2 … s of movie time, WITHIN (s) of
# it, and in the rows (of 1/2 s and 7/10 s) that those times are in; counts sum to the total.
clicks() {
	for tr in 1/2 7/10; do
		gb-audio-encodec --mel --partial --tr $tr --hop 1/200 --window 1/200 --bands 8 -o clicks.st "$1" || return 1
		"$PYTHON" - "$TOP/tests/tensors.py" "$@" <<'EOF' || return 1
import runpy, sys
del sys.argv[2]
from fractions import Fraction as F
import numpy as np
t, about = runpy.run_path(sys.argv[1])['load']('clicks.st')
late, within = F(sys.argv[2]), float(sys.argv[3])
m, c, a = t['mel'], t['mel.count'], about['tensors']['mel']
assert c.sum() == a['kept'] == a['total'], (c.sum(), a)
step, first, hop = F(a['time']['step']), F(a['first']), F(1, 200)
assert 0 <= first < F(1, a['source_rate']), first
loud = np.concatenate([m[r, :, :c[r]].mean(0) for r in range(len(c))])
row = np.repeat(np.arange(len(c)), c)
missing = [int(k) for k in sys.argv[4:]]  # clicks that the track does not hold
times = [late + k for k in range(-1, 5) if 0 <= late + k < min(4, 4 + late) and k not in missing]
assert len(times) >= 3
for when in times:
    lo, hi = max(0, int((when - first) / hop) - 60), int((when - first) / hop) + 60
    j = lo + int(loud[lo:hi].argmax())
    at = first + j * hop
    print(float(when), float(at), row[j], int(when / step))
    # The frame that the click begins in, or its neighbour as far as the container's rounding goes.
    assert at - within <= when < at + hop + within, (float(when), float(at))
    if within == 0:
        assert row[j] == int(when / step)
EOF
	done
}

# one NAME SECONDS-WITHIN FILE RATE OPTION…: clicks with this rate, container and codec.
one() {
	one_name=$1 one_within=$2 one_file=$3 one_rate=$4
	shift 4
	rm -f "$one_file"
	if [ "$one_rate" = vfr ]; then film_vfr "$one_file" 120 "$@"; else film "$one_file" 100 "$one_rate" "$@"; fi 2>film.err
	check "$one_name" "test -s $one_file && clicks $one_file $FILM_LATE $one_within"
}

x264='-c:v libx264 -preset ultrafast -bf 2 -g 12'
for rate in 24000/1001 25 vfr; do
	FILM_LATE=0.5 FILM_START=0
	# shellcheck disable=SC2086
	one "$rate, mp4, lossless, late by 0.5 s" 0 a.mp4 $rate $x264 -c:a alac
	FILM_LATE=0.5 FILM_START=10.01
	# shellcheck disable=SC2086
	one "$rate, mov, PCM, starts at 10.01 s, late by 0.5 s" 0 a.mov $rate $x264 -c:a pcm_s16le
	# shellcheck disable=SC2086
	one "$rate, nut, PCM, starts at 10.01 s, late by 0.5 s" 0 a.nut $rate $x264 -c:a pcm_s16le
	# shellcheck disable=SC2086
	one "$rate, mkv, PCM, starts at 10.01 s, late by 0.5 s: within 1 ms" 0.001 a.mkv $rate $x264 -c:a pcm_s16le
done
FILM_LATE=0.5 FILM_START=0
# An AAC click is not sharp: its peak within a frame of 5 ms.
# shellcheck disable=SC2086
one '25, mp4, AAC with marked priming, late by 0.5 s' 0.005 b.mp4 25 $x264 -c:a aac -b:a 256k
FILM_LATE=0
one '25, avi, PCM' 0 a.avi 25 -c:v mpeg4 -c:a pcm_s16le
# AVI cannot say that a track begins late: there is no test of that.
FILM_LATE=-0.25 FILM_START=5
# shellcheck disable=SC2086
one '25, mov, PCM, early by 0.25 s: cut' 0 e.mov 25 $x264 -c:a pcm_s16le
one '25, nut, PCM, early by 0.25 s: cut' 0 e.nut 25 -c:v mpeg4 -c:a pcm_s16le

FILM_LATE=0.5 FILM_START=10.01
# shellcheck disable=SC2086
film r.mov 60 25 $x264 -c:a pcm_s16le
ffmpeg -v error -nostdin -i r.mov -c copy r.nut
check 'a clip remuxed from mov to nut gives the same rows' '
for f in mov nut; do gb-audio-encodec --mel --partial --tr 1/2 -o r.$f.st r.$f || exit 1; done
"$PYTHON" - "$TOP/tests/tensors.py" <<E
import runpy, sys
load = runpy.run_path(sys.argv[1])["load"]
a, b = load("r.mov.st")[0], load("r.nut.st")[0]
assert (a["mel"] == b["mel"]).all() and (a["mel.count"] == b["mel.count"]).all()
E'
check 'a gap of 1 s in the track is silence: what follows stays in its place' '
ffmpeg -v error -nostdin -y -f lavfi -i "aevalsrc=if(lt(mod(t\,1)\,0.002)\,0.9*sin(2*PI*2000*mod(t\,1))\,0):s=44100:d=5" \
  -af "aselect=not(between(t\,1.5\,2.499))" -c:a pcm_s16le gap.nut
clicks gap.nut 0 0 2 && gb-audio-encodec -v --mel -o gap.st gap.nut 2>&1 | grep "; 1 jumps"'
done_testing
