#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# Why the system that this one replaces did not learn: each cause is a check that its
# mutant, the same program with that one fault (tests/mutants/programs), must fail.
. "$(dirname "$0")/../lib.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 200 || exit 1
pack='gb-cache pack -q --tr 3/2 --gap 12 --runs a:150,b:50 --split a:/b:'
check 'a set' "$pack -o SET stimulus.safetensors --subject s0=s0.safetensors"
small='-j1 --width 0.004 --rank 5 --window 9 --groups 1 --micro 4 --brain-kernel fir:0:6 --patience 0'

# caught NAME TOOL MUTANT CHECK…: CHECK holds with the tool itself and not with the mutant, which it gets as $tool
# ($mutant.gb-recon being another tool with the same fault).
caught() {
	caught_name=$1 caught_tool=$2 caught_mutant=$3
	shift 3
	tool=$caught_tool mutant=
	check "$caught_name" "$*"
	tool=$(mutant "$caught_mutant") || tool=missing
	mutant=$tool
	(test -x "$tool" || exit 9; eval "$*") >mutant.out 2>&1
	test $? = 1
	ok $? "  its mutant is caught: $caught_mutant ($(tail -1 mutant.out | tr '#' ' '))"
}

# 1. The convolution was cut 15 s early.
$PYTHON -c "
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
x = np.zeros((60, 3), 'f4'); x[20] = 1
save('impulse.safetensors', x=x)"
cat >peak.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
x = load('answer.safetensors')[0]['x']
assert abs(x[:20]).max() == 0, 'something before the impulse'
assert x[:, 0].argmax() in (23, 24), x[:, 0].argmax()     # 4.5 to 6 s after it
assert 26 < x[:, 0].argmin() < 34, x[:, 0].argmin()
E2
# shellcheck disable=SC2016
caught 'an impulse is answered 4.5 to 6 s later, and by nothing before it' gb-fmri-hrf cut-15-s-early \
	'$tool convolve --tr 3/2 -o answer.safetensors impulse.safetensors && $PYTHON peak.py "$TOP"'

# 2. Stimuli were stretched to the length of the scans.
gb-sim --voxels 40 --rows 300 --tr 1 --seed 3 -o brain || exit 1
$PYTHON -c "
import nibabel
i = nibabel.load('brain/sub-01.nii.gz')
nibabel.Nifti1Image(i.get_fdata(dtype='f4')[..., :260], i.affine, i.header).to_filename('cut.nii.gz')"
check 'a film of 300 rows, scans of 260' 'gb-fmri-hrf bold --mask brain/mask.nii.gz -o bold.st cut.nii.gz && gb-cache pack -q --gap 32 --split 0:220/252:260 -o LONG brain/drivers.safetensors --subject s=bold.st'
# shellcheck disable=SC2016
caught 'stimuli longer than the scans keep their time: r of 0.3 or more' gb-train stretched \
	'rm -rf ridge; $tool --model ridge --no-decoders -o ridge LONG && cat ridge/metrics.tsv && awk -F"\t" "NR == 1 {for (i = 1; i <= NF; i++) if (\$i == \"cross_validated_r\") c = i} NR == 2 {exit !(\$c > 0.3)}" ridge/metrics.tsv'

# 3. Numbers of codes were regressed, as if a code were a quantity.
# shellcheck disable=SC2016
caught 'codes are names: what they say is learned' gb-train code-numbers-regressed \
	'rm -rf codes; $tool -o codes $small --rate 0.02 --epochs 12 --features text,codes,mel SET; awk -F"\t" "NR == 1 {for (i = 1; i <= NF; i++) if (\$i == \"train.skill.codes\") c = i} END {print \$c; exit !(\$c > 0.15)}" codes/metrics.tsv'

