/* SPDX-License-Identifier: MIT */
#include "text/text_features.h"
#include "base/size.h"
#include "text/hash_words.h"

#include <stdlib.h>
#include <string.h>

#define BOUNDARY_ROWS 5

static const char *const pool_names[] = {"mean", "max", "first", "last", "slots"};
static const char *const gap_names[] = {"hold", "zero", "linear"};

/* ---- words ---- */

static gb_json *text_attributes(const gb_annotations *a, gb_alignment how, int64_t dropped)
{
	gb_json *attributes = gb_json_object();

	gb_json_set(attributes, "embed", gb_json_string("hash"));
	gb_json_set(attributes, "pool", gb_json_string(pool_names[how.pooling]));
	gb_json_set(attributes, "gap", gb_json_string(gap_names[how.gap]));
	gb_json_set(attributes, "total", gb_json_integer((int64_t)a->segments.count));
	gb_json_set(attributes, "kept", gb_json_integer((int64_t)gb_cover_kept(a->cover)));
	if (how.pooling == GB_POOL_SLOTS)
		gb_json_set(attributes, "dropped", gb_json_integer(dropped));
	return attributes;
}

static gb_status add_counts(const gb_annotations *a, int32_t **count, gb_tensor_list *list, gb_err *err)
{
	gb_tensor_spec spec = {.name = "text.count",
	                       .dtype = GB_I32,
	                       .rank = 1,
	                       .shape = {gb_clock_rows(&a->clock)},
	                       .dims = "time",
	                       .clock = &a->clock,
	                       .doc = "segments with text in each row; 0: a gap"};

	return gb_tensor_list_add(list, &spec, count, err);
}

static gb_status add_spans(const gb_annotations *a, gb_tensor_list *list, gb_err *err)
{
	gb_tensor_spec spec = {.name = "text.spans",
	                       .dtype = GB_I64,
	                       .rank = 2,
	                       .shape = {(int64_t)a->segments.count, 3},
	                       .dims = "segment,column",
	                       .attributes = gb_json_object(),
	                       .doc = "run, start and end of each segment, in ticks of the timebase"};
	int64_t timebase, *spans;
	char text[GB_RATIONAL_TEXT];
	gb_status status = gb_segments_timebase(&a->segments, &timebase, err);

	if (status != GB_OK) {
		gb_json_free(spec.attributes);
		return status;
	}
	gb_json_set(spec.attributes, "timebase",
	            gb_json_string(gb_rational_format((gb_rational){1, timebase}, text)));
	status = gb_tensor_list_add(list, &spec, &spans, err);
	return status == GB_OK ? gb_segments_spans(&a->segments, timebase, spans, err) : status;
}

static gb_status add_strings(const gb_annotations *a, gb_tensor_list *list, gb_err *err)
{
	gb_tensor_spec spec = {.name = "text.strings",
	                       .dtype = GB_U8,
	                       .rank = 1,
	                       .dims = "byte",
	                       .doc = "the text of each segment"};
	gb_json *strings = gb_json_array();
	bool whole = strings != NULL;
	char *json, *bytes;
	gb_status status;

	for (size_t i = 0; i < a->segments.count && whole; i++)
		whole = gb_json_append(strings, gb_json_string(a->text[i]));
	json = whole ? gb_json_dump(strings) : NULL;
	gb_json_free(strings);
	if (!json)
		return gb_fail(err, GB_SYSTEM, "out of memory");
	spec.shape[0] = (int64_t)strlen(json);
	spec.attributes = gb_json_object();
	gb_json_set(spec.attributes, "encoding", gb_json_string("json"));
	status = gb_tensor_list_add(list, &spec, &bytes, err);
	if (status == GB_OK)
		memcpy(bytes, json, strlen(json));
	free(json);
	return status;
}

/* The tensors of rows and of segments, empty, the rows last. */
static gb_status add_vectors(const gb_annotations *a, gb_alignment how, bool pairs, float **values,
                             float **out, gb_tensor_list *list, gb_err *err)
{
	gb_tensor_spec vectors = {.name = pairs ? "text.pairs.segments" : "text.segments",
	                          .dtype = GB_F32,
	                          .rank = 2,
	                          .shape = {(int64_t)a->segments.count, GB_HASH_WIDTH},
	                          .dims = "segment,feature",
	                          .doc = "the vector of each segment"};
	gb_tensor_spec rows =
	    {.name = pairs ? "text.pairs" : "text",
	     .dtype = GB_F32,
	     .rank = 2,
	     .dims = "time,feature",
	     .shape = {gb_clock_rows(&a->clock), GB_HASH_WIDTH},
	     .clock = &a->clock,
	     .doc = pairs
	                ? "signed hashed pairs of words, weighted as text"
	                : "signed hashed words, tf idf over the segments of the whole file (no brain data)"};
	gb_status status = gb_tensor_list_add(list, &vectors, values, err);

	if (how.pooling == GB_POOL_SLOTS) {
		rows.rank = 3;
		rows.shape[1] = how.slots;
		rows.shape[2] = GB_HASH_WIDTH;
		rows.dims = "time,slot,feature";
	}
	return status == GB_OK ? gb_tensor_list_add(list, &rows, out, err) : status;
}

