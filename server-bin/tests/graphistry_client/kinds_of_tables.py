"""Tables of other libraries, odd ones and bad ones."""

import graphistry
import pandas as pd
import pyarrow as pa
import requests
from graphistry import e_forward, n

from shared import (
    BASE, EDGES, NODES, Absent, ask, columns, described, graph, has, raises, register, remote, scenario, size,
)


@scenario
def arrow_tables():
    table = pa.table({"s": [1, 2], "d": [2, 3]})
    dataset = described(graphistry.edges(table, "s", "d").plot(render=False))
    assert size(dataset) == (3, 2)


@scenario
def polars_frames():
    try:
        import polars as pl
    except ImportError as error:
        raise Absent("polars") from error
    frame = pl.DataFrame({"s": ["a", "b"], "d": ["b", "c"], "n": [[1, 2], None], "c": pl.Series(["x", "y"]).cast(pl.Categorical)})
    try:
        url = graphistry.edges(frame, "s", "d").plot(render=False)
    except Exception as error:  # noqa: BLE001
        if graphistry.__version__ < "0.6":
            raise Absent("polars frames") from error
        raise
    assert size(described(url)) == (3, 2)


@scenario
def igraph_whose_tables_come_the_wrong_way_round():
    try:
        import igraph
    except ImportError as error:
        raise Absent("igraph") from error
    g = igraph.Graph(edges=[(0, 1), (1, 2), (0, 2)], directed=True)
    g.vs["name"] = ["u", "v", "w"]
    g.es["kind"] = ["p", "q", "p"]
    dataset = described(graphistry.bind(source="source", destination="target", node="name").plot(g, render=False))
    assert size(dataset) == (3, 3)
    assert "kind" in columns(dataset, "edges")


@scenario
def networkx_graphs():
    try:
        import networkx
    except ImportError as error:
        raise Absent("networkx") from error
    g = networkx.karate_club_graph()
    dataset = described(graphistry.bind(source="src", destination="dst", node="node").plot(g, render=False))
    assert size(dataset) == (34, 78)


@scenario
def hypergraphs():
    events = pd.DataFrame({"user": ["u1", "u2", "u1"], "ip": ["i1", "i1", "i2"], "amt": [1., 2., 3.]})
    made = graphistry.hypergraph(events, entity_types=["user", "ip"], verbose=False)["graph"]
    dataset = described(made.plot(render=False))
    assert size(dataset) == (7, 6)
    assert dataset["node_id_column"] == "nodeID"


@scenario
def all_kinds_of_columns():
    table = pa.table({
        "s": pa.array(["a", "b", "c"], pa.large_string()),
        "d": pa.array(["b", "c", None], pa.large_string()),
        "dictionary": pa.array(["x", None, "x"]).dictionary_encode(),
        "zoned": pa.array([0, None, 10**15], pa.timestamp("us", "UTC")),
        "nanos": pa.array([0, 1, None], pa.timestamp("ns")),
        "day": pa.array([1, 2, None], pa.date32()),
        "decimal": pa.array([None, 1, 2], pa.decimal128(10, 2)),
        "span": pa.array([1, None, 3], pa.duration("us")),
        "list": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
        "nothing": pa.nulls(3),
        "large": pa.array([2**64 - 1, 0, None], pa.uint64()),
        "flag": pa.array([True, None, False]),
        "text": pa.array(["ü\"\n", "", None]),
    })
    g = graphistry.edges(table, "s", "d").upload()
    dataset = described(g._dataset_id)
    assert size(dataset) == (3, 2), size(dataset)
    assert any("left out" in warning for warning in dataset["warnings"]), dataset["warnings"]
    everything = [n(), e_forward(), n()]
    g = graphistry.edges(table.to_pandas(), "s", "d").bind(dataset_id=g._dataset_id)
    found = remote(g)(everything)._edges
    assert list(found.columns) == table.column_names, list(found.columns)
    assert len(found) == 2 and found["zoned"].iloc[0] == pd.Timestamp(0, tz="UTC")
    assert list(found["list"].iloc[0]) == [1, 2] and found["list"].iloc[1] is None
    assert found["large"].iloc[0] == 2**64 - 1 and found["text"].iloc[0] == "ü\"\n"
    assert found["dictionary"].iloc[0] == "x" and found["span"].iloc[0] == pd.Timedelta(microseconds=1)
    for form in ["csv", "json"]:
        found = remote(g)(everything, format=form)._edges
        assert len(found) == 2 and found["s"].tolist() == ["a", "b"], form
        assert found["text"].iloc[0] == "ü\"\n", (form, found["text"].iloc[0])
    assert found["zoned"].iloc[0] == 0 and found["day"].iloc[0] == 86_400_000


