/* SPDX-License-Identifier: MIT */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plot/png.h"
#include "io/file.h"

struct gb_page {
	FILE *out;
	char *text;
	size_t size;
};

static const char style[] =
    "body{max-width:62rem;margin:2.5rem auto;padding:0 1.2rem;font:16px/1.55 system-ui,sans-serif;"
    "color:#1c1c22;background:#fff}"
    "h1{font-size:1.7rem;line-height:1.25;margin:0 0 .3rem}"
    "h2{font-size:1.2rem;margin:2.6rem 0 .5rem;padding-top:.8rem;border-top:1px solid #dcdce2}"
    "p{max-width:46rem;margin:.55rem 0}"
    "figure{margin:1.2rem 0}figure img{max-width:100%;height:auto;display:block}"
    "figcaption{color:#585866;font-size:.9rem;max-width:46rem;margin-top:.3rem}"
    ".numbers{display:flex;flex-wrap:wrap;gap:1rem 2.6rem;margin:1.4rem 0}.numbers div{max-width:15rem}"
    ".numbers b{display:block;font-size:1.9rem;line-height:1.2;font-variant-numeric:tabular-nums}"
    ".numbers span{color:#585866;font-size:.88rem}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;margin:.9rem 0;font-size:.88rem;font-variant-numeric:tabular-nums}"
    "th{text-align:left;font-weight:600;border-bottom:1px solid #1c1c22;padding:.25rem .8rem .25rem 0;"
    "vertical-align:bottom}"
    "td{border-bottom:1px solid #e6e6ec;padding:.25rem .8rem .25rem 0;vertical-align:top}";

static void escape(FILE *out, const char *text, bool cells)
{
	for (; *text; text++)
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		case '\t': fputs(cells ? "</td><td>" : " ", out); break;
		default:
			if ((unsigned char)*text >= ' ')
				fputc(*text, out);
		}
}

gb_status gb_page_open(gb_page **page, const char *title, gb_err *err)
{
	gb_page *p = *page = gb_array(1, sizeof *p, err);

	if (!p)
		return GB_SYSTEM;
	p->out = open_memstream(&p->text, &p->size);
	if (!p->out) {
		gb_page_free(p);
		*page = NULL;
		return gb_fail(err, GB_SYSTEM, "report: memory is short");
	}
	fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
	      "content=\"width=device-width\">\n<title>",
	      p->out);
	escape(p->out, title, false);
	fprintf(p->out, "</title>\n<style>%s</style></head><body>\n<h1>", style);
	escape(p->out, title, false);
	fputs("</h1>\n", p->out);
	return GB_OK;
}

void gb_page_heading(gb_page *page, const char *text)
{
	fputs("<h2>", page->out);
	escape(page->out, text, false);
	fputs("</h2>\n", page->out);
}

/* The formatted text between the tags BEFORE and AFTER; CELLS: a tab begins the next cell. */
static void print_element(gb_page *page, const char *before, const char *after, bool cells,
                          const char *format, va_list args)
{
	char *text = NULL;

	fputs(before, page->out);
	if (vasprintf(&text, format, args) >= 0)
		escape(page->out, text, cells);
	fputs(after, page->out);
	free(text);
}

void gb_page_text(gb_page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_element(page, "<p>", "</p>\n", false, format, args);
	va_end(args);
}

void gb_page_numbers_begin(gb_page *page)
{
	fputs("<div class=\"numbers\">\n", page->out);
}

void gb_page_number(gb_page *page, const char *number, const char *below)
{
	fputs("<div><b>", page->out);
	escape(page->out, number, false);
	fputs("</b><span>", page->out);
	escape(page->out, below, false);
	fputs("</span></div>\n", page->out);
}

void gb_page_numbers_end(gb_page *page)
{
	fputs("</div>\n", page->out);
}

