"""What cannot be a graph is refused, with the thing, the place and the number."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

import graphlume as gl

BAD = [
    (lambda: gl.Graph(pl.DataFrame({"source": [1], "target": [2]}), source="sorce"), "sorce"),
    (lambda: gl.Graph(pl.DataFrame({"a": [1]})), "edge|column"),
    (lambda: gl.Graph({"source": [1, 2], "target": [1]}), "`target` has 1 values, but the first has 2"),
    (lambda: gl.Graph({"source": ["a", 1], "target": [1, 2]}), "begins with a text, but has a number in row 1"),
    (lambda: gl.Graph(pd.DataFrame({"source": ["a", 1.5], "target": ["b", "c"]})), "`source` begins with a text"),
    (lambda: gl.Graph({"source": [object()], "target": [1]}), "has a object in row 0"),
    (lambda: gl.Graph(pd.DataFrame({"source": [1, np.nan], "target": [2, 3]})), "source"),
    (lambda: gl.Graph(pd.DataFrame({"source": [1, np.nan], "target": [2, 3]})), "row 1 has no value in id column `source`; drop such rows"),
    (lambda: gl.Graph({"source": [1.0, 2.5], "target": [2, 3]}), "row 1 has id 2.5 in column `source`; ids are integers or texts"),
    (lambda: gl.Graph({"source": [1.0, 2.0], "target": [2.0, np.inf]}), "row 1 has id inf in column `target`"),
    (lambda: gl.Graph({"source": [1.0, 2.0**60], "target": [2, 3]}), "row 1 has id 1152921504606847000 in column `source`"),
    (lambda: gl.Graph([(1, 2)], nodes={"id": [1.0, None]}), "row 1 has no value in id column `id`"),
    (lambda: gl.Graph({"source": ["a", None], "target": ["b", "c"]}), "source"),
    (lambda: gl.Graph(pl.DataFrame({"source": [1], "target": [2], "weight": [-1.0]})), "-1"),
    (lambda: gl.Graph(pl.DataFrame({"source": [1], "target": ["b"]})), "int64"),
    (lambda: gl.Graph(np.zeros((3, 4))), r"\(3, 4\), but \(m, 2\)"),
    (lambda: gl.Graph(np.zeros(3)), r"\(3,\)"),
    (lambda: gl.Graph(np.array([[0.5, 1, 2]])), "must be integers"),
    (lambda: gl.Graph(np.array([[1 + 2j, 1]])), "complex"),
    (lambda: gl.Graph([(1, 2), (3,)]), r"edge 1 is \(3,\)"),
    (lambda: gl.Graph([(1, 2), (3, 4, 5)]), "edge 1 has 3 entries"),
    (lambda: gl.Graph(["ab", "cd"]), "edge 0 is 'ab'"),
    (lambda: gl.Graph("edges.csv"), r"a str holds no edges: gl.read\(…\) reads a file"),
    (lambda: gl.Table(Path("rows.csv")), r"a PosixPath is no table: gl.read_table\(…\) reads a file"),
    (lambda: gl.Graph([(1, 2)], nodes="nodes.csv"), "a str is no table: gl.read_table"),
    (lambda: gl.Graph(7), "a int holds no edges"),
    (lambda: gl.Graph(sp.coo_array(np.ones((2, 3)))), r"\(2, 3\), but it must be square"),
    (lambda: gl.Graph([(1, 2)], nodes=[1, 2]), "a list is no table"),
    (lambda: gl.Graph([(1, 2)], nodes={"id": [1, 1]}), "1"),
    (lambda: gl.Graph([(1, 2)]).with_nodes(a=[1]), "1"),
    (lambda: gl.Graph([(1, 2)]).with_nodes(a="xy"), "column `a` is 'xy', but one value a row is needed"),
    (lambda: gl.Graph({"source": "ab", "target": "bc"}), "column `source` is 'ab'"),
    (lambda: gl.detect.Detector("midas").fit([(1, 2)]), r"midas needs times: Detector\('midas', time=…\)"),
    (lambda: gl.detect.Detector("feature-norm").fit([(1, 2)]), "feature-norm needs features"),
    (lambda: gl.Graph([(1, 2)]).with_nodes(a=[[1], [2, 3]]), "several lengths|one dimension"),
    (lambda: gl.Graph([(1, 2)]).nodes["nothing"], "the table has `id`"),
    (lambda: gl.Graph(pd.DataFrame([[1, 2]], columns=["a", "a"])), "two columns called `a`"),
    (lambda: gl.Graph([(1, 2)]).gfql("not JSON"), "JSON|expected"),
    (lambda: gl.Graph([(2**70, 1)]), "`source` has integers that do not fit into 64 bits"),
    (lambda: gl.Graph([(2**64 - 1, 1), (None, 1)]), "beyond 64 bits with a sign"),
    (lambda: gl.Graph([(1, 2)]).page_rank(damping="x"), "`damping` is 'x', but a number is needed"),
    (lambda: gl.Graph([(1, 2)]).page_rank(weighted="yes"), "`weighted` is 'yes', but it must be True or False"),
    (lambda: gl.Graph([(1, 2)]).measure("page_rank", dampin=0.5), "dampin"),
    (lambda: gl.Table({"a": [1]}).join({"a": [1]}, "a", how="right"), "`how` is 'right', but it must be one of 'inner', 'left', 'full'"),
    (lambda: gl.sweep({}), "the sweep has no `datasets`: a dict of it has `datasets` and `methods`"),
    (lambda: gl.sweep({"datasets": ["bundled:disney"]}), "the sweep has no `methods`"),
    (lambda: gl.Graph([(1, 2)]).contract("team"), "team"),
    (lambda: gl.Graph([(1, 2)]).forest_fire(1, forward=1.0), "forward"),
    (lambda: gl.Graph([(1, 2)]).sample_nodes(-1), "`n` is -1"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=[text for _, text in BAD])
def test_it_is_refused(call, text):
    with pytest.raises(gl.InputError, match=text) as caught:
        call()
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, gl.GraphlumeError)


def test_files_that_are_not_there_or_are_something_else(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.csv") as caught:
        gl.read(tmp_path / "nowhere.csv")
    assert isinstance(caught.value, gl.MissingFileError) and isinstance(caught.value, gl.FileError)
    with pytest.raises(gl.GraphlumeError):
        gl.read(tmp_path)
    (tmp_path / "bad.csv").write_text("source,target,weight\n1,2,3\n1,2,x\n")
    with pytest.raises(gl.InputError, match="bad.csv"):
        gl.read(tmp_path / "bad.csv", weight="weight")
    with pytest.raises(gl.GraphlumeError, match="graph.xyz"):
        gl.Graph([(1, 2)]).write(tmp_path / "graph.xyz")
    with pytest.raises(OSError, match="nowhere"):
        gl.Graph([(1, 2)]).write(tmp_path / "nowhere" / "graph.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_wrong_arguments_are_told_of_graphs():
    graph = gl.Graph([(1, 2)])
    for call, text in [
        (lambda: graph.plot(colour_by="x"), r"Graph\.plot\(\) got an unexpected keyword argument 'colour_by'"),
        (lambda: graph.pagerank(dampening=0.9), r"Graph\.page_rank\(\) got an unexpected"),
        (lambda: graph.filter("x = 1"), r"Graph\.filter\(\) takes 1 positional argument"),
        (lambda: graph.write(), r"Graph\.write\(\) missing 1 required"),
    ]:
        with pytest.raises(TypeError, match=text):
            call()


def test_ids_may_be_floats_that_are_whole():
    """As pandas has integers of a column where one was missing."""
    people = pd.DataFrame({"id": [1.0, 2.0, 3.0, -4.0], "age": [30, 41, 25, 60]})
    frames = [
        pd.DataFrame({"source": [1.0, 2.0], "target": [2, 3]}),
        pd.DataFrame({"source": [1.0, 2.0, np.nan], "target": [2, 3, 1]}).dropna(),
        pd.DataFrame({"a": np.float32([1, 2]), "b": [2.0, 3.0]}),
        pl.DataFrame({"source": [1.0, 2.0], "target": [2.0, 3.0]}),
        np.array([[1.0, 2.0], [2.0, 3.0]]),
        [(1.0, 2.0), (2.0, 3.0)],
    ]
    for frame in frames:
        graph = gl.Graph(frame)
        assert graph.ids.tolist() == [1, 2, 3] and graph.ids.dtype == np.int64
        assert gl.Graph(frame, people).nodes.to_pydict() == {"id": [1, 2, 3, -4], "age": [30, 41, 25, 60]}
    graph = gl.Graph(pd.DataFrame({"source": [1, np.nan, 2], "target": [2, 3, 2.0**53], "w": [5, 6, 7]}), drop_null=True)
    assert graph.edges.to_pydict() == {"source": [1, 2], "target": [2, 2**53], "w": [5, 7]}
    # What is read once cannot be looked at again, and is told as before.
    reader = pl.DataFrame({"source": [1.5, 2.0], "target": [2.0, 3.0]}).to_arrow().to_reader()
    with pytest.raises(gl.InputError, match="`source`"):
        gl.Graph(reader)


def test_read_only_and_strided_arrays_are_fine():
    ends = np.arange(20).reshape(10, 2)
    ends.flags.writeable = False
    assert gl.Graph(ends[::2]).n_edges == 5
    assert gl.Graph(ends[:, ::-1]).ids[0] == 1


class Liar:
    """An array that tells what is not so."""

    def __init__(self, **fields):
        self.__array_interface__ = {"version": 3, "shape": (2,), "typestr": "<i8", "data": (0, True)} | fields


@pytest.mark.parametrize(
    ("liar", "text"),
    [
        (Liar(), "lies nowhere"),
        (Liar(data=(17, True)), "not aligned"),
        (Liar(shape=(2, 2)), "2 dimensions"),
        (Liar(strides=(16,)), "gaps"),
        (Liar(typestr="<c16"), "<c16"),
        (Liar(typestr=""), "``"),
    ],
)
def test_arrays_that_tell_nonsense(liar, text):
    from graphlume import _native

    with pytest.raises(gl.InputError, match=text):
        _native.Array.from_numpy(liar)
