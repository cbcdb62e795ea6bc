/* SPDX-License-Identifier: MIT */
/* video_film.h: the way back: a tensor file's frames to a film. */
#ifndef GB_VIDEO_VIDEO_FILM_H
#define GB_VIDEO_VIDEO_FILM_H

#include "tensor/tensor_file.h"

GB_BEGIN_DECLS

/* The frames of tensor "video" of FILE to OUT (.mp4, .mov or .nut; NULL or "-":
 * an .mp4 on standard output): number, order and times exactly as video.count
 * and video.pts say, held and padding frames left out; H.264 of full chroma
 * where the library has it, else MPEG-4.  A file without video.pts has its
 * frames spread evenly over rows of TR seconds.  GB_DATA: no such tensor, or
 * contradictions in it; GB_USAGE: another kind of OUT. */
GB_CHECK gb_status gb_video_film(const char *file, const char *out, gb_rational tr, gb_err *err);

GB_END_DECLS
#endif
