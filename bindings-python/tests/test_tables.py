"""Verbs of tables, sources and pipelines, beside what polars makes of the same."""

import os

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import graphlume as gl


@pytest.fixture
def sold():
    return gl.Table({"day": [1, 1, 2, 2, 3], "what": ["tea", "rum", "tea", "tea", None], "n": [3, 4, 5, 1, 2], "price": [1.5, 9.0, 1.25, None, 2.0]})


def rows(table):
    return table.to_polars().rows()


def test_a_table_is_of_anything_that_holds_columns():
    columns = {"a": [1, 2, 3], "b": ["x", "y", None]}
    arrow = pa.table(columns)
    kinds = [columns, pl.DataFrame(columns), arrow, pd.DataFrame(columns), duckdb.sql("SELECT * FROM arrow"), gl.Table(columns)]
    for kind in kinds:
        table = gl.Table(kind)
        assert type(table) is gl.Table and rows(table) == [(1, "x"), (2, "y"), (3, None)], type(kind)
    assert gl.Table({"a": np.arange(3)})["a"].tolist() == [0, 1, 2]
    with pytest.raises(gl.InputError, match="a list is no table"):
        gl.Table([1, 2])
    with pytest.raises(gl.InputError, match="`b` has 2 values, but the first has 1"):
        gl.Table({"a": [1], "b": [1, 2]})


def test_tables_of_graphs_have_verbs_too():
    graph = gl.Graph([("ann", "bob"), ("bob", "eve")])
    assert graph.edges.filter("source = 'bob'")["target"].tolist() == ["eve"]
    assert type(graph.nodes.head(1)) is type(graph.degree().nodes) is gl.Table
    assert gl.Graph(graph.edges.filter("source = 'bob'")).n_edges == 1
    assert gl.detect.methods().filter("name = 'midas'")["name"].tolist() == ["midas"]


def test_rows_and_columns(sold):
    frame = sold.to_polars()
    assert rows(sold.filter("n > 2 AND price < 5")) == frame.filter((pl.col("n") > 2) & (pl.col("price") < 5)).rows()
    assert sold.select("n", double="n * 2", always=True).columns == ["n", "double", "always"]
    assert rows(sold.select("n", "day")) == frame.select("n", "day").rows()
    assert sold[["n"]].columns == ["n"] and sold["n"].tolist() == [3, 4, 5, 1, 2]
    assert rows(sold.with_columns(total="n * price", n="n + 1")) == frame.with_columns(n=pl.col("n") + 1, total=pl.col("n") * pl.col("price")).rows()
    assert sold.drop("what", "price").columns == ["day", "n"]
    assert sold.rename({"n": "number"}).columns == ["day", "what", "number", "price"]
    assert rows(sold.sort("-day", "n")) == frame.sort("day", "n", descending=[True, False]).rows()
    assert rows(sold.top(2, by="-n")) == frame.top_k(2, by="n").rows()
    assert rows(sold.unique("day", keep="last").sort("day")) == frame.unique("day", keep="last").sort("day").rows()
    assert len(sold.unique()) == 5 and len(sold.unique("what", keep="none")) == 2
    assert rows(sold.limit(2, offset=1)) == frame.slice(1, 2).rows()
    assert rows(sold.head(2)) == frame.head(2).rows()
    assert rows(sold.drop_nulls("what")) == frame.drop_nulls("what").rows() and len(sold.drop_nulls()) == 3
    assert sold.fill("price", how="mean")["price"].tolist()[3] == pytest.approx(3.4375)
    assert sold.fill("what", value="'?'")["what"].tolist()[4] == "?"


