/* SPDX-License-Identifier: MIT */
#include "text/annotations.h"
#include "base/size.h"

#include <stdlib.h>

void gb_annotations_close(gb_annotations *a)
{
	if (!a)
		return;
	gb_cover_free(a->cover);
	gb_segments_clear(&a->segments);
	gb_table_free(a->table);
	free(a->all);
	free(a->text);
	free(a);
}

static gb_status texts_of(const gb_segments *segments, const char ***text, gb_err *err)
{
	*text = gb_array(segments->count, sizeof(**text), err);
	if (!*text)
		return GB_SYSTEM;
	for (size_t i = 0; i < segments->count; i++)
		(*text)[i] = segments->segment[i].text;
	return GB_OK;
}

gb_status gb_annotations_open(gb_annotations **out, gb_table *table,
                              const gb_annotation_columns_wanted *wanted, bool need_text,
                              const gb_run_choice *choice, gb_err *err)
{
	gb_annotations *a = gb_array(1, sizeof(*a), err);
	gb_status status = a ? GB_OK : GB_SYSTEM;

	*out = NULL;
	if (!a) {
		gb_table_free(table);
		return status;
	}
	a->table = table;
	status = gb_annotation_columns_find(table, wanted, need_text, &a->columns, err);
	if (status == GB_OK)
		status = gb_segments_read(table, &a->columns, choice->tr, &a->segments, err);
	a->all_count = a->segments.count;
	if (status == GB_OK)
		status = texts_of(&a->segments, &a->all, err);
	if (status == GB_OK)
		status = gb_segments_choose(&a->segments, choice, table->name,
		                            a->columns.unit == GB_UNIT_ROWS, &a->clock, err);
	if (status == GB_OK)
		status = texts_of(&a->segments, &a->text, err);
	if (status == GB_OK)
		status = gb_cover_new(&a->cover, &a->segments, &a->clock, err);
	if (status == GB_OK)
		*out = a;
	else
		gb_annotations_close(a);
	return status;
}
