#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""train_torch.py: PyTorch's side of bench/train.  Reads lines "WHAT THREADS" and answers each with the seconds it
took ("parameters.WHAT": with the number of them): "mlp", "giblet13", "real": a training step of the same networks as train.c; "adamw": the optimiser's part of "mlp".
Each runs with AdamW's two forms (foreach or not); a step is answered with the form that was quicker so far."""
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def gelu(x):
    return F.gelu(x, approximate='tanh')


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        width = (4096, 4096, 2048, 4096, 4096)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(width, width[1:]))
        self.x = torch.rand(64, 4096) * 3 - 1.5
        self.clips = False

    def forward(self):
        y = self.x
        for i, layer in enumerate(self.layers):
            y = layer(y) if i == 3 else gelu(layer(y))
        return F.mse_loss(y, self.x)


class Block(nn.Module):
    def __init__(self, n, out):
        super().__init__()
        self.norm, self.linear, self.same = nn.LayerNorm(n), nn.Linear(n, out), n == out

    def forward(self, x):
        y = F.dropout(gelu(self.linear(self.norm(x))), 0.1)
        return x + y if self.same else y


class Decoder(nn.Module):
    def __init__(self, frames):
        super().__init__()
        self.path = nn.Sequential(Block(2048, 8000), Block(8000, 4096), Block(4096, 2048), Block(2048, 1536))
        self.video, self.video_norm, self.patches, self.patch = Block(1536, 256), nn.LayerNorm(256), nn.Linear(256, frames * 144 * 8), nn.Linear(8, 300)
        self.codes, self.codes_norm, self.frames, self.code = Block(1536, 256), nn.LayerNorm(256), nn.Linear(256, 113 * 32), nn.Linear(32, 4096)
        self.text, self.vector = Block(1536, 256), nn.Linear(256, 1024)
        self.factors, self.beside = nn.Linear(2048, 64, bias=False), nn.Linear(64, 1024, bias=False)

    def forward(self, z, batch, direct=(0, 0)):
        x = self.path(z)
        video = self.patch(gelu(self.patches(self.video_norm(self.video(x)))).view(-1, 8)).view(len(z), -1)
        video = torch.sigmoid(video + direct[0] + batch['base'])
        codes = (self.code(gelu(self.frames(self.codes_norm(self.codes(x)))).view(-1, 32)) + direct[1]).view(-1, 1024)
        return (F.mse_loss(video, batch['target_video']) + F.cross_entropy(codes, batch['target_codes']) +
                F.mse_loss(self.vector(self.text(x)) + self.beside(self.factors(z)), batch['target_text']))


class Back(nn.Module):
    """From the BOLD window straight to the logits of pictures and codes, and to text, which no loss asks for; nothing
    trains it."""
    def __init__(self, lags, voxels, frames, subjects, factors=16):
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(voxels, factors, bias=False) for _ in range(subjects))
        self.video, self.patches, self.pixels = nn.Linear(lags * factors, 3), nn.Linear(3, frames * 144 * 3, bias=False), nn.Linear(3, 300, bias=False)
        self.codes, self.frames, self.logits = nn.Linear(lags * factors, 4), nn.Linear(4, 113 * 4, bias=False), nn.Linear(4, 4096, bias=False)
        self.text, self.columns = nn.Linear(lags * factors, 8), nn.Linear(8, 1024)
        self.requires_grad_(False)

    def forward(self, read):
        x = read(self.heads)
        return self.pixels(self.patches(self.video(x)).view(-1, 3)).view(len(x), -1), self.logits(self.frames(self.codes(x)).view(-1, 4))


def pool(x):
    """Mean over the frames, and their later half less their earlier half: [rows, frames, width] → [rows, 2·width]."""
    half = x.shape[1] // 2
    return torch.cat((x.mean(1), x[:, -half:].mean(1) - x[:, :half].mean(1)), 1)


