/* SPDX-License-Identifier: MIT */
/* video_film.h: a film from the frames of a tensor file. */
#ifndef GB_VIDEO_VIDEO_FILM_H
#define GB_VIDEO_VIDEO_FILM_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* Write the frames of tensor "video" of FILE to OUT: .mp4, .mov or .nut; NULL or
 * "-" is an .mp4 on standard output.  Number, order and times are those of
 * video.count and video.pts; held and padding frames are left out.  The codec is
 * H.264 of full chroma where the library has it, else MPEG-4.  Without video.pts,
 * frames are spread evenly over rows of TR seconds.  GB_DATA: no such tensor, or
 * contradictions in it.  GB_USAGE: OUT has another suffix. */
GB_CHECK gb_status gb_video_film(const char *file, const char *out, gb_rational tr, gb_err *err);

GB_END_DECLS
#endif
