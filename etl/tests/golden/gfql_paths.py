"""Answers of graphistry's own GFQL, in pandas, about paths: gfql_paths.json.

A row for each path of a pattern, rows that are tested against and joined with such rows, paths of several hops that meet
conditions, and clusters collapsed into nodes.
"""

import contextlib
import io
import json
import operator
import pathlib
import random
import signal
import warnings

import graphistry
import pandas as pd
from graphistry.compute.chain import Chain

assert graphistry.__version__ == "0.61.2", graphistry.__version__
assert pd.__version__.startswith("3.1."), pd.__version__
warnings.filterwarnings("ignore")

RNG = random.Random(20261121)
MOST_ROWS = 40


def graph():
    """Small, with parallel edges, self-loops, nodes without edges, and nulls."""
    n = RNG.choice([1, 3, 5, 8])
    m = RNG.choice([0, 3, 7, 12])
    ids = [f"n{i}" for i in range(n)] if RNG.random() < 0.5 else list(range(n))
    nodes = {
        "id": ids,
        "kind": [RNG.choice(["x", "y"]) for _ in ids],
        "size": [RNG.randrange(4) for _ in ids],
        "score": [RNG.choice([None, 0.5, 2.0]) for _ in ids],
    }
    edges = {
        "src": [RNG.choice(ids) for _ in range(m)],
        "dst": [RNG.choice(ids) for _ in range(m)],
        "amount": [RNG.randrange(5) for _ in range(m)],
        "row": list(range(m)),
    }
    return {"nodes": nodes, "edges": edges}


def plottable(data):
    nodes = pd.DataFrame(data["nodes"])
    nodes["score"] = nodes["score"].astype("float64")
    edges = pd.DataFrame(data["edges"])
    if not len(edges):
        edges = pd.DataFrame({name: nodes["id"][:0] for name in ["src", "dst"]} | {name: pd.Series([], dtype="int64") for name in ["amount", "row"]})
    return graphistry.nodes(nodes, "id").edges(edges, "src", "dst")


def node(name=None, most=0.3):
    conditions = {}
    if RNG.random() < most:
        conditions = RNG.choice([{"kind": "x"}, {"size": {"type": "GT", "val": 0}}, {"size": [0, 1, 2]}, {"score": {"type": "NotNA"}}])
    return {"type": "Node", "filter_dict": conditions, **({"name": name} if name else {})}


def edge(name=None, several=True):
    step = {"type": "Edge", "direction": RNG.choice(["forward", "reverse", "undirected"]), "hops": 1, "to_fixed_point": False}
    shape = RNG.choice(["one", "one", "many", "range", "end"]) if several and not name else "one"
    if shape == "many":
        step["hops"] = 2
    elif shape == "range":
        low = RNG.choice([0, 1, 1, 2])
        step.update(hops=None, min_hops=low, max_hops=max(low, 1) + RNG.choice([0, 1]))
    elif shape == "end":
        step.update(hops=None, to_fixed_point=True)
    if RNG.random() < 0.25:
        step["edge_match"] = {"amount": {"type": "GT", "val": 0}}
    if RNG.random() < 0.15:
        step["destination_node_match"] = {"kind": "x"}
    if RNG.random() < 0.15:
        step["source_node_match"] = {"kind": "y"}
    return step | ({"name": name} if name else {})


def pattern(names="abc", several=True, edges="ef"):
    length = RNG.choice([1, 2, 2, 3, 3])
    steps = []
    for at in range(length):
        if at:
            name = RNG.choice([None, edges[at - 1]])
            steps.append(edge(name, several))
        steps.append(node(names[at] if at == 0 or RNG.random() < 0.8 else None))
    return steps


def call(function, **params):
    return {"type": "Call", "function": function, "params": params}


def cell(value):
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.item() if hasattr(value, "item") else value


def kept(column, names, labels):
    """Columns of steps with names; others are left over from the client's joins."""
    column = str(column)
    step, _, attribute = column.partition(".")
    return (step in names or column in labels) and not attribute.startswith("__gfql_")


def table(frame, names, labels):
    columns = sorted(str(c) for c in frame.columns if kept(c, names, labels))
    rows = [[cell(v) for v in row] for row in frame[columns].itertuples(index=False, name=None)]
    return {"columns": columns, "rows": sorted(rows, key=lambda row: json.dumps(row))}


def names_of(*patterns):
    return {step["name"] for steps in patterns for step in steps if "name" in step}


def labels_of(*patterns):
    return {step["label_node_hops"] for steps in patterns for step in steps if "label_node_hops" in step}


