/* SPDX-License-Identifier: MIT */
/* ranks.h: one process of many: what the launcher says, signals that a long run
 * answers at its own time, and how such a run ends. */
#ifndef GB_CLI_RANKS_H
#define GB_CLI_RANKS_H

#include <signal.h>

#include "comm/comm.h"

GB_BEGIN_DECLS

/* From the environment of mpirun (Open MPI, MPICH), of srun, or RANK, WORLD_SIZE, LOCAL_WORLD_SIZE,
 * LOCAL_RANK: rank, size, local, place, launcher_is_mpi.  One alone where there is none. */
void gb_cli_launched(gb_comm_options *options);

/* Processor cores for each of the ranks of this machine, at least 1: those that srun -c gave a task, else
 * an even share. */
int gb_cli_share_of_cores(void);

/* The other processes of a training with MICRO micro-batches a step, if a launcher started several: KIND as
 * in gb_comm_options, FOLDER made by rank 0.  *LOCAL: ranks of this machine; *PLACE: of this one among
 * them. */
GB_CHECK gb_status gb_cli_open_ranks(gb_comm **comm, int *local, int *place, const char *kind,
                                     const char *folder, double timeout, int64_t micro, gb_err *err);

/* After a run: says what failed, on which rank, tells the others unless all know, and closes COMM. */
void gb_cli_close_ranks(gb_comm *comm, gb_status status, gb_err *err);

/* SIGTERM, SIGINT set stop; SIGUSR1 sets save (not where they were ignored). */
typedef struct gb_cli_asked { volatile sig_atomic_t stop, save, number; } gb_cli_asked;
gb_cli_asked *gb_cli_listen(void);
/* The signal that stopped the run, once more, so that make and Slurm see it. */
void gb_cli_pass_on(void);

GB_END_DECLS
#endif
