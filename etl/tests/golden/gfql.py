"""Answers of graphistry's own GFQL, in pandas, to random queries over random graphs: gfql.json."""

import datetime
import json
import pathlib
import random
import sys
import warnings

import graphistry
import pandas as pd
from graphistry.compute.ast import ASTCall, ASTLet, ASTRef
from graphistry.compute.chain import Chain

assert graphistry.__version__ == "0.61.2", graphistry.__version__
assert pd.__version__.startswith("3.1."), pd.__version__
warnings.filterwarnings("ignore")

KINDS = ["person", "bank", "Shop", "isle", None]
RNG = random.Random(20260719)


def graph():
    """Small, with parallel edges, self-loops, nodes without edges, and nulls."""
    n = RNG.choice([1, 3, 6, 9])
    text_ids = RNG.random() < 0.5
    ids = [f"n{i}" for i in range(n)] if text_ids else list(range(n))
    m = RNG.choice([0, 1, 4, 9, 16])
    start = datetime.datetime(2020, 1, 1)
    nodes = {
        "id": ids,
        "kind": [RNG.choice(KINDS) for _ in ids],
        "size": [RNG.randrange(6) for _ in ids],
        "score": [RNG.choice([None, 0.5, 1.0, 2.25]) for _ in ids],
        "good": [RNG.random() < 0.5 for _ in ids],
        "seen": [
            str(start + datetime.timedelta(days=RNG.choice([0, 30, 31, 59, 90, 365]), hours=RNG.choice([0, 13])))
            for _ in ids
        ],
    }
    edges = {
        "src": [RNG.choice(ids) for _ in range(m)],
        "dst": [RNG.choice(ids) for _ in range(m)],
        "rel": [RNG.choice(["knows", "pays", None]) for _ in range(m)],
        "amount": [RNG.randrange(10) for _ in range(m)],
        "row": list(range(m)),
    }
    return {"nodes": nodes, "edges": edges}


def frames(data):
    nodes = pd.DataFrame(data["nodes"])
    nodes["seen"] = pd.to_datetime(nodes["seen"])
    nodes["kind"] = nodes["kind"].astype("str").where(pd.Series(data["nodes"]["kind"]).notna(), None)
    nodes["score"] = nodes["score"].astype("float64")
    edges = pd.DataFrame(data["edges"])
    if not len(edges):
        ids = nodes["id"]
        edges = pd.DataFrame({
            "src": ids[:0], "dst": ids[:0], "rel": pd.Series([], dtype="str"),
            "amount": pd.Series([], dtype="int64"), "row": pd.Series([], dtype="int64"),
        })
    else:
        edges["rel"] = edges["rel"].astype("str").where(pd.Series(data["edges"]["rel"]).notna(), None)
    return nodes, edges


def moment(days):
    at = datetime.datetime(2020, 1, 1) + datetime.timedelta(days=days)
    zone = RNG.choice(["UTC", "UTC", "US/Eastern", "Europe/Berlin"])
    return {"type": "datetime", "value": at.isoformat(), "timezone": zone}


def size_condition():
    number = RNG.randrange(6)
    return RNG.choice([
        number,
        [number, 2],
        {"type": "GT", "val": number},
        {"type": "LT", "val": number},
        {"type": "GE", "val": number},
        {"type": "LE", "val": number - 0.5},
        {"type": "EQ", "val": number},
        {"type": "NE", "val": number},
        {"type": "Between", "lower": 1, "upper": 4, "inclusive": RNG.random() < 0.5},
        {"type": "IsIn", "options": [0, number]},
        {"type": "AllOf", "predicates": [{"type": "GT", "val": 0}, {"type": "LT", "val": 5}]},
        {"type": "Duplicated", "keep": RNG.choice(["first", "last", False])},
    ])


