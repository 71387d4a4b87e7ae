"""Answers of graphistry's own GFQL, in pandas, to calls on rows and to algorithms of igraph: gfql_rows.json.

cuGraph needs a card: what the client makes of its similarities and cores is put together here out of networkx.
"""

import json
import operator
import pathlib
import random
import warnings

import graphistry
import igraph
import networkx as nx
import pandas as pd
from graphistry.compute.chain import Chain

assert graphistry.__version__ == "0.61.2", graphistry.__version__
assert igraph.__version__ == "1.0.0", igraph.__version__
assert nx.__version__ == "3.6.1", nx.__version__
assert pd.__version__.startswith("3.1."), pd.__version__
warnings.filterwarnings("ignore")

RNG = random.Random(7)
N = 16
NODES = {
    "id": list(range(N)),
    "kind": [RNG.choice(["person", "bank", "Shop"]) for _ in range(N)],
    "size": [RNG.randrange(6) for _ in range(N)],
    "score": [RNG.choice([None, 0.5, 1.0, 2.25, -3.5]) for _ in range(N)],
    "good": [RNG.random() < 0.5 for _ in range(N)],
}
# Simple and directed; the last node has no edge, and two of them are on their own.
PAIRS = sorted({(u, v) for u, v in ((RNG.randrange(N - 3), RNG.randrange(N - 3)) for _ in range(30)) if u != v}) + [(N - 3, N - 2)]
EDGES = {
    "src": [u for u, _ in PAIRS],
    "dst": [v for _, v in PAIRS],
    "amount": [RNG.randrange(10) for _ in PAIRS],
    "row": list(range(len(PAIRS))),
}


def call(function, **params):
    return {"type": "Call", "function": function, "params": params}


def node(name=None, **conditions):
    return {"type": "Node", "filter_dict": conditions, **({"name": name} if name else {})}


def edge(**fields):
    return {"type": "Edge", "direction": "forward", "hops": 1, "to_fixed_point": False, **fields}