def test_groups_joins_and_shapes(sold):
    frame = sold.to_polars()
    groups = sold.group_by("day", n="sum(n)", rows="count(*)").sort("day")
    assert rows(groups) == frame.group_by("day").agg(pl.sum("n"), pl.len().alias("rows")).sort("day").rows()
    assert rows(sold.aggregate(most="max(n)", kinds="count(DISTINCT what)")) == [(5, 2)]
    days = gl.Table({"id": [1, 2, 9], "name": ["mon", "tue", "?"], "n": [0, 0, 0]})
    joined = sold.join(days, {"day": "id"}, how="left").sort("day", "n")
    theirs = frame.join(days.to_polars(), left_on="day", right_on="id", how="left").sort("day", "n")
    assert joined.columns == theirs.columns and rows(joined) == theirs.rows()
    assert len(sold.join(days.to_polars(), {"day": "id"}, how="anti")) == 1
    assert len(sold.join(days, how="cross")) == 15
    assert "n_there" in sold.join(days, {"day": "id"}, suffix="_there").columns
    with pytest.raises(gl.InputError, match="5"):
        sold.join(sold, "day", max_rows=5)
    assert len(sold.concat(sold, sold.filter("n = 1"))) == 11
    assert sold.concat({"n": [7], "more": [1]}, fill=True).columns[-1] == "more"
    assert len(sold.sample(2, seed=3)) == 2 and rows(sold.sample(2, seed=3)) == rows(sold.sample(2, seed=3))
    assert sold.bin("n", edges=[0, 2, 10])["n_bin"].tolist()[0] == 1
    # Ten bins, if nobody says how many.
    assert gl.Table({"x": range(100)}).bin("x", into="b")["b"].max() == 9
    assert rows(sold.pivot("day", "what", "sum(n)").sort("day"))[0][0] == 1
    assert len(sold.unpivot("n", "day", into="k", value="v")) == 10
    assert sold.factorize("what")["what_code"].tolist()[:3] == [0, 1, 0]


def test_sql_over_tables(sold):
    assert rows(sold.sql("SELECT day, sum(n) AS n FROM input GROUP BY day ORDER BY day")) == [(1, 7), (2, 6), (3, 2)]
    days = pl.DataFrame({"id": [1], "name": ["mon"]})
    assert rows(sold.sql("SELECT d.name, input.n FROM input JOIN d ON d.id = input.day ORDER BY n", d=days)) == [("mon", 3), ("mon", 4)]
    assert rows(gl.sql("SELECT max(n) AS n FROM t", t=sold)) == [(5,)]
    with pytest.raises(gl.InputError, match="there is no table"):
        gl.sql("SELECT 1")


def test_measures_are_verbs(sold):
    edges = gl.Table({"source": ["a", "b", "c"], "target": ["b", "c", "a"]})
    assert edges.step("page_rank")["page_rank"].tolist() == pytest.approx([1 / 3] * 3)
    assert edges.step("symmetrize", directed=True).columns[:2] == ["source", "target"]


BAD = [
    (lambda t: t.filter("m > 2"), "step `filter`: .*`m`"),
    (lambda t: t.filter("n >"), "step `filter`"),
    (lambda t: t.filter(3), "option `where` is a whole number, not text"),
    (lambda t: t.step("flter"), "there is no verb `flter`; did you mean `filter`"),
    (lambda t: t.step("filter", whre="n > 2"), "`where` is missing|there is no option `whre`"),
    (lambda t: t.unique(keep="frist"), "there is no which `frist`; did you mean `first`"),
    (lambda t: t.join(t, "day", how="lft"), "did you mean `left`"),
    (lambda t: t.join(t), "option `on` is missing"),
    (lambda t: t.sample(), "option `n` is missing"),
    (lambda t: t.sample(3, fraction=0.5), "`fraction` is given, and `n` too"),
    (lambda t: t.select("a=b"), "is no name of a column"),
    (lambda t: t.with_columns(x=[1]), r"`x` is \[1\], but an expression is needed"),
    (lambda t: t.sort("nothing"), "nothing"),
    (lambda t: t.sql("DROP TABLE input"), "step `sql`"),
    (lambda t: t["nothing"], "there is no column `nothing`; the table has `day`"),
    (lambda t: gl.scan("x.csv").join(t, "n"), "takes scan"),
    (lambda t: gl.scan("x.csv", delimiter="ab").collect(), "delimiter"),
    (lambda t: gl.pipeline({"step": [{"verb": "filter"}]}), r"there is no `\[\[input\]\]`"),
]


