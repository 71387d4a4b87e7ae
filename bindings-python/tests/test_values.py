"""Values of columns, in and out: what is missing stays missing, and nothing loses digits or its type."""

import datetime
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import graphlume as gl

NOON = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
DAY = datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    "values",
    [
        np.array(["2024-02-29T12", "NaT"], dtype="datetime64[ns]"),
        np.array(["2024-02-29", "NaT"], dtype="datetime64[D]"),
        [NOON, None],
        [DAY, None],
        [NOON, np.datetime64("NaT")],
        [pd.Timestamp(NOON), pd.NaT],
        pd.Series([pd.Timestamp(NOON), pd.NaT]),
        pl.Series([NOON, None]),
        np.ma.array(np.array(["2024-02-29T12", "2024-02-29T13"], dtype="datetime64[ns]"), mask=[False, True]),
        np.array([5, "NaT"], dtype="timedelta64[s]"),
        [datetime.timedelta(seconds=5), None],
        [datetime.timedelta(seconds=5), np.timedelta64("NaT")],
        [pd.Timedelta(5, "s"), pd.NaT],
        [1, pd.NA],
    ],
    ids=str,
)
def test_what_is_no_time_is_missing(values):
    table = gl.Table({"t": values, "row": [0, 1]})
    first, second = table.to_pydict()["t"]
    assert first is not None and second is None
    assert table.filter("t IS NULL")["row"].tolist() == [1]
    assert table.to_polars()["t"].null_count() == 1
    nodes = gl.Graph([(0, 1)]).with_nodes(t=values).nodes
    assert nodes.column("t").to_pylist()[1] is None
    assert np.isnan(nodes["t"][1]) if nodes["t"].dtype.kind == "f" else np.isnat(nodes["t"][1])


def test_times_that_are_all_there_have_no_missing_ones():
    times = np.array(["1970-01-01", "2024-02-29"], dtype="datetime64[us]")
    table = gl.Table({"t": times})
    assert table.to_polars()["t"].null_count() == 0
    assert np.array_equal(table["t"], times)


NOTHING = {
    "plain": pl.Series([None, None]),
    "in a list": pl.Series([[None], []], dtype=pl.List(pl.Null)),
    "in an array": pl.Series([[None, None], None], dtype=pl.Array(pl.Null, 2)),
    "in a struct": pl.Series([{"a": None, "b": 1}, {"a": None, "b": 2}], dtype=pl.Struct({"a": pl.Null, "b": pl.Int64})),
}


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING.keys())
def test_columns_without_values(nothing):
    frame = pl.DataFrame({"source": [1, 2], "target": [2, 3], "d": nothing})
    table = gl.Table(frame)
    assert table.to_pydict()["d"] == nothing.to_list()
    again = gl.Table(table.to_polars())
    assert again.to_pydict() == table.to_pydict()
    assert gl.Graph(frame).edges.column("d").to_pylist() == nothing.to_list()
    assert gl.Table(pa.table(table)).to_pydict() == table.to_pydict()
    assert gl.Graph([(1, 2)]).with_nodes(d=nothing).nodes.column("d").to_pylist() == nothing.to_list()


def test_nothing_goes_out_and_in():
    assert gl.Table(gl.Table({"d": [None, None]}).to_polars()).to_pydict() == {"d": [None, None]}
    assert len(gl.Table(pl.DataFrame({"d": pl.Series([], dtype=pl.Null)}))) == 0
    assert gl.Table(pa.table({"d": pa.nulls(3)}))["d"].tolist() == [None] * 3


def test_integers_with_missing_ones_keep_their_digits():
    large = 2**53 + 1
    table = gl.Table({"x": [large, None, -large], "small": [2**53, None, -(2**53)]})
    assert table["x"].dtype == object and table["x"].tolist() == [large, None, -large]
    assert table.to_dict()["x"].tolist() == [large, None, -large]
    assert not table["x"].flags.writeable
    assert table["small"].dtype == np.float64 and table["small"][2] == -(2.0**53) and np.isnan(table["small"][1])
    assert table.to_pydict()["small"] == [2**53, None, -(2**53)]
    unsigned = gl.Table(pl.DataFrame({"x": pl.Series([2**64 - 1, None], dtype=pl.UInt64)}))
    assert unsigned["x"].tolist() == [2**64 - 1, None]
    whole = gl.Table({"x": [large, 1]})["x"]
    assert whole.dtype == np.int64 and whole.tolist() == [large, 1]


def test_what_came_before_is_an_id_with_all_its_digits():
    ids = [2**60 + 1, 2**60 + 3, 2**60 + 5]
    found = gl.Graph([(ids[0], ids[1]), (ids[1], ids[2])]).bfs([ids[0]])
    assert found.predecessor.tolist() == [None, ids[0], ids[1]]
    assert found.nodes.to_pydict()["predecessor"] == [None, ids[0], ids[1]]


