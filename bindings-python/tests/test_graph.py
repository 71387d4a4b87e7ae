"""Graphs from all that holds edges, and back."""

import pickle

import duckdb
import igraph
import networkx as nx
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rustworkx as rx
import scipy.sparse as sp

import graphlume as gl

COLUMNS = {"source": ["ann", "bob", "eve"], "target": ["bob", "eve", "kim"], "since": [2019, 2021, 2020]}

FRAMES = {
    "dict": lambda: COLUMNS,
    "polars": lambda: pl.DataFrame(COLUMNS),
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pyarrow": lambda: pa.table(COLUMNS),
    "duckdb": lambda: duckdb.from_arrow(pa.table(COLUMNS)),
    "batches": lambda: pa.RecordBatchReader.from_batches(
        pa.table(COLUMNS).schema, pa.table(COLUMNS).to_batches(max_chunksize=2)
    ),
    "table": lambda: gl.Graph(COLUMNS).edges,
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=FRAMES)
def test_a_graph_of_any_frame(make):
    graph = gl.Graph(make())
    assert (graph.n_nodes, graph.n_edges, graph.is_directed) == (4, 3, False)
    assert graph.ids.tolist() == ["ann", "bob", "eve", "kim"]
    assert graph.edges.columns == ["source", "target", "since"]
    assert graph.edges["since"].tolist() == [2019, 2021, 2020]
    assert graph.edge_index.tolist() == [[0, 1, 2], [1, 2, 3]]


def test_columns_have_names_of_your_own_and_nodes_a_table():
    edges = pl.DataFrame({"w": [1.5, 2.0], "to": [7, 8], "from_": [5, 7]})
    nodes = pd.DataFrame({"who": [8, 5, 3], "age": [30, 20, 10]})
    graph = gl.Graph(edges, nodes, source="from_", target="to", weight="w", id="who", directed=True)
    assert graph.is_directed and graph.weights.tolist() == [1.5, 2.0]
    assert graph.ids.tolist() == [8, 5, 3, 7]
    ages = graph.nodes["age"]
    assert np.isnan(ages[3]) and ages[:3].tolist() == [30, 20, 10]


def test_the_index_of_a_pandas_frame_has_the_ids_if_no_column_does():
    ages = {"age": [30, 20]}
    pairs = [("b", "a"), ("a", "c")]
    for index in (["a", "b"], pd.Index(["a", "b"], name="who"), pd.CategoricalIndex(["a", "b"])):
        graph = gl.Graph(pairs, nodes=pd.DataFrame(ages, index=index))
        assert graph.ids.tolist() == ["a", "b", "c"] and graph.nodes["age"].tolist()[:2] == [30, 20]
        assert graph.nodes.columns == [getattr(index, "name", None) or "id", "age"]
    graph = gl.Graph(pairs, nodes=pd.DataFrame(ages, index=pd.Index(["a", "b"], name="who")), id="who")
    assert graph.ids.tolist() == ["a", "b", "c"]
    numbered = pd.DataFrame(ages, index=[7, 5])
    assert gl.Graph([(5, 7)], nodes=numbered).ids.tolist() == [7, 5]
    # A column of ids is what it was before, and so is an index that only counts.
    assert gl.Graph([(30, 20)], nodes=pd.DataFrame({"id": [20, 30]}, index=["a", "b"])).ids.tolist() == [20, 30]
    assert gl.Graph([(30, 20)], nodes=pd.DataFrame(ages)).ids.tolist() == [30, 20]


