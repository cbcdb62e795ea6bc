# SPDX-License-Identifier: MIT
"""STOI as Taal et al. (2011) describe it, in numpy; not our C read again."""
import numpy as np


def stoi(x, y):
    """x clean, y processed, both at 10 kHz."""
    window = np.hanning(258)[1:-1]
    at = np.arange(0, len(x) - 256 + 1, 128)
    X, Y = (np.stack([s[i:i + 256] for i in at]).astype(float) * window for s in (x, y))
    level = 20 * np.log10(np.linalg.norm(X, axis=1) + 1e-300)
    loud = level > level.max() - 40
    if not loud.any() or loud.sum() < 30 or not np.isfinite(level.max()) or level.max() < -5000:
        return np.nan
    again = []
    for frames in (X[loud], Y[loud]):
        s = np.zeros(128 * (len(frames) - 1) + 256)
        for i, f in enumerate(frames):
            s[128 * i:128 * i + 256] += f
        again.append(s)
    at = np.arange(0, len(again[0]) - 256 + 1, 128)
    power = [np.abs(np.fft.rfft(np.stack([s[i:i + 256] for i in at]) * window, 512)) ** 2 for s in again]
    hz = np.arange(257) * 10000 / 512
    centre = 150 * 2. ** (np.arange(15) / 3)
    bands = np.zeros((15, 257))
    for j, c in enumerate(centre):
        lo, hi = (np.abs(hz - c * 2 ** (s / 6)).argmin() for s in (-1, 1))
        bands[j, lo:hi] = 1
    x, y = (np.sqrt(p @ bands.T) for p in power)      # [frames, bands]
    d = []
    for m in range(30, len(x) + 1):
        a, b = x[m - 30:m], y[m - 30:m]
        b = b * np.sqrt((a ** 2).sum(0) / np.maximum((b ** 2).sum(0), 1e-300))
        b = np.minimum(b, a * (1 + 10 ** (15 / 20)))
        a, b = a - a.mean(0), b - b.mean(0)
        d.append((a * b).sum(0) / np.maximum(np.sqrt((a ** 2).sum(0) * (b ** 2).sum(0)), 1e-300))
    return float(np.mean(d))
