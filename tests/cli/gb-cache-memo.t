#!/bin/sh
# SPDX-License-Identifier: MIT
# memo, ls, verify, gc, why: once per content; never half; what is wrong is said.
. "$(dirname "$0")/../lib.sh"
GB_CACHE=$work/store
export GB_CACHE

# A command that takes its time and counts its runs; its words: [--slow S] [--fail N] [--hash-of FILE] FILE… -o OUT
mkdir bin
cat >bin/gb-count <<'E2'
#!/bin/sh
echo run >>"$RUNS"
slow=0
while [ $# -gt 2 ]; do
	case $1 in
	--slow) slow=$2; shift ;;
	--fail) echo "gb-count: failed as asked" >&2; exit "$2" ;;
	--folder) while [ "$1" != -o ]; do shift; done; mkdir "$2"; exit ;;
	*) cat "${1#--from=}" 2>/dev/null >>"$work/text.$$" || printf %s "$1" >>"$work/text.$$" ;;
	esac
	shift
done
sleep "$slow"
mv "$work/text.$$" "$2"
E2
chmod +x bin/gb-count
PATH=$work/bin:$PATH RUNS=$work/runs
export work RUNS
runs() { : >"$RUNS"; "$@"; wc -l <"$RUNS"; }
echo one >a.txt
echo two >b.txt

check 'a command runs, once' 'test $(runs sh -c "gb-cache memo -o x.txt -- gb-count a.txt && gb-cache memo -o y.txt -- gb-count a.txt") = 1 && cmp x.txt a.txt && cmp y.txt a.txt'
check 'from another folder, under another name of the folder' 'mkdir d && cp a.txt d && cd d && test $(runs gb-cache memo -o z.txt -- gb-count -j2 -q ./a.txt) = 0 && cmp z.txt a.txt'
check 'other content: again' 'cp a.txt keep && echo other >a.txt && test $(runs gb-cache memo -o x.txt -- gb-count a.txt) = 1 && cmp x.txt a.txt && mv keep a.txt'
check 'other words: again' 'test $(runs gb-cache memo -o x.txt -- gb-count a.txt b.txt) = 1'
check 'content after ="' 'test $(runs gb-cache memo -o x.txt -- gb-count --from=b.txt) = 1 && echo three >b.txt && test $(runs gb-cache memo -o x.txt -- gb-count --from=b.txt) = 1 && grep -q three x.txt'
check 'another name of the file, which tools may record: again' 'cp a.txt c.txt && test $(runs gb-cache memo -o x.txt -- gb-count c.txt) = 1'
check 'another extension of the result: again' 'test $(runs gb-cache memo -o x.nii.gz -- gb-count a.txt) = 1'
check 'another program: again' 'cp bin/gb-count keep && echo "# changed" >>bin/gb-count && test $(runs gb-cache memo -o x.txt -- gb-count a.txt) = 1 && mv keep bin/gb-count'
check 'another processor class: again' 'test $(GB_CPU=generic runs gb-cache memo -o x.txt -- gb-count a.txt) = 1'
check 'a folder by what is in it' 'mkdir weights && echo w >weights/one && test $(runs gb-cache memo -o x.txt -- gb-count weights) = 1 && test $(runs gb-cache memo -o x.txt -- gb-count weights) = 0 && echo v >weights/one && test $(runs gb-cache memo -o x.txt -- gb-count weights) = 1'
check 'the sidecar of a NIfTI counts' 'echo i >i.nii.gz && test $(runs gb-cache memo -o x.txt -- gb-count i.nii.gz) = 1 && echo "{}" >i.json && test $(runs gb-cache memo -o x.txt -- gb-count i.nii.gz) = 1'
check 'standard output' 'gb-cache memo -- gb-count a.txt | cmp - a.txt'
check 'make sees a result that is not older' 'sleep 1; touch a.txt && test $(runs gb-cache memo -o x.txt -- gb-count a.txt) = 0 && ! test a.txt -nt x.txt'
check 'writing to a result does not reach the store' 'gb-cache memo -o x.txt -- gb-count a.txt; echo changed >changed && mv changed x.txt && gb-cache memo -o x.txt -- gb-count a.txt && cmp x.txt a.txt'

: >runs
for i in 1 2 3 4; do gb-cache memo -o "p$i.txt" -- gb-count --slow 0.5 a.txt & done
wait
check 'four at once run it once' 'test $(wc -l <runs) = 1 && cmp p1.txt p4.txt && cmp p2.txt p3.txt && cmp p1.txt a.txt'

fails 3 'gb-count: failed as asked' 'a failing command ends with its own words and status' gb-cache memo -o bad.txt -- gb-count --fail 3
check 'and leaves nothing' '! test -e bad.txt && test -z "$(find store -name ".*")"'
fails 2 'memo runs gb- commands' 'other programs' gb-cache memo -o x -- cat a.txt
fails 2 'no such program' 'a program that is not there' gb-cache memo -o x -- gb-none a.txt
fails 2 'give -o to memo' '-o in the command' gb-cache memo -o x -- gb-count a.txt -o y
fails 2 'memo wants files' 'standard input' gb-cache memo -o x -- gb-count -
fails 2 'command is wanted' 'no command' gb-cache memo -o x --
fails 2 'one file' 'a result that is a folder' gb-cache memo -o x -- gb-count --folder
fails 4 'signal 9' 'a command that is killed' sh -c 'printf "#!/bin/sh\nkill -9 \$\$\n" >bin/gb-die; chmod +x bin/gb-die; exec gb-cache memo -o x -- gb-die'

