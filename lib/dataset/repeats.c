/* SPDX-License-Identifier: MIT */
#include "dataset/repeats.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

typedef struct row_key { gb_hash hash; int64_t row; } row_key;

typedef struct hashing {
	const gb_dataset *set;
	gb_hash *hash; /* [rows] */
	bool *content; /* [rows]: not all zero */
} hashing;

static bool all_zero(const uint8_t *data, size_t size)
{
	return size == 0 || (data[0] == 0 && !memcmp(data, data + 1, size - 1));
}

/* The hash of the hashes of all stimuli of a row. */
static void hash_row(void *context, size_t row, int worker)
{
	hashing *job = context;
	gb_hash joint = {{0}};

	(void)worker;
	for (size_t i = 0; i < job->set->features; i++) {
		const gb_feature *f = &job->set->bound[i].feature;
		struct { gb_hash before, data; int64_t count; } key;
		const void *data;

		if (f->subject)
			continue;
		data = gb_dataset_row(job->set, f, (int64_t)row);
		key.before = joint;
		key.data = gb_hash_of(data, f->row_bytes);
		key.count = gb_dataset_count(job->set, f, (int64_t)row);
		joint = gb_hash_of(&key, sizeof key);
		job->content[row] = job->content[row] || !all_zero(data, f->row_bytes);
	}
	job->hash[row] = joint;
}

static int by_hash(const void *a, const void *b)
{
	const row_key *x = a, *y = b;
	int order = memcmp(&x->hash, &y->hash, sizeof x->hash);

	return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int hash_only(const void *a, const void *b)
{
	return memcmp(&((const row_key *)a)->hash, &((const row_key *)b)->hash, sizeof(gb_hash));
}

gb_status gb_set_repeats(const gb_dataset *set, int64_t *repeat, gb_pool *pool, gb_err *err)
{
	size_t rows = (size_t)set->rows, keys = 0, r;
	row_key *key = gb_array(rows, sizeof *key, err);
	hashing job = {set, gb_array(rows, sizeof(gb_hash), err), gb_array(rows, sizeof(bool), err)};
	gb_status status = GB_SYSTEM;

	if (!key || !job.hash || !job.content)
		goto out;
	gb_pool_run(pool, rows, hash_row, &job);
	for (r = 0; r < rows; r++)
		if (set->use[r] == GB_ROW_TRAIN && job.content[r])
			key[keys++] = (row_key){job.hash[r], (int64_t)r};
	qsort(key, keys, sizeof *key, by_hash);
	for (r = 0; r < rows; r++) {
		row_key wanted = {job.hash[r], 0}, *found = NULL;

		repeat[r] = -1;
		if (set->use[r] == GB_ROW_TEST && job.content[r])
			found = bsearch(&wanted, key, keys, sizeof *key, hash_only);
		while (found && found > key && !hash_only(found - 1, &wanted))
			found--;
		if (found)
			repeat[r] = found->row;
	}
	for (r = 0; r < set->members; r++)
		gb_member_release(&set->member[r]);
	status = GB_OK;
out:
	free(key);
	free(job.hash);
	free(job.content);
	return status;
}
