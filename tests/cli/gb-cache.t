#!/bin/sh
# SPDX-License-Identifier: MIT
# pack: the common clock, statistics and split against numpy; whole or not at all.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(3)
f4 = lambda *s: r.normal(3, 2, s).astype('f4')
text = f4(420, 5000)
text[:, 17] = 4                      # a constant
text[350:353] = text[40:43]          # shown twice
rate = f4(420)
rate[350:353] = rate[40:43]
save('text.safetensors', **{'text': text, 'text.rate': rate, 'text.valid': (np.arange(420) % 50 != 7).astype('u1')})
codes = r.integers(0, 1024, (420, 4, 9)).astype('i2')
codes[350:353] = codes[40:43]
count = r.integers(7, 10, 420).astype('i4')
count[350:353] = count[40:43]
mel = f4(420, 3, 9)
mel[350:353] = mel[40:43]
for i, n in enumerate(count):
    mel[i, :, n:] = 0
    codes[i, :, n:] = -1
save('sound.safetensors', **{'mel': mel, 'mel.count': count, 'codes': codes})
save('bold1.safetensors', bold=f4(400, 3001))
save('bold2.safetensors', bold=r.normal(0, 1, (400, 11)).astype('f2'))
bad = f4(420, 3)
bad[200, 1] = np.nan
save('nan.safetensors', **{'x': bad})
save('excused.safetensors', **{'x': bad, 'x.valid': (np.arange(420) != 200).astype('u1')})
save('a.safetensors', x=f4(100, 2))
save('b.safetensors', x=f4(60, 2))
save('odd.safetensors', x=f4(100, 2), y=f4(99))
save('unsigned.safetensors', x=np.zeros((420, 2), 'u1').view('u1'), y=np.zeros(420, 'i8'))
E2
$PYTHON make.py "$TOP" || exit 1

# Foreign files get their clock by being packed; their members are gbt files with which to go on.
gb-cache pack -q --tr 3/2 --split 1:0 -o stimuli text.safetensors sound.safetensors
gb-cache pack -q --tr 1.5 --start 9/2 --split 1:0 -o brains --subject s1=bold1.safetensors --subject s2=bold2.safetensors
cp stimuli/text.safetensors stimuli/sound.safetensors .
pack='gb-cache pack -o SET --split 0.7:0.25 --drop 60:65 text.safetensors sound.safetensors --subject s1=brains/bold1.safetensors --subject s2=brains/bold2.safetensors'
check 'a set is packed' "$pack 2>table"
check 'the table says what lies outside' 'grep -Eq "text.safetensors +run-1 +0/1 +420 +400 +3 +17$" table && grep -Eq "bold2.safetensors +run-1 +9/2 +400 +400 +0 +0$" table'
check 'repeated stimuli are said' 'grep -q "3 test rows have the stimuli of a train row (the first: row 347 those of row 37)" table'

cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
index, about = load('SET/index.safetensors')
use, clock = index['use'], about['tensors']['use']['time']
assert clock == {'runs': [{'name': 'run-1', 'rows': 400, 'start': '9/2'}], 'step': '3/2', 'unit': 's'}, clock
want = np.zeros(400, int)
want[:280], want[300:] = 1, 2        # 0.7 and 0.25 of 400
want[60:65] = want[:22] = 0          # dropped; first kernel length (32 s)
gap = -(-91 * 2 // (2 * 3))          # 45.5 s in rows of 1.5 s, rounded up
for r in range(400):
    if want[r] == 1 and (want[max(0, r - gap):r + gap + 1] == 2).any():
        want[r] = 0
repeat = np.full(400, -1)
repeat[347:350] = range(37, 40)
want[347:350] = 0
assert (use == want).all() and (index['repeat'] == repeat).all()
def close(name, data, mask):
    data = data.astype('f8')
    n = mask.sum(0)
    mean = np.where(mask, data, 0).sum(0) / n
    std = np.sqrt(np.where(mask, (data - mean) ** 2, 0).sum(0) / n)
    std[std == 0] = 1
    assert np.abs(index[name + '.mean'] - mean).max() < 1e-6 and np.abs(index[name + '.std'] - std).max() < 1e-6, name
def rows(path, name, first):
    return load(path)[0][name][first:first + 400]
train = use == 1
text, valid = rows('text.safetensors', 'text', 3), rows('text.safetensors', 'text.valid', 3) != 0
close('text', text[train & valid], np.ones_like(text[train & valid], bool))
assert index['text.std'][17] == 1 and index['text.mean'][17] == 4
rate = rows('text.safetensors', 'text.rate', 3)[:, None]
close('text.rate', rate[train], np.ones_like(rate[train], bool))
mel, count = rows('sound.safetensors', 'mel', 3), rows('sound.safetensors', 'mel.count', 3)
close('mel', mel[train], np.broadcast_to(np.arange(9) < count[:, None, None], mel.shape)[train])
for s, path in ('s1', 'brains/bold1.safetensors'), ('s2', 'brains/bold2.safetensors'):
    bold = rows(path, 'bold', 0)
    close(s + '/bold', bold[train], np.ones_like(bold[train], bool))
E2
check 'rows, split, gap, repeats and statistics are numpy'"'"'s' '$PYTHON oracle.py "$TOP"'
check 'members that are gbt files are the inputs themselves' 'test text.safetensors -ef SET/text.safetensors && cmp brains/bold1.safetensors SET/bold1.safetensors'

cat >history.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
use, want = load('recent/index.safetensors')[0]['use'], load('SET/index.safetensors')[0]['use']
assert (use[:14] == 0).all() and (use[14:22] == 1).all() and (use[22:] == want[22:]).all() and not want[:22].any()
E2
check 'a short history: 20 s are 14 rows, the rest is as before, and what reaches back is said' 'gb-cache pack -o recent --history 20 --split 0.7:0.25 --drop 60:65 text.safetensors sound.safetensors --subject s1=brains/bold1.safetensors --subject s2=brains/bold2.safetensors 2>&1 | grep -q "history: 21 s at the start of each run; 0.4 % of the" && $PYTHON history.py "$TOP"'
fails 2 'history: seconds' 'a history of less than nothing' gb-cache pack -o never --history -1 text.safetensors
check 'a short gap: what is left of the kernel is said (0.95 % of it beyond 19.5 s)' 'gb-cache pack -o short --gap 19.5 stimuli/text.safetensors 2>&1 | grep -q "gap: 19.5 s; 1.0 % of the" && gb-cache pack -o short --gap 21 stimuli/text.safetensors 2>&1 | grep -q "gap: 21 s; 0.4 %"'
cp -r SET first
for j in 1 2 3; do
	check "the same bytes again, -j$j" "$pack -q -j$j && OPENBLAS_NUM_THREADS=2 $pack -q -j$j && diff -r SET first"
done
check 'stdin gives the same tensors' 'gb-cache pack -q -o piped --split 0.7:0.25 --drop 60:65 --subject s1=brains/bold1.safetensors --subject s2=brains/bold2.safetensors - sound.safetensors <text.safetensors && cmp piped/stdin.safetensors text.safetensors'
check '--repeats keep' "$pack --repeats keep 2>&1 | grep -q 'kept, as asked' && ! cmp -s SET/index.safetensors first/index.safetensors"
mkdir cut && head -c 5000 text.safetensors >cut/text.safetensors
check 'runs by name, of several files' 'gb-cache pack -q --tr 2 --runs run-1:10,run-2:90 --split 1:0 -o ab a.safetensors &&
	gb-cache pack -q --tr 2 --runs run-2:60 --split 1:0 -o only2 b.safetensors && mv only2/b.safetensors y.safetensors &&
	gb-cache pack --split 0.5:0.1 --gap 0 -o joined ab/a.safetensors --subject s=y.safetensors 2>&1 | grep -q "common clock: 60 rows of 2/1 s: run-2"'
# The longest row of one run's file is shorter than that of the other's: padded to one shape.
cat >runs.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(8)
def sound(frames, rows):
    count = r.integers(1, frames + 1, rows).astype('i4')
    mel = r.normal(size=(rows, 3, frames)).astype('f4')
    codes = r.integers(0, 1024, (rows, 4, frames)).astype('i2')
    video = r.integers(0, 255, (rows, frames, 2, 2, 3)).astype('u1')
    for i, n in enumerate(count):
        mel[i, :, n:], codes[i, :, n:], video[i, n:] = 0, -1, video[i, n - 1]
    return {'mel': mel, 'mel.count': count, 'codes': codes, 'codes.count': count, 'video': video, 'video.count': count,
            'video.pts': np.arange(rows * frames).reshape(rows, frames)}
if len(sys.argv) == 2:
    save('one.safetensors', **sound(7, 50))
    save('two.safetensors', **sound(9, 60))
else:
    a, about = load('SET/one.safetensors')
    b, _ = load('SET/two.safetensors')
    was, _ = load('one.safetensors')
    assert a['mel'].shape == (50, 3, 9) and a['codes'].shape == (50, 4, 9) and a['video'].shape == (50, 9, 2, 2, 3)
    assert (a['mel'][..., :7] == was['mel']).all() and (a['mel'][..., 7:] == 0).all()
    assert (a['codes'][..., :7] == was['codes']).all() and (a['codes'][..., 7:] == -1).all()
    assert (a['video'][:, :7] == was['video']).all() and (a['video'][:, 7:] == was['video'][:, 6:7]).all()
    assert (a['video.pts'][:, :7] == was['video.pts']).all() and (a['video.pts'][:, 7:] == was['video.pts'][:, 6:]).all()
    assert (a['mel.count'] == was['mel.count']).all() and about['params']['pad'] and about['tensors']['mel']['dims'][2] == 'frame'
    index, _ = load('SET/index.safetensors')
    mask = np.concatenate([np.arange(9) < f['mel.count'][:, None, None] for f in (a, b)])
    mel, train = np.concatenate([a['mel'], b['mel']]).astype('f8'), index['use'] == 1
    mask = np.broadcast_to(mask, mel.shape)
    assert np.abs(index['mel.mean'] - np.where(mask, mel, 0)[train].sum(0) / np.maximum(mask[train].sum(0), 1)).max() < 1e-6
E2
check 'films whose longest rows differ' '$PYTHON runs.py "$TOP" && mkdir made && gb-cache pack -q --tr 3/2 --split 1:0 -o run1 one.safetensors && mv run1/one.safetensors one.safetensors &&
	gb-cache pack -q --tr 3/2 --runs run-2:60 --split 1:0 -o run2 two.safetensors && mv run2/two.safetensors two.safetensors &&
	gb-cache pack -q --split run-1:/run-2: -o SET one.safetensors two.safetensors && $PYTHON runs.py "$TOP" check && cmp two.safetensors SET/two.safetensors'
check 'NaN in a row that is not valid' 'gb-cache pack -q --tr 3/2 -o excused excused.safetensors'

old() { cp -r first SET.old && rm -rf SET && mv SET.old SET; }
old
refuse() { code=$1 pattern=$2 name=$3; shift 3
	fails "$code" "$pattern" "$name" gb-cache pack -o SET "$@"
	check 'the old set stays, and nothing beside it' 'diff -r SET first && ! ls -d .SET* 2>/dev/null'
}
refuse 3 'nan.safetensors: x: row 200, value 1 is nan' 'NaN' --tr 3/2 nan.safetensors
refuse 3 'a row of 2/1 s, but .* has rows of 3/2 s' 'steps that differ' --tr 2 text.safetensors a.safetensors
refuse 3 'not a whole number of rows' 'phases that differ' --tr 3/2 --start 1 text.safetensors bold1.safetensors
refuse 3 'has no row in common' 'no overlap' --tr 3/2 --start 900 text.safetensors bold1.safetensors
refuse 3 'no run in common' 'other runs' --tr 3/2 --runs run-7:420 text.safetensors excused.safetensors
refuse 3 'sums to 421' '--runs that do not fit' --tr 3/2 --runs run-7:421 excused.safetensors
refuse 3 'run-1 is in an earlier file' 'the same run twice' text.safetensors stimuli/text.safetensors
refuse 3 '99.*one clock' 'two clocks in a foreign file' --tr 2 odd.safetensors
refuse 3 'text.safetensors' 'a damaged member' cut/text.safetensors
refuse 2 'give --tr' 'a foreign file without --tr' text.safetensors a.safetensors
refuse 2 'clock of their own' '--tr for nothing' --tr 3/2 text.safetensors
refuse 2 'No such file' 'a missing file' text.safetensors missing.safetensors
refuse 2 'NAME=FILE' 'a subject without file' --subject s1
refuse 2 'must be UTF-8' 'a subject that is not UTF-8' --subject "$(printf 'a\377')=text.safetensors"
refuse 2 'row 300 is in both' 'overlapping parts' --split 0:310/300:400 text.safetensors
refuse 2 'no such option.*--split' 'an option misspelt' --splot 1:0 text.safetensors
refuse 2 'nothing to pack' 'no input'
refuse 3 'no test row is left' 'nothing to test' --split 30:400/0:20 text.safetensors
# Bits of a set that flip are seen: in the index by whoever opens it, in a member by verify.
cat >flip.py <<'E2'
import os, subprocess, sys
import random
random.seed(int(sys.argv[1]))
seen = tried = 0
for name in ['index.safetensors'] * 40 + ['text.safetensors', 'bold1.safetensors'] * 20:
    path = 'flipped/' + name
    whole = open(path, 'rb').read()
    at = random.randrange(len(whole))
    with open(path, 'wb') as f:
        f.write(whole[:at] + bytes([whole[at] ^ 1 << random.randrange(8)]) + whole[at + 1:])
    done = subprocess.run(['gb-cache', 'verify', '-o', 'state', 'flipped'], stderr=subprocess.PIPE)
    tried += 1
    seen += done.returncode == 3 and done.stderr.count(b'\n') == 1
    with open(path, 'wb') as f:
        f.write(whole)
print(f'{seen} of {tried} seen')
sys.exit(seen != tried or subprocess.run(['gb-cache', 'verify', '-o', 'state', 'flipped']).returncode)
E2
cp -r first flipped
check 'any flipped bit of a set is seen by verify' '$PYTHON flip.py 11'
fails 2 'name of a folder' 'the folder itself is no name' gb-cache pack -o . text.safetensors
mkdir other && touch other/precious
fails 2 'not one of ours' 'nor a folder of other things' gb-cache pack -o other text.safetensors
fails 2 'SET is wanted' 'no -o' gb-cache pack text.safetensors
check 'they are still there' 'test -f other/precious'
done_testing
