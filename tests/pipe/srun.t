#!/bin/sh
# SPDX-License-Identifier: MIT
# Ranks as Slurm starts them: on a cluster of this machine alone, made for the test,
# whose daemons are this user's and end with it.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
for variable in $(env | sed -n 's/^\(SLURM_[A-Z0-9_]*\)=.*/\1/p') RANK WORLD_SIZE; do unset "$variable"; done # of a job that this may be in
for program in slurmctld slurmd srun; do command -v $program >/dev/null || PATH=$PATH:/usr/sbin; done
for program in slurmctld slurmd srun; do command -v $program >/dev/null || skip_all "no $program here"; done

name=$(hostname -s) user=$(id -un)
ports=$($PYTHON -c 'import socket; s = [socket.socket() for _ in range(2)]; [x.bind(("", 0)) for x in s]; print(*[x.getsockname()[1] for x in s])')
mkdir cluster
export SLURM_CONF=$work/cluster/slurm.conf
cat >"$SLURM_CONF" <<EOF
ClusterName=giblet
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=${ports% *}
SlurmdPort=${ports#* }
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldPidFile=$work/cluster/slurmctld.pid
SlurmdPidFile=$work/cluster/slurmd.pid
StateSaveLocation=$work/cluster
SlurmdSpoolDir=$work/cluster
NodeName=$name NodeAddr=127.0.0.1 CPUs=16 CoresPerSocket=16 State=UNKNOWN
PartitionName=all Nodes=$name Default=YES State=UP
EOF
slurmctld -D >cluster/slurmctld.log 2>&1 &
control=$!
slurmd -D >cluster/slurmd.log 2>&1 &
node=$!
finish() {
	timeout 10 scancel --quiet --signal=KILL --user="$user"
	for _ in $(seq 20); do [ -z "$(timeout 5 squeue -h)" ] && break; sleep 0.1; done
	kill $control $node 2>/dev/null
	wait $control $node
}
at_exit finish
task() { timeout -k 5 60 srun "$@"; } # it would wait for a node for ever
timeout 40 sh -c "until srun -Q -n 2 --immediate=2 true 2>/dev/null; do kill -0 $node || exit 1; sleep 0.2; done" 2>/dev/null ||
	skip_all "Slurm runs no task here: $(sed -n 's/.*error: //p' cluster/slurmd.log cluster/slurmctld.log | head -n 1)"

$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
small='--width 0.004 --rank 5 --window 9 --groups 1 --micro 8 --brain-kernel fir:0:6 --patience 0 --features text,mel --schedule 2 --epochs 2'
check 'one process' "gb-train -j1 -o one $small SET"
kinds=$(srun --mpi=list 2>&1)
for kind in none pmi2 pmix; do
	case $kinds in
	*"$kind"*) check "srun --mpi=$kind: 4 ranks have the bytes of one" "ASAN_OPTIONS=detect_leaks=0 task --mpi=$kind -n 4 gb-train -j1 -o $kind $small SET && same_run one $kind" ;;
	*) skip "srun --mpi=$kind" 'this Slurm has no such plug-in' ;;
	esac
done
check 'srun -c 2: the bytes of one' "task -n 2 -c 2 gb-train -o threads $small SET && same_run one threads"
fails 2 '3 ranks: the 8 micro-batches' 'three ranks are refused, and why is said once' sh -c "timeout 60 srun -Q -n 3 gb-train -q -o three $small SET 2>err; code=\$?; grep -v '^srun:' err >&2; exit \$code"
task -Q -n 2 gb-train -j1 -o "$work/lost" ${small% --schedule*} --schedule 100000 --epochs 100000 --rank-timeout 5 SET 2>err &
step=$!
for _ in $(seq 200); do grep -q '^1	' lost/metrics.tsv 2>/dev/null && break; sleep 0.05; done
pkill -9 -n -f -- "gb-train -j1 -o $work/lost "
wait $step
code=$?
check "a killed rank ends the job ($code), the other names it, and the last checkpoint is good" "test $code != 0 && grep -q 'rank . is lost' err && gb-inspect --verify lost/last.safetensors"
done_testing
