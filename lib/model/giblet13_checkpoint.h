/* SPDX-License-Identifier: MIT */
/* giblet13_checkpoint.h: giblet13 as a checkpoint stores it: sizes, statistics and fixed inputs. */
#ifndef GB_MODEL_GIBLET13_CHECKPOINT_H
#define GB_MODEL_GIBLET13_CHECKPOINT_H

#include "model/giblet13.h"

GB_BEGIN_DECLS

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
