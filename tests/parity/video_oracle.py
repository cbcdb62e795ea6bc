# SPDX-License-Identifier: MIT
"""video_oracle.py TENSORS FILM KR,KB full|limited [W H]: the frames of TENSORS against a float oracle.

Decodes FILM with the ffmpeg program to its own samples, takes the area mean of each plane in double, then the
colour matrix (ITU-R BT.601/709/2020), then the nearest level.  Prints the worst difference in levels, the PSNR
of the two, and the PSNR against ffmpeg's own scaler (--no-peer: not asked for).  --filter=NAME, --window=X,Y,W,H
(pixels) and --place=X,Y,W,H (of the content in the output; black elsewhere) follow the tool's options."""
import runpy
import subprocess
import sys
from os.path import dirname

import numpy as np

load = runpy.run_path(dirname(dirname(sys.argv[0])) + '/tensors.py')['load']


def pixels(film, *args):
    return subprocess.run(['ffmpeg', '-v', 'error', '-noautorotate', '-i', film, '-fps_mode', 'passthrough', *args, '-f', 'rawvideo', '-'],
                          capture_output=True, check=True).stdout


def area(samples, first, length, out):
    """Weights [out, samples]: shares of sample j under output i, of the window [first, first + length)."""
    edges = first + np.arange(out + 1) * length / out
    j = np.arange(samples)
    lo, hi = np.maximum(edges[:-1, None], j), np.minimum(edges[1:, None], j + 1)
    w = np.maximum(hi - lo, 0)
    return w / w.sum(1, keepdims=True)


def cubic(x):
    x = np.abs(x)
    return np.where(x < 1, 1.5 * x ** 3 - 2.5 * x ** 2 + 1, np.where(x < 2, -.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2, 0))


def taps(samples, first, length, out, kernel):
    """The same for a kernel widened by the reduction, cut at the border."""
    step = length / out
    centre = first + (np.arange(out)[:, None] + .5) * step
    w = kernel((np.arange(samples) + .5 - centre) / max(step, 1))
    return w / w.sum(1, keepdims=True)


FILTERS = {'area': area, 'bicubic': lambda *a: taps(*a, cubic), 'bilinear': lambda *a: taps(*a, lambda x: np.maximum(0, 1 - np.abs(x)))}


def oracle(planes, depth, window, size, kr, kb, full, weights=area):
    """planes: three float arrays of one frame; window: x, y, w, h in pixels of the first plane."""
    h, w = planes[0].shape
    small = []
    for p in planes:
        sx, sy = round(w / p.shape[1]), round(h / p.shape[0])
        ax = weights(p.shape[1], window[0] / sx, window[2] / sx, size[0])
        ay = weights(p.shape[0], window[1] / sy, window[3] / sy, size[1])
        small.append(ay @ p @ ax.T)
    unit, top = 2.0 ** (depth - 8), 2.0 ** depth - 1
    y = small[0] / top if full else (small[0] - 16 * unit) / (219 * unit)
    cb, cr = ((s - 128 * unit) / (top if full else 224 * unit) for s in small[1:])
    kg = 1 - kr - kb
    rgb = np.stack([y + 2 * (1 - kr) * cr, y - 2 * kb * (1 - kb) / kg * cb - 2 * kr * (1 - kr) / kg * cr, y + 2 * (1 - kb) * cb], -1)
    return np.clip(rgb * 255, 0, 255)


def psnr(a, b):
    return 10 * np.log10(255 ** 2 / max(((a.astype(float) - b) ** 2).mean(), 1e-12))


def main():
    tensors, film, k, span = [a for a in sys.argv[1:] if a[:2] != '--']
    extra = dict((a[2:] + '=').split('=')[:2] for a in sys.argv[1:] if a[:2] == '--')
    kr, kb = map(float, k.split(','))
    t = load(tensors)[0]
    count = t['video.count']
    ours = np.concatenate([v[:n] for v, n in zip(t['video'], count)])
    size = ours.shape[2], ours.shape[1]
    probe = subprocess.run(['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height,pix_fmt', '-of', 'csv=p=0', film],
                           capture_output=True, text=True).stdout.split(',')
    w, h, pixel = int(probe[0]), int(probe[1]), probe[2].strip()
    depth = 10 if '10' in pixel else 8
    sx, sy = {'420': (2, 2), '422': (2, 1), '444': (1, 1)}[[s for s in ('420', '422', '444') if s in pixel][0]]
    cw, ch = -(-w // sx), -(-h // sy)
    raw = np.frombuffer(pixels(film), '<u2' if depth > 8 else 'u1').reshape(len(ours), -1)
    worst, want = 0, []
    window = tuple(map(float, extra.get('window', f'0,0,{w},{h}').split(',')))
    left, top, *inner = map(int, extra.get('place', '0,0,%d,%d' % size).split(','))
    weights = FILTERS[extra.get('filter', 'area')]
    for frame, o in zip(raw, ours):
        planes = [frame[:w * h].reshape(h, w), frame[w * h:w * h + cw * ch].reshape(ch, cw), frame[w * h + cw * ch:].reshape(ch, cw)]
        f = oracle([p.astype(float) for p in planes], depth, window, inner, kr, kb, span == 'full', weights)
        want.append(np.zeros(o.shape))
        want[-1][top:top + inner[1], left:left + inner[0]] = np.rint(f)
        worst = max(worst, np.abs(o - want[-1]).max())
    own = psnr(ours, np.array(want))
    good = worst <= 1 and own >= 60
    said = f'worst {worst:.0f} level, {own:.1f} dB of the oracle'
    if 'no-peer' not in extra:
        matrix = {(.299, .114): 'bt601', (.2126, .0722): 'bt709', (.2627, .0593): 'bt2020'}[kr, kb]
        peer = pixels(film, '-vf', f'scale={size[0]}:{size[1]}:flags=area+accurate_rnd+full_chroma_int+full_chroma_inp:in_color_matrix={matrix}:'
                      f'in_range={span}', '-pix_fmt', 'rgb24')
        theirs = psnr(ours, np.frombuffer(peer, 'u1').reshape(ours.shape))
        good = good and theirs >= 55
        said += f', {theirs:.1f} dB of ffmpeg'
    print(said)
    sys.exit(not good)


if __name__ == '__main__':
    main()
