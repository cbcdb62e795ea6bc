# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154
# commands.sh: small inputs of every kind, and a command line for everything that
# writes.  Sourced after lib.sh; tests of what all tools do alike go through the list.
#
#   inputs                      make the files in this folder
#   each_body=SHELL; each_command   run it for each line, with $command (OUT stands for its
#                               output) and $extension set
# A line whose tool or verb is not built is said as skipped by each_command.

inputs() {
	"$PYTHON" - "$TOP" <<'EOF'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel
r = np.random.default_rng(5)
volume = r.normal(1000, 20, (24, 20, 16, 120)).astype('f4')
for s in 1, 2:
    image = nibabel.Nifti1Image(volume + r.normal(0, 5, volume.shape).astype('f4'), np.diag([3, 3, 3, 1]))
    image.header.set_zooms((3, 3, 3, 1.5))
    image.header.set_xyzt_units('mm', 'sec')
    image.to_filename(f'brain{s}.nii')
mask = (r.random(volume.shape[:3]) < 0.9).astype('u1')
nibabel.Nifti1Image(mask, np.diag([3, 3, 3, 1])).to_filename('mask.nii')
nibabel.Nifti1Image(mask[:5], np.diag([3, 3, 3, 1])).to_filename('other-grid.nii')
nan = volume.copy()
nan[3, 3, 3, 17] = np.nan
image = nibabel.Nifti1Image(nan, np.diag([3, 3, 3, 1]))
image.header.set_zooms((3, 3, 3, 1.5))
image.header.set_xyzt_units('mm', 'sec')
image.to_filename('nan.nii')
nibabel.Nifti1Image(np.ones(mask.shape, 'u1'), np.diag([3, 3, 3, 1])).to_filename('whole.nii')
save('features.safetensors', features=r.normal(size=(120, 300)).astype('f4'))
with open('words.tsv', 'w') as f:
    f.write('onset\tduration\tword\n')
    for i in range(120):
        f.write(f'{1.5 * i}\t1\t' + ' '.join(map(''.join, r.choice(list('aeiourstn'), (2, 6)))) + '\n')
with open('sound.wav', 'wb') as f:
    pcm = (np.sin(np.arange(24000 * 90) * 0.1) * 9000).astype('<i2').tobytes()
    f.write(b'RIFF' + (36 + len(pcm)).to_bytes(4, 'little') + b'WAVEfmt ' + (16).to_bytes(4, 'little') + b'\1\0\1\0' +
            (24000).to_bytes(4, 'little') + (48000).to_bytes(4, 'little') + b'\2\0\20\0data' + len(pcm).to_bytes(4, 'little') + pcm)
EOF
	ffmpeg -v error -nostdin -y -f lavfi -i 'testsrc=s=160x90:r=10:d=20' -i sound.wav -t 20 -c:v mpeg4 -q:v 4 -c:a pcm_s16le film.nut &&
		ffmpeg -v error -nostdin -y -i film.nut -an -c:v copy silent.nut &&
		gb-video-frames --tr 3/2 -q -o frames.safetensors film.nut &&
		gb-audio-encodec --mel --rows 4 -q -o mel.safetensors film.nut &&
		gb-text-align --tr 3/2 -q -o words.safetensors words.tsv &&
		gb-fmri-hrf bold --mask mask.nii -q -o bold1.safetensors brain1.nii &&
		gb-fmri-hrf bold --mask mask.nii -q -o bold2.safetensors brain2.nii &&
		gb-cache pack -q --split 22:88/92: --gap 6 -o packed words.safetensors --subject s1=bold1.safetensors --subject s2=bold2.safetensors
}

# extension command
command_list='safetensors gb-text-align --tr 1/2 -o OUT words.tsv
safetensors gb-video-frames --tr 3/2 -o OUT film.nut
mp4 gb-video-frames --invert -o OUT frames.safetensors
safetensors gb-audio-encodec --mel -o OUT film.nut
wav gb-audio-encodec --invert -o OUT mel.safetensors
nii gb-fmri-hrf mask -o OUT brain1.nii brain2.nii
safetensors gb-fmri-hrf bold --mask whole.nii -o OUT brain1.nii
safetensors gb-fmri-hrf average -o OUT bold1.safetensors bold2.safetensors
safetensors gb-fmri-hrf convolve --tr 3/2 -o OUT features.safetensors
nii.gz gb-fmri-hrf nifti -o OUT bold1.safetensors
tsv gb-fmri-hrf kernel --tr 1/100 -o OUT
tsv gb-fmri-hrf lag --max 3 -o OUT words.safetensors bold1.safetensors
tsv gb-inspect --rows 0:8 --tensor bold -o OUT bold1.safetensors
png gb-inspect --plot OUT bold1.safetensors
safetensors gb-cache memo -o OUT -- gb-fmri-hrf convolve --tr 3/2 features.safetensors'

# the same for what makes a folder
folder_list='gb-train --model ridge -o OUT packed
gb-recon -o OUT run packed
gb-sim --mask mask.nii --snr 1 -o OUT words.safetensors'

have() { # have TOOL VERB: is it built?
	command -v "$1" >/dev/null || return 1
	case $2 in [a-z]*) "$1" --help | grep -Eq "^  $1 $2( |$)" ;; esac
}

each_command() {
	echo "$command_list" >commands.list
	while read -r extension command <&9; do
		# shellcheck disable=SC2086
		set -- $command
		if have "$1" "$2"; then eval "$each_body"; else skip "$1 $2" 'not built yet'; fi
	done 9<commands.list
}
