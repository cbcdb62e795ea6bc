/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot/bars.h"
#include "base/size.h"
#include "plot/frame.h"

static const double LABEL = 1.35;
enum { ROW = 26, LINE = 16 /* a name's next one */, NAME_MAX_BYTES = 512 };

/* Bytes of TEXT's first line, at most ROOM wide: up to a space, + or comma; where there is none, as many
 * letters as fit. */
static size_t line_of(const char *text, double room)
{
	size_t fits = 0, best = 0;
	char line[NAME_MAX_BYTES];

	for (size_t n = 1; n < sizeof line && text[n - 1]; n++) {
		line[n - 1] = text[n - 1];
		line[n] = 0;
		if ((text[n] & 0xc0) == 0x80) /* inside a letter */
			continue;
		if (text[n - 1] != ' ' && gb_canvas_text_width(LABEL, line) > room)
			break;
		fits = n;
		if (!text[n] || strchr(" +,", text[n - 1]))
			best = n;
	}
	return best ? best : fits ? fits : strlen(text);
}

static int lines_of(const char *text, double room)
{
	int lines = 1;

	for (text += line_of(text, room); *text; text += line_of(text, room))
		lines++;
	return lines;
}

/* TEXT left of X, its lines about Y. */
static void label(gb_canvas *out, double x, double y, const char *text, double room)
{
	char line[NAME_MAX_BYTES];

	for (y -= (lines_of(text, room) - 1) * LINE / 2.0; *text; y += LINE) {
		size_t n = line_of(text, room), shown = n < sizeof line ? n : sizeof line - 1;

		memcpy(line, text, shown);
		while (shown && line[shown - 1] == ' ')
			shown--;
		line[shown] = 0;
		gb_canvas_text(out, x, y, LABEL, GB_RIGHT, gb_ink, line);
		text += n;
	}
}

static void bar(gb_canvas *out, gb_box box, double first, double last, double y, double value, double low,
                double high)
{
	double each = box.width / (last - first), zero = box.x + (0 - first) * each,
	       end = box.x + (value - first) * each, a = box.x + (low - first) * each,
	       b = box.x + (high - first) * each;

	gb_canvas_fill(out, (int)fmin(zero, end), (int)y - 7, (int)fmax(1, fabs(end - zero)), 15,
	               gb_palette_line(value < 0 ? 1 : 0));
	if (!isfinite(low) || !isfinite(high))
		return;
	gb_canvas_line(out, a, y + .5, b, y + .5, 1.5, gb_ink);
	gb_canvas_line(out, a, y - 3, a, y + 4, 1.5, gb_ink);
	gb_canvas_line(out, b, y - 3, b, y + 4, 1.5, gb_ink);
}

gb_status gb_plot_bars(gb_canvas *out, const gb_plot *plot, const char *const *name, const double *value,
                       const double *low, const double *high, int count, gb_err *err)
{
	double first = fmin(0, plot->low), last = fmax(0, plot->high), room = 40,
	       most = (plot->width ? plot->width : 720) / 2.0;
	int tall = 0, above = 0;
	gb_plot sized = *plot;
	gb_box box;
	gb_status status;

	for (int i = 0; i < count; i++) {
		first = fmin(first, fmin(value[i], low && isfinite(low[i]) ? low[i] : value[i]));
		last = fmax(last, fmax(value[i], high && isfinite(high[i]) ? high[i] : value[i]));
		room = fmax(room, gb_canvas_text_width(LABEL, name[i]) + 36);
	}
	if (!(last > first))
		last = first + 1;
	last += (last - first) * .04;
	room = fmin(room, most);
	for (int i = 0; i < count; i++)
		tall += ROW + (lines_of(name[i], room - 36) - 1) * LINE;
	sized.y = NULL;
	status = gb_frame_open(out, &sized, true, 0, 720, (count > 0 ? tall : ROW) + 8, &box, err);
	if (status)
		return status;
	box.width -= (int)room - box.x > 0 ? (int)room - box.x : 0;
	box.x = (int)room > box.x ? (int)room : box.x;
	gb_frame_axes(out, &sized, box, first, last, 0, 0, true);
	for (int i = 0; i < count; i++) {
		int own = ROW + (lines_of(name[i], room - 36) - 1) * LINE;
		double y = box.y + 4 + (above + own / 2.0) * (box.height - 8.0) / tall;

		bar(out, box, first, last, y, value[i], low && high ? low[i] : NAN,
		    low && high ? high[i] : NAN);
		label(out, box.x - 10, y + 5, name[i], room - 36);
		above += own;
	}
	gb_frame_marks(out, plot, box, gb_palette_line(1), first, last);
	return GB_OK;
}
