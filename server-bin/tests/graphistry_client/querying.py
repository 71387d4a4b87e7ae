"""Queries that the server answers, beside what the client itself finds."""

import graphistry
import pandas as pd
from graphistry import e_forward, n

from shared import Absent, ask, described, graph, has, raises, remote, scenario, size, uploaded


def same(found, expected):
    """That two graphs are the same, whatever the order of their rows."""
    def rows(frame, columns):
        if frame is None:
            return []
        return sorted(frame[columns].astype(str).itertuples(index=False, name=None))

    assert rows(found._nodes, ["id"]) == rows(expected._nodes, ["id"]), (found._nodes, expected._nodes)
    assert rows(found._edges, ["s", "d", "w"]) == rows(expected._edges, ["s", "d", "w"]), (found._edges, expected._edges)


@scenario
def queries_like_the_clients_own():
    from graphistry import e_reverse, e_undirected, gt, is_in
    for query in [
        [n()],
        [n({"type": "user"})],
        [n({"type": "user"}), e_forward(hops=2), n()],
        [n({"id": "d"}), e_reverse(to_fixed_point=True), n()],
        [n({"type": "ip"}), e_undirected(), n({"type": "user"})],
        [n({"deg": is_in([1])}), e_undirected({"score": gt(0.3)}), n()],
        [n(query="deg > 1 and type == 'ip'"), e_forward(edge_query="w >= 2"), n()],
        [n({"type": "nobody"})],
    ]:
        local = graph()
        same(remote(uploaded())(query), (getattr(local, "gfql", None) or local.chain)(query))


@scenario
def query_for_all():
    found = remote(uploaded())([n({"type": "user"}), e_forward(hops=1), n(name="end")])
    assert sorted(found._nodes["id"]) == ["a", "b", "d"], found._nodes
    assert sorted(found._edges["d"]) == ["b", "d"]
    assert found._nodes["end"].sum() == 2
    assert found._edges["t"].iloc[0] == pd.Timestamp("2024-01-01")


@scenario
def query_for_tables():
    ask_for = remote(uploaded())
    for form in ["parquet", "csv", "json"]:
        nodes = ask_for([n({"deg": 2})], output_type="nodes", format=form)._nodes
        assert sorted(nodes["id"]) == ["a", "b", "c"], form
        edges = ask_for([n(), e_forward({"w": 3}), n()], output_type="edges", format=form)._edges
        assert edges["w"].tolist() == [3] and edges["s"].tolist() == ["c"], form
        both = ask_for([n(), e_forward(), n()], format=form)
        assert (len(both._nodes), len(both._edges)) == (4, 4), form
        none = ask_for([n({"id": "nobody"})], format=form)
        assert (len(none._nodes), len(none._edges)) == (0, 0), form
    times = ask_for([n(), e_forward(), n()], format="json")._edges["t"].tolist()
    assert times[0] == 1_704_067_200_000, times


@scenario
def query_for_columns():
    found = remote(uploaded())([n(), e_forward(), n()], node_col_subset=["id", "deg"], edge_col_subset=["s", "d"])
    assert list(found._nodes.columns) == ["id", "deg"] and list(found._edges.columns) == ["s", "d"]
    raises(lambda: remote(uploaded())([n()], node_col_subset=["id", "nothing"]))


@scenario
def query_for_the_shape():
    g = uploaded()
    shape = getattr(g, "gfql_remote_shape", None) or g.chain_remote_shape
    expected = [{"kind": "nodes", "rows": 4, "cols": 5}, {"kind": "edges", "rows": 0, "cols": 7}]
    for form in ["json", "csv", "parquet"]:
        assert shape([n()], format=form).to_dict("records") == expected, form


@scenario
def query_with_predicates():
    from graphistry import gt, is_in
    found = remote(uploaded())([n({"type": is_in(["ip"])}), e_forward({"score": gt(0.25)}), n()])
    assert found._edges["w"].tolist() == [3]


@scenario
def query_of_what_is_not_uploaded():
    g = graph()
    if not hasattr(g, "gfql_remote"):
        raise Absent("gfql_remote")
    assert len(g.gfql_remote([n({"type": "user"})])._nodes) == 2


