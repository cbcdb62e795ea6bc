/* SPDX-License-Identifier: MIT */
/* A set of two files per feature, packed and read back: every value against the one that went in. */
#include "tests/tap.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "dataset/pack.h"
#include "io/file.h"
#include "tensor/tensor_writer.h"

static char folder[] = "/tmp/giblet-dataset.XXXXXX";
static gb_err err;

static char *in_folder(const char *name)
{
	return gb_format(NULL, "%s/%s", folder, name);
}

/* The value at (run, row, element): its own number. */
static float value_at(int run, int64_t row, int64_t element)
{
	return (float)(run * 100000 + row * 100 + element);
}

/* NAME: a file of one run of "mel" [rows, 2, 5] ragged, "text" [rows, 3] F16 with valid, "bold" [rows]. */
static void write_run(const char *name, int run, int64_t rows, gb_rational start, bool brain)
{
	char *path = in_folder(name), run_name[16];
	gb_tensor_writer *w;
	gb_clock clock;
	gb_status status;

	snprintf(run_name, sizeof run_name, "run-%d", run);
	clock = gb_clock_single((gb_rational){2, 1}, run_name, rows, start);
	gb_tensor_spec mel = {.name = "mel",
	                      .dtype = GB_F32,
	                      .rank = 3,
	                      .shape = {rows, 2, 5},
	                      .dims = "time,band,frame",
	                      .clock = &clock};
	gb_tensor_spec count = {.name = "mel.count",
	                        .dtype = GB_I32,
	                        .rank = 1,
	                        .shape = {rows},
	                        .dims = "time",
	                        .clock = &clock};
	gb_tensor_spec text = {.name = "text",
	                       .dtype = GB_F16,
	                       .rank = 2,
	                       .shape = {rows, 3},
	                       .dims = "time,feature",
	                       .clock = &clock};
	gb_tensor_spec valid = {.name = "text.valid",
	                        .dtype = GB_U8,
	                        .rank = 1,
	                        .shape = {rows},
	                        .dims = "time",
	                        .clock = &clock};
	gb_tensor_spec bold =
	    {.name = "bold", .dtype = GB_F32, .rank = 1, .shape = {rows}, .dims = "time", .clock = &clock};
	status = gb_tensor_writer_new(&w, "test 0", NULL, &err);
	if (brain) {
		status = status ? status : gb_tensor_writer_add(w, &bold, &err);
	} else {
		status = status ? status : gb_tensor_writer_add(w, &mel, &err);
		status = status ? status : gb_tensor_writer_add(w, &count, &err);
		status = status ? status : gb_tensor_writer_add(w, &text, &err);
		status = status ? status : gb_tensor_writer_add(w, &valid, &err);
	}
	status = status ? status : gb_tensor_writer_begin(w, path, &err);
	for (int64_t r = 0; !status && r < rows; r++) {
		float *m = brain ? NULL : gb_tensor_writer_data(w, "mel");
		uint16_t *t = brain ? NULL : gb_tensor_writer_data(w, "text");

		if (brain) {
			((float *)gb_tensor_writer_data(w, "bold"))[r] = value_at(run, r, 0);
			continue;
		}
		((int32_t *)gb_tensor_writer_data(w, "mel.count"))[r] = (int32_t)(3 + r % 3);
		((uint8_t *)gb_tensor_writer_data(w, "text.valid"))[r] = r % 7 != 0;
		for (int e = 0; e < 10; e++)
			m[r * 10 + e] = e % 5 < 3 + r % 3 ? value_at(run, r, e) : 0;
		for (int e = 0; e < 3; e++)
			t[r * 3 + e] = gb_float_to_half((float)(r % 64 + e));
	}
	status = status ? status : gb_tensor_writer_commit(w, NULL, &err);
	if (status)
		printf("# %s\n", err.text);
	gb_tensor_writer_free(w);
	free(path);
}

static gb_dataset *packed(void)
{
	char *paths[] = {in_folder("film-2.safetensors"), in_folder("film-1.safetensors"),
	                 in_folder("brain-1.safetensors"), in_folder("brain-2.safetensors")};
	gb_pack_input input[] = {{paths[0], NULL}, {paths[1], NULL}, {paths[2], "s"}, {paths[3], "s"}};
	gb_pack_options options = {.tool = "test 0",
	                           .split = "run-1:/run-2:",
	                           .gap = {32, 1},
	                           .history = {32, 1}};
	char *out = in_folder("set"), *report;
	gb_dataset *set = NULL;

	if (ok(!gb_pack(out, input, 4, &options, NULL, &report, &err), "packed %s", err.text)) {
		printf("# %s", report);
		free(report);
		ok(!gb_dataset_open(&set, out, &err), "opened %s", err.text);
	}
	for (int i = 0; i < 4; i++)
		free(paths[i]);
	free(out);
	return set;
}