def test_pairs_triples_and_arrays():
    assert gl.Graph([(1, 2), (2, 3)]).ids.tolist() == [1, 2, 3]
    assert gl.Graph([("a", "b", 0.5)]).weights.tolist() == [0.5]
    assert gl.Graph((pair for pair in [("a", "b")])).n_edges == 1
    assert gl.Graph(np.array([[0, 1], [1, 2]], dtype=np.int16)).n_nodes == 3
    three = gl.Graph(np.array([[0, 1, 0.25], [1, 2, 4]]))
    assert three.ids.dtype == np.int64 and three.weights.tolist() == [0.25, 4.0]
    assert gl.Graph([]).n_nodes == 0


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<i8", ">i8", "<u4", "i2", "S3", "U3"])
def test_arrays_of_any_order_and_type(order, kind):
    ends = np.array([[100, 101], [101, 102]]).astype(kind)
    graph = gl.Graph(np.asarray(ends, order=order)[::-1])
    assert sorted(str(id) for id in graph.ids) == ["100", "101", "102"]


def test_a_sparse_matrix_keeps_isolated_nodes_and_is_undirected_if_symmetric():
    matrix = sp.coo_array(([1.0, 2.0, 1.0, 2.0], ([0, 1, 2, 3], [2, 3, 0, 1])), shape=(6, 6))
    graph = gl.Graph(matrix)
    assert (graph.n_nodes, graph.n_edges, graph.is_directed) == (6, 2, False)
    assert (graph.to_scipy() != matrix.tocsr()).nnz == 0
    directed = gl.Graph(sp.csr_array(([1.0, 3.0], ([0, 4], [2, 4])), shape=(5, 5)))
    assert directed.is_directed and directed.n_edges == 2
    assert directed.to_scipy()[4, 4] == 3.0


def test_networkx_and_back(random_graphs):
    for graph in random_graphs:
        back = gl.Graph(graph).to_networkx()
        assert nx.utils.graphs_equal(back, graph)


def test_networkx_with_nodes_of_any_kind_and_attributes(karate):
    grid = nx.grid_2d_graph(2, 3)
    with pytest.warns(UserWarning, match="nodes are numbered"):
        graph = gl.Graph(grid)
    assert graph.n_edges == grid.number_of_edges()
    assert graph.nodes["label"].tolist() == [str(node) for node in grid.nodes]
    graph = gl.Graph(karate)
    assert graph.nodes["club"].tolist() == [club for _, club in karate.nodes(data="club")]
    assert graph.weights.sum() == sum(weight for *_, weight in karate.edges(data="weight"))
    odd = nx.Graph()
    odd.add_edge("a", "b", what=[1, 2])
    with pytest.warns(UserWarning, match="attribute `what` of edges is left out"):
        gl.Graph(odd)
    several = gl.Graph(nx.MultiDiGraph([("a", "b"), ("a", "b"), ("b", "b")]))
    assert several.to_networkx().number_of_edges() == 3


def test_ids_and_keys_of_networkx_come_back_whatever_they_are():
    grid = nx.grid_2d_graph(3, 2)
    grid.nodes[1, 1]["kind"] = "middle"
    with pytest.warns(UserWarning, match="nodes are numbered"):
        ours = gl.Graph(grid)
    assert nx.utils.graphs_equal(ours.to_networkx(), grid)
    # Also of what is left of it, and with what is found out about it.
    part = ours.filter(nodes="label <> '(1, 1)'").page_rank().graph.largest_component().layout(iterations=2)
    back = part.to_networkx()
    assert set(back) == set(grid) - {(1, 1)} and {"page_rank", "x", "y"} == set(back.nodes[0, 0])
    for kind in (nx.MultiGraph, nx.MultiDiGraph):
        for edges in ([("a", "b"), ("b", "c")], [("a", "b", "x"), ("a", "b", "y")], [(1, 2, 7), (1, 2, "x"), (2, 2, (3, 4))], [(1, 2), (1, 2)]):
            graph = kind(edges)
            for at, edge in enumerate(graph.edges(keys=True)):
                graph.edges[edge]["w"] = at
            back = gl.Graph(graph).to_networkx()
            assert type(back) is kind and nx.utils.graphs_equal(back, graph)
    last = gl.Graph(nx.MultiGraph([(1, 2, "x"), (1, 2, "y")])).filter(edges="key = 'y'").to_networkx()
    assert list(last.edges(keys=True)) == [(1, 2, "y")]


