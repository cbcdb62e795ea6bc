/* SPDX-License-Identifier: MIT */
/* bars.h: bar charts. */
#ifndef GB_PLOT_BARS_H
#define GB_PLOT_BARS_H

#include "plot/plot.h"

GB_BEGIN_DECLS

/* One bar a name, sideways from 0; LOW and HIGH (NULL: none) are intervals. */
GB_CHECK gb_status gb_plot_bars(gb_canvas *out, const gb_plot *plot, const char *const *name,
                                const double *value, const double *low, const double *high, int count,
                                gb_err *err);

GB_END_DECLS
#endif
