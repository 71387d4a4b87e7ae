#!/usr/bin/env python3
"""Ranking metrics of many scores: graphlume beside scikit-learn and numpy, in one run.

    python3 benches/gad_metrics.py                       # 10 million scores
    python3 benches/gad_metrics.py --write benches/results/gad-metrics.md

Both sides get the same numbers and must give the same areas. scikit-learn computes two metrics,
roc_auc_score and average_precision_score; the numpy column computes both from one sort, which is the
fair rival; ours computes these and all other ranking metrics. Wall and CPU time are the least of all
runs and hold the metrics alone, not reading. Packages come from PyPI into target/, unless --python
names an interpreter that has them.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

from machine import bench_program, environment, processor

PEER = """
import json, resource, sys, time
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score
y = np.fromfile(sys.argv[1] + "/y_true.bin", dtype=np.uint8)
s = np.fromfile(sys.argv[1] + "/y_score.bin")
repeats = int(sys.argv[2])

def one_sort(y, s):
    order = np.argsort(-s, kind="stable")
    ordered = s[order]
    ends = np.r_[np.flatnonzero(np.diff(ordered)), len(s) - 1]
    tp = np.cumsum(y[order], dtype=np.int64)[ends].astype(float)
    fp = ends + 1 - tp
    area = np.trapezoid(np.r_[0, tp] / tp[-1], np.r_[0, fp] / fp[-1])
    return area, np.sum(np.diff(np.r_[0, tp]) / tp[-1] * (tp / (tp + fp)))

def clock(run):
    best = {"wall": 1e9, "cpu": 1e9}
    for _ in range(repeats):
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        found = run()
        best["wall"] = min(best["wall"], time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_SELF)
        best["cpu"] = min(best["cpu"], after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {**best, "found": found}

print(json.dumps({
    "roc_auc_score": clock(lambda: roc_auc_score(y, s)),
    "average_precision_score": clock(lambda: average_precision_score(y, s)),
    "numpy, one sort": clock(lambda: one_sort(y, s)),
}))
"""

MAKE = """
import sys
import numpy as np
folder, n, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(1)
y = (rng.random(n) < 0.05).astype(np.uint8)
s = rng.normal(size=n) + y
if kind == "tied":
    s = np.round(s, 2)
y.tofile(folder + "/y_true.bin")
s.tofile(folder + "/y_score.bin")
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python", type=pathlib.Path)
    parser.add_argument("--program", help="the bench `metrics` of graphlume-gad, if it is built")
    parser.add_argument("--write", type=pathlib.Path)
    args = parser.parse_args()
    python = args.python or environment("metrics", ["numpy==2.4.6", "scikit-learn==1.9.1"])
    program = args.program or bench_program("metrics", "graphlume-gad")
    lines = [
        f"Ranking metrics on {processor()}, `benches/gad_metrics.py`: least of {args.repeats} runs of the "
        "others and 5 of ours, seconds.",
        "",
        "| scores | | roc_auc_score + average_precision_score: wall, CPU | numpy, one sort: wall, CPU | "
        "graphlume, all metrics: wall, CPU | CPU ratio to scikit-learn, to numpy |",
        "|---|---|---|---|---|---|",
    ]
    for n in args.sizes:
        for kind in ("distinct", "tied"):
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([python, "-c", MAKE, folder, str(n), kind], check=True)
                peer = [python, "-c", PEER, folder, str(args.repeats)]
                peer = json.loads(subprocess.run(peer, check=True, capture_output=True).stdout)
                ours = json.loads(subprocess.run([program, folder], check=True, capture_output=True).stdout)
            areas = [peer["roc_auc_score"]["found"], peer["average_precision_score"]["found"]]
            for found in (peer["numpy, one sort"]["found"], [ours["roc_auc"], ours["average_precision"]]):
                assert all(abs(a - b) < 1e-9 for a, b in zip(areas, found, strict=True)), (areas, found)
            both = {c: sum(peer[m][c] for m in ("roc_auc_score", "average_precision_score")) for c in ("wall", "cpu")}
            numpy = peer["numpy, one sort"]
            lines.append(
                f"| {n:,} | {kind} | {both['wall']:.3f}, {both['cpu']:.3f} | {numpy['wall']:.3f}, {numpy['cpu']:.3f} | "
                f"{ours['wall']:.3f}, {ours['cpu']:.3f} | {both['cpu'] / ours['cpu']:.1f}×, {numpy['cpu'] / ours['cpu']:.1f}× |"
            )
            print(lines[-1], flush=True)
    if args.write:
        args.write.write_text("\n".join(lines) + "\n")


main()
