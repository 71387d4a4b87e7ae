#!/usr/bin/env python3
"""Peak memory of `graphlume evaluate` over a `results.json` of many scores.

    python3 benches/gad_memory.py PROGRAM [--scores N] [--resamples N...]

The file lies in memory that is not counted: the peak is that of the program. Needs numpy.
"""

import argparse
import os
import subprocess
import tempfile

import numpy as np

from machine import processor

PART = 1_000_000


def write(path, n, seed=0):
    """Scores in ten digits, and labels of which one in a hundred is an anomaly."""
    random = np.random.default_rng(seed)
    sizes = [min(PART, n - start) for start in range(0, n, PART)]

    def values(file, texts):
        for part, text in enumerate(texts):
            file.write((", " if part else "") + text)

    with open(path, "w", encoding="ascii") as file:
        file.write('{"result_type": "NODE_ANOMALY_SCORES", "scores": [')
        values(file, (", ".join(f"{v:.10f}" for v in random.random(size).tolist()) for size in sizes))
        file.write('], "ground_truth": [')
        values(file, (", ".join("1" if v < 0.01 else "0" for v in random.random(size).tolist()) for size in sizes))
        file.write("]}\n")


def run(program, path, resamples):
    """CPU seconds and peak memory in bytes."""
    arguments = [program, "--quiet", "evaluate", path, "--dry-run", "--no-plots", "--resamples", str(resamples)]
    done = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    assert done.returncode == 0, done.returncode
    return usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--scores", type=int, default=100_000_000)
    parser.add_argument("--resamples", type=int, nargs="+", default=[0, 10])
    options = parser.parse_args()
    print(f"{processor()}, {os.cpu_count()} processors\n")
    print("| scores | text, MB | resamples | CPU s | peak MB | bytes a score |")
    print("|--:|--:|--:|--:|--:|--:|")
    n = options.scores
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        path = os.path.join(folder, "results.json")
        write(path, n)
        text = os.path.getsize(path) / 1e6
        for resamples in options.resamples:
            cpu, peak = run(options.program, path, resamples)
            print(f"| {n:,} | {text:,.0f} | {resamples} | {cpu:.0f} | {peak / 1e6:,.0f} | {peak / n:.0f} |")


if __name__ == "__main__":
    main()
