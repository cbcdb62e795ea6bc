/* SPDX-License-Identifier: MIT */
/* Containers that must be read, and every kind that must be refused, each with one line that says where. */
#include "base/rng.h"
#include "base/size.h"
#include "tensor/tensor_file.h"
#include "tests/tap.h"

static gb_err err;

/* HEADER with its length before it and DATA bytes of zeros after it; exactly sized, so that ASan sees a
 * byte too far. */
static uint8_t *bytes_of(const char *header, size_t length, size_t data, size_t *size)
{
	uint8_t *file = malloc(8 + length + data);

	if (!file)
		exit(1);
	for (int i = 0; i < 8; i++)
		file[i] = (uint8_t)((uint64_t)length >> 8 * i);
	memcpy(file + 8, header, length);
	memset(file + 8 + length, 0, data);
	*size = 8 + length + data;
	return file;
}

static gb_status parse(gb_container *c, const char *header, size_t data, uint8_t **file)
{
	size_t size;

	*file = bytes_of(header, strlen(header), data, &size);
	return gb_container_parse(c, *file, size, "f.safetensors", &err);
}

static void good(const char *name, const char *header, size_t data, size_t tensors)
{
	gb_container c;
	uint8_t *file;
	gb_status status = parse(&c, header, data, &file);

	if (!ok(status == GB_OK && c.tensors == tensors, "read: %s", name))
		note("status %d: %s", status, status ? err.text : "");
	if (!status)
		gb_container_clear(&c);
	free(file);
}

/* Refused with one line that holds the file's name and SAYS. */
static void bad(const char *name, const char *header, size_t data, const char *says)
{
	gb_container c;
	uint8_t *file;
	gb_status status = parse(&c, header, data, &file);

	if (!ok(status == GB_DATA && strstr(err.text, "f.safetensors") && strstr(err.text, says) &&
	            !strchr(err.text, '\n'),
	        "refused: %s", name))
		note("status %d: %s", status, status ? err.text : "");
	if (!status)
		gb_container_clear(&c);
	free(file);
}

#define T(name, type, shape, begin, end)                                                                     \
	"\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static void read_well(void)
{
	good("no tensor at all", "{}", 0, 0);
	good("metadata only", "{\"__metadata__\":{\"a\":\"b\"}}", 0, 0);
	good("keys in any order", "{" T("b", "F32", "[2]", 4, 12) "," T("a", "F32", "[1]", 0, 4) "}", 12, 2);
	good("keys of an entry in any order",
	     "{\"a\":{\"data_offsets\":[0,4],\"shape\":[1],\"dtype\":\"F32\"}}", 4, 1);
	good("empty tensors that share an offset",
	     "{" T("c", "F32", "[0]", 4, 4) "," T("b", "U8", "[3,0]", 4,
	                                          4) "," T("d", "U8", "[2]", 4,
	                                                   6) "," T("a", "F32", "[1]", 0,
	                                                            4) "," T("e", "I64", "[0]", 6, 6) "}",
	     6, 5);
	good("a scalar", "{" T("a", "F64", "[]", 0, 8) "}", 8, 1);
	good("blanks at the end", "{" T("a", "U8", "[1]", 0, 1) "}         ", 1, 1);
	good("misaligned data", "{" T("a", "U8", "[1]", 0, 1) "," T("b", "F64", "[1]", 1, 9) "}", 9, 2);
	good("foreign types",
	     "{" T("a", "F8_E5M2", "[3]", 0, 3) "," T("b", "F4", "[4]", 3, 5) "," T("c", "C64", "[1]", 5,
	                                                                            13) "}",
	     13, 3);
	good("unsigned types",
	     "{" T("a", "U64", "[1]", 0, 8) "," T("b", "U32", "[1]", 8, 12) "," T("c", "U16", "[1]", 12,
	                                                                          14) "}",
	     14, 3);
	good("a name with every sort of letter", "{" T("\\u00e9\\u4e2d.weight/x y", "U8", "[1]", 0, 1) "}", 1,
	     1);
	good("a size of 0 beside a huge one", "{" T("a", "F32", "[0,9223372036854775807]", 0, 0) "}", 0, 1);
}

