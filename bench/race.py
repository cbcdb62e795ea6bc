# SPDX-License-Identifier: MIT
"""race.py: two sides do the same work in turns (A B A B …), for the scripts of bench/.

    from race import race, command
    race('60 s of 720p film', 'OpenCV', theirs, ours, promise=1.7)

THEIRS and OURS do the work once when called; what they return, if a number, is
the seconds it took (a helper that times itself), else the call is timed.  One
line of tab-separated values goes to standard output for bench/run:

    work  threads  against  their seconds  our seconds  gate  promise

Seconds are medians.  GATE is the ratio theirs/ours that is held; PROMISE the one
that docs promise; None where there is none.  Against a limit ("at most 1.15 ×
the bare inflate") the promise is 1/1.15.  BEFORE is called, untimed, before each turn.
"""
import statistics
import subprocess
import sys
import time

DEVNULL = subprocess.DEVNULL


def once(side, before=None):
    if before:
        before()
    began = time.perf_counter()
    said = side()
    took = time.perf_counter() - began
    return said if isinstance(said, float) else took


def race(work, against, theirs, ours, threads=1, rounds=5, gate=None, promise=None, before=None):
    times = [], []
    once(theirs, before), once(ours, before)  # warm: caches, imports, page tables
    for _ in range(rounds):
        times[0].append(once(theirs, before))
        times[1].append(once(ours, before))
    medians = [statistics.median(t) for t in times]
    print(work, threads, against, *('%.6g' % m for m in medians), gate or '', promise or '', sep='\t', flush=True)
    return medians[0] / medians[1]


def command(*argv, **how):
    """A side that runs a program; it must succeed."""
    def run():
        subprocess.run(argv, check=True, stdout=how.get('stdout', DEVNULL), stderr=how.get('stderr', None), env=how.get('env'))
    return run


class Helper:
    """A program that does what each line on its standard input says and answers with the seconds it took."""
    def __init__(self, *argv, **how):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, **how)

    def __call__(self, line):
        def run():
            self.process.stdin.write(line + '\n')
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            if not answer.strip():
                sys.exit('bench: %s: the helper gave no answer' % line)
            return float(answer)
        return run
