/* SPDX-License-Identifier: MIT */
/* nifti_header.h: a NIfTI-1 or NIfTI-2 header, checked field by field.
 *
 * Source of the layouts: nifti1.h and nifti2.h of the NIfTI Data Format
 * Working Group.  Nothing here trusts a byte: what cannot be true is GB_DATA. */
#ifndef GB_NIFTI_NIFTI_HEADER_H
#define GB_NIFTI_NIFTI_HEADER_H

#include "base/status.h"
#include "nifti/geometry.h"
#include "time/rational.h"

GB_BEGIN_DECLS

#define GB_NIFTI_HEADER_MAX 544 /* bytes of the longer of the two headers */

/* The voxel types we read: real numbers all; complex, RGB and 128-bit floats are refused by name. */
typedef enum gb_nifti_type {
	GB_NIFTI_U8 = 2, GB_NIFTI_I16 = 4, GB_NIFTI_I32 = 8, GB_NIFTI_F32 = 16, GB_NIFTI_F64 = 64,
	GB_NIFTI_I8 = 256, GB_NIFTI_U16 = 512, GB_NIFTI_U32 = 768, GB_NIFTI_I64 = 1024, GB_NIFTI_U64 = 1280
} gb_nifti_type;

typedef struct gb_nifti_header {
	int version;         /* 1 or 2 */
	bool swapped;        /* other byte order than this machine's */
	bool pair;           /* .hdr and .img */
	int rank;            /* dimensions of the header, without trailing ones of length 1; at least 3 */
	gb_nifti_geometry geometry;
	int64_t volumes;     /* 1 for a 3-D image */
	gb_nifti_type type;
	size_t value_bytes;  /* of one voxel */
	size_t volume_bytes, data_bytes;
	uint64_t data_offset;
	double slope, inter; /* value = slope · stored + inter; 1 and 0 where the header says none */
	float repetition;    /* pixdim[4] as it stands */
	int time_unit;       /* 8 s, 16 ms, 24 µs, else none */
} gb_nifti_header;

/* BYTES: the first SIZE bytes of the (inflated) header file.  GB_DATA, with
 * NAME, for what is no NIfTI (CIFTI, GIFTI, ANALYZE named) or cannot be true. */
GB_CHECK gb_status gb_nifti_header_parse(gb_nifti_header *header, const uint8_t *bytes, size_t size,
                                         const char *name, gb_err *err);

/* The repetition time that the header states: the shortest decimal that reads
 * back as its float32, in its unit (0.72 is 18/25).  False, with WHY, when it is
 * implausible (≤ 0, > 30 s, not a number) or has no unit of time. */
bool gb_nifti_header_tr(const gb_nifti_header *header, gb_rational *tr, char why[96]);

const char *gb_nifti_type_name(gb_nifti_type type);   /* "int16" */
const char *gb_nifti_space_name(int space);           /* "unknown", "scanner", …, "MNI152" */

GB_END_DECLS
#endif
