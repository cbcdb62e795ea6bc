/* SPDX-License-Identifier: MIT */
/* A workbook is a zip of XML parts.  Parts are unpacked and parsed in pieces;
 * what may be unpacked in all is bounded, so a zip bomb ends in one line. */
#include "base/size.h"
#include "table/xlsx.h"

#include <expat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define UNPACKED_MAX (512u << 20) /* bytes, all parts together */
#define STRINGS_MAX (1u << 22)
#define STYLES_MAX 65536u
#define ROWS_MAX (1 << 20)
#define PATH_ROOM 512
#define DEPTH_MAX 64

typedef struct buffer { char *data; size_t size, room; } buffer;

/* How the numbers of a cell style are meant. */
typedef enum number_kind { PLAIN, DATE, CLOCK } number_kind;

typedef struct book {
	zip_t *zip;
	gb_table *table;
	XML_Parser parser;
	gb_status status;
	gb_err *err;
	size_t unpacked;
	const char *part;            /* being read, for messages */
	/* workbook.xml and its relations */
	const char *want;            /* sheet name, NULL: first */
	char relation[PATH_ROOM], sheet_path[PATH_ROOM], strings_path[PATH_ROOM], styles_path[PATH_ROOM];
	size_t sheets;
	char names[256];             /* of the sheets, for messages */
	/* shared strings, each ended by 0 */
	buffer strings;
	size_t *string_at;
	size_t string_count, string_room;
	/* styles */
	uint8_t *style;              /* number_kind per cell style */
	size_t styles, style_room;
	struct { int id; number_kind kind; } format[256];
	size_t formats;
	bool in_styles;
	/* the cell, or string item, being read */
	buffer text;
	bool collect, phonetic, in_item, date_1904;
	char type[16];
	size_t style_index, column, next_column;
	int64_t row;
	int depth;
} book;

static void stop(book *b)
{
	if (b->parser)
		XML_StopParser(b->parser, XML_FALSE);
}

static void fail(book *b, const char *what)
{
	if (b->status == GB_OK)
		b->status = gb_fail(b->err, GB_DATA, "%s: %s: %s", b->table->name, b->part, what);
	stop(b);
}

static bool reserve(book *b, void *pointer, size_t *room, size_t count, size_t size)
{
	size_t want = *room ? *room : 256;

	if (count <= *room)
		return true;
	while (want < count)
		want *= 2;
	b->status = gb_grow(pointer, want, size, b->err);
	if (b->status == GB_OK)
		*room = want;
	else
		stop(b);
	return b->status == GB_OK;
}

static void append(book *b, buffer *to, const char *data, size_t size)
{
	if (!size)
		return;
	if (to->size + size > GB_TABLE_TEXT_MAX) {
		fail(b, "too much text");
		return;
	}
	if (!reserve(b, &to->data, &to->room, to->size + size, 1))
		return;
	memcpy(to->data + to->size, data, size);
	to->size += size;
}

/* ---- XML: names without their prefix, attributes by local name ---- */

static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon ? colon + 1 : name;
}

static bool is(const char *name, const char *want) { return !strcmp(local(name), want); }

static const char *attribute(const char **list, const char *name)
{
	for (; *list; list += 2)
		if (is(list[0], name))
			return list[1];
	return NULL;
}

static void on_doctype(void *context, const char *name, const char *system_id, const char *public_id,
                       int internal)
{
	(void)name, (void)system_id, (void)public_id, (void)internal;
	fail(context, "a document type is not allowed in a workbook");
}

static void on_text(void *context, const char *text, int size)
{
	book *b = context;

	if (b->collect && !b->phonetic)
		append(b, &b->text, text, (size_t)size);
}