gb_status gb_feature_text(const gb_annotations *a, gb_alignment how, bool pairs, gb_tensor_list *list,
                          gb_pool *pool, gb_err *err)
{
	size_t n = a->segments.count;
	int64_t dropped = 0;
	float *values, *out;
	int32_t *count = NULL;
	uint8_t *use = gb_array(n, 1, err);
	gb_status status = use ? GB_OK : GB_SYSTEM;

	for (size_t i = 0; use && i < n; i++)
		use[i] = *a->text[i] != 0;
	if (status == GB_OK && !pairs) {
		status = add_counts(a, &count, list, err);
		if (status == GB_OK)
			status = add_spans(a, list, err);
		if (status == GB_OK)
			status = add_strings(a, list, err);
	}
	if (status == GB_OK)
		status = add_vectors(a, how, pairs, &values, &out, list, err);
	if (status == GB_OK)
		status = gb_hash_words(a->all, a->all_count, a->text, n, pairs, values, pool, err);
	if (status == GB_OK)
		status = gb_align(a->cover, &(gb_segment_values){values, GB_HASH_WIDTH, use}, how,
		                  (gb_aligned){out, count, &dropped}, pool, err);
	if (status == GB_OK)
		list->item[list->count - 1].spec.attributes = text_attributes(a, how, dropped);
	free(use);
	return status;
}

/* ---- rate ---- */

typedef struct rate_row {
	const gb_annotations *a;
	const float *words;
	double words_here, length, weight;
} rate_row;

static double length_of(const gb_segment *s)
{
	gb_rational length;

	return gb_rational_sub(s->end, s->start, &length) ? gb_rational_double(length) : 0;
}

static void add_rate(void *context, size_t segment, double seconds)
{
	rate_row *r = context;
	double length = length_of(&r->a->segments.segment[segment]);

	r->words_here += length > 0 ? r->words[segment] * seconds / length : r->words[segment];
	r->length += seconds * length;
	r->weight += seconds;
}

gb_status gb_feature_rate(const gb_annotations *a, gb_tensor_list *list, gb_err *err)
{
	int64_t rows = gb_clock_rows(&a->clock);
	gb_tensor_spec spec =
	    {.name = "text.rate",
	     .dtype = GB_F32,
	     .rank = 2,
	     .shape = {rows, 3},
	     .dims = "time,feature",
	     .clock = &a->clock,
	     .doc = "words in each row, mean length of its segments in seconds, segments that begin in it"};
	float *words = gb_array(a->segments.count, sizeof(*words), err), *out;
	int64_t row;
	gb_status status = words ? gb_tensor_list_add(list, &spec, &out, err) : GB_SYSTEM;

	if (status != GB_OK) {
		free(words);
		return status;
	}
	for (size_t i = 0; i < a->segments.count; i++)
		words[i] = (float)gb_count_words(a->text[i]);
	for (row = 0; row < rows; row++) {
		rate_row r = {.a = a, .words = words};

		gb_cover_each(a->cover, row, add_rate, &r);
		out[3 * row] = (float)r.words_here;
		out[3 * row + 1] = r.weight > 0 ? (float)(r.length / r.weight) : 0;
	}
	for (size_t i = 0; i < a->segments.count; i++) {
		const gb_segment *s = &a->segments.segment[i];

		if (gb_clock_row_at(&a->clock, s->run, s->start, &row) && row >= 0 &&
		    row < a->clock.run[s->run].rows)
			out[3 * (row + gb_clock_first(&a->clock, s->run)) + 2]++;
	}
	free(words);
	return GB_OK;
}

/* ---- boundaries ---- */

static void mark(float *out, int64_t base, int64_t rows, int64_t change)
{
	for (int64_t i = 0; i < BOUNDARY_ROWS; i++) {
		float height = (float)(BOUNDARY_ROWS - i) / BOUNDARY_ROWS;
		int64_t before = change - i, after = change + i;

		if (before >= 0 && before < rows && out[2 * (base + before)] < height)
			out[2 * (base + before)] = height;
		if (after >= 0 && after < rows && out[2 * (base + after) + 1] < height)
			out[2 * (base + after) + 1] = height;
	}
}

gb_status gb_feature_boundaries(const gb_annotations *a, const char *header, gb_tensor_list *list,
                                gb_err *err)
{
	gb_tensor_spec spec = {.name = "text.boundaries",
	                       .dtype = GB_F32,
	                       .rank = 2,
	                       .shape = {gb_clock_rows(&a->clock), 2},
	                       .dims = "time,feature",
	                       .clock = &a->clock,
	                       .doc = "rise and fall around each change of a column, 5 rows each"};
	const char *before = NULL;
	size_t column;
	int64_t changes = 0, row;
	int run = -1;
	gb_status status = gb_table_need(a->table, header, &column, err);
	float *out;

	if (status == GB_OK)
		status = gb_tensor_list_add(list, &spec, &out, err);
	if (status != GB_OK)
		return status;
	for (size_t i = 0; i < a->segments.count; i++) {
		const gb_segment *s = &a->segments.segment[i];
		const char *value = gb_table_at(a->table, s->row, column);

		if (s->run != run)
			before = NULL;
		run = s->run;
		if (gb_cell_missing(value))
			continue;
		if (before && strcmp(before, value) && gb_clock_row_at(&a->clock, run, s->start, &row)) {
			mark(out, gb_clock_first(&a->clock, run), a->clock.run[run].rows, row);
			changes++;
		}
		before = value;
	}
	spec.attributes = gb_json_object();
	gb_json_set(spec.attributes, "column", gb_json_string(gb_table_header(a->table, column)));
	gb_json_set(spec.attributes, "changes", gb_json_integer(changes));
	list->item[list->count - 1].spec.attributes = spec.attributes;
	return GB_OK;
}
