# SPDX-License-Identifier: MIT

# a full disk
F 4 'No space left' gb-text-align a.csv >/dev/full
# a full disk, inverting
F 4 'No space left' gb-text-align --invert file >/dev/full
# no such file
F 2 'none.csv' gb-text-align none.csv
# an empty file
F 3 'empty' gb-text-align -o x empty
# a header alone
F 3 'no rows' gb-text-align -o x header
# an end before its start
F 3 'row 2: ends at 4 s, before it starts at 5 s' gb-text-align -o x back
# text where a time should be
F 3 'row 2: onset: "soon" is not a time in seconds' gb-text-align -o x word
# not UTF-8
F 3 '0xe9 is not UTF-8' gb-text-align -o x latin
# no column of times
F 3 'start times.*--start-col.*a, b' gb-text-align -o x columns
# a column that is not there
F 2 'no column "z"; it has: a, b' gb-text-align -o x --start-col z columns
# no column of text
F 3 'text; name one with --text' gb-text-align -o x --start-col a columns
# several runs
F 2 'run-1: 3 segments to 30 s; run-2: 1 segments to 10 s' gb-text-align -o x runs
# a run that is not there
F 2 'no such run' gb-text-align -o x --run run-3 runs
# too many runs
F 2 '3 runs.*show 2' gb-text-align -o x --runs a:1,b:2,c:3 runs
# no encoder
F 4 'no sentence encoder there' gb-text-align -o x --embed nowhere a.csv
# an encoder, but no code for it
F 4 'this build has no sentence encoder' gb-text-align -o x --embed bert a.csv
# another kind of model
F 3 '"gpt2"; a sentence encoder' gb-text-align -o x --embed gpt a.csv
# --column that is not there
F 2 'no column "z"' gb-text-align -o x --column z a.csv
# --boundaries that is not there
F 2 'no column "z"' gb-text-align -o x --boundaries z a.csv
# a column twice
F 2 'asked for twice' gb-text-align -o x --column end --column end a.csv
# --invert of something else
F 3 'not.*tensor|tensor.*text' gb-text-align --invert -o x a.csv
# a column without values
F 3 '"blank" is empty' gb-text-align -o x --column blank blank
# no such pooling
F 2 'slots' gb-text-align -o x --pool slots:0 a.csv
# an old workbook
F 3 'save it as .xlsx' gb-text-align -o x old.xls
