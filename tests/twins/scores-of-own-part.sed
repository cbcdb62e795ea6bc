# gb-train lib/train/validate.c
# Each rank scores the validation windows of its own block alone.
s/gb_status status = gb_comm_allgather\(comm, e->sums, NULL, e->batches, sizeof \*e->sums, err\);/gb_status status = GB_OK;/
