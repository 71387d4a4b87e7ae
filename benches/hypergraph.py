#!/usr/bin/env python3
"""Events to a hypergraph: graphlume against PyGraphistry with pandas, in one run on one machine.

    python3 benches/hypergraph.py                      # 1 million events, 5 entity columns
    python3 benches/hypergraph.py --sizes 100000 1000000 10000000 --write benches/results/x.md

Makes events with three columns of strings and two of integers, a float and a time that are no
entities, and makes the hypergraph of them by both programs, each time in a fresh process, by turns.
The clock starts when the events are in memory, and stops when entities, events, nodes and edges
with the columns of their events are there as tables. Memory is the most that is resident beyond
what the events take. PyGraphistry, pandas and pyarrow come from PyPI into a virtual environment
under target/, or are those of --python.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess

from machine import bench_program, environment, processor

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["graphistry==0.61.2", "pandas==3.1.1", "pyarrow==26.0.1"]
MODES = [("", []), ("direct", ["--direct"]),
         ("direct, no attributes", ["--direct", "--drop-edge-attrs"])]
ENTITIES = ["user", "ip", "item", "port", "shop"]

GENERATE = """
import sys
import numpy as np, pyarrow as pa, pyarrow.feather as feather
rows, path = int(sys.argv[1]), sys.argv[2]
random = np.random.default_rng(1)
def skewed(n):
    return (n * random.random(rows) ** 2).astype("int64")
texts = lambda prefix, n: pa.array(np.char.add(prefix, skewed(n).astype(str)).tolist())
table = pa.table({
    "user": texts("user-", rows // 10), "ip": texts("10.0.0.", rows // 20),
    "item": texts("a somewhat longer name of an item, ", rows // 5),
    "port": pa.array(skewed(1000)), "shop": pa.array(skewed(rows // 3) * 7919),
    "amount": pa.array(random.random(rows)),
    "time": pa.array(np.arange(rows) * 1_000_003, pa.timestamp("us")),
})
feather.write_feather(table, path, compression="uncompressed", chunksize=rows)
"""

CLIENT = """
import json, sys, time, resource, warnings
warnings.simplefilter("ignore")
import pyarrow.feather as feather
import graphistry
from graphistry.hyper_dask import hypergraph
path, direct, bare, entities = sys.argv[1], sys.argv[2] == "1", sys.argv[3] == "1", sys.argv[4:]
events = feather.read_feather(path)
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")
before, start_cpu, start = peak(), cpu(), time.perf_counter()
made = hypergraph(graphistry, events, entities, direct=direct, drop_edge_attrs=bare, verbose=False,
                  opts={"SKIP": ["amount", "time"]}, engine="pandas")
wall = time.perf_counter() - start
print(json.dumps({"wall": wall, "cpu": cpu() - start_cpu, "peak": peak() - before,
                  "nodes": len(made.nodes), "edges": len(made.edges)}))
"""


def measured(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr.strip().splitlines()[-1:]
    return json.loads(done.stdout.splitlines()[-1]), None


def host():
    return f"{processor()}, {os.cpu_count()} cores, Linux {platform.release().split('.')[0]}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000_000])
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--python", help="an interpreter that has " + ", ".join(PACKAGES))
    options.add_argument("--program", help="the bench, if it is built already")
    options.add_argument("--client-up-to", type=int, default=10**9, help="most events for the client")
    options.add_argument("--write", type=pathlib.Path)
    args = options.parse_args()
    python = args.python or environment("hypergraph", PACKAGES)
    program = args.program or bench_program("hypergraph")
    folder = ROOT / "target" / "bench-data"
    folder.mkdir(parents=True, exist_ok=True)
    text = [f"{host()}, load {os.getloadavg()[0]:.1f} at the start; {', '.join(PACKAGES)}; "
            f"medians of {args.repeats} fresh processes each, by turns.", "",
            "| events | edges | mode | program | wall s | CPU s | peak MB | client / graphlume |",
            "|--:|--:|---|---|--:|--:|--:|---|"]
    for rows in args.sizes:
        events = folder / f"events-{rows}.arrow"
        if not events.exists():
            subprocess.run([python, "-c", GENERATE, str(rows), events], check=True)
        for mode, flags in MODES:
            runs = {"graphlume": [], "client": []}
            for _ in range(args.repeats):
                ours, error = measured([program, events, "--skip", "amount", "--skip", "time", *flags])
                if ours is None:
                    raise SystemExit(error)
                runs["graphlume"].append(ours)
                if rows > args.client_up_to:
                    continue
                switches = [str(int("--direct" in flags)), str(int("--drop-edge-attrs" in flags))]
                theirs, error = measured([python, "-c", CLIENT, events, *switches, *ENTITIES])
                if theirs is None:
                    raise SystemExit(error)
                runs["client"].append(theirs)
            median = {name: {key: statistics.median(run[key] for run in of) for key in of[0]}
                      for name, of in runs.items() if of}
            ours, theirs = median["graphlume"], median.get("client")
            ratio = ""
            if theirs:
                assert all(ours[key] == theirs[key] for key in ("nodes", "edges")), (ours, theirs)
                ratio = (f"{theirs['wall'] / ours['wall']:.1f}x wall, {theirs['cpu'] / ours['cpu']:.1f}x "
                         f"CPU, {theirs['peak'] / ours['peak']:.1f}x memory")
            for name, numbers in median.items():
                text.append(f"| {rows:,} | {int(numbers['edges']):,} | {mode or 'events as nodes'} | {name} | "
                            f"{numbers['wall']:.2f} | {numbers['cpu']:.2f} | {numbers['peak'] / 1e6:.0f} | "
                            f"{ratio if name == 'graphlume' else ''} |")
                print(text[-1], flush=True)
    if args.write:
        args.write.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
