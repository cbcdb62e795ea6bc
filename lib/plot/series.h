/* SPDX-License-Identifier: MIT */
/* series.h: time series and histograms. */
#ifndef GB_PLOT_SERIES_H
#define GB_PLOT_SERIES_H

#include "plot/plot.h"

GB_BEGIN_DECLS

typedef struct gb_series { const float *value; size_t length; const char *name; } gb_series; /* NaN: a hole */

GB_CHECK gb_status gb_plot_series(gb_canvas *out, const gb_plot *plot, const gb_series *series, int count,
                                  gb_err *err);
/* How often which value occurs; NaN and Inf are left out. */
GB_CHECK gb_status gb_plot_histogram(gb_canvas *out, const gb_plot *plot, const float *value, size_t count,
                                     gb_err *err);

GB_END_DECLS
#endif
