#!/bin/sh
# SPDX-License-Identifier: MIT
# Two ranks in two network namespaces, which only a pair of virtual cables connects:
# sockets, and MPI over TCP.  Wants the right to make namespaces.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/training.sh"
unset RANK WORLD_SIZE
a=gb$$a b=gb$$b
command -v ip >/dev/null || skip_all 'no ip program'
at_exit 'ip netns del $a; ip netns del $b 2>/dev/null'
{ ip netns add $a && ip netns add $b; } 2>/dev/null || skip_all 'network namespaces are not permitted here'
{ ip link add v$$a netns $a type veth peer name v$$b netns $b &&
	ip -n $a addr add 10.93.7.1/24 dev v$$a && ip -n $b addr add 10.93.7.2/24 dev v$$b &&
	ip -n $a link set v$$a up && ip -n $b link set v$$b up && ip -n $a link set lo up && ip -n $b link set lo up; } 2>/dev/null ||
	skip_all 'no virtual cable can be laid here'

$PYTHON "$TOP/tests/training.py" 180 || exit 1
check 'a set' 'gb-cache pack -q --tr 3/2 --gap 12 --runs a:140,b:40 --split a:/b: -o SET stimulus.safetensors --subject s0=s0.safetensors'
small='-j1 --width 0.004 --rank 5 --window 9 --groups 1 --micro 8 --brain-kernel fir:0:6 --patience 0 --features text,mel --epochs 3'
check 'one process' "gb-train -o one $small SET"
check 'the namespaces see each other through the cable alone' "ip netns exec $a ping -c1 -W1 10.93.7.2 >/dev/null 2>&1 || ip -n $a route get 10.93.7.2 | grep -q v$$a; ! ip -n $a route get 192.0.2.1 2>/dev/null"
check 'sockets between two namespaces: the same bytes' "(RANK=1 WORLD_SIZE=2 ip netns exec $b gb-train -o s2 $small SET) & RANK=0 WORLD_SIZE=2 ip netns exec $a gb-train -o s2 $small SET && wait && same_run one s2"

if have_mpi; then
	# What mpirun takes for ssh: the other "host" is the other namespace, with a name of its own.
	cat >agent <<E2
#!/bin/sh
shift
exec ip netns exec $b unshare -u sh -c 'hostname other; cd "$work"; '"\$*"
E2
	chmod +x agent
	check 'MPI over TCP between two namespaces: the same bytes' "timeout 60 ip netns exec $a $MPIRUN -n 2 -H 10.93.7.1:1,10.93.7.2:1 --mca plm_rsh_agent ./agent --mca btl tcp,self --mca pml ob1 \
		--mca btl_tcp_if_include 10.93.7.0/24 --mca oob_tcp_if_include 10.93.7.0/24 -x PATH -x LC_ALL gb-train --comm mpi -o m2 $small SET && same_run one m2"
else
	skip 'MPI over TCP between two namespaces' 'no MPI here'
fi

# The cable is cut: no end of a process is seen, only silence.  Last, for a cable laid
# anew may be deaf for a second.
long="${small% --epochs*} --epochs 100000 --rank-timeout 1"
RANK=0 WORLD_SIZE=2 timeout 60 ip netns exec $a gb-train -o cut $long SET 2>err.0 & first=$!
RANK=1 WORLD_SIZE=2 timeout 60 ip netns exec $b gb-train -o cut $long SET 2>err.1 & second=$!
for _ in $(seq 100); do grep -q '^2	' cut/metrics.tsv 2>/dev/null && break; sleep 0.1; done
ip -n $a link set v$$a down
wait $first
codes=$?
wait $second
codes="$codes $?"
check "a cable that is cut: each names the other after the time-out ($codes)" "test '$codes' = '4 4' && grep -q 'rank 1 is lost: no answer' err.0 && grep -q 'rank 0 is lost: no answer' err.1 && gb-inspect --verify cut/last.safetensors >/dev/null"
done_testing
