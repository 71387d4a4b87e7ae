"""Random and regular graphs, against networkx."""

import networkx as nx
import pytest

import graphlume as gl


def same(graph, expected):
    """Whether edges are those of networkx's graph of the same numbers."""
    pairs = {frozenset(edge) for edge in graph.edge_index.T.tolist()}
    return pairs == {frozenset(edge) for edge in expected.edges} and graph.n_nodes == len(expected)


def test_regular_graphs_are_those_of_networkx():
    assert same(gl.generate.path(6), nx.path_graph(6))
    assert same(gl.generate.cycle(6), nx.cycle_graph(6))
    assert same(gl.generate.complete(6), nx.complete_graph(6))
    assert same(gl.generate.star(6), nx.star_graph(5))
    for torus in [False, True]:
        grid = nx.convert_node_labels_to_integers(nx.grid_2d_graph(4, 5, periodic=torus), ordering="sorted")
        assert same(gl.generate.lattice(rows=4, columns=5, torus=torus), grid)


def test_random_graphs_have_the_sizes_that_were_asked_for_and_follow_their_seed():
    assert gl.generate.gnm(n_nodes=50, n_edges=70).n_edges == 70
    assert gl.generate.gnm(n_nodes=50, n_edges=70, directed=True).is_directed
    assert 300 < gl.generate.gnp(n_nodes=100, p=0.1).n_edges < 700
    grown = gl.generate.barabasi_albert(n_nodes=100, n_neighbors=3)
    assert grown.n_edges == 3 * 97 and nx.is_connected(grown.to_networkx())
    blocks = gl.generate.planted_partition(n_nodes=90, n_blocks=3, p_in=0.5, p_out=0.01)
    assert sorted(set(blocks.nodes["block"].tolist())) == [0, 1, 2]
    skewed = gl.generate.rmat(scale=8, edge_factor=4)
    assert skewed.n_nodes == 256 and skewed.n_edges == 1024 and skewed.is_directed
    assert gl.generate.rmat(scale=8, n_edges=77, directed=False).n_edges == 77
    kinds = [gl.generate.rmat, gl.generate.gnm, gl.generate.gnp, gl.generate.barabasi_albert]
    for make in [*kinds, gl.generate.planted_partition]:
        edges = [make(seed=seed).edge_index.tolist() for seed in (1, 1, 2)]
        assert edges[0] == edges[1] != edges[2]


def test_what_is_wrong_is_named():
    for make, words in [
        (lambda: gl.generate.rmat(scale=40), "scale"),
        (lambda: gl.generate.rmat(scale=-1), "-1"),
        (lambda: gl.generate.gnp(p=1.5), "p"),
        (lambda: gl.generate.barabasi_albert(n_nodes=3, n_neighbors=3), "n_neighbors"),
        (lambda: gl.generate.planted_partition(n_blocks=0), "n_blocks"),
        (lambda: gl.generate.path(-1), "-1"),
    ]:
        with pytest.raises(gl.InputError, match=words):
            make()
