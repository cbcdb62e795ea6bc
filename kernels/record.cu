/* SPDX-License-Identifier: MIT */
/* record.cu: a run of operations as a CUDA graph.
 *
 * The first run is made as it is: it finds its scratch memory and the ways of
 * its products.  The second is recorded, and played from then on. */
#include <cstdlib>

#include "backend.cuh"

typedef struct recording { cudaGraphExec_t graph; } recording;

bool gb_cuda_begin(const gb_device *device, void **slot)
{
	gb_cuda *cuda = gb_cuda_of(device);
	recording *r = (recording *)*slot;

	/* What is played names the weights' copy, so it must be good. */
	gb_cuda_refresh_shadow(device);
	if (!r) {
		*slot = calloc(1, sizeof *r);
		return true;
	}
	if (r->graph) {
		gb_cuda_good(device, cudaGraphLaunch(r->graph, cuda->compute), "playing a recorded run");
		return false;
	}
	cuda->recording = gb_cuda_good(device,
	                               cudaStreamBeginCapture(cuda->compute,
	                                                      cudaStreamCaptureModeThreadLocal),
	                               "recording");
	return true;
}

void gb_cuda_end(const gb_device *device, void **slot)
{
	gb_cuda *cuda = gb_cuda_of(device);
	recording *r = (recording *)*slot;
	cudaGraph_t graph;

	if (!cuda->recording)
		return;
	cuda->recording = false;
	if (!gb_cuda_good(device, cudaStreamEndCapture(cuda->compute, &graph), "recording"))
		return;
	gb_cuda_good(device, cudaGraphInstantiate(&r->graph, graph, 0), "recording");
	cudaGraphDestroy(graph);
	/* Recorded is not run. */
	if (r->graph)
		gb_cuda_good(device, cudaGraphLaunch(r->graph, cuda->compute), "playing a recorded run");
}

void gb_cuda_forget(const gb_device *device, void *slot)
{
	recording *r = (recording *)slot;

	if (r && r->graph) {
		gb_cuda_good(device, cudaStreamSynchronize(gb_stream(device)), "device");
		cudaGraphExecDestroy(r->graph);
	}
	free(r);
}
