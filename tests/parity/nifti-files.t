#!/bin/sh
# SPDX-License-Identifier: MIT
# Real files, as nibabel reads them: those that come with python3-nibabel, and
# those under $SHARED/data where they are at hand.
. "$(dirname "$0")/../lib.sh"
"$PYTHON" -c 'import numpy, nibabel' 2>/dev/null || skip_all 'needs python3-nibabel'
PYTHONPATH=$TOP/tests:$PYTHONPATH
data=$("$PYTHON" -c 'import nibabel, os; print(os.path.join(os.path.dirname(nibabel.__file__), "tests", "data"))')

cat >compare.py <<'P'
import sys, numpy as np, nibabel as nib
from tensors import load
i = nib.load(sys.argv[1]); t, g = load('t.safetensors')
want = i.get_fdata().reshape(-1, i.shape[3], order='F').T
if len(sys.argv) > 2:
    m = nib.load(sys.argv[2]).get_fdata().ravel('F') > 0
    want = want[:, m]
want = want.astype(np.float32)
same = np.array_equal(t['bold'], want)
assert same or (np.abs(t['bold'].astype(float) - want) <= np.spacing(np.abs(want))).all()
a = np.array(g['tensors']['bold.mask']['affine'])
assert np.allclose(a, i.affine, atol=1e-4 * np.abs(i.affine).max()), (a, i.affine)
print('to the bit' if same else 'to 1 ulp', g['tensors']['bold']['time']['step'])
P
# like FILE [MASK] [OPTION…]
like() {
	file=$1
	shift
	if [ ! -e "$file" ]; then skip "$(basename "$file")" 'not at hand'; else
		mask=
		case ${1:-} in *.nii.gz) mask=$1; shift; set -- --mask "$mask" "$@" ;; esac
		check "$(basename "$file") as nibabel reads it" "gb-fmri-hrf bold -q $* -o t.safetensors '$file' && $PYTHON compare.py '$file' $mask"
	fi
}
like "$data/functional.nii"
like "$data/example4d.nii.gz" --tr 2
like "$data/example_nifti2.nii.gz" --tr 2
for f in example4d.nii.gz example_nifti2.nii.gz; do
	if [ -e "$data/$f" ]; then fails 3 '2000 s is implausible: give --tr' "$f without --tr" gb-fmri-hrf bold -o x "$data/$f"; else skip "$f" 'not at hand'; fi
done
# 3-D images are read as masks: their positive voxels must be nibabel's.
like_mask() {
	if [ ! -e "$1" ]; then skip "$(basename "$1") as a mask" 'not at hand'; return; fi
	$PYTHON -c "
import nibabel as nib, numpy as np, sys
i = nib.load(sys.argv[1]); n = nib.Nifti1Image(np.arange(np.prod(i.shape[:3]) * 2, dtype=np.uint64).astype(np.uint8).reshape(i.shape[:3] + (2,)), i.affine)
n.header.set_xyzt_units('mm', 'sec'); nib.save(n, 'counts.nii')" "$1"
	check "$(basename "$1") as a mask" "gb-fmri-hrf bold -q --mask '$1' -o t.safetensors counts.nii && $PYTHON -c \"
import nibabel as nib, numpy as np; from tensors import load
want = nib.load('$1').get_fdata(); want = want.reshape(want.shape[:3]) > 0
assert np.array_equal(load('t.safetensors')[0]['bold.mask'], want)\""
}
like_mask "$data/anatomical.nii"
like_mask "$data/standard.nii.gz"
like_mask "$data/reoriented_anat_moved.nii"
like_mask "$data/resampled_anat_moved.nii"
like_mask "$SHARED/data/haxby/mask.nii.gz"
like_mask "$SHARED/data/localizer/subj0_parcellation.nii.gz"
M=${MRICRON_DATA:-/usr/share/mricron}/templates
for f in aal ch2 brodmann; do like_mask "$M/$f.nii.gz"; done
N=${NITIME_DATA:-/usr/lib/python3/dist-packages/nitime/data}
for f in fmri1 fmri2; do like "$N/$f.nii.gz"; done
if [ -e "$data/anatomical.nii" ]; then
	fails 3 '3-D image' 'anatomical.nii as BOLD' gb-fmri-hrf bold -o x "$data/anatomical.nii"
	fails 2 'no .img beside it' 'a header without its .img' gb-fmri-hrf bold -o x "$data/nifti1.hdr"
	fails 3 'CIFTI' 'CIFTI' gb-fmri-hrf bold -o x "$data/row_major.dconn.nii"
	fails 3 'ANALYZE' 'ANALYZE' gb-fmri-hrf bold -o x "$data/analyze.hdr"
	fails 3 'not a NIfTI' 'another kind of image' gb-fmri-hrf bold -o x "$data/tiny.mnc"
else skip 'files of nibabel' 'not at hand'; fi
H=$SHARED/data/haxby
like "$H/bold.nii.gz"
like "$H/bold.nii.gz" "$H/mask.nii.gz"
for n in 1 2 3; do like "$H/run0${n}_25mm.nii.gz"; done
L=$SHARED/data/localizer/subj0_bold_session0.nii.gz
like "$L" "$SHARED/data/localizer/subj0_parcellation.nii.gz" --tr 2.4
if [ -e "$L" ]; then fails 3 'no unit: give --tr' 'localizer without --tr' gb-fmri-hrf bold -o x "$L"; else skip localizer 'not at hand'; fi
for n in 1 2 3 4 5 6 7 8; do
	like "$SHARED/data/sherlock-pmc/sub-0${n}_task-sherlock_roi-pmc_bold.nii.gz" "$SHARED/data/sherlock-pmc/mask.nii.gz" --start 9/2
done
done_testing
