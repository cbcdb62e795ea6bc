/* SPDX-License-Identifier: MIT */
#include "encodec/layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* ---- queue ---- */

static gb_status queue_open(gb_queue *q, size_t width, size_t ld, size_t room, gb_err *err)
{
	size_t count;

	*q = (gb_queue){.width = width, .room = room, .at.ld = ld};
	if (!gb_size_mul(room, ld, &count))
		return gb_fail(err, GB_SYSTEM, "%zu rows of %zu floats: too many", room, ld);
	q->at.row = gb_array(count, sizeof *q->at.row, err);
	return q->at.row ? GB_OK : GB_SYSTEM;
}

static gb_rows queue_tail(const gb_queue *q)
{
	return (gb_rows){q->at.row ? q->at.row + q->have * q->at.ld : NULL, q->at.ld};
}

static void queue_drop(gb_queue *q, size_t count)
{
	q->have -= count;
	if (q->at.row)
		memmove(q->at.row, q->at.row + count * q->at.ld, q->have * q->at.ld * sizeof(float));
}

/* ---- convolution ---- */

/* Windows that begin a multiple of 4 KiB apart fall into the same sets of the first cache: keep them off
 * it. */
static size_t spread(const gb_conv *c)
{
	size_t in = (size_t)c->in;

	return c->stride > 1 && in * (size_t)c->stride % 1024 == 0 ? in + 16 : in;
}

gb_status gb_conv_state_open(gb_conv_state *s, const gb_conv *conv, size_t rows, bool causal, bool beside,
                             gb_err *err)
{
	int total = conv->kernel - conv->stride;
	size_t room = rows + 3 * (size_t)conv->kernel + 4;
	gb_status status;

	*s = (gb_conv_state){.conv = conv};
	if (total < 0)
		return gb_fail(err, GB_DATA, "a convolution whose stride %d is above its kernel %d",
		               conv->stride, conv->kernel);
	s->after = causal ? 0 : total / 2;
	s->before = total - s->after;
	status = queue_open(&s->in, (size_t)conv->in, beside ? (size_t)conv->in : spread(conv), room, err);
	if (status == GB_OK && beside)
		status = queue_open(&s->beside, (size_t)conv->in, (size_t)conv->in, room, err);
	return status;
}

void gb_conv_state_close(gb_conv_state *s)
{
	free(s->in.at.row);
	free(s->beside.at.row);
	*s = (gb_conv_state){0};
}

void gb_conv_state_start(gb_conv_state *s, bool at_start)
{
	s->begun = !at_start;
	s->in.have = s->beside.have = at_start ? (size_t)s->before : 0;
}

gb_rows gb_conv_tail(const gb_conv_state *s) { return queue_tail(&s->in); }
gb_rows gb_conv_tail_beside(const gb_conv_state *s) { return queue_tail(&s->beside); }

void gb_conv_state_add(gb_conv_state *s, size_t count)
{
	s->in.have += count;
	s->beside.have += count;
}

void gb_conv_fill(gb_conv_state *s, const float *x, size_t count)
{
	gb_rows to = gb_conv_tail(s);

	for (size_t row = 0; row < count; row++)
		memcpy(to.row + row * to.ld, x + row * s->in.width, s->in.width * sizeof *x);
	gb_conv_state_add(s, count);
}

static void reflect_row(gb_conv_state *s, ptrdiff_t to, ptrdiff_t from)
{
	float *x = s->in.at.row;
	ptrdiff_t ld = (ptrdiff_t)s->in.at.ld;

	memcpy(x + (s->before + to) * ld, x + (s->before + from) * ld, s->in.width * sizeof *x);
}

/* Reflect at the true ends of ROWS rows, RIGHT of them behind the last.  A
 * sound that is not longer than its padding is first extended with zeros to one
 * row more than it, reflected, and the extension cut off again at the right. */
static void pad(gb_conv_state *s, size_t rows, size_t right)
{
	size_t most = (size_t)s->before > right ? (size_t)s->before : right, length = rows;

	if (!s->begun && rows <= most) {
		length = most + 1;
		memset(queue_tail(&s->in).row, 0, (length - rows) * s->in.at.ld * sizeof(float));
	}
	if (!s->begun)
		for (ptrdiff_t i = 1; i <= s->before; i++)
			reflect_row(s, -i, i);
	for (size_t i = length; i < rows + right; i++)
		reflect_row(s, (ptrdiff_t)i, 2 * (ptrdiff_t)length - 2 - (ptrdiff_t)i);
}

size_t gb_conv_ready(gb_conv_state *s, bool last)
{
	size_t stride = (size_t)s->conv->stride, kernel = (size_t)s->conv->kernel, before = (size_t)s->before;
	size_t rows = s->in.have > before ? s->in.have - before : 0, right = 0;

	if (!s->begun && !last && rows <= before)
		return 0;
	if (last)
		right = (size_t)s->after + (rows + stride - 1) / stride * stride - rows;
	if (!s->begun || last)
		pad(s, rows, right);
	s->begun = true;
	gb_conv_state_add(s, right);
	return s->in.have < kernel ? 0 : (s->in.have - kernel) / stride + 1;
}

