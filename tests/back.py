# SPDX-License-Identifier: MIT
"""back.py: a brain of which is known what it holds of the stimulus, and the way back from it in NumPy.

    back.py make ROWS        stimulus.safetensors, s0.safetensors, shuffled.safetensors (blocks of its volumes in another order)
    back.py weights RUN ROWS FIRST LAST   RUN's linear paths are those found here; rows 0 … ROWS−1 train, the window is FIRST … LAST
    back.py figures REPORT CONDITION      of S[tensor], the skills in metrics.tsv
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tensors import *

PENALTIES = [10 ** ((i - 4) / 2) for i in range(17)]


def make(n):
    r = np.random.default_rng(5)
    slow = np.repeat(r.normal(0, 1, (n // 3 + 1, 3)), 3, 0)[:n]
    colour = 128 + 30 * slow[:, :1] * [1, .8, .6]
    video = np.clip(colour[:, None, None, None] + 8 * r.normal(0, 1, (1, 1, 16, 24, 3)) + 12 * r.normal(0, 1, (n, 2, 16, 24, 3)), 0, 255).astype('u1')
    names = r.permutation(1024)[:8]
    codes = names[np.clip(np.round(slow[:, 1, None, None] * 1.5 + 4 + 0.3 * r.normal(0, 1, (n, 2, 9))), 0, 7).astype(int)].astype('i2')
    mel = (slow[:, 1:2, None] * np.linspace(1, 0, 11)[:, None] + r.normal(0, 1, (n, 11, 15))).astype('f4')
    known = np.concatenate([slow[:, :2], r.normal(0, 1, (n, 1))], 1).astype('f4')  # the last is of no brain
    text = r.normal(0, 1, (n, 20)).astype('f4')                                    # nor is any word
    save('stimulus.safetensors', video=video, codes=codes, mel=mel, known=known, text=text)
    late = np.stack([np.roll(slow, k, 0) for k in (3, 4, 5)]).mean(0)
    bold = (late @ r.normal(0, 1, (3, 45)) + 1.5 * r.normal(0, 1, (n, 45))).astype('f4')
    save('s0.safetensors', bold=bold)
    blocks = [bold[i:i + 20] for i in range(0, n, 20)]
    save('shuffled.safetensors', bold=np.concatenate([blocks[i] for i in r.permutation(len(blocks))]))


def ridge(x, y, gap):
    """Weights, intercepts and penalties by skill in eight contiguous folds."""
    n, error, constant = len(x), np.zeros((17, y.shape[1])), np.zeros(y.shape[1])
    scale = ((x - x.mean(0)) ** 2).sum() / n
    solve = lambda a, b, p: np.linalg.solve(a.T @ a + p * scale * np.eye(a.shape[1]), a.T @ b)
    for f in range(8):
        first, end = n * f // 8, n * (f + 1) // 8
        kept = np.array([i for i in range(n) if i < first - gap or i > end - 1 + gap])
        mx, my = x[kept].mean(0), y[kept].mean(0)
        constant += ((y[first:end] - my) ** 2).sum(0)
        for l, p in enumerate(PENALTIES):
            error[l] += ((y[first:end] - my - (x[first:end] - mx) @ solve(x[kept] - mx, y[kept] - my, p)) ** 2).sum(0)
    if y.shape[1] > 16:
        error[:], constant[:] = error.sum(1, keepdims=True), constant.sum()
    best, w = error.argmin(0), np.zeros((x.shape[1], y.shape[1]))
    for t in range(y.shape[1]):
        if error[best[t], t] < constant[t]:
            w[:, t] = solve(x - x.mean(0), y[:, t] - y[:, t].mean(), PENALTIES[best[t]])
    return w, y.mean(0) - x.mean(0) @ w


def weights(run, rows, first, last, history=32, gap=15):
    t, s, b = load(run + '/best.safetensors')[0], load('stimulus.safetensors')[0], load('s0.safetensors')[0]['bold'].astype('f8')
    fit = np.arange(history, rows)
    b = (b - b[fit].mean(0)) / b[fit].std(0)
    fit = fit[fit + last < len(b) - 60 + 30]  # the window ends before the test rows
    vector, value, _ = np.linalg.svd(b[fit].T, full_matrices=False)
    head = t['back.brain.mean.weight']
    assert head.shape == (16, 45) and abs(abs((head * vector[:, :16].T).sum(1)) - 1)[:3].max() < 1e-3
    assert abs(head @ head.T - np.eye(16)).max() < 1e-4, abs(head @ head.T - np.eye(16)).max()
    window = lambda i: np.concatenate([b[i + k] @ head.T for k in range(first, last + 1)])
    x = np.array([window(i) for i in fit])
    floats = np.concatenate([s['known'], s['text']], 1).astype('f8')
    whole = np.arange(history, rows)
    floats = (floats - floats[whole].mean(0)) / floats[whole].std(0)
    mel = s['mel'].astype('f8')
    mel = ((mel - mel[whole].mean(0)) / mel[whole].std(0)).mean(2)
    colour = s['video'][fit].reshape(len(fit), -1, 3).mean(1) / 255
    for name, y, at in (('floats', floats[fit][:, :3], 0), ('text', floats[fit][:, 3:], 0), ('mel', mel[fit], 0), ('video', colour - colour.mean(0), 0)):
        w, c = ridge(x, y, gap)
        got, bias = t['back.%s.weight' % name], t['back.%s.bias' % name].ravel()
        if name == 'text':  # in eight directions of what is said of these rows
            got, bias = t['back.text.columns.weight'] @ got, t['back.text.columns.weight'] @ bias + t['back.text.columns.bias'].ravel()
            v = np.linalg.svd((x - x.mean(0)) @ w)[2][:8]
            w, c = w @ v.T @ v, y.mean(0) - x.mean(0) @ w @ v.T @ v
        assert got.shape == w.T.shape, (got.shape, w.T.shape)
        far = abs(x @ got.T + bias - x @ w - c).max() / max(y.std(), 1e-9)
        print('%s: %d targets, %d constant, at most %.2g SD apart' % (name, y.shape[1], (abs(w).sum(0) == 0).sum(), far))
        assert far < 2e-3, (name, far)
    size = np.linalg.norm(t['back.floats.weight'], axis=1)
    assert (size[:2] > 4 * size[2]).all(), 'known is, noise is not: %s' % size
    assert (t['back.video.frames.weight'] == np.tile(np.eye(3), (2 * 4, 1))).all()


def figures(report, condition):
    s = {}
    for line in open(report + '/metrics.tsv').read().splitlines():
        f = line.split('\t')
        if f[:2] == ['decoding.skill', 'brain-to-stimulus']:
            s[f[2]] = float(f[4])
        if f[:2] == ['decoding.skill.mean', 'brain-to-stimulus']:
            mean = float(f[4])
    print(s, mean)
    assert abs(mean - sum(s.values()) / len(s)) < 1e-5
    assert eval(condition, {'S': s, 'all': all, 'len': len}), condition


if sys.argv[1] == 'make':
    make(int(sys.argv[2]))
elif sys.argv[1] == 'weights':
    weights(sys.argv[2], *map(int, sys.argv[3:6]))
else:
    figures(sys.argv[2], sys.argv[3])
