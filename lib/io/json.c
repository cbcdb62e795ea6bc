/* SPDX-License-Identifier: MIT */
#include "io/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A gb_json is a json_t: the casts live here and nowhere else. */
static json_t *in(const gb_json *value) { return (json_t *)value; }
static gb_json *out_of(const json_t *value) { return (gb_json *)value; }

gb_json *gb_json_object(void) { return out_of(json_object()); }
gb_json *gb_json_array(void) { return out_of(json_array()); }
gb_json *gb_json_string(const char *utf8) { return out_of(json_string(utf8)); }
gb_json *gb_json_integer(int64_t value) { return out_of(json_integer(value)); }
gb_json *gb_json_boolean(bool value) { return out_of(json_boolean(value)); }
gb_json *gb_json_copy(const gb_json *value) { return out_of(json_deep_copy(in(value))); }
void gb_json_free(gb_json *value) { json_decref(in(value)); }

gb_json *gb_json_real(double value)
{
	if (isnan(value))
		return gb_json_string("nan");
	if (isinf(value))
		return gb_json_string(value > 0 ? "inf" : "-inf");
	return out_of(json_real(value));
}

bool gb_json_set(gb_json *object, const char *key, gb_json *value)
{
	return json_object_set_new(in(object), key, in(value)) == 0;
}

bool gb_json_append(gb_json *array, gb_json *value)
{
	return json_array_append_new(in(array), in(value)) == 0;
}
void gb_json_remove(gb_json *object, const char *key) { json_object_del(in(object), key); }
bool gb_json_is_object(const gb_json *value) { return json_is_object(in(value)); }
bool gb_json_is_array(const gb_json *value) { return json_is_array(in(value)); }

const gb_json *gb_json_get(const gb_json *object, const char *key)
{
	return out_of(json_object_get(in(object), key));
}
const gb_json *gb_json_at(const gb_json *array, size_t index)
{
	return out_of(json_array_get(in(array), index));
}

size_t gb_json_size(const gb_json *value)
{
	return json_is_array(in(value)) ? json_array_size(in(value)) : json_object_size(in(value));
}

const char *gb_json_text(const gb_json *value) { return json_string_value(in(value)); }

bool gb_json_read_integer(const gb_json *value, int64_t *out)
{
	if (!json_is_integer(in(value)))
		return false;
	*out = json_integer_value(in(value));
	return true;
}

bool gb_json_read_number(const gb_json *value, double *out)
{
	if (!json_is_number(in(value)))
		return false;
	*out = json_number_value(in(value));
	return true;
}

bool gb_json_read_boolean(const gb_json *value, bool *out)
{
	if (!json_is_boolean(in(value)))
		return false;
	*out = json_is_true(in(value));
	return true;
}

bool gb_json_equal(const gb_json *a, const gb_json *b) { return json_equal(in(a), in(b)); }

void *gb_json_first(const gb_json *object) { return json_object_iter(in(object)); }
void *gb_json_next(const gb_json *object, void *iterator)
{
	return json_object_iter_next(in(object), iterator);
}
const char *gb_json_key(void *iterator) { return json_object_iter_key(iterator); }
const gb_json *gb_json_value(void *iterator) { return out_of(json_object_iter_value(iterator)); }

char *gb_json_dump(const gb_json *value)
{
	return json_dumps(in(value), JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

gb_status gb_json_parse(const char *text, size_t length, gb_json **out, gb_err *err)
{
	json_error_t error;
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	*out = out_of(value);
	if (value)
		return GB_OK;
	if (json_error_code(&error) == json_error_out_of_memory)
		return gb_fail(err, GB_SYSTEM, "out of memory while reading JSON of %zu bytes", length);
	return gb_fail(err, GB_DATA, "not valid JSON: %s at byte %d", error.text, error.position);
}