/* Unpack PART and parse it with these handlers. */
static void read_part(book *b, const char *part, XML_StartElementHandler on_start,
                      XML_EndElementHandler on_end)
{
	zip_file_t *file;
	char piece[16384];
	zip_int64_t n;

	b->part = part;
	file = zip_fopen(b->zip, part, 0);
	if (!file) {
		fail(b, zip_strerror(b->zip));
		return;
	}
	b->parser = XML_ParserCreate(NULL);
	b->depth = 0;
	b->collect = b->phonetic = b->in_item = false;
	b->text.size = 0;
	if (!b->parser) {
		b->status = gb_fail(b->err, GB_SYSTEM, "out of memory");
		zip_fclose(file);
		return;
	}
	XML_SetUserData(b->parser, b);
	XML_SetElementHandler(b->parser, on_start, on_end);
	XML_SetCharacterDataHandler(b->parser, on_text);
	XML_SetStartDoctypeDeclHandler(b->parser, on_doctype);
	do {
		n = zip_fread(file, piece, sizeof(piece));
		if (n < 0) {
			fail(b, zip_file_strerror(file));
			break;
		}
		b->unpacked += (size_t)n;
		if (b->unpacked > UNPACKED_MAX)
			fail(b, "unpacks to more than 512 MiB");
		else if (XML_Parse(b->parser, piece, (int)n, n == 0) != XML_STATUS_OK && b->status == GB_OK)
			b->status = gb_fail(b->err, GB_DATA, "%s: %s: line %lu: %s", b->table->name, part,
			                    (unsigned long)XML_GetCurrentLineNumber(b->parser),
			                    XML_ErrorString(XML_GetErrorCode(b->parser)));
	} while (n > 0 && b->status == GB_OK);
	XML_ParserFree(b->parser);
	b->parser = NULL;
	zip_fclose(file);
}

/* ---- which parts ---- */

static void on_workbook(void *context, const char *name, const char **list)
{
	book *b = context;
	const char *title, *id, *date;

	if (is(name, "workbookPr") && (date = attribute(list, "date1904")))
		b->date_1904 = !strcmp(date, "1") || !strcmp(date, "true");
	if (!is(name, "sheet"))
		return;
	title = attribute(list, "name");
	id = NULL;
	for (const char **at = list; *at; at += 2)
		if (is(at[0], "id") && strchr(at[0], ':'))
			id = at[1];
	if (!title || !id)
		return;
	if (strlen(b->names) + strlen(title) + 5 < sizeof(b->names))
		sprintf(b->names + strlen(b->names), "%s\"%s\"", b->sheets ? ", " : "", title);
	b->sheets++;
	if (!b->relation[0] && (!b->want || !strcmp(b->want, title)))
		snprintf(b->relation, sizeof(b->relation), "%s", id);
}

/* TARGET as written in xl/_rels/workbook.xml.rels → a path in the zip. */
static void resolve(const char *target, char out[PATH_ROOM])
{
	if (target[0] == '/')
		snprintf(out, PATH_ROOM, "%s", target + 1);
	else if (!strncmp(target, "../", 3))
		snprintf(out, PATH_ROOM, "%s", target + 3);
	else
		snprintf(out, PATH_ROOM, "xl/%s", strncmp(target, "./", 2) ? target : target + 2);
}

static void on_relation(void *context, const char *name, const char **list)
{
	book *b = context;
	const char *id = attribute(list, "Id"), *target = attribute(list, "Target"),
		   *type = attribute(list, "Type");

	if (!is(name, "Relationship") || !id || !target || !type)
		return;
	type = strrchr(type, '/') ? strrchr(type, '/') + 1 : type;
	if (!strcmp(type, "worksheet") && !strcmp(id, b->relation))
		resolve(target, b->sheet_path);
	else if (!strcmp(type, "sharedStrings"))
		resolve(target, b->strings_path);
	else if (!strcmp(type, "styles"))
		resolve(target, b->styles_path);
}

static void no_end(void *context, const char *name) { (void)context, (void)name; }

/* ---- shared strings ---- */

static void on_string_start(void *context, const char *name, const char **list)
{
	book *b = context;

	(void)list;
	if (is(name, "si")) {
		b->in_item = true;
		b->text.size = 0;
	} else if (b->in_item && is(name, "t"))
		b->collect = true;
	else if (is(name, "rPh"))
		b->phonetic = true;
}

static void on_string_end(void *context, const char *name)
{
	book *b = context;

	if (is(name, "t"))
		b->collect = false;
	else if (is(name, "rPh"))
		b->phonetic = false;
	else if (is(name, "si") && b->in_item) {
		b->in_item = false;
		if (b->string_count >= STRINGS_MAX) {
			fail(b, "more than 4194304 strings");
			return;
		}
		if (!reserve(b, &b->string_at, &b->string_room, b->string_count + 1, sizeof(*b->string_at)))
			return;
		b->string_at[b->string_count++] = b->strings.size;
		append(b, &b->strings, b->text.data, b->text.size);
		append(b, &b->strings, "", 1);
	}
}

/* ---- styles: which numbers are dates or times ---- */