def answer(data, wire, where=()):
    chain = Chain.from_json({"type": "Chain", "chain": json.loads(json.dumps(wire)), "where": list(where)})
    with contextlib.redirect_stdout(io.StringIO()):
        return plottable(data).gfql(chain if where else chain.chain, engine="pandas")


def row_case(at, data):
    # Unlimited hops have far too many paths in the larger graphs.
    steps = pattern(several=RNG.random() < 0.7)
    while any(step.get("to_fixed_point") for step in steps) and len(data["edges"]["src"]) > 7:
        steps = pattern()
    if at % 5 == 0 and len(steps) > 1 and steps[1]["hops"] != 1:
        steps[1]["label_node_hops"] = "hop"
    names, labels = names_of(steps), labels_of(steps)
    rows = call("rows", binding_ops=steps)
    if at % 7 == 0:
        rows["params"]["attach_prop_aliases"] = ["a"]
    if at % 7 == 1:
        rows["params"]["attach_prop_columns"] = {"a": ["size"], "b": []}
    kind = at % 4
    if kind == 0:
        return [rows], names, labels
    if kind == 1:
        return steps + [call("rows", table="nodes")], names, labels
    if kind == 2:
        return [call("rows", binding_ops=[node("a"), node("b"), node()][: RNG.choice([1, 2, 3])])], {"a", "b"}, set()
    other = RNG.choice([["a", "x"], ["b", "x"], ["x", "a"]])
    other = [node(other[0]), edge(RNG.choice([None, "g"]), several=False), node(other[1])]
    on = ["a"] if "a" in names_of(other) else ["b"]
    # Joined rows would be too many for several hops.
    rows["params"]["binding_ops"] = steps = pattern(several=False)
    names = names_of(steps)
    how = RNG.choice([
        call("semi_apply_mark", binding_ops=other, join_aliases=on, out_col="hit"),
        call("semi_apply_mark", binding_ops=other, join_aliases=on, out_col="hit", neq=[other[0]["name"], other[2]["name"]]),
        call("anti_semi_apply", binding_ops=other, join_aliases=on),
        call("join_apply", binding_ops=other, join_aliases=on, how="inner"),
        call("join_apply", binding_ops=other, join_aliases=on, how="left"),
    ])
    joined = names_of(other) if how["function"] == "join_apply" else set()
    return [rows, how], names | joined | {"hit"}, set()


