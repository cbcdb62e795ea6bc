/* SPDX-License-Identifier: MIT */
/* cpu.c: the table of the CPU back end. */
#include "ops.h"
#include "tile.h"

struct spans { gb_span_fn *fn; const void *args; size_t items, per_tile; };

static void run_span(void *context, size_t tile, int worker)
{
	const struct spans *spans = context;
	size_t first = tile * spans->per_tile, end = first + spans->per_tile;

	(void)worker;
	spans->fn(spans->args, first, end < spans->items ? end : spans->items);
}

void gb_spans(const gb_device *device, size_t items, size_t per_tile, gb_span_fn *fn, const void *args)
{
	struct spans spans = {fn, args, items, per_tile};
	size_t tiles = items / per_tile + (items % per_tile != 0);

	/* One tile is not worth waking anyone for. */
	gb_pool_run(tiles > 1 ? device->pool : NULL, tiles, run_span, &spans);
}

const struct gb_ops *gb_ops_cpu(void)
{
	static const struct gb_ops table = {
		"cpu",
#define GB_OP_ENTRY(op) gb_cpu_##op,
		GB_OPS(GB_OP_ENTRY)
#undef GB_OP_ENTRY
	};

	return &table;
}
