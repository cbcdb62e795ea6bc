/* SPDX-License-Identifier: MIT */
#include "plot/png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "io/file.h"

gb_status gb_png_encode(const gb_canvas *canvas, uint8_t **data, size_t *size, gb_err *err)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
	png_alloc_size_t bytes;
	uint8_t *out;

	image.width = (png_uint_32)canvas->width;
	image.height = (png_uint_32)canvas->height;
	bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
	out = gb_array(bytes, 1, err);
	if (!out)
		return GB_SYSTEM;
	if (!png_image_write_to_memory(&image, out, &bytes, 0, canvas->rgb, 3 * canvas->width, NULL)) {
		free(out);
		return gb_fail(err, GB_SYSTEM, "picture: %d × %d: libpng: %s", canvas->width, canvas->height,
		               image.message);
	}
	*data = out;
	*size = bytes;
	return GB_OK;
}

gb_status gb_png_write(const gb_canvas *canvas, const char *path, gb_err *err)
{
	gb_output output = {0};
	uint8_t *data = NULL;
	size_t size = 0;
	gb_status status = gb_png_encode(canvas, &data, &size, err);

	if (!status)
		status = gb_output_open(&output, path, true, err);
	if (!status)
		status = gb_output_write(&output, data, size, err);
	if (!status)
		status = gb_output_commit(&output, err);
	if (status)
		gb_output_abort(&output);
	free(data);
	return status;
}

char *gb_png_data_uri(const gb_canvas *canvas, gb_err *err)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char head[] = "data:image/png;base64,";
	uint8_t *data;
	size_t size;
	char *text, *p;

	if (gb_png_encode(canvas, &data, &size, err))
		return NULL;
	text = gb_array(sizeof head + (size + 2) / 3 * 4, 1, err);
	if (text) {
		p = stpcpy(text, head);
		for (size_t i = 0; i < size; i += 3, p += 4) {
			size_t left = size - i;
			uint32_t word = (uint32_t)data[i] << 16 |
			                (left > 1 ? (uint32_t)data[i + 1] << 8 : 0) |
			                (left > 2 ? data[i + 2] : 0u);
			p[0] = digit[word >> 18];
			p[1] = digit[word >> 12 & 63];
			p[2] = left > 1 ? digit[word >> 6 & 63] : '=';
			p[3] = left > 2 ? digit[word & 63] : '=';
		}
	}
	free(data);
	return text;
}