static number_kind kind_of_code(const char *code)
{
	bool day = false, hour = false;

	for (; *code; code++) {
		if (*code == '"') {
			code = strchr(code + 1, '"');
			if (!code)
				break;
		} else if (*code == '\\' || *code == '_' || *code == '*') {
			if (!*++code)
				break;
		} else if (*code == '[') { /* [h] is elapsed time; [Red], [$-409] are not */
			hour |= strchr("hms", code[1] | 32) && code[1] &&
			        (code[2] == ']' || code[2] == code[1]);
			code = strchr(code, ']');
			if (!code)
				break;
		} else {
			day |= strchr("yYdD", *code) != NULL;
			hour |= strchr("hHsS", *code) != NULL;
		}
	}
	return day ? DATE : hour ? CLOCK : PLAIN;
}

static number_kind kind_of_id(const book *b, int id)
{
	for (size_t i = 0; i < b->formats; i++)
		if (b->format[i].id == id)
			return b->format[i].kind;
	if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47))
		return CLOCK;
	return (id >= 14 && id <= 17) || id == 22 ? DATE : PLAIN;
}

static void on_style(void *context, const char *name, const char **list)
{
	book *b = context;
	const char *id = attribute(list, "numFmtId"), *code = attribute(list, "formatCode");

	if (is(name, "cellXfs"))
		b->in_styles = true;
	if (is(name, "numFmt") && id && code && b->formats < 256) {
		b->format[b->formats].id = atoi(id);
		b->format[b->formats++].kind = kind_of_code(code);
	}
	if (b->in_styles && is(name, "xf") && b->styles < STYLES_MAX &&
	    reserve(b, &b->style, &b->style_room, b->styles + 1, 1))
		b->style[b->styles++] = (uint8_t)kind_of_id(b, id ? atoi(id) : 0);
}

static void on_style_end(void *context, const char *name)
{
	if (is(name, "cellXfs"))
		((book *)context)->in_styles = false;
}

/* ---- the sheet ---- */

/* "AB12" → 0-based column; false if it is no such name. */
static bool column_of(const char *reference, size_t *column)
{
	size_t value = 0;
	const char *p = reference;

	for (; *p >= 'A' && *p <= 'Z' && value <= GB_TABLE_COLUMNS_MAX; p++)
		value = value * 26 + (size_t)(*p - 'A' + 1);
	*column = value - 1;
	return p > reference && value <= GB_TABLE_COLUMNS_MAX && *p >= '0' && *p <= '9';
}

static void start_row(book *b, const char **list)
{
	const char *number = attribute(list, "r");
	long long row = number ? atoll(number) : b->row + 1;

	if (row <= b->row || row > ROWS_MAX) {
		fail(b, "row numbers are out of order or beyond 1048576");
		return;
	}
	b->row = row;
	b->next_column = 0;
	gb_table_begin_row(b->table, row);
}

static void on_sheet_start(void *context, const char *name, const char **list)
{
	book *b = context;
	const char *value;

	if (is(name, "row"))
		start_row(b, list);
	else if (is(name, "c")) {
		value = attribute(list, "r");
		b->column = b->next_column;
		if (b->row < 1 || (value && !column_of(value, &b->column))) {
			fail(b, "a cell without a proper place");
			return;
		}
		b->next_column = b->column + 1;
		value = attribute(list, "t");
		snprintf(b->type, sizeof(b->type), "%s", value ? value : "n");
		value = attribute(list, "s");
		b->style_index = value ? strtoul(value, NULL, 10) : 0;
		b->in_item = true;
		b->text.size = 0;
	} else if (is(name, "rPh"))
		b->phonetic = true;
	else if (b->in_item && (is(name, "v") || is(name, "t")))
		b->collect = true;
}

/* A day number as text: ISO date and time, or time of day. */
static void date_text(double days, bool day, bool date_1904, char out[64])
{
	double milliseconds = round(days * 86400e3);
	long long ms = (long long)milliseconds, z, era, doe, yoe, doy, mp;
	int n = 0;

	if (day) { /* days since 1899-12-30 → civil date (proleptic Gregorian) */
		z = ms / 86400000 + 719468 - 25569 + (date_1904 ? 1462 : 0);
		ms %= 86400000;
		era = z / 146097;
		doe = z - era * 146097;
		yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
		doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
		mp = (5 * doy + 2) / 153;
		n = snprintf(out, 32, "%04lld-%02lld-%02lld ", yoe + era * 400 + (mp >= 10),
		             mp < 10 ? mp + 3 : mp - 9, doy - (153 * mp + 2) / 5 + 1);
	}
	snprintf(out + n, 32, "%lld:%02lld:%02lld.%03lld", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60,
	         ms % 1000);
}

