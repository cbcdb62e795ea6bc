/* SPDX-License-Identifier: MIT */
/* NIfTI images: single files, gzip, and pairs (bytes whose magic says so are
 * split behind the header). */
#define FUZZ_TARGET "nifti"
#include "tests/fuzz/fuzz.h"

#include "base/size.h"
#include "fmri/bold_clock.h"
#include "nifti/encode.h"
#include "nifti/gzip.h"

static void read_voxels(gb_nifti *image)
{
	const gb_nifti_header *h = gb_nifti_header_of(image);
	gb_nifti_mask mask;
	gb_err err = {0};
	size_t grid = (size_t)(h->geometry.size[0] * h->geometry.size[1] * h->geometry.size[2]), values, room;
	double *deviation;
	float *out;
	gb_pool *pool = NULL;

	if (!gb_size_mul(grid, (size_t)h->volumes, &values) || values > 1 << 20)
		return;
	if (gb_nifti_mask_all(&mask, &h->geometry, &err) != GB_OK)
		abort();
	if (grid % 2 && gb_pool_open(&pool, 2, &err) != GB_OK)
		abort();
	room = gb_nifti_gather_buffer(image, &mask, (gb_volumes){0, h->volumes});
	out = gb_array(room, 1, &err);
	deviation = gb_array(grid, sizeof(*deviation), &err);
	if (out && deviation) {
		fuzz_check(gb_nifti_gather(image, &mask, (gb_volumes){0, h->volumes}, out, room, true, pool,
		                           &err),
		           &err);
		fuzz_check(gb_nifti_gather(image, &mask, (gb_volumes){h->volumes / 2, h->volumes}, out,
		                           values * sizeof(*out), false, pool, &err), &err);
		fuzz_check(gb_nifti_deviation(image, deviation, pool, &err), &err);
	}
	free(out);
	free(deviation);
	gb_nifti_mask_clear(&mask);
	gb_pool_close(pool);
}

static void read_clock(const gb_nifti *image)
{
	gb_maybe_rational tr = {true, {3, 2}}, start = {true, {9, 2}};
	gb_rational header;
	const gb_bold_clock_options options[] =
	    {{.end = INT64_MAX},
	     {.tr = tr, .force_tr = true, .first = 1, .end = 3},
	     {.tr = tr, .end = INT64_MAX},
	     {.tr = tr, .force_tr = true, .runs = "a:1,b:2", .start = start, .end = INT64_MAX}};
	gb_err err = {0};
	char why[96];

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		gb_bold_clock clock = {0};

		fuzz_check(gb_bold_clock_make(&clock, image, &options[i], &err), &err);
		free(clock.sidecar);
	}
	(void)gb_nifti_header_tr(gb_nifti_header_of(image), &header, why);
	if (!gb_nifti_type_name(gb_nifti_header_of(image)->type) ||
	    !gb_nifti_space_name(gb_nifti_header_of(image)->geometry.space))
		abort();
}

/* The header that we would write for the same image must read again. */
static void write_header(const gb_nifti_header *h)
{
	gb_nifti_header again;
	uint8_t bytes[GB_NIFTI_HEADER_MAX];
	gb_rational tr = {3, 2};
	gb_err err = {0};
	size_t size = gb_nifti_header_make(bytes, &h->geometry, h->volumes, tr, h->type);

	fuzz_check(gb_nifti_header_parse(&again, bytes, size, "made", &err), &err);
}

static void read_image(const char *path)
{
	gb_nifti *image;
	gb_nifti_mask mask;
	gb_err err = {0};
	gb_status status = gb_nifti_open(&image, path, &err);

	fuzz_check(status, &err);
	if (status == GB_OK) {
		read_clock(image);
		write_header(gb_nifti_header_of(image));
		read_voxels(image);
		gb_nifti_close(image);
	}
	status = gb_nifti_mask_load(&mask, path, &err);
	fuzz_check(status, &err);
	if (status == GB_OK)
		gb_nifti_mask_clear(&mask);
}

typedef struct growing { uint8_t *data; size_t size; } growing;

static gb_status take(void *context, const void *data, size_t size, gb_err *err)
{
	growing *g = context;

	if (gb_grow(&g->data, g->size + size + 1, 1, err) != GB_OK)
		return GB_SYSTEM;
	memcpy(g->data + g->size, data, size);
	g->size += size;
	return GB_OK;
}

/* What we compress must inflate to the same. */
static void gzip_round_trip(const uint8_t *data, size_t size)
{
	growing packed = {0};
	gb_gzip *stream;
	gb_err err = {0};
	uint8_t *back = malloc(size + 1);

	if (!back || gb_gzip_open(&stream, take, &packed, &err) != GB_OK ||
	    gb_gzip_write(stream, data, size, &err) != GB_OK || gb_gzip_finish(stream, &err) != GB_OK ||
	    !gb_gunzip_whole(packed.data, packed.size, back, size) || memcmp(back, data, size))
		abort();
	gb_gzip_free(stream);
	free(packed.data);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t head = 0;
	char *path, *other;

	if (size >= 348 && !memcmp(data + 344, "ni1", 4))
		head = 348;
	else if (size >= 540 && !memcmp(data + 4, "ni2", 4))
		head = 540;
	if (!head) {
		bool gzip = size > 1 && data[0] == 0x1f && data[1] == 0x8b;

		/* bytes from there on are its sidecar, too */
		const uint8_t *brace = memrchr(data, '{', size);

		path = fuzz_file(gzip ? "a.nii.gz" : "a.nii", data, size);
		other = brace && size - (size_t)(brace - data) < 64
		            ? fuzz_file("a.json", brace, size - (size_t)(brace - data))
		            : NULL;
		read_image(path);
		if (other)
			unlink(other);
		free(other);
		fuzz_file_remove(path);
		if (size % 16 == 0)
			gzip_round_trip(data, size);
		return 0;
	}
	path = fuzz_file("a.hdr", data, head);
	other = fuzz_file("a.img", data + head, size - head);
	read_image(path);
	read_image(other);
	unlink(path);
	free(path);
	fuzz_file_remove(other);
	return 0;
}
