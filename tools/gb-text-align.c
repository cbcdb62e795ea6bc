/* SPDX-License-Identifier: MIT */
/* gb-text-align: annotations and subtitles → one vector of words a row. */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "io/file.h"
#include "text/align.h"
#include "text/hash_words.h"
#include "text/reader.h"
#include "text/segments.h"

static gb_maybe_rational tr = {true, {3, 2}};
static int64_t rows;
static const char *run_name, *runs, *sheet, *text_columns, *start_column, *end_column, *unit, *embed = "hash",
    *pooling = "mean", *gap = "hold";
static bool partial, pairs;

static const gb_option options[] = {
	GB_OPT_TR(&tr),
	{"rows", GB_OPTION_INTEGER, &rows, "N", "rows of the one run written (default: all complete rows)", .min = 1, .max = 1e9},
	{"partial", GB_OPTION_FLAG, &partial, NULL, "write a last row that is not complete, too"},
	{"run", GB_OPTION_STRING, &run_name, "NAME", "the run to write, or all; names the only run of a file (default run-1)"},
	{"runs", GB_OPTION_STRING, &runs, "NAME:ROWS,...", "names and rows of all runs of the file"},
	{"sheet", GB_OPTION_STRING, &sheet, "NAME", "sheet of a workbook (default: the first)"},
	{"text", GB_OPTION_STRING, &text_columns, "COLS", "columns with text, joined by \"; \" (default: guessed)"},
	{"start-col", GB_OPTION_STRING, &start_column, "COL", "column of start times (default: guessed)"},
	{"end-col", GB_OPTION_STRING, &end_column, "COL", "column of end times, or named duration... (default: guessed)"},
	{"unit", GB_OPTION_CHOICE, &unit, "s|ms|tr", "of the times; tr: rows from 1, end included (default: as the header says, or s)"},
	{"embed", GB_OPTION_STRING, &embed, "hash|DIR", "how text becomes numbers: hashed words, or an encoder's folder (default hash)"},
	{"hash-pairs", GB_OPTION_FLAG, &pairs, NULL, "add hashed pairs of words as text.pairs"},
	{"pool", GB_OPTION_STRING, &pooling, "mean|max|first|last|slots:K", "of the segments in a row (default mean)"},
	{"gap", GB_OPTION_CHOICE, &gap, "hold|zero|linear", "rows without a segment (default hold)"},
	{0}
};

/* All that one run of the tool holds. */
typedef struct work {
	const gb_args *args;
	gb_input input;
	gb_table *table;
	gb_columns columns;
	gb_segments segments;
	const char **all;        /* texts of the whole file, then of the segments kept */
	size_t all_count;
	gb_clock clock;
	gb_cover *cover;
	gb_alignment how;
	gb_tensor_writer *writer;
	float *vectors, *pair_vectors, *text, *pair_text;
	int32_t *count;
	int64_t dropped;
	int64_t *spans, timebase;
	uint8_t *use;
	gb_json *strings;
} work;

static gb_status parse_pooling(gb_alignment *how, gb_err *err)
{
	static const char *const names[] = {"mean", "max", "first", "last"};
	char *end;
	long slots;

	how->slots = 1;
	how->gap = !strcmp(gap, "hold") ? GB_GAP_HOLD : !strcmp(gap, "zero") ? GB_GAP_ZERO : GB_GAP_LINEAR;
	for (int i = 0; i < 4; i++)
		if (!strcmp(pooling, names[i])) {
			how->pooling = (gb_pooling)i;
			return GB_OK;
		}
	how->pooling = GB_POOL_SLOTS;
	slots = strncmp(pooling, "slots:", 6) ? 0 : strtol(pooling + 6, &end, 10);
	if (slots < 1 || slots > 64 || *end)
		return gb_fail(err, GB_USAGE, "--pool: \"%s\" is none of mean, max, first, last, slots:1 ... slots:64", pooling);
	how->slots = (int)slots;
	return GB_OK;
}

static void tell_columns(const work *w)
{
	static const char *const units[] = {"?", "seconds", "milliseconds", "rows from 1"};
	const gb_columns *c = &w->columns;

	gb_cli_note("%s: %s, %zu rows; start \"%s\", %s \"%s\", in %s", w->table->name, w->table->format, w->table->rows,
	            gb_table_header(w->table, c->start), c->end_is_duration ? "length" : "end",
	            c->end == GB_NO_COLUMN ? "(none: no length)" : gb_table_header(w->table, c->end), units[c->unit]);
	for (int i = 0; i < c->texts; i++)
		gb_cli_note("%s: text \"%s\"", w->table->name, gb_table_header(w->table, c->text[i]));
	if (w->segments.untimed)
		gb_cli_note("%s: %zu rows without times left out", w->table->name, w->segments.untimed);
	if (w->segments.sorted)
		gb_cli_warn("%s: %zu segments were out of order and have been sorted", w->table->name, w->segments.sorted);
}

