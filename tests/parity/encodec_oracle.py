# SPDX-License-Identifier: MIT
"""encodec_oracle.py: the causal EnCodec network by its definition, in double: code_of(tensors, x) and sound_of(tensors, codes)."""
import numpy as np


def weight(t, name):
    name += '.conv.'
    for g, v in ((name + 'weight_g', name + 'weight_v'), (name + 'parametrizations.weight.original0', name + 'parametrizations.weight.original1')):
        if v in t:
            v, g = t[v].astype(np.float64), t[g].astype(np.float64)
            return g * v / np.sqrt((v ** 2).sum((1, 2), keepdims=True)), t[name + 'bias'].astype(np.float64)
    return t[name + 'weight'].astype(np.float64), t[name + 'bias'].astype(np.float64)


def pad(x, left, right):
    """By reflection; a signal that is not longer than the padding gets zeros on the right first, cut afterwards."""
    zeros = max(0, max(left, right) + 1 - x.shape[1])
    y = np.pad(np.pad(x, ((0, 0), (0, zeros))), ((0, 0), (left, right)), mode='reflect')
    return y[:, :y.shape[1] - zeros]


def conv(t, name, x, stride=1):
    w, b = weight(t, name)
    kernel = w.shape[2]
    frames = -(-x.shape[1] // stride)
    x = pad(x, kernel - stride, frames * stride - x.shape[1])
    return b[:, None] + sum(w[:, :, k] @ x[:, k:k + (frames - 1) * stride + 1:stride] for k in range(kernel))


def up(t, name, x):
    w, b = weight(t, name)
    stride, frames = w.shape[2] // 2, x.shape[1]
    y = np.zeros((w.shape[1], (frames + 1) * stride))
    for f in range(frames):
        y[:, f * stride:(f + 2) * stride] += np.einsum('i,iok->ok', x[:, f], w)
    return (y + b[:, None])[:, :frames * stride]


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def residual(t, name, x):
    return conv(t, name + '.shortcut', x) + conv(t, name + '.block.3', elu(conv(t, name + '.block.1', elu(x))))


def lstm(t, name, x):
    y, layer = x.T, 0
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    while '%s.lstm.weight_ih_l%d' % (name, layer) in t:
        wi, wh, bi, bh = (t['%s.lstm.%s_l%d' % (name, k, layer)].astype(np.float64) for k in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'))
        h, c, out = np.zeros(len(x)), np.zeros(len(x)), []
        for row in y:
            i, f, g, o = np.split(wi @ row + bi + wh @ h + bh, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            out.append(h)
        y, layer = np.array(out), layer + 1
    return y.T + x


def stages(t):
    return next(n for n in range(1, 9) if 'encoder.layers.%d.lstm.weight_ih_l0' % (3 * n + 1) in t)


def books(t):
    return [t['quantizer.layers.%d.codebook.embed' % n].astype(np.float64) for n in range(1024) if 'quantizer.layers.%d.codebook.embed' % n in t]


def code_of(t, x):
    """Codes [codebooks, frames] and the gap between best and second-best distance."""
    n = stages(t)
    x = conv(t, 'encoder.layers.0', x[None].astype(np.float64))
    for i in range(n):
        name = 'encoder.layers.%d' % (3 * i + 3)
        x = conv(t, name, elu(residual(t, 'encoder.layers.%d' % (3 * i + 1), x)), weight(t, name)[0].shape[2] // 2)
    rest = conv(t, 'encoder.layers.%d' % (3 * n + 3), elu(lstm(t, 'encoder.layers.%d' % (3 * n + 1), x))).T
    codes, margin = [], []
    for e in books(t):
        d = np.sqrt(((rest[:, None] - e[None]) ** 2).sum(2))
        codes.append(d.argmin(1))
        margin.append(np.diff(np.partition(d, 1, axis=1)[:, :2]).ravel())
        rest = rest - e[codes[-1]]
    return np.array(codes), np.array(margin)


def sound_of(t, codes):
    n = stages(t)
    x = conv(t, 'decoder.layers.0', sum(e[c] for e, c in zip(books(t), codes)).T)
    x = lstm(t, 'decoder.layers.1', x)
    for i in range(n):
        x = residual(t, 'decoder.layers.%d' % (3 * i + 4), up(t, 'decoder.layers.%d' % (3 * i + 3), elu(x)))
    return conv(t, 'decoder.layers.%d' % (3 * n + 3), elu(x))[0]
