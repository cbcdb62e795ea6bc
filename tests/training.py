# SPDX-License-Identifier: MIT
"""training.py: stimuli and two brains that follow them, for tests of training.

    training.py ROWS [SEED]: stimulus.safetensors, s0.safetensors, s1.safetensors
"""
import os
import sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tensors import *

n = int(sys.argv[1])
r = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 3)
slow = np.repeat(r.normal(0, 1, (n // 3 + 1, 5)), 3, 0)[:n]
video = np.clip(128 + 40 * slow[:, :1, None, None, None] + 20 * r.normal(0, 1, (n, 3, 20, 24, 3)), 0, 255).astype('u1')
mel = (slow[:, 1:2, None] + 0.3 * r.normal(0, 1, (n, 11, 15))).astype('f4')
text = (slow[:, 2:] @ r.normal(0, 1, (3, 37)) + 0.3 * r.normal(0, 1, (n, 37))).astype('f4')
# Which code it is says something, how large its number is nothing.
names = r.permutation(1024)[:8]
codes = names[np.clip(np.round(slow[:, 0, None, None] * 1.5 + 4 + 0.3 * r.normal(0, 1, (n, 2, 9))), 0, 7).astype(int)].astype('i2')
late = np.roll(slow[:, :3], 3, 0)
save('stimulus.safetensors', video=video, mel=mel, text=text, codes=codes)
for s, voxels in enumerate((45, 31)):
    save('s%d.safetensors' % s, bold=(late @ r.normal(0, 1, (3, voxels)) + 2 * r.normal(0, 1, (n, voxels))).astype('f4'))
