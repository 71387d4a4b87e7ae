#!/usr/bin/env python3
"""The Python package beside its peers, both sides in one process, by turns.

    python benches/python.py [--write benches/results/python.md] [--repeats N] [--scale S] [GRAPH...]

Run with a Python that has the package (a release build, such as `pip install .` makes) and networkx, igraph,
networkit, scikit-learn, polars and fa2_modified; what is missing is said and left out. Each GRAPH is a file that
graphlume reads; R-MAT-like random edges come first. Graphs are converted before the clock starts: what is timed is
the call, as a user makes it, with its result as an array; but for the backend of NetworkX, whose conversions are timed too.
Least wall and CPU time of all repeats. With --scale below 1 all sizes are that much smaller: to see that it runs.
"""

import argparse
import gc
import importlib
import os
import pathlib
import re
import time

import numpy as np

import graphlume as gl
from machine import processor

LINES = []


def say(line=""):
    print(line, flush=True)
    LINES.append(line)


def timed(call):
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def by_turns(calls, repeats):
    """Least wall and CPU seconds of each call."""
    least = {name: (float("inf"), float("inf")) for name in calls}
    for turn in range(repeats):
        names = list(calls)
        for name in names[turn % len(names):] + names[: turn % len(names)]:
            found = timed(calls[name])
            least[name] = tuple(map(min, least[name], found))
    return least


def table(title, rows):
    say(f"\n### {title}\n")
    say("| work | graphlume, s | CPU s | peer | s | CPU s | peer / graphlume |")
    say("|---|--:|--:|---|--:|--:|--:|")
    for work, least in rows:
        wall, cpu = least.pop("graphlume")
        for peer, (theirs, used) in least.items():
            say(f"| {work} | {wall:.4f} | {cpu:.3f} | {peer} | {theirs:.4f} | {used:.3f} | {theirs / wall:.1f}× |")


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        say(f"\n{name} is not installed, and so left out.")
        return None


def analytics(graph, name, repeats, networkx_too):
    ig, nk, nx = optional("igraph"), optional("networkit"), optional("networkx")
    source, target = graph.edge_index
    peers = {"page_rank": {}, "weak_components": {}, "core_number": {}}
    if ig:
        theirs = ig.Graph(n=graph.n_nodes, edges=np.stack([source, target], axis=1), directed=False)
        peers["page_rank"]["igraph"] = lambda: np.array(theirs.pagerank())
        peers["weak_components"]["igraph"] = lambda: np.array(theirs.connected_components().membership)
        peers["core_number"]["igraph"] = lambda: np.array(theirs.coreness())
    if nk:
        kit = nk.GraphFromCoo((source.astype(np.uint64), target.astype(np.uint64)), n=graph.n_nodes, directed=False)
        kit.removeSelfLoops()
        peers["page_rank"]["networkit"] = lambda: np.array(nk.centrality.PageRank(kit, tol=1e-8).run().scores())
        peers["weak_components"]["networkit"] = lambda: nk.components.ParallelConnectedComponents(kit).run().getPartition().getVector()
        peers["core_number"]["networkit"] = lambda: np.array(nk.centrality.CoreDecomposition(kit).run().scores())
    if nx and networkx_too:
        their = graph.to_networkx()
        simple = nx.Graph(their)
        simple.remove_edges_from(list(nx.selfloop_edges(simple)))
        peers["page_rank"]["networkx"] = lambda: nx.pagerank(their, weight=None)
        peers["weak_components"]["networkx"] = lambda: list(nx.connected_components(their))
        peers["core_number"]["networkx"] = lambda: nx.core_number(simple)
    rows = []
    for work, calls in peers.items():
        ours = {"graphlume": lambda: graph.measure(work).values}
        rows.append((f"{work}", by_turns(ours | calls, repeats)))
    table(f"{name}: {graph.n_nodes:,} nodes, {graph.n_edges:,} edges", rows)


def backend(scale, repeats):
    """NetworkX's functions as it computes them, and as it has them computed here."""
    nx = optional("networkx")
    if nx is None or "graphlume" not in nx.utils.backends.backend_info:
        return
    n, m = int(100_000 * scale), int(1_000_000 * scale)
    graph = nx.empty_graph(n)
    graph.add_edges_from((n * np.random.default_rng(2).random((m, 2)) ** 2).astype(int).tolist())
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    nx.config.warnings_to_ignore.add("cache")
    source = next(iter(max(nx.connected_components(graph), key=len)))
    calls = {
        "pagerank": lambda **to: nx.pagerank(graph, **to),
        "connected_components": lambda **to: list(nx.connected_components(graph, **to)),
        "core_number": lambda **to: nx.core_number(graph, **to),
        "single_source_shortest_path_length": lambda **to: nx.single_source_shortest_path_length(graph, source, **to),
        "single_source_dijkstra_path_length": lambda **to: nx.single_source_dijkstra_path_length(graph, source, **to),
    }

    def anew(call):
        graph.__networkx_cache__.clear()
        return call(backend="graphlume")

    say(f"\n### A backend of NetworkX: {n:,} nodes, {graph.number_of_edges():,} edges\n")
    say("| function | networkx, s | graphlume with conversion, s | graphlume, converted before, s |")
    say("|---|--:|--:|--:|")
    for name, call in calls.items():
        least = {"networkx": float("inf"), "anew": float("inf"), "kept": float("inf")}
        for _ in range(repeats):
            for side, made in (("networkx", call), ("anew", lambda: anew(call)), ("kept", lambda: call(backend="graphlume"))):
                least[side] = min(least[side], timed(made)[0])
        say(f"| `{name}` | {least['networkx']:.3f} | {least['anew']:.3f} | {least['kept']:.3f} |")