void gb_page_table_begin(gb_page *page, const char *header)
{
	fputs("<div class=\"scroll\"><table><tr><th>", page->out);
	for (; *header; header++)
		if (*header == '\t')
			fputs("</th><th>", page->out);
		else
			escape(page->out, (char[]){*header, 0}, false);
	fputs("</th></tr>\n", page->out);
}

void gb_page_row(gb_page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_element(page, "<tr><td>", "</td></tr>\n", true, format, args);
	va_end(args);
}

void gb_page_table_end(gb_page *page)
{
	fputs("</table></div>\n", page->out);
}

gb_status gb_page_figure(gb_page *page, gb_canvas *canvas, const char *caption, gb_err *err)
{
	char *uri = gb_png_data_uri(canvas, err);

	if (uri) {
		fprintf(page->out, "<figure><img width=\"%d\" src=\"%s\" alt=\"",
		        canvas->width > 992 ? 992 : canvas->width, uri);
		escape(page->out, caption, false);
		fputs("\"><figcaption>", page->out);
		escape(page->out, caption, false);
		fputs("</figcaption></figure>\n", page->out);
	}
	gb_canvas_close(canvas);
	if (!uri)
		return GB_SYSTEM;
	free(uri);
	return GB_OK;
}

char *gb_page_format(double value, int digits, char text[32])
{
	if (isnan(value))
		snprintf(text, 32, "–");
	else
		snprintf(text, 32, "%.*f", digits, value == 0 ? 0.0 : value);
	return text;
}

static int digits_of(const gb_metric *m)
{
	bool count = m->value == floor(m->value) && fabs(m->value) > 1;

	return count ? 0 : fabs(m->value) >= 10 ? 1 : 3;
}

void gb_page_metrics(gb_page *page, const gb_metrics *metrics, const char *direction, const char *target)
{
	bool open = false;

	for (size_t i = 0; i < metrics->count; i++) {
		const gb_metric *m = &metrics->metric[i];
		char t[12][32], interval[80] = "–", null[80] = "–", difference[128] = "–";
		int d = digits_of(m);

		if ((direction && strcmp(direction, m->direction)) || (target && strcmp(target, m->target)))
			continue;
		if (!open)
			gb_page_table_begin(
				page, "of\tfigure\tvalue\t95 % interval\tceiling\tof ceiling\tridge\tminus "
			              "ridge\tnull: mean (SD, count)\tp\tchance\tcontrol");
		open = true;
		if (!isnan(m->low))
			snprintf(interval, sizeof interval, "%.3f to %.3f", m->low, m->high);
		if (!isnan(m->null_mean))
			snprintf(null, sizeof null, "%.3f (%.3f, %.0f)", m->null_mean, m->null_sd, m->nulls);
		if (!isnan(m->difference) && !isnan(m->difference_low))
			snprintf(difference, sizeof difference, "%+.3f (%+.3f to %+.3f)", m->difference,
			         m->difference_low, m->difference_high);
		else if (!isnan(m->difference))
			snprintf(difference, sizeof difference, "%+.3f", m->difference);
		gb_page_row(page, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", m->target, m->figure,
		            gb_page_format(m->value, d, t[0]), interval, gb_page_format(m->ceiling, 3, t[1]),
		            gb_page_format(m->share, 3, t[2]), gb_page_format(m->baseline, 3, t[3]),
		            difference, null, gb_page_format(m->p, 4, t[4]),
		            gb_page_format(m->chance, d ? d : 0, t[5]), m->control);
	}
	if (open)
		gb_page_table_end(page);
}

gb_status gb_page_write(gb_page *page, const char *path, gb_err *err)
{
	gb_status status;

	fputs("</body></html>\n", page->out);
	status = fclose(page->out) ? gb_fail(err, GB_SYSTEM, "%s: memory is short", path) : GB_OK;
	page->out = NULL;
	if (!status)
		status = gb_output_whole(path, page->text, page->size, err);
	gb_page_free(page);
	return status;
}

void gb_page_free(gb_page *page)
{
	if (!page)
		return;
	if (page->out)
		fclose(page->out);
	free(page->text);
	free(page);
}
