/* SPDX-License-Identifier: MIT */
/* json.h: JSON values, over jansson (which appears in json.c alone).
 *
 * A setter that takes a value owns it, also when it fails.  Getters borrow:
 * what they return lives as long as its parent; they accept NULL and a value
 * of another type, and then return NULL (or false), so chains need one check. */
#ifndef GB_IO_JSON_H
#define GB_IO_JSON_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef struct gb_json gb_json;

/* Makers return NULL only when memory is short; setters pass that on, so a
 * tree can be built without checks and is complete if gb_json_dump succeeds
 * and every gb_json_set returned true. */
gb_json *gb_json_object(void);
gb_json *gb_json_array(void);
gb_json *gb_json_string(const char *utf8); /* NULL text: NULL; invalid UTF-8: NULL */
gb_json *gb_json_integer(int64_t value);
gb_json *gb_json_real(double value);       /* NaN and Inf: the strings "nan", "inf", "-inf" */
gb_json *gb_json_boolean(bool value);
gb_json *gb_json_copy(const gb_json *value); /* deep */
void gb_json_free(gb_json *value);           /* accepts NULL */

bool gb_json_set(gb_json *object, const char *key, gb_json *value);   /* takes VALUE */
bool gb_json_append(gb_json *array, gb_json *value);                  /* takes VALUE */
void gb_json_remove(gb_json *object, const char *key);

bool gb_json_is_object(const gb_json *value);
bool gb_json_is_array(const gb_json *value);
const gb_json *gb_json_get(const gb_json *object, const char *key);
const gb_json *gb_json_at(const gb_json *array, size_t index);
size_t gb_json_size(const gb_json *value);   /* of an object or array; else 0 */
const char *gb_json_text(const gb_json *value);
bool gb_json_read_integer(const gb_json *value, int64_t *out);
bool gb_json_read_number(const gb_json *value, double *out); /* integer or real */
bool gb_json_read_boolean(const gb_json *value, bool *out);
bool gb_json_equal(const gb_json *a, const gb_json *b);

/* Keys in the order of the text: for (it = first(o); it; it = next(o, it)). */
void *gb_json_first(const gb_json *object);
void *gb_json_next(const gb_json *object, void *iterator);
const char *gb_json_key(void *iterator);
const gb_json *gb_json_value(void *iterator);

/* Canonical text: sorted keys, no spaces.  NULL when memory is short. */
char *gb_json_dump(const gb_json *value);
/* TEXT of LENGTH bytes must be exactly one value (any type); duplicate keys,
 * invalid UTF-8 and anything after it are GB_DATA with the byte offset. */
GB_CHECK gb_status gb_json_parse(const char *text, size_t length, gb_json **out, gb_err *err);

GB_END_DECLS
#endif