NODE_ROWS = call("rows", table="nodes")
ROWS = [
    [NODE_ROWS],
    [call("rows", table="edges")],
    [node("a", kind="person"), edge(), node("b"), call("rows", table="nodes", source="b")],
    [node(), edge(name="e", edge_match={"amount": {"type": "GT", "val": 4}}), node(), call("rows", table="edges", source="e"), call("select", items=["src", "dst"])],
    [NODE_ROWS, call("select", items=["id", ["twice", "size * 2 + 1"], ["seven", 7], ["name", "kind"]])],
    [NODE_ROWS, call("return_", items=[["half", "size / 2"], ["rest", "size % 4"], ["down", "-size"], ["part", "score / 2"]])],
    [NODE_ROWS, call("with_", items=[["big", "size >= 3"]], extend=True)],
    [NODE_ROWS, call("with_", items=[["big", "size >= 3"]])],
    [NODE_ROWS, call("where_rows", filter_dict={"kind": "bank"})],
    [NODE_ROWS, call("where_rows", filter_dict={"good": True}, expr="kind = 'bank' or size > 2")],
    [NODE_ROWS, call("where_rows", expr="size > 1 AND NOT good")],
    [NODE_ROWS, call("where_rows", expr="score IS NULL")],
    [NODE_ROWS, call("where_rows", expr="score IS NOT NULL and score < 1")],
    [NODE_ROWS, call("where_rows", expr="kind in ['bank', 'Shop']")],
    [NODE_ROWS, call("where_rows", expr="kind starts with 'p' or kind ends with 'p'")],
    [NODE_ROWS, call("where_rows", expr="kind contains 'an'")],
    [NODE_ROWS, call("where_rows", expr="size <> 3 and id <= 11")],
    [NODE_ROWS, call("where_rows", expr="toLower(kind) = 'shop'")],
    [NODE_ROWS, call("where_rows", expr="abs(score) > 2")],
    [NODE_ROWS, call("select", items=["id", ["score", "coalesce(score, 9)"], ["up", "toUpper(kind)"], ["letters", "size(kind)"]])],
    [NODE_ROWS, call("order_by", keys=[["size", "asc"]])],
    [NODE_ROWS, call("order_by", keys=[["score", "desc"], ["id", "asc"]])],
    [NODE_ROWS, call("order_by", keys=[["kind", "asc"], ["size", "desc"]])],
    [NODE_ROWS, call("order_by", keys=[["size * 2", "desc"]]), call("skip", value=2), call("limit", value=5)],
    [NODE_ROWS, call("limit", value=0)],
    [NODE_ROWS, call("skip", value=100)],
    [NODE_ROWS, call("select", items=["kind", "good"]), call("distinct")],
    [NODE_ROWS, call("distinct", subset=["kind"])],
    [NODE_ROWS, call("drop_cols", cols=["score", "nothing"])],
    [NODE_ROWS, call("group_by", keys=["kind"], aggregations=[["n", "count"], ["total", "sum", "size"], ["least", "min", "score"], ["most", "max", "size"], ["mean", "avg", "size"]])],
    [NODE_ROWS, call("group_by", keys=["kind", "good"], aggregations=[["n", "count", "*"], ["scores", "count", "score"], ["different", "count_distinct", "size"]])],
    [NODE_ROWS, call("group_by", keys=["good"], aggregations=[["ids", "collect", "id"], ["sizes", "collect_distinct", "size"]])],
    [NODE_ROWS, call("group_by", keys=["kind"], aggregations=[["total", "sum", "score"], ["double", "sum", "size * 2"]])],
    [NODE_ROWS, call("group_by", keys=["kind"], aggregations=[["goods", "sum", "good"]]), call("order_by", keys=[["goods", "desc"]])],
    [NODE_ROWS, call("group_by", keys=[], aggregations=[["n", "count"], ["total", "sum", "size"]])],
    [NODE_ROWS, call("group_by", keys=["score"], aggregations=[["n", "count"]])],
    [NODE_ROWS, call("select", items=["id"]), call("limit", value=3), call("unwind", expr=[1, 2], as_="part")],
    [NODE_ROWS, call("group_by", keys=["kind"], aggregations=[["ids", "collect", "id"]]), call("unwind", expr="ids", as_="id")],
    [NODE_ROWS, call("search_any", alias="n", term="AN", out_col="hit")],
    [NODE_ROWS, call("search_any", alias="n", term="AN", out_col="hit", case_sensitive=True)],
    [NODE_ROWS, call("search_any", alias="n", term="p$|^b", out_col="hit", regex=True)],
    [NODE_ROWS, call("search_any", alias="n", term="S.*p", out_col="hit", regex=True, case_sensitive=True)],
    [NODE_ROWS, call("search_any", alias="n", term="2", out_col="hit")],
    [NODE_ROWS, call("search_any", alias="n", term="0.5", out_col="hit")],
    [NODE_ROWS, call("search_any", alias="n", term="-3.5000", out_col="hit")],
    [NODE_ROWS, call("search_any", alias="n", term="1", out_col="hit", columns=["score", "size"])],
    [NODE_ROWS, call("search_any", alias="n", term="tru", out_col="hit", columns=["good"])],
    [NODE_ROWS, call("search_any", alias="n", term="o", out_col="kind", columns=["kind"])],
    [NODE_ROWS, call("search_any", alias="size", term="3", out_col="hit")],
    [node(kind="nobody"), NODE_ROWS, call("search_any", alias="n", term="3", out_col="hit", columns=["nothing"])],
    [node(kind="bank"), NODE_ROWS, call("search_any", alias="n", term="ban", out_col="hit"), call("where_rows", expr="hit")],
    [call("count_table", table="nodes")],
    [call("count_table", table="edges", alias="n")],
    [node("a", kind="person"), edge(), node("b"), call("count_table", table="nodes", source="b", alias="n")],
    [node(kind="bank"), call("select", items=["id"]), call("order_by", keys=[["id", "desc"]])],
    [node(kind="nobody"), NODE_ROWS, call("select", items=[["n", "size"]]), call("fill_empty_row", row={"n": 0})],
    [NODE_ROWS, call("select", items=[["n", "size"]]), call("fill_empty_row", row={"n": 0})],
]