def test_igraph_and_back():
    graph = igraph.Graph.Famous("Zachary")
    graph.vs["name"] = [f"n{at}" for at in range(34)]
    graph.es["strength"] = list(range(graph.ecount()))
    back = gl.Graph(graph).to_igraph()
    assert back.vs["name"] == graph.vs["name"]
    assert back.get_edgelist() == graph.get_edgelist()
    assert back.es["strength"] == graph.es["strength"]


def test_rustworkx():
    graph = rx.PyDiGraph()
    graph.add_nodes_from([{"age": 3}, {"age": 4}, {"age": 5}])
    graph.add_edges_from([(0, 1, 0.5), (1, 2, 1.5)])
    ours = gl.Graph(graph)
    assert ours.is_directed and ours.weights.tolist() == [0.5, 1.5]
    assert ours.nodes["age"].tolist() == [3, 4, 5]


def test_what_has_an_edge_index():
    class Data:
        edge_index = np.array([[0, 1, 1, 2], [1, 0, 2, 1]])
        num_nodes = 4
        y = np.array([0, 0, 1, 0])
        edge_attr = None

        def is_undirected(self):
            return True

    graph = gl.Graph(Data())
    assert (graph.n_nodes, graph.n_edges, graph.is_directed) == (4, 2, False)
    assert graph.nodes["y"].tolist() == [0, 0, 1, 0]


