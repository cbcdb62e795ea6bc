#!/bin/sh
# SPDX-License-Identifier: MIT
# Gradients from device to device: the code written against NCCL, with the stand-in of
# tests/nccl in its place and the emulated device.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
[ -e "$GB_BUILD/tests/nccl/libgb_nccl.so" ] || skip_all 'no nccl.h here'
mkdir bin
cp "$GB_BUILD/bin/gb-train" bin/ # plug-ins are sought beside the program
ln -s "$GB_BUILD/tests/nccl/libgb_nccl.so" "$GB_BUILD/libexec/giblet/libgb_emu.so" bin/
PATH=$work/bin:$PATH
$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
small='-j1 --width 0.004 --rank 5 --window 9 --groups 1 --micro 8 --brain-kernel fir:0:6 --patience 0 --features text,mel --schedule 3 --epochs 3'
nccl() { # nccl N RUN OPTION…
	nccl_n=$1 nccl_run=$2
	shift 2
	ranks "$nccl_n" "$nccl_run" gb-train --comm nccl --device emu $small "$@"
}
check 'one process' "gb-train -o one --device emu $small SET"
for n in 2 4 8; do
	check "$n ranks, device to device: the same bytes" "nccl $n n$n && same_run one n$n"
done
check '--reduce fast learns the same to a few digits, in another order' "nccl 4 fast --reduce fast && ! cmp -s one/last.safetensors fast/last.safetensors && $PYTHON -c \"
a, b = (open(f + '/metrics.tsv').read().split() for f in ('one', 'fast'))
x = [(float(p), float(q)) for p, q in zip(a, b) if p[0] in '-0123456789']
assert len(a) == len(b) and all(abs(p - q) <= 2e-3 * max(1, abs(p)) for p, q in x)\""
# The tensors that differ from those of one process; "model" holds the options.
differing() { gb-inspect --diff one/last.safetensors "$1/last.safetensors" 2>/dev/null | awk '$2 == "differs" { printf "%s ", $1 }'; }
# Two numbers have one sum, whichever library adds them: parts that go while the rest is made are the whole.
check '--reduce fast, part by part behind the backward pass: 2 ranks have the numbers of one' 'nccl 2 pair --reduce fast && test "$(differing pair)" = "model "'
for name in handed-on-early told-before-made; do
	bad=$(mutant $name)
	check "caught: $name" "test -x $bad && rm bin/gb-train && cp $bad bin/gb-train && nccl 2 $name --reduce fast && test \"\$(differing $name)\" != \"model \"; code=\$?; cp $GB_BUILD/bin/gb-train bin/gb-train; exit \$code"
done
bad=$(mutant tree-far-first)
check 'caught: tree-far-first' "test -x $bad && rm bin/gb-train && cp $bad bin/gb-train && nccl 4 mutant && ! same_run one mutant >/dev/null; code=\$?; cp $GB_BUILD/bin/gb-train bin/gb-train; exit \$code"

# A rank that stops in the middle.
pids=
for rank in 0 1; do
	RANK=$rank WORLD_SIZE=2 gb-train --comm nccl --device emu ${small% --schedule*} --schedule 100000 --epochs 100000 --rank-timeout 2 -o hangs SET 2>"err.$rank" &
	pids="$pids $!"
done
for _ in $(seq 200); do grep -q '^1	' hangs/metrics.tsv 2>/dev/null && break; sleep 0.05; done
victim=${pids##* } first=${pids% *}
kill -STOP "$victim"
for _ in $(seq 300); do kill -0 $first 2>/dev/null && ! grep -q 'Z' "/proc/${first# }/stat" 2>/dev/null && sleep 0.05; done
kill -9 "$victim"
wait $first
code=$?
check "a rank that hangs is lost ($code)" "test $code = 4 && grep -q 'rank 1 is lost: no answer' err.0 && gb-inspect --verify hangs/last.safetensors >/dev/null"
cp "$GB_BUILD/bin/gb-train" elsewhere
fails 2 'comm nccl: gradients go from GPU to GPU' 'not from a device that has no memory of its own' env RANK=0 WORLD_SIZE=2 gb-train --comm nccl --device cpu $small -o bad SET
fails 4 'plug-in nccl: this build has none' 'a build without it' env RANK=0 WORLD_SIZE=2 ./elsewhere --comm nccl $small -o bad SET
done_testing
