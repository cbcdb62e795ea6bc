#!/bin/sh
# SPDX-License-Identifier: MIT
# Area scaling and colour against a float oracle, and against ffmpeg's scaler
# with accurate rounding and full chroma.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/media.sh"

# clip NAME SIZE OPTION…: 6 frames of busy, saturated pictures
clip() {
	clip_name=$1 clip_size=$2
	shift 2
	ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=s=$clip_size:r=24:d=0.25,noise=alls=20:allf=t" "$@" "$clip_name"
}
x264='-c:v libx264 -preset ultrafast -qp 12'

# like NAME FILM KR,KB RANGE [OPTION…]: the tool's frames are the oracle's
like() {
	like_name=$1 like_film=$2 like_matrix=$3 like_range=$4
	shift 4
	gb-video-frames --partial -q -o clip.st "$@" "$like_film" &&
		"$PYTHON" "$TOP/tests/parity/video_oracle.py" clip.st "$like_film" "$like_matrix" "$like_range" $PEER >like.out 2>&1
	ok $? "$like_name: $(tail -1 like.out)"
}
bt601=0.299,0.114 bt709=0.2126,0.0722 bt2020=0.2627,0.0593

# shellcheck disable=SC2086
{
	clip sd.mp4 640x480 $x264 -pix_fmt yuv420p
	like 'untagged, 480 lines: BT.601' sd.mp4 $bt601 limited
	clip hd.mp4 1280x720 $x264 -pix_fmt yuv420p
	like 'untagged, 720 lines: BT.709' hd.mp4 $bt709 limited
	like 'untagged, --matrix bt601' hd.mp4 $bt601 limited --matrix bt601
	clip sd709.mp4 640x480 $x264 -pix_fmt yuv420p -vf scale=in_color_matrix=bt601:out_color_matrix=bt709 -colorspace bt709
	like 'tagged BT.709, 480 lines' sd709.mp4 $bt709 limited
	clip hd601.mp4 1280x720 $x264 -pix_fmt yuv420p -colorspace smpte170m
	like 'tagged BT.601, 720 lines' hd601.mp4 $bt601 limited
	clip full.mp4 640x360 $x264 -pix_fmt yuvj420p
	like 'tagged full range' full.mp4 $bt601 full
	like 'full range, --range limited' full.mp4 $bt601 limited --range limited
	clip odd.mkv 427x241 -c:v ffv1 -pix_fmt yuv420p
	PEER=--no-peer like 'odd sides' odd.mkv $bt601 limited
	clip s422.mkv 400x300 -c:v ffv1 -pix_fmt yuv422p
	like '4:2:2' s422.mkv $bt601 limited --size 161x91
	clip s444.mkv 400x300 -c:v ffv1 -pix_fmt yuv444p
	PEER=--no-peer like '4:4:4, larger than the film' s444.mkv $bt601 limited --size 500x400
	clip ten.mkv 640x360 -c:v ffv1 -pix_fmt yuv420p10le -colorspace bt2020nc
	like '10 bits, BT.2020' ten.mkv $bt2020 limited
}
# shellcheck disable=SC2086
{
	clip small.mkv 320x180 -c:v ffv1 -pix_fmt yuv420p
	PEER='--no-peer --filter=bicubic' like 'bicubic' small.mkv $bt601 limited --filter bicubic --size 97x53
	PEER='--no-peer --filter=bicubic' like 'bicubic, larger' small.mkv $bt601 limited --filter bicubic --size 400x211
	PEER='--no-peer --filter=bilinear' like 'bilinear' small.mkv $bt601 limited --filter bilinear
	PEER='--no-peer --window=70,0,180,180' like 'crop to a square' small.mkv $bt601 limited --fit crop --size 90x90
	PEER='--no-peer --place=0,19,90,51' like 'pad to a square' small.mkv $bt601 limited --fit pad --size 90x90
	clip wide.mkv 320x180 -c:v ffv1 -pix_fmt yuv420p -aspect 64:27
	PEER='--no-peer --place=0,11,160,68' like 'pad, wide samples' wide.mkv $bt601 limited --fit pad
	PEER='--no-peer --window=40,0,240,180' like 'crop, wide samples' wide.mkv $bt601 limited --fit crop
	PEER=--no-peer like 'stretch heeds no aspect' wide.mkv $bt601 limited
}
done_testing
