/* SPDX-License-Identifier: MIT */
#include "encodec/weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "meta/tensor_file.h"

typedef struct loader {
	gb_tensor_file *file;
	gb_err *err;
} loader;

static bool has(const loader *l, const char *name) { return gb_tensor_file_find(l->file, name) != NULL; }

/* Tensor NAME as floats; every axis of SHAPE that is not 0 must agree, others are filled in. */
static gb_status floats(loader *l, const char *name, int rank, int64_t *shape, float **out)
{
	const gb_tensor *t;
	gb_status status = gb_tensor_file_need(l->file, name, GB_FOREIGN, rank, &t, l->err);

	if (status != GB_OK)
		return status;
	if (t->dtype != GB_F32 && t->dtype != GB_F16 && t->dtype != GB_BF16)
		return gb_fail(l->err, GB_DATA, "%s: tensor %s: type %s, F32, F16 or BF16 is wanted", gb_tensor_file_name(l->file), name,
		               t->dtype_name);
	for (int i = 0; i < rank; i++) {
		if (!t->shape[i] || t->shape[i] > 1 << 20 || (shape[i] && shape[i] != t->shape[i]))
			return gb_fail(l->err, GB_DATA, "%s: tensor %s: axis %d has %lld, %lld is wanted", gb_tensor_file_name(l->file), name,
			               i, (long long)t->shape[i], (long long)shape[i]);
		shape[i] = t->shape[i];
	}
	if (!(*out = gb_array(t->elements, sizeof **out, l->err)))
		return GB_SYSTEM;
	gb_dtype_to_float(t->dtype, t->data, 0, t->elements, *out);
	for (size_t i = 0; i < t->elements; i++)
		if (!isfinite((*out)[i])) {
			free(*out);
			*out = NULL;
			return gb_fail(l->err, GB_DATA, "%s: tensor %s: element %zu is not finite", gb_tensor_file_name(l->file), name, i);
		}
	return GB_OK;
}

static gb_status vector(loader *l, const char *name, int length, float **out)
{
	return floats(l, name, 1, (int64_t[]){length}, out);
}

/* w = g·v/‖v‖, the norm over all but axis 0. */
static gb_status fold(loader *l, const char *g_name, const char *v_name, int64_t shape[3], float **out)
{
	float *g = NULL;
	int64_t g_shape[3] = {0, 1, 1};
	size_t inner;
	gb_status status = floats(l, v_name, 3, shape, out);

	g_shape[0] = shape[0];
	if (status != GB_OK || (status = floats(l, g_name, 3, g_shape, &g)) != GB_OK)
		return status;
	inner = (size_t)(shape[1] * shape[2]);
	for (int64_t o = 0; o < shape[0]; o++) {
		float *row = *out + (size_t)o * inner;
		double square = 0;
		for (size_t i = 0; i < inner; i++)
			square += (double)row[i] * row[i];
		for (size_t i = 0; i < inner; i++)
			row[i] = (float)(g[o] * (row[i] / sqrt(square)));
	}
	free(g);
	return GB_OK;
}

/* The weight of PREFIX.conv in whichever spelling the file has. */
static gb_status conv_weight(loader *l, const char *prefix, int64_t shape[3], float **out)
{
	char g[160], v[160];

	snprintf(g, sizeof g, "%s.conv.weight_g", prefix);
	snprintf(v, sizeof v, "%s.conv.weight_v", prefix);
	if (has(l, v))
		return fold(l, g, v, shape, out);
	snprintf(g, sizeof g, "%s.conv.parametrizations.weight.original0", prefix);
	snprintf(v, sizeof v, "%s.conv.parametrizations.weight.original1", prefix);
	if (has(l, v))
		return fold(l, g, v, shape, out);
	snprintf(v, sizeof v, "%s.conv.weight", prefix);
	return floats(l, v, 3, shape, out);
}

static gb_status norm(loader *l, const char *prefix, gb_conv *conv)
{
	char name[160];
	gb_status status;

	snprintf(name, sizeof name, "%s.norm.weight", prefix);
	if (!has(l, name))
		return GB_OK;
	if ((status = vector(l, name, conv->out, &conv->norm_weight)) != GB_OK)
		return status;
	snprintf(name, sizeof name, "%s.norm.bias", prefix);
	return vector(l, name, conv->out, &conv->norm_bias);
}

