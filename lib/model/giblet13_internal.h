/* SPDX-License-Identifier: MIT */
/* giblet13_internal.h: inside the trained network that gb-recon uses.  For
 * giblet13.c and giblet13_bottleneck.c only. */
#ifndef GB_MODEL_GIBLET13_INTERNAL_H
#define GB_MODEL_GIBLET13_INTERNAL_H

#include "model/giblet13.h"

GB_BEGIN_DECLS

typedef struct gb_giblet13_state {
	const gb_network_type *kind;
	gb_tensor_file *file;
	gb_json *dims;
	const gb_dataset *set;     /* the loader is open on this one */
	gb_delays delays;
	gb_loader loader;
	gb_network net;
	gb_network_fixed fixed;
	gb_device device;
	float *kernel;
	double back[4]; /* of video, mel, codes, text from the brain: the part of what the layers say that
	                   counts; 0: only what comes straight from the BOLD window */
	const char **silent;       /* [silents] names of tensors in DIMS */
	size_t silents;
	gb_bottleneck_removed out;         /* rank 0: z as it is */
} gb_giblet13_state;

/* The network over the windows of SET; kept until another set is asked for. */
GB_CHECK gb_status gb_giblet13_use(gb_giblet13_state *s, const gb_dataset *set, gb_err *err);
GB_CHECK gb_status gb_giblet13_rows_are(const gb_dataset *set, const int64_t *rows, size_t count,
                                        gb_err *err);
/* Calls TAKE for each asked row with the numbers of value LAST and the row's place
 * there; windows stand at multiples of their length in the row's run. */
typedef void gb_giblet13_take(void *context, const float *numbers, size_t asked, size_t place);
GB_CHECK gb_status gb_giblet13_windows(gb_giblet13_state *s, const gb_loader_options *fill,
                                       const int64_t *rows, size_t count, int last, gb_giblet13_take *take,
                                       void *context, gb_err *err);

/* What OUT of the state names is taken out of z as it lies. */
void gb_giblet13_take_out(gb_giblet13_state *s);
extern const gb_model_bottleneck_table gb_giblet13_bottleneck;

GB_END_DECLS
#endif
