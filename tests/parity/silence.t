#!/bin/sh
# SPDX-License-Identifier: MIT
# --lesion-input: ridge against numpy on its own coefficients, giblet13 against itself on
# sets that lack the tensor; all silenced is a constant, which scores nothing.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(4)
n, v = 760, 33
def ar(*shape):
    x = r.normal(0, 1, (n,) + shape)
    for i in range(1, n):
        x[i] += 0.6 * x[i - 1]
    return x
text, rate, mel = ar(5), ar(1), ar(4, 6)
late = lambda x: np.vstack([np.zeros((3, x.shape[1])), x[:-3]])
bold = late(text) @ r.normal(0, 1, (5, v)) + late(mel.mean(2)) @ r.normal(0, 2, (4, v)) + 2 * ar(v)
save('s0.safetensors', bold=bold.astype('f4'))
save('text.safetensors', text=text.astype('f4'))
save('rate.safetensors', **{'text.rate': rate.astype('f4')})
save('mel.safetensors', mel=mel.astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
pack() { # pack SET MEMBER…
	pack_out=$1
	shift
	gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o "$pack_out" "$@" --subject s0=s0.safetensors
}
pack SET text.safetensors rate.safetensors mel.safetensors && pack NO-TEXT rate.safetensors mel.safetensors && pack NO-MEL text.safetensors rate.safetensors &&
	pack ONLY-RATE rate.safetensors || exit 1
gb-train -q --model ridge --no-decoders --brain-kernel fir:0:6 -o RIDGE --features text,text.rate SET || exit 1
gb-train -q -j1 --device cpu --width 0.01 --rank 5 --window 9 --groups 1 --micro 4 --patience 0 --epochs 2 --brain-kernel fir:0:6 -o NET SET || exit 1

check 'ridge with inputs silenced' 'gb-recon -q --from stimulus -o ridge --lesion-input text,text.rate,text+text.rate RIDGE SET'
cat >oracle.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
table = [l.rstrip('\n').split('\t') for l in open('ridge/metrics.tsv')]
head = table[0]
def metric(key, column='value'):
    found = [l for l in table if l[0] == key and l[2] == 's0']
    assert len(found) == 1, (key, len(found))
    return float(found[0][head.index(column)])
def cor(a, b):
    a, b = a - a.mean(0), b - b.mean(0)
    s = np.sqrt((a * a).sum(0) * (b * b).sum(0))
    return np.where(s > 1e-9, (a * b).sum(0) / np.where(s > 1e-9, s, 1), 0).mean()
out = load('ridge/prediction.safetensors')[0]
rows, Y = out['rows'], out['measured'].astype(float)
ck = load('RIDGE/best.safetensors')[0]
stim = {'text': load('text.safetensors')[0]['text'], 'text.rate': load('rate.safetensors')[0]['text.rate']}
P = np.tile(ck['encode.offset'].astype(float), (len(rows), 1))
part = {}
for band in json.loads(bytes(ck['model']))['dims']['encode']['bands']:
    k = band['name']
    assert not band['dual']
    z = (stim[k].astype(float) - ck['encode.%s.mean' % k]) / ck['encode.%s.std' % k]
    X = np.array([np.concatenate([z[t - d] for d in range(6)]) for t in rows])
    part[k] = X @ ck['encode.%s.coefficient' % k].astype(float)
assert np.allclose(P + part['text'] + part['text.rate'], out['predicted'], atol=1e-4)
intact = cor(P + part['text'] + part['text.rate'], Y)
for name, left in (('text', part['text.rate']), ('text.rate', part['text'])):
    assert abs(metric('lesion.%s.encoding.r.mean' % name) - cor(left, Y)) < 2e-5, name
    assert abs(metric('lesion.%s.encoding.r.mean' % name, 'ceiling') - intact) < 2e-5
    assert abs(metric('lesion.%s.encoding.r.loss' % name) - (intact - cor(left, Y))) < 4e-5, name
assert metric('lesion.text_text.rate.encoding.r.mean') == 0 and abs(metric('lesion.text_text.rate.encoding.r.loss') - intact) < 2e-5
assert metric('lesion.text.encoding.r.loss', 'low') > 0.1 and metric('lesion.text.rate.encoding.r.loss', 'low') < 0.01
# the interval of what is lost when all is silenced is that of r itself
for end in ('low', 'high'):
    assert metric('lesion.text_text.rate.encoding.r.loss', end) == metric('encoding.r.mean', end)
E2
check 'is what numpy finds' "$PYTHON oracle.py '$TOP'"
check 'and is told' 'grep -q "With inputs silenced" ridge/report.html && ! grep -q "decoded from the stimulus" ridge/report.html'

check 'giblet13 with inputs silenced' 'gb-recon -q -o net --lesion-input text,mel,text+text.rate+mel NET SET && gb-recon -q -o whole NET SET'
check 'all else is as without' 'cmp net/prediction.safetensors whole/prediction.safetensors && grep -v "^lesion" net/metrics.tsv | cmp - whole/metrics.tsv'
# figure FOLDER DIRECTION KEY: its value
figure() { awk -F'\t' -v d="$2" -v k="$3" '$2 == d && $1 == k {print $5; exit}' "$1/metrics.tsv"; }
for name in text mel; do
	without=NO-$(echo $name | tr a-z A-Z)
	check "without $name it is as on a set that lacks it" "gb-recon -q -o without-$name --only bold NET $without && test \"\$(figure net stimulus-to-brain lesion.$name.encoding.r.mean)\" = \"\$(figure without-$name stimulus-to-brain encoding.r.mean)\""
done
check 'what it decodes through the bottleneck too' "gb-recon -q -o decoded --from stimulus NET NO-TEXT && test \"\$(awk -F'\t' '\$3 == \"mel\" && \$1 == \"lesion.text.decoding.identification.percentile\" {print \$5}' net/metrics.tsv)\" = \"\$(awk -F'\t' '\$2 == \"stimulus-to-stimulus\" && \$3 == \"mel\" && \$1 == \"decoding.identification.percentile\" {print \$5}' decoded/metrics.tsv)\""
check 'with all silenced it knows nothing' "test \"\$(figure net stimulus-to-brain lesion.text_text.rate_mel.encoding.r.mean)\" = 0 && awk -F'\t' '\$1 == \"lesion.text_text.rate_mel.decoding.identification.percentile\" {n++; if (\$5 != 0.5) exit 1} END {exit n != 2}' net/metrics.tsv"
check 'the page shows both' 'grep -q "decoded from the stimulus" net/report.html'
for j in 1 3; do
	check "same bytes for -j$j" "gb-recon -q -j$j -o j$j --lesion-input text,mel NET SET && cmp j1/metrics.tsv j$j/metrics.tsv && cmp j1/report.html j$j/report.html"
done
fails 2 'mel: no tensor that this model reads' 'a tensor that it does not read' gb-recon -q -o bad --lesion-input mel RIDGE SET
fails 2 'no stimulus tensor video' 'a tensor that is none' gb-recon -q -o bad --lesion-input video NET SET
fails 2 'not with --from brain' 'from the brain' gb-recon -q -o bad --from brain --lesion-input text NET SET
done_testing
