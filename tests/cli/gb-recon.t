#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-recon: outputs, maps in the right voxels, decoding, lesions, comparison, refusals.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
r = np.random.default_rng(2)
n, shape = 760, (5, 4, 3)
mask = np.ones(shape, 'u1')
mask[0, 0] = 0                                  # 57 voxels
v = int(mask.sum())
affine = np.diag([3., 3, 3, 1])
x = r.normal(0, 1, (n, 3))
for i in range(1, n):
    x[i] += 0.7 * x[i - 1]
side = np.zeros(shape)
side[:2] = 1                                    # the first column drives x = 0, 1 only
a, b = r.normal(1, 0.1, shape) * side, r.normal(1, 0.1, shape) * (1 - side)
lag = np.vstack([np.zeros((3, 3)), x[:-3]])
bold = lag[:, 0, None, None, None] * a + lag[:, 1, None, None, None] * b + 0.7 * r.normal(0, 1, (n,) + shape)
for s in range(2):
    data = bold + 0.4 * r.normal(0, 1, bold.shape)
    image = nib.Nifti1Image(np.moveaxis(data, 0, -1).astype('f4'), affine)
    image.header.set_xyzt_units('mm', 'sec')
    image.header['pixdim'][4] = 1.5
    nib.save(image, 's%d.nii.gz' % s)
nib.save(nib.Nifti1Image(mask, affine), 'mask.nii.gz')
nib.save(nib.Nifti1Image((side > 0).astype('u1'), affine), 'roi.nii.gz')
nib.save(nib.Nifti1Image((side > 0).astype('u1'), np.diag([2., 2, 2, 1])), 'other.nii.gz')
nib.save(nib.Nifti1Image((1 - mask).astype('u1'), affine), 'outside.nii.gz')
mel = np.abs(r.normal(3, 1, (n, 4, 5))).astype('f4')
video = np.clip(128 + 40 * x[:, 0, None, None, None, None] + r.normal(0, 5, (n, 2, 12, 16, 3)), 0, 255).astype('u1')
save('x.safetensors', first=x[:, :1].astype('f4'), rest=x[:, 1:].astype('f4'))
save('media.safetensors', mel=mel, video=video)
segments = [(i * 6, i * 6 + 6, 'scene %d with %s' % (i, ['a dog', 'a cat, "Tom"', 'Ann\tand Bob'][i % 3])) for i in range(190)]
open('text.csv', 'w').write('onset,end,words\n' + ''.join('%d,%d,"%s"\n' % (a, b, c.replace('"', '""')) for a, b, c in segments))
E2
$PYTHON make.py "$TOP" || exit 1
for s in 0 1; do gb-fmri-hrf bold -q s$s.nii.gz --mask mask.nii.gz --zscore run -o s$s.safetensors || exit 1; done
gb-text-align -q --text words --end-col end --rows 760 -o text.safetensors text.csv || exit 1
gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o SET x.safetensors text.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors || exit 1
gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o MEDIA media.safetensors --subject s0=s0.safetensors || exit 1
gb-train -q --model ridge -o RUN --features first,rest,text SET || exit 1
gb-train -q --model ridge -o FIRST --features first --no-decoders SET || exit 1
gb-train -q --model ridge -o PICTURES MEDIA || exit 1

