/* SPDX-License-Identifier: MIT */
/* Embedding sums, dropout and absent rows. */
#include "tests/kernels/kernel.h"

static void embedding(void)
{
	enum { ROWS = 11, Q = 3, FRAMES = 13, CLASSES = 31, WIDTH = 37, N = ROWS * FRAMES * WIDTH };
	float *table = numbers(Q * CLASSES * WIDTH, 1), *y = zeros(N), *dy = numbers(N, 2),
	      *dtable = zeros(Q * CLASSES * WIDTH);
	double *want = calloc(N, sizeof *want), *slope = calloc(Q * CLASSES * WIDTH, sizeof *slope);
	int16_t codes[ROWS * Q * FRAMES];

	for (int i = 0; i < ROWS * Q * FRAMES; i++)
		codes[i] = (int16_t)(i % 7 == 3 ? -1 : i == 5 ? CLASSES : i * 17 % CLASSES);
	for (int r = 0; r < ROWS; r++)
		for (int q = 0; q < Q; q++)
			for (int f = 0; f < FRAMES; f++)
				for (int c = 0; c < WIDTH; c++) {
					int code = codes[(r * Q + q) * FRAMES + f];

					if (code < 0 || code >= CLASSES)
						continue;
					want[(r * FRAMES + f) * WIDTH + c] += (double)
					    table[(q * CLASSES + code) * WIDTH + c];
					slope[(q * CLASSES + code) * WIDTH + c] += (double)
					    dy[(r * FRAMES + f) * WIDTH + c];
				}
	SAME_BYTES(y, N, "embedding_sum", 1e-6,
	           RUN(device, embedding_sum, ROWS, Q, FRAMES, CLASSES, WIDTH, codes, table, y));
	ok(worst(y, want, N) < 1e-6, "values; padding adds nothing");
	SAME_BYTES(dtable, Q * CLASSES * WIDTH, "embedding_sum_backward", 1e-6,
	           RUN(device, embedding_sum_backward, ROWS, Q, FRAMES, CLASSES, WIDTH, codes, dy, dtable));
	ok(worst(dtable, slope, Q * CLASSES * WIDTH) < 1e-5, "its backward (linear: the transposed loop)");
	RUN(&kernel_device[1], embedding_sum, 0, Q, FRAMES, CLASSES, WIDTH, codes, table, y);
	free(table), free(y), free(dy), free(dtable), free(want), free(slope);
}

static void dropout(void)
{
	enum { ROWS = 201, COLUMNS = 333, N = ROWS * COLUMNS };
	float *x = numbers(N, 1), *y = zeros(N), *z = zeros(N);
	const gb_when when = {3, 0}, later = {4, 0}, other = {3, 1};
	int kept = 0, scaled = 1, differ[4] = {0}, high = 0, late = 1;

	SAME_BYTES(y, N, "dropout", 0, RUN(device, dropout, ROWS, COLUMNS, 0.2f, 42, &when, 9, x, y));
	for (int i = 0; i < N; i++) {
		kept += y[i] != 0;
		scaled &= y[i] == 0 || fabsf(y[i] - x[i] / 0.8f) < 1e-6f * fabsf(y[i]) + 1e-9f;
	}
	near((double)kept / N, 0.8, 4 * sqrt(0.16 / N), "keeps 1 - p of them");
	ok(scaled, "what is kept is divided by 1 - p");
	for (int what = 0; what < 4; what++) {
		RUN(&kernel_device[0], dropout, ROWS, COLUMNS, 0.2f, what == 0 ? 43 : 42,
		    what == 1   ? &later
		    : what == 2 ? &other
		                : &when,
		    what == 3 ? 8 : 9, x, z);
		for (int i = 0; i < N; i++)
			differ[what] += (y[i] == 0) != (z[i] == 0);
		ok(differ[what] > N / 5, "another %s drops others",
		   (const char *[]){"seed", "step", "micro-batch", "op"}[what]);
	}
	RUN(&kernel_device[0], dropout, ROWS / 3, COLUMNS, 0.2f, 42, &other, 9, x + ROWS / 3 * COLUMNS, z);
	late = !memcmp(z, y + ROWS / 3 * COLUMNS, ROWS / 3 * COLUMNS * sizeof *z);
	ok(late, "a row drops the same whatever micro-batch it is in");
	RUN(&kernel_device[0], dropout, ROWS, COLUMNS, 0.2f, 42ull << 32 | 42, &when, 9, x, z);
	for (int i = 0; i < N; i++)
		high += (y[i] == 0) != (z[i] == 0);
	ok(high > N / 5, "another high half of the seed drops others");
	RUN(&kernel_device[0], dropout, ROWS, COLUMNS, 0.0f, 42, &when, 9, x, z);
	ok(!memcmp(x, z, N * sizeof *x), "p = 0 keeps all");
	free(x), free(y), free(z);
}

static void absent(void)
{
	float x[6] = {1, 2, 3, 4, NAN, 6}, v[2] = {8, 9}, y[6], dx[6], dv[2] = {1, 1},
	      dy[6] = {1, 2, 3, 4, 5, 6};
	const uint8_t keep[3] = {1, 0, 0};

	RUN(&kernel_device[1], absent, 3, 2, keep, x, v, y);
	ok(y[0] == 1 && y[1] == 2 && y[2] == 8 && y[5] == 9, "absent rows hold the vector");
	RUN(&kernel_device[1], absent_backward, 3, 2, keep, dy, dx, dv);
	ok(dx[1] == 2 && dx[2] == 0 && dx[5] == 0 && dv[0] == 9 && dv[1] == 11, "its backward");
}

static void body(void)
{
	embedding();
	dropout();
	absent();
}

int main(void) { return on_each_device(body); }
