/* SPDX-License-Identifier: MIT */
/* cpu.c: the table of the CPU back end, and its memory, which is the host's. */
#include <stdlib.h>
#include <sys/mman.h>

#include "base/size.h"
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

void gb_cpu_sum(const gb_device *device, const struct gb_op_sum *args)
{
	double sum = 0;

	(void)device;
	for (size_t i = 0; i < args->n; i++)
		sum += args->x[i];
	*args->out = sum;
}

/* Weights and what goes with them are streamed: with large pages that is a tenth faster. */
enum { LARGE_PAGE = 1 << 21 };

static void *allocate(const gb_device *device, size_t bytes, gb_err *err)
{
	void *memory;

	(void)device;
	if (bytes < 4 * LARGE_PAGE || posix_memalign(&memory, LARGE_PAGE, bytes) != 0)
		return gb_array(bytes, 1, err);
	(void)madvise(memory, bytes, MADV_HUGEPAGE); /* refused: small ones */
	memset(memory, 0, bytes);
	return memory;
}

static void release(const gb_device *device, void *memory)
{
	(void)device;
	free(memory);
}

static void copy(const gb_device *device, void *to, const void *from, size_t bytes)
{
	(void)device;
	if (to != from && bytes)
		memcpy(to, from, bytes);
}

static void fill(const gb_device *device, void *to, int byte, size_t bytes)
{
	(void)device;
	if (bytes)
		memset(to, byte, bytes);
}

static gb_status download(const gb_device *device, void *to, const void *from, size_t bytes, gb_err *err)
{
	(void)err;
	copy(device, to, from, bytes);
	return GB_OK;
}

static void keep_weights(const gb_device *device, const float *w, size_t n)
{
	(void)device, (void)w, (void)n;
}

/* Nothing is recorded: the calls are the work. */
static bool begin(const gb_device *device, void **recording) { return (void)device, (void)recording, true; }
static void end(const gb_device *device, void **recording) { (void)device, (void)recording; }
static void forget(const gb_device *device, void *recording) { (void)device, (void)recording; }

static void *queue(const gb_device *device) { return (void)device, NULL; }

static void close_device(gb_device *device) { device->ops = NULL; }

const struct gb_ops *gb_ops_cpu(void)
{
	static const struct gb_ops table = {"cpu",
	                                    true,
	                                    allocate,
	                                    release,
	                                    copy,
	                                    copy,
	                                    fill,
	                                    download,
	                                    allocate,
	                                    release,
	                                    copy,
	                                    keep_weights,
	                                    begin,
	                                    end,
	                                    forget,
	                                    queue,
	                                    close_device,
#define GB_OP_ENTRY(op) gb_cpu_##op,
	                                    GB_OPS(GB_OP_ENTRY)
#undef GB_OP_ENTRY
	};

	return &table;
}
