/* SPDX-License-Identifier: MIT */
/* batches.c: batches of a step.  The next one is filled while the present one is computed with. */
#include <time.h>

#include "train/trainer_internal.h"
#include "loader/batch.h"

double gb_trainer_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

gb_window gb_trainer_window(const gb_trainer *t, int64_t at, size_t i)
{
	size_t index = (size_t)at * (size_t)(t->options->micro_batches * t->options->batch_windows) + i;

	return index < t->learnt ? t->fit[t->order[index]] : (gb_window){0, 0};
}

static gb_loader_options fill_options(const gb_trainer *t, int64_t step, uint32_t micro)
{
	return (gb_loader_options){.drop = t->options->modality_dropout, .seed = t->options->seed,
	                           .step = (uint32_t)step, .micro = micro, .bold_one = -1, .scored = true,
	                           .apart = t->loader.apart};
}

/* Prefetch the micro-batch of this rank that comes after MICRO in this epoch. */
static void prefetch_next(gb_trainer *t, uint32_t micro)
{
	size_t windows = (size_t)t->options->batch_windows;
	int rank = gb_comm_rank(t->options->comm);

	micro++;
	for (int64_t later = 0; later < 2; later++) {
		int64_t at = t->progress.step_in_epoch + later;

		if (at >= gb_trainer_steps_per_epoch(t))
			return;
		for (; micro < gb_trainer_first_micro(t, rank + 1); micro++) {
			gb_loader_options fill = fill_options(t, t->progress.step + later, micro);
			int64_t rows = 0;

			for (size_t g = 0; g < windows; g++) {
				t->next_window[g] = gb_trainer_window(t, at, micro * windows + g);
				rows += t->next_window[g].count;
			}
			if (!rows)
				continue;
			gb_prefetch_request(t->prefetch, t->next_window, &fill);
			return;
		}
		micro = gb_trainer_first_micro(t, rank);
	}
}

void gb_trainer_fill(gb_trainer *t, const gb_window *windows, uint32_t micro)
{
	gb_loader_options fill = fill_options(t, t->progress.step, micro);

	if (!t->prefetch ||
	    !gb_prefetch_acquire(t->prefetch, (uint32_t)t->progress.step, micro, &t->log.waiting)) {
		double began = gb_trainer_clock();

		gb_loader_fill_batch(&t->loader, &t->net, windows, &fill);
		t->log.waiting += gb_trainer_clock() - began;
	}
	if (t->prefetch)
		prefetch_next(t, micro);
}
