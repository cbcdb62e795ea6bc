#!/bin/sh
# SPDX-License-Identifier: MIT
# Words of annotations reach the data set whole: text.count counts segments, it
# does not cut the features of a row.
. "$(dirname "$0")/../lib.sh"

$PYTHON - >table.csv <<'END'
import random
random.seed(2)
print("onset,end,text")
for i in range(150):
    print(f"{2 * i},{2 * i + 2.5},{' '.join(random.choice('sea sky ship bird wind sun'.split()) for _ in range(4))}")
END
check 'mean and SD in the index are those of the train rows' \
	'gb-text-align --tr 1 --rows 300 --rate -o text.safetensors table.csv && gb-cache pack -o set --split 0:180/220:300 text.safetensors 2>/dev/null && $PYTHON -c "
import sys, numpy
sys.path.insert(0, \"$TOP/tests\")
from tensors import load
t, (index, _) = load(\"text.safetensors\")[0], load(\"set/index.safetensors\")
for name in \"text\", \"text.rate\":
    train = t[name][index[\"use\"] == 1].astype(float)
    std = train.std(0)
    assert (std > 0).sum() >= 2, name
    assert numpy.allclose(index[name + \".mean\"], train.mean(0), atol=1e-6), name
    assert numpy.allclose(index[name + \".std\"], numpy.where(std < 1e-12, 1, std), atol=1e-6), name
"'
done_testing
