#!/bin/sh
# SPDX-License-Identifier: MIT
# Rates, columns, boundaries and the way back, against Python.
. "$(dirname "$0")/../lib.sh"
oracle="$PYTHON $TOP/tests/parity/text_features_oracle.py"

$PYTHON - <<'END'
import csv, random
random.seed(5)
words = "the a girl ran over café there".split(" ")
rows, t = [], 0
for i in range(83):
    if i == 50:
        t = 0
    length = random.choice([0, 1, 2, 2.5, 0.25, 7])
    text = "" if i % 13 == 5 else " ".join(random.choice(words) for _ in range(random.randint(1, 12)))
    rows.append((t, t + length, text, random.choice(["Zoë", "adam, Zoë", "", "adam,", "Eve , adam"]),
                 random.choice(["+", "-", ""]), random.choice(["3", "-1.5", "2e1", "n/a"]),
                 random.choice(["park", "home", "", "", "n/a"])))
    t += random.choice([0, length, length, length + 7.75])
with open("table.csv", "w", newline="", encoding="utf-8") as file:
    out = csv.writer(file)
    out.writerow(["onset", "end", "text", " Who, where ", "valence", "arousal", "place"])
    out.writerows(rows)
END
for gap in hold zero linear; do
	check "rate, columns, boundaries, nearest; gap $gap" \
		"gb-text-align --gap $gap --runs a:131,b:83 --rate --column 'Who, where' --column valence --column arousal --column place --boundaries place -o out table.csv &&
		gb-text-align --invert --nearest 3 -o near.tsv out && $oracle out table.csv text onset end 131,83 $gap near.tsv 3"
done
check 'each run by itself has the same features' \
	'gb-text-align --run run-1 --rows 131 --column place -o first table.csv && gb-text-align --run run-2 --rows 83 --column place -o second table.csv &&
	$PYTHON -c "
import sys, numpy
sys.path.insert(0, \"$TOP/tests\")
from tensors import load
whole, a, b = (load(f)[0] for f in (\"out\", \"first\", \"second\"))
both = lambda name: numpy.concatenate([a[name], b[name]])
assert a[\"text\"].any() and (a[\"text\"] == whole[\"text\"][:131])[a[\"text.count\"] > 0].all() and (b[\"text\"] == whole[\"text\"][131:])[b[\"text.count\"] > 0].all()
assert (both(\"text.count\") == whole[\"text.count\"]).all()
assert both(\"text.column.place\").shape == whole[\"text.column.place\"].shape
"'
check 'the same bytes from one, two, three threads, and with threads in BLAS' \
	'for j in 1 2 3; do OPENBLAS_NUM_THREADS=2 gb-text-align -j$j --runs a:131,b:83 --rate --column place --hash-pairs -o out$j table.csv &&
	gb-text-align -j$j --invert -o near$j out$j || exit 1; done; cmp out1 out2 && cmp out1 out3 && cmp near1 near2 && cmp near1 near3'

sheet=$SHARED/data/sherlock-pmc/Sherlock_Segments_1000_NN_2017.xlsx
if [ -r "$sheet" ]; then
	check 'Sherlock: rate, names, arousal, valence, scene boundaries' \
		"gb-text-align --runs run-1:946,run-2:1030 --rate --column 'Name - All' --column 'Arousal - Rater 2' --column 'Valence - Rater 3' --column 'Words on Screen' --boundaries 'Scene Segments' -o out '$sheet' &&
		gb-text-align --invert -o near.tsv out &&
		$oracle out '$sheet' 'Scene Details - A Level' 'Start Time (s)' 'End Time (s)' 946,1030 hold near.tsv 1"
	check 'Sherlock in rows: --unit tr takes the concatenation apart' \
		"gb-text-align --unit tr -v --runs run-1:946,run-2:1030 -o rows '$sheet' 2>said && grep -q '2 rows without times left out' said && $PYTHON -c \"
import sys, json
sys.path.insert(0, '$TOP/tests')
from tensors import load
import openpyxl
t, p = load('rows')
cells = list(openpyxl.load_workbook('$sheet').worksheets[0].iter_rows(min_row=2, values_only=True))
want = sorted((int(r[3] > 946), 3 * (r[3] - 1 - 946 * (r[3] > 946)), 3 * (r[4] - 946 * (r[3] > 946))) for r in cells if r[3])
scale = 2 if p['tensors']['text.spans']['timebase'] == '1/2' else 0
assert sorted(map(tuple, t['text.spans'].tolist())) == want and scale, want[:3]
count = [0] * 1976
for run, a, b in want:
    for row in range(a // 3, b // 3):
        count[row + 946 * run] += 1
assert t['text.count'].tolist() == count
\""
else
	skip 'Sherlock' "no $sheet"
fi
done_testing
