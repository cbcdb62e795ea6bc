#!/bin/sh
# SPDX-License-Identifier: MIT
# The roofline table has a line for each operation, and can be measured on a device.
. "$(dirname "$0")/../lib.sh"
sed -n 's/^	OP(\([a-z_]*\)).*/\1/p' "$TOP/kernels/ops.h" | sort >wanted
names() { sed -n '4,$p' "$1" | cut -f1 | grep -v '^step$' | sort; }
check 'the table kept has each operation once' "names $TOP/bench/results/roofline.tsv | diff wanted -"
check 'a small step, measured on the emulated device' "$GB_BUILD/bench/roofline 1 0.004 --device emu:fp32 >small.tsv"
check 'has each operation once' 'names small.tsv | diff wanted -'
check 'each that the step calls was measured' "awk -F'\t' 'NR > 3 && \$2 > 0 && !(\$10 > 0 && \$3 > 0) { bad = 1; print } END { exit bad }' small.tsv"
check 'all are called but the norms of giblet13-seed and the cast that products make themselves' "test \"\$(echo \$(awk -F'\t' 'NR > 3 && \$1 != \"step\" && \$2 == 0' small.tsv | cut -f1))\" = 'batch_norm batch_norm_backward cast'"
# By hand: AdamW moves 30 bytes a weight.
check 'AdamW: 30 bytes a weight' "awk -F'\t' 'NR == 1 { split(\$0, w, /[: ]+/); for (i in w) if (w[i] == \"weights,\") n = w[i - 1] } \$1 == \"adamw\" { d = \$3 / (30 * n) - 1; exit !(d < 1e-3 && d > -1e-3) }' small.tsv"
done_testing