def on_paths(data, steps, where):
    """Nodes and edges of all paths that meet the conditions, each walk tried."""
    nodes, edges = data["nodes"], data["edges"]
    compare = {"eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "lt": operator.lt, "ge": operator.ge, "le": operator.le}
    at_name = {step["name"]: at for at, step in enumerate(steps) if "name" in step}
    index = {u: at for at, u in enumerate(nodes["id"])}
    pairs = [(index[u], index[v]) for u, v in zip(edges["src"], edges["dst"])]

    def meets(table, row, conditions):
        for column, wanted in conditions.items():
            value = table[column][row]
            if isinstance(wanted, dict):
                if value is None or wanted["type"] == "GT" and not value > wanted["val"]:
                    return False
            elif value not in (wanted if isinstance(wanted, list) else [wanted]):
                return False
        return True

    def hops(step, u):
        for row, (a, b) in enumerate(pairs):
            if not meets(edges, row, step.get("edge_match", {})):
                continue
            for a, b in {"forward": [(a, b)], "reverse": [(b, a)], "undirected": [(a, b), (b, a)]}[step["direction"]]:
                if a == u and meets(nodes, a, step.get("source_node_match", {})) and meets(nodes, b, step.get("destination_node_match", {})):
                    yield row, b

    def states(step, u):
        """Layers of (nodes passed, edges passed) by end, without telling walks apart that do the same."""
        low, high = 1, None
        if step.get("min_hops") is not None:
            low, high = step["min_hops"], step["max_hops"]
        elif not step["to_fixed_point"]:
            high = step["hops"]
        layer = {(u, frozenset([u]), frozenset())}
        found = set(layer) if low == 0 else set()
        seen = set(layer)
        hop = 0
        while layer and (high is None or hop < high):
            hop += 1
            layer = {(v, passed | {v}, taken | {row}) for w, passed, taken in layer for row, v in hops(step, w)}
            if high is None:
                layer -= seen
                seen |= layer
            if hop >= low:
                found |= layer
            if len(seen) > 3000 or len(found) > 3000:
                raise RuntimeError("too many walks")
        return found

    found_nodes, found_edges = set(), set()
    cache = {}

    def walk(path, here, passed, taken):
        at = len(path)
        if at == len(steps):
            for condition in where:
                (name, sides), = condition.items()
                values = []
                for side in ["left", "right"]:
                    step, column = sides[side].split(".")
                    values.append((edges if at_name[step] % 2 else nodes)[column][path[at_name[step]]])
                if None in values or not compare[name](*values):
                    return
            found_nodes.update(passed)
            found_edges.update(taken)
        elif at % 2 == 0:
            for u in range(len(nodes["id"])) if here is None else [here]:
                if meets(nodes, u, steps[at]["filter_dict"]):
                    walk(path + [u], u, passed | {u}, taken)
        elif steps[at]["hops"] == 1:
            for row, v in hops(steps[at], here):
                walk(path + [row], v, passed, taken | {row})
        else:
            if (at, here) not in cache:
                cache[at, here] = states(steps[at], here)
            for v, through, over in cache[at, here]:
                walk(path + [None], v, passed | through, taken | over)

    walk([], None, set(), set())
    return sorted(nodes["id"][u] for u in found_nodes), sorted(found_edges)


def path_case(data):
    steps = [node("a"), edge(), node("b")]
    if RNG.random() < 0.5:
        steps += [edge("f"), node("c")]
    if all(step["type"] == "Node" or step["hops"] == 1 for step in steps):
        steps[1].update(hops=2)
    last = steps[-1]["name"]
    where = [RNG.choice([
        {"eq": {"left": "a.kind", "right": f"{last}.kind"}},
        {"neq": {"left": "a.kind", "right": f"{last}.kind"}},
        {"lt": {"left": "a.size", "right": f"{last}.size"}},
        {"ge": {"left": "a.score", "right": "b.score"}},
        {"eq": {"left": "a.size", "right": "b.size"}},
    ])]
    if last == "c" and RNG.random() < 0.5:
        where.append({"le": {"left": "b.size", "right": "f.amount"}})
    nodes, edges = on_paths(data, steps, where)
    return {"query": {"type": "Chain", "chain": steps, "where": where}, "nodes": nodes, "edges": edges}


def collapse_case(data):
    """Names of clusters by node, and by number of edge; ids are whatever they are."""
    params = {
        "node": str(RNG.choice(data["nodes"]["id"])), "attribute": RNG.choice("xy"), "column": "kind",
        "self_edges": RNG.random() < 0.5, "unwrap": RNG.random() < 0.3,
    }
    wire = [call("collapse", **params)]
    made = answer(data, wire)
    return {
        "query": wire,
        "nodes": sorted(zip(made._nodes["id"], made._nodes["node_final"])),
        "edges": sorted(zip(made._edges["row"].tolist(), made._edges["src_final"], made._edges["dst_final"])),
    }


def too_long(*_):
    raise TimeoutError


def main():
    cases, paths, graphs, failed, differs = [], [], [], {}, 0
    for at in range(220):
        if at % 10 == 0:
            data = graph()
            graphs.append(data)
        wire, names, labels = row_case(at, data)
        try:
            made = answer(data, wire)._nodes
        except Exception as error:
            key = f"{type(error).__name__}: {str(error)[:90]}"
            failed[key] = failed.get(key, 0) + 1
            continue
        if 0 < len(made) <= MOST_ROWS:
            cases.append({"graph": len(graphs) - 1, "query": wire, **table(made, names, labels)})
        elif len(made) == 0:
            cases.append({"graph": len(graphs) - 1, "query": wire, "columns": [], "rows": []})
    for at in range(150):
        if at % 10 == 0:
            data = graph()
            graphs.append(data)
        try:
            case = path_case(data)
        except RuntimeError:
            continue
        # The client keeps more where steps are compared that are not next to each other.
        try:
            made = answer(data, case["query"]["chain"], case["query"]["where"])
            same = sorted(made._nodes["id"]) == case["nodes"] and sorted(made._edges["row"]) == case["edges"]
            differs += not same
        except Exception as error:
            key = f"where: {type(error).__name__}: {str(error)[:90]}"
            failed[key] = failed.get(key, 0) + 1
        paths.append({"graph": len(graphs) - 1, **case})
    collapsed = []
    signal.signal(signal.SIGALRM, too_long)
    for at in range(100):
        data = graphs[at % len(graphs)]
        if data["edges"]["src"]:
            try:
                signal.alarm(1)
                collapsed.append({"graph": at % len(graphs), **collapse_case(data)})
            except Exception as error:  # It goes around cycles without the value until something is full.
                key = f"collapse: {type(error).__name__}: {str(error)[:150]}"
                failed[key] = failed.get(key, 0) + 1
            finally:
                signal.alarm(0)
    print(failed, differs, "of", len(paths), "differ from each walk tried")
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"graphs": graphs, "rows": cases, "paths": paths, "collapsed": collapsed}, separators=(",", ":")) + "\n")
    print(len(cases), len(paths), "and", len(collapsed), "cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
