#!/bin/sh
# SPDX-License-Identifier: MIT
# What each tensor adds: gb-recon's nested models, partition and product measure, against
# numpy on models that gb-train fitted one by one.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(8)
n, v = 800, 71
def ar(columns):
    x = r.normal(0, 1, (n, columns))
    for i in range(1, n):
        x[i] += 0.6 * x[i - 1]
    return x
a, loud, idle = ar(3), ar(1), ar(2)
b = 0.8 * a[:, :2] + 0.6 * ar(2)               # shares with a, and has its own
c = ar(40)                                     # wide: in the dual, and 40 * 6 columns
late = lambda x: np.vstack([np.zeros((3, x.shape[1])), x[:-3]])
w = lambda k: r.normal(0, 1, (k, v))
bold = late(a) @ w(3) + late(b) @ w(2) + 0.3 * late(c) @ w(40) + 2 * late(loud) @ w(1) + 4 * ar(v)
bold[:, 5] = 0                                 # a dead voxel
for s in range(2):
    noise = 2 * r.normal(0, 1, (n, v))
    noise[:, 5] = 0
    save('s%d.safetensors' % s, bold=(bold + noise + 0.5).astype('f4'))
save('x.safetensors', a=a.astype('f4'), b=b.astype('f4'), c=c.astype('f4'), loud=loud.astype('f4'), idle=idle.astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
gb-cache pack -q --tr 3/2 --runs a:450,b:350 --split a:0:220/a:260:450,b:151:350 -o SET x.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors || exit 1
ridge='gb-train -q --model ridge --no-decoders --brain-kernel fir:0:6'
$ridge -o RUN SET || exit 1
for f in loud loud,a loud,a,b loud,b,c loud,a,b,c loud,a,b,c,idle; do $ridge -o "$(echo $f | tr , -)" --features $f SET && gb-recon -q --from stimulus -o "r-$(echo $f | tr , -)" "$(echo $f | tr , -)" SET || exit 1; done

check 'nested models and a partition' 'gb-recon -q --from stimulus -o DIR --nuisance "lo*" --nested a,b,c,idle --partition a,b+c RUN SET'
cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
table = [l.rstrip('\n').split('\t') for l in open('DIR/metrics.tsv')]
head = table[0]
def metric(key, column='value'):
    found = [l for l in table if l[0] == key]
    assert len(found) == 1 and found[0][2] == 'mean of 2 subjects', (key, found)
    return float(found[0][head.index(column)])
def near(a, b, what, tolerance=3e-6):
    assert abs(a - b) <= tolerance, (what, a, b)
def load_run(name):
    out = load('r-%s/prediction.safetensors' % name)[0]
    return out['predicted'].astype(float), out['measured'].astype(float), out['rows'], out['runs']
P = {k: load_run(k)[0] for k in ('loud', 'loud-a', 'loud-a-b', 'loud-b-c', 'loud-a-b-c', 'loud-a-b-c-idle')}
_, Y, rows, runs = load_run('loud')
base = load('loud-a-b-c/best.safetensors')[0]['encode.offset'].astype(float)
x = load('SET/index.safetensors')[0]
bold = sum(load('s%d.safetensors' % s)[0]['bold'].astype(float) for s in range(2)) / 2
assert np.allclose(base, bold[x['use'] == 1].mean(0), atol=1e-5)
def cor(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    s = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    return np.where(s > 1e-9, (a * b).sum(0) / np.where(s > 1e-9, s, 1), 0)
def share(part, p, y):
    d = ((y - base) ** 2).sum(0)
    n = (part * (2 * (y - base) - (p - base))).sum(0)
    return np.where(d > 1e-9, n / np.where(d > 1e-9, d, 1), 0).mean()
def r2(p, y=None):
    y = Y if y is None else y
    d = ((y - base) ** 2).sum(0)
    return np.where(d > 1e-9, 1 - ((y - p) ** 2).sum(0) / np.where(d > 1e-9, d, 1), 0).mean()

# nested: r of each, and its gain over the one before
steps = [('nuisance', 'loud'), ('a', 'loud-a'), ('b', 'loud-a-b'), ('c', 'loud-a-b-c'), ('idle', 'loud-a-b-c-idle')]
for i, (name, run) in enumerate(steps):
    key = 'nested.%s.r.mean' % name
    near(metric(key), cor(P[run], Y).mean(), key)
    if i:
        near(metric(key, 'ridge'), cor(P[steps[i - 1][1]], Y).mean(), key)
        near(metric(key, 'minus_ridge'), cor(P[run], Y).mean() - cor(P[steps[i - 1][1]], Y).mean(), key)
assert metric('nested.a.r.mean', 'minus_ridge_low') > 0.05
assert metric('nested.idle.r.mean', 'minus_ridge_low') < 0, 'what carries nothing adds nothing'

# partition: a | b+c, loud in all
full, none, a, bc = r2(P['loud-a-b-c']), r2(P['loud']), r2(P['loud-a']), r2(P['loud-b-c'])
near(metric('partition.full.r2'), full, 'full')
near(metric('partition.nuisance.r2'), none, 'nuisance')
near(metric('partition.a.r2'), a, 'a')
near(metric('partition.a.unique'), full - bc, 'unique a')
near(metric('partition.b_c.unique'), full - a, 'unique b+c')
near(metric('partition.a_and_b_c.shared'), a + bc - full - none, 'shared')
assert a + bc - full - none > 0.01, 'b was made of a'

# the product measure, from the coefficients of the model themselves
ck = load('loud-a-b-c/best.safetensors')[0]
model = json.loads(bytes(ck['model']))
stim = load('x.safetensors')[0]
train, first = ck['encode.train'], {0: 0, 1: 450}
run_of = lambda t: int(t >= 450)
def design(z, at):
    return np.array([np.concatenate([z[t - k] if t - k >= first[run_of(t)] else 0 * z[0] for k in range(6)]) for t in at])
part, forms = {}, set()
for band in model['dims']['encode']['bands']:
    name = band['name']
    z = (stim[name].astype(float) - ck['encode.%s.mean' % name]) / ck['encode.%s.std' % name]
    X = design(z, rows)
    c = ck['encode.%s.coefficient' % name].astype(float)
    part[name] = X @ design(z, train).T @ c if band['dual'] else X @ c
    forms.add(band['dual'])
assert np.allclose(sum(part.values()) + base, P['loud-a-b-c'], atol=1e-4)
for name, q in (('a', part['a']), ('b_c', part['b'] + part['c']), ('nuisance', part['loud'])):
    near(metric('partition.%s.product' % name), share(q, P['loud-a-b-c'], Y), name, 2e-5)
near(sum(metric('partition.%s.product' % n) for n in ('a', 'b_c', 'nuisance')), full, 'they add up', 1e-5)

# intervals: about those of an independent bootstrap of the same blocks
course = Y.mean(1) - Y.mean()
n = len(Y)
lag = next(k for k in range(1, n) if sum(course[i] * course[i - k] for i in range(k, n) if runs[i] == runs[i - k]) / (course @ course) < 0.1)
length = max(30, int(np.ceil(1.5 * lag)))
g = np.random.default_rng(1)
starts = [i for i in range(n - length + 1) if runs[i] == runs[i + length - 1]]
boot = []
for _ in range(600):
    i = np.concatenate([np.arange(s, s + length) for s in g.choice(starts, -(-n // length))])[:n]
    f, o, one, two = (r2(P[k][i], Y[i]) for k in ('loud-a-b-c', 'loud', 'loud-a', 'loud-b-c'))
    boot.append([f, f - two, f - one, one + two - f - o, cor(P['loud-a'][i], Y[i]).mean() - cor(P['loud'][i], Y[i]).mean(),
                 share(part['a'][i], P['loud-a-b-c'][i], Y[i])])
low, high = np.quantile(boot, [0.025, 0.975], axis=0)
names = ['partition.full.r2', 'partition.a.unique', 'partition.b_c.unique', 'partition.a_and_b_c.shared', None, 'partition.a.product']
for k, name in enumerate(names):
    got = [metric(name, 'low'), metric(name, 'high')] if name else [metric('nested.a.r.mean', 'minus_ridge_' + e) for e in ('low', 'high')]
    slack = 0.25 * (high[k] - low[k])
    assert abs(got[0] - low[k]) < slack and abs(got[1] - high[k]) < slack, (name, got, low[k], high[k])
E2
check 'every figure is what numpy finds' "$PYTHON oracle.py '$TOP'"
check 'the page has them' 'for w in "What each tensor adds" "product measure" "undecided\|harms" "the nuisance stands in all"; do grep -q "$w" DIR/report.html || { echo "$w"; exit 1; }; done'
check 'nothing is left of the fits' 'test -z "$(find DIR -name "*refit*")"'
check 'three groups: seven parts, which add up to the whole' "gb-recon -q --from stimulus -o three --partition a,b,c RUN SET && awk -F'\t' '\$1 ~ /[.](unique|shared)\$/ {n++; sum += \$5} \$1 == \"partition.full.r2\" {full = \$5} END {exit !(n == 7 && full > 0 && (sum - full) ^ 2 < 1e-10)}' three/metrics.tsv"
for j in 1 3; do
	check "same bytes for -j$j" "gb-recon -q --from stimulus -j$j -o j$j --nuisance loud --nested a,b --partition a,b RUN SET && cmp j1/metrics.tsv j$j/metrics.tsv && cmp j1/report.html j$j/report.html"
done
check 'too few rows: no interval, and that is said' "gb-recon -q --from stimulus -o few --rows 260:420 --nested a,b RUN SET && awk -F'\t' '/^nested/ && (\$6 != \"n/a\" || \$12 != \"n/a\") {exit 1}' few/metrics.tsv && grep -q 'too few rows for an interval' few/report.html && grep -q 'no nuisance was named' few/report.html"
fails 2 'no stimulus tensor sound[*]' 'a pattern that fits none' gb-recon -q -o bad --nested 'a,sound*' RUN SET
fails 2 'a stands twice' 'a pattern that fits what stands there' gb-recon -q -o bad --nested 'a,*' RUN SET
fails 2 'no stimulus tensor sound' 'a tensor that is none' gb-recon -q -o bad --nested a,sound RUN SET
fails 2 'a stands twice' 'a tensor twice' gb-recon -q -o bad --nested a,b+a RUN SET
fails 2 'loud stands twice' 'nuisance among the steps' gb-recon -q -o bad --nuisance loud --nested a,loud RUN SET
fails 2 '1 group of tensors, 2 to 4' 'a partition of one' gb-recon -q -o bad --partition a+b RUN SET
fails 2 '5 groups of tensors, 2 to 4' 'a partition of five' gb-recon -q -o bad --partition a,b,c,loud,idle RUN SET
fails 2 'names of stimulus tensors' 'an empty step' gb-recon -q -o bad --nested a,,b RUN SET
fails 2 'not with --from brain' 'from the brain' gb-recon -q -o bad --from brain --nested a RUN SET
fails 2 'one of them is wanted' 'nuisance alone' gb-recon -q -o bad --nuisance a RUN SET
# On a terminal it says how far it has come.
watched='gb-recon --from stimulus -o watched --nuisance loud --nested a,b --partition a,b RUN SET'
if have_terminal; then
	check 'progress on a terminal' "on_terminal $watched >shown && grep -q 'nested models 3 of 3 (100 %)' shown &&
		grep -q 'models of the partition 4 of 4 (100 %)' shown && ! on_terminal $watched -q | grep -q models &&
		! $watched 2>&1 | grep -q models"
else skip 'progress on a terminal' 'no pseudo-terminal can be opened here'; fi
done_testing