check 'a report is made' 'gb-recon -q -o DIR RUN SET && test -s DIR/report.html && test -s DIR/metrics.tsv && test -s DIR/text.tsv'
check 'the page holds its pictures and nothing from elsewhere' 'grep -q "data:image/png;base64" DIR/report.html && ! grep -Eq "(src|href)=\"[^d]" DIR/report.html && ! grep -q "http" DIR/report.html'
check 'the page names figures, null, ceiling and limits' 'for w in "circular shifts" "ceiling" "95 % interval" "What these figures do not say" "not causal"; do grep -q "$w" DIR/report.html || { echo "$w"; exit 1; }; done'
check 'every line of metrics.tsv has a control' "awk -F'\t' 'NR == 1 {n = NF} NF != n || \$NF == \"\" {exit 1} NR > 1 && \$7 == \"n/a\" && \$8 == \"n/a\" && \$14 == \"n/a\" && \$18 == \"n/a\" {exit 1}' DIR/metrics.tsv"
check 'every line has a key for programs; no two say the same' "awk -F'\t' 'NR == 1 {exit \$1 != \"key\" || \$2 != \"direction\"} 0' DIR/metrics.tsv && awk -F'\t' 'NR > 1 && (\$1 !~ /^[a-z0-9_.-]+\$/ || \$2 !~ /^(stimulus-to-brain|brain-to-stimulus|stimulus-to-stimulus)\$/ || seen[\$1, \$2, \$3]++) {print; exit 1}' DIR/metrics.tsv"
cat >maps.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
import nibabel as nib
mask = nib.load('mask.nii.gz').get_fdata() > 0
inside = mask.ravel(order='F')                  # voxels are numbered x fastest
table = [l.split('\t') for l in open('DIR/voxels.tsv').read().split('\n')[1:-1]]
for name, column in (('r', 1), ('r_of_ceiling', None)):
    image = nib.load('DIR/%s.nii.gz' % name)
    assert (image.affine == nib.load('mask.nii.gz').affine).all() and image.shape == mask.shape
    got = image.get_fdata().ravel(order='F')
    r, c = (np.array([float(l[k]) for l in table]) for k in (1, 2))
    want = r if column else np.where(c >= 0.2, r / np.maximum(c, 0.2), np.nan)
    assert np.allclose(got[inside], want, atol=2e-6, equal_nan=True) and (got[~inside] == 0).all(), name
out, _ = load('DIR/prediction.safetensors')
image = nib.load('DIR/predicted.nii.gz')
flat = image.get_fdata().reshape(-1, image.shape[3], order='F')
assert abs(image.header.get_zooms()[3] - 1.5) < 1e-6 and image.shape[3] >= len(out['rows'])
assert np.allclose(flat[inside][:, -len(out['rows']):].T, out['predicted'], atol=1e-6)
assert r.mean() > 0.4
E2
check 'maps lie in the voxels of the mask' "$PYTHON maps.py '$TOP'"
cat >decode.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
table = [l.rstrip('\n').split('\t') for l in open('DIR/metrics.tsv')]
head = table[0]
def metric(target, key, column='value'):
    found = [l for l in table if l[2] == target and l[0] == key]
    assert len(found) == 1, (target, key)
    return float(found[0][head.index(column)])
# the decoder by itself: dual ridge on BOLD 1 to 9 rows later
ck, _ = load('RUN/best.safetensors')
model = json.loads(bytes(ck['model']))
bold = sum(load('s%d.safetensors' % s)[0]['bold'].astype(float) for s in range(2)) / 2
rows = load('DIR/prediction.safetensors')[0]['rows']
x = load('x.safetensors')[0]['first'].astype(float)
z = (bold - ck['decode.bold.mean']) / ck['decode.bold.std']
train = ck['decode.train']
def design(at):
    return np.array([np.concatenate([z[t + k] if t + k < 760 else 0 * z[0] for k in range(9, 0, -1)]) for t in at])
