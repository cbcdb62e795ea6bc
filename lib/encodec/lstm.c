/* SPDX-License-Identifier: MIT */
#include "encodec/lstm.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

enum {
	ROWS = 256,   /* whose inputs are one product */
	PARTS = 4,    /* of a step at most */
	PATIENCE = 2000 /* looks at the others before the processor is given away */
};

gb_status gb_lstm_state_open(gb_lstm_state *s, const gb_lstm *lstm, int layer, gb_err *err)
{
	size_t room = (size_t)lstm->room;

	*s = (gb_lstm_state){.lstm = lstm, .layer = layer};
	if (!(s->h[0] = gb_array(room, sizeof(float), err)) ||
	    !(s->h[1] = gb_array(room, sizeof(float), err)) || !(s->c = gb_array(room, sizeof(float), err)) ||
	    !(s->gates = gb_array(ROWS * 4 * room, sizeof(float), err)))
		return GB_SYSTEM;
	return GB_OK;
}

void gb_lstm_state_close(gb_lstm_state *s)
{
	free(s->h[0]);
	free(s->h[1]);
	free(s->c);
	free(s->gates);
	*s = (gb_lstm_state){0};
}

/* ---- the steps of some rows ---- */

typedef struct steps {
	const gb_lstm_state *s;
	float *out;
	size_t rows;
	int parts;
	atomic_size_t begun[PARTS]; /* steps that someone has taken on, for each part */
	atomic_size_t done;         /* parts of steps */
} steps;

static void run_part(const steps *j, size_t row, int part)
{
	const gb_lstm_state *s = j->s;
	const gb_recurrence *r = &s->lstm->recurrent[s->layer];
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	size_t step = s->step + row, width = (size_t)s->lstm->width, units = (size_t)kernel->units;
	int first = r->panels * part / j->parts, last = r->panels * (part + 1) / j->parts;
	size_t from = (size_t)first * units, to = (size_t)last * units;
	float *next = s->h[(step + 1) % 2];

	kernel->step(r, first, last, s->gates + row * 4 * (size_t)s->lstm->room, s->h[step % 2], s->c, next,
	             step % 2);
	if (to > width)
		to = width;
	memcpy(j->out + row * width + from, next + from, (to - from) * sizeof *next);
}

/* A thread takes its own part of each step, then those that nobody has begun: one that is late, or has no
 * processor, is not waited for. */
static void run_steps(void *context, size_t self, int worker)
{
	steps *j = context;

	(void)worker;
	for (size_t row = 0; row < j->rows; row++) {
		for (int k = 0; k < j->parts; k++) {
			int part = ((int)self + k) % j->parts;
			size_t expected = row;
			if (!atomic_compare_exchange_strong(&j->begun[part], &expected, row + 1))
				continue;
			run_part(j, row, part);
			atomic_fetch_add(&j->done, 1);
		}
		for (int looks = 0; atomic_load(&j->done) < (row + 1) * (size_t)j->parts; looks++)
			if (looks >= PATIENCE)
				sched_yield();
	}
}

void gb_lstm_run(gb_lstm_state *s, const float *x, size_t rows, float *out, gb_pool *pool)
{
	const gb_recurrence *r = &s->lstm->recurrent[s->layer];
	size_t width = (size_t)s->lstm->width;
	int parts = gb_pool_threads(pool);

	if (parts > PARTS)
		parts = PARTS;
	if (parts > r->panels)
		parts = r->panels;
	for (size_t at = 0, count; at < rows; at += count) {
		steps job = {.s = s, .out = out + at * width, .parts = parts};
		count = job.rows = rows - at < ROWS ? rows - at : ROWS;
		gb_product p = {.w = &s->lstm->input[s->layer],
		                .span = {{x + at * width, width, 0, 1, s->lstm->width}},
		                .spans = 1,
		                .rows = count,
		                .raw = s->gates,
		                .raw_ld = 4 * (size_t)s->lstm->room};
		gb_product_run(&p, pool);
		gb_pool_run(pool, (size_t)parts, run_steps, &job);
		s->step += count;
	}
}
