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

# ---- choosing frames ----
# holds FILE EXPRESSION: a Python truth about t (tensors), a (attributes by tensor) and n (numbers seen by row)
holds() {
	film_read "$1" >film.read || return 1
	"$PYTHON" - "$1" "$2" "$TOP/tests/tensors.py" <<'EOF'
import runpy, sys
from fractions import Fraction as F
t, meta = runpy.run_path(sys.argv[3])['load'](sys.argv[1])
a = meta['tensors']
n = {}
for line in open('film.read'):
    row, slot, number, pts, held = map(int, line.split())
    n.setdefault(row, []).append(number)
n = [n[r] for r in range(len(t['video']))]
run = a['video']['time']['runs'][0]
assert eval(sys.argv[2]), (n, t['video.held'].tolist(), run)
EOF
}
check 'only complete rows without --partial' "gb-video-frames -o x.st late.mp4 && holds x.st 'len(n) == 3 and sum(n, []) == list(range(113))'"
check '--every 3' "gb-video-frames --every 3 -o x.st late.mp4 && holds x.st 'sum(n, []) == list(range(0, 113, 3))'"
check '--fps: the picture on screen, four a row' "gb-video-frames --fps 8/3 -o x.st ntsc.mp4 &&
	holds x.st 'n == [[int((i * F(3, 2) + F(3 * j, 8)) * F(24000, 1001)) for j in range(4)] for i in range(3)]'"
check '--fps: times are those of the samples' "holds x.st 'a[\"video.pts\"][\"timebase\"] == \"1/8\" and t[\"video.pts\"][1].tolist() == [12, 15, 18, 21]'"
check '--fps 1 of rows of 1/2 s: those between are held' "gb-video-frames --tr 1/2 --fps 1 -o x.st late.mp4 &&
	holds x.st 'n == [[i * 25 // 2] for i in range(10)] and t[\"video.held\"].tolist() == [0, 1] * 5'"
check '--start and --rows cut and say so' "gb-video-frames --start 2.1 --rows 2 --run film -o x.st late.mp4 &&
	holds x.st 'n == [list(range(53, 90)), list(range(90, 128))] and run == dict(name=\"film\", rows=2, start=\"21/10\")'"
check 'rows shorter than a frame hold what is on screen' "gb-video-frames --tr 1/50 -o x.st late.mp4 &&
	holds x.st 'n == [[i // 2] for i in range(260)] and t[\"video.held\"].tolist() == [0, 1] * 130'"
check 'held frames are left out on the way back' "gb-video-frames --invert -o back.mp4 x.st && frames late.mp4 >want && frames back.mp4 >got && cmp want got"
check 'padding repeats the last frame and its time' "gb-video-frames --partial -o x.st late.mp4 &&
	holds x.st '(t[\"video\"][3, 17:] == t[\"video\"][3, 16]).all() and set(t[\"video.pts\"][3, 16:]) == {t[\"video.pts\"][3, 16]}'"
check 'total and kept are told' "holds x.st 'a[\"video\"][\"total\"] == 130 and a[\"video\"][\"kept\"] == 130'"

# ---- turned and mirrored: the film header's matrix by hand ----
check 'all eight ways to turn and mirror' '"$PYTHON" - "$TOP/tests/tensors.py" <<EOF
import runpy, struct, subprocess, sys
import numpy as np
load = runpy.run_path(sys.argv[1])["load"]
film = open("late.mp4", "rb").read()
at = film.index(b"tkhd") + 4 + 40
def frames(name, size):
    subprocess.run(["gb-video-frames", "--rows", "1", "--size", size, "-o", "turn.st", name], check=True)
    return load("turn.st")[0]["video"][0, 7]
for a, b, c, d in ((1,0,0,1), (0,1,-1,0), (-1,0,0,-1), (0,-1,1,0), (-1,0,0,1), (1,0,0,-1), (0,1,1,0), (0,-1,-1,0)):
    matrix = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30]
    open("turn.mp4", "wb").write(film[:at] + struct.pack(">9i", *matrix) + film[at + 36:])
    w, h = (40, 24)
    plain, turned = frames("late.mp4", f"{w}x{h}"), frames("turn.mp4", f"{w}x{h}" if a else f"{h}x{w}")
    y, x = np.mgrid[:h, :w]
    X, Y = a * x + c * y, b * x + d * y
    want = np.zeros_like(turned)
    want[Y - Y.min(), X - X.min()] = plain
    assert np.array_equal(turned, want), (a, b, c, d)
EOF'

# ---- streams, threads, signals ----
check 'the same bytes on repeat and for -j1 -j2 -j3' "gb-video-frames -j1 -o 1.st ntsc.mp4 && for j in 1 2 3; do gb-video-frames -j\$j ntsc.mp4 | cmp - 1.st || exit 1; done"
check 'the same bytes from the plain loops as from those for this processor' 'GB_CPU=generic gb-video-frames ntsc.mp4 | cmp - 1.st'
check 'a pipe in: the same tensors' "cat ntsc.mp4 | gb-video-frames - >pipe.st && film_same pipe.st 1.st video video.count video.pts video.held"
check 'rows stream: nothing is spooled, the reader sets the pace' '
	mkfifo pipe && { gb-video-frames --size 640x360 ntsc.mp4 >pipe & pid=$!; } && exec 3<pipe && head -c 300000 <&3 >/dev/null &&
	kill -0 $pid && ! ls -l /proc/$pid/fd | grep -q spool; good=$?; exec 3<&-; wait $pid; test $good = 0'
