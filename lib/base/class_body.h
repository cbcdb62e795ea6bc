/* SPDX-License-Identifier: MIT */
/* class_body.h: for NAME_body.h, which make compiles once for each processor
 * class, with its flags.  The compiler's command defines GB_CLASS, the class (generic,
 * avx2 or avx512), and GB_LANES, the floats of its vectors (1, 8 or 16). */
#ifndef GB_BASE_CLASS_BODY_H
#define GB_BASE_CLASS_BODY_H

#define GB_CLASS_JOIN(name, class) name##_##class
#define GB_CLASS_EXPAND(name, class) GB_CLASS_JOIN(name, class)
#define GB_CLASS_NAME(name) GB_CLASS_EXPAND(name, GB_CLASS) /* gb_loops: gb_loops_avx2, in that class */

#endif
