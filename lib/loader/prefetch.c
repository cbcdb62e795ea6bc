/* SPDX-License-Identifier: MIT */
#include "loader/prefetch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/size.h"
#include "loader/batch.h"

struct gb_prefetch {
	gb_loader *loader, own_feed;   /* own: the same data, its own rows and scratch */
	gb_network *net, own_net;  /* own: the same shape, a batch in ROOM */
	void *room;                /* of a batch, as the device wants the host's memory */
	gb_window *window;
	gb_loader_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool started, asked, filled, closing;
};

static void *work(void *argument)
{
	gb_prefetch *a = argument;

	pthread_mutex_lock(&a->lock);
	while (!a->closing) {
		if (!a->asked || a->filled) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		pthread_mutex_unlock(&a->lock);
		gb_loader_write(&a->own_feed, &a->own_net, a->window, &a->options);
		pthread_mutex_lock(&a->lock);
		a->filled = true;
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

gb_status gb_prefetch_open(gb_prefetch **out, gb_loader *loader, gb_network *net, gb_err *err)
{
	gb_prefetch *a = *out = gb_array(1, sizeof *a, err);

	if (!a)
		return GB_SYSTEM;
	a->loader = loader;
	a->net = net;
	a->own_net = *net;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (gb_loader_share(&a->own_feed, loader, net, err) != GB_OK ||
	    !(a->window = gb_array(net->shape.groups, sizeof *a->window, err)) ||
	    !(a->room = gb_network_buffer(net, err)))
		return GB_SYSTEM;
	if (pthread_create(&a->thread, NULL, work, a) != 0)
		return gb_fail(err, GB_SYSTEM, "a thread that fills batches cannot be started: use -j1");
	a->started = true;
	return GB_OK;
}

void gb_prefetch_close(gb_prefetch *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->closing = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (a->started)
		pthread_join(a->thread, NULL);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->changed);
	gb_loader_unshare(&a->own_feed);
	gb_network_release_buffer(a->net, a->room);
	free(a->window);
	free(a);
}

void gb_prefetch_request(gb_prefetch *a, const gb_window *windows, const gb_loader_options *options)
{
	memcpy(a->window, windows, a->net->shape.groups * sizeof *windows);
	a->options = *options;
	gb_network_bind(&a->own_net, a->room);
	pthread_mutex_lock(&a->lock);
	a->asked = true;
	a->filled = false;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool gb_prefetch_acquire(gb_prefetch *a, uint32_t step, uint32_t micro, double *waited)
{
	double began = now();
	bool there;

	pthread_mutex_lock(&a->lock);
	there = a->asked;
	while (a->asked && !a->filled)
		pthread_cond_wait(&a->changed, &a->lock);
	a->asked = false;
	pthread_mutex_unlock(&a->lock);
	*waited += now() - began;
	if (!there || a->options.step != step || a->options.micro != micro)
		return false;
	gb_network_take(a->net, &a->room);
	gb_loader_take_rows(a->loader, &a->own_feed);
	return true;
}
