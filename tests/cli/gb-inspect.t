#!/bin/sh
# SPDX-License-Identifier: MIT
# gb-inspect: tables, statistics against numpy, diff, why, health, pictures, .npy; hostile input.
. "$(dirname "$0")/../lib.sh"
"$GB_BUILD/tests/unit/inspect" "$work" || exit 1
cp "$TOP/tests/tensors.py" .

# ---- tables
check 'a table names tensors, types, shapes, dims, time and unit' \
	'gb-inspect bold.safetensors | grep -Eq "^bold +F32 +20×7 +time,voxel +3/2 s +SD +BOLD of the voxels in the mask$"'
check 'and where the file comes from' 'gb-inspect made.safetensors >out; grep -q "made by gb-other 0.1.0, id [0-9a-f]\{32\}$" out && grep -Eq "params +kernel +glover" out && grep -Eq "foreign.bin, 17 bytes, xxh3 [0-9a-f]{32}$" out'
check 'runs are shown with their times' 'gb-inspect bold.safetensors | grep -q "run-1: 12 rows of 3/2 s, from 9/2 to 45/2 s" && gb-inspect bold.safetensors | grep -q "run-2: 8 rows of 3/2 s, from 0 to 12 s"'
check 'three hundred tensors stand in straight columns' \
	'gb-inspect ill.safetensors | sed -n "2,302p" | awk "{ at = match(\$0, / F32 |dtype/) + (\$2 == \"F32\"); if (NR > 1 && at != before) exit 1; before = at } END { exit NR != 301 }"'
check 'several files, one after the other' 'test "$(gb-inspect bold.safetensors types.safetensors | grep -c "gbt/1,")" = 2'
check 'a pipe is read as a file is' 'gb-inspect - <bold.safetensors | sed 1d >a; gb-inspect bold.safetensors | sed 1d | cmp - a'
check '-o writes the same text' 'gb-inspect -o t bold.safetensors && gb-inspect bold.safetensors | cmp - t'

# ---- JSON and statistics, against numpy
check '--json is JSON with everything said' \
	'gb-inspect --json made.safetensors | "$PYTHON" -c "
