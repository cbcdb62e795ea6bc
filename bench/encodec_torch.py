#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""encodec_torch.py WEIGHTS SOUND CODEBOOKS: the encoder and quantiser of the 24 kHz EnCodec model in PyTorch, from the
architecture's description.  SOUND: raw float32.  For each line on standard input it does the work and answers with
the seconds it took; a line that is a path also saves latents and codes there."""
import pathlib
import runpy
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

load = runpy.run_path(str(pathlib.Path(__file__).resolve().parent.parent / 'tests/tensors.py'))['load']
weights, sound, books = load(sys.argv[1])[0], torch.from_numpy(np.fromfile(sys.argv[2], np.float32))[None, None], int(sys.argv[3])


class Conv(nn.Module):
    def __init__(self, name, stride=1):
        super().__init__()
        g, v = weights[name + '.conv.weight_g'], weights[name + '.conv.weight_v']
        w = torch.from_numpy(g * v / np.sqrt((v ** 2).sum((1, 2), keepdims=True)))
        self.conv = nn.Conv1d(w.shape[1], w.shape[0], w.shape[2], stride)
        self.conv.weight.data, self.conv.bias.data = w, torch.from_numpy(weights[name + '.conv.bias'].copy())
        self.before = w.shape[2] - stride

    def forward(self, x):
        return self.conv(F.pad(x, (self.before, 0), mode='reflect') if self.before else x)


class Residual(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.narrow, self.widen, self.shortcut = Conv(name + '.block.1'), Conv(name + '.block.3'), Conv(name + '.shortcut')

    def forward(self, x):
        return self.shortcut(x) + self.widen(F.elu(self.narrow(F.elu(x))))


class Lstm(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.lstm = nn.LSTM(512, 512, 2)
        self.lstm.load_state_dict({k: torch.from_numpy(weights[name + '.lstm.' + k].copy()) for k in self.lstm.state_dict()})

    def forward(self, x):
        y = x.permute(2, 0, 1)
        return (self.lstm(y)[0] + y).permute(1, 2, 0)


layers = [Conv('encoder.layers.0')]
for i, ratio in enumerate((2, 4, 5, 8)):
    layers += [Residual('encoder.layers.%d' % (3 * i + 1)), nn.ELU(), Conv('encoder.layers.%d' % (3 * i + 3), ratio)]
encoder = nn.Sequential(*layers, Lstm('encoder.layers.13'), nn.ELU(), Conv('encoder.layers.15')).eval()
codebook = [torch.from_numpy(weights['quantizer.layers.%d.codebook.embed' % n].copy()) for n in range(books)]


def work():
    latents = encoder(sound)
    rest, codes = latents[0].t().contiguous(), []
    for e in codebook:
        codes.append((rest.pow(2).sum(1, keepdim=True) - 2 * rest @ e.t() + e.pow(2).sum(1)).argmin(1))
        rest = rest - e[codes[-1]]
    return latents[0].numpy(), torch.stack(codes).numpy()


with torch.no_grad():
    for line in sys.stdin:
        began = time.perf_counter()
        latents, codes = work()
        print(time.perf_counter() - began, flush=True)
        if line.strip().startswith('/'):
            np.savez(line.strip(), latents=latents, codes=codes)
