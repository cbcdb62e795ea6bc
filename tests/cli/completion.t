#!/bin/sh
# SPDX-License-Identifier: MIT
# Every tool prints its own completion for bash: long options, verbs, files.
. "$(dirname "$0")/../lib.sh"
command -v bash >/dev/null || skip_all 'bash is not installed'

# complete WORDS…: what bash would offer for the last word.
cat >complete.bash <<'EOF'
. "./$1.bash"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
"_${1//-/_}"
printf '%s\n' "${COMPREPLY[@]}"
EOF
offers() { bash ./complete.bash "$@"; }

: >afile.nii
for path in "$GB_BUILD"/bin/gb-*; do
	tool=$(basename "$path")
	"$tool" --completion >"$tool.bash"
	check "$tool: bash reads its completion" "bash -n $tool.bash && bash -c '. ./$tool.bash; complete -p $tool' >/dev/null"
	"$tool" --help >help
	if grep -q '^usage:$' help; then
		check "$tool: verbs come first" "sed -n 's/^  $tool \([a-z-]*\).*/\1/p' help | sort -u >want; offers $tool '' | grep -v afile | sort >got; grep -vxFf got want && exit 1; exit 0"
		verb=$(sed -n "s/^  $tool \([a-z-]*\).*/\1/p" help | head -1)
		check "$tool $verb: its options, and no file among them" "offers $tool $verb --he | grep -qx -- --help && ! offers $tool $verb --he | grep -q afile"
		check "$tool $verb: every option of --help" "$tool $verb --help | sed -n 's/^  \(  \|-[A-Za-z],\) *\(--[a-z0-9-]*\).*/\2/p' | sort -u >want; offers $tool $verb -- | sort -u >got; diff want got"
		check "$tool $verb: files" "offers $tool $verb afi | grep -qx afile.nii"
	else
		check "$tool: every option of --help" "$tool --help | sed -n 's/^  \(  \|-[A-Za-z],\) *\(--[a-z0-9-]*\).*/\2/p' | sort -u >want; offers $tool -- | sort -u >got; diff want got"
		check "$tool: files" "offers $tool afi | grep -qx afile.nii"
	fi
done
done_testing