def path(*conditions, steps=None):
    return steps or [node("a"), edge(name="e"), node("b"), edge(name="f"), node("c")], [
        {op: {"left": left, "right": right}} for op, left, right in conditions]


PATHS = [
    path(("eq", "a.kind", "c.kind")),
    path(("neq", "a.kind", "b.kind"), ("eq", "a.size", "c.size")),
    path(("gt", "e.amount", "f.amount")),
    path(("lt", "a.size", "b.size"), ("lt", "b.size", "c.size")),
    path(("le", "a.score", "c.score")),
    path(("ge", "c.id", "a.id"), ("neq", "a.kind", "c.kind")),
    path(("eq", "a.kind", "b.kind"), steps=[node("a"), edge(), node("b")]),
    path(("eq", "a.size", "e.amount"), steps=[node("a"), edge(name="e"), node("b")]),
    path(("lt", "a.size", "b.size"), steps=[node("a", kind="person"), {**edge(), "direction": "reverse"}, node("b")]),
    path(("eq", "a.kind", "b.kind"), ("eq", "a.id", "b.size")),
]

IGRAPH = [
    ("pagerank", {}), ("pagerank", {"damping": 0.6}), ("personalized_pagerank", {}),
    ("betweenness", {}), ("closeness", {}), ("harmonic_centrality", {}), ("eccentricity", {}),
    ("coreness", {}), ("articulation_points", {}), ("hub_score", {}), ("authority_score", {}),
    ("clusters", {}), ("clusters", {"mode": "weak"}), ("spanning_tree", {}),
]


# The column that the client gives each, unless it is asked for another, and whether weights count.
SIMILARITIES = [
    ("jaccard", "jaccard_coeff", False), ("jaccard_w", "jaccard_coeff", True),
    ("overlap", "overlap_coeff", False), ("overlap_coefficient", "overlap_coefficient", False), ("overlap_w", "overlap_coeff", True),
    ("sorensen", "sorensen_coeff", False), ("sorensen_coefficient", "sorensen_coeff", False), ("sorensen_w", "sorensen_coeff", True),
]


def similarities():
    """Scores of pairs that are two hops apart, as cuGraph has them, joined to the edges, as the client does."""
    # Weights of both directions of a pair are added up.
    graph = nx.Graph()
    for (u, v), amount in zip(PAIRS, EDGES["amount"]):
        graph.add_edge(u, v, weight=amount + graph.get_edge_data(u, v, {"weight": 0})["weight"])
    cases = []
    for alg, column, weighted in SIMILARITIES:
        def weight(u, z):
            return graph[u][z]["weight"] if weighted else 1

        scores = []
        for u, v in PAIRS:
            common = sum(min(weight(u, z), weight(v, z)) for z in nx.common_neighbors(graph, u, v))
            a, b = (sum(weight(w, z) for z in graph[w]) for w in (u, v))
            over = {"jaccard": a + b - common, "overlap": min(a, b), "sorensen": (a + b) / 2}[alg.split("_")[0]]
            scores.append(common / over if any(nx.common_neighbors(graph, u, v)) else None)
        if alg == "jaccard":
            assert [s or 0 for s in scores] == [s for _, _, s in nx.jaccard_coefficient(graph, PAIRS)]
        cases.append({"alg": alg, "column": column, "edges": scores})
    return cases


