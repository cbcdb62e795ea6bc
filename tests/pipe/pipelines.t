#!/bin/sh
# SPDX-License-Identifier: MIT
# The pipelines as makefiles: what -n prints, what runs again, what is missing;
# and, where the scans are at hand, real brains: ridge on hashed words in both
# directions against the figures measured before (r 0.160, gate 0.13; ISC 0.419
# and 0.353).  The other figures take longer: make -C pipelines sherlock.
. "$(dirname "$0")/../lib.sh"
make="make --no-print-directory -C $TOP/pipelines bin=$GB_BUILD/bin out=$work"

check 'help' "$make | grep -q 'sherlock DATA=DIR'"
check 'demo -n prints commands of every tool and writes nothing' "
$make -n demo >plan && for t in video-frames audio-encodec text-align sim fmri-hrf cache train recon; do grep -q \"^gb-\$t\" plan || exit 1; done
! test -e demo"
check 'training goes on where it was killed, and begins anew (--new) where the set or the settings changed since' "
mkdir -p on/demo/set on/demo/giblet13 && touch -d '1 hour ago' on/demo/set/index.safetensors
$make -n out=$work/on $work/on/demo/giblet13/best.safetensors | grep -q '^gb-train --model giblet13' || exit 1
touch on/demo/giblet13/last.safetensors && $make -n out=$work/on $work/on/demo/giblet13/best.safetensors | grep -q '^gb-train --model giblet13' || exit 1
touch -d '2 hours ago' on/demo/giblet13/last.safetensors && $make -n out=$work/on $work/on/demo/giblet13/best.safetensors | grep -q '^gb-train --new --model giblet13' || exit 1
mkdir on/demo/giblet13/search && touch on/demo/giblet13/search/last.safetensors && $make -n out=$work/on $work/on/demo/giblet13/best.safetensors | grep -q '^gb-train --model giblet13' || exit 1
mkdir on/demo/ridge && touch -d '2 hours ago' on/demo/ridge/last.safetensors && $make -n out=$work/on $work/on/demo/ridge/best.safetensors | grep -q '^gb-train --new --model ridge'"
check 'the demo with a film of its own and no words leaves text out' "
touch film.mp4 && $make -n demo MOVIE=$work/film.mp4 >plan && ! grep -q text-align plan && grep -q 'film.mp4' plan"
check 'sherlock without DATA says what is wanted' "! $make sherlock 2>err && grep -q 'DATA=DIR' err"
check 'a folder without scans says so' "mkdir empty && ! $make sherlock DATA=$work/empty 2>err && grep -q 'no \*bold.nii.gz' err"

data=$SHARED/data/sherlock-pmc
if [ ! -d "$data" ]; then
	skip 'real brains' "no scans at $data"
	done_testing
fi
check 'sherlock-nested -n: one model of words a direction, and its nested ones' "$make -n sherlock-nested DATA=$data >plan && grep -c '^gb-train --model ridge' plan | grep -qx 2 && grep -c \"^gb-recon.*--nuisance text.rate --nested 'text.boundaries,text.column.\*,text'\" plan | grep -qx 2"
run="$make -j2 sherlock-ridge DATA=$data sherlock_baselines=words sherlock_ridge=--no-decoders"
check 'both directions, hashed words: r 0.13 or more, p 0.05 or less, the null around 0' "
$run >log 2>&1 || { cat log; exit 1; }
grep '^words' log && grep -q '^words.*ok\$' log"
check 'the ceilings and leave-one-out ISC are those measured before, to 0.005' "
awk '/leave-one-out/ { for (i = 1; i < NF; i++) if (\$i == \"ISC\") v = \$(i + 1) + 0; want = /forward/ ? 0.419 : 0.353; d = v - want; if (d * d > 0.005 ^ 2) exit 1; n++ } END { exit n != 2 }' log"
check 'nothing changed: nothing runs' "$run 2>&1 | grep -c '^gb-' >n; test \"\$(cat n)\" = 0"
check 'one scan changed: it, the sets, models and reports run again, the words do not' "
touch sherlock/sub-03.safetensors && $run -n | sed -n 's/^\(gb-[a-z-]* [a-z]*\).*/\1/p' | sort | uniq -c >again
! grep -q text-align again && ! grep -q fmri-hrf again && grep -q '2 gb-cache pack' again && grep -q '2 gb-train' again"
done_testing
