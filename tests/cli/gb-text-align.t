#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line of gb-text-align: exit codes, messages, streams.
. "$(dirname "$0")/../lib.sh"

printf 'onset,end,text\n0,3,one two\n3,3,three\n4.5,6,four five\n' >a.csv
check 'stdin and file: the same tensors' \
	'gb-text-align -o file a.csv && gb-text-align -o pipe - <a.csv && $PYTHON $TOP/tests/parity/text_oracle.py file a.csv text onset end 4 && $PYTHON $TOP/tests/parity/text_oracle.py pipe a.csv text onset end 4'
check 'the same bytes again' 'gb-text-align -o again a.csv && cmp file again'
check 'to a pipe: the same bytes' 'gb-text-align a.csv | cmp - file'

: >empty
printf 'onset,end,text\n' >header
printf 'onset,end,text\n5,4,a\n' >back
printf 'onset,end,text\nsoon,4,a\n' >word
printf 'onset,end,text\n1,4,caf\351\n' >latin
printf 'a,b\n1,2\n' >columns
printf 'onset,end,text\n0,10,a\n10,20,b\n20,30,b\n0,10,c\n' >runs
mkdir bert gpt
echo '{"model_type":"bert"}' >bert/config.json
echo '{"model_type":"gpt2"}' >gpt/config.json
printf 'onset,end,text,blank\n0,3,a,\n' >blank
printf '\320\317\021\340\241\261\032\341aaaa' >old.xls
test ! -e x
ok $? 'nothing was written'
# what a user can get wrong
table gb-text-align.tst
done_testing
