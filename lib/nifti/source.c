/* SPDX-License-Identifier: MIT */
#include "nifti/source_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"
#include "nifti/gzip.h"

#define WHOLE_MAX ((size_t)512 << 20)
#define BLOCK_BYTES ((size_t)16 << 20)
#define DEFLATE_RATIO_MAX 1040 /* deflate compresses by 1032 at most */

/* ---- plain and whole-buffer ---- */

static gb_status too_short(const gb_nifti *image, size_t have, size_t want, gb_err *err)
{
	return gb_fail(err, GB_DATA, "%s: holds %zu bytes, its header promises %zu: the file is truncated",
	               image->name, have, want);
}

static void *room(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
	               0);

	if (p == MAP_FAILED)
		return NULL;
	return p; /* small pages: huge ones cost 0.3 s of compaction where memory is in pieces */
}

/* ---- a stream in two alternating blocks ---- */

typedef struct stream {
	gb_nifti *image;
	gb_gunzip *gunzip;
	uint8_t *block[2];
	int64_t per;           /* volumes a block */
	int64_t blocks;
	int64_t filled, freed; /* blocks read so far */
	bool stop;
	gb_status status;
	gb_err err;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
} stream;

static int64_t volumes_in(const stream *s, int64_t block)
{
	int64_t left = s->image->header.volumes - block * s->per;

	return left < s->per ? left : s->per;
}

static gb_status fill(stream *s, int64_t block, gb_err *err)
{
	size_t want = (size_t)volumes_in(s, block) * s->image->header.volume_bytes, got;
	gb_status status = gb_gunzip_read(s->gunzip, s->block[block & 1], want, &got, err);

	if (!status && got < want) {
		const gb_nifti_header *h = &s->image->header;

		return too_short(s->image, h->data_offset + (size_t)(block * s->per) * h->volume_bytes + got,
		                 h->data_offset + h->data_bytes, err);
	}
	if (!status && block == s->blocks - 1)
		status = gb_gunzip_drain(s->gunzip, err);
	return status;
}

static void *producer(void *context)
{
	stream *s = context;

	for (int64_t b = 0; b < s->blocks; b++) {
		gb_status status;

		pthread_mutex_lock(&s->mutex);
		while (b - s->freed >= 2 && !s->stop)
			pthread_cond_wait(&s->changed, &s->mutex);
		bool stop = s->stop;
		pthread_mutex_unlock(&s->mutex);
		if (stop)
			break;
		status = fill(s, b, &s->err);
		pthread_mutex_lock(&s->mutex);
		s->status = status;
		s->filled += !status;
		pthread_cond_broadcast(&s->changed);
		pthread_mutex_unlock(&s->mutex);
		if (status)
			break;
	}
	return NULL;
}

/* Wait until block B is read; false if reading has failed before it. */
static bool wait_for(stream *s, int64_t b)
{
	pthread_mutex_lock(&s->mutex);
	while (s->filled <= b && !s->status)
		pthread_cond_wait(&s->changed, &s->mutex);
	bool here = s->filled > b;
	pthread_mutex_unlock(&s->mutex);
	return here;
}

static void release(stream *s, bool stop)
{
	pthread_mutex_lock(&s->mutex);
	s->freed++;
	s->stop = stop;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->mutex);
}

static gb_status run_threaded(stream *s, gb_nifti_visit *visit, void *context, gb_pool *pool, gb_err *err)
{
	pthread_t thread;
	gb_status status = GB_OK;

	if (pthread_create(&thread, NULL, producer, s))
		return gb_fail(err, GB_SYSTEM, "%s: no thread to inflate it", s->image->name);
	for (int64_t b = 0; b < s->blocks && !status; b++) {
		if (!wait_for(s, b))
			break;
		status = visit(context, s->block[b & 1], b * s->per, volumes_in(s, b), pool, err);
		release(s, status != GB_OK);
	}
	pthread_join(thread, NULL);
	if (!status && s->status) {
		if (err)
			*err = s->err;
		status = s->status;
	}
	return status;
}

static gb_status run_alone(stream *s, gb_nifti_visit *visit, void *context, gb_pool *pool, gb_err *err)
{
	gb_status status = GB_OK;

	for (int64_t b = 0; b < s->blocks && !status; b++) {
		status = fill(s, b, err);
		if (!status)
			status = visit(context, s->block[b & 1], b * s->per, volumes_in(s, b), pool, err);
	}
	return status;
}

