#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-video-frames: times and rows, the way back, streams, refusals.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/media.sh"

x264='-c:v libx264 -bf 3 -g 30 -preset veryfast -pix_fmt yuv420p'
ntsc='k*F(1001,24000)'
pal='k*F(1,25)'
vfr='F(3003*k+400*(k%7),90000)'

# shellcheck disable=SC2086
{
	film ntsc.mp4 130 24000/1001 $x264 -c:a aac
	FILM_START=5 FILM_LATE=0.4 film late.mp4 130 25 $x264 -c:a aac
	film_vfr vfr.mp4 130 $x264 -c:a aac
}

# ---- every frame in its exact row, whatever the container ----
for name in ntsc late vfr; do
	case $name in ntsc) times=$ntsc ;; late) times=$pal ;; *) times=$vfr ;; esac
	for kind in mp4 mov nut mkv avi; do
		tolerance=0
		case $name/$kind in
		*/mkv) tolerance=1/1000 ;;
		vfr/avi) skip "variable rate in avi" "avi has a constant rate"; continue ;;
		esac
		keep=-copyts
		[ $kind != avi ] || keep= # begins at 0, always
		# shellcheck disable=SC2086
		[ $kind = mp4 ] || ffmpeg -v error -y -i $name.mp4 -c copy $keep $name.$kind
		COUNT=130 TOLERANCE=$tolerance check "$name.$kind: each frame in its row, none lost" \
			"gb-video-frames --partial -o $name.$kind.st $name.$kind && film_expect $name.$kind.st '$times'"
	done
	check "$name: the same pictures, counts and rows from mp4, mov and nut" '
		for k in mov nut; do film_same $name.mp4.st $name.$k.st video video.count video.held || exit 1; done'
done

# ---- and back ----
# frames FILE: pts of each frame in seconds, as the ffmpeg program sees them
frames() {
	ffprobe -v error -select_streams v -show_entries frame=pts -show_entries stream=time_base -of csv "$1" |
		"$PYTHON" -c '
import sys
from fractions import Fraction as F
lines = [l.strip().split(",") for l in sys.stdin]
base = [F(l[1]) for l in lines if l[0] == "stream"][0]
print(*[F(l[1]) * base for l in lines if l[0] == "frame"], sep="\n")'
}
for name in ntsc.mp4 late.mov vfr.nut; do
	for kind in mp4 nut; do
		check "$name to .$kind and back: number, order and time of every frame" "
			gb-video-frames --invert -o back.$kind $name.st && frames $name >want && frames back.$kind >got &&
			test \$(wc -l <want) = 130 && cmp want got"
		check "$name to .$kind and back: pixels, at least 35 dB in each frame" "
			gb-video-frames --partial -o back.st back.$kind && film_close $name.st back.st 35 &&
			film_same $name.st back.st video.count video.held"
	done
done
done_testing