/* IN 0 or KERNEL 0: whatever the file says. */
static gb_status conv(loader *l, const char *prefix, int in, int out, int kernel, int stride, gb_conv *c)
{
	char name[160];
	int64_t shape[3] = {out, in, kernel};
	float *w = NULL;
	gb_status status = conv_weight(l, prefix, shape, &w);

	if (status != GB_OK)
		goto done;
	c->out = (int)shape[0];
	c->in = (int)shape[1];
	c->kernel = (int)shape[2];
	c->stride = stride ? stride : c->kernel / 2;
	if (!stride && (c->kernel % 2 || c->kernel > 64)) {
		status = gb_fail(l->err, GB_DATA, "%s: tensor %s.conv: kernel %d is not twice a ratio", gb_tensor_file_name(l->file),
		                 prefix, c->kernel);
		goto done;
	}
	if (!(c->weight = gb_array((size_t)c->kernel * c->in * c->out, sizeof *w, l->err))) {
		status = GB_SYSTEM;
		goto done;
	}
	for (int o = 0; o < c->out; o++)
		for (int i = 0; i < c->in; i++)
			for (int j = 0; j < c->kernel; j++)
				c->weight[((size_t)j * c->in + i) * c->out + o] = w[((size_t)o * c->in + i) * c->kernel + j];
	snprintf(name, sizeof name, "%s.conv.bias", prefix);
	if ((status = vector(l, name, c->out, &c->bias)) == GB_OK)
		status = norm(l, prefix, c);
done:
	free(w);
	return status;
}

/* Transposed: the file has [in, out, kernel]. */
static gb_status conv_up(loader *l, const char *prefix, int in, int stride, gb_conv *c)
{
	char name[160];
	int64_t shape[3] = {in, 0, 2 * stride};
	float *w = NULL;
	gb_status status = conv_weight(l, prefix, shape, &w);

	if (status != GB_OK)
		goto done;
	*c = (gb_conv){.in = in, .out = (int)shape[1], .kernel = 2 * stride, .stride = stride};
	if (!(c->weight = gb_array((size_t)2 * in * stride * c->out, sizeof *w, l->err))) {
		status = GB_SYSTEM;
		goto done;
	}
	for (int before = 0; before < 2; before++)
		for (int i = 0; i < in; i++)
			for (int j = 0; j < stride; j++)
				for (int o = 0; o < c->out; o++)
					c->weight[((size_t)(before ? 0 : in) + i) * stride * c->out + (size_t)j * c->out + o] =
					    w[((size_t)i * c->out + o) * c->kernel + j + (before ? stride : 0)];
	snprintf(name, sizeof name, "%s.conv.bias", prefix);
	if ((status = vector(l, name, c->out, &c->bias)) == GB_OK)
		status = norm(l, prefix, c);
done:
	free(w);
	return status;
}

static gb_status residual(loader *l, const char *side, int index, int width, gb_residual *r)
{
	char name[96];
	gb_status status;

	snprintf(name, sizeof name, "%s.layers.%d.block.1", side, index);
	if ((status = conv(l, name, width, 0, 0, 1, &r->narrow)) != GB_OK)
		return status;
	snprintf(name, sizeof name, "%s.layers.%d.block.3", side, index);
	if ((status = conv(l, name, r->narrow.out, width, 0, 1, &r->widen)) != GB_OK)
		return status;
	snprintf(name, sizeof name, "%s.layers.%d.shortcut", side, index);
	return conv(l, name, width, width, 1, 1, &r->shortcut);
}

