/* SPDX-License-Identifier: MIT */
/* giblet13.h: what a checkpoint of giblet13 holds beside its weights. */
#ifndef GB_MODEL_GIBLET13_H
#define GB_MODEL_GIBLET13_H

#include "ridge/delays.h"
#include "loader/loader.h"
#include "model/model_type.h"

GB_BEGIN_DECLS

enum { GB_STATISTICS_MAX = 10 + 4 * GB_SUBJECTS_MAX };

typedef struct gb_statistic_item {
	char name[96];
	size_t count;
	float **data;
	const char *doc;
} gb_statistic_item;

/* The statistics of a loader, by the names they have in a checkpoint.  Returns how many. */
size_t gb_giblet13_statistics(gb_loader *loader, gb_statistic_item item[GB_STATISTICS_MAX]);

/* "dims" of a checkpoint: bands, subjects, windows, kernel, sizes; and back. */
gb_json *gb_giblet13_dims(const gb_loader *loader, const gb_network_shape *shape, const gb_delays *delays);
GB_CHECK gb_status gb_giblet13_shape(gb_network_shape *shape, gb_delays *delays, const gb_json *dims,
                                     gb_err *err);

/* COUNT floats of tensor NAME. */
GB_CHECK gb_status gb_giblet13_read(gb_tensor_file *file, const char *name, size_t count, float *to,
                                    gb_err *err);
/* The running moments of the network's batch norms. */
GB_CHECK gb_status gb_giblet13_read_moments(const gb_network *net, gb_tensor_file *file, gb_err *err);

/* Everything that is fixed over a training, from a loader's statistics; the four latent arrays [B] are the
 * caller's.  *KERNEL [basis, taps] is made, to be released with free(). */
GB_CHECK gb_status gb_giblet13_fixed(gb_network_fixed *fixed, const gb_loader *loader,
                                     const gb_delays *delays, size_t bottleneck, float **kernel, gb_err *err);
void gb_giblet13_fixed_clear(gb_network_fixed *fixed);

GB_END_DECLS
#endif
