"""Layouts and pictures."""

import struct

import numpy as np
import pandas as pd
import pytest

import graphlume as gl


def test_the_same_options_give_the_same_positions(karate):
    graph = gl.Graph(karate)
    a, b = (graph.layout(iterations=50, seed=3, device="cpu") for _ in range(2))
    assert a.positions.shape == (34, 2) and a.positions.dtype == np.float32
    assert np.array_equal(a.positions, b.positions)
    assert not np.array_equal(a.positions, graph.layout(iterations=50, seed=4, device="cpu").positions)
    assert graph.positions is None
    assert {"club", "x", "y"} <= set(a.nodes.columns)


def test_neighbors_lie_near(karate):
    graph = gl.Graph(karate).layout(iterations=300, device="cpu")
    where, (source, target) = graph.positions, graph.edge_index
    near = np.linalg.norm(where[source] - where[target], axis=1).mean()
    all_pairs = np.linalg.norm(where[:, None] - where[None], axis=2).mean()
    assert near < 0.6 * all_pairs


def test_a_session_is_stepped_and_steered(karate):
    graph = gl.Graph(karate)
    session = graph.layout_session(seed=3, device="cpu")
    report = session.run(20)
    assert report["iterations"] == 20 and report["stop"] == "iterations"
    assert np.array_equal(session.positions, graph.layout(iterations=20, seed=3, device="cpu", pack=False).positions)
    session.move(5, 100.0, -7.0)
    session.fix(5)
    session.step(3)
    assert session.positions[5].tolist() == [100.0, -7.0]
    session.fix(5, False)
    session.set(gravity=10.0)
    assert session.options["gravity"] == 10.0 and session.options["seed"] == 3
    assert session.step().shape == (34, 2) and session.last["iteration"] == 24
    assert session.graph().positions.tolist() == session.positions.tolist()


def test_what_it_starts_from(karate):
    graph = gl.Graph(karate)
    start = np.random.default_rng(1).normal(size=(34, 2)).astype(np.float32)
    fixed = np.zeros(34, dtype=bool)
    fixed[[0, 7]] = True
    placed = graph.layout(iterations=5, start=start, fixed=fixed, pack=False, device="cpu")
    assert np.array_equal(placed.positions[fixed], start[fixed])
    assert not np.array_equal(placed.positions[~fixed], start[~fixed])
    more = placed.with_nodes(hold=fixed).layout(iterations=5, start=True, fixed="hold", pack=False, device="cpu")
    assert np.array_equal(more.positions[fixed], start[fixed])
    heavy = graph.layout(iterations=5, mass=np.linspace(1, 50, 34), device="cpu")
    assert not np.array_equal(heavy.positions, graph.layout(iterations=5, device="cpu").positions)


def test_unconnected_parts_are_packed():
    rings = [(ring * 10 + at, ring * 10 + (at + 1) % 10) for ring in range(6) for at in range(10)]
    graph = gl.Graph(rings)
    loose, packed = (graph.layout(iterations=100, pack=pack, device="cpu").positions for pack in (False, True))
    assert np.ptp(packed, axis=0).prod() < np.ptp(loose, axis=0).prod()


def test_pictures(karate, tmp_path):
    graph = gl.Graph(karate).layout(iterations=50)
    picture = graph.plot(tmp_path / "karate.png", width=300, height=200, color_by="club", title="Karate")
    data = (tmp_path / "karate.png").read_bytes()
    assert data == picture.png() == picture._repr_png_()
    assert struct.unpack(">II", data[16:24]) == (300, 200)
    assert picture.save(tmp_path / "karate.svg").read_text().rstrip().endswith("</svg>")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["karate.png", "karate.svg"]
    # A graph without positions is laid out for it.
    assert gl.Graph(karate).plot(width=64, height=64).png().startswith(b"\x89PNG")


def test_options_of_pictures_may_be_lists_and_numbers(karate):
    graph = gl.Graph(karate).layout(iterations=5).with_nodes(n=np.arange(34))
    for options in ({"labels": 5}, {"bins": 3}, {"bins": [1, 5]}, {"palette": ["white", "#f80"]}, {"edge_opacity": 0.3}):
        assert graph.plot(width=64, height=64, color_by="n", **options).png().startswith(b"\x89PNG")


def test_a_graph_is_laid_out_for_pictures_once(karate, monkeypatch):
    graph, made = gl.Graph(karate), []
    layout = gl.Graph.layout
    monkeypatch.setattr(gl.Graph, "layout", lambda self, **options: made.append(options) or layout(self, **options))
    first = graph._repr_png_()
    assert graph._repr_png_() == first and graph.plot(width=64, height=64).graph is graph.plot(width=65, height=64).graph
    assert made == [{}]