def test_types_that_are_more_than_numbers_and_texts():
    step = datetime.timedelta(days=1, microseconds=5)
    frame = pl.DataFrame(
        {
            "date": [DAY, None],
            "time": [NOON, None],
            "zoned": pl.Series([NOON, None]).dt.replace_time_zone("Europe/Berlin"),
            "step": [step, None],
            "clock": [datetime.time(1, 2, 3, 4), None],
            "price": [decimal.Decimal("12.30"), None],
            "list": [[1, None], None],
            "array": pl.Series([[1.5, 2.5], None], dtype=pl.Array(pl.Float64, 2)),
            "struct": [{"a": 1, "b": [DAY]}, {"a": None, "b": None}],
            "bytes": [b"\x00\xff", None],
            "kind": pl.Series(["a", None], dtype=pl.Categorical),
        }
    )
    table = gl.Table(frame)
    assert table.to_pydict() == frame.to_dict(as_series=False)
    assert table["date"].dtype == "datetime64[D]" and table["date"][0] == np.datetime64(DAY) and np.isnat(table["date"][1])
    assert table["time"].dtype == "datetime64[us]" and np.isnat(table["time"][1])
    assert table["zoned"][0] == np.datetime64(NOON - datetime.timedelta(hours=1))
    assert table["step"].dtype == "timedelta64[us]" and table["step"][0] == np.timedelta64(step) and np.isnat(table["step"][1])
    for name in ("clock", "price", "list", "array", "struct", "bytes"):
        column = table[name]
        assert column.dtype == object and column.shape == (2,) and column.tolist() == frame[name].to_list(), name
    assert {name: values.dtype for name, values in table.to_dict().items()} == {name: table[name].dtype for name in table}
    rows = table[1:2]
    assert rows.to_pydict() == {name: values[1:] for name, values in table.to_pydict().items()}


def test_lists_of_one_length_are_no_dimension():
    column = gl.Table(pl.DataFrame({"v": [[1, 2], [3, 4]]}))["v"]
    assert column.shape == (2,) and column.tolist() == [[1, 2], [3, 4]]


def test_times_that_python_cannot_hold():
    fine = np.array(["2024-02-29T12:00:00.000000001", "NaT"], dtype="datetime64[ns]")
    far = np.array(["12024-01-01", "NaT"], dtype="datetime64[s]")
    for times in (fine, far):
        table = gl.Table({"t": times})
        assert table.to_pydict()["t"][0] == times[0] and table.to_pydict()["t"][1] is None
        assert np.array_equal(table["t"], times, equal_nan=True)
    long = pa.table({"t": pa.array([2**62, None], pa.duration("s"))})
    assert gl.Table(long).to_pydict()["t"] == [np.timedelta64(2**62, "s"), None]


def test_maps_and_text_views():
    data = pa.table(
        {
            "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
            "view": pa.array(["a", None], pa.string_view()),
            "fixed": pa.array([b"ab", None], pa.binary(2)),
        }
    )
    assert gl.Table(data).to_pydict() == {"map": [[("a", 1)], None], "view": ["a", None], "fixed": [b"ab", None]}


def test_networkx_gets_times_as_they_are():
    graph = gl.Graph(pl.DataFrame({"source": [1], "target": [2], "when": [NOON], "day": [DAY]})).to_networkx()
    assert graph.edges[1, 2] == {"when": NOON, "day": DAY}


def test_rows_of_a_table():
    table = gl.Table({"x": range(10)})
    assert table[2:5]["x"].tolist() == [2, 3, 4]
    assert table[-2:]["x"].tolist() == [8, 9] and len(table[5:2]) == 0 and len(table[:99]) == 10
    assert table.head(3)["x"].tolist() == [0, 1, 2] and table.head(99)["x"].shape == (10,)
    for call, text in [
        (lambda: table.head(-1), "`n` is -1"),
        (lambda: table.head(1.5), "`n` is 1.5"),
        (lambda: table[::2], "steps of 2"),
        (lambda: table["a":"b"], "counted by integers"),
        (lambda: table[0], "0 is no name of a column; rows are taken"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()


def test_lazy_frames_are_computed():
    lazy = pl.LazyFrame({"source": [1, 2], "target": [2, 3], "weight": [1.0, 2.0]})
    graph = gl.Graph(lazy, nodes=pl.LazyFrame({"id": [1, 2, 3], "a": [4, 5, 6]}))
    assert graph.weights.tolist() == [1.0, 2.0] and graph.nodes["a"].tolist() == [4, 5, 6]
    assert gl.Table(lazy.filter(pl.col("source") > 1))["target"].tolist() == [3]
    assert gl.Table({"id": [2]}).join(lazy, {"id": "source"})["target"].tolist() == [3]
