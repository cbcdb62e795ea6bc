/* SPDX-License-Identifier: MIT */
/* decoder_gate.c: the factor of the deep decoder in what is decoded from BOLD.
 *
 * Video, mel and codes: 1 where the validation loss is below that before training,
 * else 0.  Text: the factor that minimises the validation error, at least LEAST_TEXT,
 * because a scaled-down vector still identifies its row.  Without validation rows the
 * factors are 0 after a ridge initialisation, and the linear paths from the BOLD
 * window, whose penalties were chosen inside the train rows, decode alone. */
#include <math.h>
#include <string.h>

#include "train/trainer_internal.h"

#define LEAST_TEXT (1.0 / 16)

static double mean_loss(const gb_term_sums *sums, int term)
{
	return sums->count[term] > 0 ? sums->loss[term] / sums->count[term] : 0;
}

void gb_trainer_set_decoder_gate(gb_trainer *t, const gb_evaluation *validation)
{
	gb_decoder_gate *gate = &t->progress.decoder_gate;

	if (t->options->decoder_gate) {
		memcpy(gate->now, t->options->decoder_gate, sizeof gate->now);
		return;
	}
	/* Without a ridge initialisation of their own readouts, the linear paths decode nothing. */
	for (int m = 0; m < GB_DECODER_GATES; m++)
		gate->now[m] = t->options->init != GB_INIT_RIDGE || t->options->from;
	if (!t->validates)
		return;
	for (int m = 0; m < GB_DECODER_GATE_TEXT; m++) {
		double loss = mean_loss(&validation->sums, GB_TERM_BRAIN_VIDEO + m);

		if (t->progress.epoch == 0)
			gate->begun[m] = loss;
		gate->now[m] = t->progress.epoch > 0 && loss < gate->begun[m];
	}
	gate->now[GB_DECODER_GATE_TEXT] = 1;
	if (validation->text_power > 0)
		gate->now[GB_DECODER_GATE_TEXT] = fmin(1,
		                                       fmax(LEAST_TEXT, validation->text_product /
		                                            validation->text_power));
}

gb_json *gb_decoder_gate_json(const gb_decoder_gate *gate)
{
	gb_json *list = gb_json_array();

	for (int m = 0; m < GB_DECODER_GATES; m++)
		gb_json_append(list, gb_json_real(gate->now[m]));
	return list;
}
