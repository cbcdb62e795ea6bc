/* SPDX-License-Identifier: MIT */
#include "fmri/mask_tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

static gb_json *affine_json(const gb_nifti_geometry *g)
{
	gb_json *rows = gb_json_array();

	for (int i = 0; i < 4; i++) {
		gb_json *row = gb_json_array();

		for (int j = 0; j < 4; j++)
			gb_json_append(row, gb_json_real(i < 3 ? g->affine[i][j] : j == 3));
		gb_json_append(rows, row);
	}
	return rows;
}

gb_status gb_mask_tensor_add(gb_tensor_writer *writer, const char *name, const gb_nifti_mask *mask,
                             gb_err *err)
{
	const gb_nifti_geometry *g = &mask->geometry;
	gb_json *attributes = gb_json_object();
	gb_tensor_spec spec = {.name = name,
	                       .dtype = GB_U8,
	                       .rank = 3,
	                       .shape = {g->size[0], g->size[1], g->size[2]},
	                       .dims = "x,y,z",
	                       .doc = "1 where a voxel is kept; kept voxels are numbered with x fastest"};

	if (!gb_json_set(attributes, "affine", affine_json(g)) ||
	    !gb_json_set(attributes, "space", gb_json_string(gb_nifti_space_name(g->space)))) {
		gb_json_free(attributes);
		return gb_fail(err, GB_SYSTEM, "no memory for the mask's affine");
	}
	spec.attributes = attributes;
	return gb_tensor_writer_add(writer, &spec, err);
}

/* x fastest in the mask, z fastest in the tensor. */
static void turn(const gb_nifti_geometry *g, const uint8_t *from, uint8_t *to, bool to_tensor)
{
	size_t nx = (size_t)g->size[0], ny = (size_t)g->size[1], nz = (size_t)g->size[2];

	for (size_t x = 0; x < nx; x++)
		for (size_t y = 0; y < ny; y++)
			for (size_t z = 0; z < nz; z++) {
				size_t tensor = (x * ny + y) * nz + z, file = (z * ny + y) * nx + x;

				to[to_tensor ? tensor : file] = from[to_tensor ? file : tensor];
			}
}

gb_status gb_mask_tensor_put(gb_tensor_writer *writer, const char *name, const gb_nifti_mask *mask,
                             gb_err *err)
{
	uint8_t *values = gb_array(mask->grid, 1, err);
	gb_status status = GB_SYSTEM;

	if (values) {
		turn(&mask->geometry, mask->inside, values, true);
		status = gb_tensor_writer_put(writer, name, values, mask->grid, err);
	}
	free(values);
	return status;
}

static gb_status read_affine(gb_nifti_geometry *g, const gb_tensor_file *file, const char *name, gb_err *err)
{
	const gb_json *affine = gb_tensor_file_attribute(file, name, "affine");
	const char *space = gb_json_text(gb_tensor_file_attribute(file, name, "space"));

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 4; j++) {
			g->affine[i][j] = i == j;
			if (affine &&
			    (!gb_json_read_number(gb_json_at(gb_json_at(affine, (size_t)i), (size_t)j),
			                          &g->affine[i][j]) ||
			     !isfinite(g->affine[i][j])))
				return gb_fail(err, GB_DATA, "%s: tensor %s: its affine is not 4 × 4 numbers",
				               gb_tensor_file_name(file), name);
		}
	for (int i = 0; space && i < 6; i++)
		if (!strcmp(space, gb_nifti_space_name(i)))
			g->space = i;
	return GB_OK;
}

gb_status gb_mask_tensor_read(gb_nifti_mask *mask, gb_tensor_file *file, const char *name, gb_err *err)
{
	gb_nifti_geometry g = {{0}};
	const gb_tensor *tensor;
	uint8_t *inside;
	gb_status status;

	memset(mask, 0, sizeof *mask);
	if ((status = gb_tensor_file_need(file, name, GB_U8, 3, &tensor, err)) ||
	    (status = read_affine(&g, file, name, err)))
		return status;
	memcpy(g.size, tensor->shape, sizeof g.size);
	inside = gb_array(tensor->elements, 1, err);
	if (!inside)
		return GB_SYSTEM;
	turn(&g, tensor->data, inside, false);
	status = gb_nifti_mask_make(mask, &g, inside, err);
	free(inside);
	return status;
}

gb_status gb_mask_tensor_same(gb_tensor_file *a, gb_tensor_file *b, const char *name, bool *same, gb_err *err)
{
	const gb_tensor *x = gb_tensor_file_find(a, name), *y = gb_tensor_file_find(b, name);
	gb_nifti_geometry g = {{0}}, h = {{0}};
	gb_status status;

	*same = a == b || (!x && !y);
	if (*same || !x || !y)
		return GB_OK;
	if ((status = gb_tensor_file_need(a, name, GB_U8, 3, &x, err)) ||
	    (status = gb_tensor_file_need(b, name, GB_U8, 3, &y, err)) ||
	    (status = read_affine(&g, a, name, err)) || (status = read_affine(&h, b, name, err)))
		return status;
	memcpy(g.size, x->shape, sizeof g.size);
	memcpy(h.size, y->shape, sizeof h.size);
	*same = gb_nifti_geometry_same(&g, &h) && memcmp(x->data, y->data, x->bytes) == 0;
	return GB_OK;
}