static void refused(void)
{
	bad("a short file", "{" T("a", "F32", "[2]", 0, 8) "}", 7, "tensor a");
	bad("an over-long file", "{" T("a", "F32", "[2]", 0, 8) "}", 9, "1 bytes of data after");
	bad("data without a tensor", "{}", 1, "1 bytes of data after");
	bad("a hole", "{" T("a", "U8", "[1]", 0, 1) "," T("b", "U8", "[1]", 2, 3) "}", 3,
	    "tensor b begins at byte 2");
	bad("a hole in front", "{" T("a", "U8", "[1]", 1, 2) "}", 2, "tensor a begins at byte 1");
	bad("an overlap", "{" T("a", "U8", "[2]", 0, 2) "," T("b", "U8", "[2]", 1, 3) "}", 3,
	    "tensor b begins at byte 1");
	bad("the same bytes twice", "{" T("a", "U8", "[2]", 0, 2) "," T("b", "U8", "[2]", 0, 2) "}", 2,
	    "begins at byte 0");
	bad("an offset out of range", "{" T("a", "U8", "[9]", 0, 9) "}", 8, "tensor a: data_offsets 0 to 9");
	bad("a negative offset", "{" T("a", "U8", "[1]", -1, 0) "}", 1, "tensor a");
	bad("an end before the begin", "{" T("a", "U8", "[1]", 1, 0) "}", 1, "tensor a");
	bad("an offset beyond 63 bits",
	    "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,18446744073709551617]}}", 1, "");
	bad("an offset that is no integer",
	    "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1.0]}}", 1, "tensor a");
	bad("three offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]}}", 1,
	    "tensor a");
	bad("shape × size too large", "{" T("a", "F32", "[3]", 0, 8) "}", 8, "tensor a at byte 0");
	bad("shape × size too small", "{" T("a", "F32", "[1]", 0, 8) "}", 8, "tensor a at byte 0");
	bad("a scalar of two elements", "{" T("a", "U8", "[]", 0, 2) "}", 2, "tensor a at byte 0");
	bad("a shape that overflows", "{" T("a", "F32", "[4294967296,4294967296,2]", 0, 8) "}", 8,
	    "tensor a: shape overflows");
	bad("a shape whose bytes overflow", "{" T("a", "F64", "[2305843009213693952]", 0, 0) "}", 0,
	    "tensor a");
	bad("a shape beyond 63 bits", "{" T("a", "U8", "[9223372036854775808]", 0, 0) "}", 0, "");
	bad("a negative size", "{" T("a", "U8", "[-1]", 0, 1) "}", 1, "shape[0]");
	bad("a size that is text", "{" T("a", "U8", "[\"1\"]", 0, 1) "}", 1, "shape[0]");
	bad("a shape that is no list", "{" T("a", "U8", "1", 0, 1) "}", 1, "tensor a");
	bad("no type", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor a");
	bad("a type that is no text", "{\"a\":{\"dtype\":3,\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
	    "tensor a");
	bad("an entry that is no object", "{\"a\":[]}", 0, "tensor a");
	bad("a name twice", "{" T("a", "U8", "[1]", 0, 1) "," T("a", "U8", "[1]", 1, 2) "}", 2, "header");
	bad("a key twice within",
	    "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "header");
	bad("invalid UTF-8", "{" T("\xff", "U8", "[1]", 0, 1) "}", 1, "header");
	bad("an over-long form of UTF-8", "{" T("\xc0\xaf", "U8", "[1]", 0, 1) "}", 1, "header");
	bad("a lone surrogate", "{" T("\\ud800", "U8", "[1]", 0, 1) "}", 1, "header");
	bad("a NUL in a name", "{" T("a\\u0000b", "U8", "[1]", 0, 1) "}", 1, "header");
	bad("JSON that ends too soon", "{" T("a", "U8", "[1]", 0, 1), 1, "header");
	bad("something after the JSON", "{} x", 0, "header");
	bad("a list", "[]", 0, "header");
	bad("a blank first", " {}", 0, "header");
	bad("nothing", "", 0, "header");
	bad("metadata that is a number", "{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ a");
	bad("metadata that is a list", "{\"__metadata__\":[]}", 0, "__metadata__");
	bad("metadata within metadata", "{\"__metadata__\":{\"a\":{}}}", 0, "__metadata__ a");
	bad("metadata that is nothing", "{\"__metadata__\":{\"a\":null}}", 0, "__metadata__ a");
}

static void extremes(void)
{
	enum { DEEP = 200000 };
	static char deep[DEEP + 1];
	uint8_t tiny[8] = {2, 0, 0, 0, 0, 0, 0, 0};
	uint64_t lengths[] = {UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63, 100000001, 100000000, 9};
	gb_container c;

	for (size_t n = 0; n < 8; n++) {
		uint8_t *cut = malloc(n ? n : 1);
		if (!cut)
			exit(1);
		memcpy(cut, tiny, n);
		ok(gb_container_parse(&c, cut, n, "f", &err) == GB_DATA && strstr(err.text, "too short"),
		   "%zu bytes are refused", n);
		free(cut);
	}
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		uint8_t file[16] = {0};
		for (int k = 0; k < 8; k++)
			file[k] = (uint8_t)(lengths[i] >> 8 * k);
		memcpy(file + 8, "{}      ", 8);
		ok(gb_container_parse(&c, file, sizeof file, "f", &err) == GB_DATA,
		   "a header length of %llu is refused: %s", (unsigned long long)lengths[i], err.text);
	}
	memset(deep, '[', DEEP);
	memcpy(deep, "{\"a\":", 5);
	bad("a header nested 200,000 deep", deep, 0, "header");
}

/* Any bytes at all: an answer, never a crash.  Under ASan this looks at every access. */
static void mutated(void)
{
	const char *header = "{\"__metadata__\":{\"format\":\"pt\"}," T("b", "F32", "[2,3]", 8,
	                                                                32) "," T("a", "F64", "[1]", 0,
	                                                                          8) "," T("c", "U8", "[0,5]",
	                                                                                   32, 32) "}";
	static const char piece[] = "{}[],:\"0123456789-.eE\\u/ \xff\x80\x00truefalsnull";
	gb_rng rng = gb_rng_at(5, 0, 0, 0);
	size_t refusals = 0, readings = 0, size;

	for (int round = 0; round < 30000; round++) {
		uint8_t *file = bytes_of(header, strlen(header), 32, &size);
		gb_container c;
		gb_status status;
		for (uint64_t n = 1 + gb_rng_below(&rng, 4); n; n--)
			file[8 + gb_rng_below(&rng, strlen(header))] = (uint8_t)
			    piece[gb_rng_below(&rng, sizeof piece - 1)];
		status = gb_container_parse(&c, file, size, "f", &err);
		refusals += status == GB_DATA;
		readings += status == GB_OK;
		if (!status)
			gb_container_clear(&c);
		free(file);
	}
	ok(refusals + readings == 30000 && refusals > 20000 && readings > 10,
	   "30000 mutated headers: %zu refused, %zu read", refusals, readings);
}

/* The signs of the profile: one alone is damage. */
static void half_a_profile(void)
{
	static const char foreign[] = "{\"__metadata__\":{\"format\":\"pt\"}}",
			  *const headers[] = {"{\"__metadata__\":{\"format\":\"gbt/1\"}}",
	                                      "{\"__metadata__\":{\"gbt\":\"{}\"}}",
	                                      "{\"__metadata__\":{\"format\":\"gbt/1\",\"gbt\":\"{}\"}}",
	                                      "{" T("gbt.xxh3", "U8", "[1,16]", 0, 16) "}"};
	gb_tensor_file *file;
	size_t size;

	for (size_t i = 0; i < 4; i++) {
		uint8_t *bytes = bytes_of(headers[i], strlen(headers[i]), i == 3 ? 16 : 0, &size);
		ok(gb_tensor_file_open_memory(&file, bytes, size, "f", &err) == GB_DATA &&
		       strstr(err.text, "damaged"),
		   "refused: %s", headers[i]);
		free(bytes);
	}
	uint8_t *bytes = bytes_of(foreign, strlen(foreign), 0, &size);
	ok(gb_tensor_file_open_memory(&file, bytes, size, "f", &err) == GB_OK && !gb_tensor_file_id(file),
	   "another format is a foreign file");
	gb_tensor_file_close(file);
	free(bytes);
}

int main(void)
{
	read_well();
	refused();
	extremes();
	mutated();
	half_a_profile();
	return done_testing();
}