static gb_status read_segments(work *w, const char *path, gb_err *err)
{
	gb_columns_wanted wanted = {start_column, end_column, text_columns, GB_UNIT_GUESS};
	gb_run_choice choice = {run_name, runs, rows, tr.value, partial};
	gb_status status = gb_input_open(&w->input, path, err);

	if (unit)
		wanted.unit = !strcmp(unit, "s") ? GB_UNIT_SECONDS : !strcmp(unit, "ms") ? GB_UNIT_MILLISECONDS : GB_UNIT_ROWS;
	if (status == GB_OK)
		status = gb_table_read(&w->table, w->input.data, w->input.size, w->input.name, sheet, err);
	if (status == GB_OK)
		status = gb_columns_find(w->table, &wanted, true, &w->columns, err);
	if (status == GB_OK)
		status = gb_segments_read(w->table, &w->columns, tr.value, &w->segments, err);
	if (status != GB_OK)
		return status;
	tell_columns(w);
	w->all_count = w->segments.count;
	w->all = gb_array(2 * w->all_count, sizeof(*w->all), err);
	if (!w->all)
		return GB_SYSTEM;
	for (size_t i = 0; i < w->all_count; i++)
		w->all[i] = w->segments.segment[i].text;
	status = gb_segments_choose(&w->segments, &choice, w->input.name, w->columns.unit == GB_UNIT_ROWS, &w->clock, err);
	if (status != GB_OK)
		return status;
	for (size_t i = 0; i < w->segments.count; i++)
		w->all[w->all_count + i] = w->segments.segment[i].text;
	return gb_cover_new(&w->cover, &w->segments, &w->clock, err);
}

/* One kind of vector of the segments, and of the rows. */
static gb_status make_vectors(work *w, bool of_pairs, float **vectors, float **out, gb_err *err)
{
	size_t size = (size_t)gb_clock_rows(&w->clock), n = w->segments.count;
	gb_status status;

	if (!gb_size_mul(size, (size_t)w->how.slots * GB_HASH_WIDTH, &size))
		return gb_fail(err, GB_SYSTEM, "--rows: too many");
	*vectors = gb_array(n, GB_HASH_WIDTH * sizeof(float), err);
	*out = *vectors ? gb_array(size, sizeof(float), err) : NULL;
	if (!*out)
		return GB_SYSTEM;
	status = gb_hash_words(w->all, w->all_count, w->all + w->all_count, n, of_pairs, *vectors, w->args->pool, err);
	if (status == GB_OK)
		status = gb_align(w->cover, *vectors, GB_HASH_WIDTH, w->use, w->how, *out, w->count,
		                  of_pairs ? NULL : &w->dropped, w->args->pool, err);
	return status;
}

static gb_status make_all(work *w, gb_err *err)
{
	size_t n = w->segments.count;
	gb_status status;

	w->use = gb_array(n, 1, err);
	w->count = gb_array((size_t)gb_clock_rows(&w->clock), sizeof(*w->count), err);
	w->spans = gb_array(n, 3 * sizeof(*w->spans), err);
	w->strings = gb_json_array();
	if (!w->use || !w->count || !w->spans || !w->strings)
		return gb_fail(err, GB_SYSTEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		w->use[i] = *w->segments.segment[i].text != 0;
		if (!gb_json_append(w->strings, gb_json_string(w->segments.segment[i].text)))
			return gb_fail(err, GB_SYSTEM, "out of memory");
	}
	status = gb_segments_spans(&w->segments, w->spans, &w->timebase, err);
	if (status == GB_OK && pairs)
		status = make_vectors(w, true, &w->pair_vectors, &w->pair_text, err);
	return status == GB_OK ? make_vectors(w, false, &w->vectors, &w->text, err) : status;
}

/* ---- writing ---- */

static gb_status add_rows(work *w, const char *name, const char *doc, gb_err *err)
{
	gb_tensor_spec spec = {.name = name, .dtype = GB_F32, .rank = 2, .shape = {gb_clock_rows(&w->clock), GB_HASH_WIDTH},
	                       .dims = "time,feature", .clock = &w->clock, .doc = doc, .attributes = gb_json_object()};

	if (w->how.pooling == GB_POOL_SLOTS) {
		spec.rank = 3;
		spec.shape[1] = w->how.slots;
		spec.shape[2] = GB_HASH_WIDTH;
		spec.dims = "time,slot,feature";
		gb_json_set(spec.attributes, "dropped", gb_json_integer(w->dropped));
	}
	gb_json_set(spec.attributes, "embed", gb_json_string("hash"));
	gb_json_set(spec.attributes, "pool", gb_json_string(pooling));
	gb_json_set(spec.attributes, "gap", gb_json_string(gap));
	gb_json_set(spec.attributes, "total", gb_json_integer((int64_t)w->segments.count));
	gb_json_set(spec.attributes, "kept", gb_json_integer((int64_t)gb_cover_kept(w->cover)));
	return gb_tensor_writer_add(w->writer, &spec, err);
}

