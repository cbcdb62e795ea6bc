/* SPDX-License-Identifier: MIT */
/* gb-text-align: annotations and subtitles → features binned by TR; and back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cli/cli.h"
#include "cli/text.h"
#include "io/file.h"
#include "media/subtitle_track.h"
#include "table/subtitle_text.h"
#include "text/column_values.h"
#include "text/text_features.h"
#include "text/nearest_text.h"

static gb_maybe_rational tr = {true, {3, 2}}, row_start = {true, {0, 1}};
static int64_t rows, track = -1, nearest = 1;
static const char *run_name, *runs, *sheet, *text_columns, *start_column, *end_column, *unit, *embed = "hash",
    *pooling = "mean", *gap = "hold", *boundaries;
static gb_strings columns;
static bool partial, pairs, rate, invert;

static const char rows_group[] = "Rows and runs:", input_group[] = "Columns of the input:",
		  features_group[] = "Features:", back_group[] = "Back to text:";

static const gb_option options[] =
    {{"tr", GB_OPTION_RATIONAL, &tr, "R",
      "set the repetition time (TR) to R seconds, an exact decimal or fraction (default 3/2)",
      .group = rows_group},
     {"start", GB_OPTION_RATIONAL, &row_start, "T",
      "let row 0 of each run begin at time T, in seconds (default 0)", .group = rows_group},
     {"rows", GB_OPTION_INTEGER, &rows, "N", "write N rows of the one run (default: all complete rows)",
      .group = rows_group, .min = 1, .max = 1e9},
     {"partial", GB_OPTION_FLAG, &partial, NULL, "also write a last row that the annotations do not fill",
      .group = rows_group},
     {"run", GB_OPTION_STRING, &run_name, "NAME|all",
      "write this run of the file, or all; or name its only run (default run-1)", .group = rows_group},
     {"runs", GB_OPTION_STRING, &runs, "NAME:ROWS,...", "name all runs of the file in order, with their rows",
      .group = rows_group},
     {"sheet", GB_OPTION_STRING, &sheet, "NAME", "read this sheet of a workbook (default: the first)",
      .group = input_group},
     {"track", GB_OPTION_INTEGER, &track, "N",
      "read this subtitle track of a film, counted from 0 (default: the film's default)",
      .group = input_group, .min = -1, .max = 1000},
     {"text", GB_OPTION_STRING, &text_columns, "COLS",
      "read text from these columns, joined by \"; \" (default: guessed)", .group = input_group},
     {"start-col", GB_OPTION_STRING, &start_column, "COL",
      "read start times from this column (default: guessed)", .group = input_group},
     {"end-col", GB_OPTION_STRING, &end_column, "COL",
      "read end times, or durations, from this column (default: guessed)", .group = input_group},
     {"unit", GB_OPTION_CHOICE, &unit, "s|ms|tr",
      "times are seconds, milliseconds, or row numbers from 1 with the end included (default: from the "
      "header, else s)",
      .group = input_group},
     {"embed", GB_OPTION_STRING, &embed, "hash|DIR",
      "turn text into vectors by hashing words, or by the sentence encoder in DIR (default hash)",
      .group = features_group},
     {"hash-pairs", GB_OPTION_FLAG, &pairs, NULL,
      "add the tensor text.pairs: hashed pairs of neighbouring words", .group = features_group},
     {"pool", GB_OPTION_STRING, &pooling, "mean|max|first|last|slots:K",
      "combine the text segments of a row in this way (default mean)", .group = features_group},
     {"gap", GB_OPTION_CHOICE, &gap, "hold|zero|linear",
      "fill rows without a segment with the last vector, with zeros, or by linear interpolation (default "
      "hold)",
      .group = features_group},
     {"rate", GB_OPTION_FLAG, &rate, NULL,
      "add the tensor text.rate: words, duration of segments and onsets in each row",
      .group = features_group},
     {"column", GB_OPTION_LIST, &columns, "COL",
      "add the tensor text.column.COL: the column's numbers, or one indicator for each value; may be "
      "repeated",
      .group = features_group},
     {"boundaries", GB_OPTION_STRING, &boundaries, "COL",
      "add the tensor text.boundaries: ramps before and after each change in this column",
      .group = features_group},
     {"invert", GB_OPTION_FLAG, &invert, NULL, "list the nearest text segments of each row of a tensor file",
      .group = back_group, .not_param = true},
     {"nearest", GB_OPTION_INTEGER, &nearest, "K", "with --invert: list K segments for each row (default 1)",
      .group = back_group, .not_param = true, .min = 1, .max = 1000},
     {0}};

static gb_status parse_pooling(gb_alignment *how, gb_err *err)
{
	static const char *const names[] = {"mean", "max", "first", "last"};
	char *end;
	long slots;

	*how = (gb_alignment){GB_POOL_SLOTS, 1,
	                      !strcmp(gap, "hold")   ? GB_GAP_HOLD
	                      : !strcmp(gap, "zero") ? GB_GAP_ZERO
	                                             : GB_GAP_LINEAR};
	for (int i = 0; i < 4; i++)
		if (!strcmp(pooling, names[i])) {
			how->pooling = (gb_pooling)i;
			return GB_OK;
		}
	slots = strncmp(pooling, "slots:", 6) ? 0 : strtol(pooling + 6, &end, 10);
	if (slots < 1 || slots > 64 || *end)
		return gb_fail(err, GB_USAGE,
		               "--pool: \"%s\" is none of mean, max, first, last, slots:1 ... slots:64",
		               pooling);
	how->slots = (int)slots;
	return GB_OK;
}

/* ---- reading ---- */