band = model['dims']['decode']['features']['first']['bands'][0]
X, T = design(rows), design(train)
c = ck['decode.first.coefficient'].astype(float)
p = (X @ T.T @ c if band['dual'] else X @ c)[:, 0] + ck['decode.first.offset'][0]
assert abs(np.sqrt(((p - x[rows, 0]) ** 2).mean()) - metric('first', 'decoding.rmse')) < 1e-4
m = x[load('SET/index.safetensors')[0]['use'] == 1, 0].mean()
assert abs(np.sqrt(((m - x[rows, 0]) ** 2).mean()) - metric('first', 'decoding.rmse', 'chance')) < 1e-4
assert metric('first', 'decoding.rmse') < 0.8 * metric('first', 'decoding.rmse', 'chance')
# text: nearest segments, each with its true one
lines = [l.rstrip('\n').split('\t') for l in open('DIR/text.tsv')]
assert lines[0] == ['row', 'run', 'seconds', 'segment', 'rank', 'nearest', 'cosine']
for l in lines[1:]:
    assert len(l) == 7 and l[3].startswith('scene %d ' % (float(l[2]) // 6)), l
text = load('text.safetensors')[0]
c = ck['decode.text.coefficient'].astype(float)
p = (X @ T.T @ c if model['dims']['decode']['features']['text']['bands'][0]['dual'] else X @ c) + ck['decode.text.offset']
mean = load('SET/index.safetensors')[0]['text.mean'].astype(float)
S = text['text.segments'].astype(float) - mean
S /= np.linalg.norm(S, axis=1, keepdims=True)
q = p - mean
C = (q / np.linalg.norm(q, axis=1, keepdims=True)) @ S.T
truth = (rows * 1.5 // 6).astype(int)
own = C[np.arange(len(rows)), truth]
rank = ((C < own[:, None]).sum(1) + 0.5 * ((C == own[:, None]).sum(1) - 1)) / 189
assert abs(rank.mean() - metric('text', 'decoding.nearest.percentile')) < 2e-3, rank.mean()
assert metric('text', 'decoding.nearest.percentile', 'chance') == 0.5
everyone = ((C[:, None, :] < C[:, :, None]).sum(2) + 0.5 * ((C[:, None, :] == C[:, :, None]).sum(2) - 1)) / 189
n, t = len(rows), np.arange(len(rows))
null = [everyone[t, truth[(t + k) % n]].mean() for k in range(30, n - 30 + 1)]
assert metric('text', 'decoding.nearest.percentile', 'nulls') == len(null)
assert abs(np.mean(null) - metric('text', 'decoding.nearest.percentile', 'null_mean')) < 2e-3
E2
check 'decoders from the brain are what numpy finds' "$PYTHON decode.py '$TOP'"
check 'pictures and sound are decoded, each beside the train mean' 'gb-recon -q -o media PICTURES MEDIA && for key in psnr ssim; do grep -q "^decoding.video.$key" media/metrics.tsv || exit 1; done && grep -q "one subject: a ceiling is not estimable" media/report.html'
cat >media.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
v = load('media.safetensors')[0]['video'].astype(float).mean(1) / 255
rows = load('media/prediction.safetensors')[0]['rows']
use = load('MEDIA/index.safetensors')[0]['use']
mean = v[use == 1].mean(0)
l = [l.rstrip('\n').split('\t') for l in open('media/metrics.tsv')]
psnr = next(m for m in l if m[0] == 'decoding.video.psnr')
assert abs(float(psnr[l[0].index('chance')]) + 10 * np.log10(((v[rows] - mean) ** 2).mean())) < 1e-3
assert float(psnr[4]) > float(psnr[l[0].index('chance')]) + 1
E2
check 'the mean frame has the PSNR that numpy finds' "$PYTHON media.py '$TOP'"
cat >losers.py <<'E2'
names = {'decoding.identification.percentile': ('rank', 1), 'decoding.rmse': ('error', -1), 'decoding.video.ssim': ('SSIM', 1)}
said = 0
for folder in 'DIR', 'media':
    page = open(folder + '/report.html').read()
    lines = [l.rstrip('\n').split('\t') for l in open(folder + '/metrics.tsv')]
    chance, lost = lines[0].index('chance'), {}
    for l in lines[1:]:
        if l[1].endswith('to-stimulus') and l[0] in names:
            name, sign = names[l[0]]
            lost.setdefault((l[2], l[1].replace('-', ' ')), []).extend([name] * (not sign * (float(l[4]) - float(l[chance])) > 0))
    for (target, direction), figures in lost.items():
        want = '%s, %s: no better than the baseline in ' % (target, direction)
        assert (want in page) == bool(figures) and (not figures or want + ', '.join(figures) + '.' in page), (target, direction, figures)
        said += bool(figures)
assert said and lost
E2
check 'what is no better than its baseline is said so in words' "$PYTHON losers.py"
cat >film.py <<'E2'
import json, subprocess, sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
rows = load('media/prediction.safetensors')[0]['rows']
said = json.loads(subprocess.check_output(['ffprobe', '-v', 'error', '-show_entries', 'stream=codec_type,width,height,pix_fmt,duration:packet=stream_index,pts_time', '-of', 'json', 'media/video.mp4']))
video, = said['streams']                        # this mel does not say how it was made: no sound
assert (video['width'], video['height'], video['pix_fmt']) == (32, 12, 'yuv420p')
times = [float(p['pts_time']) for p in said['packets'] if p['stream_index'] == 0]
assert np.allclose(times, 1.5 * np.arange(len(rows)), atol=1e-6)
raw = subprocess.check_output(['ffmpeg', '-v', 'error', '-i', 'media/video.mp4', '-vsync', '0', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'])
luma = np.frombuffer(raw, np.uint8).reshape(-1, 12, 32).astype(float)
v = load('media.safetensors')[0]['video'].astype(float).mean((1, 4))[rows]
left, right = luma[:, :, :16], luma[:, :, 16:]
assert abs(left - v).mean() < 2, abs(left - v).mean()
off = abs(right - v).mean()
assert 2 < off < 40 and np.corrcoef(right.mean((1, 2)), v.mean((1, 2)))[0, 1] > 0.5  # the decoded ones, not the true ones again
E2
check 'a film shows true and decoded pictures side by side, on time' "$PYTHON film.py '$TOP'"
cat >sound.py <<'E2'
import sys, wave
import numpy as np
with wave.open('sound.wav', 'wb') as w:
    w.setnchannels(1), w.setsampwidth(2), w.setframerate(24000)
    w.writeframes(np.random.default_rng(2).normal(0, 3000, 760 * 36000).astype('<i2').tobytes())
E2
check 'and has the sound that was decoded' "$PYTHON sound.py && gb-audio-encodec -q --mel --bands 8 -o mel.safetensors sound.wav && rm sound.wav &&
	$PYTHON -c \"import sys; sys.path.insert(0, '$TOP/tests'); from tensors import *; save('pictures.safetensors', video=load('media.safetensors')[0]['video'])\" &&
	gb-cache pack -q --tr 3/2 --split 0.45:0.45 -o HEARD pictures.safetensors mel.safetensors --subject s0=s0.safetensors && gb-train -q --model ridge -o BOTH HEARD &&
	for j in 1 2; do gb-recon -q -j\$j -o heard\$j --from brain --rows 700:710 BOTH HEARD || exit 1; done && cmp heard1/video.mp4 heard2/video.mp4 && cmp heard1/mel.wav heard2/mel.wav &&
	ffprobe -v error -show_entries stream=codec_name,duration -of csv=p=0 heard1/video.mp4 | tr '\n' ' ' | grep -Eqx 'h264,15\.0+ aac,1[45]\.[0-9]+ '"

# Lesions: the first column is in the region, the second outside it.
gb-train -q --model ridge -o PAIR --features first,rest SET || exit 1
check 'a lesion and its controls' 'gb-recon -q -o lesion --from brain --lesion roi.nii.gz PAIR SET && grep -c "^lesion.region.decoding" lesion/metrics.tsv | grep -qx 2'
check 'it takes what the region carries, more than other regions do' "awk -F'\t' '\$3 == \"first\" && /^lesion.region/ {f = \$5; i = \$8; n = \$14; c = \$17} END {exit !(f < i - 0.1 && n > f + 0.1 && c == 20)}' lesion/metrics.tsv"
check 'keeping it leaves the rest at chance' "gb-recon -q -o kept --from brain --keep roi.nii.gz --controls 5 PAIR SET && awk -F'\t' '/^lesion.keep/ && \$3 == \"first\" {f = \$5} /^lesion.keep/ && \$3 == \"rest\" {r = \$5} END {exit !(f > 0.6 && r < 0.6)}' kept/metrics.tsv"
check 'the page shows it' 'grep -q "random contiguous regions of" lesion/report.html'
fails 3 "0 of the brain's 57 voxels" 'a region outside the brain' gb-recon -q -o bad --from brain --lesion outside.nii.gz RUN SET

# Directions, kinds, rows.
check '--only text' 'gb-recon -q -o only --only text RUN SET && test ! -e only/r.nii.gz && ! grep -q "stimulus-to-brain" only/metrics.tsv && grep -q "brain-to-stimulus" only/metrics.tsv'
check '--from stimulus' 'gb-recon -q -o from --from stimulus RUN SET && ! grep -q "brain-to-stimulus" from/metrics.tsv'
check '--no-score predicts rows without BOLD' "gb-cache pack -q --split 0:1 -o NEW text.safetensors SET/x.safetensors && gb-recon -q -o new --no-score --rows all RUN NEW && test -s new/predicted.nii.gz && test ! -e new/report.html"
fails 3 'no tensor (first|rest|text)' 'a set without the model'"'"'s tensors' gb-recon -q -o bad RUN MEDIA
check 'a model of another set is said' 'gb-recon -o said --only bold FIRST SET 2>&1 | grep -q . ; gb-cache pack -q --tr 3/2 --split 0.4:0.5 -o SET2 x.safetensors text.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors && gb-recon -o said --only bold FIRST SET2 2>&1 | grep -q "another data set"'

# Comparison.
check 'two models are compared' 'gb-recon -q -o first FIRST SET && gb-recon --compare DIR first >table && test "$(wc -l <table)" = 3 && sed -n 3p table | grep -Eq "(worse|undecided)$"'
check 'the baseline stands beside the model' 'gb-recon -q -o beside --baseline FIRST RUN SET && grep -q "Ridge regression on the same rows" beside/report.html && awk -F"\t" "NR == 2 && \$10 == \"n/a\" {exit 1}" beside/metrics.tsv'

# Other brains as the null where rows are few.
gb-cache pack -q --tr 3/2 --split 0.6:100 -o FEW x.safetensors --subject s0=s0.safetensors 2>/dev/null || gb-cache pack -q --tr 3/2 --split 0:450/600:700 -o FEW x.safetensors --subject s0=s0.safetensors || exit 1
gb-cache pack -q --tr 3/2 --split 0:450/600:700 -o OTHERS x.safetensors --subject a=s1.safetensors --subject b=s0.safetensors || exit 1
gb-train -q --model ridge -o SHORT FEW || exit 1
check 'under 300 rows there is no shift p' 'gb-recon -q -o short SHORT FEW && ! grep -q "circular shifts of 45" short/metrics.tsv && grep -q "fewer than 300" short/report.html'
check '--null gives one from other brains' "gb-recon -q -o others --null OTHERS SHORT FEW && awk -F'\t' '/^encoding.r.mean/ {exit !(\$17 == 2 && \$NF ~ /other brains/)}' others/metrics.tsv"

for j in 1 3; do
	check "same bytes for -j$j" "gb-recon -q -j$j -o j$j RUN SET && for f in metrics.tsv report.html prediction.safetensors text.tsv r.nii.gz predicted.nii.gz; do cmp DIR/\$f j$j/\$f || exit 1; done"
done
# what a user can get wrong
table gb-recon.tst
done_testing
