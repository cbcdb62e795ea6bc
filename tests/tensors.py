# SPDX-License-Identifier: MIT
"""tensors.py: a reader of safetensors in ten lines of numpy, for tests: load(path) → (tensors, metadata)."""
import json
import numpy as np

TYPES = {'BOOL': '?', 'U8': 'u1', 'I8': 'i1', 'I16': '<i2', 'I32': '<i4', 'I64': '<i8', 'F16': '<f2', 'F32': '<f4', 'F64': '<f8',
         'BF16': '<u2'}


def load(path):
    with open(path, 'rb') as f:
        raw = f.read()
    size = int.from_bytes(raw[:8], 'little')
    header = json.loads(raw[8:8 + size])
    meta = header.pop('__metadata__', {})
    out = {}
    for name, t in header.items():
        a, b = (8 + size + o for o in t['data_offsets'])
        out[name] = np.frombuffer(raw[a:b], TYPES[t['dtype']]).reshape(t['shape'])
        if t['dtype'] == 'BF16':  # numpy has none: as float32
            out[name] = (out[name].astype('u4') << 16).view('f4')
    return out, json.loads(meta['gbt']) if 'gbt' in meta else meta


def save(path, **tensors):
    """A foreign safetensors file, as other programs write them."""
    names = {np.dtype(v): k for k, v in TYPES.items()}
    header, data = {}, b''
    for name, value in tensors.items():
        value = np.ascontiguousarray(value)
        header[name] = {'dtype': names[value.dtype], 'shape': list(value.shape), 'data_offsets': [len(data), len(data) + value.nbytes]}
        data += value.tobytes()
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(len(text).to_bytes(8, 'little') + text + data)
