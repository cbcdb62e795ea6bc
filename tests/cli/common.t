#!/bin/sh
# SPDX-License-Identifier: MIT
# What every tool does alike: help, version, unknown options and keys,
# completion, terminals, the close of standard output.
. "$(dirname "$0")/../lib.sh"

for tool in "$GB_BUILD"/bin/gb-*; do
	name=${tool##*/}
	check "$name --help exits 0 and is silent on stderr" "$name --help >help 2>err && test -s help && ! test -s err"
	check "$name --version names the processor class" "$name --version | grep -Eq '^$name [0-9.]+ \((generic|avx2|avx512|amx)\)$'"
	check "$name --completion is bash" "$name --completion >c.sh && bash -n c.sh && grep -q 'complete -o filenames' c.sh"
	check "$name --help to a full disk is exit 4" "$name --help >/dev/full 2>err; test \$? = 4"
	check "$name: no line of --help is longer than 80 columns" "
		verbs=\$($name --help | sed -n 's/^  $name \\([a-z]*\\) .*/\\1/p')
		for verb in '' \$verbs; do $name \$verb --help; done >all && ! grep -E '.{81}' all"
	if $name --help | grep -q '^usage:$'; then
		fails 2 'no such verb' "$name: an unknown verb is exit 2" "$name" no-such-verb
		fails 2 'a verb is wanted' "$name without a verb is exit 2" "$name"
	else
		fails 2 'no such option.*did you mean --version|did you mean --version' "$name: an unknown option suggests" "$name" --verzion
		printf 'no-such-key = 1\n' >bad.conf
		fails 2 'bad.conf line 1: no-such-key: no such option' "$name: an unknown key of -c is exit 2" "$name" -c bad.conf x
		fails 2 'argument is wanted' "$name: a missing argument is exit 2" "$name" -o
		fails 2 "'x': a whole number" "$name: -j x is exit 2" "$name" -j x x
		fails 2 'GB_CPU=none' "$name: an unknown processor class is exit 2" env GB_CPU=none "$name" x
	fi
done
done_testing