@scenario
def query_that_is_kept():
    g = uploaded()
    if not hasattr(g, "gfql_remote"):
        raise Absent("gfql_remote")
    for form in ["json", "parquet"]:
        kept = g.privacy(mode="public").gfql_remote([n({"type": "user"}), e_forward(), n()], format=form, persist=True)
        assert kept._dataset_id and kept._dataset_id != g._dataset_id and kept._dataset_id in kept._url, form
        dataset = described(kept._dataset_id)
        assert size(dataset) == (3, 2) and dataset["mode"] == "public", dataset
        assert (dataset["node_id_column"], dataset["source_column"]) == ("id", "s")
        assert len(kept.gfql_remote([n()])._nodes) == 3


@scenario
def query_in_cypher():
    g = uploaded()
    if not hasattr(g, "gfql_remote") or graphistry.__version__ < "0.5":
        raise Absent("Cypher")
    rows = g.gfql_remote("MATCH (a {type: 'user'})-[e]->(b) RETURN a.id AS source, b.id AS target, e.w AS w ORDER BY w")
    assert rows._nodes.to_dict("records") == [
        {"source": "a", "target": "b", "w": 1}, {"source": "a", "target": "d", "w": 4}], rows._nodes
    assert len(g.gfql_remote("MATCH (a {type: 'user'})-[e]->(b) RETURN a, b LIMIT 1")._nodes) == 1
    if hasattr(g, "gfql_remote"):
        raises(lambda: g.gfql_remote("MATCH (a) RETURN a.deg AS deg", persist=True), "no graph")


@scenario
def query_with_let():
    let, ref = has(graphistry, "let"), has(graphistry, "ref")
    if not hasattr(graph(), "gfql_remote"):
        raise Absent("gfql_remote")
    query = let({"p": [n({"type": "ip"}), e_forward(), n()], "q": ref("p", [n({"id": "c"})])})
    same(uploaded().gfql_remote(query), graph().gfql(query))
    whole = uploaded().gfql_remote(let({"p": n({"type": "ip"}), "all": n()}), output="p")
    assert sorted(whole._nodes["id"]) == ["b", "c"]


@scenario
def query_that_says_how_it_is_seen():
    call = has(graphistry, "call")
    if not hasattr(graph(), "gfql_remote"):
        raise Absent("gfql_remote")
    query = [n(), e_forward(), n(), call("encode_point_color", {
        "column": "type", "categorical_mapping": {"user": "red"}, "default_mapping": "gray"})]
    found = uploaded().gfql_remote(query)
    encoding = found._complex_encodings["node_encodings"]["default"]["pointColorEncoding"]
    assert encoding["mapping"]["categorical"]["fixed"] == {"user": "red"}, encoding
    degrees = uploaded().gfql_remote([call("get_degrees", {"col": "degree"})])
    assert dict(zip(degrees._nodes["id"], degrees._nodes["degree"])) == {"a": 3, "b": 2, "c": 2, "d": 1}


@scenario
def queries_that_mean_nothing():
    path = f"/api/v2/etl/datasets/{uploaded()._dataset_id}/gfql/all"
    for body in [
        {"gfql_operations": [{"type": "Knot"}]},
        {"gfql_operations": [{"type": "Node", "filter_dict": {"nothing": 1}}], "strictness": "strict"},
        {"gfql_operations": [{"type": "Node", "filter_dict": {"id": {"type": "GT"}}}]},
        {"gfql_operations": [{"type": "Call", "function": "system", "params": {}}]},
        {"gfql_operations": [], "format": "xlsx"},
        {},
    ]:
        answer = ask("POST", path, body)
        assert answer.status_code == 400 and isinstance(answer.json()["error"], str), (body, answer.text)
        assert answer.headers["content-type"].startswith("application/json")
    raises(lambda: remote(uploaded())({"type": "Chain", "chain": [{"type": "Knot"}]}, validate=False), "400")
    ask("POST", path.replace("/all", "/some"), {"gfql_operations": []}, expect=404)


@scenario
def python_is_refused():
    g = uploaded()
    run = has(g, "python_remote_json")
    raises(lambda: run("def task(g):\n  return {'n': len(g._edges)}"), "403")
    answer = ask("POST", f"/api/v2/datasets/{g._dataset_id}/python", {"execute": "1", "engine": "pandas"})
    assert answer.status_code == 403 and "runs no Python" in answer.json()["error"]
