"""Detectors of anomalies in graphs and in streams of edges.

:func:`methods` lists them. A :class:`Detector` scores a whole graph, in the manner of scikit-learn; a
:class:`StreamDetector` takes edges as they come. A higher score means more anomalous.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _convert, _native
from ._errors import InputError
from ._features import numbers_of
from ._graph import Graph
from ._options import did_you_mean
from ._table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Detector", "StreamDetector", "methods"]


def _described() -> dict[str, dict[str, Any]]:
    return {detector["name"]: detector for detector in _native.describe()["detectors"]}


def methods() -> Table:
    """All detectors: what they score and need, and where they were published.

    >>> from graphlume import detect
    >>> "midas" in detect.methods()["name"]
    True
    """
    known = list(_described().values())
    names = ("name", "result_type", "needs_features", "needs_times", "about", "source")
    return Table({name: [one[name] for one in known] for name in names})


class Detector:
    """A detector that looks at a whole graph.

    ``method`` is one of :func:`methods`, ``parameters`` are its own. What is scored depends on the method: nodes,
    edges in the order of the graph's, or windows of time.

    ``time`` names the column of edges with times, for methods that need them: integers, dates (which count days) or
    timestamps. Edges need not be in order. ``features`` names columns of nodes with numbers, or with lists of as many numbers
    each, for methods that need features; an array of shape ``[n, d]`` may be given to ``fit`` instead. ``contamination`` is the
    largest share that ``fit_predict`` calls anomalous.

    To scikit-learn it is an outlier detector: it can be cloned, stand at the end of a ``Pipeline`` and be searched over. What
    ``fit`` was given is scored, as with ``LocalOutlierFactor``; ``score_samples``, ``decision_function`` and ``predict`` score
    other graphs anew, and leave what was fitted as it is.

    >>> import graphlume as gl
    >>> star = gl.Graph([(0, leaf) for leaf in range(1, 6)] + [(1, 2)])
    >>> detector = gl.detect.Detector("degree").fit(star)
    >>> int(detector.scores_.argmax())
    0

    Raises ``InputError`` for a method or a parameter that does not exist, and for what a method lacks.
    """

    #: Scores of the graph that ``fit`` saw, ``float64``; higher is more anomalous.
    scores_: NDArray[np.float64]
    #: When each window began, for methods that score windows.
    windows_: NDArray[np.int64] | None
    #: What scores of anomalies are above.
    threshold_: float

    _estimator_type = "outlier_detector"
    _OWN = ("method", "time", "features", "contamination")

    def __init__(
        self,
        method: str = "degree",
        *,
        time: str | None = None,
        features: str | list[str] | None = None,
        contamination: float = 0.1,
        **parameters: Any,
    ) -> None:
        self.method = method
        self.time = time
        self.features = features
        self.contamination = contamination
        self.parameters = parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All that was given, as scikit-learn asks for it."""
        return {name: getattr(self, name) for name in self._OWN} | self.parameters

    def set_params(self, **parameters: Any) -> Detector:
        """Changes what was given. Of a name that the method does not have nothing is changed.

        >>> from graphlume import detect
        >>> detect.Detector("lof", k=5).set_params(k=8)
        Detector(method='lof', contamination=0.1, k=8)
        """
        method, known = parameters.get("method", self.method), _described()
        if method not in known:
            raise InputError(f"there is no detector `{method}`{did_you_mean(str(method), known)}")
        names = [*self._OWN, *known[method]["options"]]
        for name in parameters:
            if name not in names:
                raise InputError(f"{method} has no parameter `{name}`{did_you_mean(name, names)}")
        for name, value in parameters.items():
            if name in self._OWN:
                setattr(self, name, value)
            else:
                self.parameters[name] = value
        return self

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags

        # Graphs, and tables of edges: not the arrays of samples and features that others take.
        return Tags(
            estimator_type="outlier_detector",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False),
            requires_fit=True,
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "scores_")

    def fit(self, X: Any, y: Any = None, *, features: ArrayLike | None = None) -> Detector:
        """Scores the graph ``X``, which is a ``Graph`` or what one is made of; ``y`` is not looked at."""
        del y
        share = self._share(self.contamination)
        self.scores_, self.windows_, self.metadata_ = self._scored(X, features)
        self.threshold_ = _threshold(self.scores_, share)
        return self

    def _scored(self, X: Any, features: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.int64] | None, dict[str, Any]]:
        """Scores of a graph, when windows began if these are what is scored, and how it went."""
        graph = X if isinstance(X, Graph) else Graph(X)
        matrix = self._features(graph, features)
        source, target, _ = graph._rust.ends()
        times, order = None, None
        if self.time is not None:
            column = graph.edges.column(self.time)
            values = column.to_numpy()
            if values.dtype.kind not in "iuM":
                gone = next((row for row, value in enumerate(column.to_pylist()) if value is None), None)
                why = f"of type {column.dtype}" if gone is None else f"missing in row {gone}"
                raise InputError(f"column `{self.time}` is {why}, but times are integers, dates or timestamps")
            if values.dtype.kind == "M" and np.isnat(values).any():
                raise InputError(f"column `{self.time}` is missing in row {int(np.isnat(values).argmax())}, but each edge needs a time")
            order = np.argsort(values, kind="stable")
            if np.array_equal(order, np.arange(len(order))):
                order = None
            else:
                source, target = (_convert.column("ends", np.asarray(ends)[order]) for ends in (source, target))
                values = values[order]
            times = _convert.column(self.time, values.astype(np.int64))
        try:
            found, begins, metadata = _native.detect(
                self.method,
                self.parameters,
                n_nodes=graph.n_nodes,
                sources=source,
                targets=target,
                times=times,
                features=None if matrix is None else _convert.column("features", matrix.reshape(-1)),
                n_features=0 if matrix is None else matrix.shape[1],
            )
        except InputError as error:
            if times is None and str(error) == "times is empty":
                how = f"times: Detector({self.method!r}, time=…) names the column of edges that has them"
            elif matrix is None and str(error) == "features is empty":
                how = f"features: Detector({self.method!r}, features=…) names columns of nodes that have them, and fit takes an array"
            else:
                raise
            raise InputError(f"{self.method} needs {how}") from None
        scores = found.to_numpy()
        windows = None if begins is None else begins.to_numpy()
        if order is not None and windows is None and len(scores) == len(order):
            # Back from the order of time to that of the graph's edges.
            sorted_scores, scores = scores, np.empty_like(scores)
            scores[order] = sorted_scores
        return scores, windows, metadata

    def _features(self, graph: Graph, given: ArrayLike | None) -> NDArray[np.float64] | None:
        if given is not None:
            matrix = np.asarray(given, dtype=np.float64)
            if matrix.ndim != 2 or matrix.shape[0] != graph.n_nodes:
                raise InputError(f"features have the shape {matrix.shape}, but ({graph.n_nodes}, d) is needed")
            return np.ascontiguousarray(matrix)
        if self.features is None:
            return None
        nodes = graph.nodes
        names = [self.features] if isinstance(self.features, str) else self.features
        return np.ascontiguousarray(np.concatenate([numbers_of(nodes, name) for name in names], axis=1))

    def score_samples(self, X: Any = None) -> NDArray[np.float64]:
        """Scores of the graph ``X``, or of the one that was fitted, whose ``scores_`` stay what they are. Higher is more anomalous."""
        self._check_is_fitted(X)
        return self.scores_ if X is None else self._scored(X)[0]

    def decision_function(self, X: Any = None) -> NDArray[np.float64]:
        """By how much scores of the graph ``X``, or of the one that was fitted, are below ``threshold_``: as scikit-learn has it,
        negative for what is anomalous. The threshold is that of the graph that was fitted."""
        self._check_is_fitted()
        return self.threshold_ - self.score_samples(X)

    def predict(self, X: Any = None) -> NDArray[np.int64]:
        """−1 for what scores above ``threshold_`` in the graph ``X``, or in the one that was fitted, 1 for the rest.

        >>> import graphlume as gl
        >>> ring = [(at, (at + 1) % 9) for at in range(9)]
        >>> detector = gl.detect.Detector("degree").fit(ring)
        >>> detector.predict([*ring, (0, 3), (0, 5)]).tolist()
        [-1, 1, 1, -1, 1, -1, 1, 1, 1]
        """
        self._check_is_fitted()
        return np.where(self.score_samples(X) > self.threshold_, -1, 1)

    def _check_is_fitted(self, X: Any = None) -> None:
        if X is None and not hasattr(self, "scores_"):
            raise InputError("the detector has seen no graph: call fit first")

    def _share(self, share: Any) -> float:
        if isinstance(share, (bool, str)) or not isinstance(share, (int, float, np.integer, np.floating)) or not 0 < share < 1:
            raise InputError(f"contamination is {share!r}, but it must be a number above 0 and below 1")
        return float(share)

    def fit_predict(self, X: Any, y: Any = None, *, contamination: float | None = None) -> NDArray[np.int64]:
        """−1 for the highest scores, 1 for the others, as scikit-learn has it.

        Never more than the share ``contamination`` is called anomalous: where scores are equal across that border, none of
        these is. If all are equal, nothing stands out.

        >>> import graphlume as gl
        >>> star = gl.Graph([(0, leaf) for leaf in range(1, 8)])
        >>> gl.detect.Detector("degree", contamination=0.3).fit_predict(star).tolist()
        [-1, 1, 1, 1, 1, 1, 1, 1]
        """
        share = self._share(self.contamination if contamination is None else contamination)
        self.fit(X, y)
        self.threshold_ = _threshold(self.scores_, share)
        return self.predict()

    def __repr__(self) -> str:
        given = {name: value for name, value in self.get_params().items() if value is not None}
        return f"Detector({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def _threshold(scores: NDArray[np.float64], share: float) -> float:
    """What at most this share of scores is above."""
    if len(scores) == 0:
        return float("inf")
    # The highest score that is not called anomalous; what is 0.3 of 10 must not be 2.
    normal = len(scores) - 1 - int(share * len(scores) + 1e-9)
    return float(np.partition(scores, normal)[normal])


