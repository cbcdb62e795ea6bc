/* SPDX-License-Identifier: MIT */
/* frame.h: what all plots share: paper, ink, axes, colour bar. */
#ifndef GB_PLOT_FRAME_H
#define GB_PLOT_FRAME_H

#include "plot/plot.h"

GB_BEGIN_DECLS

extern const gb_color gb_paper, gb_ink, gb_pale, gb_rule; /* background, text, notes, lines */

typedef struct gb_box { int x, y, width, height; } gb_box;

/* Open OUT with title and note drawn, and say where the inside lies, leaving
 * BAR pixels on the right and BELOW pixels (beside what labels need).  WIDTH
 * and HEIGHT are the inside's, wanted when the plot says none. */
GB_CHECK gb_status gb_frame_open(gb_canvas *out, const gb_plot *plot, bool axes, int bar, int width,
                                 int height, gb_box *box, gb_err *err);
/* Ticks and labels around BOX for the values at its edges; y grows upwards
 * (give Y0 > Y1 for rows that count downwards).  GRID draws pale lines inside. */
void gb_frame_axes(gb_canvas *out, const gb_plot *plot, gb_box box, double x0, double x1, double y0,
                   double y1, bool grid);
/* Vertical lines of the plot's marks. */
void gb_frame_marks(gb_canvas *out, const gb_plot *plot, gb_box box, gb_color color, double x0, double x1);
void gb_frame_bar(gb_canvas *out, const gb_plot *plot, gb_box box, gb_palette palette, double low,
                  double high);
enum { GB_BAR_WIDTH = 96 };

/* A round step for about COUNT ticks over [LOW, HIGH]. */
double gb_frame_step(double low, double high, int count);
/* VALUE as briefly as STEP allows. */
void gb_frame_number(double value, double step, char text[32]);

/* Range and palette for values: the plot's own, else percentiles of SAMPLE
 * (sorted by the call). */
void gb_frame_range(const gb_plot *plot, float *sample, size_t count, gb_palette *palette, double *low,
                    double *high);
gb_color gb_frame_color(gb_palette palette, double low, double high, double value);

GB_END_DECLS
#endif