static void number_cell(book *b)
{
	char *end, out[64];
	double value;
	number_kind kind = b->style_index < b->styles ? b->style[b->style_index] : PLAIN;

	append(b, &b->text, "", 1);
	if (b->status != GB_OK)
		return;
	value = strtod(b->text.data, &end);
	if (end == b->text.data || *end || !isfinite(value)) {
		fail(b, "a number that is none");
		return;
	}
	if (kind != PLAIN && value >= 0 && value < 2958466)
		date_text(value, kind == DATE && value >= 1, b->date_1904, out);
	else
		snprintf(out, sizeof(out), "%.15g", value);
	b->status = gb_table_cell(b->table, b->column, out, strlen(out), b->err);
}

static void end_cell(book *b)
{
	const char *text = b->text.data;
	size_t size = b->text.size, index;

	if (!size)
		return;
	if (!strcmp(b->type, "n")) {
		number_cell(b);
		return;
	}
	if (!strcmp(b->type, "s")) {
		append(b, &b->text, "", 1);
		if (b->status != GB_OK)
			return;
		index = strspn(b->text.data, "0123456789") == size && size < 9
		            ? strtoul(b->text.data, NULL, 10)
		            : b->string_count;
		if (index >= b->string_count) {
			fail(b, "a cell refers to a string that is not there");
			return;
		}
		text = b->strings.data + b->string_at[index];
		size = strlen(text);
	} else if (!strcmp(b->type, "b")) {
		text = text[0] == '1' ? "true" : "false";
		size = strlen(text);
	}
	b->status = gb_table_cell(b->table, b->column, text, size, b->err);
}

static void on_sheet_end(void *context, const char *name)
{
	book *b = context;

	if (b->status != GB_OK)
		return;
	if (is(name, "v") || is(name, "t"))
		b->collect = false;
	else if (is(name, "rPh"))
		b->phonetic = false;
	else if (is(name, "c") && b->in_item) {
		b->in_item = false;
		end_cell(b);
	} else if (is(name, "row"))
		b->status = gb_table_end_row(b->table, b->err);
	if (b->status != GB_OK)
		stop(b);
}

/* ---- all of it ---- */

static gb_status open_zip(book *b, const uint8_t *data, size_t size)
{
	zip_error_t error;
	zip_source_t *source;

	zip_error_init(&error);
	source = zip_source_buffer_create(data, size, 0, &error);
	b->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
	if (!b->zip) {
		b->status = gb_fail(b->err, GB_DATA, "%s: not a whole .xlsx workbook: %s", b->table->name,
		                    zip_error_strerror(&error));
		zip_source_free(source);
	}
	zip_error_fini(&error);
	return b->status;
}

static void find_parts(book *b)
{
	static const char *const workbook = "xl/workbook.xml",
	                  *const relations = "xl/_rels/workbook.xml.rels";

	if (zip_name_locate(b->zip, workbook, 0) < 0 || zip_name_locate(b->zip, relations, 0) < 0) {
		b->status = gb_fail(b->err, GB_DATA, "%s: a zip file, but no .xlsx workbook in it",
		                    b->table->name);
		return;
	}
	read_part(b, workbook, on_workbook, no_end);
	if (b->status == GB_OK && !b->relation[0]) {
		if (b->want)
			b->status = gb_fail(b->err, GB_USAGE, "%s: no sheet \"%s\"; it has %s",
			                    b->table->name, b->want, b->names[0] ? b->names : "none");
		else
			b->status = gb_fail(b->err, GB_DATA, "%s: a workbook without sheets", b->table->name);
	}
	if (b->status == GB_OK)
		read_part(b, relations, on_relation, no_end);
	if (b->status == GB_OK && !b->sheet_path[0])
		b->status = gb_fail(b->err, GB_DATA, "%s: the sheet's part is missing", b->table->name);
}

gb_status gb_table_read_xlsx(gb_table *table, const uint8_t *data, size_t size, const char *sheet,
                             gb_err *err)
{
	book *b = gb_array(1, sizeof(*b), err);
	gb_status status;

	if (!b)
		return GB_SYSTEM;
	b->table = table;
	b->err = err;
	b->want = sheet;
	table->format = "xlsx";
	if (open_zip(b, data, size) == GB_OK)
		find_parts(b);
	if (b->status == GB_OK && b->strings_path[0])
		read_part(b, b->strings_path, on_string_start, on_string_end);
	if (b->status == GB_OK && b->styles_path[0])
		read_part(b, b->styles_path, on_style, on_style_end);
	if (b->status == GB_OK)
		read_part(b, b->sheet_path, on_sheet_start, on_sheet_end);
	status = b->status;
	if (b->zip)
		zip_discard(b->zip);
	free(b->strings.data);
	free(b->string_at);
	free(b->style);
	free(b->text.data);
	free(b);
	return status;
}
