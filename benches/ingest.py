#!/usr/bin/env python3
"""File of edges to CSR: graphlume against polars, in one run on one machine.

    python3 benches/ingest.py                  # 10 million edges, four files, 3 repeats
    python3 benches/ingest.py --edges 1000000 --scale 17 --write benches/results/x.md

Makes R-MAT edges (0.57, 0.19, 0.19, 0.05) with ids as scattered 64-bit integers and as strings
`user_123`, writes both as CSV and Parquet (snappy), and reads each file to CSR by both programs,
each time in a fresh process, by turns. Polars and numpy come from PyPI into a virtual environment
under target/. Wall time, CPU time and peak memory are those of the whole process, less the time
that the Python interpreter takes to import its libraries.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

from machine import processor

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = ["int.parquet", "int.csv", "str.parquet", "str.csv"]

POLARS = """
import sys, time, json, resource
import numpy as np, polars as pl
from concurrent.futures import ThreadPoolExecutor
base = resource.getrusage(resource.RUSAGE_SELF)
start = time.perf_counter()
path = sys.argv[1]
edges = pl.read_parquet(path) if path.endswith("parquet") else pl.read_csv(path)
read = time.perf_counter()
ids = pl.concat([edges["source"], edges["target"]]).unique()
nodes = pl.DataFrame({"id": ids, "node": np.arange(len(ids), dtype=np.uint32)})
coded = (
    edges.lazy()
    .join(nodes.lazy().rename({"node": "u"}), left_on="source", right_on="id")
    .join(nodes.lazy().rename({"node": "v"}), left_on="target", right_on="id")
    .select("u", "v", pl.col("weight").cast(pl.Float32))
    .collect()
    .sort("u")
)
degrees = np.bincount(coded["u"].to_numpy(), minlength=len(ids))
offsets = np.concatenate([[0], np.cumsum(degrees)]).astype(np.uint32)
targets, weights = coded["v"].to_numpy(), coded["weight"].to_numpy()
end = time.perf_counter()
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "n_nodes": len(ids), "n_edges": len(targets), "largest_degree": int(degrees.max()),
    "wall": end - start, "read": read - start, "csr": end - read,
    "cpu": used.ru_utime + used.ru_stime - base.ru_utime - base.ru_stime,
    "version": pl.__version__,
}))
"""

GENERATE = """
import sys
import numpy as np, polars as pl
folder, edges, scale = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = np.random.default_rng(1)
parts = []
for first in range(0, edges, 1 << 20):
    m = min(1 << 20, edges - first)
    u, v = np.zeros(m, np.uint64), np.zeros(m, np.uint64)
    for _ in range(scale):
        r = rng.random(m, dtype=np.float32)
        u = u << np.uint64(1) | (r >= 0.76).astype(np.uint64)
        v = v << np.uint64(1) | ((r >= 0.57) & (r < 0.76) | (r >= 0.95)).astype(np.uint64)
    parts.append((u, v, rng.random(m, dtype=np.float32)))
u, v, w = (np.concatenate(part) for part in zip(*parts))
# An odd factor scatters the ids over 63 bits, each node to one id.
scatter = lambda node: (node * np.uint64(0x9E3779B97F4A7C15) & np.uint64(2**63 - 1)).astype(np.int64)
ints = pl.DataFrame({"source": scatter(u), "target": scatter(v), "weight": w})
ints.write_parquet(f"{folder}/int.parquet", compression="snappy")
ints.write_csv(f"{folder}/int.csv")
name = lambda node: pl.Series(node).cast(pl.String)
texts = pl.DataFrame({"source": u, "target": v, "weight": w}).with_columns(
    pl.concat_str(pl.lit("user_"), pl.col("source")).alias("source"),
    pl.concat_str(pl.lit("user_"), pl.col("target")).alias("target"),
)
texts.write_parquet(f"{folder}/str.parquet", compression="snappy")
texts.write_csv(f"{folder}/str.csv")
"""


def python_with_polars() -> str:
    """Path of a Python that has polars and numpy; installs them if need be."""
    folder = ROOT / "target" / "bench-venv"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "polars", "numpy"], check=True)
    return str(python)


def measured(command: list[str]) -> dict:
    """What the program prints, with the time and the peak memory of its process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with exit code {process.returncode}")
    found = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}
    found.update(json.loads(output))
    found["peak_mb"] = usage.ru_maxrss / 1000
    if "read_secs" in found:
        found["read"], found["csr"] = found["read_secs"], found["csr_secs"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, default=10_000_000)
    parser.add_argument("--scale", type=int, default=20, help="2^SCALE nodes before unused ones")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", type=pathlib.Path, help="append the table to this file")
    parser.add_argument("--own-only", action="store_true", help="leave polars out")
    options = parser.parse_args()

    python = python_with_polars()
    build = ["cargo", "build", "--release", "-p", "graphlume-core", "--example", "ingest"]
    subprocess.run(build, check=True, cwd=ROOT)
    own = str(ROOT / "target" / "release" / "examples" / "ingest")
    folder = ROOT / "target" / "bench-data" / f"rmat-{options.scale}-{options.edges}"
    if not (folder / "str.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        generate = [python, "-c", GENERATE, str(folder), str(options.edges), str(options.scale)]
        subprocess.run(generate, check=True)

    load = os.getloadavg()[0]
    lines = []
    version = ""
    for case in CASES:
        path = str(folder / case)
        runs: dict[str, list[dict]] = {"graphlume": [], "polars": []}
        for _ in range(options.repeats):
            runs["graphlume"].append(measured([own, path]))
            if not options.own_only:
                runs["polars"].append(measured([python, "-c", POLARS, path]))
        answers = {
            (run["n_nodes"], run["n_edges"], run["largest_degree"])
            for side in runs.values()
            for run in side
        }
        if len(answers) != 1:
            sys.exit(f"{case}: the two sides disagree: {answers}")
        best = {}
        for side, found in runs.items():
            if not found:
                continue
            middle = {key: statistics.median(run[key] for run in found)
                      for key in ["wall", "cpu", "read", "csr", "peak_mb"]}
            best[side] = middle
            version = found[0].get("version", version)
            size = pathlib.Path(path).stat().st_size / 1e6
            lines.append(
                f"| {case} ({size:.0f} MB) | {side} | {middle['wall']:.2f} | {middle['cpu']:.2f} "
                f"| {middle['read']:.2f} | {middle['csr']:.2f} | {middle['peak_mb']:.0f} | |"
            )
        if len(best) == 2:
            ratio = {key: best["polars"][key] / best["graphlume"][key]
                     for key in ["wall", "cpu", "peak_mb"]}
            lines[-2] = lines[-2][:-2] + (
                f" {ratio['wall']:.2f}x wall, {ratio['cpu']:.2f}x CPU, "
                f"1/{ratio['peak_mb']:.2f} memory |"
            )
        print("\n".join(lines[-len(best):]), flush=True)

    nodes, edges, _ = answers.pop()
    table = [
        f"## {edges:,} edges, {nodes:,} nodes",
        "",
        f"{processor()}, {os.cpu_count()} cores, load {load:.1f} at the start; "
        f"polars {version or 'left out'}; medians of {options.repeats} fresh processes each, by turns.",
        "",
        "| file | program | wall s | CPU s | read s | CSR s | peak MB | polars / graphlume |",
        "|---|---|---|---|---|---|---|---|",
        *lines,
        "",
    ]
    if options.write:
        with options.write.open("a") as out:
            out.write("\n".join(table) + "\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
