/* SPDX-License-Identifier: MIT */
/* EnCodec against what the public reference implementation gave for seeded
 * random weights (where these golden files are at hand): latents, codes up to
 * the first near tie, sound; and the same bytes for any pieces and threads. */
#include <unistd.h>

#include "base/cpu.h"
#include "base/size.h"
#include "encodec/stereo.h"
#include "encodec/stream_internal.h"
#include "tensor/tensor_file.h"
#include "tests/tap.h"
#include "encodec/encoder.h"
#include "encodec/decoder.h"
#include "encodec/quantise.h"

static gb_err err;
static const char *folder;

static void must(gb_status status)
{
	if (status != GB_OK) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
}

typedef struct pile { float *data; size_t count; } pile;

static gb_status pile_up(pile *p, const float *x, size_t count)
{
	if (gb_grow(&p->data, p->count + count, sizeof *x, &err) != GB_OK)
		return GB_SYSTEM;
	memcpy(p->data + p->count, x, count * sizeof *x);
	p->count += count;
	return GB_OK;
}

static int width;
static gb_status keep_latents(void *p, const float *x, size_t frames, gb_err *e)
{
	(void)e;
	return pile_up(p, x, frames * (size_t)width);
}
static gb_status keep_samples(void *p, const float *x, size_t count, gb_err *e)
{
	(void)e;
	return pile_up(p, x, count);
}

static pile encode(const gb_encodec_weights *w, const float *x, size_t count, size_t piece,
                   gb_stream_size size, gb_pool *pool)
{
	gb_encoder *e;
	pile out = {0};

	width = w->width;
	must(gb_encoder_open_sized(&e, w, keep_latents, &out, pool, size, &err));
	for (size_t at = 0; at < count; at += piece)
		must(gb_encoder_put(e, x + at, count - at < piece ? count - at : piece, &err));
	must(gb_encoder_finish(e, &err));
	gb_encoder_close(e);
	return out;
}

static pile decode(const gb_encodec_weights *w, const float *x, size_t frames, size_t piece,
                   gb_stream_size size, gb_pool *pool)
{
	gb_decoder *d;
	pile out = {0};

	must(gb_decoder_open_sized(&d, w, keep_samples, &out, pool, size, &err));
	for (size_t at = 0; at < frames; at += piece)
		must(gb_decoder_put(d, x + at * (size_t)w->width, frames - at < piece ? frames - at : piece,
		                    &err));
	must(gb_decoder_finish(d, &err));
	gb_decoder_close(d);
	return out;
}

static gb_tensor_file *open_golden(const char *name)
{
	char path[4096];
	gb_tensor_file *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	must(gb_tensor_file_open(&f, path, &err));
	return f;
}

static const void *golden(gb_tensor_file *f, const char *name, const gb_tensor **t)
{
	must(gb_tensor_file_need(f, name, GB_FOREIGN, -1, t, &err));
	return (*t)->data;
}

/* Worst difference over the largest magnitude; GOT is [rows, columns], WANT [columns, rows]. */
static double worst_transposed(const float *got, const float *want, size_t rows, size_t columns)
{
	double worst = 0, largest = 0;

	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < columns; c++) {
			worst = fmax(worst, fabs((double)got[r * columns + c] - want[c * rows + r]));
			largest = fmax(largest, fabs(want[c * rows + r]));
		}
	return worst / largest;
}

/* Codes equal for every codebook before the first near tie of each frame. */
static size_t wrong_codes(const int16_t *got, const int64_t *want, const float *margin, size_t frames,
                          size_t books, bool margin_by_book)
{
	size_t wrong = 0;

	for (size_t f = 0; f < frames; f++)
		for (size_t n = 0; n < books; n++) {
			if (margin[margin_by_book ? n * frames + f : f * books + n] < 1e-4f)
				break;
			wrong += got[f * books + n] != want[n * frames + f];
		}
	return wrong;
}

