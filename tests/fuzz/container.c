/* SPDX-License-Identifier: MIT */
/* Tensor files.  The mutator repairs lengths, id and checksums most of the
 * time, so that what lies behind them is reached; the target also reads a
 * repaired copy of what does not open. */
#define FUZZ_TARGET "container"
#include "tensor/clock_json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/header.h"

#include "base/size.h"
#include "tensor/profile.h"
#include "tensor/tensor_file.h"

/* What is read back must be what was written. */
static void round_trips(const gb_tensor *t, const gb_clock *clock)
{
	gb_err err = {0};
	gb_clock again;
	gb_json *json = gb_clock_to_json(clock);
	double wide[4];
	float narrow[4];
	size_t n = t->elements < 4 ? t->elements : 4;

	if (!json || gb_clock_from_json(json, &again, &err) != GB_OK || !gb_clock_equal(clock, &again))
		abort();
	gb_json_free(json);
	if (t->dtype == GB_FOREIGN)
		return;
	gb_dtype_to_double(t->dtype, t->data, 0, n, wide);
	gb_dtype_to_float(t->dtype, t->data, 0, n, narrow);
	for (size_t i = 0; i < n; i++)
		if ((t->dtype == GB_F16 && narrow[i] == narrow[i] &&
		     gb_half_to_float(gb_float_to_half(narrow[i])) != narrow[i]) ||
		    (t->dtype == GB_BF16 && narrow[i] == narrow[i] &&
		     gb_bfloat_to_float(gb_float_to_bfloat(narrow[i])) != narrow[i]) ||
		    (narrow[i] == narrow[i] && narrow[i] != (float)wide[i]))
			abort();
}

static void json_round_trip(const gb_json *value)
{
	gb_json *again = NULL;
	gb_err err;
	char *text = gb_json_dump(value);

	if (value && (!text || gb_json_parse(text, strlen(text), &again, &err) != GB_OK ||
	              !gb_json_equal(value, again)))
		abort();
	gb_json_free(again);
	free(text);
}

static void read_tensor(gb_tensor_file *file, const gb_tensor *t)
{
	gb_err err = {0};
	gb_clock clock;
	const gb_tensor *same;
	float some[16];
	gb_maybe_rational tr = {true, {3, 2}}, start = {true, {-9, 2}};
	gb_clock_options options[] = {{.tr = tr},
	                              {.tr = tr, .start = start, .run = "a"},
	                              {.tr = tr, .runs = "a:1,b:2"},
	                              {.run = "b"}};

	(void)gb_json_text(gb_tensor_file_attribute(file, t->name, "doc"));
	if (gb_tensor_file_has_clock(file, t->name))
		fuzz_check(gb_tensor_file_clock(file, t->name, &clock, &err), &err);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		gb_status status = gb_tensor_file_clock_or(file, t->name, &options[i], &clock, &err);

		fuzz_check(status, &err);
		if (status == GB_OK)
			round_trips(t, &clock);
	}
	if (gb_tensor_file_find(file, t->name) != t)
		abort();
	if (gb_tensor_file_need(file, t->name, GB_FOREIGN, -1, &same, &err) == GB_OK &&
	    same->dtype != GB_FOREIGN) {
		size_t n = same->elements < 16 ? same->elements : 16;

		gb_dtype_to_float(same->dtype, same->data, same->elements - n, n, some);
	} else
		fuzz_check(err.status, &err);
	fuzz_check(gb_tensor_file_need(file, t->name, GB_F32, 2, &same, &err), &err);
}

