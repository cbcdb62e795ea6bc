#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-train --device: the emulated device learns what the CPU learns, to the byte on
# repeat, in any order of threads, and when killed; what a machine without a device says.
. "$(dirname "$0")/../lib.sh"

cat >make.py <<'E2'
import sys
sys.path.insert(0, sys.argv[1] + '/tests')
from tensors import *
r = np.random.default_rng(5)
n = 240
slow = np.repeat(r.normal(0, 1, (n // 3 + 1, 5)), 3, 0)[:n]
video = np.clip(128 + 40 * slow[:, :1, None, None, None] + 20 * r.normal(0, 1, (n, 2, 8, 12, 3)), 0, 255).astype('u1')
mel = (slow[:, 1:2, None] + 0.3 * r.normal(0, 1, (n, 5, 9))).astype('f4')
text = (slow[:, 2:] @ r.normal(0, 1, (3, 17)) + 0.3 * r.normal(0, 1, (n, 17))).astype('f4')
codes = r.integers(0, 9, (n, 2, 5)).astype('i2')
late = np.roll(slow[:, :3], 3, 0)
save('stimulus.safetensors', video=video, mel=mel, text=text, codes=codes)
for s in range(2):
    save('s%d.safetensors' % s, bold=(late @ r.normal(0, 1, (3, 13)) + r.normal(0, 1, (n, 13))).astype('f4'))
E2
$PYTHON make.py "$TOP" || exit 1
check 'a set is packed' "gb-cache pack -q --tr 3/2 --gap 9 --runs a:130,b:110 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors --subject s1=s1.safetensors"
small='--width 0.004 --rank 3 --window 15 --micro 2 --groups 2 --brain-kernel fir:0:5 --epochs 2 --patience 0 --subject s0,s1'

check 'trains on cpu' "gb-train -j2 -o cpu --device cpu $small SET"
check 'trains on emu' "gb-train -j2 -o emu --device emu:fp32 $small SET"
# far A B LIMIT: largest difference of two metrics.tsv, relative to 1 + the value, and whether it is below.
far() {
	awk -v limit="$3" 'FNR == NR { a[FNR] = $0; next } { n = split(a[FNR], x); if (n != split($0, y)) exit 1
		for (i = 1; FNR > 1 && i <= n; i++) if (x[i] == "n/a" || y[i] == "n/a") { if (x[i] != y[i]) exit 1 } else { d = x[i] - y[i]; d = d < 0 ? -d : d; d /= 1 + (x[i] < 0 ? -x[i] : x[i]); if (d > most) most = d } }
		END { print "largest difference", most; exit !(FNR > 2 && most <= limit) }' "$1/metrics.tsv" "$2/metrics.tsv"
}
check 'with the losses, scores and norms of cpu within 1e-5' 'far cpu emu 1e-5'
check 'and its weights within 1e-4' 'gb-inspect --diff --atol 1e-4 cpu/last.safetensors emu/last.safetensors >diff.out; test -s diff.out && ! grep -E "^(brain|decode|linear|[0-9]).* differs" diff.out'
same='for f in last.safetensors best.safetensors metrics.tsv; do cmp emu/$f again/$f || exit 1; done'
check 'the same bytes on repeat, with other threads' "gb-train -j1 -o again --device emu:fp32 $small SET; $same; rm -r again"
check 'the same bytes with its threads in reverse' "gb-train -j2 -o again --device emu:fp32:1 $small SET; $same; rm -r again"
check 'the same bytes with its threads at random' "gb-train -j2 -o again --device emu:7:fp32 $small SET; $same; rm -r again"
for delay in 0.2 0.5 0.9; do
	gb-train -j2 -o again --device emu:fp32 $small SET & pid=$!
	sleep $delay
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
done
check 'killed with SIGKILL up to three times, then continued: the same bytes' "gb-train -j2 -o again --device emu:fp32 $small SET; $same"
check 'BF16 products, as on a device by default: near the CPU' "gb-train -j2 -o bf16 --device emu $small SET && far cpu bf16 0.01 && ! far cpu bf16 1e-6"
check 'predicts from a model of another device' "gb-recon -q -o report emu SET --no-score && test -s report/prediction.safetensors"
fails 2 'another device.*--overwrite' 'a run belongs to its device' gb-train -o emu --device cpu $small SET
fails 2 'auto, cpu, cuda or emu' 'a device that is none' gb-train -o x --device tpu $small SET
fails 2 'bf16, tf32, fp32' 'a precision that is none' gb-train -o x --device emu:fp8 $small SET
if ldconfig -p 2>/dev/null | grep -q libcuda.so.1; then
	skip 'without a driver: exit 4' 'there is one here'
else
	fails 4 'no NVIDIA driver.*--device cpu' 'without a driver: one line, exit 4' gb-train -o x --device cuda $small SET
	check 'auto takes the CPU, and says so' "gb-train -v -o auto --device auto $small SET 2>&1 | grep 'no NVIDIA driver' && cmp cpu/last.safetensors auto/last.safetensors"
fi
cp "$(command -v gb-train)" .
fails 4 'libgb_emu.so' 'without its plug-in: one line, exit 4' ./gb-train -o x --device emu $small SET
done_testing