static gb_status take_cue(void *context, gb_rational start, gb_rational end, const char *text, gb_err *err)
{
	gb_table *table = context;
	char from[GB_RATIONAL_TEXT], to[GB_RATIONAL_TEXT];

	return gb_table_cue(table, (int64_t)table->rows + 1, gb_rational_format(start, from),
	                    gb_rational_format(end, to), text, strlen(text), err);
}

static gb_status read_film(gb_table **table, gb_input *input, gb_err *err)
{
	gb_status status = gb_table_new(table, input->name, err);

	if (status == GB_OK)
		status = gb_table_cue_header(*table, err);
	if (status == GB_OK)
		status = gb_subtitles_read(input, track, take_cue, *table, err);
	if (status == GB_OK && !(*table)->rows)
		status = gb_fail(err, GB_DATA, "%s: the subtitle track is empty", (*table)->name);
	if (status != GB_OK)
		gb_table_free(*table);
	else
		(*table)->format = "film";
	return status;
}

static void log_annotations(const gb_annotations *a)
{
	static const char *const units[] = {"?", "seconds", "milliseconds", "rows from 1"};
	const gb_annotation_columns *c = &a->columns;
	const char *name = a->table->name;

	gb_cli_log("%s: %s, %zu rows; start \"%s\", %s \"%s\", in %s", name, a->table->format, a->table->rows,
	           gb_table_header(a->table, c->start), c->end_is_duration ? "length" : "end",
	           c->end == GB_NO_COLUMN ? "(none: no length)" : gb_table_header(a->table, c->end),
	           units[c->unit]);
	for (int i = 0; i < c->texts; i++)
		gb_cli_log("%s: text \"%s\"", name, gb_table_header(a->table, c->text[i]));
	if (a->segments.untimed)
		gb_cli_log("%s: %zu rows without times left out", name, a->segments.untimed);
	if (a->segments.sorted)
		gb_cli_warn("%s: %zu segments were out of order and have been sorted", name,
		            a->segments.sorted);
	if (gb_cover_kept(a->cover) < a->segments.count)
		gb_cli_log("%s: %zu of %zu segments lie outside the rows", name,
		           a->segments.count - gb_cover_kept(a->cover), a->segments.count);
}

static gb_status read_annotations(gb_annotations **annotations, gb_input *input, gb_err *err)
{
	gb_annotation_columns_wanted wanted = {start_column, end_column, text_columns, GB_UNIT_GUESS};
	gb_run_choice choice = {run_name, runs, rows, tr.value, partial, row_start.value};
	gb_table *table;
	gb_status status;

	if (unit)
		wanted.unit = !strcmp(unit, "s")    ? GB_UNIT_SECONDS
		              : !strcmp(unit, "ms") ? GB_UNIT_MILLISECONDS
		                                    : GB_UNIT_ROWS;
	if (input->size && gb_text_sniff(input->data, input->size) == GB_FORMAT_BINARY)
		status = read_film(&table, input, err);
	else
		status = gb_table_read(&table, input->data, input->size, input->name, sheet, err);
	if (status == GB_OK)
		status = gb_annotations_open(annotations, table, &wanted, true, &choice, err);
	if (status == GB_OK)
		log_annotations(*annotations);
	return status;
}

