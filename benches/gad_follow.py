#!/usr/bin/env python3
"""Edges a second of `graphlume detect --follow`, from one pipe to another.

    python3 benches/gad_follow.py PROGRAM [--edges N] [--repeats N]

A stream of N edges in Arrow batches of 65,536, and the same as lines, lies in a file in memory; `cat` gives
it to the program, whose output goes through a pipe that is read to its end. The time is that of the whole
pipeline, from its start to its end, and the CPU time that of the program alone. The least of all runs counts.
Needs numpy and pyarrow.
"""

import argparse
import os
import subprocess
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.csv

from machine import processor

ROWS = 65_536


def stream(n, seed=1):
    """Edges between 100,000 nodes, a few of which have most; 1,000 edges in a tick."""
    random = np.random.default_rng(seed)
    ends = [(100_000 * random.random(n) ** 3).astype(np.uint32) for _ in range(2)]
    times = (np.arange(n) // 1000).astype(np.int64)
    return pa.table({"src": ends[0], "dst": ends[1], "ts": times})


def run(program, method, path):
    """Wall seconds of the pipeline, and CPU seconds of the program."""
    begin = time.perf_counter()
    cat = subprocess.Popen(["cat", path], stdout=subprocess.PIPE)
    arguments = [program, "--threads", "1", "--quiet", "detect", "--method", method, "--follow"]
    detect = subprocess.Popen(arguments, stdin=cat.stdout, stdout=subprocess.PIPE)
    cat.stdout.close()
    read = 0
    while block := os.read(detect.stdout.fileno(), 1 << 20):
        read += len(block)
    _, status, usage = os.wait4(detect.pid, 0)
    detect.returncode = os.waitstatus_to_exitcode(status)
    cat.wait()
    assert detect.returncode == 0, detect.returncode
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, read


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--edges", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{processor()}, {os.cpu_count()} processors\n")
    table = stream(options.edges)
    print("| detector | format | wall s | CPU s | M edges/s | peak MB | MB out |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for form, part in (("Arrow", table), ("CSV", table.slice(0, options.edges // 4))):
            path = os.path.join(folder, form)
            if form == "Arrow":
                with pa.ipc.new_stream(path, part.schema) as writer:
                    writer.write_table(part, max_chunksize=ROWS)
            else:
                pyarrow.csv.write_csv(part, path, pyarrow.csv.WriteOptions(quoting_style="none"))
            for method in ("midas", "midas-r", "midas-f", "anoedge-l"):
                runs = [run(options.program, method, path) for _ in range(options.repeats)]
                wall, cpu, peak, read = min(runs)
                rate = part.num_rows / wall / 1e6
                print(f"| {method} | {form} | {wall:.2f} | {cpu:.2f} | {rate:.1f} | {peak:.0f} | {read / 1e6:.0f} |")
            os.remove(path)


if __name__ == "__main__":
    main()