check '/dev/full is exit 4' 'gb-video-frames ntsc.mp4 >/dev/full 2>err; test $? = 4 && test "$(wc -l <err)" = 1'
check '/dev/full is exit 4 on the way back' 'gb-video-frames --invert 1.st >/dev/full 2>err; test $? = 4 && test "$(wc -l <err)" = 1'
check 'a closed pipe ends it silently' 'bash -c "gb-video-frames --size 640x360 ntsc.mp4 2>err | head -c 1 >/dev/null; test \${PIPESTATUS[0]} = 141" && ! test -s err'
check 'killed: the old file stays, nothing half is left' '
	mkdir kill && echo old >kill/out.st
	gb-video-frames --size 1600x900 -o kill/out.st ntsc.mp4 & pid=$!
	for i in $(seq 500); do ls -A kill | grep -q "^[.]out" && break; sleep 0.01; done
	kill -TERM $pid; wait $pid; test $? = 143 && test "$(cat kill/out.st)" = old && test "$(ls -A kill)" = out.st'

# ---- what is no film ----
: >empty.mp4
seq 1000 >text.mp4
head -c 20000 ntsc.mp4 >head.mp4
ffmpeg -v error -y -i ntsc.mp4 -c copy -movflags faststart fast.mp4 && head -c 25000 fast.mp4 >cut.mp4
head -c 25000 ntsc.mkv >cut.mkv
head -c 25000 ntsc.avi >cut.avi
ffmpeg -v error -y -i ntsc.mp4 -vn -c copy sound.m4a
ffmpeg -v error -y -i ntsc.mp4 -an -c copy -frames:v 0 none.mov
ffmpeg -v error -y -i ntsc.mp4 -an -c copy -bsf:v h264_mp4toannexb raw.h264
fails 2 'no-such.mp4: No such file' 'a missing file' gb-video-frames -o x.st no-such.mp4
fails 3 'empty.mp4: empty file' 'an empty file' gb-video-frames -o x.st empty.mp4
fails 3 'text.mp4: not a film' 'text' gb-video-frames -o x.st text.mp4
fails 3 'head.mp4: not a film' 'a film without its index' gb-video-frames -o x.st head.mp4
fails 3 'cut.mp4: damaged or cut short at byte' 'a film cut short' gb-video-frames -o x.st cut.mp4
fails 3 'cut.mkv: cut short: 25000 bytes of' 'a Matroska film cut short' gb-video-frames -o x.st cut.mkv
fails 3 'cut.avi: (damaged or )?cut short' 'an AVI film cut short' gb-video-frames -o x.st cut.avi
fails 3 'sound.m4a: no video stream' 'sound alone' gb-video-frames -o x.st sound.m4a
fails 3 'none.mov: no' 'no frames' gb-video-frames -o x.st none.mov
fails 3 'raw.h264: .*no timestamp' 'no timestamps' gb-video-frames -o x.st raw.h264
fails 3 'track 1, it has 1' 'no such track' gb-video-frames --track 1 -o x.st ntsc.mp4
fails 3 'rows in .* --rows wants 9' 'more rows than there are' gb-video-frames --rows 9 -o x.st ntsc.mp4
fails 3 'ends at .* before one row' 'a start after the end' gb-video-frames --start 100 -o x.st ntsc.mp4
fails 2 'nothing is on screen before' 'a start before the film' gb-video-frames --start=-1 -o x.st ntsc.mp4
fails 2 'WIDTHxHEIGHT' 'a size that is none' gb-video-frames --size 160 -o x.st ntsc.mp4
fails 2 'exclude each other' '--fps and --every' gb-video-frames --fps 2 --every 2 -o x.st ntsc.mp4
fails 2 'ends in .mp4, .mov or .nut' '--invert to a container with a coarse clock' gb-video-frames --invert -o x.mkv 1.st
fails 3 'ntsc.mp4' '--invert of a film' gb-video-frames --invert -o x.mp4 ntsc.mp4

# ---- damage ----
"$PYTHON" - <<'EOF'
data = bytearray(open('late.mp4', 'rb').read())
at = data.index(b'mdat') + len(data) // 3
for i in range(64):
    data[at + 7 * i] ^= 0x5a
open('damaged.mp4', 'wb').write(data)
EOF
fails 3 'damaged.mp4: video stream: frame [0-9]+ at [0-9.]+ s cannot be decoded' 'a damaged frame is named' gb-video-frames -o x.st damaged.mp4
check '--keep-going repeats and counts, and its bytes do not depend on -j' '
	for j in 1 2 3; do gb-video-frames --keep-going --partial -j$j -o keep$j.st damaged.mp4 2>err$j || exit 1; cmp keep1.st keep$j.st || exit 1; done
	grep -Eq "[1-9][0-9]* frames could not be decoded" err1 &&
	holds keep1.st "t[\"video.repeated\"].sum() > 0 and t[\"video.count\"].sum() == 130"'
check '--keep-going takes what a cut film has' 'gb-video-frames --keep-going -o x.st cut.mkv 2>err && grep -q "cut short.*went on" err'
done_testing
