/* SPDX-License-Identifier: MIT */
#include "encodec/codec_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "tensor/tensor_file.h"

enum { KERNEL_MAX = 64 };

typedef struct loader {
	gb_tensor_file *file;
	gb_err *err;
	bool normed; /* the first convolution has a norm: then all have */
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
		return gb_fail(l->err, GB_DATA, "%s: tensor %s: type %s, F32, F16 or BF16 is wanted",
		               gb_tensor_file_name(l->file), name, t->dtype_name);
	for (int i = 0; i < rank; i++) {
		if (!t->shape[i] || t->shape[i] > 1 << 20 || (shape[i] && shape[i] != t->shape[i]))
			return gb_fail(l->err, GB_DATA, "%s: tensor %s: axis %d has %lld, %lld is wanted",
			               gb_tensor_file_name(l->file), name, i, (long long)t->shape[i],
			               (long long)shape[i]);
		shape[i] = t->shape[i];
	}
	if (!(*out = gb_array(t->elements, sizeof **out, l->err)))
		return GB_SYSTEM;
	gb_dtype_to_float(t->dtype, t->data, 0, t->elements, *out);
	for (size_t i = 0; i < t->elements; i++)
		if (!isfinite((*out)[i])) {
			free(*out);
			*out = NULL;
			return gb_fail(l->err, GB_DATA, "%s: tensor %s: element %zu is not finite",
			               gb_tensor_file_name(l->file), name, i);
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
	if (!l->normed && has(l, name))
		return gb_fail(l->err, GB_DATA,
		               "%s: tensor %s: the first convolution has no norm, so none may have",
		               gb_tensor_file_name(l->file), name);
	if (!l->normed)
		return GB_OK;
	if ((status = vector(l, name, conv->out, &conv->norm_weight)) != GB_OK)
		return status;
	snprintf(name, sizeof name, "%s.norm.bias", prefix);
	return vector(l, name, conv->out, &conv->norm_bias);
}

/* A convolution as it is read, before it is packed. */
typedef struct raw_conv {
	float *weight; /* [k, n] */
	float *bias;   /* [n] */
} raw_conv;

static void free_raw(raw_conv *r)
{
	free(r->weight);
	free(r->bias);
}

/* The bias, REPEAT times, and the norm. */
static gb_status read_bias(loader *l, const char *prefix, int repeat, gb_conv *c, raw_conv *r)
{
	char name[160];
	float *bias = NULL;
	gb_status status;

	snprintf(name, sizeof name, "%s.conv.bias", prefix);
	if ((status = vector(l, name, c->out, &bias)) != GB_OK)
		return status;
	if (!(r->bias = gb_array((size_t)repeat * (size_t)c->out, sizeof *bias, l->err)))
		status = GB_SYSTEM;
	for (int i = 0; i < repeat && status == GB_OK; i++)
		memcpy(r->bias + (size_t)i * (size_t)c->out, bias, (size_t)c->out * sizeof *bias);
	free(bias);
	return status == GB_OK ? norm(l, prefix, c) : status;
}

static gb_status bad_kernel(loader *l, const char *prefix, int64_t kernel, const char *wanted)
{
	return gb_fail(l->err, GB_DATA, "%s: tensor %s.conv: kernel %lld, %s is wanted",
	               gb_tensor_file_name(l->file), prefix, (long long)kernel, wanted);
}

/* IN, OUT or KERNEL 0: whatever the file says.  STRIDE 0: half the kernel. */
static gb_status read_conv(loader *l, const char *prefix, int in, int out, int kernel, int stride, gb_conv *c,
                           raw_conv *r)
{
	int64_t shape[3] = {out, in, kernel};
	float *w = NULL;
	size_t inputs, outputs, taps;
	gb_status status = conv_weight(l, prefix, shape, &w);

	if (status == GB_OK && shape[2] > KERNEL_MAX)
		status = bad_kernel(l, prefix, shape[2], "at most 64");
	if (status == GB_OK && !stride && shape[2] % 2)
		status = bad_kernel(l, prefix, shape[2], "twice a ratio");
	if (status != GB_OK)
		goto done;
	c->out = (int)(outputs = (size_t)shape[0]);
	c->in = (int)(inputs = (size_t)shape[1]);
	c->kernel = (int)(taps = (size_t)shape[2]);
	c->stride = stride ? stride : c->kernel / 2;
	if (!(r->weight = gb_array(taps * inputs * outputs, sizeof *w, l->err))) {
		status = GB_SYSTEM;
		goto done;
	}
	for (size_t o = 0; o < outputs; o++)
		for (size_t i = 0; i < inputs; i++)
			for (size_t j = 0; j < taps; j++)
				r->weight[(j * inputs + i) * outputs + o] = w[(o * inputs + i) * taps + j];
	status = read_bias(l, prefix, 1, c, r);
done:
	free(w);
	return status;
}

static gb_status conv(loader *l, const char *prefix, int in, int out, int kernel, int stride, gb_conv *c)
{
	raw_conv r = {0};
	gb_status status = read_conv(l, prefix, in, out, kernel, stride, c, &r);

	if (status == GB_OK)
		status = gb_panels_pack(&c->panels, c->kernel * c->in, c->out, r.weight, r.bias, l->err);
	free_raw(&r);
	return status;
}

/* Transposed: the file has [in, out, kernel]. */
static gb_status conv_up(loader *l, const char *prefix, int in, int stride, gb_conv *c)
{
	int64_t shape[3] = {in, 0, 2 * stride};
	raw_conv r = {0};
	float *w = NULL;
	size_t inputs = (size_t)in, ratio = (size_t)stride, outputs;
	gb_status status = conv_weight(l, prefix, shape, &w);

	if (status != GB_OK)
		goto done;
	outputs = (size_t)shape[1];
	*c = (gb_conv){.in = in, .out = (int)outputs, .kernel = 2 * stride, .stride = stride};
	if (!(r.weight = gb_array(2 * inputs * ratio * outputs, sizeof *w, l->err))) {
		status = GB_SYSTEM;
		goto done;
	}
	for (size_t now = 0; now < 2; now++)
		for (size_t i = 0; i < inputs; i++)
			for (size_t j = 0; j < ratio; j++)
				for (size_t o = 0; o < outputs; o++)
					r.weight[((now * inputs + i) * ratio + j) * outputs + o] =
					    w[(i * outputs + o) * 2 * ratio + j + (now ? 0 : ratio)];
	if ((status = read_bias(l, prefix, stride, c, &r)) == GB_OK)
		status = gb_panels_pack(&c->panels, 2 * in, stride * c->out, r.weight, r.bias, l->err);
done:
	free(w);
	free_raw(&r);
	return status;
}

/* Widen and shortcut as one product over [hidden, width], where no norm stands between. */
static gb_status pack_residual(loader *l, gb_residual *r, const raw_conv *widen, const raw_conv *shortcut)
{
	size_t width = (size_t)r->widen.out, hidden = (size_t)r->widen.in * width, rest = width * width;
	float *both, *bias;
	gb_status status = GB_SYSTEM;

	if (r->widen.norm_weight || r->shortcut.norm_weight) {
		status = gb_panels_pack(&r->widen.panels, r->widen.in, r->widen.out, widen->weight,
		                        widen->bias, l->err);
		return status == GB_OK ? gb_panels_pack(&r->shortcut.panels, r->shortcut.in, r->shortcut.out,
		                                        shortcut->weight, shortcut->bias, l->err)
		                       : status;
	}
	both = gb_array(hidden + rest, sizeof *both, l->err);
	bias = gb_array(width, sizeof *bias, l->err);
	if (both && bias) {
		memcpy(both, widen->weight, hidden * sizeof *both);
		memcpy(both + hidden, shortcut->weight, rest * sizeof *both);
		for (size_t i = 0; i < width; i++)
			bias[i] = widen->bias[i] + shortcut->bias[i];
		status = gb_panels_pack(&r->sum, r->widen.in + r->shortcut.in, r->widen.out, both, bias,
		                        l->err);
	}
	free(both);
	free(bias);
	return status;
}

static gb_status residual(loader *l, const char *side, int index, int width, gb_residual *r)
{
	char name[96];
	raw_conv widen = {0}, shortcut = {0};
	gb_status status;

	snprintf(name, sizeof name, "%s.layers.%d.block.1", side, index);
	if ((status = conv(l, name, width, 0, 0, 1, &r->narrow)) != GB_OK)
		return status;
	snprintf(name, sizeof name, "%s.layers.%d.block.3", side, index);
	status = read_conv(l, name, r->narrow.out, width, 1, 1, &r->widen, &widen);
	snprintf(name, sizeof name, "%s.layers.%d.shortcut", side, index);
	if (status == GB_OK)
		status = read_conv(l, name, width, width, 1, 1, &r->shortcut, &shortcut);
	if (status == GB_OK)
		status = pack_residual(l, r, &widen, &shortcut);
	free_raw(&widen);
	free_raw(&shortcut);
	return status;
}

/* Where gate column COLUMN of the file (gate, unit) stands in panels of UNITS. */
static size_t gate_column(size_t column, size_t width, size_t units)
{
	size_t gate = column / width, unit = column % width;

	return unit / units * 4 * units + gate * units + unit % units;
}

static gb_status lstm_layer(loader *l, const char *prefix, int layer, gb_lstm *m)
{
	static const char *const part[] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
	size_t width = (size_t)m->width, wide = 4 * (size_t)m->room,
	       units = (size_t)gb_encodec_kernel_of_class()->units;
	float *read[4] = {0}, *weight = NULL, *bias = NULL;
	gb_status status = GB_OK;

	for (int k = 0; k < 4 && status == GB_OK; k++) {
		char name[96];
		snprintf(name, sizeof name, "%s.lstm.%s_l%d", prefix, part[k], layer);
		status = k < 2 ? floats(l, name, 2, (int64_t[]){4 * m->width, m->width}, &read[k])
		               : vector(l, name, 4 * m->width, &read[k]);
	}
	m->recurrent[layer] = (gb_recurrence){.width = m->width, .panels = m->room / (int)units};
	if (status == GB_OK &&
	    (!(weight = gb_array(width * wide, sizeof *weight, l->err)) ||
	     !(bias = gb_array(wide, sizeof *bias, l->err)) ||
	     !(m->recurrent[layer].weight = gb_array(width * wide, sizeof *weight, l->err))))
		status = GB_SYSTEM;
	for (size_t column = 0; column < 4 * width && status == GB_OK; column++) {
		size_t to = gate_column(column, width, units), panel = to / (4 * units);
		bias[to] = read[2][column] + read[3][column];
		for (size_t k = 0; k < width; k++) {
			weight[k * wide + to] = read[0][column * width + k];
			m->recurrent[layer].weight[(panel * width + k) * 4 * units +
			                           to % (4 * units)] = read[1][column * width + k];
		}
	}
	if (status == GB_OK)
		status = gb_panels_pack(&m->input[layer], m->width, (int)wide, weight, bias, l->err);
	if (status == GB_OK)
		status = gb_recurrence_pack(&m->recurrent[layer], l->err);
	for (int k = 0; k < 4; k++)
		free(read[k]);
	free(weight);
	free(bias);
	return status;
}

static gb_status lstm(loader *l, const char *side, int index, int width, gb_lstm *m)
{
	char prefix[64], name[96];
	gb_status status = GB_OK;

	m->width = width;
	m->room = gb_whole(width, gb_encodec_kernel_of_class()->units);
	snprintf(prefix, sizeof prefix, "%s.layers.%d", side, index);
	do {
		if (m->layers == GB_ENCODEC_LSTM_MAX)
			return gb_fail(l->err, GB_DATA, "%s: %s.lstm: more than %d layers",
			               gb_tensor_file_name(l->file), prefix, GB_ENCODEC_LSTM_MAX);
		status = lstm_layer(l, prefix, m->layers++, m);
		snprintf(name, sizeof name, "%s.lstm.weight_ih_l%d", prefix, m->layers);
	} while (status == GB_OK && has(l, name));
	return status;
}

/* Least squared distance is greatest x·e − |e|²/2: the codewords as columns, the second term as bias. */
static gb_status pack_codebook(loader *l, const gb_encodec_weights *w, const float *book, gb_panels *p)
{
	size_t codes = (size_t)w->codes, width = (size_t)w->width;
	float *columns = gb_array(codes * width, sizeof *columns, l->err),
	      *bias = gb_array(codes, sizeof *bias, l->err);
	gb_status status = columns && bias ? GB_OK : GB_SYSTEM;

	for (size_t c = 0; c < codes && status == GB_OK; c++) {
		double square = 0;
		for (size_t d = 0; d < width; d++) {
			square += (double)book[c * width + d] * book[c * width + d];
			columns[d * codes + c] = book[c * width + d];
		}
		bias[c] = (float)(-square / 2);
	}
	if (status == GB_OK)
		status = gb_panels_pack(p, w->width, w->codes, columns, bias, l->err);
	for (int c = w->codes; status == GB_OK && c < gb_whole(w->codes, gb_encodec_kernel_of_class()->lanes);
	     c++)
		p->bias[c] = -INFINITY;
	free(columns);
	free(bias);
	return status;
}

static gb_status codebook(loader *l, gb_encodec_weights *w, int n)
{
	char name[96];
	int64_t shape[2] = {w->codes, w->width};
	float *book = NULL;
	size_t size;
	gb_status status;

	snprintf(name, sizeof name, "quantizer.layers.%d.codebook.embed", n);
	if ((status = floats(l, name, 2, shape, &book)) != GB_OK)
		return status;
	if (shape[0] > INT16_MAX) {
		free(book);
		return gb_fail(l->err, GB_DATA, "%s: tensor %s: %lld codes do not fit I16",
		               gb_tensor_file_name(l->file), name, (long long)shape[0]);
	}
	w->codes = (int)shape[0];
	size = (size_t)w->codes * (size_t)w->width;
	if (!n && !(w->codebook = gb_array(size * (size_t)w->codebooks, sizeof *book, l->err)))
		status = GB_SYSTEM;
	if (status == GB_OK) {
		memcpy(w->codebook + (size_t)n * size, book, size * sizeof *book);
		status = pack_codebook(l, w, book, &w->distance[n]);
	}
	free(book);
	return status;
}

static gb_status codebooks(loader *l, gb_encodec_weights *w)
{
	char name[96];
	gb_status status = GB_OK;

	for (w->codebooks = 0;; w->codebooks++) {
		snprintf(name, sizeof name, "quantizer.layers.%d.codebook.embed", w->codebooks);
		if (!has(l, name) || w->codebooks == 1024)
			break;
	}
	if (!w->codebooks)
		return gb_fail(l->err, GB_DATA,
		               "%s: no tensor quantizer.layers.0.codebook.embed: no EnCodec model",
		               gb_tensor_file_name(l->file));
	if (!(w->distance = gb_array((size_t)w->codebooks, sizeof *w->distance, l->err)))
		return GB_SYSTEM;
	for (int n = 0; n < w->codebooks && status == GB_OK; n++)
		status = codebook(l, w, n);
	return status;
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
	return gb_fail(l->err, GB_DATA, "%s: no tensor encoder.layers.13.lstm.weight_ih_l0: no EnCodec model",
	               gb_tensor_file_name(l->file));
}

static gb_status load_encoder(loader *l, gb_encodec_weights *w)
{
	char name[96];
	int width;
	gb_status status;

	w->normed = l->normed = has(l, "encoder.layers.0.norm.weight");
	if ((status = conv(l, "encoder.layers.0", 0, 0, 0, 1, &w->encoder_in)) != GB_OK)
		return status;
	w->channels = w->encoder_in.in;
	if (w->channels > 2)
		return gb_fail(l->err, GB_DATA, "%s: %d channels, 1 or 2 are wanted",
		               gb_tensor_file_name(l->file), w->channels);
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
			return gb_fail(l->err, GB_DATA, "%s: %s: the ratios multiply to more than %d",
			               gb_tensor_file_name(l->file), name, 1 << 14);
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

gb_status gb_encodec_weights_read(gb_encodec_weights *w, gb_tensor_file *file, gb_err *err)
{
	loader l = {.file = file, .err = err};
	gb_status status;

	memset(w, 0, sizeof *w);
	if ((status = count_stages(&l, w)) == GB_OK && (status = load_encoder(&l, w)) == GB_OK &&
	    (status = load_decoder(&l, w)) == GB_OK)
		status = codebooks(&l, w);
	if (status != GB_OK)
		gb_encodec_weights_close(w);
	return status;
}

gb_status gb_encodec_weights_open(gb_encodec_weights *w, const char *path, gb_err *err)
{
	gb_tensor_file *file;
	gb_status status;

	memset(w, 0, sizeof *w);
	if (access(path, R_OK) != 0)
		return gb_fail(err, GB_SYSTEM, "%s: the EnCodec weights are not there", path);
	if ((status = gb_tensor_file_open(&file, path, err)) != GB_OK)
		return status;
	status = gb_encodec_weights_read(w, file, err);
	gb_tensor_file_close(file);
	return status;
}

static void free_conv(gb_conv *c)
{
	gb_panels_close(&c->panels);
	free(c->norm_weight);
	free(c->norm_bias);
}

static void free_residual(gb_residual *r)
{
	free_conv(&r->narrow);
	free_conv(&r->widen);
	free_conv(&r->shortcut);
	gb_panels_close(&r->sum);
}

static void free_lstm(gb_lstm *m)
{
	for (int i = 0; i < m->layers; i++) {
		gb_panels_close(&m->input[i]);
		gb_recurrence_close(&m->recurrent[i]);
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
	for (int n = 0; n < w->codebooks && w->distance; n++)
		gb_panels_close(&w->distance[n]);
	free(w->distance);
	free(w->codebook);
	memset(w, 0, sizeof *w);
}
