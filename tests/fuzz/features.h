/* SPDX-License-Identifier: MIT */
/* features.h: a table through everything gb-text-align makes of it. */
#ifndef GB_TESTS_FUZZ_FEATURES_H
#define GB_TESTS_FUZZ_FEATURES_H

#include "text/column_values.h"
#include "text/text_features.h"

static void make_features(gb_annotations *a, gb_pooling pooling, gb_gap gap)
{
	gb_err err = {0};
	gb_tensor_list *list = calloc(1, sizeof(*list));
	gb_alignment how = {pooling, 2, gap};

	if (list && gb_clock_rows(&a->clock) <= 256 && a->segments.count <= 64) {
		fuzz_check(gb_feature_rate(a, list, &err), &err);
		for (size_t i = 0; i < a->table->columns && i < 8; i++) {
			fuzz_check(gb_feature_column(a, gb_table_header(a->table, i), gap, list, NULL, &err),
			           &err);
			fuzz_check(gb_feature_boundaries(a, gb_table_header(a->table, i), list, &err), &err);
		}
		if (gb_clock_rows(&a->clock) <= 16 && a->segments.count <= 8) {
			fuzz_check(gb_feature_text(a, how, false, list, NULL, &err), &err);
			fuzz_check(gb_feature_text(a, how, true, list, NULL, &err), &err);
		}
	}
	if (list)
		gb_tensor_list_clear(list);
	free(list);
}

static void read_annotations(const uint8_t *data, size_t size)
{
	static const gb_annotation_columns_wanted wanted[] =
	    {{NULL},
	     {.start = "a", .end = "b", .text = "c,d", .unit = GB_UNIT_MILLISECONDS},
	     {.unit = GB_UNIT_ROWS}};
	static const gb_run_choice choices[] = {{"all", NULL, 0, {3, 2}, true},
	                                        {NULL, NULL, 7, {1001, 1000}, false},
	                                        {NULL, "r:3,s:4", 0, {2, 1}, false},
	                                        {"run-2", NULL, 0, {1, 2}, false}};
	gb_err err = {0};

	for (size_t i = 0; i < 4; i++) { /* which columns are meant with which choice of runs: by the size */
		gb_table *table;
		gb_annotations *a = NULL;
		gb_status status = gb_table_read(&table, data, size, "fuzz", size % 5 == i ? "b" : NULL,
		                                 &err);

		fuzz_check(status, &err);
		if (status != GB_OK)
			continue;
		status = gb_annotations_open(&a, table, &wanted[(i + size) % 3], i % 2, &choices[i], &err);
		fuzz_check(status, &err);
		if (status == GB_OK)
			make_features(a, (gb_pooling)((size + i) % 5), (gb_gap)(size % 3));
		gb_annotations_close(a);
	}
}

#endif
