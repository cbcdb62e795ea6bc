#!/bin/sh
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2034
# kill -9 at random moments of every command that writes: the old file or the new one,
# never half of it; what is left behind is named by gb-cache gc.  TERM leaves nothing.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/commands.sh"
command -v ffmpeg >/dev/null || skip_all 'no ffmpeg program'
GB_CACHE=$work/store
export GB_CACHE
inputs || exit 1

now() { echo $(($(date +%s%N) / 1000)); } # microseconds
mkdir o
echo old >old.file
seed=$(date +%N | sed 's/^0*//')
echo "# seed $seed"
random() { # random BELOW: a number from 0
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	random=$((seed / 8 % $1))
}
# start it, and after $1 microseconds send it signal $2
strike() {
	cp old.file "o/$out.tmp" && mv "o/$out.tmp" "o/$out"
	rm -rf store
	$line >said 2>&1 &
	sleep "$(($1 / 1000000)).$(printf %06d $(($1 % 1000000)))"
	kill "-$2" $! 2>/dev/null
	wait $! 2>/dev/null
	code=$?
}
each_body='
	out=out.$extension
	line=$(echo "$command" | sed "s|OUT|o/$out|")
	rm -rf o/* store
	began=$(now)
	$line >said 2>&1 || sed "s/^/# /" said
	took=$(($(now) - began))
	cp "o/$out" new.file
	olds=0 news=0 halves=0 left=0
	for i in 1 2 3 4; do
		random $((took * 3 / 2))
		strike $random 9
		if cmp -s "o/$out" old.file; then olds=$((olds + 1)); elif cmp -s "o/$out" new.file; then news=$((news + 1)); else halves=$((halves + 1)); fi
	done 2>/dev/null
	find o -name ".*" | sort >left.found
	gb-cache gc o | grep ^leftover | cut -f5 | sort >left.named
	ok $halves "kill -9: $command (of $((took / 1000)) ms: old $olds, new $news times, $(wc -l <left.found) left behind)"
	check "  what is left behind is named" "cmp left.found left.named"
	rm -f o/.out*
	wrong=0
	for i in 1 2; do
		random $took
		strike $random TERM
		[ $code = 143 ] || [ $code = 0 ] || [ $code = 127 ] || wrong=$((wrong + 1))
		cmp -s "o/$out" old.file || cmp -s "o/$out" new.file || wrong=$((wrong + 1))
	done 2>/dev/null
	ok $wrong "  TERM: ended by it or done"
	check "  and nothing left behind" "test -z \"\$(find o -name \".*\")\""
'
each_command
check 'each result once more, whole' 'each_body="out=out.\$extension; \$(echo \$command | sed \"s|OUT|o/\$out|\") >said 2>&1 || echo \$command >>failed"; each_command; ! test -e failed'

# Folders: every file in them is whole, and the same command again ends as if never killed.
! have gb-train '' || gb-train -q --model ridge -o run packed
whole() { # whole FILE
	case $1 in
	*.safetensors) gb-inspect --verify "$1" >/dev/null ;;
	*.gz) gzip -t "$1" ;;
	*.json) "$PYTHON" -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" ;;
	*.html) tail -c 20 "$1" | grep -q '</html>' ;;
	esac
}
echo "$folder_list" >folder.list
while read -r command <&8; do
	tool=${command%% *}
	if ! have "$tool" ''; then
		skip "$tool" 'not built yet'
		continue
	fi
	rm -rf o/* reference
	line=$(echo "$command" | sed 's|OUT|o/folder|')
	began=$(now)
	$line >said 2>&1 || sed 's/^/# /' said
	took=$(($(now) - began))
	mv o/folder reference
	bad=0 left=0
	for i in 1 2 3 4; do
		random $((took * 5 / 4))
		rm -rf o/folder
		$line >said 2>&1 &
		sleep "$((random / 1000000)).$(printf %06d $((random % 1000000)))"
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		[ -d o/folder ] || continue
		find o/folder -type f ! -name '.*' >files
		while read -r file; do whole "$file" || bad=$((bad + 1)); done <files
		find o/folder -name '.*' | sort >left.found
		gb-cache gc o/folder | grep ^leftover | cut -f5 | sort >left.named
		cmp left.found left.named || bad=$((bad + 1))
		left=$((left + $(wc -l <left.found)))
		find o/folder -name '.*' -delete
	done 2>/dev/null
	ok $bad "kill -9: $command (of $((took / 1000)) ms): every file is whole; $left left behind, all named"
	check '  the same command again ends as if never killed' "$line && diff -r o/folder reference"
done 8<folder.list

# A tool that writes in place must not pass.
printf '#!/bin/sh\nprintf ne >"$2"\nsleep 0.2\nprintf w >>"$2"\n' >half
printf new >new.file
chmod +x half
out=out.x line='./half -o o/out.x' halves=0
for i in 1 2 3 4 5; do
	strike 100000 9
	cmp -s o/out.x old.file || cmp -s o/out.x new.file || halves=$((halves + 1))
done 2>/dev/null
check 'half a file would be seen' "test $halves -gt 0"

# TERM in the very moment in which a file or a folder has come to be.
cat >struck.c <<'E'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#define STRUCK(type, name, arguments, given) \
	type name arguments { type made = ((type(*) arguments)dlsym(RTLD_NEXT, #name))given; raise(SIGTERM); return made; }
STRUCK(int, mkostemp, (char *path, int flags), (path, flags))
STRUCK(int, mkostemp64, (char *path, int flags), (path, flags))
STRUCK(char *, mkdtemp, (char *path), (path))
E
mkdir struck
struck() { # struck COMMAND...: is ended by it, and nothing is left
	env LD_PRELOAD="$PWD/struck.so" ASAN_OPTIONS=verify_asan_link_order=0 "$@"
	test $? = 143 && test -z "$(ls -A struck)"
}
if ${CC:-cc} -shared -fPIC -o struck.so struck.c -ldl; then
	check 'TERM as a file comes to be' 'struck gb-fmri-hrf kernel --tr 1/2 -o struck/x.tsv'
	check 'TERM as a folder comes to be' 'struck gb-cache pack -q --split 22:88/92: --gap 6 -o struck/set words.safetensors --subject s1=bold1.safetensors'
else
	skip 'TERM as a file comes to be' 'no C compiler'
fi
done_testing
