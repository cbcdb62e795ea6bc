#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""encodec_model.py OUT [KEY=VALUE …]: an EnCodec model of any size with seeded random weights, in the layout of the
published files (values are not those of a published one).

filters=32 ratios=2,4,5,8 latent=128 codebooks=32 codes=1024 lstm=2 channels=1 norm=0 (1: the 48 kHz model)
spelling=g|parametrizations|plain dtype=F32|F16|BF16 seed=0.  The same seed gives the same model in every spelling."""
import json
import struct
import sys

import numpy as np

SPELLING = {'g': ('weight_g', 'weight_v'), 'parametrizations': ('parametrizations.weight.original0', 'parametrizations.weight.original1')}


class Model:
    def __init__(self, filters=32, ratios=(2, 4, 5, 8), latent=128, codebooks=32, codes=1024, lstm=2, channels=1, norm=0, spelling='g',
                 dtype='F32', seed=0):
        self.random, self.tensor, self.spelling, self.dtype, self.norm = np.random.default_rng(seed), {}, spelling, dtype, norm
        width = filters
        self.conv('encoder.layers.0', filters, channels, 7)
        for i, ratio in enumerate(ratios):
            self.residual('encoder.layers.%d' % (3 * i + 1), width)
            self.conv('encoder.layers.%d' % (3 * i + 3), 2 * width, width, 2 * ratio)
            width *= 2
        n = 3 * len(ratios)
        self.recurrent('encoder.layers.%d' % (n + 1), width, lstm)
        self.conv('encoder.layers.%d' % (n + 3), latent, width, 7)
        self.conv('decoder.layers.0', width, latent, 7)
        self.recurrent('decoder.layers.1', width, lstm)
        for i, ratio in enumerate(reversed(ratios)):
            self.conv('decoder.layers.%d' % (3 * i + 3), width // 2, width, 2 * ratio, True)
            width //= 2
            self.residual('decoder.layers.%d' % (3 * i + 4), width)
        self.conv('decoder.layers.%d' % (n + 3), channels, width, 7)
        for i in range(codebooks):
            self.put('quantizer.layers.%d.codebook.embed' % i, (codes, latent), .3 * .9 ** i)

    def put(self, name, shape, scale):
        self.tensor[name] = self.random.standard_normal(shape, np.float32) * np.float32(scale)
        return self.tensor[name]

    def conv(self, name, out, into, kernel, transposed=False):
        shape, scale = ((into, out, kernel) if transposed else (out, into, kernel)), (into * kernel) ** -.5
        v = self.put(name + '.conv.weight', shape, scale)
        g = np.sqrt((v.astype(np.float64) ** 2).sum((1, 2), keepdims=True)).astype(np.float32)
        g *= self.random.uniform(.8, 1.2, g.shape).astype(np.float32)
        v = self.tensor.pop(name + '.conv.weight')
        if self.norm or self.spelling == 'plain':
            self.tensor[name + '.conv.weight'] = (g * v / np.sqrt((v.astype(np.float64) ** 2).sum((1, 2), keepdims=True))).astype(np.float32)
        else:
            for key, value in zip(SPELLING[self.spelling], (g, v)):
                self.tensor[name + '.conv.' + key] = value
        self.put(name + '.conv.bias', (out,), scale)
        if self.norm:
            self.put(name + '.norm.weight', (out,), 1)
            self.put(name + '.norm.bias', (out,), .1)

    def residual(self, name, width):
        hidden = max(width // 2, 1)
        self.conv(name + '.block.1', hidden, width, 3)
        self.conv(name + '.block.3', width, hidden, 1)
        self.conv(name + '.shortcut', width, width, 1)

    def recurrent(self, name, width, layers):
        for layer in range(layers):
            for part in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
                self.put('%s.lstm.%s_l%d' % (name, part, layer), (4 * width, width) if 'weight' in part else (4 * width,), width ** -.5)

    def encoded(self, x):
        if self.dtype == 'F32':
            return x.tobytes()
        if self.dtype == 'F16':
            return x.astype(np.float16).tobytes()
        bits = x.view(np.uint32).astype(np.uint64)
        return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype(np.uint16).tobytes()

    def bytes(self):
        header, data, at = {}, [], 0
        for name, x in self.tensor.items():
            data.append(self.encoded(np.ascontiguousarray(x)))
            header[name] = {'dtype': self.dtype, 'shape': list(x.shape), 'data_offsets': [at, at + len(data[-1])]}
            at += len(data[-1])
        text = json.dumps(header, separators=(',', ':')).encode()
        text += b' ' * (-len(text) % 8)
        return struct.pack('<Q', len(text)) + text + b''.join(data)


if __name__ == '__main__':
    keys = dict(a.split('=') for a in sys.argv[2:])
    for key, value in keys.items():
        keys[key] = tuple(map(int, value.split(','))) if key == 'ratios' else value if key in ('spelling', 'dtype') else int(value)
    with open(sys.argv[1], 'wb') as file:
        file.write(Model(**keys).bytes())
