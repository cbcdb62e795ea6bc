/* SPDX-License-Identifier: MIT */
#include "video/video_plan.h"

#include <stdlib.h>

#include "base/size.h"

/* Longer than any film: rows of a damaged or hostile clock are refused before
 * memory is asked for them. */
enum { LONGEST = 30 * 86400 };

typedef struct planner {
	gb_video_plan *plan;
	const gb_video_times *times;
	const gb_video_options *options;
	const char *name;
	size_t room;         /* slots allocated */
	int64_t slots;
	gb_rational end;     /* movie time at which the last frame ends */
} planner;

static gb_status out_of_range(const planner *p, gb_err *err)
{
	return gb_fail(err, GB_DATA, "%s: a frame's time is out of range", p->name);
}

static bool least_multiple(int64_t a, int64_t b, int64_t *out)
{
	return !__builtin_mul_overflow(a / gb_gcd(a, b), b, out);
}

/* Movie time of FRAME. */
static bool time_of(const planner *p, int64_t frame, gb_rational *t)
{
	gb_rational count = {p->times->time[frame], 1};

	return gb_rational_mul(count, p->times->timebase, t) && gb_rational_sub(*t, p->times->origin, t);
}

/* The last frame that starts at T or before; the first if none does.  Only
 * moves forward from *FRAME. */
static bool on_screen(const planner *p, gb_rational t, int64_t *frame)
{
	gb_rational next;

	while (*frame + 1 < p->times->frames) {
		if (!time_of(p, *frame + 1, &next))
			return false;
		if (gb_rational_compare(next, t) > 0)
			break;
		++*frame;
	}
	return true;
}

static gb_status add_slot(planner *p, int64_t frame, int64_t pts, gb_err *err)
{
	gb_status status = GB_OK;

	if ((size_t)p->slots == p->room) {
		p->room = p->room ? 2 * p->room : 1024;
		status = gb_grow(&p->plan->slot, p->room, sizeof *p->plan->slot, err);
	}
	if (status == GB_OK)
		p->plan->slot[p->slots++] = (gb_video_slot){frame, pts};
	return status;
}

/* The units of pts: the container's, made finer where movie time 0 is no
 * multiple of them (another track's); or those of the sampling rate. */
static gb_status choose_timebase(planner *p, gb_err *err)
{
	const gb_video_options *o = p->options;
	gb_video_plan *plan = p->plan;
	gb_rational units, finer;
	int64_t den;

	if (o->fps.num > 0) {
		if (!least_multiple(o->start.den, o->fps.num, &den) ||
		    !least_multiple(den, o->step.den, &den))
			return gb_fail(err, GB_USAGE,
			               "--fps, --tr and --start have no common unit of time that fits");
		plan->timebase = (gb_rational){1, den};
		plan->origin = 0;
		return GB_OK;
	}
	if (!gb_rational_div(p->times->origin, p->times->timebase, &units) ||
	    !gb_rational_make(1, units.den, &finer) ||
	    !gb_rational_mul(p->times->timebase, finer, &plan->timebase))
		return out_of_range(p, err);
	plan->origin = units.num;
	return GB_OK;
}

/* T, a movie time, in units of pts. */
static bool pts_of(const planner *p, gb_rational t, int64_t *pts)
{
	if (!gb_rational_div(t, p->plan->timebase, &t) || t.den != 1)
		return false;
	*pts = t.num;
	return true;
}

/* How many rows there are, and how many are wanted. */
static gb_status count_rows(planner *p, gb_err *err)
{
	const gb_video_options *o = p->options;
	gb_video_plan *plan = p->plan;
	gb_rational last, length, rows;
	int64_t complete, of_last;

	if (!time_of(p, p->times->frames - 1, &last) ||
	    !gb_rational_mul((gb_rational){p->times->last_duration, 1}, p->times->timebase, &length) ||
	    !gb_rational_add(last, length, &p->end) ||
	    gb_rational_compare(p->end, (gb_rational){LONGEST, 1}) > 0)
		return out_of_range(p, err);
	plan->clock = gb_clock_single(o->step, o->run, 0, o->start);
	if (!gb_rational_sub(p->end, o->start, &length) || !gb_rational_div(length, o->step, &rows) ||
	    !gb_clock_row_at(&plan->clock, 0, last, &of_last))
		return out_of_range(p, err);
	complete = gb_rational_floor(rows);
	plan->rows = o->partial && of_last + 1 > complete ? of_last + 1 : complete;
	if (plan->rows < 1)
		return gb_fail(err, GB_DATA,
		               "%s: the film ends at %.3f s, before one row from %.3f s is complete%s",
		               p->name, gb_rational_double(p->end), gb_rational_double(o->start),
		               o->partial ? "" : " (see --partial)");
	if (o->rows > plan->rows)
		return gb_fail(err, GB_DATA, "%s: %lld rows in %.3f s of film, --rows wants %lld", p->name,
		               (long long)plan->rows, gb_rational_double(p->end), (long long)o->rows);
	if (o->rows >= 0)
		plan->rows = o->rows;
	if (plan->rows > INT32_MAX)
		return gb_fail(err, GB_DATA, "%s: %lld rows are more than fit", p->name,
		               (long long)plan->rows);
	plan->clock.run[0].rows = plan->rows;
	return GB_OK;
}