/* One group over all rows and channels, epsilon 1e-5, in place. */
static void group_norm(const gb_conv *conv, gb_rows x, size_t rows)
{
	size_t channels = (size_t)conv->out, count = rows * channels;
	double sum = 0, square = 0, mean, scale;

	for (size_t row = 0; row < rows; row++)
		for (size_t c = 0; c < channels; c++)
			sum += x.row[row * x.ld + c];
	mean = sum / (double)count;
	for (size_t row = 0; row < rows; row++)
		for (size_t c = 0; c < channels; c++)
			square += (x.row[row * x.ld + c] - mean) * (x.row[row * x.ld + c] - mean);
	scale = 1 / sqrt(square / (double)count + 1e-5);
	for (size_t row = 0; row < rows; row++)
		for (size_t c = 0; c < channels; c++) {
			float *at = x.row + row * x.ld + c;
			*at = (float)((*at - mean) * scale) * conv->norm_weight[c] + conv->norm_bias[c];
		}
}

void gb_layer_run(const gb_conv *conv, gb_product *p, gb_rows raw, gb_rows elu, gb_pool *pool)
{
	const gb_encodec_kernel *kernel = gb_encodec_kernel_of_class();
	gb_rows normed = raw.row ? raw : elu;
	size_t repeat = (size_t)p->w->n / (size_t)conv->out; /* rows of a transposed convolution */

	if (!p->rows)
		return;
	if (!conv->norm_weight) {
		p->raw = raw.row;
		p->raw_ld = raw.ld * repeat;
		p->elu = elu.row;
		p->elu_ld = elu.ld * repeat;
		gb_product_run(p, pool);
		return;
	}
	p->raw = normed.row;
	p->raw_ld = normed.ld * repeat;
	gb_product_run(p, pool);
	group_norm(conv, normed, p->rows * repeat);
	for (size_t row = 0; elu.row && row < p->rows * repeat; row++)
		kernel->elu(normed.row + row * normed.ld, elu.row + row * elu.ld, (size_t)conv->out);
}

void gb_conv_run(const gb_conv_state *s, size_t frames, gb_rows raw, gb_rows elu, gb_pool *pool)
{
	const gb_conv *c = s->conv;
	bool dense = s->in.at.ld == s->in.width;
	gb_product p = {.w = &c->panels, .spans = 1, .rows = frames};

	p.span[0] = (gb_span){s->in.at.row, (size_t)c->stride * s->in.at.ld, s->in.at.ld,
	                      dense ? 1 : c->kernel, dense ? c->kernel * c->in : c->in};
	gb_layer_run(c, &p, raw, elu, pool);
}

void gb_conv_take(gb_conv_state *s, size_t frames)
{
	queue_drop(&s->in, frames * (size_t)s->conv->stride);
	if (s->beside.at.row)
		queue_drop(&s->beside, frames * (size_t)s->conv->stride);
}

/* ---- residual block ---- */

gb_status gb_residual_state_open(gb_residual_state *s, const gb_residual *block, size_t rows, bool causal,
                                 gb_err *err)
{
	gb_status status = gb_conv_state_open(&s->narrow, &block->narrow, rows, causal, true, err);
	size_t most = status == GB_OK ? s->narrow.in.room : 0;

	s->block = block;
	s->hidden = s->shortcut = NULL;
	if (status == GB_OK && !(s->hidden = gb_array(most * (size_t)block->narrow.out, sizeof(float), err)))
		status = GB_SYSTEM;
	if (status == GB_OK && !block->sum.k &&
	    !(s->shortcut = gb_array(most * (size_t)block->widen.out, sizeof(float), err)))
		status = GB_SYSTEM;
	return status;
}

void gb_residual_state_close(gb_residual_state *s)
{
	gb_conv_state_close(&s->narrow);
	free(s->hidden);
	free(s->shortcut);
	*s = (gb_residual_state){0};
}

void gb_add_elu(float *x, const float *y, size_t count)
{
	for (size_t i = 0; i < count; i++)
		x[i] += y[i];
	gb_encodec_kernel_of_class()->elu(x, x, count);
}

size_t gb_residual_run(gb_residual_state *s, bool last, gb_rows elu)
{
	const gb_residual *r = s->block;
	size_t frames = gb_conv_ready(&s->narrow, last), hidden = (size_t)r->narrow.out,
	       width = (size_t)r->widen.out;
	const gb_queue *x = &s->narrow.beside;
	gb_span of_hidden = {s->hidden, hidden, 0, 1, r->narrow.out};
	gb_span of_x = {x->at.row + (size_t)s->narrow.before * x->at.ld, x->at.ld, 0, 1, r->shortcut.in};
	gb_rows none = {NULL, 0};

	if (!frames)
		return 0;
	gb_conv_run(&s->narrow, frames, none, (gb_rows){s->hidden, hidden}, NULL);
	if (r->sum.k) {
		gb_product both = {.w = &r->sum, .span = {of_hidden, of_x}, .spans = 2, .rows = frames};
		gb_layer_run(&r->widen, &both, none, elu, NULL);
	} else {
		gb_product widen = {.w = &r->widen.panels, .span = {of_hidden}, .spans = 1, .rows = frames};
		gb_product shortcut = {.w = &r->shortcut.panels, .span = {of_x}, .spans = 1, .rows = frames};
		gb_layer_run(&r->widen, &widen, elu, none, NULL);
		gb_layer_run(&r->shortcut, &shortcut, (gb_rows){s->shortcut, width}, none, NULL);
		for (size_t row = 0; row < frames; row++)
			gb_add_elu(elu.row + row * elu.ld, s->shortcut + row * width, width);
	}
	gb_conv_take(&s->narrow, frames);
	return frames;
}
