# SPDX-License-Identifier: MIT
"""nifti_tuned.py IMAGE MASK: the peer of bench/nifti that a careful Python user would write with nibabel."""
import sys

import nibabel as nib
import numpy as np

image, mask = sys.argv[1:]
d = np.asarray(nib.load(image).dataobj)[nib.load(mask).get_fdata() > 0].T.astype(np.float32)
d = np.ascontiguousarray((d - d.mean(0)) / (d.std(0) + 1e-8))
