#!/bin/sh
# SPDX-License-Identifier: MIT
# What every tool says of input, disks and pipes that are no good: one line, the exit
# code of what is wrong, nothing left behind.
# Where it may, it runs with mounts of its own, which end with it however it ends.
if [ -z "${GB_OWN_MOUNTS-}" ] && unshare -m true 2>/dev/null; then GB_OWN_MOUNTS=1 exec unshare -m sh "$0"; fi
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/commands.sh"
command -v ffmpeg >/dev/null || skip_all 'no ffmpeg program'
GB_CACHE=$work/store
export GB_CACHE
inputs || exit 1

# ---- files that are missing, empty, of another kind, or a folder
: >empty
echo 'this is a text, and neither film nor image nor tensor file' >text.txt
mkdir folder
readers='gb-text-align
gb-video-frames
gb-video-frames --invert
gb-audio-encodec --mel
gb-audio-encodec --invert
gb-fmri-hrf bold
gb-fmri-hrf average
gb-fmri-hrf convolve
gb-fmri-hrf nifti
gb-fmri-hrf mask
gb-inspect
gb-inspect --verify
gb-cache pack
gb-cache why
gb-sim --voxels 8
gb-train
gb-recon'
echo "$readers" >readers
while read -r reader; do
	# shellcheck disable=SC2086
	set -- $reader
	if ! have "$1" "${2:-}"; then
		skip "$reader" 'not built yet'
		continue
	fi
	after=
	case $reader in
	gb-recon) after=packed ;;
	esac
	case $reader in gb-recon) code=4 ;; *) code=2 ;; esac # weights and models that lack: 4
	case $reader in
	'gb-cache why' | 'gb-inspect --verify') out= ;;
	'gb-video-frames --invert') out='-o out.mp4' ;;
	*) out="-o out" ;;
	esac
	# shellcheck disable=SC2086
	{
		fails $code 'missing: No such file|missing: no such|missing: not a|missing: no model' "$reader: a missing file" "$@" $out missing $after
		case $reader in
		gb-train) fails 2 'folder|data set' "$reader: a folder that is no data set" "$@" $out folder $after ;;
		gb-recon) fails 4 'folder: ' "$reader: a folder that is no run" "$@" $out folder $after ;;
		'gb-cache why') fails 2 'folder' "$reader: a folder that is no data set" "$@" $out folder ;;
		*)
			fails 2 'folder: .*folder' "$reader: a folder" "$@" $out folder
			fails 3 '^gb-[a-z-]*: empty: .' "$reader: an empty file" "$@" $out empty
			case $reader in gb-text-align) ;; *) fails 3 '^gb-[a-z-]*: text.txt: .' "$reader: a text" "$@" $out text.txt ;; esac
			;;
		esac
	}
	if [ -e out ] || [ -e out.mp4 ]; then ok 1 "$reader: made something of nothing"; rm -rf out out.mp4; fi
done <readers

# ---- content that is not what it should be
fails 3 'silent.nut: .*(sound|audio)' 'a film without sound' gb-audio-encodec --mel -o out silent.nut
ffmpeg -v error -nostdin -y -f lavfi -i 'color=s=64x36:r=25' -frames:v 0 -c:v mpeg4 none.nut 2>/dev/null
fails 3 'none.nut: ' 'a film without frames' gb-video-frames -o out none.nut
fails 3 'sound.wav: .*(video|picture|film)' 'sound as a film' gb-video-frames -o out sound.wav
fails 3 'other-grid.nii.*(grid|dimension|x)' 'a mask of another grid' gb-fmri-hrf bold --mask other-grid.nii -o out brain1.nii
fails 3 'nan.nii.*(nan|finite)' 'NaN in a voxel of the mask' gb-fmri-hrf bold --mask whole.nii -o out nan.nii
fails 3 'mask' 'averages of other voxels' sh -c 'gb-fmri-hrf bold --mask whole.nii -q -o other.safetensors brain1.nii && gb-fmri-hrf average -o out bold1.safetensors other.safetensors'
$PYTHON - <<'E2'
import nibabel, numpy as np
from nibabel import cifti2
axes = cifti2.SeriesAxis(0, 1.5, 4), cifti2.BrainModelAxis.from_mask(np.ones((2, 2, 2)), affine=np.eye(4))
cifti2.Cifti2Image(np.zeros((4, 8), 'f4'), cifti2.Cifti2Header.from_axes(axes)).to_filename('brain.dtseries.nii')
E2
fails 3 'brain.dtseries.nii.*cifti' 'CIFTI' gb-fmri-hrf bold -o out brain.dtseries.nii
printf 'start\tend\ttext\n1\t2\ta\n5\t4\tb\n' >backwards.tsv
fails 3 'backwards.tsv.*(end|before)' 'an annotation that ends before it starts' gb-text-align -o out backwards.tsv
awk 'BEGIN { print "onset\tduration\tword"; for (r = 0; r < 2; r++) for (i = 0; i < 40; i++) print 3 * i "\t2\tw" i }' >two-runs.tsv
fails 2 'run' 'two runs and no --run' gb-text-align -o out two-runs.tsv
head -c 3000 bold1.safetensors >cut.safetensors
for reader in 'gb-inspect' 'gb-fmri-hrf convolve' 'gb-fmri-hrf average' 'gb-cache pack' 'gb-video-frames --invert' 'gb-audio-encodec --invert'; do
	case $reader in *video*) out=out.mp4 ;; *) out=out ;; esac
	# shellcheck disable=SC2086
	fails 3 'cut.safetensors: ' "$reader: a file that was cut" $reader -o $out cut.safetensors
done
check 'none of them left an output' '! ls -d out out.mp4 .out* 2>/dev/null'

# ---- outputs that cannot be written
mkdir small
if mount -t tmpfs -o size=4k tmpfs small 2>/dev/null; then
	cat /dev/zero >small/filler 2>/dev/null
	at_exit 'umount "$work/small"'
	full=yes
fi
each_body='
	out="small/out.$extension"
	set -- $(echo "$command" | sed "s|OUT|$out|")
	if [ -n "$full" ]; then
		fails 4 "." "disk full: $command" "$@"
		check "  nothing is left on it" "test \"\$(ls -A small)\" = filler"
		rm -rf small/out* small/.out* 2>/dev/null
	else skip "disk full: $command" "no tmpfs can be mounted here"; fi
	set -- $(echo "$command" | sed "s|OUT|no/such/folder/out.$extension|")
	fails 4 "no/such/folder" "no such folder: $command" "$@"
'
full=${full:-}
each_command

# ---- standard output: a full device, a pipe that nobody reads
cat >closed.py <<'E2'
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
done = subprocess.run(sys.argv[1:], stdout=w, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
print(done.returncode, done.stderr)
sys.exit(not (done.returncode == -13 and done.stderr == b''))
E2
each_body='
	case $command in
	*--plot* | *"nii -o OUT"* | *mask* | *nifti* | *"--invert -o OUT frames"*) ;; # write to files only
	*)
		set -- $(echo "$command" | sed "s|-o OUT||")
		fails 4 "standard output|write|space" "/dev/full: $command" sh -c "exec \"\$@\" >/dev/full" sh "$@"
		check "a closed pipe ends it by SIGPIPE, silently: $command" "$PYTHON closed.py $*"
		;;
	esac
'
each_command
if [ -n "$full" ]; then
	fails 4 'temporary|TMPDIR|space|room' 'no room for a copy of what comes from a pipe' sh -c 'cat frames.safetensors | TMPDIR=small gb-inspect -'
fi
done_testing