class Giblet13(nn.Module):
    """Sizes as in train.c: 2 windows of 20 rows of history and 21 that are scored."""
    def __init__(self, groups=2, history=20, scored=21, lags=9, voxels=20000, rank=64, frames=4, subjects=1):
        super().__init__()
        rows, n = groups * (history + scored), groups * scored
        self.groups, self.history, self.scored, self.lags, self.clips = groups, history, scored, lags, True
        self.patch, self.video_norm, self.video = nn.Linear(300, 16), nn.LayerNorm(2 * 2304), nn.Linear(2 * 2304, 1024)
        self.table, self.convolution = nn.Embedding(4096, 128), nn.Linear(5 * 128, 256)
        self.codes_norm, self.codes, self.text = nn.LayerNorm(512), nn.Linear(512, 256), nn.Linear(1024, 256)
        self.deep = nn.Sequential(Block(1536, 1536), Block(1536, 4096), Block(4096, 8000), nn.LayerNorm(8000), nn.Linear(8000, 2048, bias=False))
        self.absent = nn.ParameterList(nn.Parameter(torch.zeros(k)) for k in (1024, 256, 256))
        self.linear = nn.Linear(864 + 4096 + 1024, 2048, bias=False)
        self.map, self.heads = nn.Linear(2048, rank, bias=False), nn.ModuleList(nn.Linear(rank, voxels) for _ in range(subjects))
        self.factors, self.latent = nn.ModuleList(nn.Linear(voxels, rank, bias=False) for _ in range(subjects)), nn.Linear(lags * rank, 2048)
        self.decoder, self.back = Decoder(frames), Back(lags, voxels, frames, subjects)
        lag = torch.arange(scored)[:, None] + history - torch.arange(history + scored)
        self.batch = dict(
            video=torch.randint(0, 256, (rows, frames, 90, 160, 3), dtype=torch.uint8), mean=torch.rand(frames, 90, 160, 3), scale=torch.rand(frames, 90, 160, 3) / 50,
            codes=torch.randint(0, 1024, (rows, 4, 113)), first=torch.arange(4)[None, :, None] * 1024, linear=torch.rand(rows, 864 + 4096 + 1024),
            keep=torch.ones(rows, 1, dtype=torch.bool), kernel=torch.where((lag >= 0) & (lag < 21), torch.rand(1), torch.zeros(1)),
            bold=torch.rand(subjects, groups, scored + lags, voxels), target_bold=torch.rand(subjects, n, voxels), weight_bold=torch.rand(voxels), ones=torch.ones(n, 1),
            scale_z=torch.rand(2048), offset_z=torch.rand(2048), pairs=torch.arange(n), base=torch.rand(frames * 144 * 300),
            target_video=torch.rand(n, frames * 144 * 300), target_codes=torch.randint(0, 1024, (n * 113 * 4,)), target_text=torch.rand(n, 1024))

    def encode(self, b):
        rows = len(b['linear'])
        x = (b['video'].float() - b['mean']) * b['scale']
        x = x.view(-1, 9, 10, 16, 10, 3).permute(0, 1, 3, 2, 4, 5).reshape(-1, 300)
        video = gelu(self.video(self.video_norm(pool(gelu(self.patch(x)).view(rows, b['video'].shape[1], -1)))))
        x = F.pad(self.table(b['codes'] + b['first']).sum(1), (0, 0, 2, 2)).unfold(1, 5, 2).transpose(2, 3).reshape(rows, 57, -1)
        codes = gelu(self.codes(self.codes_norm(pool(gelu(self.convolution(x))))))
        parts = video, codes, gelu(self.text(b['linear'][:, -1024:]))
        deep = self.deep(torch.cat([torch.where(b['keep'], p, a) for p, a in zip(parts, self.absent)], 1))
        return self.linear(b['linear']) + deep

    def window(self, heads):
        """What HEADS read of the volumes after each scored row, side by side."""
        read = sum(head(bold) for head, bold in zip(heads, self.batch['bold']))
        return torch.cat([read[:, 1 + j:1 + j + self.scored] for j in range(self.lags)], 2).reshape(self.groups * self.scored, -1)

    def forward(self):
        b = self.batch
        z = self.encode(b).view(self.groups, -1, 2048)
        scored = z[:, self.history:].reshape(-1, 2048)
        mapped = self.map(torch.matmul(b['kernel'], z).reshape(-1, 2048))
        loss = sum((b['ones'] * b['weight_bold'] * (head(mapped) - target) ** 2).mean() for head, target in zip(self.heads, b['target_bold']))
        latent, target = self.latent(self.window(self.factors)), scored.detach() * b['scale_z'] + b['offset_z']
        loss = loss + F.mse_loss(latent, target)
        pairs = F.layer_norm(latent, (2048,)) @ F.layer_norm(target, (2048,)).T / 204.8
        loss = loss + F.cross_entropy(pairs, b['pairs'])
        return loss + self.decoder(scored, b) + self.decoder(latent * b['scale_z'] + b['offset_z'], b, self.back(self.window))


def step(net, optimiser):
    """One training step; the seconds that AdamW took of it."""
    loss = net()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    if net.clips:
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    began = time.perf_counter()
    optimiser.step()
    return time.perf_counter() - began


made, best = {}, {}
for line in sys.stdin:
    what, threads = line.split()
    asked, what = what, what.replace('parameters.', '')
    torch.set_num_threads(int(threads))
    kind = 'mlp' if what == 'adamw' else what
    if kind not in made:
        net = {'mlp': Mlp, 'giblet13': Giblet13, 'real': lambda: Giblet13(groups=1, voxels=85810, frames=38, subjects=17)}[kind]()
        made[kind] = net, torch.optim.AdamW(net.parameters(), lr=1e-4, foreach=False)
        step(*made[kind])
    net, optimiser = made[kind]
    if asked != what:
        print(sum(p.numel() for p in net.parameters()), flush=True)
        continue
    tries = best.setdefault(line, {})
    foreach = len(tries) == 1 if len(tries) < 2 else tries[True] < tries[False]
    for group in optimiser.param_groups:
        group['foreach'] = foreach
    began = time.perf_counter()
    took = step(net, optimiser)
    if what != 'adamw':
        took = time.perf_counter() - began
    tries[foreach] = min(took, tries.get(foreach, took))
    print('%.6f' % took, flush=True)
