/* SPDX-License-Identifier: MIT */
#include "cli/ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "cli/cli.h"
#include "io/file.h"

static int number(const char *name)
{
	const char *text = name ? getenv(name) : NULL;
	char *end;
	long value = text ? strtol(text, &end, 10) : -1;

	return text && end != text && !*end && value >= 0 && value < 1 << 24 ? (int)value : -1;
}

/* Of this node, from the counts of all, as Slurm writes them: "8", "8(x2),4"; −1: not known. */
static int tasks_here(void)
{
	const char *text = getenv("SLURM_STEP_TASKS_PER_NODE");
	long node = number("SLURM_NODEID");

	for (node = node > 0 ? node : 0; text && *text; text += *text == ',') {
		char *end;
		long tasks = strtol(text, &end, 10), times = 1;

		if (end == text)
			return -1;
		text = end;
		if (!strncmp(text, "(x", 2)) {
			times = strtol(text + 2, &end, 10);
			text = *end == ')' ? end + 1 : end;
		}
		if (node < times)
			return tasks > 0 && tasks < 1 << 24 ? (int)tasks : -1;
		node -= times;
		if (*text && *text != ',')
			return -1;
	}
	return -1;
}

/* srun --mpi=pmi2 speaks MPICH's language, too, which Open MPI need not know: its ranks are Slurm's. */
static bool of_slurm(int rank, int size)
{
	return number("SLURM_PROCID") == rank && number("SLURM_STEP_NUM_TASKS") == size;
}

void gb_cli_launched(gb_comm_options *o)
{
	/* srun sets SLURM_PROCID in batch scripts too, but a step of several tasks only where it started
	 * one. */
	static const struct { const char *rank, *size, *local, *place; bool mpi;
	} launcher[] = {
	    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE",
	     "OMPI_COMM_WORLD_LOCAL_RANK", true},
	    {"PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", "MPI_LOCALRANKID", true},
	    {"RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "LOCAL_RANK", false},
	    {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", NULL, "SLURM_LOCALID", false},
	};

	o->rank = o->place = 0;
	o->size = o->local = 1;
	o->launcher_is_mpi = false;
	for (size_t i = 0; i < sizeof launcher / sizeof *launcher; i++) {
		int rank = number(launcher[i].rank), size = number(launcher[i].size),
		    local = number(launcher[i].local), place = number(launcher[i].place);

		if (rank < 0 || size < 1 || (!strcmp(launcher[i].rank, "PMI_RANK") && of_slurm(rank, size)))
			continue;
		o->rank = rank;
		o->size = size;
		local = local > 0 || !of_slurm(rank, size) ? local : tasks_here();
		o->local = local > 0 ? local : 1;
		o->place = place >= 0 ? place : rank;
		o->launcher_is_mpi = launcher[i].mpi || getenv("PMIX_RANK");
		return;
	}
}

int gb_cli_share_of_cores(void)
{
	gb_comm_options o;
	int cores = gb_cpu_count(), given = number("SLURM_CPUS_PER_TASK");

	gb_cli_launched(&o);
	if (o.size > 1 && of_slurm(o.rank, o.size) && given > 0)
		return given < cores ? given : cores;
	return cores / o.local > 1 ? cores / o.local : 1;
}

gb_status gb_cli_open_ranks(gb_comm **comm, int *local, int *place, const char *kind, const char *folder,
                            double timeout, int64_t micro, gb_err *err)
{
	gb_comm_options o = {.kind = kind, .folder = folder, .timeout = timeout};
	gb_status status;

	*comm = NULL;
	*local = 1;
	gb_cli_launched(&o);
	*place = o.place;
	if (!strcmp(kind, "none") || o.size == 1)
		return GB_OK;
	*local = o.local;
	status = gb_comm_check_ranks(o.size, micro, err);
	/* rank 0 says it, before the launcher ends it because another rank has ended */
	if (status != GB_OK && o.rank) {
		err->text[0] = 0;
		sleep(2);
	}
	if (status == GB_OK && o.rank == 0)
		status = gb_folder_make(folder, err);
	return status != GB_OK ? status : gb_comm_open(comm, &o, err);
}

void gb_cli_close_ranks(gb_comm *comm, gb_status status, gb_err *err)
{
	/* That training diverged is found by all together: one says it. */
	if (comm && status == GB_NO && gb_comm_rank(comm) > 0)
		err->text[0] = 0;
	if (comm && status != GB_OK && status != GB_NO) {
		gb_cli_print("rank %d: %s", gb_comm_rank(comm), err->text);
		gb_comm_abort(comm, status, err->text);
		err->text[0] = 0;
	}
	gb_comm_close(comm);
}

/* ---- signals ---- */

static gb_cli_asked asked;

static void on_signal(int signal_number)
{
	if (signal_number == SIGUSR1) {
		asked.save = 1;
		return;
	}
	asked.stop = 1;
	asked.number = signal_number;
}

gb_cli_asked *gb_cli_listen(void)
{
	const int numbers[] = {SIGTERM, SIGINT, SIGUSR1};
	struct sigaction action = {.sa_handler = on_signal}, old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	return &asked;
}

void gb_cli_pass_on(void)
{
	if (!asked.stop)
		return;
	signal(asked.number, SIG_DFL);
	raise(asked.number);
}
