#!/usr/bin/env python3
"""GFQL queries: graphlume against PyGraphistry's own, with pandas, in one run on one machine.

    python3 benches/gfql.py                                  # 1 million edges, 200 thousand nodes
    python3 benches/gfql.py --edges 10000000 --write benches/results/gfql.md

Makes a graph with attributes, and answers the same queries by both programs, by turns. Clocks run
from the query to the tables of the answer; the graph is in memory before: data frames for the
client, a graph with dense ids for graphlume. PyGraphistry and pandas come from PyPI into a virtual
environment under target/, or are those of --python.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess

from machine import bench_program, environment, processor

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["graphistry==0.61.2", "pandas==3.1.1", "pyarrow==26.0.1"]

GENERATE = """
import sys
import numpy as np, pandas as pd
m, folder, text = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "1"
n = m // 5
random = np.random.default_rng(1)
def ids(numbers):
    return np.char.add("node-", numbers.astype(str)).astype(object) if text else numbers
pd.DataFrame({
    "id": ids(np.arange(n)),
    "kind": random.choice(["person", "bank", "shop", "island"], n),
    "size": random.integers(0, 100, n),
    "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 10**6, n), "s"),
}).to_parquet(folder + "/nodes.parquet")
pd.DataFrame({
    "src": ids((n * random.random(m) ** 2).astype("int64")),
    "dst": ids(random.integers(0, n, m)),
    "rel": random.choice(["knows", "pays", "owns"], m),
    "amount": random.random(m),
}).to_parquet(folder + "/edges.parquet")
"""

CLIENT = """
import json, sys, time, resource, warnings
warnings.simplefilter("ignore")
import pandas as pd, graphistry
from graphistry.compute.chain import Chain
edges, nodes, queries, repeats = sys.argv[1:]
g = graphistry.nodes(pd.read_parquet(nodes), "id").edges(pd.read_parquet(edges), "src", "dst")
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
for name, query in json.load(open(queries)).items():
    wall = used = float("inf")
    for _ in range(int(repeats)):
        before, start = cpu(), time.perf_counter()
        made = g.gfql(Chain.from_json({"type": "Chain", "chain": query}).chain, engine="pandas")
        wall = min(wall, time.perf_counter() - start)
        used = min(used, cpu() - before)
    print(json.dumps({"query": name, "wall": wall, "cpu": used,
                      "nodes": len(made._nodes), "edges": len(made._edges)}), flush=True)
"""


def edge(direction="forward", **fields):
    return {"type": "Edge", "direction": direction, "hops": 1, "to_fixed_point": False, **fields}


def node(name=None, **conditions):
    return {"type": "Node", "filter_dict": conditions, **({"name": name} if name else {})}


def queries(some_id, few_ids):
    above = {"type": "GT", "val": 50}
    return {
        "nodes of a kind": [node(kind="person")],
        "one hop, filtered ends": [node(kind="person"), edge(), node("end", kind="bank", size=above)],
        "two hops, filtered edges": [
            node("a", kind="person"), edge(edge_match={"rel": "pays"}), node(size=above),
            edge("reverse", name="back", edge_match={"amount": above | {"val": 0.5}}), node(kind="shop"),
        ],
        "one hop, undirected, all": [node(), edge("undirected"), node()],
        "text pattern": [
            node(kind={"type": "Contains", "pat": "^(p|s)", "case": True, "flags": 0, "na": None, "regex": True}),
            edge(), node(seen={"type": "LT", "val": {"type": "datetime", "value": "2020-01-05T00:00:00", "timezone": "UTC"}}),
        ],
        "3 hops from one node": [node(id=some_id), edge(hops=3), node()],
        "2 hops from 100 nodes, undirected": [node(id={"type": "IsIn", "options": few_ids}), edge("undirected", hops=2), node()],
        "2 to 3 hops": [node(id=some_id), edge(hops=None, min_hops=2, max_hops=3), node()],
        "all that is reached": [node(id=some_id), edge(hops=None, to_fixed_point=True), node()],
        "degrees": [{"type": "Call", "function": "get_degrees", "params": {}}],
        "hop, 2 of all": [{"type": "Call", "function": "hop", "params": {"hops": 2}}],
    }


def measured(command):
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["query"]: line for line in lines}


def host():
    return f"{processor()}, {os.cpu_count()} cores, Linux {platform.release().split('.')[0]}"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--edges", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--ids", nargs="+", default=["integer", "text"], choices=["integer", "text"])
    options.add_argument("--python", help="an interpreter that has " + ", ".join(PACKAGES))
    options.add_argument("--program", help="the bench, if it is built already")
    options.add_argument("--write", type=pathlib.Path)
    args = options.parse_args()
    python = args.python or environment("gfql", PACKAGES)
    program = args.program or bench_program("gfql")
    text = [f"{host()}, load {os.getloadavg()[0]:.1f} at the start; {', '.join(PACKAGES)}; "
            f"least of {args.repeats} runs each."]
    for kind in args.ids:
        is_text = int(kind == "text")
        folder = ROOT / "target" / "bench-data" / f"gfql-{args.edges}-{kind}"
        if not (folder / "edges.parquet").exists():
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run([python, "-c", GENERATE, str(args.edges), folder, str(is_text)], check=True)
        name = (lambda at: f"node-{at}") if is_text else (lambda at: at)
        asked = folder / "queries.json"
        asked.write_text(json.dumps(queries(name(7), [name(at * 11) for at in range(100)])))
        files = [folder / "edges.parquet", folder / "nodes.parquet", asked, str(args.repeats)]
        ours, theirs = measured([program, *files]), measured([python, "-c", CLIENT, *files])
        text += ["", f"{args.edges:,} edges, {args.edges // 5:,} nodes, {kind} ids; graphlume reads files "
                 f"and numbers ids in {ours['read']['wall']:.2f} s:", "",
                 "| query | nodes | edges | graphlume wall ms | CPU ms | client wall ms | CPU ms | wall ratio | CPU ratio |",
                 "|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
        for query, their in theirs.items():
            our = ours[query]
            assert all(our[key] == their[key] for key in ("nodes", "edges")), (query, our, their)
            text.append(f"| {query} | {our['nodes']:,} | {our['edges']:,} | {our['wall'] * 1e3:.1f} | "
                        f"{our['cpu'] * 1e3:.1f} | {their['wall'] * 1e3:.1f} | {their['cpu'] * 1e3:.1f} | "
                        f"{their['wall'] / our['wall']:.1f} | {their['cpu'] / our['cpu']:.1f} |")
    print("\n".join(text))
    if args.write:
        args.write.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