/* ---- writing ---- */

static gb_status make_features(const gb_annotations *a, gb_alignment how, gb_tensor_list *list, gb_pool *pool,
                               gb_err *err)
{
	gb_status status = gb_feature_text(a, how, false, list, pool, err);

	if (status == GB_OK && pairs)
		status = gb_feature_text(a, how, true, list, pool, err);
	if (status == GB_OK && rate)
		status = gb_feature_rate(a, list, err);
	for (int i = 0; i < columns.count && status == GB_OK; i++)
		status = gb_feature_column(a, columns.item[i], how.gap, list, pool, err);
	if (status == GB_OK && boundaries)
		status = gb_feature_boundaries(a, boundaries, list, err);
	return status;
}

/* What was guessed belongs to the parameters, too. */
static gb_status resolve(gb_tensor_writer *writer, const gb_annotations *a, gb_err *err)
{
	static const char *const units[] = {"s", "s", "ms", "tr"};
	const gb_annotation_columns *c = &a->columns;
	gb_json *text = gb_json_array();
	gb_status status;

	for (int i = 0; i < c->texts; i++)
		gb_json_append(text, gb_json_string(gb_table_header(a->table, c->text[i])));
	status = gb_tensor_writer_param(writer, "text", text, err);
	if (status == GB_OK)
		status = gb_tensor_writer_param(writer, "start-col",
		                                gb_json_string(gb_table_header(a->table, c->start)), err);
	if (status == GB_OK && c->end != GB_NO_COLUMN)
		status = gb_tensor_writer_param(writer, "end-col",
		                                gb_json_string(gb_table_header(a->table, c->end)), err);
	return status == GB_OK ? gb_tensor_writer_param(writer, "unit", gb_json_string(units[c->unit]), err)
	                       : status;
}

static gb_status write_features(const gb_args *args, const gb_annotations *a, bool from_pipe,
                                gb_tensor_list *list, gb_err *err)
{
	gb_tensor_writer *writer = NULL;
	gb_status status = gb_tensor_writer_new(&writer, args->tool, args->params, err);

	if (status == GB_OK)
		status = resolve(writer, a, err);
	if (status == GB_OK && !from_pipe)
		status = gb_tensor_writer_input_path(writer, "annotations", args->operand[0], err);
	if (status == GB_OK)
		status = gb_tensor_list_write(list, writer, args->out, err);
	if (status == GB_OK)
		status = gb_tensor_writer_commit(writer, args->pool, err);
	gb_tensor_writer_free(writer);
	return status;
}

/* No sentence encoder is built in: say whether FOLDER holds one. */
static gb_status refuse_encoder(const char *folder, gb_err *err)
{
	char *path = gb_format(err, "%s/config.json", folder);
	gb_input input = {0};
	gb_json *config = NULL;
	const char *type = NULL;
	gb_status status = GB_SYSTEM;

	if (!path)
		goto done;
	if (gb_input_open(&input, path, NULL) != GB_OK) {
		gb_fail(err, status,
		        "%s: no sentence encoder there (no config.json); --embed hash needs none", folder);
		goto done;
	}
	if (gb_json_parse((const char *)input.data, input.size, &config, err) == GB_OK)
		type = gb_json_text(gb_json_get(config, "model_type"));
	if (!config)
		status = gb_fail_in(err, "%s", path);
	else if (type && (strstr(type, "bert") || !strcmp(type, "mpnet")))
		gb_fail(err, status, "%s: this build has no sentence encoder; use --embed hash", folder);
	else
		status =
		    gb_fail(err, GB_DATA,
		            "%s: a model of type \"%.40s\"; a sentence encoder of BERT's family is wanted",
		            folder, type ? type : "unknown");
done:
	gb_json_free(config);
	gb_input_close(&input);
	free(path);
	return status;
}