static gb_status lstm(loader *l, const char *side, int index, int width, gb_lstm *m)
{
	gb_status status = GB_OK;

	m->width = width;
	for (int layer = 0; layer < 2 && status == GB_OK; layer++) {
		const char *part[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
		float *read[4] = {0};
		for (int k = 0; k < 4 && status == GB_OK; k++) {
			char name[96];
			snprintf(name, sizeof name, "%s.layers.%d.lstm.%s_l%d", side, index, part[k], layer);
			status = k < 2 ? floats(l, name, 2, (int64_t[]){4 * width, width}, &read[k]) : vector(l, name, 4 * width, &read[k]);
		}
		m->input[layer] = gb_array((size_t)4 * width * width, sizeof(float), l->err);
		m->recurrent[layer] = gb_array((size_t)4 * width * width, sizeof(float), l->err);
		if (status == GB_OK && (!m->input[layer] || !m->recurrent[layer]))
			status = GB_SYSTEM;
		if (status == GB_OK) {
			for (int row = 0; row < 4 * width; row++) {
				for (int column = 0; column < width; column++) {
					m->input[layer][(size_t)column * 4 * width + row] = read[0][(size_t)row * width + column];
					m->recurrent[layer][(size_t)column * 4 * width + row] = read[1][(size_t)row * width + column];
				}
				read[2][row] += read[3][row];
			}
			m->bias[layer] = read[2];
			read[2] = NULL;
		}
		for (int k = 0; k < 4; k++)
			free(read[k]);
	}
	return status;
}

static gb_status codebooks(loader *l, gb_encodec_weights *w)
{
	char name[96];
	size_t size;

	for (w->codebooks = 0;; w->codebooks++) {
		snprintf(name, sizeof name, "quantizer.layers.%d.codebook.embed", w->codebooks);
		if (!has(l, name) || w->codebooks == 1024)
			break;
	}
	if (!w->codebooks)
		return gb_fail(l->err, GB_DATA, "%s: no tensor quantizer.layers.0.codebook.embed: no EnCodec model", gb_tensor_file_name(l->file));
	for (int n = 0; n < w->codebooks; n++) {
		int64_t shape[2] = {w->codes, w->width};
		float *book = NULL;
		gb_status status;
		snprintf(name, sizeof name, "quantizer.layers.%d.codebook.embed", n);
		if ((status = floats(l, name, 2, shape, &book)) != GB_OK)
			return status;
		if (!w->codes && shape[0] > INT16_MAX) {
			free(book);
			return gb_fail(l->err, GB_DATA, "%s: tensor %s: %lld codes do not fit I16", gb_tensor_file_name(l->file), name, (long long)shape[0]);
		}
		w->codes = (int)shape[0];
		size = (size_t)w->codes * w->width;
		if (!n && (!(w->codebook = gb_array(size * w->codebooks, sizeof *book, l->err)) ||
		           !(w->half_norm = gb_array((size_t)w->codes * w->codebooks, sizeof *book, l->err)))) {
			free(book);
			return GB_SYSTEM;
		}
		memcpy(w->codebook + n * size, book, size * sizeof *book);
		for (int c = 0; c < w->codes; c++) {
			double square = 0;
			for (int d = 0; d < w->width; d++)
				square += (double)book[(size_t)c * w->width + d] * book[(size_t)c * w->width + d];
			w->half_norm[(size_t)n * w->codes + c] = (float)(square / 2);
		}
		free(book);
	}
	return GB_OK;
}

/* Stages: what stands between the first convolution and the LSTM, three layers each. */
static gb_status count_stages(loader *l, gb_encodec_weights *w)
{
	char name[96];

	for (w->stages = 1; w->stages <= GB_ENCODEC_STAGES_MAX; w->stages++) {
		snprintf(name, sizeof name, "encoder.layers.%d.lstm.weight_ih_l0", 3 * w->stages + 1);
		if (has(l, name))
			return GB_OK;
	}
	return gb_fail(l->err, GB_DATA, "%s: no tensor encoder.layers.13.lstm.weight_ih_l0: no EnCodec model", gb_tensor_file_name(l->file));
}

static gb_status load_encoder(loader *l, gb_encodec_weights *w)
{
	char name[96];
	int width;
	gb_status status = conv(l, "encoder.layers.0", 0, 0, 0, 1, &w->encoder_in);

	if (status != GB_OK)
		return status;
	w->channels = w->encoder_in.in;
	if (w->channels > 2)
		return gb_fail(l->err, GB_DATA, "%s: %d channels, 1 or 2 are wanted", gb_tensor_file_name(l->file), w->channels);
	w->normed = w->encoder_in.norm_weight != NULL;
	width = w->encoder_in.out;
	w->hop = 1;
	for (int i = 0; i < w->stages; i++) {
		if ((status = residual(l, "encoder", 3 * i + 1, width, &w->encoder_block[i])) != GB_OK)
			return status;
		snprintf(name, sizeof name, "encoder.layers.%d", 3 * i + 3);
		if ((status = conv(l, name, width, 0, 0, 0, &w->down[i])) != GB_OK)
			return status;
		width = w->down[i].out;
		w->hop *= w->down[i].stride;
		if (w->hop > 1 << 14)
			return gb_fail(l->err, GB_DATA, "%s: %s: the ratios multiply to more than %d", gb_tensor_file_name(l->file), name, 1 << 14);
	}
	if ((status = lstm(l, "encoder", 3 * w->stages + 1, width, &w->encoder_lstm)) != GB_OK)
		return status;
	snprintf(name, sizeof name, "encoder.layers.%d", 3 * w->stages + 3);
	if ((status = conv(l, name, width, 0, 0, 1, &w->encoder_out)) != GB_OK)
		return status;
	w->width = w->encoder_out.out;
	return GB_OK;
}

static gb_status load_decoder(loader *l, gb_encodec_weights *w)
{
	char name[96];
	int width;
	gb_status status = conv(l, "decoder.layers.0", w->width, w->encoder_lstm.width, 0, 1, &w->decoder_in);

	width = w->encoder_lstm.width;
	if (status != GB_OK || (status = lstm(l, "decoder", 1, width, &w->decoder_lstm)) != GB_OK)
		return status;
	for (int i = 0; i < w->stages; i++) {
		snprintf(name, sizeof name, "decoder.layers.%d", 3 * i + 3);
		if ((status = conv_up(l, name, width, w->down[w->stages - 1 - i].stride, &w->up[i])) != GB_OK)
			return status;
		width = w->up[i].out;
		if ((status = residual(l, "decoder", 3 * i + 4, width, &w->decoder_block[i])) != GB_OK)
			return status;
	}
	snprintf(name, sizeof name, "decoder.layers.%d", 3 * w->stages + 3);
	return conv(l, name, width, w->channels, 0, 1, &w->decoder_out);
}

gb_status gb_encodec_weights_open(gb_encodec_weights *w, const char *path, gb_err *err)
{
	loader l = {.err = err};
	gb_status status;

	memset(w, 0, sizeof *w);
	if (access(path, R_OK) != 0)
		return gb_fail(err, GB_SYSTEM, "%s: the EnCodec weights are not there", path);
	if ((status = gb_tensor_file_open(&l.file, path, err)) != GB_OK)
		return status;
	if ((status = count_stages(&l, w)) == GB_OK && (status = load_encoder(&l, w)) == GB_OK &&
	    (status = load_decoder(&l, w)) == GB_OK)
		status = codebooks(&l, w);
	gb_tensor_file_close(l.file);
	if (status != GB_OK)
		gb_encodec_weights_close(w);
	return status;
}

static void free_conv(gb_conv *c)
{
	free(c->weight);
	free(c->bias);
	free(c->norm_weight);
	free(c->norm_bias);
}

static void free_residual(gb_residual *r)
{
	free_conv(&r->narrow);
	free_conv(&r->widen);
	free_conv(&r->shortcut);
}

static void free_lstm(gb_lstm *m)
{
	for (int i = 0; i < 2; i++) {
		free(m->input[i]);
		free(m->recurrent[i]);
		free(m->bias[i]);
	}
}

void gb_encodec_weights_close(gb_encodec_weights *w)
{
	free_conv(&w->encoder_in);
	free_conv(&w->encoder_out);
	free_conv(&w->decoder_in);
	free_conv(&w->decoder_out);
	for (int i = 0; i < GB_ENCODEC_STAGES_MAX; i++) {
		free_conv(&w->down[i]);
		free_conv(&w->up[i]);
		free_residual(&w->encoder_block[i]);
		free_residual(&w->decoder_block[i]);
	}
	free_lstm(&w->encoder_lstm);
	free_lstm(&w->decoder_lstm);
	free(w->codebook);
	free(w->half_norm);
	memset(w, 0, sizeof *w);
}