def test_what_is_wrong_with_a_picture_is_said_before_the_layout(karate, monkeypatch):
    monkeypatch.setattr(gl.Graph, "layout", lambda *_, **__: pytest.fail("laid out in vain"))
    graph = gl.Graph(karate)
    for options, text in [
        ({"color_by": "clb"}, "clb"),
        ({"edge_color_by": "nothing"}, "there is no column `nothing`; the columns of edges"),
        ({"width": 3}, "width"),
        ({"width": 1.5}, "`width` is 1.5, but an integer is needed"),
        ({"theme": "drak"}, "`theme` is 'drak', but it must be one of 'dark', 'light'; did you mean `dark`"),
        ({"node_scale": "big"}, "`node_scale` is 'big', but a number is needed"),
        ({"title": 5}, "`title` is 5, but a text is needed"),
        ({"labels": -1}, "labels"),
        ({"palette": "nonsense"}, "nonsense"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            graph.plot(**options)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda g: g.layout(scaling=-1), "scaling"),
        (lambda g: g.layout(repulsion="magic"), "magic"),
        (lambda g: g.layout(start=np.zeros((3, 2))), r"\(3, 2\), but \(34, 2\)"),
        (lambda g: g.layout(start=True), "no columns `x` and `y`"),
        (lambda g: g.layout(mass=np.zeros(34)), "mass"),
        (lambda g: g.layout(fixed="nowhere"), "there is no column `nowhere`"),
        (lambda g: g.layout(start=np.full((34, 2), np.nan)), "finite"),
        (lambda g: g.layout_session().move("ann", 0, 0), "there is no node 'ann'"),
        (lambda g: g.layout_session().move(0, np.nan, 0), "finite"),
        (lambda g: g.layout_session().set(gravity=-1), "gravity"),
        (lambda g: g.layout_session().set(gravty=1), "there is no option `gravty`; did you mean `gravity`"),
        (lambda g: g.layout_session().run(-1), "`iterations` is -1, but it must be at least 0"),
        (lambda g: g.layout_session().step(1.5), "`count` is 1.5, but an integer is needed"),
        (lambda g: g.layout(iterations=-1), "`iterations` is -1"),
        (lambda g: g.layout(seed=-1), "`seed` is -1"),
        (lambda g: g.layout(lin_log=1), "`lin_log` is 1, but it must be True or False"),
        (lambda g: g.layout(theta="x"), "`theta` is 'x', but a number is needed"),
        (lambda g: g.layout(gravity=float("inf")), "`gravity` is inf, but it must be finite"),
        (lambda g: g.layout(pack="no"), "`pack` is 'no'"),
        (lambda g: g.neighborhood([0], hops=-1), "`hops` is -1"),
        (lambda g: g.page_rank(max_iterations=-1), "option `max_iterations`"),
        (lambda g: gl.metrics.precision_at_k([0, 1], [0, 1], -1), "`k` is -1"),
        (lambda g: gl.metrics.calibration([0, 1], [0, 1], n_bins=-1), "`n_bins` is -1"),
        (lambda g: g.plot(width=3), "width"),
        (lambda g: g.plot(color_by="nothing").png(), "nothing"),
        (lambda g: g.plot("picture.jpg"), "as .png or .svg"),
    ],
)
def test_what_cannot_be(karate, call, text):
    with pytest.raises(gl.InputError, match=text):
        call(gl.Graph(karate))


def test_nodes_are_drawn_by_values(karate):
    graph = gl.Graph(karate)
    ranks, groups = graph.page_rank(), ["left", "right"] * 17
    named = graph.with_nodes(page_rank=ranks.values, color=groups)
    options = {"width": 200, "height": 150, "labels": 3}
    expected = named.plot(size_by="page_rank", color_by="color", **options).png()
    by_id = dict(zip(graph.ids.tolist(), groups))
    for size, color in ((ranks, groups), (pd.Series(ranks.values, name="page_rank"), np.array(groups)), (ranks, by_id)):
        assert graph.plot(size_by=size, color_by=color, **options).png() == expected
    # Both by one, and where the name is taken.
    assert graph.plot(size_by=ranks, color_by=ranks, **options).png() == named.plot(size_by="page_rank", color_by="page_rank", **options).png()
    assert "id_" in graph.plot(color_by=pd.Series(groups, name="id"), **options).graph.nodes
    assert graph.nodes.columns == ["id", "club"]
    for call, text in [
        (lambda: graph.plot(color_by=[1, 2]), "2 entries, but 34"),
        (lambda: graph.plot(color_by=graph.edge_betweenness()), "edge_betweenness has no values of nodes"),
        (lambda: graph.plot(edge_color_by=ranks), "page_rank has no values of edges"),
        (lambda: graph.save_html("a.html", size_by=5), "one value a row"),
        (lambda: graph.plot(edge_color_by=[1]), "column `edge_color` has 1 entries, but there are 78 edges"),
    ]:
        with pytest.raises(gl.InputError, match=text):
            call()


def test_edges_are_drawn_by_values(karate):
    graph = gl.Graph(karate)
    through, kinds = graph.edge_betweenness(), ["old", "new"] * 39
    options = {"width": 200, "height": 150, "labels": "none"}
    named = graph.with_edges(edge_betweenness=through.values, edge_color=kinds)
    expected = named.plot(edge_size_by="edge_betweenness", edge_color_by="edge_color", **options).png()
    assert graph.plot(edge_size_by=through, edge_color_by=kinds, **options).png() == expected
    assert through.graph.plot(edge_size_by="edge_betweenness", edge_color_by=np.array(kinds), **options).png() == expected
    assert expected != graph.plot(**options).png()
