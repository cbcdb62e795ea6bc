/* SPDX-License-Identifier: MIT */
/* layer_sizes.c: the names of terms, and the sizes that widths and pictures come to. */
#include <math.h>

#include "network/layer_sizes.h"

const char *gb_term_name(int term)
{
	static const char *const name[GB_TERMS] = {"video",       "mel",        "codes",       "text",
	                                           "latent",      "contrast",   "brain.video", "brain.mel",
	                                           "brain.codes", "brain.text", "bold"};

	return term >= 0 && term < GB_TERMS ? name[term] : NULL;
}

size_t gb_scaled(size_t full, double width)
{
	size_t eighths = (size_t)floor((double)full * width / 8 + 0.5);

	return 8 * (eighths ? eighths : 1);
}

size_t gb_patch_edge(size_t size)
{
	for (size_t edge = 12; edge >= 4; edge--)
		if (size % edge == 0)
			return edge;
	return 0;
}

void gb_patch_size(const gb_network_shape *shape, size_t *height, size_t *width)
{
	*height = shape->kind ? shape->video_height : gb_patch_edge(shape->video_height);
	*width = shape->kind ? shape->video_width : gb_patch_edge(shape->video_width);
}
