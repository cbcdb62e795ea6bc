/* SPDX-License-Identifier: MIT */
/* A tensor file written to a path and to a pipe is the same, reads back, and
 * is refused when damaged. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "io/file.h"
#include "tensor/tensor_writer.h"
#include "tests/tap.h"

static gb_err err;

static void must(gb_status status)
{
	if (status != GB_OK) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
}

/* Three tensors, one put in pieces, one filled in place, one JSON.  IN_ORDER:
 * put in file order, so that a pipe streams. */
static void write_sample(const char *out, bool in_order, char id[GB_HASH_TEXT])
{
	gb_clock clock = gb_clock_single((gb_rational){3, 2}, "run-1", 3, (gb_rational){0, 1});
	gb_json *params = gb_json_object();
	gb_tensor_writer *w;
	double wide[6] = {1, 2, 3, 4, 5, -6};
	uint8_t bytes[3] = {7, 8, 9};

	gb_json_set(params, "tr", gb_json_string("3/2"));
	must(gb_tensor_writer_new(&w, "gb-test 1", params, &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "bytes",
	                                            .dtype = GB_U8,
	                                            .rank = 1,
	                                            .shape = {3},
	                                            .dims = "time",
	                                            .clock = &clock,
	                                            .doc = "three bytes"},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "wide",
	                                            .dtype = GB_F64,
	                                            .rank = 2,
	                                            .shape = {3, 2},
	                                            .dims = "time,column",
	                                            .clock = &clock,
	                                            .unit = "m"},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "none",
	                                            .dtype = GB_F32,
	                                            .rank = 2,
	                                            .shape = {0, 5}},
	                          &err));
	must(gb_tensor_writer_add_json(w, "strings", params, "a text", &err));
	must(gb_tensor_writer_begin(w, out, &err));
	if (in_order) {
		must(gb_tensor_writer_put(w, "wide", wide, 3 * sizeof *wide, &err));
		must(gb_tensor_writer_put(w, "wide", wide + 3, 3 * sizeof *wide, &err));
		must(gb_tensor_writer_put(w, "bytes", bytes, 3, &err));
	} else {
		must(gb_tensor_writer_put(w, "bytes", bytes, 3, &err));
		memcpy(gb_tensor_writer_data(w, "wide"), wide, sizeof wide);
	}
	strcpy(id, gb_tensor_writer_id(w));
	must(gb_tensor_writer_commit(w, NULL, &err));
	gb_tensor_writer_free(w);
	gb_json_free(params);
}

static void check_sample(const char *path, const char *id)
{
	gb_tensor_file *f;
	const gb_tensor *t;
	gb_clock clock;

	must(gb_tensor_file_open(&f, path, &err));
	ok(!strcmp(gb_tensor_file_id(f), id) && gb_tensor_file_count(f) == 4, "id and number of tensors");
	must(gb_tensor_file_need(f, "wide", GB_F64, 2, &t, &err));
	ok(t->shape[0] == 3 && ((const double *)t->data)[5] == -6 && t->begin == 0, "values; widest first");
	must(gb_tensor_file_clock(f, "wide", &clock, &err));
	ok(clock.step.num == 3 && clock.step.den == 2 && clock.runs == 1 && clock.run[0].rows == 3, "clock");
	ok(gb_tensor_file_verify(f, NULL, NULL, &err) == GB_OK, "verifies");
	ok(gb_tensor_file_need(f, "wide", GB_F32, 2, &t, &err) == GB_DATA &&
	       gb_tensor_file_need(f, "x", GB_F32, 2, &t, &err) == GB_DATA,
	   "another type, or no such tensor: refused");
	gb_tensor_file_close(f);
}

static void damage(const char *path)
{
	gb_input input;
	uint8_t *copy;
	size_t caught = 0, cuts = 0;

	must(gb_input_open(&input, path, &err));
	copy = gb_array(input.size, 1, &err);
	for (size_t bit = 0; bit < 8 * input.size; bit += bit < 8 * 64 ? 1 : 97) {
		gb_tensor_file *f;
		memcpy(copy, input.data, input.size);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		gb_status s = gb_tensor_file_open_memory(&f, copy, input.size, "flipped", &err);
		if (s == GB_OK)
			s = gb_tensor_file_verify(f, NULL, NULL, &err);
		if (s == GB_DATA)
			caught++;
		else
			note("bit %zu not caught", bit);
		cuts++;
		gb_tensor_file_close(f);
	}
	ok(caught == cuts, "%zu flipped bits are caught", cuts);
	free(copy);
	gb_input_close(&input);
}

int main(void)
{
	char folder[] = "/tmp/giblet-unit.XXXXXX", id[GB_HASH_TEXT], id2[GB_HASH_TEXT];

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	write_sample("a", true, id);
	check_sample("a", id);
	damage("a");
	for (int in_order = 0; in_order < 2; in_order++) {
		int out = dup(1), file = open("b", O_WRONLY | O_CREAT | O_TRUNC, 0666);
		gb_input a, b;
		fflush(stdout);
		dup2(file, 1);
		write_sample("-", in_order, id2);
		dup2(out, 1);
		close(out);
		close(file);
		must(gb_input_open(&a, "a", &err));
		must(gb_input_open(&b, "b", &err));
		ok(a.size == b.size && !memcmp(a.data, b.data, a.size),
		   "standard output gets the same bytes (%s)", in_order ? "streamed" : "spooled");
		gb_input_close(&a);
		gb_input_close(&b);
	}
	ok(!access("a", R_OK) && !unlink("a") && !unlink("b") && !chdir("/tmp") && !rmdir(folder),
	   "no temporaries are left");
	return done_testing();
}
