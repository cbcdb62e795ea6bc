/* SPDX-License-Identifier: MIT */
/* layer_sizes.h: the widths of layers, the sizes of patches, and the names of loss terms. */
#ifndef GB_NETWORK_LAYER_SIZES_H
#define GB_NETWORK_LAYER_SIZES_H

#include "network/giblet13_layers.h"

GB_BEGIN_DECLS

const char *gb_term_name(int term); /* "video", … "brain.video", … "bold" */
/* Layer widths at a given scale: round(full·width) to a multiple of 8, at least 8. */
size_t gb_scaled(size_t full, double width);
/* Pixels of a patch on each side; 0 where there is no such edge. */
void gb_patch_size(const gb_network_shape *shape, size_t *height, size_t *width);
/* The longest edge of 4 … 12 pixels that divides SIZE; 0 if there is none. */
size_t gb_patch_edge(size_t size);

GB_END_DECLS
#endif