static gb_status skip(stream *s, uint64_t offset, gb_err *err)
{
	uint8_t waste[4096];
	gb_status status = GB_OK;

	while (offset && !status) {
		size_t want = offset < sizeof waste ? (size_t)offset : sizeof waste, got;

		status = gb_gunzip_read(s->gunzip, waste, want, &got, err);
		if (!status && got < want)
			status = gb_fail(err, GB_DATA,
			                 "%s: ends before its voxels begin: the file is truncated",
			                 s->image->name);
		offset -= want;
	}
	return status;
}

static gb_status visit_stream(gb_nifti *image, const gb_input *in, gb_nifti_visit *visit, void *context,
                              gb_pool *pool, gb_err *err)
{
	const gb_nifti_header *h = &image->header;
	stream s = {.image = image, .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	bool threaded = gb_pool_threads(pool) > 1;
	size_t bytes;
	gb_status status;

	s.per = h->volume_bytes < BLOCK_BYTES ? (int64_t)(BLOCK_BYTES / h->volume_bytes) : 1;
	if (s.per > h->volumes)
		s.per = h->volumes;
	s.blocks = (h->volumes + s.per - 1) / s.per;
	bytes = (size_t)s.per * h->volume_bytes;
	if ((status = gb_gunzip_open(&s.gunzip, in->data, in->size, image->name, err)))
		return status;
	status = skip(&s, h->data_offset, err);
	s.block[0] = status ? NULL : room(bytes);
	s.block[1] = status || !threaded ? s.block[0] : room(bytes);
	if (!status && (!s.block[0] || !s.block[1]))
		status = gb_fail(err, GB_SYSTEM, "%s: no memory for a block of %zu bytes", image->name,
		                 bytes);
	if (!status)
		status = (threaded ? run_threaded : run_alone)(&s, visit, context, pool, err);
	if (s.block[1] && s.block[1] != s.block[0])
		munmap(s.block[1], bytes);
	if (s.block[0])
		munmap(s.block[0], bytes);
	gb_gunzip_close(s.gunzip);
	return status;
}

/* The input that holds the voxels: the .img of a pair, else the one file. */
static const gb_input *voxels_of(const gb_nifti *image)
{
	return image->data_path ? &image->data : &image->head;
}

gb_status gb_nifti_check_size(const gb_nifti *image, gb_err *err)
{
	const gb_nifti_header *h = &image->header;
	const gb_input *in = voxels_of(image);
	size_t total;

	if (!gb_size_add(h->data_bytes, (size_t)h->data_offset, &total))
		return gb_fail(err, GB_DATA, "%s: data offset %llu is past any file's end", image->name,
		               (unsigned long long)h->data_offset);
	if (!gb_gzip_is(in->data, in->size))
		return in->size < total ? too_short(image, in->size, total, err) : GB_OK;
	if (total / DEFLATE_RATIO_MAX > in->size)
		return gb_fail(err, GB_DATA,
		               "%s: header promises %zu bytes, %zu compressed bytes cannot hold them",
		               image->name, total, in->size);
	return GB_OK;
}

size_t gb_nifti_whole(const gb_nifti *image)
{
	const gb_input *in = voxels_of(image);
	size_t total = image->header.data_bytes + (size_t)image->header.data_offset;

	return gb_gzip_is(in->data, in->size) && total <= WHOLE_MAX &&
	               gb_gunzip_length(in->data, in->size) == total
	           ? total
	           : 0;
}

gb_status gb_nifti_each(gb_nifti *image, uint8_t *whole, gb_nifti_visit *visit, void *context, gb_pool *pool,
                        gb_err *err)
{
	const gb_nifti_header *h = &image->header;
	const gb_input *in = voxels_of(image);
	size_t total = gb_nifti_whole(image);

	if (!gb_gzip_is(in->data, in->size))
		return visit(context, in->data + h->data_offset, 0, h->volumes, pool, err);
	if (total) {
		uint8_t *all = whole ? whole : room(total);
		bool good = all && gb_gunzip_whole(in->data, in->size, all, total);
		gb_status status =
		    good ? visit(context, all + h->data_offset, 0, h->volumes, pool, err) : GB_OK;

		if (all && !whole)
			munmap(all, total);
		if (good)
			return status;
	}
	return visit_stream(image, in, visit, context, pool, err);
}