def kind_condition():
    return RNG.choice([
        "person",
        ["bank", "isle"],
        {"type": "EQ", "val": "bank"},
        {"type": "NE", "val": "bank"},
        {"type": "GT", "val": "c"},
        {"type": "IsIn", "options": ["person", "x"]},
        {"type": "Contains", "pat": "s", "case": RNG.random() < 0.5, "flags": 0, "na": None, "regex": True},
        {"type": "Contains", "pat": "S", "case": RNG.random() < 0.5, "flags": 0, "na": True, "regex": False},
        {"type": "Contains", "pat": "^[bi]|e$", "case": True, "flags": 0, "na": False, "regex": True},
        {"type": "Startswith", "pat": RNG.choice(["p", "s", ["b", "S"]]), "case": RNG.random() < 0.5, "na": None},
        {"type": "Endswith", "pat": RNG.choice(["p", "e", "K"]), "case": RNG.random() < 0.5, "na": None},
        {"type": "Match", "pat": "b|s", "case": RNG.random() < 0.5, "flags": 0, "na": None},
        {"type": "Fullmatch", "pat": "bank|is.*", "case": True, "flags": 0, "na": None},
        {"type": "IsNA"},
        {"type": "NotNA"},
        {"type": "IsNull"},
        {"type": "NotNull"},
        {"type": RNG.choice(["IsLower", "IsTitle", "IsAlpha", "IsUpper", "IsAlnum", "IsDigit", "IsSpace"])},
    ])


def seen_condition():
    return RNG.choice([
        {"type": "GT", "val": moment(RNG.choice([0, 30, 60]))},
        {"type": "LE", "val": moment(RNG.choice([0, 30, 60]))},
        {"type": "EQ", "val": moment(0)},
        {"type": "GE", "val": {"type": "date", "value": "2020-01-31"}},
        {"type": "LT", "val": {"type": "time", "value": "12:00:00"}},
        {"type": "Between", "lower": moment(10), "upper": moment(100), "inclusive": True},
        {"type": "GT", "val": {"type": "datetime", "value": 1580000000, "unit": "s"}},
        {"type": RNG.choice([
            "IsMonthStart", "IsMonthEnd", "IsQuarterStart", "IsQuarterEnd", "IsYearStart", "IsYearEnd", "IsLeapYear",
        ])},
        "2020-01-31",
    ])


def score_condition():
    return RNG.choice([
        {"type": "GT", "val": 0.5},
        {"type": "NE", "val": 1},
        {"type": "IsNA"},
        {"type": "NotNA"},
        1.0,
        [0.5, 2.25],
    ])


def node_filter(most=2):
    conditions = {
        "size": size_condition,
        "kind": kind_condition,
        "seen": seen_condition,
        "score": score_condition,
        "good": lambda: RNG.choice([True, False, {"type": "EQ", "val": True}]),
        "missing": lambda: RNG.choice([1, {"type": "IsNA"}]),
    }
    count = RNG.choice([0, 0, 1, 1, most])
    names = RNG.choices(list(conditions), weights=[6, 6, 3, 3, 2, 0.5], k=count)
    return {name: conditions[name]() for name in dict.fromkeys(names)}


def edge_filter():
    conditions = {
        "rel": lambda: RNG.choice(["knows", ["pays"], {"type": "Contains", "pat": "y", "case": True, "flags": 0, "na": None, "regex": True}, {"type": "IsNA"}]),
        "amount": lambda: RNG.choice([{"type": "GT", "val": 3}, {"type": "LE", "val": 7}, {"type": "NE", "val": 5}]),
    }
    names = RNG.sample(list(conditions), RNG.choice([0, 0, 1, 2]))
    return {name: conditions[name]() for name in names}


def edge(far, name=None):
    step = {"type": "Edge", "direction": RNG.choice(["forward", "reverse", "undirected"]), "hops": 1, "to_fixed_point": False}
    shape = RNG.choice(["one", "one", "many", "range", "end"]) if far else "one"
    if shape == "many":
        step["hops"] = RNG.choice([2, 3])
    elif shape == "range":
        low = RNG.choice([1, 1, 2, 3])
        step.update(hops=None, min_hops=low, max_hops=low + RNG.choice([0, 1, 2]))
        if far == "output" and RNG.random() < 0.5:
            step["output_min_hops"] = RNG.randint(1, step["max_hops"])
            step["output_max_hops"] = RNG.randint(max(step["output_min_hops"], low), step["max_hops"] + 1)
    elif shape == "end":
        step.update(hops=None, to_fixed_point=True)
    if RNG.random() < 0.4:
        step["edge_match"] = edge_filter()
    if RNG.random() < 0.25:
        step["source_node_match"] = node_filter(1)
    if RNG.random() < 0.25:
        step["destination_node_match"] = node_filter(1)
    if name:
        step["name"] = name
    return step


def node(name=None):
    step = {"type": "Node", "filter_dict": node_filter()}
    if name:
        step["name"] = name
    return step