# kill -9 of memo at random moments: the old or the new result, and a store that works.
killed=0
for t in 0.01 0.03 0.06 0.1 0.15 0.2 0.25 0.3 0.4; do
	echo "$t" >k.txt
	echo old >old && mv old k.out
	gb-cache memo -o k.out -- gb-count --slow 0.2 k.txt &
	sleep "$t"
	kill -9 $! 2>/dev/null && killed=$((killed + 1))
	wait $! 2>/dev/null
	cmp -s k.out k.txt || grep -qx old k.out || echo half >>halves
	gb-cache memo -o k.out -- gb-count --slow 0.2 k.txt && cmp -s k.out k.txt || echo bad >>halves
done 2>/dev/null
check 'killed at random moments: old or new, never half' 'test ! -e halves && test $killed -gt 3'
check 'gc removes what killed runs left in the store' 'sleep 0.5; gb-cache gc >litter && test -z "$(find store -name ".*.??????" -o -name "*.lock" -size +0)" && gb-cache gc | wc -l | grep -qx 1'

check 'the libraries of a program count' 'gb-cache memo -o k.tsv -- gb-fmri-hrf kernel --tr 2 && cat store/*/about.json | tr "{" "\n" | grep -q "libc.so.6\":\"[0-9]* [0-9]*\""'

# With real tools: provenance must be covered by the key.
printf 'onset\tduration\tword\n0\t1\thello\n2\t3\tthere you are\n7\t1\tbye\n' >events.tsv
check 'a real tool' 'gb-cache memo -o text.safetensors -- gb-text-align --tr 3/2 --rows 20 --text word events.tsv 2>/dev/null && gb-text-align --tr 3/2 --rows 20 --text word -o plain.safetensors events.tsv && cmp text.safetensors plain.safetensors'
check 'ls' 'gb-cache ls >list && head -1 list | grep -qx "key	bytes	days	command" && grep -q "gb-text-align --tr 3/2 --rows 20 --text word events.tsv$" list && ! grep -q "	gb-none" list'
check 'verify' 'gb-cache verify | grep -c "	good$" | grep -qx $(($(wc -l <list) - 1))'
check 'verify of a file and a set' 'gb-cache pack -q -o SET --split 1:0 --drop 0:1 text.safetensors 2>/dev/null || gb-text-align --tr 3/2 --rows 60 --text word -o text.safetensors events.tsv && gb-cache pack -q -o SET --split 1:0 text.safetensors && gb-cache verify SET text.safetensors | grep -c "	good$" | grep -qx 2'
check 'why: from the set to the annotations' 'gb-cache why SET >tree && sed -n 1p tree | grep -q "^SET/index.safetensors = gb-cache .*split=1:0" && sed -n 2p tree | grep -q "^  stimulus: .*text.safetensors = gb-text-align .*tr=3/2" && sed -n 3p tree | grep -q "^    .*events.tsv, $(wc -c <events.tsv) bytes, xxh3"'
check 'why: a file that is elsewhere' 'mkdir far && mv SET/text.safetensors far && mv text.safetensors far/t2.safetensors && gb-cache why SET | grep -q "not found" && gb-cache why SET far | grep -q "far/t2.safetensors = gb-text-align"'
fails 2 'No such file' 'why: nothing there' gb-cache why nothing
fails 3 'text.safetensors' 'verify: a set without a member' gb-cache verify SET
object=$(find store -name out.txt | head -1)
chmod u+w "$object"
printf x | dd of="$object" conv=notrunc 2>/dev/null
fails 3 'damaged: not the bytes' 'verify: damage in the store' gb-cache verify
fails 2 'DAYS|keep' 'gc --keep wants a number' gb-cache gc --keep x
check 'gc --dry-run removes nothing' 'find store | sort >before; gb-cache gc --keep 0 --dry-run >dry; find store | sort | cmp - before && grep -q "^entry	to remove" dry'
mkdir left && touch left/.film.mp4.aB3dE6 left/.notes left/.a.b
check 'gc names leftovers and leaves them' 'gb-cache gc left | grep -q "^leftover	named	0	.*	left/.film.mp4.aB3dE6$" && test -e left/.film.mp4.aB3dE6 && gb-cache gc left | wc -l | grep -qx 2'
check 'gc --keep 0 empties the store; results stay' 'gb-cache gc --keep 0 >/dev/null && test -z "$(ls -A store)" && cmp y.txt keep.txt 2>/dev/null || test -s y.txt'
fails 4 'store|No space|folder|denied|director' 'a store that cannot be made' env GB_CACHE=/dev/null/x gb-cache memo -o x -- gb-count a.txt
done_testing