def _nodes(name: str, values: Any) -> _native.Array:
    """Ids of nodes in a stream as integers; texts as 64 bits that are almost surely different for each, so that nothing must be
    remembered of them."""
    column = _convert.column(name, values)
    if column.dtype != "text":
        return column
    given = column.to_pylist()
    if None in given:
        raise InputError(f"`{name}` has no value at {given.index(None)}")
    texts, places = np.unique(np.array(given, dtype=object), return_inverse=True)
    keys = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") for text in texts]
    return _convert.column(name, np.array(keys, dtype=np.uint64)[places.reshape(-1)])


class StreamDetector:
    """A detector that takes edges as they come, in bounded memory.

    >>> from graphlume import detect
    >>> midas = detect.StreamDetector("midas")
    >>> scores = midas.push([1, 1, 1], [2, 2, 3], [1, 2, 2])
    >>> scores.shape, midas.n_edges
    ((3,), 3)
    >>> later = detect.StreamDetector.restore(midas.checkpoint())
    >>> later.n_edges
    3
    """

    def __init__(self, method: str, **parameters: Any) -> None:
        self._rust = _native.Stream(method, parameters)
        self._said = ", ".join([repr(method), *(f"{name}={value!r}" for name, value in parameters.items())])

    @classmethod
    def restore(cls, checkpoint: bytes) -> StreamDetector:
        """Takes up the detector whose :meth:`checkpoint` this is."""
        detector = cls.__new__(cls)
        detector._rust = _native.Stream.restore(checkpoint)
        detector._said = "restored"
        return detector

    def push(self, sources: ArrayLike, targets: ArrayLike, times: ArrayLike) -> NDArray[np.float64]:
        """Takes edges, ids of nodes and times of shape ``[m]``: a score for each, or for each window that has ended by then,
        whose begins are ``windows`` then. Times, integers or timestamps, never go back. Ids are integers or texts; texts are
        known by 64 bits of a hash, the same in each run. Arrays of 64 bits are not copied on their way in.

        Raises ``InputError`` at an edge that is older than one before it: those before it are taken, and their
        scores are lost.
        """
        ends = _nodes("sources", sources), _nodes("targets", targets)
        return self._taken(*self._rust.push(*ends, _convert.column("times", times)))

    def finish(self) -> NDArray[np.float64]:
        """Ends the window that is open, if windows are scored: its score."""
        return self._taken(*self._rust.finish())

    def _taken(self, scores: _native.Array, windows: _native.Array) -> NDArray[np.float64]:
        #: When the windows began that the last call scored.
        self.windows: NDArray[np.int64] = windows.to_numpy()
        return scores.to_numpy()

    def checkpoint(self) -> bytes:
        """The whole state."""
        return self._rust.checkpoint()

    @property
    def n_edges(self) -> int:
        """How many edges it has taken."""
        return self._rust.n_edges

    def __repr__(self) -> str:
        return f"StreamDetector({self._said}; {self.n_edges:,} edges)"

    def __reduce__(self) -> Any:
        return _of_checkpoint, (self.checkpoint(), self._said)


def _of_checkpoint(checkpoint: bytes, said: str) -> StreamDetector:
    """The detector that was pickled so."""
    detector = StreamDetector.restore(checkpoint)
    detector._said = said
    return detector


def __dir__() -> list[str]:
    return __all__