def chain(far):
    steps = []
    length = RNG.choice([1, 1, 2, 2, 3])
    for at in range(length):
        if at > 0 or RNG.random() < 0.8:
            steps.append(node(RNG.choice([None, f"a{at}"])))
        if at + 1 < length or RNG.random() < 0.7 or not steps:
            steps.append(edge(far, RNG.choice([None, f"b{at}"])))
    if steps[-1]["type"] == "Edge" and RNG.random() < 0.8:
        steps.append(node(RNG.choice([None, "last"])))
    return steps


def call(ids, last=True):
    """A call; one whose answer has nodes without attributes at the client comes last."""
    function, params = RNG.choice([
        ("get_degrees", {}),
        ("get_degrees", {"col": "d", "degree_in": "i", "degree_out": "o"}),
        ("get_indegrees", {}),
        ("get_outdegrees", {"col": "out"}),
        # The client takes predicates in parameters for values, which equal nothing.
        ("filter_nodes_by_dict", {"filter_dict": {"size": [1, 2, 3]}}),
        ("filter_edges_by_dict", {"filter_dict": {"rel": "knows"}}),
        ("prune_self_edges", {}),
        ("materialize_nodes", {}),
        ("get_topological_levels", {"warn_cycles": False}),
        ("get_topological_levels", {"level_col": "depth", "warn_cycles": False}),
        ("keep_nodes", {"nodes": RNG.sample(ids, min(len(ids), 3))}),
        ("keep_nodes", {"nodes": {"id": ids[:4], "size": [1, 2, 3]}}),
        ("drop_nodes", {"nodes": RNG.sample(ids, min(len(ids), 2))}),
        ("hop", {"hops": 2, "direction": RNG.choice(["forward", "reverse", "undirected"])}),
        ("hop", {"edge_match": {}, "return_as_wave_front": last}),
    ])
    return {"type": "Call", "function": function, "params": params}


def query(at, data):
    ids = data["nodes"]["id"]
    family = at % 8
    if family < 3:
        return chain(far=False)
    if family < 5:
        return chain(far=True)
    if family == 5:
        return chain(far="output")
    if family == 6:
        steps = chain(far=False)
        return [call(ids, last=False)] + steps if RNG.random() < 0.5 else [call(ids, last=False), call(ids)]
    return {
        "type": "Let",
        "bindings": {
            "one": {"type": "Chain", "chain": chain(far=True)},
            "two": {"type": "Ref", "ref": "one", "chain": chain(far=False)},
            "three": {"type": "Ref", "ref": RNG.choice(["one", "two"]), "chain": [call(ids)]},
        },
    }


def cell(value):
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return str(value)
    return value.item() if hasattr(value, "item") else value


def table(frame, key):
    """Columns without those that the client keeps for itself, rows in the order of `key`."""
    frame = frame[[c for c in frame.columns if not str(c).startswith("__gfql_")]]
    frame = frame.sort_values(key).reset_index(drop=True)
    return {str(c): [cell(v) for v in frame[c].tolist()] for c in frame.columns}


def answer(data, wire):
    nodes, edges = frames(data)
    g = graphistry.nodes(nodes, "id").edges(edges, "src", "dst")
    if isinstance(wire, dict):
        result = g.gfql(ASTLet.from_json(wire), engine="pandas")
    else:
        result = g.gfql(Chain.from_json({"type": "Chain", "chain": wire}).chain, engine="pandas")
    return {"nodes": table(result._nodes, "id"), "edges": table(result._edges, "row")}


def main(count):
    cases, graphs, failed = [], {}, {}
    data = None
    for at in range(count):
        if at % 8 == 0:
            data = graph()
        wire = query(at, data)
        try:
            expected = answer(data, json.loads(json.dumps(wire)))
        except Exception as error:  # The client cannot answer, or has a fault of its own.
            key = f"{type(error).__name__}: {str(error)[:60]}"
            failed[key] = failed.get(key, 0) + 1
            continue
        # As text, since the order of fields says in what order bindings run.
        cases.append({"graph": at // 8, "query": json.dumps(wire, separators=(",", ":")), **expected})
        graphs[str(at // 8)] = data
    print(failed, file=sys.stderr)
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps({"graphs": graphs, "cases": cases}, separators=(",", ":")) + "\n")
    print(len(cases), "cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main(640)