static gb_status add_segments(work *w, gb_err *err)
{
	int64_t n = (int64_t)w->segments.count;
	gb_tensor_spec count = {.name = "text.count", .dtype = GB_I32, .rank = 1, .shape = {gb_clock_rows(&w->clock)},
	                        .dims = "time", .clock = &w->clock, .doc = "segments with text in a row; 0: a gap"};
	gb_tensor_spec vectors = {.name = "text.segments", .dtype = GB_F32, .rank = 2, .shape = {n, GB_HASH_WIDTH},
	                          .dims = "segment,feature", .doc = "the vector of each segment"};
	gb_tensor_spec spans = {.name = "text.spans", .dtype = GB_I64, .rank = 2, .shape = {n, 3}, .dims = "segment,column",
	                        .doc = "run, start and end of each segment, in ticks of the timebase (seconds a tick)",
	                        .attributes = gb_json_object()};
	char timebase[GB_RATIONAL_TEXT];
	gb_status status = gb_tensor_writer_add(w->writer, &count, err);

	gb_json_set(spans.attributes, "timebase", gb_json_string(gb_rational_format((gb_rational){1, w->timebase}, timebase)));
	if (status == GB_OK)
		status = gb_tensor_writer_add(w->writer, &vectors, err);
	if (status == GB_OK)
		status = gb_tensor_writer_add(w->writer, &spans, err);
	else
		gb_json_free(spans.attributes);
	return status == GB_OK ? gb_tensor_writer_add_json(w->writer, "text.strings", w->strings, "the text of each segment", err)
	                       : status;
}

static gb_status begin(work *w, const char *path, gb_err *err)
{
	gb_status status = gb_tensor_writer_new(&w->writer, w->args->tool, w->args->params, err);

	if (status == GB_OK && !w->input.from_pipe)
		status = gb_tensor_writer_input_path(w->writer, "annotations", path, err);
	if (status == GB_OK)
		status = add_rows(w, "text", "signed hashed words, tf idf over the segments of the whole file (no brain data), length 1 a segment, pooled", err);
	if (status == GB_OK && pairs)
		status = add_rows(w, "text.pairs", "signed hashed pairs of words, as text", err);
	if (status == GB_OK)
		status = add_segments(w, err);
	return status == GB_OK ? gb_tensor_writer_begin(w->writer, w->args->out, err) : status;
}

static gb_status write_all(work *w, const char *path, gb_err *err)
{
	size_t n = w->segments.count, count = (size_t)gb_clock_rows(&w->clock);
	size_t row = (size_t)w->how.slots * GB_HASH_WIDTH * sizeof(float);
	gb_status status = begin(w, path, err);

	if (status == GB_OK)
		status = gb_tensor_writer_put(w->writer, "text.spans", w->spans, n * 3 * sizeof(*w->spans), err);
	if (status == GB_OK)
		status = gb_tensor_writer_put(w->writer, "text", w->text, count * row, err);
	if (status == GB_OK && pairs)
		status = gb_tensor_writer_put(w->writer, "text.pairs", w->pair_text, count * row, err);
	if (status == GB_OK)
		status = gb_tensor_writer_put(w->writer, "text.count", w->count, count * sizeof(*w->count), err);
	if (status == GB_OK)
		status = gb_tensor_writer_put(w->writer, "text.segments", w->vectors, n * GB_HASH_WIDTH * sizeof(float), err);
	return status == GB_OK ? gb_tensor_writer_commit(w->writer, w->args->pool, err) : status;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	work w = {.args = args};
	gb_status status = parse_pooling(&w.how, err);

	if (status == GB_OK && strcmp(embed, "hash"))
		status = gb_fail(err, GB_SYSTEM, "--embed %s: this build has no sentence encoder; --embed hash needs none", embed);
	if (status == GB_OK)
		status = read_segments(&w, args->operand[0], err);
	if (status == GB_OK)
		status = make_all(&w, err);
	if (status == GB_OK)
		status = write_all(&w, args->operand[0], err);
	gb_tensor_writer_free(w.writer);
	gb_json_free(w.strings);
	gb_cover_free(w.cover);
	gb_segments_clear(&w.segments);
	gb_table_free(w.table);
	gb_input_close(&w.input);
	free(w.all);
	free(w.vectors);
	free(w.pair_vectors);
	free(w.text);
	free(w.pair_text);
	free(w.count);
	free(w.spans);
	free(w.use);
	return status;
}

static const gb_command commands[] = {
	{NULL, "[--tr 3/2] [--rows N] [--run NAME|all] [--runs ...] [--text COLS] [--unit s|ms|tr] [--embed hash|DIR] [--pool mean|max|first|last|slots:K] [--gap hold|zero|linear] [-o OUT] FILE",
	 "annotations and subtitles as one vector of words a row", options, 0, 1, true, run},
	{0}
};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-text-align", "annotations and subtitles as one vector of words a row", commands, argc, argv);
}
