/* SPDX-License-Identifier: MIT */
/* Statistics against sums in long double; with an argument (a folder) it
 * writes the tensor files that the shell tests of gb-inspect look at. */
#include <unistd.h>

#include "base/rng.h"
#include "base/size.h"
#include "tensor/tensor_writer.h"
#include "inspect/inspect_stats.h"
#include "tests/tap.h"

static gb_err err;

static void must(gb_status status)
{
	if (status != GB_OK) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
}

static gb_tensor_writer *writer(const char *tool, const char *key, const char *value)
{
	gb_json *params = gb_json_object();
	gb_tensor_writer *w;

	gb_json_set(params, key, gb_json_string(value));
	must(gb_tensor_writer_new(&w, tool, params, &err));
	gb_json_free(params);
	return w;
}

static void finish(gb_tensor_writer *w)
{
	must(gb_tensor_writer_commit(w, NULL, &err));
	gb_tensor_writer_free(w);
}

static void put(gb_tensor_writer *w, const char *name, const void *data, size_t size)
{
	must(gb_tensor_writer_put(w, name, data, size, &err));
}

/* Two runs of 3 s rows of a 3 × 4 × 2 grid of which 7 voxels are in the mask. */
static void write_bold(void)
{
	gb_clock clock = {.step = {3, 2}, .runs = 2, .run = {{"run-1", 12, {9, 2}}, {"run-2", 8, {0, 1}}}};
	gb_tensor_writer *w = writer("gb-fmri-hrf 0.1.0", "detrend", "linear");
	uint8_t mask[24] = {0};
	float bold[20 * 7], mean[7];
	gb_rng rng = gb_rng_at(1, 0, 0, 0);

	for (int i = 0; i < 7; i++)
		mask[i * 3 + 1] = 1;
	for (int i = 0; i < 20 * 7; i++)
		bold[i] = i % 7 == 3 ? 2.5f : (float)gb_rng_normal(&rng);
	for (int i = 0; i < 7; i++)
		mean[i] = (float)(100 * i);
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "bold",
	                                            .dtype = GB_F32,
	                                            .rank = 2,
	                                            .shape = {20, 7},
	                                            .dims = "time,voxel",
	                                            .clock = &clock,
	                                            .unit = "SD",
	                                            .doc = "BOLD of the voxels in the mask"},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "bold.mean",
	                                            .dtype = GB_F32,
	                                            .rank = 1,
	                                            .shape = {7},
	                                            .dims = "voxel",
	                                            .doc = "what was taken out"},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "bold.mask",
	                                            .dtype = GB_U8,
	                                            .rank = 3,
	                                            .shape = {3, 4, 2},
	                                            .dims = "x,y,z",
	                                            .doc = "1: in the mask"},
	                          &err));
	must(gb_tensor_writer_begin(w, "bold.safetensors", &err));
	put(w, "bold", bold, sizeof bold);
	put(w, "bold.mean", mean, sizeof mean);
	put(w, "bold.mask", mask, sizeof mask);
	finish(w);
}

/* What was made from bold.safetensors and a foreign file; SHIFT is added to one element. */
static void write_made(const char *path, float shift)
{
	gb_clock clock = gb_clock_single((gb_rational){1, 2}, "run-1", 30, (gb_rational){0, 1});
	gb_tensor_writer *w = writer("gb-other 0.1.0", "kernel", "glover");
	gb_json *strings = gb_json_array(), *more = gb_json_object();
	gb_tensor_file *bold;
	float mel[30 * 8 * 3];
	int32_t count[30];
	uint8_t *video = gb_array(30 * 16 * 24 * 3, 1, &err);

	for (int i = 0; i < 30 * 8 * 3; i++)
		mel[i] = (float)(i / 3 % 8) * .25f + (float)(i / 24) * .125f;
	mel[100] += shift;
	for (int i = 0; i < 30; i++)
		count[i] = 2 + i % 2;
	for (int i = 0; i < 30 * 16 * 24 * 3; i++)
		video[i] = (uint8_t)(i * 7 + i / 1152);
	gb_json_append(strings, gb_json_string("It was a dark night."));
	gb_json_append(strings, gb_json_string("Ein Schl\xc3\xbcssel\tfiel."));
	gb_json_set(more, "total", gb_json_integer(75));
	must(gb_tensor_file_open(&bold, "bold.safetensors", &err));
	must(gb_tensor_writer_input_file(w, "bold", bold, &err));
	must(gb_tensor_writer_input_path(w, "movie", "foreign.bin", &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "mel",
	                                            .dtype = GB_F32,
	                                            .rank = 3,
	                                            .shape = {30, 8, 3},
	                                            .dims = "time,band,frame",
	                                            .clock = &clock,
	                                            .unit = "log power",
	                                            .attributes = more},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "mel.count",
	                                            .dtype = GB_I32,
	                                            .rank = 1,
	                                            .shape = {30},
	                                            .dims = "time",
	                                            .clock = &clock},
	                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "video",
	                                            .dtype = GB_U8,
	                                            .rank = 5,
	                                            .shape = {30, 1, 16, 24, 3},
	                                            .dims = "time,frame,y,x,rgb",
	                                            .clock = &clock},
	                          &err));
	must(gb_tensor_writer_add_json(w, "text.strings", strings, "the texts", &err));
	must(gb_tensor_writer_begin(w, path, &err));
	put(w, "mel", mel, sizeof mel);
	put(w, "mel.count", count, sizeof count);
	put(w, "video", video, 30 * 16 * 24 * 3);
	finish(w);
	gb_tensor_file_close(bold);
	gb_json_free(strings);
	free(video);
}

