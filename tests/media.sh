# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# media.sh: films made for tests, with ffmpeg.  Sourced after lib.sh.
#
# Each frame carries its number as 16 vertical bars (the top half, lowest bit
# on the left, white is 1), which survives scaling and compression; the bottom
# half is a coloured gradient that moves.  The sound clicks once a second.
#
#   film out.mp4 120 24000/1001 -c:v libx264 -bf 3 -c:a aac
#   film_vfr out.nut 120 -c:v mpeg4 -c:a pcm_s16le

command -v ffmpeg >/dev/null || skip_all 'no ffmpeg program'

FILM_SIZE=${FILM_SIZE:-320x180}
FILM_LATE=${FILM_LATE:-0}   # seconds by which the sound starts late
FILM_START=${FILM_START:-0} # container time at which the film starts

# film_frames COUNT: raw yuv444p frames of FILM_SIZE.
film_frames() {
	"$PYTHON" - "$1" "$FILM_SIZE" <<'EOF'
import sys
import numpy as np
count, (w, h) = int(sys.argv[1]), map(int, sys.argv[2].split('x'))
x, y = np.arange(w), np.arange(h)[:, None]
bar = x * 16 // w
out = sys.stdout.buffer
for k in range(count):
    f = np.empty((3, h, w), np.uint8)
    f[0] = 60 + 120 * ((x + 2 * k) % w) // w + 40 * y // h
    f[1] = 90 + 70 * y // h
    f[2] = 160 - 60 * ((x + k) % w) // w
    top = h // 2
    f[0, :top] = np.where(k >> bar & 1, 235, 16)
    f[1:, :top] = 128
    out.write(f.tobytes())
EOF
}

film_clicks="aevalsrc='if(lt(mod(t,1),0.002),0.9*sin(2*PI*2000*mod(t,1)),0)':s=44100:c=stereo"

# film OUT FRAMES RATE [OPTION…]: constant rate; options are the encoder's.
film() {
	film_out=$1 film_count=$2 film_rate=$3
	shift 3
	film_seconds=$(echo "$film_count $film_rate" | awk '{ split($2, r, "/"); print $1 * (r[2] ? r[2] : 1) / r[1] }')
	film_frames "$film_count" | ffmpeg -v error -nostdin -y -f rawvideo -pix_fmt yuv444p -s "$FILM_SIZE" \
		-r "$film_rate" -i pipe:0 -itsoffset "$FILM_LATE" -f lavfi -t "$film_seconds" -i "$film_clicks" -map 0:v -map 1:a \
		-pix_fmt yuv420p -output_ts_offset "$FILM_START" "$@" "$film_out"
}

# film_vfr OUT FRAMES [OPTION…]: frame k starts at (3003·k + 400·(k mod 7))/90000 s.
film_vfr() {
	film_out=$1 film_count=$2
	shift 2
	film_seconds=$(echo "$film_count" | awk '{ print $1 * 3003 / 90000 }')
	film_frames "$film_count" | ffmpeg -v error -nostdin -y -f rawvideo -pix_fmt yuv444p -s "$FILM_SIZE" \
		-r 30 -i pipe:0 -itsoffset "$FILM_LATE" -f lavfi -t "$film_seconds" -i "$film_clicks" -map 0:v -map 1:a \
		-vf 'settb=1/90000,setpts=3003*N+400*mod(N\,7)' -fps_mode passthrough -enc_time_base 1/90000 \
		-video_track_timescale 90000 -pix_fmt yuv420p -output_ts_offset "$FILM_START" "$@" "$film_out"
}

# film_read FILE: what a tensor file holds, as lines "row slot number pts held" of its true frames.
film_read() {
	"$PYTHON" - "$1" "$TOP/tests/tensors.py" <<'EOF'
import runpy, sys
load = runpy.run_path(sys.argv[2])['load']
t, _ = load(sys.argv[1])
v, n, p, held = t['video'], t['video.count'], t['video.pts'], t['video.held']
w = v.shape[3]
for row in range(v.shape[0]):
    for slot in range(n[row]):
        top = v[row, slot, 4:v.shape[2] // 2 - 4].mean((0, 2))
        bars = [top[int((b + .3) * w / 16):int((b + .7) * w / 16)].mean() > 127 for b in range(16)]
        print(row, slot, sum(1 << b for b in range(16) if bars[b]), p[row, slot], held[row])
EOF
}

# film_expect FILE TIMES [TR]: each true frame of FILE carries its number, in
# order, in the row of its own start; TIMES is the start of frame k as a Python
# expression of k and Fraction F; COUNT: how many there must be.
# TOLERANCE (seconds) allows for a container that rounds.
film_expect() {
	film_read "$1" >film.read || return 1
	"$PYTHON" - "$1" "$2" "${3:-3/2}" "${COUNT:-0}" "${TOLERANCE:-0}" "$TOP/tests/tensors.py" <<'EOF'
import runpy, sys
from fractions import Fraction as F
path, times, tr, count, tolerance = sys.argv[1], sys.argv[2], F(sys.argv[3]), int(sys.argv[4]), F(sys.argv[5])
t, meta = runpy.run_path(sys.argv[6])['load'](path)
base = F(meta['tensors']['video.pts']['timebase'])
seen = 0
for line in open('film.read'):
    row, slot, number, pts, held = map(int, line.split())
    if held:
        continue
    start = eval(times, {'k': number, 'F': F})
    assert number == seen, f'frame {seen}: number {number}'
    assert abs(pts * base - start) <= tolerance, f'frame {number}: {pts * base}, want {start}'
    rows = {(start + d) // tr for d in (0, -tolerance, tolerance)}
    assert row in rows, f'frame {number}: row {row}, want {rows}'
    seen += 1
assert not count or seen == count, f'{seen} frames, want {count}'
EOF
}

# film_same A B NAME…: the named tensors of two files are equal.
film_same() {
	"$PYTHON" - "$TOP/tests/tensors.py" "$@" <<'EOF'
import runpy, sys
import numpy as np
load = runpy.run_path(sys.argv[1])['load']
a, b = load(sys.argv[2])[0], load(sys.argv[3])[0]
for name in sys.argv[4:]:
    assert a[name].shape == b[name].shape, f'{name}: {a[name].shape} {b[name].shape}'
    assert np.array_equal(a[name], b[name]), f'{name} differs'
EOF
}

# film_close A B DECIBEL: frame by frame, the pictures of two files agree that well.
film_close() {
	"$PYTHON" - "$TOP/tests/tensors.py" "$@" <<'EOF'
import runpy, sys
import numpy as np
load = runpy.run_path(sys.argv[1])['load']
a, b = (load(f)[0]['video'].astype(float) for f in sys.argv[2:4])
assert a.shape == b.shape, f'{a.shape} {b.shape}'
psnr = 10 * np.log10(255 ** 2 / np.maximum(((a - b) ** 2).mean((2, 3, 4)), 1e-9))
assert psnr.min() >= float(sys.argv[4]), f'{psnr.min()} dB'
print(f'{psnr.min():.1f} dB')
EOF
}