/* A row in which nothing begins: the picture on screen at its start. */
static gb_status add_held(planner *p, int64_t row, int64_t *screen, gb_err *err)
{
	gb_rational t, shown;
	int64_t pts;

	if (!gb_clock_time_of(&p->plan->clock, 0, row, &t) || !on_screen(p, t, screen))
		return out_of_range(p, err);
	if (!time_of(p, *screen, &shown) || !pts_of(p, p->options->fps.num > 0 ? t : shown, &pts))
		return out_of_range(p, err);
	p->plan->held[row] = 1;
	return add_slot(p, *screen, pts, err);
}

/* Close rows up to, not including, ROW, holding those that got nothing. */
static gb_status close_rows(planner *p, int64_t *open, int64_t row, int64_t *screen, gb_err *err)
{
	gb_status status = GB_OK;

	for (; status == GB_OK && *open < row && *open < p->plan->rows; ++*open) {
		if (p->slots == p->plan->begin[*open])
			status = add_held(p, *open, screen, err);
		p->plan->begin[*open + 1] = p->slots;
	}
	return status;
}

/* The film's own frames, or each K-th of those from the start on. */
static gb_status place_frames(planner *p, gb_err *err)
{
	int64_t row = 0, open = 0, screen = 0, seen = 0, pts;
	gb_status status = GB_OK;
	gb_rational t;

	for (int64_t frame = 0; status == GB_OK && frame < p->times->frames; frame++) {
		if (!time_of(p, frame, &t) || !gb_clock_row_at(&p->plan->clock, 0, t, &row) ||
		    !pts_of(p, t, &pts))
			return out_of_range(p, err);
		if (row >= p->plan->rows)
			break;
		if (row < 0 || seen++ % p->options->every != 0)
			continue;
		status = close_rows(p, &open, row, &screen, err);
		if (status == GB_OK)
			status = add_slot(p, frame, pts, err);
		p->plan->kept++;
	}
	return status == GB_OK ? close_rows(p, &open, p->plan->rows, &screen, err) : status;
}

/* The picture on screen at start, start + 1/fps, … */
static gb_status place_samples(planner *p, gb_err *err)
{
	int64_t row = 0, open = 0, screen = 0, screen_held = 0, shown = -1, pts;
	gb_status status = GB_OK;
	gb_rational t;

	for (int64_t sample = 0; status == GB_OK; sample++) {
		if (!gb_rational_div((gb_rational){sample, 1}, p->options->fps, &t) ||
		    !gb_rational_add(t, p->options->start, &t) ||
		    !gb_clock_row_at(&p->plan->clock, 0, t, &row) || !pts_of(p, t, &pts))
			return out_of_range(p, err);
		if (row >= p->plan->rows || gb_rational_compare(t, p->end) >= 0)
			break;
		status = close_rows(p, &open, row, &screen_held, err);
		if (!on_screen(p, t, &screen))
			return out_of_range(p, err);
		if (status == GB_OK)
			status = add_slot(p, screen, pts, err);
		p->plan->kept += screen != shown;
		shown = screen;
	}
	return status == GB_OK ? close_rows(p, &open, p->plan->rows, &screen_held, err) : status;
}

gb_status gb_video_plan_make(gb_video_plan *plan, const gb_video_times *times,
                             const gb_video_options *options, const char *name, gb_err *err)
{
	planner p = {.plan = plan, .times = times, .options = options, .name = name};
	gb_status status;

	*plan = (gb_video_plan){.frames = 1};
	status = choose_timebase(&p, err);
	if (status == GB_OK)
		status = count_rows(&p, err);
	if (status != GB_OK)
		return status;
	plan->begin = gb_array((size_t)plan->rows + 1, sizeof *plan->begin, err);
	plan->held = gb_array((size_t)plan->rows, 1, err);
	if (plan->begin == NULL || plan->held == NULL)
		status = GB_SYSTEM;
	else
		status = options->fps.num > 0 ? place_samples(&p, err) : place_frames(&p, err);
	for (int64_t row = 0; status == GB_OK && row < plan->rows; row++) {
		int64_t count = plan->begin[row + 1] - plan->begin[row];
		if (count > plan->frames)
			plan->frames = count;
	}
	if (status == GB_OK && plan->frames > INT32_MAX)
		status = gb_fail(err, GB_DATA, "%s: %lld frames in a row are more than fit", name,
		                 (long long)plan->frames);
	if (status != GB_OK)
		gb_video_plan_clear(plan);
	return status;
}

void gb_video_plan_clear(gb_video_plan *plan)
{
	free(plan->slot);
	free(plan->begin);
	free(plan->held);
	*plan = (gb_video_plan){0};
}
