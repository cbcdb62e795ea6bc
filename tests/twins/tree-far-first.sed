# gb-train lib/comm/comm.c
# Ranks far apart are added first: another tree.
s/comm->rank >> levels & 1/comm->rank \& comm->size >> (levels + 1)/
s/comm->rank \^ 1 << levels/comm->rank ^ comm->size >> (levels + 1)/