static void read_all(const uint8_t *data, size_t size, bool by_path)
{
	gb_err err = {0};
	gb_tensor_file *file;
	const gb_tensor *none;
	char *path = by_path ? fuzz_file("a.safetensors", data, size) : NULL;
	gb_status status = path ? gb_tensor_file_open(&file, path, &err)
	                        : gb_tensor_file_open_memory(&file, data, size, "fuzz", &err);
	gb_hash hash;
	uint64_t bytes;

	if (path)
		fuzz_file_remove(path);
	fuzz_check(status, &err);
	if (status != GB_OK)
		return;
	json_round_trip(gb_tensor_file_metadata(file));
	json_round_trip(gb_tensor_file_profile(file));
	fuzz_check(gb_tensor_file_need(file, "a tensor without a name like this", GB_F32, 1, &none, &err),
	           &err);
	for (size_t i = 0; i < gb_tensor_file_count(file); i++)
		read_tensor(file, gb_tensor_file_at(file, i));
	fuzz_check(gb_tensor_file_verify(file, NULL, NULL, &err), &err);
	(void)gb_tensor_file_tool(file);
	(void)gb_tensor_file_whole_hash(file, &hash, &bytes);
	if (gb_tensor_file_id(file) && !gb_tensor_file_profile(file))
		abort();
	gb_tensor_file_close(file);
}

/* Make the id and the checksums of the file right, as far as it has them. */
static size_t repair(uint8_t *file, size_t size, size_t room)
{
	gb_container c = {0};
	gb_err err;
	char id[GB_HASH_TEXT], *text = NULL, *header = NULL;
	const char *profile_text;
	gb_json *profile = NULL, *metadata, *whole;
	size_t count, total = 0;

	if (gb_container_parse(&c, file, size, "fuzz", &err) != GB_OK)
		return size;
	count = c.tensors;
	if (count && !strcmp(c.tensor[count - 1].name, GB_TRAILER))
		count--;
	profile_text = gb_json_text(gb_json_get(c.metadata, "gbt"));
	if (profile_text && gb_json_parse(profile_text, strlen(profile_text), &profile, &err) == GB_OK &&
	    gb_json_is_object(profile) && gb_profile_identity(profile, c.tensor, count, id, &err) == GB_OK &&
	    gb_json_set(profile, "id", gb_json_string(id)) && (text = gb_json_dump(profile)) &&
	    (whole = gb_json_copy(c.header))) {
		metadata = gb_json_copy(c.metadata);
		if (metadata && gb_json_set(metadata, "gbt", gb_json_string(text)) &&
		    gb_json_set(whole, "__metadata__", metadata) && (header = gb_json_dump(whole)))
			total = put_header(file, room, header, file + c.header_bytes, size - c.header_bytes);
		gb_json_free(whole);
	}
	gb_json_free(profile);
	gb_container_clear(&c);
	free(text);
	free(header);
	if (!total || gb_container_parse(&c, file, total, "fuzz", &err) != GB_OK)
		return total ? total : size;
	if (count < c.tensors && c.tensor[count].bytes == 16 * (count + 1)) {
		uint8_t *row = file + c.header_bytes + c.tensor[count].begin;
		gb_hash hash = gb_hash_of(file, c.header_bytes);

		memcpy(row, hash.bytes, 16);
		for (size_t i = 0; i < count; i++) {
			hash = gb_hash_of(c.tensor[i].data, c.tensor[i].bytes);
			memcpy(row + 16 * (i + 1), hash.bytes, 16);
		}
	}
	gb_container_clear(&c);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size + 4096;
	uint8_t *copy = malloc(room), *exact;

	read_all(data, size, size % 2);
	if (copy) { /* malloc of the repaired size: a byte too far is seen */
		memcpy(copy, data, size);
		size = repair(copy, size, room);
		exact = malloc(size ? size : 1);
		if (exact) {
			memcpy(exact, copy, size);
			read_all(exact, size, false);
		}
		free(exact);
	}
	free(copy);
	return 0;
}

#ifdef GB_LIBFUZZER
/* Mutate the text of the header, or the data, or anything; then repair. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t header = seed % 4 ? mutate_header(data, size, max_size) : 0;

	return header ? repair(data, header, max_size) : LLVMFuzzerMutate(data, size, max_size);
}
#endif
