"""What tests share."""

import signal

import networkx as nx
import pytest

import graphlume as gl

gl.set_progress(False)


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """Programs that a shell starts in the background do not hear it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def karate() -> nx.Graph:
    """Zachary's karate club, as networkx has it."""
    return nx.karate_club_graph()


@pytest.fixture(scope="session")
def random_graphs() -> list[nx.Graph]:
    """Graphs of many shapes, directed and not, with loops, isolated nodes and weights."""
    graphs = []
    for seed in range(8):
        graph = nx.gnp_random_graph(25, 0.12, seed=seed, directed=seed % 2 == 1)
        for at, (u, v) in enumerate(graph.edges):
            graph.edges[u, v]["weight"] = 0.5 + (at * 7 % 5)
        graph.add_node(99)
        graphs.append(graph)
    return graphs
