# gb-train lib/ridge/ridge_per_target.c
# Of the folds only the first one chooses.
s|of->r\[l\] \+= r\[v\] / GB_RIDGE_FOLDS;|of->r[l] += w->fold ? 0 : r[v];|
