#!/bin/sh
# SPDX-License-Identifier: MIT
# lag: planted delays are found, to the row; in noise nothing is.  The brain is
# simulated here, in steps of 10 ms, with scipy's gamma densities.
. "$(dirname "$0")/../lib.sh"
"$PYTHON" -c 'import numpy, scipy, nibabel' 2>/dev/null || skip_all 'needs python3-nibabel and python3-scipy'

cat >plant.py <<'P'
import numpy as np, nibabel as nib
from scipy.stats import gamma
from scipy.signal import fftconvolve, lfilter

def save(name, rows, tr):
    i = nib.Nifti1Image(np.ascontiguousarray(rows.T.reshape(rows.shape[1], 1, 1, -1)).astype(np.float32), np.eye(4))
    i.header['pixdim'][4] = tr; i.header.set_xyzt_units('mm', 'sec'); nib.save(i, name)

def plant(tr, rows, delay, snr, seed, voxels=60, features=8):
    rng = np.random.default_rng(seed)
    x = lfilter([1], [1, -np.exp(-tr / 3)], rng.standard_normal((rows, features)), axis=0)
    n = round(tr * 100)
    s = (np.arange(3200) + .5) / 100
    h = gamma.pdf(s, 6 / .9, scale=.9) - .48 * gamma.pdf(s, 12 / .9, scale=.9)
    fine = np.repeat(x, n, 0)
    signal = fftconvolve(fine, h[:, None] / h.sum(), axes=0)[n // 2:len(fine):n]
    signal = np.roll(signal, delay, 0) @ (rng.standard_normal((features, voxels)) * (rng.random((features, voxels)) < .4))
    noise = lfilter([1], [1, -.3 ** tr], rng.standard_normal((rows, voxels)), axis=0)
    name = '%g_%d_%d_%g_%d' % (tr, rows, delay, snr, seed)
    save('x_%s.nii' % name, x, tr)
    save('y_%s.nii' % name, np.sqrt(snr) * signal / signal.std() + noise / noise.std(), tr)

for tr, rows in ((1.5, 400), (.5, 360)):
    for delay in (-1, 0, 2, 5):
        plant(tr, rows, delay, 1, 1)
    for seed in (1, 2):
        plant(tr, rows, 0, 0, seed)
plant(1.5, 400, 12, 1, 1)
P
$PYTHON plant.py || exit 1
# look TR ROWS DELAY SNR SEED [START]: what lag says
look() {
	plant=$1_$2_$3_$4_$5
	gb-fmri-hrf bold -q -o x.safetensors "x_$plant.nii" && gb-fmri-hrf bold -q --start "${6:-0}" -o y.safetensors "y_$plant.nii" &&
		gb-fmri-hrf lag -o lags.tsv x.safetensors y.safetensors 2>said; tail -1 said
}
for shape in '1.5 400' '0.5 360'; do
	for d in -1 0 2 5; do
		check "TR and rows $shape: planted $d rows, found" "look $shape $d 1 1 | grep 'best lag: $d rows'"
	done
done
check 'the start of the data moves the lag' "look 1.5 400 2 1 1 9/2 | grep 'best lag: 5 rows (7.5 s)'"
for seed in 1 2; do
	for shape in '1.5 400' '0.5 360'; do check "noise alone ($shape, seed $seed): none" "look $shape 0 0 $seed | grep 'no lag found'"; done
done
check 'a lag past the range is not made up' "look 1.5 400 12 1 1 | grep 'no lag found'"
look 1.5 400 2 1 1 >said.1
cp lags.tsv lags.1
check 'table: every lag, R2 highest at the planted one, resamples around it' "awk -F'\t' '
NR == 1 { if (\$0 != \"row\tseconds\tr2\tshare_best\") exit 1; next }
{ n++; sum += \$4; if (\$3 > most) { most = \$3; best = \$1; share = \$4 } }
END { exit !(n == 21 && best == 2 && share > 0.9 && sum > 0.99 && sum < 1.01) }' lags.1"
gb-fmri-hrf kernel -o taps.tsv
check 'R2 by numpy, least squares on 8 features' "$PYTHON -c \"
import numpy as np
from scipy.stats import gamma
import nibabel as nib
x, y = (nib.load(f + '_1.5_400_2_1_1.nii').get_fdata()[:, 0, 0].T for f in 'xy')
k = np.genfromtxt('taps.tsv', delimiter='\t', names=True)['weight']
z = (x - x.mean(0)) / x.std(0)
z = np.stack([np.convolve(c, k)[:400] for c in z.T], 1)
t = np.genfromtxt('lags.1', delimiter='\t', names=True, missing_values='n/a')
rows = np.arange(22 + 10, 400 - 10)
for lag in (-10, 0, 2, 7):
    a = z[rows - lag]; a = a - a.mean(0); b = y[rows] - y[rows].mean(0)
    r = b - a @ np.linalg.lstsq(a, b, rcond=None)[0]
    r2 = (1 - (r ** 2).sum(0) / (b ** 2).sum(0)).mean()
    assert abs(r2 - t['r2'][t['row'] == lag][0]) < 2e-5, (lag, r2)
\"" 
check 'the same on one thread and on three' '
gb-fmri-hrf lag -j1 -o 1.tsv x.safetensors y.safetensors; OPENBLAS_NUM_THREADS=2 gb-fmri-hrf lag -j3 -o 3.tsv x.safetensors y.safetensors; cmp 1.tsv 3.tsv && cmp 1.tsv lags.1'
gb-fmri-hrf bold -q --start 1/2 -o between.safetensors y_1.5_400_2_1_1.nii
fails 3 'lie between each other' 'rows between rows' gb-fmri-hrf lag x.safetensors between.safetensors
gb-fmri-hrf bold -q --run other -o other.safetensors y_1.5_400_2_1_1.nii
fails 3 'only 0 rows' 'runs of other names' gb-fmri-hrf lag x.safetensors other.safetensors
done_testing
