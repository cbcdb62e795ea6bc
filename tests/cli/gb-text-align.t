#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line of gb-text-align: exit codes, messages, streams.
. "$(dirname "$0")/../lib.sh"

printf 'onset,end,text\n0,3,one two\n3,3,three\n4.5,6,four five\n' >a.csv
check 'stdin and file: the same tensors' \
	'gb-text-align -o file a.csv && gb-text-align -o pipe - <a.csv && $PYTHON $TOP/tests/parity/text_oracle.py file a.csv text onset end 4 && $PYTHON $TOP/tests/parity/text_oracle.py pipe a.csv text onset end 4'
check 'the same bytes again' 'gb-text-align -o again a.csv && cmp file again'
check 'to a pipe: the same bytes' 'gb-text-align a.csv | cmp - file'
fails 4 'No space left' 'a full disk' sh -c 'gb-text-align a.csv >/dev/full'

fails 4 'No space left' 'a full disk, inverting' sh -c 'gb-text-align --invert file >/dev/full'
fails 2 'none.csv' 'no such file' gb-text-align none.csv
: >empty
fails 3 'empty' 'an empty file' gb-text-align -o x empty
printf 'onset,end,text\n' >header
fails 3 'no rows' 'a header alone' gb-text-align -o x header
printf 'onset,end,text\n5,4,a\n' >back
fails 3 'row 2: ends at 4 s, before it starts at 5 s' 'an end before its start' gb-text-align -o x back
printf 'onset,end,text\nsoon,4,a\n' >word
fails 3 'row 2: onset: "soon" is not a time in seconds' 'text where a time should be' gb-text-align -o x word
printf 'onset,end,text\n1,4,caf\351\n' >latin
fails 3 '0xe9 is not UTF-8' 'not UTF-8' gb-text-align -o x latin
printf 'a,b\n1,2\n' >columns
fails 3 'start times.*--start-col.*a, b' 'no column of times' gb-text-align -o x columns
fails 2 'no column "z"; it has: a, b' 'a column that is not there' gb-text-align -o x --start-col z columns
fails 3 'text; name one with --text' 'no column of text' gb-text-align -o x --start-col a columns
printf 'onset,end,text\n0,10,a\n10,20,b\n20,30,b\n0,10,c\n' >runs
fails 2 'run-1: 3 segments to 30 s; run-2: 1 segments to 10 s' 'several runs' gb-text-align -o x runs
fails 2 'no such run' 'a run that is not there' gb-text-align -o x --run run-3 runs
fails 2 '3 runs.*show 2' 'too many runs' gb-text-align -o x --runs a:1,b:2,c:3 runs
fails 4 'no sentence encoder there' 'no encoder' gb-text-align -o x --embed nowhere a.csv
mkdir bert gpt
echo '{"model_type":"bert"}' >bert/config.json
echo '{"model_type":"gpt2"}' >gpt/config.json
fails 4 'this build has no sentence encoder' 'an encoder, but no code for it' gb-text-align -o x --embed bert a.csv
fails 3 '"gpt2"; a sentence encoder' 'another kind of model' gb-text-align -o x --embed gpt a.csv
fails 2 'no column "z"' '--column that is not there' gb-text-align -o x --column z a.csv
fails 2 'no column "z"' '--boundaries that is not there' gb-text-align -o x --boundaries z a.csv
fails 2 'asked for twice' 'a column twice' gb-text-align -o x --column end --column end a.csv
fails 3 'not.*tensor|tensor.*text' '--invert of something else' gb-text-align --invert -o x a.csv
printf 'onset,end,text,blank\n0,3,a,\n' >blank
fails 3 '"blank" is empty' 'a column without values' gb-text-align -o x --column blank blank
fails 2 'slots' 'no such pooling' gb-text-align -o x --pool slots:0 a.csv
printf '\320\317\021\340\241\261\032\341aaaa' >old.xls
fails 3 'save it as .xlsx' 'an old workbook' gb-text-align -o x old.xls
test ! -e x
ok $? 'nothing was written'
done_testing
