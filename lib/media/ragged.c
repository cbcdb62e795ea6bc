/* SPDX-License-Identifier: MIT */
#include "media/ragged.h"

bool gb_ragged_begin(const gb_ragged *r, int64_t row, int64_t *frame)
{
	gb_rational t;

	if (!gb_rational_mul(r->step, (gb_rational){row, 1}, &t) || !gb_rational_add(t, r->start, &t) ||
	    !gb_rational_sub(t, r->first, &t) || !gb_rational_div(t, r->hop, &t))
		return false;
	*frame = gb_rational_ceil(t);
	*frame = *frame < 0 ? 0 : *frame > r->frames ? r->frames : *frame;
	return true;
}

bool gb_ragged_rows(const gb_ragged *r, bool partial, int64_t *rows)
{
	gb_rational t;
	int64_t begin;

	if (!gb_rational_sub(r->end, r->start, &t) || !gb_rational_div(t, r->step, &t))
		return false;
	*rows = partial ? gb_rational_ceil(t) : gb_rational_floor(t);
	*rows = *rows < 0 ? 0 : *rows;
	/* Rounding the length to whole samples may begin a last frame past the end. */
	while (partial) {
		if (!gb_ragged_begin(r, *rows, &begin))
			return false;
		if (begin == r->frames)
			break;
		++*rows;
	}
	return true;
}
