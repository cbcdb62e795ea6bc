# SPDX-License-Identifier: MIT
"""mel_oracle.py: the log-mel spectrum of lib/audio/mel.h in numpy, and reading back what the tool wrote."""
import os
import runpy
from fractions import Fraction as F

import numpy as np

load = runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tensors.py'))['load']


def corners(bands, rate):
    top = 15 + 27 * np.log(rate / 2 / 1000) / np.log(6.4)
    m = np.arange(bands + 2) * top / (bands + 1)
    return np.where(m < 15, m * 200 / 3, 1000 * np.exp((m - 15) * np.log(6.4) / 27))


def mel(x, rate=24000, bands=128, window=F(1, 40), hop=F(1, 100)):
    step, size = hop * rate, round(window * rate)
    frames = -(-len(x) // step)
    corner = corners(bands, rate)
    n = 1 << (size - 1).bit_length()
    while rate / n > corner[1]:
        n *= 2
    f = np.arange(n // 2 + 1) * rate / n
    w = np.array([np.interp(f, corner[i:i + 3], [0, 1, 0]) for i in range(bands)])
    shape = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    x = np.concatenate([np.zeros(size), x.astype(float), np.zeros(int(step) + 2)])
    out = np.empty((frames, bands))
    for j in range(frames):
        end = int((j + 1) * step)  # in x without its leading zeros
        s = np.fft.rfft(x[end:end + size] * shape, n)
        out[j] = np.log1p(1e10 * (w @ (np.abs(s) ** 2 / (shape ** 2).sum())))
    return out


def frames_of(path):
    """(frames [n, bands], mel, mel.count, profile) of a tensor file."""
    t, about = load(path)
    m, c = t['mel'], t['mel.count']
    return np.concatenate([m[r, :, :c[r]].T for r in range(len(c))]), m, c, about