def test_what_has_no_direction_has_both_if_that_is_wanted():
    pairs = [(0, 1), (1, 2)]
    matrix = sp.coo_array(([1.0] * 4, ([0, 1, 1, 2], [1, 0, 2, 1])), shape=(3, 3))
    before = matrix.nnz
    for data in (matrix, nx.Graph(pairs), igraph.Graph(edges=pairs), rx.PyGraph()):
        if isinstance(data, rx.PyGraph):
            data.add_nodes_from([None] * 3)
            data.add_edges_from([(u, v, None) for u, v in pairs])
        graph = gl.Graph(data, directed=True)
        ends = sorted(zip(graph.edges["source"].tolist(), graph.edges["target"].tolist()))
        assert graph.is_directed and [tuple(map(int, end)) for end in ends] == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert matrix.nnz == before
    double = sp.coo_array(([1.0, 1.0, 1.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    gl.Graph(double)
    assert double.nnz == 3


def test_attributes_that_some_have_come_back_as_they_were():
    graph = nx.Graph([("a", "b"), ("b", "c")])
    graph.nodes["a"].update(age=3, ok=True, share=0.5)
    graph.nodes["c"].update(ok=False)
    graph.edges["a", "b"]["cap"] = 2**60 + 1
    back = gl.Graph(graph).to_networkx()
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert back.edges["a", "b"] == {"cap": 2**60 + 1} and back.edges["b", "c"] == {}
    assert isinstance(back.nodes["a"]["age"], int) and back.nodes["a"]["ok"] is True


def test_columns_by_id_and_those_that_cannot_be():
    graph = gl.Graph([("a", "b"), ("b", "c")])
    assert graph.with_nodes(n={"c": 3, "a": 1}).nodes.column("n").to_pylist() == [1, None, 3]
    assert graph.with_nodes(n=graph.page_rank().to_dict()).nodes["n"].sum() == pytest.approx(1)
    for call, text in [
        (lambda: graph.with_nodes(n={1, 2, 3}), "a set, which has no order"),
        (lambda: graph.with_nodes(id=[1, 2, 3]), "`id` holds the ids of nodes, and cannot be replaced"),
        (lambda: gl.Graph(graph), "is a Graph already"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()
    with pytest.raises(ValueError, match="read-only|assignment"):
        graph.ids[0] = "z"
    import copy

    assert copy.copy(graph) is graph and copy.copy(graph.degree()).values.tolist() == [1, 2, 1]
    named = gl.Graph([(1, 2)], {"id": [1, 2], "name": ["x", "y"]}).to_igraph()
    assert named.vs["name"] == [1, 2] and named.vs["name_"] == ["x", "y"]
    masked = np.ma.array([1, 2], mask=[False, True])
    with pytest.raises(gl.InputError, match="row 1"):
        gl.Graph({"source": masked, "target": [2, 3]})
    assert gl.Graph([(1, 2), (None, 3)], drop_null=True).n_edges == 1


def test_arrays_that_are_none_are_refused():
    texts = pa.StringArray.from_buffers(
        2, pa.py_buffer(np.array([0, 1_000_000, 3], np.int32)), pa.py_buffer(b"abc")
    )
    broken = pa.array([b"\xff\xfe", b"a"]).cast(pa.string(), safe=False)
    for column in (texts, broken):
        with pytest.raises(gl.InputError):
            gl.Graph(pa.table({"source": [1, 2], "target": [2, 3], "text": column}))
    from graphlume import _native

    class Once:
        pair = pa.array([1]).__arrow_c_array__()

        def __arrow_c_array__(self, requested_schema=None):
            return self.pair

    once = Once()
    assert len(_native.Array.from_arrow(once)) == 1
    with pytest.raises(gl.InputError, match="used before"):
        _native.Array.from_arrow(once)


def test_frames_can_be_written_to(karate):
    frame = gl.Graph(karate).layout(iterations=1).nodes.to_pandas()
    frame.loc[0, "x"] = 5.0
    assert frame.loc[0, "x"] == 5.0
    assert list(gl.Graph(karate).nodes) == ["id", "club"]


def test_numbers_are_not_copied():
    values = np.arange(1000, dtype=np.float64)
    table = pa.table({"source": np.arange(1000), "target": np.arange(1000)[::-1].copy(), "value": values})
    address = table["value"].chunk(0).buffers()[1].address
    column = gl.Graph(table).edges.column("value")
    assert column.__array_interface__["data"][0] == address
    assert np.asarray(column).__array_interface__["data"][0] == address
    column = gl.Graph({"source": np.arange(1000), "target": np.arange(1000), "value": values}).edges["value"]
    assert np.shares_memory(column, values)
    assert not column.flags.writeable
    # What is only looked at lives as long as someone looks.
    del values, table
    assert column[999] == 999.0


def test_types_come_back_as_they_were():
    frame = pl.DataFrame(
        {
            "source": [1, 2],
            "target": [2, 3],
            "flag": [True, None],
            "when": pl.Series([1_700_000_000_000, None]).cast(pl.Datetime("ms")),
            "kind": pl.Series(["x", None]).cast(pl.Categorical),
            "list": [[1, 2], []],
            "small": pl.Series([1, 2]).cast(pl.Int8),
        }
    )
    edges = gl.Graph(frame).edges
    back = edges.to_polars()
    for name in ("flag", "when", "list", "small"):
        assert back[name].equals(frame[name]), name
    assert back["kind"].cast(pl.String).to_list() == ["x", None]
    assert edges["when"][0] == np.datetime64(1_700_000_000_000, "ms") and np.isnat(edges["when"][1])
    assert edges["flag"].tolist() == [True, None]
    assert edges.to_pandas()["small"].tolist() == [1, 2]
    assert edges.to_pyarrow().num_rows == 2


def test_nothing_is_left_out_of_a_file_in_silence(tmp_path):
    import warnings

    graph = gl.Graph([("ann", "bob"), ("bob", "eve")]).layout(iterations=3)
    for suffix in ("csv", "csv.gz", "parquet", "arrow", "mtx"):
        with pytest.warns(UserWarning, match="without `x`, `y` of nodes: write"):
            graph.write(tmp_path / f"edges.{suffix}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix in ("gexf", "graphml", "gml", "json"):
            graph.write(tmp_path / f"graph.{suffix}")
            assert {"x", "y"} <= set(gl.read(tmp_path / f"graph.{suffix}").nodes.columns), suffix
        gl.Graph([("ann", "bob")]).write(tmp_path / "bare.csv")
        graph.write(tmp_path / "edges.csv", nodes=tmp_path / "nodes.parquet")
    again = gl.read(tmp_path / "edges.csv", nodes=tmp_path / "nodes.parquet")
    assert np.array_equal(again.positions, graph.positions)
    alone = gl.Graph([("ann", "bob")], {"id": ["ann", "bob", "eve", "kim"]})
    with pytest.warns(UserWarning, match=r"edges alone, without 2 nodes that have no edge: write\(path, nodes=…\) keeps them$") as told:
        alone.write(tmp_path / "alone.csv")
    assert told[0].filename == __file__


def test_matrices_have_numbers_for_ids_and_say_so(tmp_path):
    import warnings

    path, nodes = tmp_path / "graph.mtx", tmp_path / "nodes.csv"
    graph = gl.Graph({"source": ["ann", "bob"], "target": ["bob", "eve"], "weight": [1.5, 0.1], "since": [2019, 2021]})
    with pytest.warns(UserWarning, match="alone, with numbers from 1 for ids: write.* keeps them; and without `since` of edges$"):
        graph.write(path)
    with pytest.warns(UserWarning, match="alone, without `since` of edges$"):
        graph.write(path, nodes=nodes)
    again = gl.read(path)
    assert again.ids.tolist() == [1, 2, 3] and np.array_equal(again.weights, graph.weights)
    assert gl.read_table(nodes)["id"][again.ids - 1].tolist() == graph.ids.tolist()
    assert sorted(map(sorted, again.edge_index.T.tolist())) == sorted(map(sorted, graph.edge_index.T.tolist()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gl.Graph([(1, 2, 0.5), (2, 3, 2.0)]).write(path)
        gl.Graph([("ann", "bob")], {"id": ["ann", "bob", "eve"]}).write(path, nodes=nodes)
    assert gl.read(path).n_nodes == 3


def test_tables_are_printed():
    graph = gl.Graph({"source": ["ann", "bob"] * 6, "target": ["bob", "eve"] * 6, "w": [1.5, None] * 6})
    lines = str(graph.edges).split("\n")
    assert lines[0].split() == ["source", "target", "w"] and lines[2].split() == ["ann", "bob", "1.5"]
    assert lines[3].split() == ["bob", "eve"] and lines[-1] == "… and 2 more rows" and len(lines) == 13
    assert repr(graph.edges).startswith("Table(12 rows; source")


@pytest.mark.filterwarnings("ignore:.* holds edges alone")
def test_files(tmp_path):
    graph = gl.Graph([("ann", "bob", 0.5), ("bob", "eve", 2)]).with_nodes(age=[1, 2, 3])
    for suffix in ("csv", "parquet", "arrow", "json", "gexf", "graphml", "gml", "mtx"):
        path = tmp_path / f"graph.{suffix}"
        graph.write(path)
        again = gl.read(path)
        assert (again.n_nodes, again.n_edges) == (3, 2), suffix
        assert again.read_report["format"], suffix
    assert gl.read(tmp_path / "graph.gexf").nodes["age"].tolist() == [1, 2, 3]


def test_a_part_by_a_query():
    edges = pl.DataFrame({"source": ["a", "b", "c"], "target": ["b", "c", "d"], "w": [1, 5, 9]})
    graph = gl.Graph(edges)
    query = [{"type": "Edge", "direction": "forward", "edge_match": {"w": {"type": "GT", "val": 3}}}]
    part = graph.gfql(query)
    assert sorted(part.ids) == ["b", "c", "d"] and part.edges["w"].tolist() == [5, 9] and part.weights is None
    assert gl.Graph(edges, weight="w").gfql(query).weights.tolist() == [5, 9]
    plain = gl.Graph(edges.rename({"w": "weight"}), weight=None)
    assert plain.gfql([{"type": "Edge", "direction": "forward"}]).weights is None
    with pytest.warns(UserWarning, match="there is no column `v`"):
        graph.gfql([{"type": "Node", "filter_dict": {"v": 1}}])


def test_what_a_query_says_of_its_answer():
    graph = gl.Graph([("a", "b"), ("b", "c")])

    def call(function, **params):
        return {"type": "Call", "function": function, "params": params}

    found = graph.gfql([call("name", name="few"), call("get_degrees"), call("encode_point_size", column="degree")])
    said = {"name": "few", "description": None, "encodings": {"node_encodings": {"bindings": {"node_size": "degree"}}, "edge_encodings": {}}}
    assert found.query_report == said and pickle.loads(pickle.dumps(found)).query_report == said
    nothing = {"node_encodings": {}, "edge_encodings": {}}
    assert graph.gfql([{"type": "Node"}]).query_report == {"name": None, "description": None, "encodings": nothing}
    assert graph.query_report is None


def test_times_and_durations_of_python():
    from datetime import date, datetime, timedelta, timezone

    east = timezone(timedelta(hours=2))
    graph = gl.Graph(
        {
            "source": [1, 2, 3],
            "target": [2, 3, 4],
            "when": [datetime(2020, 1, 1, 12, 30), None, datetime(2020, 1, 1, 14, 30, tzinfo=east)],
            "day": [date(2020, 1, 1), date(1960, 2, 29), None],
            "mixed": [np.datetime64("2020-01-01"), pd.NaT, pd.Timestamp("2020-01-02")],
            "took": [timedelta(minutes=2), None, timedelta(milliseconds=-5)],
            "steps": np.array([90, "NaT", 0], dtype="m8[m]"),
        }
    )
    edges = graph.edges
    assert edges["when"][0] == edges["when"][2] == np.datetime64("2020-01-01T12:30") and np.isnat(edges["when"][1])
    assert edges["day"][:2].tolist() == [datetime(2020, 1, 1), datetime(1960, 2, 29)] and np.isnat(edges["day"][2])
    assert edges["mixed"][[0, 2]].tolist() == [datetime(2020, 1, 1), datetime(2020, 1, 2)]
    assert edges.column("took").to_pylist() == [120.0, None, -0.005]
    assert edges.column("steps").to_pylist() == [5400.0, None, 0.0]
    assert graph.filter(edges="took > 60").n_edges == 1
    with pytest.raises(gl.InputError, match="begins with a time, but has a duration in row 1"):
        gl.Graph({"source": [1, 2], "target": [2, 3], "t": [date(2020, 1, 1), timedelta(1)]})


def test_graphs_are_shown(karate):
    graph = gl.Graph(karate)
    assert repr(graph) == "Graph(34 nodes, 78 edges, undirected, weighted)"
    assert repr(gl.Graph([(1, 2)], directed=True)) == "Graph(2 nodes, 1 edge, directed)"
    assert graph._repr_html_().count("<tr>") == 11 and "24 more rows" in graph._repr_html_()
    assert graph._repr_png_().startswith(b"\x89PNG")
    assert "&lt;b&gt;" in gl.Graph([("<b>", "x")])._repr_html_()


def test_weights_that_are_none_are_told(tmp_path):
    edges = {"source": [1, 2], "target": [2, 3], "Weight": ["heavy", "light"]}
    with pytest.warns(UserWarning, match="`Weight` is of type text, which is no number, and is not used: all weights are 1") as told:
        graph = gl.Graph(edges)
    assert graph.weights is None and told[0].filename == __file__
    assert gl.Graph(edges, weight=None).weights is None
    (tmp_path / "edges.csv").write_text("source,target,weight\na,b,1\nb,c,heavy\n")
    with pytest.raises(gl.InputError, match="line 3 has `heavy` in weight column `weight`"):
        gl.read(tmp_path / "edges.csv")
    (tmp_path / "edges.csv").write_text("source,target,weight\na,b,heavy\nb,c,light\n")
    with pytest.warns(UserWarning, match="`weight` is of type") as told:
        assert gl.read(tmp_path / "edges.csv").weights is None
    assert told[0].filename == __file__
    assert gl.read(tmp_path / "edges.csv", weight=None).weights is None


def test_weighted_needs_weights():
    graph = gl.Graph([(1, 2), (2, 3)])
    for call in (
        lambda: graph.betweenness(weighted=True),
        lambda: graph.measure("closeness_centrality", weighted=True),
        lambda: graph.similarity([(1, 2)], weighted=True),
    ):
        with pytest.raises(gl.InputError, match="`weighted` is True, but the edges have no weights"):
            call()
    # These take weights where there are some.
    taking = [name for name in gl._graph._native.describe()["measures"] if name["options"].get("weighted") is True]
    assert taking and all(graph.measure(one["name"], weighted=True) is not None for one in taking)
    assert gl.Graph([(1, 2, 2.0), (2, 3, 1.0)]).betweenness(weighted=True)[2] > 0


def test_ids_of_several_kinds_are_numbered_with_a_warning():
    with pytest.warns(UserWarning, match="nodes are numbered in their order, and the column `label`") as told:
        graph = gl.Graph(nx.Graph([("a", 1), (1, (2, 3))]))
    assert told[0].filename == __file__
    assert graph.nodes.to_pydict() == {"id": [0, 1, 2], "label": ["a", "1", "(2, 3)"]}
    assert set(graph.to_networkx().nodes) == {"a", 1, (2, 3)}


def test_edges_of_networkx_without_a_weight_weigh_1():
    graph = nx.Graph()
    graph.add_edge(1, 2, weight=2.5)
    graph.add_edge(2, 3, color="red")
    assert gl.Graph(graph).weights.tolist() == [2.5, 1.0]
    assert gl.Graph(graph).edges.to_pydict()["color"] == [None, "red"]


def test_columns_of_edges_are_added(karate):
    """Nothing else of the graph changes by it, whatever its ids, weights and directions are."""
    several = nx.MultiDiGraph([("b", "a", {"kind": "x"}), ("b", "a", {"kind": "y"}), ("c", "c", {"kind": None})])
    several.add_node("alone")
    team = gl.Graph([("ann", "bob"), ("bob", "eve")]).with_nodes(team=["red", None, "blue"]).contract("team", self_loops=True)
    graphs = [
        gl.Graph(karate),
        gl.Graph(several),
        gl.Graph({"user": [3, 1], "host": [1, 2], "w": [0.1, 2.5]}, source="user", target="host", weight="w"),
        gl.Graph(np.uint64([[1, 2**63], [5, 1]])),
        gl.Graph([]),
        team,
    ]
    for graph in graphs:
        wide = graph.with_edges(number=np.arange(graph.n_edges), text=[f"e{at}" for at in range(graph.n_edges)])
        before, after = graph.edges.to_pydict(), wide.edges.to_pydict()
        assert list(after) == [*before, "number", "text"] and {name: after[name] for name in before} == before
        assert after["number"] == list(range(graph.n_edges)) and repr(wide) == repr(graph)
        assert wide.nodes.to_pydict() == graph.nodes.to_pydict() and np.array_equal(wide.edge_index, graph.edge_index)
        assert (wide.weights is None) == (graph.weights is None) and (graph.weights is None or np.array_equal(wide.weights, graph.weights))
        assert wide.with_edges(number=[0] * graph.n_edges).edges["number"].tolist() == [0] * graph.n_edges
        assert wide.page_rank().values.tolist() == graph.page_rank().values.tolist()
    through = gl.Graph(karate).betweenness(edges=True)
    assert "betweenness" in through.graph.nodes and through.graph.edges["edge_betweenness"].tolist() == through.edge_betweenness.tolist()
    for call, text in [
        (lambda: gl.Graph(karate).with_edges(weight=[1] * 78), "`weight` has the weights of edges"),
        (lambda: gl.Graph(karate).with_edges(source=[1] * 78), "`source` has the ends of edges"),
        (lambda: gl.Graph(karate).with_edges(a=[1]), "`a` has 1 entries, but there are 78 edges"),
        (lambda: gl.Graph([(1, 2)]).with_edges(a=[1, 2]), "`a` has 2 entries, but there are 1 edges"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()
    assert gl.Graph(karate).with_edges().n_edges == 78
