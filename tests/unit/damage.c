/* SPDX-License-Identifier: MIT */
/* A small tensor file, cut at every byte, made longer, and with every single
 * bit flipped, is refused, each time with one line that names it. */
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

static void write_small(const char *path)
{
	gb_clock clock = gb_clock_single((gb_rational){3, 2}, "run-1", 3, (gb_rational){0, 1});
	gb_tensor_writer *w;

	must(gb_tensor_writer_new(&w, "gb-test 1", NULL, &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "x",
	                                            .dtype = GB_F32,
	                                            .rank = 2,
	                                            .shape = {3, 4},
	                                            .dims = "time,column",
	                                            .clock = &clock,
	                                            .unit = "m"},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "y",
	                                            .dtype = GB_U8,
	                                            .rank = 1,
	                                            .shape = {5},
	                                            .doc = "five bytes"},
	                          &err));
	must(gb_tensor_writer_begin(w, path, &err));
	must(gb_tensor_writer_put(w, "x", (float[12]){1, -2, 3.5f}, 48, &err));
	must(gb_tensor_writer_put(w, "y", "abcde", 5, &err));
	must(gb_tensor_writer_commit(w, NULL, &err));
	gb_tensor_writer_free(w);
}

/* Open and verify as --verify does: is it refused as it should be? */
static bool refused(const uint8_t *data, size_t size)
{
	gb_tensor_file *file;
	gb_status status = gb_tensor_file_open_memory(&file, data, size, "small", &err);

	if (!status) {
		status = gb_tensor_file_verify(file, NULL, NULL, &err);
		gb_tensor_file_close(file);
	}
	return status == GB_DATA && strstr(err.text, "small") && !strchr(err.text, '\n');
}

int main(void)
{
	char folder[] = "/tmp/giblet-unit.XXXXXX";
	gb_input whole;
	size_t caught = 0, missed = 0;
	gb_tensor_file *file;

	if (!mkdtemp(folder) || chdir(folder))
		return 1;
	write_small("small");
	must(gb_input_open(&whole, "small", &err));
	must(gb_tensor_file_open_memory(&file, whole.data, whole.size, "small", &err));
	ok(!gb_tensor_file_verify(file, NULL, NULL, &err), "the file itself is good (%zu bytes)", whole.size);
	gb_tensor_file_close(file);
	for (size_t size = 0; size < whole.size; size++) {
		/* of this size exactly: a byte too far is seen by ASan */
		uint8_t *copy = malloc(size ? size : 1);
		memcpy(copy, whole.data, size);
		caught += refused(copy, size);
		free(copy);
	}
	ok(caught == whole.size, "cut at every byte: %zu of %zu refused", caught, whole.size);
	uint8_t *copy = gb_array(whole.size + 1, 1, &err);
	memcpy(copy, whole.data, whole.size);
	ok(refused(copy, whole.size + 1), "a byte too many is refused");
	caught = 0;
	for (size_t bit = 0; bit < 8 * whole.size; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (refused(copy, whole.size))
			caught++;
		else if (missed++ < 5)
			note("bit %zu of byte %zu: %02x is not caught", bit % 8, bit / 8, copy[bit / 8]);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	ok(caught == 8 * whole.size, "every bit flipped: %zu of %zu refused", caught, 8 * whole.size);
	free(copy);
	gb_input_close(&whole);
	ok(!unlink("small") && !chdir("/") && !rmdir(folder), "nothing is left");
	return done_testing();
}