def memory():
    """Memory of this process now and at most, in MB."""
    status = pathlib.Path("/proc/self/status").read_text()
    return [int(re.search(rf"{key}:\s+(\d+)", status)[1]) * 1024 / 1e6 for key in ("VmRSS", "VmHWM")]


def building(frame, size, repeats):
    """A frame becomes a graph: how long it takes, how much of that is Rust, and what memory it needs."""
    from graphlume import _native

    made, inside = _native.Graph, []

    def native(*arguments):
        begin = time.perf_counter()
        graph = made(*arguments)
        inside.append(time.perf_counter() - begin)
        return graph

    least, peak, kept = (float("inf"), float("inf"), float("inf")), 0.0, 0.0
    _native.Graph = native
    try:
        for _ in range(repeats):
            gc.collect()
            # From here on the most is counted anew.
            pathlib.Path("/proc/self/clear_refs").write_text("5")
            before = memory()[0]
            graph = []
            wall, cpu = timed(lambda: graph.append(gl.Graph(frame)))
            least = min(least, (wall, cpu, inside[-1]))
            after, most = memory()
            peak, kept = most - before, after - before
    finally:
        _native.Graph = made
    wall, cpu, rust = least
    return (
        f"{size:,} edges of a polars frame become a graph in {wall:.2f} s, {cpu:.2f} s of CPU; all but {1e3 * (wall - rust):.1f} ms "
        f"of it is Rust. The process grows by {peak:.0f} MB while it is made and by {kept:.0f} MB once it is there; ends of edges "
        f"alone are {8 * size / 1e6:.0f} MB, lists of neighbours both ways {16 * size / 1e6:.0f} MB."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graphs", nargs="*", type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    gl.set_progress(False)
    random = np.random.default_rng(1)
    say("# The Python package beside its peers")
    say(f"\n{processor()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before, graphlume {gl.__version__}.")

    scale = options.scale
    n, m = int(200_000 * scale), int(1_000_000 * scale)
    ends = (n * random.random((m, 2)) ** 2).astype(np.int64)
    analytics(gl.Graph(ends), "random", options.repeats, networkx_too=True)
    for path in options.graphs:
        graph = gl.read(path)
        analytics(graph, path.stem, options.repeats, networkx_too=graph.n_edges < 500_000)

    rows = []
    if fa2 := optional("fa2_modified"):
        import networkx as nx

        small = nx.barabasi_albert_graph(2000, 3, seed=1)
        ours, steps = gl.Graph(small), 100
        peer = fa2.ForceAtlas2(verbose=False)
        rows.append((f"layout of 2,000 nodes, 5,991 edges, {steps} steps", by_turns({
            "graphlume": lambda: ours.layout(iterations=steps, tolerance=0.0, device="cpu", pack=False),
            "fa2_modified": lambda: peer.forceatlas2_networkx_layout(small, iterations=steps),
            "networkx": lambda: nx.forceatlas2_layout(small, max_iter=steps, seed=1),
        }, options.repeats)))
    if sk := optional("sklearn.metrics"):
        size = int(2_000_000 * scale)
        labels, scores = random.random(size) < 0.05, random.random(size)
        rows.append((f"AUROC and average precision of {size:,} scores", by_turns({
            "graphlume": lambda: gl.metrics.report(labels, scores, ndcg=False),
            "scikit-learn": lambda: (sk.roc_auc_score(labels, scores), sk.average_precision_score(labels, scores)),
        }, options.repeats)))
    if pl := optional("polars"):
        size, nodes = int(10_000_000 * scale), int(1_000_000 * scale)
        frame = pl.DataFrame({end: random.integers(0, nodes, size) for end in ("source", "target")})
        note = building(frame, size, options.repeats)
    table("Layout and metrics", rows)
    if pl:
        say(f"\n{note}")
    backend(scale, options.repeats)

    tiny = gl.Graph([(0, 1), (1, 2)])
    calls = {"g.n_nodes": lambda: tiny.n_nodes, "g.degree()": lambda: tiny.degree(), "g.page_rank()": lambda: tiny.page_rank()}
    say("\n### What a call takes, of a graph with two edges\n")
    say("| call | µs |")
    say("|---|--:|")
    for name, call in calls.items():
        best = float("inf")
        for _ in range(20):
            begin = time.perf_counter()
            for _ in range(200):
                call()
            best = min(best, (time.perf_counter() - begin) / 200)
        say(f"| `{name}` | {1e6 * best:.1f} |")
    if options.write:
        options.write.write_text("\n".join(LINES) + "\n")


if __name__ == "__main__":
    main()