/* 300 tensors with long names; ILL: NaN, a dead unit, a huge weight. */
static void write_checkpoint(const char *path, bool ill)
{
	gb_tensor_writer *w = writer("gb-train 0.1.0", "model", "test");
	gb_rng rng = gb_rng_at(2, 0, 0, 0);
	char name[300][80];

	for (int i = 0; i < 300; i++) {
		snprintf(name[i], sizeof name[i],
		         i % 7 ? "encoder.layers.%d.attention.self.query.weight" : "l%d.w", i);
		must(gb_tensor_writer_add(w,
		                          &(gb_tensor_spec){.name = name[i],
		                                            .dtype = GB_F32,
		                                            .rank = 2,
		                                            .shape = {6, 5},
		                                            .dims = "out,in"},
		                          &err));
	}
	must(gb_tensor_writer_begin(w, path, &err));
	for (int i = 0; i < 300; i++) {
		float value[30];
		for (int k = 0; k < 30; k++)
			value[k] = (float)gb_rng_normal(&rng);
		if (ill && i == 11)
			value[3] = NAN;
		if (ill && i == 12)
			memset(value + 10, 0, 5 * sizeof *value);
		if (ill && i == 13)
			value[7] = 1e7f;
		put(w, name[i], value, sizeof value);
	}
	finish(w);
}

/* Every type that the profile writes. */
static void write_types(void)
{
	static const gb_dtype type[] = {GB_BOOL, GB_U8,  GB_I8,  GB_I16, GB_I32,
	                                GB_I64,  GB_F16, GB_F32, GB_F64, GB_BF16};
	gb_tensor_writer *w = writer("gb-types 0.1.0", "a", "b");

	for (size_t i = 0; i < sizeof type / sizeof *type; i++)
		must(gb_tensor_writer_add(w,
		                          &(gb_tensor_spec){.name = gb_dtype_name(type[i]),
		                                            .dtype = type[i],
		                                            .rank = 2,
		                                            .shape = {3, 2},
		                                            .dims = "row,column"},
		                          &err));
	must(gb_tensor_writer_add(w,
	                          &(gb_tensor_spec){.name = "empty",
	                                            .dtype = GB_F32,
	                                            .rank = 2,
	                                            .shape = {0, 4}},
	                          &err));
	must(gb_tensor_writer_add(w, &(gb_tensor_spec){.name = "scalar", .dtype = GB_F64, .rank = 0}, &err));
	must(gb_tensor_writer_begin(w, "types.safetensors", &err));
	for (size_t i = 0; i < sizeof type / sizeof *type; i++) {
		uint8_t bytes[48];
		for (size_t k = 0; k < sizeof bytes; k++)
			bytes[k] = type[i] == GB_BOOL ? k % 3 == 0 : (uint8_t)(k * 5 + 1);
		put(w, gb_dtype_name(type[i]), bytes, 6 * gb_dtype_size(type[i]));
	}
	put(w, "scalar", &(double){.1}, sizeof(double));
	finish(w);
}

/* The same statistics, by two passes in long double. */
static void check_stats(gb_pool *pool)
{
	enum { ROWS = 1001, COLUMNS = 907 };
	size_t count = (size_t)ROWS * COLUMNS, zeros = 0, finite = 0;
	double *value = gb_array(count, sizeof *value, &err);
	gb_rng rng = gb_rng_at(3, 0, 0, 0);
	int64_t shape[2] = {ROWS, COLUMNS};
	gb_tensor tensor = {.name = "x",
	                    .dtype = GB_F64,
	                    .dtype_name = "F64",
	                    .rank = 2,
	                    .shape = shape,
	                    .elements = count,
	                    .bytes = 8 * count,
	                    .data = value};
	gb_tensor_stats one, many;
	long double sum = 0, square = 0;

	for (size_t i = 0; i < count; i++)
		value[i] = i % COLUMNS == 5 || i % COLUMNS == 900 ? 1e6
		           : i % 1000 == 7                        ? 0
		                                                  : 1e6 + gb_rng_normal(&rng);
	value[40] = NAN;
	value[41] = -INFINITY;
	for (size_t i = 0; i < count; i++)
		if (isfinite(value[i]))
			sum += value[i], finite++, zeros += value[i] == 0;
	for (size_t i = 0; i < count; i++)
		if (isfinite(value[i]))
			square += ((long double)value[i] - sum / finite) *
			          ((long double)value[i] - sum / finite);
	must(gb_tensor_stats_of(&tensor, NULL, &one, &err));
	must(gb_tensor_stats_of(&tensor, pool, &many, &err));
	ok(!memcmp(&one, &many, sizeof one), "the same bits with three threads");
	near(one.mean, (double)(sum / finite), 1e-8, "mean");
	near(one.std, (double)sqrtl(square / finite), 1e-8, "population SD");
	ok(one.nan == 1 && one.inf == 1 && one.zeros == zeros && one.count == count,
	   "NaN, Inf, zeros counted");
	ok(one.min == -INFINITY && one.max > 1e6 && one.max < 1e6 + 10, "min and max");
	ok(one.columns == COLUMNS && one.constant == 2, "constant columns: %lld", (long long)one.constant);
	free(value);
}

int main(int argc, char **argv)
{
	gb_pool *pool;
	FILE *foreign;

	if (argc == 2) {
		if (chdir(argv[1]) || !(foreign = fopen("foreign.bin", "w")) ||
		    fputs("not a tensor file", foreign) < 0 || fclose(foreign))
			return 1;
		write_bold();
		write_made("made.safetensors", 0);
		write_made("shifted.safetensors", 1e-3f);
		write_checkpoint("healthy.safetensors", false);
		write_checkpoint("ill.safetensors", true);
		write_types();
		return 0;
	}
	must(gb_pool_open(&pool, 3, &err));
	check_stats(pool);
	gb_pool_close(pool);
	return done_testing();
}