@scenario
def degenerate_graphs():
    empty = graphistry.edges(pd.DataFrame({"s": pd.Series([], dtype=str), "d": pd.Series([], dtype=str)}), "s", "d")
    assert size(described(empty.plot(render=False)))[1] == 0
    lonely = empty.nodes(NODES, "id")
    assert size(described(lonely.plot(render=False))) == (4, 0)
    loop = graphistry.edges(pd.DataFrame({"s": [1, 1], "d": [1, 1], "weight": [-1.0, None]}), "s", "d")
    assert size(described(loop.plot(render=False))) == (1, 2)
    mixed = graphistry.edges(pd.DataFrame({"s": [1, 2], "d": [2, 9]}), "s", "d").nodes(pd.DataFrame({"n": [2, 5, 1]}), "n")
    assert size(described(mixed.plot(render=False))) == (4, 2)


@scenario
def what_cannot_be_read_is_told():
    token = graphistry.api_token()
    made = ask("POST", "/api/v2/upload/datasets/", {"node_encodings": {"bindings": {}}, "edge_encodings": {
        "bindings": {"source": "s", "destination": "d"}}, "name": "broken"}, expect=200).json()["data"]["dataset_id"]
    headers = {"Authorization": f"Bearer {token}"}
    send = lambda path, body: requests.post(BASE + path, data=body, headers=headers, timeout=60)  # noqa: E731
    bad = send(f"/api/v2/upload/datasets/{made}/edges/arrow", b"ARROW1 no")
    assert bad.status_code == 400 and bad.json()["success"] is False and bad.json()["error"], bad.text
    orc = send(f"/api/v2/upload/datasets/{made}/edges/orc", b"ORC")
    assert orc.status_code == 400 and "Parquet" in orc.json()["error"], orc.text
    ask("GET", f"/api/v1/datasets/{made}", expect=409)
    for form, body in [("csv", b"s,d\na,b\n"), ("json", b'[{"s": "a", "d": "b"}]'), ("json", b'{"s": "a", "d": "b"}\n')]:
        good = send(f"/api/v2/upload/datasets/{made}/edges/{form}", body)
        assert good.status_code == 200 and good.json()["success"] is True, good.text
        assert size(described(made)) == (2, 1), form
    file = ask("POST", "/api/v2/files/", {"file_type": "arrow", "name": "f"}, expect=200).json()["file_id"]
    bad = send(f"/api/v2/upload/files/{file}?erase=true", b"no arrow").json()
    assert bad["is_valid"] is False and bad["is_uploaded"] is False and bad["errors"], bad
    ask("POST", "/api/v2/upload/datasets/", {"edge_files": [file]}, expect=409)
    ask("POST", "/api/v2/upload/datasets/", {"edge_files": ["nothing"]}, expect=404)


@scenario
def a_body_that_is_too_large():
    table = pa.table({"s": list(range(400_000)), "d": list(range(400_000))})
    raises(lambda: graphistry.edges(table, "s", "d").plot(render=False), "413")


@scenario
def address_of_a_proxy():
    register(client_protocol_hostname="https://viz.example.com")
    url = graphistry.edges(EDGES, "s", "d").plot(render=False)
    assert url.startswith("https://viz.example.com/graph/graph.html?dataset="), url
    assert size(described(url)) == (4, 4)
    register(client_protocol_hostname=BASE)


@scenario
def a_dataset_from_its_id():
    fetch = has(graphistry, "from_dataset_id")
    g = graph().encode_point_color("type", categorical_mapping={"user": "red"}, default_mapping="gray").name("Named").upload()
    found = fetch(g._dataset_id)
    assert found._dataset_id == g._dataset_id and g._dataset_id in found._url
    assert (found._node, found._source, found._destination, found._name) == ("id", "s", "d", "Named")
    assert found._complex_encodings["node_encodings"]["default"]["pointColorEncoding"]["attribute"] == "type"
    raises(lambda: fetch("0" * 32), "404")