import json, sys
d = json.load(sys.stdin)
t = {t[\"name\"]: t for t in d[\"tensors\"]}
assert t[\"mel\"][\"shape\"] == [30, 8, 3] and t[\"mel\"][\"total\"] == 75 and t[\"mel\"][\"time\"][\"step\"] == \"1/2\"
assert d[\"inputs\"][\"movie\"][\"bytes\"] == 17 and d[\"params\"] == {\"kernel\": \"glover\"}"'
cat >stats.py <<'PY'
import json, subprocess, sys
import numpy as np
from tensors import load
for path in sys.argv[1:]:
    got = {t['name']: t for t in json.loads(subprocess.check_output(['gb-inspect', '--json', '--stats', path]))['tensors']}
    for name, x in load(path)[0].items():
        if name == 'gbt.xxh3':
            continue
        s = got[name]['stats']
        x = x.astype('f8')
        assert s['count'] == x.size
        if not x.size:
            assert s['min'] == s['mean'] == 'nan'
            continue
        f = x[np.isfinite(x)]
        for key, want in ('min', np.nanmin(x)), ('max', np.nanmax(x)), ('mean', f.mean()), ('std', f.std()):
            assert np.isclose(float(s[key]), want, rtol=1e-12, atol=1e-300) or abs(float(s[key]) - want) < 1e-13 * abs(f).max(), (path, name, key, s[key], want)
        assert s['nan'] == np.isnan(x).sum() and s['inf'] == np.isinf(x).sum() and s['zeros'] == (x == 0).sum()
        if x.ndim > 1:
            assert s['constant_columns'] == (x == x[:1]).all(0).sum(), name
PY
check '--stats agree with numpy' '"$PYTHON" stats.py bold.safetensors made.safetensors ill.safetensors types.safetensors'
check '--stats says the same for any -j' 'gb-inspect --stats -j1 made.safetensors >a; gb-inspect --stats -j3 made.safetensors | cmp - a'

# ---- rows
check '--rows gives back every float exactly' 'gb-inspect --rows 0: --tensor bold bold.safetensors >rows.tsv; "$PYTHON" -c "
import numpy as np
from tensors import load
rows = [l.split(\"\t\") for l in open(\"rows.tsv\")]
assert rows[0][:3] == [\"row\", \"run\", \"start\"] and len(rows) == 21
assert (np.array([r[3:] for r in rows[1:]], \"f4\") == load(\"bold.safetensors\")[0][\"bold\"]).all()
assert rows[1][1:3] == [\"run-1\", \"4.5\"] and rows[13][1:3] == [\"run-2\", \"0\"] and rows[14][2] == \"1.5\""'
check 'every type has its numbers' 'for t in BOOL U8 I8 I16 I32 I64 F16 BF16 F32 F64; do gb-inspect --rows 0:3 --tensor $t types.safetensors | cut -f2- | sed 1d >$t.tsv; done; "$PYTHON" -c "
import numpy as np
from tensors import load
for name, x in load(\"types.safetensors\")[0].items():
    if x.ndim == 2 and x.size and name != \"gbt.xxh3\":
        got = [l.split() for l in open(name + \".tsv\")]
        want = x.astype(int) if x.dtype == bool else x
        assert (np.array(got).astype(want.dtype) == want).all(), name"'
check 'rows in the middle' 'gb-inspect --rows 12:14 --tensor bold bold.safetensors | cut -f1 | tr "\n" " " | grep -q "^row 12 13 $"'
check 'columns of more axes are named by both' 'gb-inspect --rows 0:1 --tensor mel made.safetensors | head -1 | grep -q "	0,0	0,1	0,2	1,0	"'

# ---- diff
check 'a file is the same as itself' 'gb-inspect --diff ill.safetensors ill.safetensors | grep -c same | grep -qx 300'

# ---- why, health
check '--why draws the tree through the files beside it' 'gb-inspect --why made.safetensors >out; grep -q "├─ bold: bold.safetensors" out && grep -q "gb-fmri-hrf 0.1.0 detrend=linear" out && grep -q "└─ movie: foreign.bin, 17 bytes" out'
check 'and says what is not at hand' 'mkdir -p alone; cp made.safetensors alone; gb-inspect --why alone/made.safetensors | grep -q "bold: id [0-9a-f]* (its file is not at hand)"'
check 'each has its verdict' 'gb-inspect --health ill.safetensors 2>/dev/null >out; test $? = 1; grep -q "layers.11.*NaN$" out && grep -q "layers.12.*dead$" out && grep -q "layers.13.*huge$" out && test "$(grep -c "ok$" out)" = 297'

# ---- npy
check '--npy is what numpy loads' 'gb-inspect --npy d types.safetensors && "$PYTHON" -c "
import numpy as np
from tensors import load
for name, x in load(\"types.safetensors\")[0].items():
    if name != \"gbt.xxh3\":
        got = np.load(\"d/\" + name + \".npy\")
        assert got.dtype == x.dtype and got.shape == x.shape and got.tobytes() == x.tobytes(), name"'

# ---- pictures
for t in bold bold.mean bold.mask; do
	check "a picture of $t" "gb-inspect --plot $t.png --tensor $t bold.safetensors && gb-inspect --plot again.png --tensor $t bold.safetensors && cmp $t.png again.png && file=\$(head -c 8 $t.png | od -An -tx1 | tr -d ' \n') && test \$file = 89504e470d0a1a0a"
done
for t in mel mel.count video; do
	check "a picture of $t" "gb-inspect --plot $t.png --tensor $t made.safetensors && test \$(wc -c <$t.png) -gt 2000"
done
check 'the content chooses: frames of a film' 'gb-inspect --plot v.png made.safetensors && cmp v.png video.png'
check '--plot - into a pipe is the PNG' 'gb-inspect --plot - made.safetensors | cmp - v.png'
if have_terminal; then
	check 'on a terminal it is drawn with half blocks' \
		'on_terminal gb-inspect --plot - made.safetensors >term && grep -q "▀" term && grep -q "video: 30" term'
else skip 'on a terminal it is drawn with half blocks' 'no pseudo-terminal can be opened here'; fi

# ---- foreign and hostile files
"$PYTHON" - <<'PY'
import json, struct
def write(path, header, data):
    h = header if isinstance(header, bytes) else json.dumps(header).encode()
    open(path, 'wb').write(struct.pack('<Q', len(h)) + h + data)
f = lambda shape, a, b, t='F32': dict(dtype=t, shape=shape, data_offsets=[a, b])
write('foreign.safetensors', {'__metadata__': {'format': 'pt', 'by': 'hand'}, 'b': f([2], 8, 16), 'a': f([2, 1], 0, 8), 'c': f([0], 16, 16), 'odd': f([3], 16, 19, 'F8_E4M3')}, b'\0' * 19)
write('endless.safetensors', {'a': f([9000000000000000000, 0], 0, 0), 'b': f([0, 9000000000000000000], 0, 0)}, b'')
write('steer.safetensors', {'a\033[2Jb\nc': f([1], 0, 4)}, b'abcd')
PY
check 'a foreign file, its keys in any order' 'gb-inspect foreign.safetensors >out; head -1 out | grep -q "safetensors, 4 tensors" && sed -n 3p out | grep -Eq "^a +F32 +2×1$" && grep -Eq "by +hand" out'
check 'its statistics, but for the foreign type' 'gb-inspect --stats foreign.safetensors | grep -Eq "^odd +F8_E4M3 +3 +foreign$"'
check 'endless rows of nothing end' 'gb-inspect --rows 0: --tensor a endless.safetensors | wc -l | grep -qx 1 && gb-inspect --stats endless.safetensors >out && gb-inspect --health endless.safetensors && gb-inspect --npy e endless.safetensors && gb-inspect --diff endless.safetensors endless.safetensors'
check 'a name cannot steer the terminal' '! gb-inspect steer.safetensors | grep -q "$(printf "\033")" && gb-inspect steer.safetensors | grep -q "a?.2Jb c "'
: >empty
fails 3 'not a tensor file|over' 'a text' gb-inspect --verify "$TOP/Makefile"
check '--verify goes through all files' 'head -c 4700 bold.safetensors >cut; gb-inspect --verify bold.safetensors cut types.safetensors empty >out 2>err; test $? = 3; test "$(wc -l <out)" = 2 && test "$(wc -l <err)" = 2'
if [ -w /dev/full ]; then
	fails 4 'standard output|/dev/full' 'a full disk is exit 4' sh -c 'gb-inspect bold.safetensors >/dev/full'
	fails 4 '/dev/full' 'also for a picture' gb-inspect --plot /dev/full bold.safetensors
fi
check 'a closed pipe ends it silently' 'gb-inspect --rows 0: --tensor video made.safetensors 2>err | head -1 >/dev/null; test ! -s err'

# one-line checks
table gb-inspect.tst

# ---- completion
check '--completion completes options in bash' 'gb-inspect --completion >c.bash && bash -c "
. ./c.bash; COMP_WORDS=(gb-inspect --ver); COMP_CWORD=1; _gb_inspect; [ \"\${COMPREPLY[*]}\" = \"--verify --verbose --version\" ]
COMP_WORDS=(gb-inspect bold.s); _gb_inspect; [ \"\${COMPREPLY[*]}\" = bold.safetensors ]"'
done_testing
