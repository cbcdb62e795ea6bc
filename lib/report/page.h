/* SPDX-License-Identifier: MIT */
/* page.h: an HTML page that contains its pictures, written piece by piece.
 * Text is escaped; the same calls give the same bytes. */
#ifndef GB_REPORT_PAGE_H
#define GB_REPORT_PAGE_H

#include "plot/plot.h"
#include "evaluate/metrics.h"

GB_BEGIN_DECLS

typedef struct gb_page gb_page;

GB_CHECK gb_status gb_page_open(gb_page **page, const char *title, gb_err *err);
void gb_page_heading(gb_page *page, const char *text);
/* A paragraph of plain text. */
void gb_page_text(gb_page *page, const char *format, ...) GB_PRINTF(2, 3);
/* A large number with a line below it, between numbers_begin and numbers_end. */
void gb_page_number(gb_page *page, const char *number, const char *below);
void gb_page_numbers_begin(gb_page *page);
void gb_page_numbers_end(gb_page *page);
/* A table: header cells, then rows; tabs separate the cells of a row. */
void gb_page_table_begin(gb_page *page, const char *header);
void gb_page_row(gb_page *page, const char *format, ...) GB_PRINTF(2, 3);
void gb_page_table_end(gb_page *page);
/* CANVAS as a picture with a caption; the canvas is closed. */
GB_CHECK gb_status gb_page_figure(gb_page *page, gb_canvas *canvas, const char *caption, gb_err *err);
/* Figures of DIRECTION and TARGET (NULL: any) as a table. */
void gb_page_metrics(gb_page *page, const gb_metrics *metrics, const char *direction, const char *target);

/* "0.246", "n/a"; DIGITS after the point.  Returns TEXT. */
char *gb_page_format(double value, int digits, char text[32]);
/* Writes PATH, whole or not at all, and frees PAGE in either case. */
GB_CHECK gb_status gb_page_write(gb_page *page, const char *path, gb_err *err);
void gb_page_free(gb_page *page); /* accepts NULL */

GB_END_DECLS
#endif
