"""Random and regular graphs, the same for the same ``seed`` on every machine.

>>> import graphlume as gl
>>> gl.generate.planted_partition(n_nodes=100, n_blocks=4, seed=1).n_nodes
100
>>> gl.generate.lattice(rows=3, columns=4).n_edges
17
"""

from __future__ import annotations

from typing import Any

from . import _native
from ._graph import Graph

__all__ = [
    "barabasi_albert",
    "complete",
    "cycle",
    "gnm",
    "gnp",
    "lattice",
    "path",
    "planted_partition",
    "rmat",
    "star",
]


def _made(kind: str, **options: Any) -> Graph:
    given = {name: value for name, value in options.items() if value is not None}
    return Graph._of(_native.generate({"kind": kind, **given}))


def rmat(
    *,
    scale: int = 16,
    edge_factor: int = 16,
    n_edges: int | None = None,
    a: float | None = None,
    b: float | None = None,
    c: float | None = None,
    scramble: bool | None = None,
    directed: bool | None = None,
    seed: int = 0,
) -> Graph:
    """R-MAT: skewed degrees, and communities within communities; Graph500's by default.

    ``2 ** scale`` nodes, and ``n_edges`` edges, or ``edge_factor`` times as many as nodes. ``a``, ``b`` and ``c`` are the
    probabilities of the quadrants of the matrix (0.57, 0.19, 0.19); with ``scramble``, which is usual, a small id says
    nothing about the degree. Directed by default. O(m · scale) time.

    >>> import graphlume as gl
    >>> gl.generate.rmat(scale=5, edge_factor=4).n_edges
    128
    """
    n_edges = edge_factor * 2 ** max(scale, 0) if n_edges is None else n_edges
    return _made(
        "rmat", scale=scale, n_edges=n_edges, a=a, b=b, c=c, scramble=scramble, directed=directed, seed=seed
    )


def barabasi_albert(*, n_nodes: int | None = None, n_neighbors: int | None = None, seed: int = 0) -> Graph:
    """A graph that grows: each new node joins ``n_neighbors`` (4) earlier ones, which it prefers by their degree.

    Connected, undirected, with a power law of degrees; 10,000 nodes by default. O(m log n) time.
    """
    return _made("barabasi_albert", n_nodes=n_nodes, n_neighbors=n_neighbors, seed=seed)


def gnp(*, n_nodes: int | None = None, p: float | None = None, directed: bool = False, seed: int = 0) -> Graph:
    """Erdős and Rényi's graph: each pair of nodes is an edge with the probability ``p`` (0.001). O(n + m) time."""
    return _made("gnp", n_nodes=n_nodes, p=p, directed=directed, seed=seed)


def gnm(
    *, n_nodes: int | None = None, n_edges: int | None = None, directed: bool = False, seed: int = 0
) -> Graph:
    """``n_edges`` (50,000) different pairs of ``n_nodes`` (10,000) nodes, every such set as likely as any other."""
    return _made("gnm", n_nodes=n_nodes, n_edges=n_edges, directed=directed, seed=seed)


def planted_partition(
    *,
    n_nodes: int | None = None,
    n_blocks: int | None = None,
    p_in: float | None = None,
    p_out: float | None = None,
    seed: int = 0,
) -> Graph:
    """Blocks of nodes that are denser inside (``p_in``, 0.2) than between them (``p_out``, 0.005).

    The column ``block`` of nodes says which block each is of; 1,000 nodes in 10 blocks by default. O(n + m) time.
    """
    return _made("planted_partition", n_nodes=n_nodes, n_blocks=n_blocks, p_in=p_in, p_out=p_out, seed=seed)


def lattice(*, rows: int | None = None, columns: int | None = None, torus: bool = False) -> Graph:
    """A grid, 100 by 100 by default; on a ``torus`` opposite borders are joined. Node ``row * columns + column``."""
    return _made("lattice", rows=rows, columns=columns, torus=torus)


def star(n_nodes: int) -> Graph:
    """One node joined to all others."""
    return _made("star", n_nodes=n_nodes)


def path(n_nodes: int) -> Graph:
    """A line of nodes."""
    return _made("path", n_nodes=n_nodes)


def cycle(n_nodes: int) -> Graph:
    """A ring of nodes."""
    return _made("cycle", n_nodes=n_nodes)


def complete(n_nodes: int) -> Graph:
    """Every pair of nodes joined."""
    return _made("complete", n_nodes=n_nodes)


def __dir__() -> list[str]:
    return __all__
