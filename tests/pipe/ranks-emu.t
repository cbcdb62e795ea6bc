#!/bin/sh
# SPDX-License-Identifier: MIT
# Ranks on the emulated device, whose memory is not the host's: 1, 2, 4 and 8 of them
# leave the same bytes, over sockets and over MPI, each on a device of its own; 3 are refused.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
options='-j1 --device emu --width 0.004 --rank 5 --window 9 --groups 1 --micro 8 --brain-kernel fir:0:6 --patience 0 --features text,mel'
small="$options --schedule 3 --epochs 3"

check 'one process' "gb-train -o one $small SET"
for n in 2 8; do
	check "$n ranks over sockets: the same bytes" "ranks $n s$n gb-train $small && same_run one s$n"
done
for n in 1 2 4 8; do
	if have_mpi; then
		check "mpirun -n $n: the same bytes" "mpi $n m$n gb-train -v --comm mpi $small && same_run one m$n"
		want=
		for rank in $(seq 0 $((n - 1))); do [ $n = 1 ] || want="$want rank $rank: emu:$((rank % 4))"; done
		check '  each rank on its own device of four' "test \"\$(grep -o 'rank .: emu:.' err.mpi | sort | xargs)\" = '${want# }'"
	else
		skip "mpirun -n $n" 'no MPI here'
	fi
done
if have_mpi; then
	check 'mpirun -n 3: exit 2, and one line that says why' "mpi 3 bad gb-train $small; test \$? = 2 && grep -c 'gb-train: ' err.mpi | grep -qx 1 && grep -q '3 ranks: .*1, 2, 4 or 8 ranks' err.mpi && test ! -e bad"
else
	skip 'mpirun -n 3' 'no MPI here'
fi
# A mutant whose keys depend on the ranks must be seen here too.
check 'caught: key-of-rank' "bad=\$(mutant key-of-rank) && \$bad -o mutant1 $small SET && ranks 4 mutant4 \$bad $small && ! same_run mutant1 mutant4 >/dev/null"

# Without a number each rank takes the device of its place on its machine; there are four.
places() { # places RANK SIZE PLACE 0 1 WANT: names of variables, what PLACE is for ranks 0 and 1, devices they took
	for rank in 0 1; do
		[ $rank = 0 ] && place=$4 || place=$5
		env "$1=$rank" "$2=2" ${3:+"$3=$place"} gb-train -v -o placed $options ${device:+--device "$device"} --epochs 1 SET 2>&1 | grep -o 'rank [01]: emu:[0-9]*' >"place.$rank" &
	done
	wait
	test "$(cat place.0 place.1 | sed 's/.*://' | xargs)" = "$6" && rm -r placed || { cat place.0 place.1; return 1; }
}
check 'LOCAL_RANK chooses the device' "places RANK WORLD_SIZE LOCAL_RANK 2 3 '2 3'"
check 'modulo how many there are' "places RANK WORLD_SIZE LOCAL_RANK 6 5 '2 1'"
check 'SLURM_LOCALID too' "places SLURM_PROCID SLURM_STEP_NUM_TASKS SLURM_LOCALID 1 0 '1 0'"
check 'without either, the rank' "places RANK WORLD_SIZE '' 0 0 '0 1'"
check 'a number is for all' "device=emu:2 places RANK WORLD_SIZE LOCAL_RANK 0 1 '2 2'"

done_testing
