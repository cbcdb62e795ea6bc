# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# training.sh: what tests of training share.

# same_run A B: two runs with the same weights, moments, state and metrics.
same_run() {
	for run_file in last.safetensors best.safetensors metrics.tsv; do cmp "$1/$run_file" "$2/$run_file" || return 1; done
}

# column NAME EPOCH RUN: of metrics.tsv.
column() { awk -F'\t' -v n="$1" -v e="$2" 'NR==1 {for (i=1;i<=NF;i++) if ($i==n) c=i; if (!c) exit 1} NR>1 && $1==e {print $c}' "$3/metrics.tsv"; }

# ranks N RUN COMMAND…: N of them on SET, as a launcher without MPI starts them; the worst exit code.
ranks() {
	ranks_n=$1 ranks_run=$2
	shift 2
	ranks_pids=
	ranks_code=0
	for rank in $(seq 0 $((ranks_n - 1))); do
		RANK=$rank WORLD_SIZE=$ranks_n LOCAL_WORLD_SIZE=$ranks_n "$@" -o "$ranks_run" SET 2>"err.$rank" &
		ranks_pids="$ranks_pids $!"
	done
	for pid in $ranks_pids; do
		wait "$pid" || ranks_code=$?
	done
	return $ranks_code
}

# MPI refuses root unless told twice; it keeps memory to its end, which LeakSanitizer would count as ours.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM
have_mpi() { command -v mpirun >/dev/null && [ -e "$GB_BUILD/libexec/giblet/libgb_mpi.so" ]; }
MPIRUN='mpirun --oversubscribe -q -x ASAN_OPTIONS=detect_leaks=0'

# mpi N RUN COMMAND…: N ranks of it on SET under mpirun, which says the exit code of the first that failed; what all said is in err.mpi.
mpi() {
	mpi_n=$1 mpi_run=$2
	shift 2
	$MPIRUN -n "$mpi_n" "$@" -o "$mpi_run" SET 2>err.mpi
}
