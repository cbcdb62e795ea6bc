#!/bin/sh
# SPDX-License-Identifier: MIT
# Examples in pages are run.  A comment line `.\" test` before a .Bd -literal
# block says that it can run by itself in an empty folder: each line after "$ "
# is a command (a line that ends in a backslash goes on in the next) and must
# succeed; the lines below it, if any, are what it prints ("..." on a line of
# its own: anything from here).
. "$(dirname "$0")/../lib.sh"

# blocks PAGE: the marked blocks, as FOLDER/N.txt
blocks() {
	awk -v folder="$2" '
	/^\.\\" test/ { marked = 1; next }
	marked && /^\.Bd -literal/ { n++; inside = 1; marked = 0; next }
	/^\.Ed/ { inside = 0 }
	inside { gsub(/\\e/, "\\"); gsub(/\\-/, "-"); gsub(/\\&/, ""); gsub(/\\\(aq/, "\047"); print > (folder "/" n ".txt") }' "$1"
}

# run BLOCK: the commands of one block, in this folder.
run() {
	rm -f ./*.cmd ./*.want
	awk '
	more { sub(/^[ \t]*/, ""); more = sub(/\\$/, ""); printf "%s%s", $0, more ? "" : "\n" > (name ".cmd"); next }
	/^\$ / { n++; name = sprintf("%03d", n); sub(/^\$ /, ""); more = sub(/\\$/, ""); printf "%s%s", $0, more ? "" : "\n" > (name ".cmd"); next }
	n { print > (name ".want") }' "$1"
	for command in [0-9]*.cmd; do
		got=$(sh "./$command" 2>"$command.err") || {
			echo "$(cat "$command"): exit $?: $(head -1 "$command.err")"
			return 1
		}
		want=${command%.cmd}.want
		[ -f "$want" ] || continue
		if grep -qx '\.\.\.' "$want"; then
			lines=$(($(grep -nx '\.\.\.' "$want" | head -1 | cut -d: -f1) - 1))
			[ "$(echo "$got" | head -n "$lines")" = "$(head -n "$lines" "$want")" ]
		else
			[ "$got" = "$(cat "$want")" ]
		fi || {
			echo "$(cat "$command") printed:"
			echo "$got"
			return 1
		}
	done
}

total=0
for page in "$TOP"/man/*.[157]; do
	name=$(basename "$page")
	mkdir -p "$work/blocks/$name"
	blocks "$page" "$work/blocks/$name"
	for block in "$work/blocks/$name"/*.txt; do
		[ -f "$block" ] || continue
		total=$((total + 1))
		mkdir -p "$work/at/$name"
		rm -rf "$work/at/$name" && mkdir -p "$work/at/$name" && cd "$work/at/$name" || exit 1
		check "$name: example $(basename "$block" .txt)" "run $block"
		cd "$work" || exit 1
	done
done
check 'there are examples to run' 'test "$total" -gt 0'
done_testing
