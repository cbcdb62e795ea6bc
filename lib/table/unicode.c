/* SPDX-License-Identifier: MIT */
#include "table/unicode.h"
#include "table/unicode_tables.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

uint32_t gb_utf8_decode(const char *text, size_t left, int *length)
{
	const uint8_t *p = (const uint8_t *)text;
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t point;
	int n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 :
	        p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;

	*length = 0;
	if (!n || (size_t)n > left)
		return 0;
	point = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
	for (int i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3F);
	}
	if (point < least[n] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
		return 0;
	*length = n;
	return point;
}

int gb_utf8_encode(uint32_t point, char out[4])
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xC0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (char)(0xE0 | point >> 12);
		out[1] = (char)(0x80 | (point >> 6 & 0x3F));
		out[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | point >> 18);
	out[1] = (char)(0x80 | (point >> 12 & 0x3F));
	out[2] = (char)(0x80 | (point >> 6 & 0x3F));
	out[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}

size_t gb_utf8_check(const char *text, size_t size)
{
	size_t at = 0;
	int length;

	while (at < size && text[at]) {
		gb_utf8_decode(text + at, size - at, &length);
		if (!length)
			return at;
		at += (size_t)length;
	}
	return at;
}

static bool is_letter(uint32_t point)
{
	size_t low = 0, high = COUNT(letter_range);

	if (point < 0x80)
		return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') || point == '\'';
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (point > letter_range[middle][1])
			low = middle + 1;
		else
			high = middle;
	}
	return low < COUNT(letter_range) && point >= letter_range[low][0];
}

/* Scripts that write no spaces between words: one character, one word. */
static bool stands_alone(uint32_t point)
{
	return (point >= 0x3041 && point <= 0x309F) || (point >= 0x3400 && point <= 0x4DBF) ||
	       (point >= 0x4E00 && point <= 0x9FFF) || (point >= 0xF900 && point <= 0xFAFF) ||
	       (point >= 0x20000 && point <= 0x3FFFF);
}

static uint32_t lower(uint32_t point)
{
	size_t low = 0, high = COUNT(lower_range);

	if (point < 0x80)
		return point >= 'A' && point <= 'Z' ? point + 32 : point;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((int32_t)point > lower_range[middle][1])
			low = middle + 1;
		else
			high = middle;
	}
	if (low < COUNT(lower_range) && (int32_t)point >= lower_range[low][0] &&
	    ((int32_t)point - lower_range[low][0]) % lower_range[low][2] == 0)
		return (uint32_t)((int32_t)point + lower_range[low][3]);
	return point;
}

size_t gb_word_next(const char *text, size_t size, size_t *position, char *word, size_t room)
{
	size_t at = *position, used = 0;
	bool cut = false;

	while (at < size) {
		char bytes[4];
		int length, n;
		uint32_t point = gb_utf8_decode(text + at, size - at, &length);
		bool alone;

		if (!length || !is_letter(point)) {
			at += length ? (size_t)length : 1;
			if (used)
				break;
			continue;
		}
		alone = stands_alone(point);
		if (alone && used)
			break; /* it begins the next word */
		at += (size_t)length;
		n = gb_utf8_encode(lower(point), bytes);
		cut = cut || used + (size_t)n > room;
		if (!cut) {
			memcpy(word + used, bytes, (size_t)n);
			used += (size_t)n;
		}
		if (alone)
			break;
	}
	*position = at;
	return used;
}