# 4. Statistics were those of all rows.
$PYTHON -c "
import sys; sys.path.insert(0, '$TOP/tests')
from tensors import *
for f in ('stimulus', 's0'):
    t = {k: v.copy() for k, v in load(f + '.safetensors')[0].items()}
    for v in t.values():
        v[150:] = v[150:][::-1] // 2 if v.dtype != 'f4' else 3 * v[150:][::-1] + 1
    save('other-' + f + '.safetensors', **t)"
check 'a set with other test rows' "$pack -o OTHER other-stimulus.safetensors --subject s0=other-s0.safetensors"
# shellcheck disable=SC2016
caught 'test rows change no statistic, no weight, no score' gb-train statistics-of-all-rows \
	'rm -rf a b; $tool -o a $small --epochs 1 SET && $tool -o b $small --epochs 1 OTHER && cmp a/metrics.tsv b/metrics.tsv && $PYTHON -c "
import sys; sys.path.insert(0, \"$TOP/tests\")
from tensors import *
a, b = (load(r + \"/best.safetensors\")[0] for r in \"ab\")
bad = [k for k in a if k not in (\"model\", \"gbt.xxh3\") and a[k].tobytes() != b[k].tobytes()]
assert not bad, bad"'

# 5. Norms over a batch of 2.  The r that training logs, in batches of two windows, is that of
# gb-recon, which predicts window by window.
cat >r.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
use = load('SET/index.safetensors')[0]['use'].reshape(-1)
train = np.flatnonzero(use == 1)
rows = train[len(train) - int(len(train) * 0.2):]
p = load('recon/prediction.safetensors')[0]
p = {'predicted': p['predicted'][np.searchsorted(p['rows'], rows)], 'measured': load('s0.safetensors')[0]['bold'][rows]}
header, *lines = [l.rstrip('\n').split('\t') for l in open('norm/metrics.tsv')]
logged = float(lines[-1][header.index('validation.r')])
x, y = (p[k].astype('f8') - p[k].mean(0, dtype='f8') for k in ('predicted', 'measured'))
r = ((x * y).sum(0) / np.sqrt((x * x).sum(0) * (y * y).sum(0))).mean()
print(r, logged)
assert abs(r - logged) < 1e-4
E2
# shellcheck disable=SC2016
caught 'the r of validation is what gb-recon predicts row by row' gb-train norm-over-the-batch \
	'rm -rf norm recon; $tool -o norm $small --groups 2 --rate 0.02 --epochs 8 --schedule 1000 --warmup 0 --validation 0.2 --features text,mel SET && ${mutant:+$mutant.}gb-recon -q -o recon --no-score --rows 0:150 norm/last.safetensors SET && $PYTHON r.py "$TOP"'

# 6. best was overwritten by last.
# shellcheck disable=SC2016
caught 'best.safetensors is the best epoch, not the last' gb-train best-is-last \
	'rm -rf best; $tool -o best $small --patience 3 --keep 1 --epochs 200 --rate 0.03 --clip 0 --features text,mel SET && $PYTHON -c "
import sys; sys.path.insert(0, \"$TOP/tests\")
from tensors import *
s = json.load(open(\"best/status.json\"))
assert s[\"best_epoch\"] + 3 == s[\"epoch\"] < 200, s
b, e = (load(\"best/%s.safetensors\" % n)[0] for n in (\"best\", \"epoch-%d\" % s[\"best_epoch\"]))
l = load(\"best/last.safetensors\")[0]
w = [k for k in b if k.endswith(\".weight\")]
assert all((b[k] == e[k]).all() for k in w) and any((b[k] != l[k]).any() for k in w)"'

# 7. A run that went on repeated an epoch.
# shellcheck disable=SC2016
caught 'a run in two halves is the run in one: no epoch twice, none left out' gb-train epoch-repeated \
	'rm -rf one two; $tool -o one $small --features text --schedule 4 --epochs 4 SET && $tool -o two $small --features text --schedule 4 --epochs 2 SET && $tool -o two $small --features text --schedule 4 --epochs 4 SET; cmp one/metrics.tsv two/metrics.tsv && cmp one/last.safetensors two/last.safetensors'
done_testing