/* 16-bit mono WAV with a 78-byte header. */
static float *read_wav(size_t from, size_t count)
{
	char path[4096];
	int16_t sample;
	float *x = gb_array(count, sizeof *x, &err);
	FILE *f;

	snprintf(path, sizeof path, "%s/speech_24k.wav", folder);
	if (!(f = fopen(path, "rb")) || !x || fseek(f, 78 + 2 * (long)from, SEEK_SET))
		exit(1);
	for (size_t i = 0; i < count; i++) {
		if (fread(&sample, 2, 1, f) != 1)
			exit(1);
		x[i] = (float)sample / 32768;
	}
	fclose(f);
	return x;
}

/* The same bytes for pieces as they are put, tiles and rounds as they are cut (from one frame to all), and
 * threads. */
static void same_bytes(const char *name, const gb_encodec_weights *w, const float *x, size_t count,
                       const float *quantised, pile one, pile back)
{
	static const gb_stream_size sizes[] = {{1, 1}, {1, 3}, {2, 1}, {7, 2}, {64, 4}, {500, 1}, {64, 1}};
	static const size_t pieces[] = {1, 77, 320, 20480, 20481, 1 << 20, 5000};
	size_t frames = (count + 319) / 320, bad = 0;
	gb_pool *pool;

	must(gb_pool_open(&pool, 3, &err));
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		pile again = encode(w, x, count, pieces[i], sizes[i], i % 2 ? pool : NULL);
		pile sound = decode(w, quantised, frames, 1 + pieces[i] % 97, sizes[i], i % 2 ? NULL : pool);
		if (again.count != one.count || memcmp(again.data, one.data, one.count * sizeof(float)) ||
		    sound.count != back.count || memcmp(sound.data, back.data, back.count * sizeof(float))) {
			note("pieces of %zu, %zu tiles of %zu", pieces[i], sizes[i].tiles, sizes[i].tile);
			bad++;
		}
		free(again.data);
		free(sound.data);
	}
	gb_pool_close(pool);
	ok(!bad, "%s, %s: the same bytes for all pieces, tiles, rounds, threads", name, gb_cpu_name());
}

static const gb_stream_size usual = {64, 4};

static void causal(const char *name, const char *out_name, size_t from, size_t count)
{
	char path[4096];
	gb_encodec_weights w;
	gb_tensor_file *f = open_golden(out_name);
	const gb_tensor *t;
	const float *latents = golden(f, "latents", &t), *audio, *margin;
	size_t frames = (size_t)t->shape[1], books;
	const int64_t *codes = golden(f, "codes", &t);
	int16_t *got;
	float *x = read_wav(from, count), *quantised;
	pile one, back;

	books = (size_t)t->shape[0];
	margin = golden(f, "margin", &t);
	audio = golden(f, "audio", &t);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	must(gb_encodec_weights_open(&w, path, &err));
	one = encode(&w, x, count, count, usual, NULL);
	ok(one.count == frames * (size_t)w.width && frames == (count + 319) / 320, "%s: %zu frames of %d",
	   name, frames, w.width);
	near(worst_transposed(one.data, latents, frames, (size_t)w.width), 0, 1e-4, "%s: latents", name);
	got = gb_array(frames * books, sizeof *got, &err);
	must(gb_encodec_quantise(&w, one.data, frames, (int)books, got, NULL, NULL, &err));
	ok(wrong_codes(got, codes, margin, frames, books, true) == 0, "%s: codes", name);
	for (size_t i = 0; i < frames * books; i++)
		got[i] = (int16_t)codes[i % books * frames + i / books];
	quantised = gb_array(frames * (size_t)w.width, sizeof *quantised, &err);
	must(gb_encodec_dequantise(&w, got, frames, (int)books, quantised, &err));
	back = decode(&w, quantised, frames, frames, usual, NULL);
	ok(back.count == frames * 320, "%s: %zu samples back", name, back.count);
	near(worst_transposed(back.data, audio, back.count, 1), 0, 1e-4, "%s: sound", name);
	same_bytes(name, &w, x, count, quantised, one, back);
	free(one.data);
	free(back.data);
	free(quantised);
	free(got);
	free(x);
	gb_tensor_file_close(f);
	gb_encodec_weights_close(&w);
}

