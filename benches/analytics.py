#!/usr/bin/env python3
"""Measures of one graph: graphlume against the fastest library for each, in one run.

    python3 benches/analytics.py                                  # R-MAT, 10 million edges
    python3 benches/analytics.py --edges 1000000 --scale 17 --write benches/results/x.md

Both sides measure the same graph by turns, each time in a fresh process, and must give the same
answer. Adjacency is built before the clock starts, in the form that each library works on. Wall and
CPU time are of the measure alone, the least of all runs; peak memory is of the whole process, the
interpreter and the graph included. The libraries come from PyPI into a virtual environment under
target/, unless --python names an interpreter that has them.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from machine import ROOT, bench_program, environment, processor

PACKAGES = ["numpy", "scipy", "networkit", "rustworkx"]

PEER = """
import json, resource, sys, time
import numpy as np
nodes = np.fromfile(sys.argv[1], dtype="<u4")
source, target = nodes[: len(nodes) // 2], nodes[len(nodes) // 2 :]
n, m = int(nodes.max()) + 1, len(source)
repeats = int(sys.argv[2])
best = {"wall": 1e9, "cpu": 1e9}

def clock(run):
    for _ in range(repeats):
        before = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        result = run()
        best["wall"] = min(best["wall"], time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        best["cpu"] = min(best["cpu"], cpu)
    return result

def scipy_rows(ones=np.float32):
    import scipy.sparse as sparse
    coo = sparse.coo_array((np.ones(m, ones), (source, target)), shape=(n, n))
    return coo.tocsr()

def networkit_simple():
    import networkit as nk
    nk.setNumberOfThreads(2)
    low, high = np.minimum(source, target), np.maximum(source, target)
    keys = np.unique(low.astype(np.uint64) << 32 | high)
    low, high = keys >> 32, keys & 0xFFFFFFFF
    keep = low != high
    ends = (low[keep].astype(np.uint64), high[keep].astype(np.uint64))
    return nk, nk.GraphFromCoo(ends, n=n)
"""

PEERS = {
    "page_rank": ("scipy", """
rows = scipy_rows()
out = np.asarray(rows.sum(axis=1)).ravel().astype(np.float32)
stuck = out == 0
back = rows.T.tocsr()
per_edge = np.where(stuck, 0, 1 / np.maximum(out, 1)).astype(np.float32)
def run():
    rank = np.full(n, 1 / n, np.float32)
    for _ in range(20):
        rank = np.float32(0.85) * (back @ (rank * per_edge)) + np.float32(
            (0.85 * rank[stuck].sum(dtype=np.float64) + 0.15) / n)
    return rank
answer = float(clock(run).max())
"""),
    "weak_components": ("rustworkx", """
import rustworkx
graph = rustworkx.PyDiGraph(multigraph=True)
graph.add_nodes_from(range(n))
graph.add_edges_from_no_data(list(zip(source.tolist(), target.tolist())))
answer = clock(lambda: rustworkx.number_weakly_connected_components(graph))
"""),
    "strong_components": ("scipy", """
from scipy.sparse import csgraph
rows = scipy_rows(np.float64)
answer = clock(lambda: csgraph.connected_components(rows, connection="strong")[0])
"""),
    "bfs": ("scipy", """
from scipy.sparse import csgraph
rows = scipy_rows(np.float64)
rows.sum_duplicates()
degrees = np.bincount(source, minlength=n)
start = n - 1 - int(degrees[::-1].argmax())
answer = len(clock(lambda: csgraph.breadth_first_order(rows, start)[0]))
"""),
    "core_number": ("networkit", """
nk, graph = networkit_simple()
def run():
    cores = nk.centrality.CoreDecomposition(graph)
    cores.run()
    return cores
answer = clock(run).maxCoreNumber()
"""),
    "triangles": ("networkit", """
nk, graph = networkit_simple()
def run():
    local = nk.centrality.LocalClusteringCoefficient(graph, turbo=True)
    local.run()
    return local
degrees = np.array([graph.degree(u) for u in range(n)], dtype=np.float64)
share = np.nan_to_num(np.array(clock(run).scores()))
answer = round(float((share * degrees * (degrees - 1) / 6).sum()))
"""),
}

REPORT = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps(best | {"answer": answer, "n_nodes": n, "n_edges": m, "peak_mb": peak}))
"""

VERSIONS = """
import networkit, rustworkx, scipy
print(f"scipy {scipy.__version__}, rustworkx {rustworkx.__version__}, networkit {networkit.__version__}")
"""


def measured(command: list[str]) -> dict:
    """What the program prints, with the peak memory of its process."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with exit code {process.returncode}")
    return {"peak_mb": usage.ru_maxrss / 1000} | json.loads(output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--scale", type=int, default=20, help="2^SCALE nodes before unused ones")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each side, by turns")
    parser.add_argument("--repeats", type=int, default=3, help="runs in each process")
    parser.add_argument("--program", help="our program; built if not given")
    parser.add_argument("--python", help="a Python that has the libraries")
    parser.add_argument("--only", nargs="*", choices=PEERS, help="measures")
    parser.add_argument("--write", type=pathlib.Path, default=ROOT / "benches/results/analytics.md")
    options = parser.parse_args()

    program = options.program or bench_program("analytics")
    python = options.python or environment("analytics", PACKAGES)
    folder = ROOT / "target" / "bench-data"
    folder.mkdir(parents=True, exist_ok=True)
    graph = str(folder / f"rmat-{options.scale}-{options.edges}.u32")
    if not pathlib.Path(graph).exists():
        size = ["--scale", str(options.scale), "--edges", str(options.edges)]
        subprocess.run([program, *size, "--save", graph], check=True)

    load = os.getloadavg()[0]
    repeats = str(options.repeats)
    lines = []
    found = {}
    for measure, (library, script) in PEERS.items():
        if options.only and measure not in options.only:
            continue
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(measured([program, "--load", graph, "--json", "--repeats", repeats, measure]))
            theirs.append(measured([python, "-c", PEER + script + REPORT, graph, repeats]))
        found = ours[0]
        for run in ours + theirs:
            if abs(run["answer"] - found["answer"]) > 1e-4 * abs(found["answer"]) * (
                measure == "page_rank"
            ):
                sys.exit(f"{measure}: the two sides disagree: {found} {run}")
        least = lambda runs, key: min(run[key] for run in runs)
        ratio = {key: least(theirs, key) / least(ours, key) for key in ["wall", "cpu", "peak_mb"]}
        row = [measure, f"{found['answer']:.6g}" if measure == "page_rank" else f"{found['answer']:,}"]
        for runs in (ours, theirs):
            row += [f"{least(runs, 'wall'):.3f}", f"{least(runs, 'cpu'):.3f}",
                    f"{least(runs, 'peak_mb'):.0f}"]
        row += [library, f"{ratio['wall']:.1f}", f"{ratio['cpu']:.1f}", f"{ratio['peak_mb']:.1f}"]
        lines.append("| " + " | ".join(row) + " |")
        print(lines[-1], flush=True)

    versions = subprocess.run([python, "-c", VERSIONS], check=True, stdout=subprocess.PIPE, text=True)
    table = [
        f"## Measures of an R-MAT graph: {found['n_edges']:,} directed edges, {found['n_nodes']:,} nodes",
        "",
        f"{processor()}, {os.cpu_count()} cores, load {load:.1f} at the start, "
        f"{os.getloadavg()[0]:.1f} at the end. {versions.stdout.strip()}. Least of {options.rounds} "
        f"processes of {options.repeats} runs for each side, by turns; times as fast (or as small) in the "
        "last columns. PageRank is 20 iterations in f32, and its answer the largest rank; core "
        "numbers and triangles are of the simple undirected graph.",
        "",
        "| measure | answer | wall s | CPU s | MB | its wall s | CPU s | MB | library | × wall | × CPU | × MB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|",
        *lines,
        "",
    ]
    options.write.parent.mkdir(parents=True, exist_ok=True)
    with options.write.open("a") as out:
        out.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
