# SPDX-License-Identifier: MIT
"""encodec_weights.py: full-size weights of the 24 kHz EnCodec architecture in the published layout, with seeded random
values (they are not the published ones: speed does not depend on values), and a reader of safetensors."""
import json
import struct

import numpy as np


def tensors():
    """(name, shape, fan-in)."""
    def conv(name, out, into, kernel, transposed=False):
        shape = (into, out, kernel) if transposed else (out, into, kernel)
        yield name + '.conv.weight_g', (shape[0], 1, 1), None
        yield name + '.conv.weight_v', shape, into * kernel
        yield name + '.conv.bias', (out,), into * kernel

    def residual(name, width):
        yield from conv(name + '.block.1', width // 2, width, 3)
        yield from conv(name + '.block.3', width, width // 2, 1)
        yield from conv(name + '.shortcut', width, width, 1)

    def lstm(name):
        for layer in '01':
            for part in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
                yield '%s.lstm.%s_l%s' % (name, part, layer), (2048, 512) if 'weight' in part else (2048,), 512

    yield from conv('encoder.layers.0', 32, 1, 7)
    width = 32
    for i, ratio in enumerate((2, 4, 5, 8)):
        yield from residual('encoder.layers.%d' % (3 * i + 1), width)
        yield from conv('encoder.layers.%d' % (3 * i + 3), 2 * width, width, 2 * ratio)
        width *= 2
    yield from lstm('encoder.layers.13')
    yield from conv('encoder.layers.15', 128, 512, 7)
    yield from conv('decoder.layers.0', 512, 128, 7)
    yield from lstm('decoder.layers.1')
    for i, ratio in enumerate((8, 5, 4, 2)):
        yield from conv('decoder.layers.%d' % (3 * i + 3), width // 2, width, 2 * ratio, True)
        width //= 2
        yield from residual('decoder.layers.%d' % (3 * i + 4), width)
    yield from conv('decoder.layers.15', 1, 32, 7)
    for n in range(32):
        yield 'quantizer.layers.%d.codebook.embed' % n, (1024, 128), None


def save(path, seed=0):
    random, header, at, data = np.random.default_rng(seed), {}, 0, []
    gain = {}
    for name, shape, fan in tensors():
        if name.endswith('weight_g'):
            continue
        x = random.standard_normal(shape, np.float32)
        if fan:
            x *= np.float32(fan ** -.5)
        else:
            x *= np.float32(.3 * .9 ** int(name.split('.')[2]))
        gain[name] = x
        if name.endswith('weight_v'):
            gain[name[:-1] + 'g'] = np.sqrt((x.astype(np.float64) ** 2).sum((1, 2), keepdims=True)).astype(np.float32)
    for name, shape, _ in tensors():
        data.append(gain[name].tobytes())
        header[name] = {'dtype': 'F32', 'shape': list(shape), 'data_offsets': [at, at + len(data[-1])]}
        at += len(data[-1])
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(data))


def load(path):
    with open(path, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    return {k: np.frombuffer(data, np.float32, offset=v['data_offsets'][0], count=int(np.prod(v['shape']))).reshape(v['shape']).copy()
            for k, v in header.items() if k != '__metadata__'}