/* The file round trip; near ties are judged by our own distances. */
static void stereo(void)
{
	char path[4096];
	gb_encodec_weights w;
	gb_tensor_file *f = open_golden("tiny48_out.safetensors");
	const gb_tensor *t;
	const float *input = golden(f, "input", &t), *latents, *scales;
	size_t samples = (size_t)t->shape[1], books, frames, chunks, done = 0, equal = 0;
	const int64_t *codes = golden(f, "codes", &t), *chunk_frames;
	float *x = gb_array(2 * samples, sizeof *x, &err), *out = gb_array(2 * samples, sizeof *out, &err),
	      *room;
	double worst = 0;
	gb_stereo_codes c;

	books = (size_t)t->shape[0];
	frames = (size_t)t->shape[1];
	chunk_frames = golden(f, "chunk_frames", &t);
	chunks = (size_t)t->shape[0];
	scales = golden(f, "scales", &t);
	latents = golden(f, "latents", &t);
	snprintf(path, sizeof path, "%s/tiny48.safetensors", folder);
	must(gb_encodec_weights_open(&w, path, &err));
	for (size_t i = 0; i < samples; i++)
		for (size_t k = 0; k < 2; k++)
			x[2 * i + k] = input[k * samples + i];
	must(gb_stereo_encode(&w, x, samples, (int)books, &c, NULL, &err));
	ok(c.chunks == chunks, "48 kHz: %zu chunks", chunks);
	room = gb_array(frames * (size_t)w.width, sizeof *room, &err);
	for (size_t i = 0; i < chunks; i++) {
		size_t length = samples - i * GB_STEREO_STEP < GB_STEREO_CHUNK ? samples - i * GB_STEREO_STEP
		                                                               : GB_STEREO_CHUNK;
		float *scaled = gb_array(2 * length, sizeof *scaled, &err);
		ok((int64_t)c.frames[i] == chunk_frames[i] && fabsf(c.scale[i] - scales[i]) < 1e-6f,
		   "48 kHz: frames and scale of chunk %zu", i);
		for (size_t k = 0; k < 2 * length; k++)
			scaled[k] = x[2 * i * GB_STEREO_STEP + k] / c.scale[i];
		must(gb_encodec_encode_chunk(&w, scaled, length, room + done * (size_t)w.width, &err));
		done += c.frames[i];
		free(scaled);
	}
	near(worst_transposed(room, latents, frames, (size_t)w.width), 0, 1e-4, "48 kHz: latents");
	{
		int16_t *again = gb_array(frames * books, sizeof *again, &err);
		float *margin = gb_array(frames * books, sizeof *margin, &err);
		must(gb_encodec_quantise(&w, room, frames, (int)books, again, margin, NULL, &err));
		ok(wrong_codes(c.codes, codes, margin, frames, books, false) == 0, "48 kHz: codes");
		free(again);
		free(margin);
	}
	for (size_t i = 0; i < frames * books; i++) {
		equal += c.codes[i] == codes[i % books * frames + i / books];
		c.codes[i] = (int16_t)codes[i % books * frames + i / books];
	}
	note("%zu of %zu codes are equal", equal, frames * books);
	must(gb_stereo_decode(&w, &c, out, NULL, &err));
	{
		const float *audio = golden(f, "audio", &t);
		worst = worst_transposed(out, audio, samples, 2);
	}
	near(worst, 0, 1e-4, "48 kHz: sound");
	gb_stereo_codes_clear(&c);
	free(x);
	free(out);
	free(room);
	gb_tensor_file_close(f);
	gb_encodec_weights_close(&w);
}

int main(void)
{
	static char path[4096];
	const char *top = getenv("GB_SHARED");

	snprintf(path, sizeof path, "%s/golden/encodec", top ? top : "../shared");
	folder = path;
	if (access(folder, R_OK))
		skip_all("no golden files at %s", folder);
	for (int class = 0; class < 4; class++) {
		static const char *const names[] = {"amx", "avx512", "avx2", "generic"};
		if (gb_cpu_force(names[class], &err) != GB_OK) {
			note("%s", err.text);
			continue;
		}
		causal("tiny.safetensors", "tiny_out.safetensors", 0, 144000);
		causal("tiny_short.safetensors", "tiny_short_out.safetensors", 72000, 722);
		stereo();
	}
	return done_testing();
}
