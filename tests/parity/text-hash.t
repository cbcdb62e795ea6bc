#!/bin/sh
# SPDX-License-Identifier: MIT
# Hashed words and their rows against Python: openpyxl, re, fractions, xxhash.
. "$(dirname "$0")/../lib.sh"
oracle="$PYTHON $TOP/tests/parity/text_oracle.py"

$PYTHON - <<'END'
import csv, openpyxl, random
random.seed(3)
words = "the a girl's dog ran Über café naïve 3 days don't RUN — sherlock; watson's 'tis x1y2 ÅNGSTRÖM же День 'quoted' 9".split(" ")
rows, t = [], 0
for i in range(61):
    if i == 40:
        t = 0  # the second run begins
    length = random.choice([0, 1, 2, 2.5, 0.25, 7])
    text = "" if i % 13 == 5 else " ".join(random.choice(words) for _ in range(random.randint(1, 12)))
    rows.append((t, t + length, text))
    t += random.choice([0, length, length, length + 4.75])
with open("table.csv", "w", newline="", encoding="utf-8") as file:
    out = csv.writer(file)
    out.writerow(["onset", " end ", "text"])
    out.writerows(rows)
book = openpyxl.Workbook()
sheet = book.active
sheet.append(["Start Time (s) ", "End Time (s)", " Text "])
for row in rows:
    sheet.append(row)
sheet.append([None, " ", None])
book.save("table.xlsx")
END
for table in csv xlsx; do
	if [ $table = csv ]; then columns='text onset end'; else columns='Text "Start Time (s)" "End Time (s)"'; fi
	for pool in mean max first last slots:3; do
		for gap in hold zero linear; do
			check "$table, $pool, $gap: as computed in Python" \
				"gb-text-align --hash-pairs --run all --runs a:101,b:77 --pool $pool --gap $gap -o out table.$table && $oracle out table.$table $columns 101,77 $pool $gap"
		done
		[ $table = csv ] || break
	done
done
check 'the same bytes from one thread and three' \
	'gb-text-align -j1 --run run-2 -o one table.csv && gb-text-align -j3 --run run-2 -o three table.csv && cmp one three'

sheet=$SHARED/data/sherlock-pmc/Sherlock_Segments_1000_NN_2017.xlsx
if [ -r "$sheet" ]; then
	check 'Sherlock: 1000 segments, two runs, as computed in Python' \
		"gb-text-align --runs run-1:946,run-2:1030 -o out '$sheet' && $oracle out '$sheet' 'Scene Details - A Level' 'Start Time (s)' 'End Time (s)' 946,1030"
	fails 2 'run-1: 482 segments to 1426 s; run-2: 518 segments to 1544 s' 'Sherlock: which run?' gb-text-align -o out "$sheet"
else
	skip 'Sherlock' "no $sheet"
fi
done_testing
