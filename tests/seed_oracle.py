# SPDX-License-Identifier: MIT
"""seed_oracle.py: giblet13-seed in NumPy, double precision, from its table and a checkpoint.

    seed_oracle.py evaluates SET RUN RECON: with running moments: the losses of validation in the last
        line of RUN/metrics.tsv, the BOLD that gb-recon predicted
    seed_oracle.py trains SET START RUN: the one step of RUN's first epoch, over all rows that fit, from the
        weights of START: its losses, and what the running moments became
    seed_oracle.py slopes SET START RUN: the same step in PyTorch, whose gradient AdamW's first moment holds a tenth of
    seed_oracle.py counts VIDEO CODES TEXT VOXELS WIDTH: its parameters, by arithmetic
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tensors import *

CLASSES = 1024
KINDS = ('video', 'codes', 'text')
# name, input, width at full scale; the last layers have no norm, 7 no rectifier
ENCODER = [('4', 1536), ('5', 4096), ('6', 8000), ('7', 2048)]
DECODER = [('8', 8000), ('9', 4096), ('10', 2048), ('11', 1536)]
INPUT = {'video': [('2a.video.1', 4096), ('2a.video.2', 2048), ('2a.video.3', 1024)],
         'codes': [('2b.audio.1', 512), ('2b.audio.2', 256)], 'text': [('2c.text.1', 512), ('2c.text.2', 256)]}
OUTPUT = {'video': [('12a.video.1', 2048), ('12a.video.2', 4096)], 'codes': [('12b.audio.1', 2048), ('12b.audio.2', 2048)],
          'text': [('12c.text.1', 1024), ('12c.text.2', 1024)]}
LAST = {'video': '13a.video', 'codes': '13b.audio', 'text': '13c.text'}


def counts(sizes, outputs, voxels, width):
    scaled = lambda n: 8 * max(1, int(n * width / 8 + 0.5))
    total = 0

    def through(layers, n):
        nonlocal total
        for _, full in layers:
            m = scaled(full)
            total += n * m + m + 2 * m
            n = m
        return n

    def last(n, m):
        nonlocal total
        total += n * m + m
    z = through(ENCODER, sum(through(INPUT[k], n) for k, n in sizes.items()))
    last(through([('voxels.1', 16384)], z), voxels)
    shared = through(DECODER, z)
    for k in sizes:
        last(through(OUTPUT[k], shared), outputs[k])
    return total


class Network:
    def __init__(self, path):
        tensors, meta = load(path)
        self.t = {k: v.astype('f8') if v.dtype.kind == 'f' else v for k, v in tensors.items()}
        self.meta = meta
        self.measured = {}

    def linear(self, name, x):
        return x @ self.t[name + '.weight'].T + self.t[name + '.bias']

    def block(self, name, x, training, rectify=True):
        y = self.linear(name, x)
        if training:
            mean, variance = y.mean(0), y.var(0)
            self.measured[name] = mean, y.var(0, ddof=1)
        else:
            mean, variance = self.t[name + '.norm.mean'], self.t[name + '.norm.variance']
        y = (y - mean) / np.sqrt(variance + 1e-5) * self.t[name + '.norm.scale'] + self.t[name + '.norm.shift']
        return np.maximum(y, 0) if rectify else y

    def forward(self, inputs, training):
        parts = []
        for k in KINDS:
            x = inputs[k]
            for name, _ in INPUT[k]:
                x = self.block(name, x, training)
            parts.append(x)
        x = np.concatenate(parts, 1)
        for name, _ in ENCODER:
            x = self.block(name, x, training, name != '7')
        out = {'bold': self.linear('voxels.2', self.block('voxels.1', x, training))}
        for name, _ in DECODER:
            x = self.block(name, x, training)
        for k in KINDS:
            y = x
            for name, _ in OUTPUT[k]:
                y = self.block(name, y, training)
            y = self.linear(LAST[k], y)
            out[k] = y if k == 'text' else 1 / (1 + np.exp(-y))
        return out


class Data:
    """Raw rows, and which of them fit or validate."""

    def __init__(self, folder, share, gap):
        s = load('stimulus.safetensors')[0]
        n = len(s['text'])
        self.inputs = {'video': s['video'].reshape(n, -1) / 255.0, 'codes': s['codes'].reshape(n, -1).astype('f8'), 'text': s['text'].astype('f8')}
        self.first = s['video'][:, 0].reshape(n, -1) / 255.0
        self.bold = load('s0.safetensors')[0]['bold'].astype('f8')
        train = np.flatnonzero(load(folder + '/index.safetensors')[0]['use'].reshape(-1) == 1)
        block = int(len(train) * share)
        self.validate = train[len(train) - block:]
        self.fit = train[:len(train) - block]
        self.fit = self.fit[self.fit < self.validate[0] - gap] if block else self.fit

    def rows(self, rows):
        return {k: v[rows] for k, v in self.inputs.items()}

    def terms(self):
        """Of each term the targets, and the constant: the mean of the rows that fit; of codes a mean a codebook."""
        fit = self.fit
        text = self.inputs['text']
        book = self.inputs['codes'][fit].reshape(len(fit), 2, -1).mean((0, 2)).repeat(self.inputs['codes'].shape[1] // 2)
        z = (self.bold - self.bold[fit].mean(0)) / self.bold[fit].std(0)
        # The text is decoded as (x - mean) / one unit, which scales no ratio of losses.
        unit = np.sqrt((text[fit].std(0) ** 2).mean())
        return {'video': (self.first, self.first[fit].mean(0)), 'codes': (self.inputs['codes'] / (CLASSES - 1), book / (CLASSES - 1)),
                'text': ((text - text[fit].mean(0)) / unit, 0), 'bold': (z, 0)}

    def losses(self, out, rows, number=np.asarray):
        """Squared errors in units of the constant's."""
        return {k: ((out[k] - number(t[rows])) ** 2).sum(1).mean() / ((c - t[self.fit]) ** 2).sum(1).mean() for k, (t, c) in self.terms().items()}