@pytest.mark.parametrize(("call", "text"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_is_said(sold, call, text):
    with pytest.raises(gl.InputError, match=text) as raised:
        call(sold)
    assert not str(raised.value).startswith("line ")


def test_files_are_read_when_they_are_needed(tmp_path, sold):
    path = tmp_path / "sold.parquet"
    sold.write(path)
    assert rows(gl.read_table(path)) == rows(sold)
    lazy = gl.scan(path).filter("n > 1").group_by("what", n="sum(n)").sort("-n")
    assert rows(lazy.collect()) == [("tea", 8), ("rum", 4), (None, 2)]
    assert "scan(" in repr(lazy) and "filter → group → sort" in repr(lazy)
    assert "group" in lazy.plan() and "memory" in lazy.plan()
    days = tmp_path / "days.csv"
    days.write_text("id;name\n1;mon\n2;tue\n")
    both = gl.scan(path).join(gl.scan(days, delimiter=";"), {"day": "id"}).sort("n")
    assert [row[-1] for row in rows(both.collect())] == ["tue", "mon", "mon", "tue"]
    # One part may be used twice.
    assert len(both.concat(both).collect()) == 8
    done = both.write(tmp_path / "out.csv")
    assert done["outputs"][0]["rows"] == 4 and (tmp_path / "out.csv").read_text().count("\n") == 5
    with pytest.raises(gl.InputError, match="bytes of memory are needed"):
        both.collect(memory_limit=100)
    with pytest.raises(gl.MissingFileError, match="nothing.csv"):
        gl.read_table(tmp_path / "nothing.csv")
    with pytest.raises(FileNotFoundError):
        gl.scan(tmp_path / "nothing.csv").filter("x > 1").collect()


def test_types_and_words_for_nothing_can_be_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("zip,n,x\n02139,1,NA\n10001,2,3\n")
    assert gl.read_table(path).to_pydict() == {"zip": ["02139", "10001"], "n": [1, 2], "x": ["NA", "3"]}
    told = gl.read_table(path, types={"zip": "int64", "n": "text"}, nulls=["NA"])
    assert told.to_pydict() == {"zip": [2139, 10001], "n": ["1", "2"], "x": [None, 3]}
    with pytest.raises(gl.InputError, match="of `n`: `txt` is none of the types .* did you mean `text`"):
        gl.scan(path, types={"n": "txt"}).collect()
    with pytest.raises(gl.InputError, match="line 2: column `x` holds `NA`, which is no int64"):
        gl.read_table(path, types={"x": "int64"})
    g = gl.read(path, source="zip", target="x", nulls=["NA"], drop_null=True)
    assert (g.n_edges, g.ids.tolist()) == (1, ["10001", "3"])


def test_verbs_run_on_devices(tmp_path, sold):
    path = tmp_path / "sold.parquet"
    sold.write(path)
    lazy = gl.scan(path).filter("n > 1").group_by("what", n="sum(n)", rows="count(*)").sort("-n").fill("n", value=0)
    expected = rows(lazy.collect())
    devices = [device["name"] for device in gl.devices() if device["name"] != "cpu"]
    for device in devices:
        assert rows(lazy.collect(device=device)) == expected
        placed = lazy.write(tmp_path / "out.csv", device=device)["placed"]
        assert [part["ran"] and part["ran"]["device"] for part in placed] == [device] * 3 + [None]
        assert placed[-1]["reason"] == "devices do not have it"
    steps = {"input": [{"name": "sold", "from": str(path)}], "output": [{"to": str(tmp_path / "copy.csv")}]}
    assert "placed" not in gl.pipeline(steps, device="cpu")
    for run in (lazy.collect, lambda **on: lazy.write(tmp_path / "out.csv", **on), lambda **on: gl.pipeline(steps, **on)):
        with pytest.raises(gl.InputError, match="gpu"):
            run(device="gpu")
    if not devices:
        pytest.skip("there is no device but the processor")


def test_lines_that_are_no_rows_and_columns_that_are_missing_can_be_said(tmp_path):
    notes = tmp_path / "notes.csv"
    notes.write_text("# made, by hand\na;b\n1;x\n# more\n2;y\n")
    told = gl.read_table(notes, comment="#")
    assert told.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}
    parts = tmp_path / "parts"
    parts.mkdir()
    told.write(parts / "1.parquet")
    told.select("a").write(parts / "2.parquet")
    assert gl.read_table(parts, missing_columns=True)["b"].tolist() == ["x", "y", None, None]
    with pytest.raises(gl.InputError, match="option `headers` is not one of files") as raised:
        gl.read_table(notes, headers={"X-Key": "hunter2"})
    assert "hunter2" not in str(raised.value)
    with pytest.raises(gl.InputError, match="option `store` is not one of files"):
        gl.read_table(notes, store={"aws_region": "hunter2"})


def test_pipelines_run_whole_or_not_at_all(tmp_path):
    (tmp_path / "in.csv").write_text("x\n1\n5\n")
    steps = tmp_path / "steps.toml"
    steps.write_text('[[input]]\nname = "i"\nfrom = "in.csv"\n[[step]]\nverb = "filter"\nwhere = "x > 2"\n[[output]]\nto = "out.csv"\n')
    plan = gl.pipeline(steps, dry_run=True)
    assert [part["name"] for part in plan["parts"]][:2] == ["i", "step-1"] and not (tmp_path / "out.csv").exists()
    assert gl.pipeline(steps)["outputs"][0]["rows"] == 1 and (tmp_path / "out.csv").read_text() == "x\n5\n"
    steps.write_text(steps.read_text().replace("x > 2", "y > 2"))
    with pytest.raises(gl.InputError, match="line 5: step `step-1`"):
        gl.pipeline(steps)
    with pytest.raises(gl.MissingFileError):
        gl.pipeline(tmp_path / "nothing.toml")
    said = {"input": [{"name": "i", "from": os.fspath(tmp_path / "in.csv")}], "output": [{"to": os.fspath(tmp_path / "o.csv")}]}
    assert gl.pipeline(said)["outputs"][0]["rows"] == 2


def test_how_files_are_written_can_be_said(tmp_path, sold):
    sold.write(tmp_path / "sold.parquet")
    lazy = gl.scan(tmp_path / "sold.parquet").select("day", "n")
    lazy.write(tmp_path / "sold.txt", format="csv", delimiter=";", compression="none")
    assert (tmp_path / "sold.txt").read_text().startswith("day;n\n")
    lazy.write(tmp_path / "days", format="parquet", partition_by=["day"])
    assert rows(gl.read_table(tmp_path / "days").select("day", "n").sort("day", "n")) == rows(lazy.sort("day", "n").collect())
    with pytest.raises(gl.InputError, match="`delimiter` is for CSV"):
        lazy.write(tmp_path / "sold.arrow", delimiter=";")


def test_what_is_likely_not_meant_is_said(tmp_path):
    edges = gl.Table({"source": ["a", "b"], "target": ["b", "c"]})
    query = '[{"type": "Node", "filter_dict": {"nmae": "a"}}]'
    with pytest.warns(UserWarning, match=r"^gfql: .*there is no column `nmae`"):
        edges.step("gfql", query=query)
    path = tmp_path / "edges.csv"
    edges.write(path)
    lazy = gl.scan(path).step("hypergraph", entity_types=["source"], opts={"SKIP": ["nothing"]})
    with pytest.warns(UserWarning, match=r"^hypergraph-\d: SKIP names the column `nothing`"):
        lazy.collect()
    with pytest.warns(UserWarning, match=r"^hypergraph-\d: SKIP names the column `nothing`"):
        report = lazy.write(tmp_path / "out.csv")
    assert report["warnings"][0]["text"].startswith("SKIP names")


def test_fractions_are_shown_to_six_digits():
    table = gl.Table({"x": [1 / 3, 2.0, 1e-12, 123456789.0, None, float("inf")]})
    shown = str(table).split()
    assert [cell for cell in shown if cell[0].isdigit()] == ["0.333333", "2.0", "1e-12", "123457000.0"]
    assert "<td>0.333333</td>" in table._repr_html_() and "inf" in shown