static gb_status align(const gb_args *args, gb_err *err)
{
	gb_input input = {0};
	gb_annotations *a = NULL;
	gb_tensor_list list = {0};
	gb_alignment how;
	bool from_pipe = false;
	gb_status status = parse_pooling(&how, err);

	if (status == GB_OK && strcmp(embed, "hash"))
		status = refuse_encoder(embed, err);
	if (status == GB_OK)
		status = gb_input_open(&input, args->operand[0], err);
	from_pipe = input.from_pipe;
	if (status == GB_OK)
		status = read_annotations(&a, &input, err);
	if (status == GB_OK)
		status = make_features(a, how, &list, args->pool, err);
	if (status == GB_OK)
		status = write_features(args, a, from_pipe, &list, err);
	gb_tensor_list_clear(&list);
	gb_annotations_close(a);
	gb_input_close(&input);
	return status;
}

/* ---- back to text ---- */

static void print_match(gb_text *out, const gb_dictionary *d, size_t index, size_t rank,
                        const gb_match *match)
{
	int64_t row = (int64_t)(index / d->slots);
	int run = gb_clock_run_of(&d->clock, row);
	gb_rational start = {0, 1};
	const char *text = gb_json_text(gb_json_at(d->strings, match->segment));

	row -= gb_clock_first(&d->clock, run);
	if (!gb_clock_time_of(&d->clock, run, row, &start))
		start = (gb_rational){0, 1};
	gb_text_print(out, "%s\t%lld\t%.10g\t%zu\t%zu\t", d->clock.run[run].name, (long long)row,
	              gb_rational_double(start), index % d->slots, rank + 1);
	if (match->segment == GB_NO_SEGMENT) {
		gb_text_print(out, "n/a\tn/a\tn/a\n");
		return;
	}
	gb_text_print(out, "%zu\t%.6f\t", match->segment, match->cosine);
	for (; text && *text; text++)
		gb_text_print(out, "%c", strchr("\t\r\n", *text) ? ' ' : *text);
	gb_text_print(out, "\n");
}

static gb_status list_nearest(const gb_args *args, gb_err *err)
{
	gb_tensor_file *file = NULL;
	gb_text *out = NULL;
	gb_dictionary d = {0};
	gb_match *match = NULL;
	size_t count = 0, k = (size_t)nearest, total = 0;
	gb_status status = gb_tensor_file_open(&file, args->operand[0], err);

	if (status == GB_OK)
		status = gb_dictionary_open(file, &d, err);
	if (status == GB_OK) {
		count = (size_t)d.text->shape[0] * d.slots;
		k = k < (size_t)d.segments->shape[0] ? k : (size_t)d.segments->shape[0];
		match = gb_size_mul(count, k, &total) ? gb_array(total, sizeof(*match), err) : NULL;
		status = match ? GB_OK
		               : gb_fail(err, GB_SYSTEM, "--nearest %lld: too many for memory",
		                         (long long)nearest);
	}
	if (status == GB_OK)
		status = gb_nearest((gb_vectors){d.text->data, count},
		                    (gb_vectors){d.segments->data, (size_t)d.segments->shape[0]}, d.width, k,
		                    match, args->pool, err);
	if (status == GB_OK)
		status = gb_text_open(&out, args->out, err);
	if (status == GB_OK) {
		gb_text_print(out, "run\trow\tstart\tslot\trank\tsegment\tcosine\ttext\n");
		for (size_t i = 0; i < total; i++)
			print_match(out, &d, i / k, i % k, &match[i]);
		status = gb_text_commit(out, err);
	}
	free(match);
	gb_dictionary_close(&d);
	gb_tensor_file_close(file);
	return status;
}

static gb_status run(const gb_args *args, gb_err *err)
{
	return invert ? list_nearest(args, err) : align(args, err);
}

static const gb_command commands[] =
    {{NULL,
      "[--tr R] [--start T] [--rows N] [--partial] [--run NAME|all] [--runs NAME:ROWS,...] [--sheet NAME] "
      "[--track N] [--text COLS] "
      "[--start-col COL] [--end-col COL] [--unit s|ms|tr] [--embed hash|DIR] [--hash-pairs] "
      "[--pool mean|max|first|last|slots:K] [--gap hold|zero|linear] [--rate] [--column COL]... "
      "[--boundaries COL] "
      "[-o OUT] [FILE] | --invert [--nearest K] [-o OUT] [FILE]",
      "Turn annotations or subtitles into one feature vector for each TR, or list the segments nearest to "
      "such vectors.",
      options, 0, 1, true, run},
     {0}};

int main(int argc, char **argv)
{
	return gb_cli_main("gb-text-align", "annotations and subtitles as features binned by TR", commands,
	                   argc, argv);
}
