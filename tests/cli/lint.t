#!/bin/sh
# SPDX-License-Identifier: MIT
# Each rule of tests/lint that needs no compiler finds a broken example, and nothing in a good tree.
. "$(dirname "$0")/../lib.sh"

# tree: a new one, which is good.
tree() {
	rm -rf tree
	mkdir -p tree/lib/base tree/lib/io tree/lib/tensor tree/kernels tree/tools tree/man tree/tests/cli tree/build/lint/bin
	printf '/* SPDX-License-Identifier: MIT */\n#include "base/a.h"\n\nint a(int x)\n{\n\treturn x;\n}\n' >tree/lib/base/a.c
	printf '/* SPDX-License-Identifier: MIT */\nint a(int x);\n' >tree/lib/base/a.h
	printf '.\\" SPDX-License-Identifier: MIT\n' >tree/man/gb-x.1
	printf '/* SPDX-License-Identifier: MIT */\n' >tree/tools/gb-x.c
	printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\n' >tree/tests/cli/gb-x.t
	chmod +x tree/tests/cli/gb-x.t
	printf '#!/bin/sh\nprintf "usage: gb-x\\n\\nOptions:\\n      --to X   to X\\n"\n' >tree/build/lint/bin/gb-x
	chmod +x tree/build/lint/bin/gb-x
	printf '/* SPDX-License-Identifier: MIT */\n\tOP(sum)\n' >tree/kernels/ops.h
	printf '/* SPDX-License-Identifier: MIT */\nvoid gb_cpu_sum(void)\n{\n}\n' >tree/kernels/sum.c
	printf '/* SPDX-License-Identifier: MIT */\n#include "kernel.cuh"\nvoid gb_cuda_sum(void)\n{\n}\n' >tree/kernels/sum.cu
}

# add FILE LINE…: to a file of the tree, with the SPDX line on top of a new one.
add() {
	add_file=tree/$1
	mkdir -p "${add_file%/*}"
	shift
	[ -e "$add_file" ] || echo '/* SPDX-License-Identifier: MIT */' >"$add_file"
	printf '%s\n' "$@" >>"$add_file"
}

# found PATTERN NAME: lint says this of the tree, which is then made good again.
found() {
	check "$2" "! '$TOP/tests/lint' --text tree >out 2>err && grep -Eq -- '^# $1' out || { cat out err; exit 1; }"
	tree
}
tree
check 'a good tree' "'$TOP/tests/lint' --text tree >out 2>&1 || { cat out; exit 1; }"
add lib/io/b.c '#include "tensor/c.h"'
found 'lib/io/b.c:2: io may not include tensor' 'a folder includes a higher level'
add lib/io/b.c '#include "time/c.h"'
found 'lib/io/b.c:2: io may not include time' 'a folder includes one of its own level'
add lib/io/b.c '#include "base/a_internal.h"'
found 'lib/io/b.c:2: base/a_internal.h is private to base/' 'a private header of another folder'
add kernels/b.c '#include "io/b.h"'
found 'kernels/b.c:2: kernels include base only' 'a kernel includes more than base'
add lib/io/b.c '#include "b.h"'
found 'lib/io/b.c:2: .*write includes from lib/' 'an include without its folder'
add tools/gb-x.c '#include <zlib.h>'
found 'tools/gb-x.c: zlib.h in a tool' 'a library in a tool'
add lib/io/b.c '#include <zlib.h>'
add lib/tensor/b2.c '#include <zlib.h>'
found 'lib/tensor/b2.c: zlib.h: is at home in lib/io' 'a library in two folders'
add kernels/sum.cu '#include "base/a.h"'
found 'kernels/sum.cu:.*device code includes kernel.cuh only' 'device code with another header'
add kernels/ops.h '	OP(product)'
found 'kernels/ops.h: product: no gb_cuda_product' 'an operation without its .cu'
add lib/io/b.c 'void b(void) { printf("b"); }'
found 'lib/io/b.c: printf' 'the library prints'
echo 'int x;' >tree/lib/base/b.h
found 'lib/base/b.h: no SPDX line' 'no SPDX line'
# shellcheck disable=SC2046
add lib/base/b.h $(seq 1001)
found 'lib/base/b.h: 1002 lines' 'a file of 1002 lines'
add lib/base/b.h "/* $(printf '%0107d' 0) */"
found 'lib/base/b.h:2: 113 columns' 'a line of 113 columns'
add lib/base/b.h "	/* $(printf '%097d' 0) */"
found 'lib/base/b.h:2: 111 columns' 'a tab counts 8'
# shellcheck disable=SC2046
add lib/base/b.c 'int b(void)' '{' $(seq 61) '}'
found 'lib/base/b.c:3: b: 61 lines' 'a function of 61 lines'
add lib/base/b.c 'int b(int a, int b, int c, int d,' '      int (*e)(int, int), int f, int g, int h, int i)' '{' '}'
found 'lib/base/b.c:2: b: 9 parameters' 'a function of 9 parameters'
add lib/base/b.h 'int b(int a, int b, int c, int d, int e, int f, int g, int h, int i);'
found 'lib/base/b.h:2: b: 9 parameters' 'a declaration of 9 parameters'
for i in $(seq 21); do add "lib/io/f$i.c"; done
found 'lib/io: 21 .c files' 'a folder of 21 .c files'
add lib/io/a.c
found 'lib/base/a.c lib/io/a.c have one name' 'two files of one name'
add lib/news/b.c
found 'lib/news: tests/lint gives it no level' 'a folder without a level'
cp "$TOP/CONTRIBUTING.md" tree/ && sed -i 's/^| 2 | `io`/| 3 | `io`/' tree/CONTRIBUTING.md
found 'CONTRIBUTING.md: not the levels of tests/lint: 3 io' 'another level in CONTRIBUTING.md'
cp "$TOP/man/giblet.7" tree/man/ && sed -i 's/^2  io /2  /' tree/man/giblet.7
found 'man/giblet.7: not the levels of tests/lint: 2 linalg' 'another level in giblet(7)'
rm tree/man/gb-x.1
found 'gb-x: no page' 'a tool without a page'
chmod -x tree/tests/cli/gb-x.t
found 'tests/cli/gb-x.t: cannot be executed' 'a test that cannot run'
printf '#!/bin/sh\nprintf "usage: gb-x\\n\\n      --to X   to X\\n"\n' >tree/build/lint/bin/gb-x
found 'gb-x: in no group: .*--to' 'an option without a group'
printf '#!/bin/sh\nprintf "usage: gb-x\\n\\nRun:\\n      --to X   to X\\nOptions:\\n      --by X   by X\\n"\n' >tree/build/lint/bin/gb-x
found 'gb-x: in no group: .*--by' 'an option beside the groups'
printf '#!/bin/sh\nprintf "usage: gb-x\\n\\nRun:\\n      --to X   %%070d to\\n" 0\n' >tree/build/lint/bin/gb-x
found 'gb-x: 8[0-9] columns' 'help wider than 80 columns'
done_testing