static void check_values(const gb_dataset *set)
{
	const gb_feature *mel = gb_dataset_find(set, "mel", NULL), *text = gb_dataset_find(set, "text", NULL);
	const gb_feature *bold = gb_dataset_find(set, "bold", "s");
	const gb_clock *clock = gb_dataset_clock(set);
	int wrong = 0, wrong_standard = 0, wrong_valid = 0;
	float row[10];

	ok(gb_dataset_rows(set) == 58 + 69 && clock->runs == 2 && !strcmp(clock->run[0].name, "run-2") &&
	       clock->run[0].rows == 58,
	   "the clock: run-2 (of the first input) with 58 rows, run-1 with 69");
	ok(gb_dataset_features(set) == 3 && gb_dataset_subjects(set) == 1 &&
	       !strcmp(gb_dataset_subject(set, 0), "s"),
	   "3 features, 1 subject");
	ok(mel && mel->rank == 2 && mel->elements == 10 && mel->row_bytes == 40 && bold && bold->rank == 0 &&
	       bold->elements == 1,
	   "shapes");
	ok(!gb_dataset_find(set, "bold", NULL) && !gb_dataset_find(set, "mel", "s") &&
	       !gb_dataset_find(set, "mel.count", NULL),
	   "what is not there");
	for (int64_t r = 0; r < gb_dataset_rows(set); r++) {
		int run = r < 58 ? 2 : 1;
		/* run-2: film starts at 0, brain at 4 s; run-1: brain at 0, film at 2 s */
		int64_t in_run = r < 58 ? r : r - 58, film = in_run + (run == 2 ? 2 : 0),
			brain = in_run + (run == 1 ? 1 : 0);
		int64_t count = 3 + film % 3;

		gb_dataset_read(set, mel, r, false, row);
		for (int e = 0; e < 10; e++)
			wrong += row[e] != (e % 5 < count ? value_at(run, film, e) : 0) ||
			         ((const float *)gb_dataset_row(set, mel, r))[e] != row[e];
		wrong += gb_dataset_count(set, mel, r) != count;
		gb_dataset_read(set, mel, r, true, row);
		for (int e = 0; e < 10; e++) {
			float want = e % 5 < count ? (value_at(run, film, e) - mel->mean[e]) / mel->std[e]
			                           : 0;
			wrong_standard += row[e] != want;
		}
		gb_dataset_read(set, text, r, false, row);
		for (int e = 0; e < 3; e++)
			wrong += row[e] != (float)(film % 64 + e);
		wrong_valid += text->valid[r] != (film % 7 != 0);
		gb_dataset_read(set, bold, r, false, row);
		wrong += row[0] != value_at(run, brain, 0);
	}
	ok(wrong == 0, "every value is where the clock says");
	ok(wrong_standard == 0, "standardised, padding stays 0");
	ok(wrong_valid == 0 && !mel->valid && !bold->valid, "valid rows");
	ok(gb_dataset_use(set)[58 + 15] == GB_ROW_HISTORY && gb_dataset_use(set)[58 + 16] == GB_ROW_TRAIN &&
	       gb_dataset_use(set)[57] == GB_ROW_TEST,
	   "first 16 rows of a run are history");
	ok(gb_dataset_gap(set) == 16 && strlen(gb_dataset_id(set)) == 32, "gap and id");
	double sum = 0;
	for (int64_t r = 16; r < 69; r++)
		sum += value_at(1, r + 1, 0);
	near(bold->mean[0], sum / 53, 0.01, "mean of the train rows");
}

/* Change one byte of a member, or remove it. */
static void check_damage(void)
{
	char *out = in_folder("set"), *member = in_folder("set/film-1.safetensors"),
	     *other = in_folder("film-2.safetensors");
	char *index = in_folder("set/index.safetensors");
	gb_dataset *set;

	ok(!unlink(member) && gb_dataset_open(&set, out, &err) == GB_DATA && !set, "a member is missing: %s",
	   err.text);
	ok(!link(other, member) && gb_dataset_open(&set, out, &err) == GB_DATA,
	   "another file in its place: %s", err.text);
	unlink(member);
	write_run("set/film-1.safetensors", 1, 69, (gb_rational){2, 1}, false);
	ok(gb_dataset_open(&set, out, &err) == GB_DATA, "other data of the same name: %s", err.text);
	unlink(index);
	ok(gb_dataset_open(&set, out, &err) == GB_USAGE, "no index: %s", err.text);
	free(out);
	free(member);
	free(other);
	free(index);
}

int main(void)
{
	gb_dataset *set;

	if (!mkdtemp(folder))
		return 1;
	write_run("film-2.safetensors", 2, 60, (gb_rational){0, 1}, false);
	write_run("film-1.safetensors", 1, 70, (gb_rational){2, 1}, false);
	write_run("brain-2.safetensors", 2, 58, (gb_rational){4, 1}, true);
	write_run("brain-1.safetensors", 1, 70, (gb_rational){0, 1}, true);
	set = packed();
	if (set) {
		check_values(set);
		gb_dataset_close(set);
		check_damage();
	}
	char *clean = gb_format(NULL, "rm -rf %s", folder);
	ok(!system(clean), "cleaned");
	free(clean);
	return done_testing();
}