def logged(run, line, part):
    header, *lines = [l.rstrip('\n').split('\t') for l in open(run + '/metrics.tsv')]
    return {k: float(lines[line][header.index('%s.loss.%s' % (part, k))]) for k in ('video', 'codes', 'text', 'bold')}


def compare(want, got, tolerance):
    for k in want:
        print('# %s: NumPy %.9g, giblet %.9g' % (k, want[k], got[k]))
        assert abs(want[k] - got[k]) < tolerance * max(1, abs(want[k])), k


class Torch(Network):
    """The same with PyTorch's own batch norm."""

    def __init__(self, path):
        import torch
        super().__init__(path)
        self.torch = torch
        order = sum(INPUT.values(), []) + ENCODER + [('voxels.1', 0), ('voxels.2', 0)] + DECODER
        for k in KINDS:
            order = order + OUTPUT[k] + [(LAST[k], 0)]
        self.learnt = [n for name, _ in order for n in (name + '.weight', name + '.bias', name + '.norm.scale', name + '.norm.shift') if n in self.t]
        self.t = {k: torch.tensor(self.t[k], requires_grad=True) for k in self.learnt}

    def block(self, name, x, training, rectify=True):
        y = self.torch.nn.functional.batch_norm(self.linear(name, x), None, None, self.t[name + '.norm.scale'], self.t[name + '.norm.shift'], training)
        return y.relu() if rectify else y

    def forward(self, inputs):
        def through(x, layers):
            for name, _ in layers:
                x = self.block(name, x, True, name != '7')
            return x
        z = through(self.torch.cat([through(self.torch.tensor(inputs[k]), INPUT[k]) for k in KINDS], 1), ENCODER)
        shared = through(z, DECODER)
        out = {k: self.linear(LAST[k], through(shared, OUTPUT[k])) for k in KINDS}
        return {'bold': self.linear('voxels.2', through(z, [('voxels.1', 0)])), 'text': out['text'], 'video': out['video'].sigmoid(), 'codes': out['codes'].sigmoid()}


def slopes(data, net, after):
    sum(data.losses(net.forward(data.rows(data.fit)), data.fit, net.torch.tensor).values()).backward()
    first, at, worst = after['optimiser.first'].astype('f8') / 0.1, 0, 0
    for k in net.learnt:
        want = net.t[k].grad.numpy().ravel()
        got = first[at:at + want.size]
        at += want.size
        if abs(want).max() > 1e-9:  # not the biases before a norm, nor what only shifts its input
            worst = max(worst, np.linalg.norm(got - want) / np.linalg.norm(want))
            assert worst < 1e-3, (k, worst)
    print('# %d gradients, off by at most %.2g of their size' % (len(net.learnt), worst))
    assert at == first.size


def main(verb, *args):
    if verb == 'counts':
        f, h, w, _ = (int(n) for n in args[0].split('x'))
        q, frames = (int(n) for n in args[1].split('x'))
        sizes = {'video': f * h * w * 3, 'codes': q * frames, 'text': int(args[2])}
        print(counts(sizes, dict(sizes, video=h * w * 3), int(args[3]), float(args[4])))
    elif verb == 'evaluates':
        data, net = Data(args[0], 0.12, 12 / 1.5), Network(args[1] + '/last.safetensors')
        compare(data.losses(net.forward(data.rows(data.validate), False), data.validate), logged(args[1], -1, 'validation'), 1e-4)
        p = load(args[2] + '/prediction.safetensors')[0]
        bold, fit = data.bold, data.fit
        want = net.forward(data.rows(p['rows']), False)['bold'] * bold[fit].std(0) + bold[fit].mean(0)
        print('# BOLD: off by at most %.2g' % abs(want - p['predicted']).max())
        assert abs(want - p['predicted']).max() < 1e-3 and want.std(0).mean() > 0.05
    elif verb == 'slopes':
        slopes(Data(args[0], 0.12, 12 / 1.5), Torch(args[1] + '/last.safetensors'), load(args[2] + '/last.safetensors')[0])
    else:
        data, net = Data(args[0], 0.12, 12 / 1.5), Network(args[1] + '/last.safetensors')
        compare(data.losses(net.forward(data.rows(data.fit), True), data.fit), logged(args[2], 1, 'train'), 1e-4)
        after = load(args[2] + '/last.safetensors')[0]
        for name, (mean, variance) in net.measured.items():
            assert np.allclose(after[name + '.norm.mean'], 0.1 * mean, rtol=1e-3, atol=1e-4), name
            assert np.allclose(after[name + '.norm.variance'], 0.9 + 0.1 * variance, rtol=1e-3, atol=1e-4), name
        print('# running moments of %d norms' % len(net.measured))
        assert len(net.measured) == 22


main(*sys.argv[1:])
