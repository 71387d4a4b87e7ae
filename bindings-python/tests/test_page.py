"""Pages, widgets and servers."""

import base64
import html
import json
import re
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import graphlume as gl
from graphlume import _page


@pytest.fixture
def club(karate):
    return gl.Graph(karate)


@pytest.fixture
def placed(club):
    return club.layout(iterations=20)


def header(scene):
    magic, version, length = struct.unpack_from("<4sII", scene)
    assert (magic, version) == (b"GLSC", 1)
    return json.loads(scene[12 : 12 + length])


def test_a_page_holds_the_graph_and_loads_nothing(placed, tmp_path):
    path = placed.save_html(tmp_path / "karate.html", color_by="degree", title="<karate> & co")
    text = path.read_text()
    assert "<title>&lt;karate&gt; &amp; co</title>" in text
    assert not re.search(r"""(src|href)\s*=\s*["']https?:""", text)
    scene = base64.b64decode(re.search(r'scene;base64">([^<]+)<', text)[1])
    head = header(scene)
    assert (head["n_nodes"], head["n_edges"]) == (34, 78)
    at = head["buffers"]["positions"]
    positions = np.frombuffer(scene, "<f4", 68, at["offset"]).reshape(34, 2)
    np.testing.assert_array_equal(positions, placed.positions)
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_has_the_columns_of_both_tables(tmp_path):
    nodes = pl.DataFrame({"id": ["a", "b", "c"], "seen": [datetime(1970, 1, 1, 0, 0, 2), None, datetime(1970, 1, 2)], "x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.0]})
    edges = pl.DataFrame({"from": ["a", "b"], "to": ["b", "c"], "kind": ["call", None]})
    graph = gl.Graph(edges, nodes=nodes)
    text = graph.save_html(tmp_path / "a.html", badge_by="id", icon_by="id").read_text()
    scene = base64.b64decode(re.search(r'scene;base64">([^<]+)<', text)[1])
    head = header(scene)
    tables = head["tables"]
    assert tables["ends"] == ["from", "to"] and "left_out" not in tables
    assert [(c["of"], c["name"], c["type"]) for c in tables["columns"]] == [
        ("nodes", "id", "text"), ("nodes", "seen", "time"), ("nodes", "x", "number"), ("nodes", "y", "number"), ("edges", "kind", "text"),
    ]

    def values(i, kind):
        at = head["buffers"][f"column_{i}"]
        return np.frombuffer(scene[at["offset"] : at["offset"] + at["length"]], kind)

    np.testing.assert_array_equal(values(1, "<f8"), [2000, np.nan, 86_400_000])
    assert tables["columns"][4]["texts"] == ["call"] and values(4, "<u4").tolist() == [1, 0]
    assert head["badges"][0]["position"] == "TopRight" and head["icons"] == ["a", "b", "c"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "+05:30"])
def test_times_of_any_zone_are_shown(tmp_path, zone):
    """What Parquet, pandas and polars call UTC is a zone by name."""
    when = pa.array([0, 86_400_000], pa.timestamp("ms", zone))
    edges = pa.table({"source": ["a", "b"], "target": ["b", "c"], "when": when})
    graph = gl.Graph(edges, nodes=pa.table({"id": ["a", "b"], "seen": when}))
    day = {"UTC": "1970-01-01T00:00:00", "Europe/Berlin": "1970-01-01T01:00:00", "+05:30": "1970-01-01T05:30:00"}[zone]
    assert day in str(graph.edges) and day in graph.edges._repr_html_()
    assert len(graph.edges.filter("\"when\" > TIMESTAMP '1970-01-01 12:00:00'")) == 1
    graph.plot(edge_color_by="when", color_by="seen", badge_by="seen", icon_by="seen")
    text = graph.save_html(tmp_path / "a.html", color_by="seen").read_text()
    tables = header(base64.b64decode(re.search(r'scene;base64">([^<]+)<', text)[1]))["tables"]
    assert [c["name"] for c in tables["columns"] if c["type"] == "time"] == ["seen", "when"]


def test_a_notebook_keeps_a_part_of_long_tables():
    long = gl.Graph(np.array([[0, 1], [1, 2]]), nodes=pl.DataFrame({"id": [0, 1, 2], "essay": ["x" * 3_000_000 + str(i) for i in range(3)], "n": [1, 2, 3]}))
    inner = html.unescape(re.search(r'srcdoc="([^"]+)"', long._repr_html_())[1])
    tables = header(base64.b64decode(re.search(r'scene;base64">([^<]+)<', inner)[1]))["tables"]
    assert tables["left_out"] == ["essay"]
    assert {"id", "n"} <= {c["name"] for c in tables["columns"]}


def test_a_graph_without_positions_is_laid_out_for_its_page(club, tmp_path):
    text = club.save_html(tmp_path / "a.html").read_text()
    assert "positions" in header(base64.b64decode(re.search(r'scene;base64">([^<]+)<', text)[1]))["buffers"]


def test_a_page_says_what_is_wrong_before_it_writes(placed, tmp_path):
    with pytest.raises(gl.InputError, match=r"a\.png: a page is written as \.html"):
        placed.save_html(tmp_path / "a.png")
    with pytest.raises(gl.InputError, match="colour_by.*did you mean `color_by`"):
        placed.save_html(tmp_path / "a.html", colour_by="degree")
    with pytest.raises(gl.GraphlumeError, match="nowhere"):
        placed.save_html(tmp_path / "a.html", color_by="nowhere")
    assert not list(tmp_path.iterdir())


def test_frames_are_those_of_the_stream(placed):
    at = placed.positions
    content = _page.frame(at, 7, 20, 0.5, 1)
    kind, flags, zero, sequence, base, n = struct.unpack_from("<BBHIII", content)
    assert (kind, flags, zero, sequence, base, n) == (1, 1, 0, 7, 0, 34)
    x, y, scale, iteration, movement, state = struct.unpack_from("<fffIfI", content, 16)
    assert (iteration, movement, state) == (20, 0.5, 1)
    places = np.frombuffer(content, "<u2", offset=40).reshape(34, 2)
    np.testing.assert_allclose(np.float32([x, y]) + places / scale, at, atol=1.0 / scale)
    assert len(_page.frame(np.zeros((0, 2), np.float32), 1, 0, 0.0, 2)) == 40
    assert len(_page.frame(np.ones((3, 2), np.float32), 1, 0, 0.0, 2)) == 52


def test_a_widget_shows_selects_and_moves(club):
    pytest.importorskip("anywidget")
    widget = club.widget(height=300, color_by="degree")
    assert header(widget.scene)["n_nodes"] == 34
    widget.selection = [0, 33]
    assert widget.selected == [club.ids[0], club.ids[33]]
    widget.selected = [club.ids[5]]
    assert widget.selection == [5]
    sent = []
    widget.send = lambda content, buffers: sent.append((content, bytes(buffers[0])))
    before = widget.graph.positions
    widget.play(iterations=30)
    assert widget.wait(60)
    assert widget.error is None
    assert sent and all(content == {"type": "frame"} for content, _ in sent)
    sequences = [struct.unpack_from("<I", frame, 4)[0] for _, frame in sent]
    assert sequences == list(range(1, len(sent) + 1))
    assert struct.unpack_from("<I", sent[-1][1], 36)[0] in (1, 2)
    assert not np.array_equal(before, widget.graph.positions)
    widget.close()


def spoken(widget):
    """What a widget says: messages of the stream, and frames."""
    said, frames = [], []

    def send(content, buffers=None):
        if content["type"] == "stream":
            said.append(json.loads(content["text"]))
        else:
            frames.append(bytes(buffers[0]))

    widget.send = send
    return said, frames


def tell(widget, **message):
    widget._hear(widget, {"type": "stream", "text": json.dumps(message)}, [])


def test_a_picture_steers_the_layout_of_a_widget(placed):
    pytest.importorskip("anywidget")
    widget = placed.widget()
    said, frames = spoken(widget)
    widget._hear(widget, {"type": "open"}, [])
    hello = said.pop()
    assert (hello["type"], hello["n_nodes"], hello["state"], hello["may_steer"]) == ("hello", 34, "paused", True) and not frames
    # A drag: the node is held, moved, and let go.
    tell(widget, type="pin", nodes=[3])
    tell(widget, type="move", nodes=[3], x=[500.0], y=[-2.0])
    assert said.pop() == {"type": "pinned", "nodes": [3]} and widget.pinned == [placed.ids[3]]
    assert widget.graph.positions[3].tolist() == [500.0, -2.0] and len(frames) == 1
    others = np.arange(34) != 3
    np.testing.assert_array_equal(widget.graph.positions[others], placed.positions[others])
    tell(widget, type="step", n=5)
    assert widget.graph.positions[3].tolist() == [500.0, -2.0] and not np.array_equal(widget.graph.positions[others], placed.positions[others])
    tell(widget, type="unpin", nodes=[3])
    assert said.pop() == {"type": "pinned", "nodes": []} and widget.pinned == []
    tell(widget, type="options", options={"gravity": 3.5})
    assert said.pop()["options"]["gravity"] == 3.5
    tell(widget, type="play")
    tell(widget, type="pause")
    assert widget.wait(30) and widget.error is None and struct.unpack_from("<I", frames[-1], 36)[0] in (1, 2)
    tell(widget, type="restart", seed=4)
    widget.pause()
    tell(widget, type="key")
    assert struct.unpack_from("<I", frames[-1], 4)[0] == len(frames)
    widget.close()


def test_nonsense_from_a_picture_is_answered(placed):
    pytest.importorskip("anywidget")
    widget = placed.widget()
    said, _ = spoken(widget)
    for message in ({"type": "move", "nodes": [99], "x": [1], "y": [1]}, {"type": "pin"}, {"type": "options", "options": {"gravitty": 1}}, {"type": "step", "n": "x"}):
        tell(widget, **message)
        assert said.pop()["type"] == "error", message
    widget._hear(widget, {"type": "stream", "text": "no json"}, [])
    assert said.pop()["type"] == "error"
    widget._hear(widget, "nonsense", [])
    tell(widget, type="of a newer viewer")
    assert not said
    with pytest.raises(gl.InputError, match="there is no node"):
        widget.selected = ["nobody"]
    widget.close()


def test_a_widget_has_a_page_for_those_without_a_kernel(placed):
    pytest.importorskip("anywidget")
    widget = placed.widget(height=321)
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith("<iframe srcdoc=") and "height:321px" in data["text/html"]
    widget.close()


def test_a_graph_shows_itself_without_a_kernel(placed):
    page = placed._repr_html_()
    assert page.count("<iframe") == 1 and "34 nodes, 78 edges" in page
    inner = re.search(r'srcdoc="([^"]+)"', page)[1]
    assert "scene;base64" in html.unescape(inner)
    big = gl.Graph(np.arange(600_000).reshape(-1, 2))
    assert "<iframe" not in big._repr_html_() and big._repr_png_() is None


def test_a_server_answers_and_ends_with_its_block(tmp_path, club):
    edges = tmp_path / "edges.csv"
    gl.Graph(club.edges).write(edges)
    with gl.serve(edges, data=tmp_path / "data", device="cpu", workers=1) as server:
        listed = json.load(urllib.request.urlopen(server.url + "/api/v1/datasets"))
        assert [(d["name"], d["n_edges"]) for d in listed["datasets"]] == [("edges.csv", 78)]
        assert server.is_running
    assert not server.is_running
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(server.url + "/health")


def test_a_server_reads_files_as_it_is_told(tmp_path):
    (tmp_path / "edges.csv").write_text("amount,payer,payee\n5,ann,bob\n7,bob,cem\n-,cem,\n")
    (tmp_path / "nodes.csv").write_text("name,city\nann,Oslo\nbob,NA\ndee,Rome\n")
    options = {"nodes": tmp_path / "nodes.csv", "source": "payer", "target": "payee", "drop_null": True, "directed": False, "weight": None, "null": ["NA", "-", "--"]}
    with gl.serve(tmp_path / "edges.csv", data=tmp_path / "data", device="cpu", hosts=["a.example", "b.example"], **options) as server:
        (listed,) = json.load(urllib.request.urlopen(server.url + "/api/v1/datasets"))["datasets"]
        assert (listed["n_nodes"], listed["n_edges"]) == (4, 2)

        def rows(table):
            page = json.load(urllib.request.urlopen(f"{server.url}/api/v1/datasets/{listed['id']}/rows?table={table}&limit=9"))
            return [dict(zip(page["columns"], row)) for row in page["rows"]]

        assert {row["name"]: row["city"] for row in rows("nodes")} == {"ann": "Oslo", "bob": None, "cem": None, "dee": "Rome"}
        assert [(row["payer"], row["payee"], row["amount"]) for row in rows("edges")] == [("ann", "bob", 5), ("bob", "cem", 7)]
    with pytest.raises(gl.GraphlumeError, match="none is given"):
        gl.serve(data=tmp_path / "data", nodes=tmp_path / "nodes.csv")


def test_a_server_that_cannot_start_says_why(tmp_path):
    with pytest.raises(gl.GraphlumeError, match="nothing.csv"):
        gl.serve(tmp_path / "nothing.csv", data=tmp_path / "data")
    with pytest.raises(gl.GraphlumeError, match="--wrokers"):
        gl.serve(data=tmp_path / "data", wrokers=3)


def test_a_server_ends_with_the_process_that_started_it(tmp_path):
    program = f"import graphlume as gl; print(gl.serve(data={str(tmp_path)!r}, device='cpu').url, flush=True); import os; os._exit(0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    url = done.stdout.strip()
    assert url, done.stderr
    for _ in range(300):
        try:
            urllib.request.urlopen(url + "/health", timeout=5)
        except (urllib.error.URLError, ConnectionError):
            return
        time.sleep(0.1)
    pytest.fail("the server went on")
