/* SPDX-License-Identifier: MIT */
/* dtype.h: element types of safetensors, and reading them as float. */
#ifndef GB_TENSOR_DTYPE_H
#define GB_TENSOR_DTYPE_H

#include "base/status.h"

GB_BEGIN_DECLS

typedef enum gb_dtype {
	GB_BOOL, GB_U8, GB_I8, GB_I16, GB_U16, GB_I32, GB_U32, GB_I64, GB_U64,
	GB_F16, GB_BF16, GB_F32, GB_F64,
	GB_FOREIGN /* F8, F4, complex …: listed and checksummed, values refused */
} gb_dtype;

const char *gb_dtype_name(gb_dtype dtype);          /* "F32"; "foreign" */
gb_dtype gb_dtype_parse(const char *name);          /* GB_FOREIGN if unknown */
size_t gb_dtype_size(gb_dtype dtype);               /* bytes; 0 for GB_FOREIGN */
bool gb_dtype_writable(gb_dtype dtype);             /* what the profile writes */

float gb_half_to_float(uint16_t half);
uint16_t gb_float_to_half(float value);             /* to nearest, ties to even */
float gb_bfloat_to_float(uint16_t bits);
uint16_t gb_float_to_bfloat(float value);           /* to nearest, ties to even */

/* OUT[i] = element FIRST+i of DATA as float or double.  DATA need not be
 * aligned.  Not for GB_FOREIGN. */
void gb_dtype_to_float(gb_dtype dtype, const void *data, size_t first, size_t count, float *out);
void gb_dtype_to_double(gb_dtype dtype, const void *data, size_t first, size_t count, double *out);

GB_END_DECLS
#endif
