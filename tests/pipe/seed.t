#!/bin/sh
# SPDX-License-Identifier: MIT
# giblet13-seed: its parameters by arithmetic and as published; a step and a validation as NumPy makes
# them; it learns; and all that gb-train promises of giblet13: same bytes for threads, halves, ranks.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
seed='--model giblet13-seed --features video,codes,text --width 0.02 --patience 0'
oracle="$PYTHON $TOP/tests/seed_oracle.py"

# Counts.
planned() { gb-train --model giblet13-seed --plan --width "$5" --dims "video=$1,codes=$2,text=$3,voxels=$4" | awk -F'\t' '$1 == "total" {print $3}'; }
for sizes in '10x90x160x3 8x112 3072 85810 1' '19x90x160x3 8x112 3072 85810 1' '38x90x160x3 8x112 3072 77347 1' '4x90x160x3 4x113 1024 481 0.125' '3x20x24x3 2x9 37 45 0.02' '1x7x11x3 1x5 3 1 2'; do
	# shellcheck disable=SC2086
	check "planned as by arithmetic: $sizes" "test \$(planned $sizes) = \$($oracle counts $sizes)"
done
check 'with 38 pictures a row, 8,359,824,355 as published' 'test $(planned 38x90x160x3 8x112 3072 77347 1) = 8359824355'
check 'no --width is full width' "gb-train --model giblet13-seed --plan --dims video=10x90x160x3,codes=8x112,text=3072,voxels=83138 | grep -q '^total.*	3500188290\$'"
check 'each layer that the table names has its size' "gb-train --model giblet13-seed --plan --dims video=10x90x160x3,codes=8x112,text=3072,voxels=85810 >plan && for l in '2a.video.1.weight	4096x432000' '7.weight	2048x8000' 'voxels.2.weight	85810x16384' '8.norm.scale	8000' '13a.video.weight	43200x4096' '13b.audio.bias	896'; do grep -q \"^\$l	\" plan || exit 1; done"

# Against NumPy: one step over all 96 rows that fit, then an evaluation.
whole="$seed --device cpu --dropout 0 --clip 0 --groups 96 --micro 1 --schedule 5"
check 'a start, and a step' "gb-train -o start $whole --epochs 0 SET && gb-train -o step $whole --epochs 1 SET"
check 'what is planned is what is built' "test \$(gb-train $seed --plan SET | awk -F'\t' '\$1 == \"total\" {print \$3}') = \$(gb-inspect start/last.safetensors | awk '\$1 == \"optimiser.first\" {print \$3}')"
check 'forward in training: losses and running moments are those of NumPy' "$oracle trains SET start step"
if $PYTHON -c 'import torch' 2>/dev/null; then
	check 'backward: gradients are those of PyTorch' "$oracle slopes SET start step"
else
	skip 'backward: gradients are those of PyTorch' 'no PyTorch here'
fi
small="$seed --groups 16 --micro 4 --rate 0.003 --schedule 8"
check 'trains' "gb-train -j1 -o one $small --epochs 8 SET && gb-train -o plain $small --dropout 0 --schedule 60 --epochs 60 SET"
check 'gb-recon predicts with it' 'gb-recon -q --no-score --rows all -o recon plain/last.safetensors SET'
check 'forward in evaluation: losses and BOLD are those of NumPy' "$oracle evaluates SET plain recon"
for term in video codes text bold; do
	got=$(column "train.loss.$term" 60 plain)
	check "it learns $term: $got of what a constant scores" "awk 'BEGIN {exit !($got < 0.9)}'"
done
check 'a step of 4 micro-batches of 16 rows: of 96 rows all are met, in 2' 'test $(column step 1 one) = 2'
check 'rows that fill no micro-batch are left out: of 96 by 40, one step of two' "gb-train -o rest $seed --groups 40 --micro 2 --epochs 1 SET && test \$(column step 1 rest) = 1"
check 'gb-recon scores it from the stimulus, not from the brain' "gb-recon -q -o report one SET && grep -q '^encoding.r.mean	stimulus-to-brain' report/metrics.tsv && grep -q '^decoding.codes.right	stimulus-to-stimulus	codes' report/metrics.tsv && ! grep -q brain-to-stimulus report/metrics.tsv"
fails 2 'decodes nothing of it from the brain' '--from brain has nothing to do' gb-recon -q -o brainless --from brain one SET

# Exactness.
check 'again, with three threads: the same bytes' "gb-train -j3 -o three $small --epochs 8 SET && same_run one three"
halves() { rm -rf half; "$1" -j1 -o half $small --epochs 3 SET && "$1" -j1 -o half $small --epochs 8 SET && same_run one half; }
check 'in two parts: the same bytes' 'halves gb-train'
middle="-j1 $seed --groups 2 --micro 1 --schedule 100000"
gb-train -o long $middle --epochs 100000 SET 2>/dev/null & pid=$!
for _ in $(seq 100); do grep -q '^2	' long/metrics.tsv 2>/dev/null && break; sleep 0.05; done
kill -TERM $pid
wait $pid 2>/dev/null
epoch=$(sed 's/.*"epoch":\([0-9]*\).*/\1/' long/status.json)
check "stopped in epoch $((epoch + 1)) and continued: the same bytes" "gb-train -o long $middle --epochs $((epoch + 2)) SET && gb-train -o never $middle --epochs $((epoch + 2)) SET && same_run long never"
for n in 2 4; do
	check "$n ranks: the same bytes" "ranks $n s$n gb-train -j1 $small --epochs 8 && same_run one s$n"
done
check 'on the emulated device, 1 rank and 2: the same bytes' "gb-train -j1 --device emu -o emu1 $small --epochs 2 SET && ranks 2 emu2 gb-train -j1 --device emu $small --epochs 2 && same_run emu1 emu2"
check 'another seed is another model' "gb-train -j1 -o other --seed 2 $small --epochs 1 SET && ! cmp -s start/last.safetensors other/last.safetensors"
bad=$(mutant moments-unread)
(test -x "$bad" || exit 9; halves "$bad") >said 2>&1
test $? = 1
ok $? "caught: moments-unread ($(tail -1 said))"
for name in moments-unshared moments-backwards; do
	check "caught: $name" "bad=\$(mutant $name) && \$bad -j1 -o mutant1-$name $small --epochs 1 SET && { ranks 2 mutant2-$name \$bad -j1 $small --epochs 1 || grep -q 'not those of rank 0' err.?; } && ! same_run mutant1-$name mutant2-$name >/dev/null"
done

# What a user can get wrong.
fails 2 'name those with --features' 'a tensor that it does not read' gb-train --model giblet13-seed -o bad SET
fails 2 'wants 2 rows or more' 'a micro-batch of one row' gb-train $seed --groups 1 -o bad SET
fails 2 '96 rows are left to fit: lower it' 'a micro-batch larger than the set' gb-train $seed --groups 97 -o bad SET
fails 2 'the voxels of one subject' 'two subjects' gb-train $seed --subject s0,s0 -o bad SET
fails 2 'not an option of --model dense13' 'an option that would do nothing' gb-train $seed --rank 4 -o bad SET
fails 2 'a model of kind giblet13-seed' 'giblet13 in its folder' gb-train --features text --width 0.004 -o one SET
check 'its config starts another' "gb-train -j1 -c one/config --epochs 8 --patience 0 -o again SET && same_run one again && cmp one/config again/config"
done_testing