def cores():
    """Edges of cores, which replace those of the graph; without a number, those of the innermost."""
    graph = nx.Graph(PAIRS)
    return [{"k": k, "edges": [list(pair) for pair in PAIRS if nx.k_core(graph, k).has_edge(*pair)]} for k in (None, 0, 1, 2, 3, 4, 9)]


def cell(value):
    if isinstance(value, list):
        return [cell(entry) for entry in value]
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.item() if hasattr(value, "item") else value


def table(frame):
    return {str(c): [cell(v) for v in frame[c].tolist()] for c in frame.columns if not str(c).startswith("__gfql_")}


def answer(wire, where=()):
    nodes = pd.DataFrame(NODES)
    nodes["score"] = nodes["score"].astype("float64")
    g = graphistry.nodes(nodes, "id").edges(pd.DataFrame(EDGES), "src", "dst")
    chain = Chain.from_json({"type": "Chain", "chain": wire, "where": list(where)})
    return g.gfql(chain if where else chain.chain, engine="pandas")


def on_paths(steps, where):
    """Nodes and edges of all paths that meet the conditions, each path tried."""
    compare = {"eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "lt": operator.lt, "ge": operator.ge, "le": operator.le}
    names = {step["name"]: at for at, step in enumerate(steps) if "name" in step}
    nodes, edges = set(), set()

    def value(path, side):
        step, column = side.split(".")
        at = names[step]
        return (EDGES if at % 2 else NODES)[column][path[at]]

    def walk(path, here):
        at = len(path)
        if at == len(steps):
            for condition in where:
                (name, sides), = condition.items()
                left, right = value(path, sides["left"]), value(path, sides["right"])
                if left is None or right is None or not compare[name](left, right):
                    return
            nodes.update(path[::2])
            edges.update(path[1::2])
        elif at % 2:
            for row, (u, v) in enumerate(PAIRS):
                u, v = (v, u) if steps[at]["direction"] == "reverse" else (u, v)
                if u == here:
                    walk(path + [row], v)
        else:
            for u in range(N) if here is None else [here]:
                if all(NODES[column][u] == wanted for column, wanted in steps[at]["filter_dict"].items()):
                    walk(path + [u], u)

    walk([], None)
    return nodes, edges


def main():
    rows = []
    for wire in ROWS:
        wire = json.loads(json.dumps(wire))
        rows.append({"query": wire, "nodes": table(answer(wire)._nodes)})
    paths = []
    for steps, where in PATHS:
        made = answer(json.loads(json.dumps(steps)), where)
        nodes, edges = on_paths(steps, where)
        theirs = set(made._nodes["id"].tolist()), set(made._edges["row"].tolist())
        # The client keeps more where steps are compared that no edge joins.
        assert nodes <= theirs[0] and edges <= theirs[1], (steps, where)
        assert len(steps) > 3 or (nodes, edges) == theirs, (steps, where)
        paths.append({
            "query": {"type": "Chain", "chain": steps, "where": where},
            "nodes": sorted(nodes), "edges": sorted(edges),
        })
    algorithms = []
    for alg, params in IGRAPH:
        wire = [call("compute_igraph", alg=alg, out_col="out", params=params)]
        made = answer(json.loads(json.dumps(wire)))
        # A part of a graph may come back with fewer rows, or in another order.
        case = {"query": wire, "edges": sorted(map(list, zip(made._edges["src"].tolist(), made._edges["dst"].tolist())))}
        if "out" in made._nodes:
            nodes = made._nodes.sort_values("id")
            case["nodes"] = {"id": nodes["id"].tolist(), "out": [cell(v) for v in nodes["out"].tolist()]}
        algorithms.append(case)
    path = pathlib.Path(__file__).with_suffix(".json")
    graph = {"nodes": NODES, "edges": EDGES}
    path.write_text(json.dumps({"graph": graph, "rows": rows, "paths": paths, "algorithms": algorithms, "similarities": similarities(), "cores": cores()}, separators=(",", ":")) + "\n")
    print(len(rows), "and", len(algorithms), "cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
