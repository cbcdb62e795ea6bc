/* SPDX-License-Identifier: MIT */
/* What is taken out of z: against z − Qᵀ·Q·(z − mean) written out, and what comes after z in the graph
 * follows. */
#include "model/giblet13_internal.h"
#include "tests/tap.h"

enum { ROWS = 5, WIDTH = 6, OUT = 2 };

static float x[ROWS * WIDTH], double_z[WIDTH] = {2, 2, 2, 2, 2, 2}, none[WIDTH];

/* Two orthonormal rows, neither along an axis. */
static const double q[2 * WIDTH] = {0.5, 0.5, 0.5, 0.5, 0, 0, 0.5, -0.5, 0.5, -0.5, 0, 0};
static const double mean[WIDTH] = {1, -2, 3, 0.5, 4, -1};

int main(void)
{
	gb_giblet13_state s = {.out = {q, mean, 2}, .device = {.ops = gb_ops_cpu()}};
	gb_graph_run run = {false, 0, 0, 0};
	gb_err err = {0};
	double off = 0, after = 0, kept = 0;
	float before[ROWS * WIDTH], *z, *y;
	int last;

	for (size_t i = 0; i < ROWS * WIDTH; i++)
		x[i] = (float)((i * 37 % 19) / 7.0 - 1);
	if (gb_graph_new(&s.net.graph, &s.device, &err))
		return 1;
	s.net.z = gb_graph_add(s.net.graph, gb_graph_input(s.net.graph, ROWS, WIDTH, x),
	                       gb_graph_input(s.net.graph, ROWS, WIDTH, x));
	last = gb_graph_affine(s.net.graph, s.net.z, double_z, none);
	s.net.rows = ROWS;
	s.net.bottleneck = WIDTH;
	if (!ok(gb_graph_ready(s.net.graph, &err) == GB_OK, "a graph with a z: %s", err.text))
		return done_testing();
	z = gb_graph_value(s.net.graph, s.net.z);
	y = gb_graph_value(s.net.graph, last);
	gb_graph_forward_to(s.net.graph, &run, s.net.z);
	memcpy(before, z, sizeof before);
	gb_giblet13_take_out(&s);
	gb_graph_forward_on(s.net.graph, &run, s.net.z, last);
	for (size_t r = 0; r < ROWS; r++)
		for (size_t i = 0; i < WIDTH; i++) {
			double want = (double)before[r * WIDTH + i];

			for (size_t k = 0; k < 2; k++)
				for (size_t j = 0; j < WIDTH; j++)
					want -= q[k * WIDTH + i] * q[k * WIDTH + j] *
					        ((double)before[r * WIDTH + j] - mean[j]);
			off = fmax(off, fabs((double)z[r * WIDTH + i] - want));
			after = fmax(after, fabs((double)y[r * WIDTH + i] - 2 * want));
			kept = fmax(kept, fabs(want - (double)before[r * WIDTH + i]));
		}
	near(off, 0, 1e-6, "z without two directions, held at their mean");
	near(after, 0, 2e-6, "what reads it is made anew");
	ok(kept > 0.5, "and something was taken out");
	gb_graph_free(s.net.graph);
	return done_testing();
}
