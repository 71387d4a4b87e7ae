"""Writes hypergraph.json: what PyGraphistry's hypergraph() makes of small tables of events.

Run it in an environment with the versions asserted below. Two things are changed in what it
returns, since they depend on hashing or on columns of NumPy that cannot be empty:
columns of edges are sorted by name, and entities have no value in the columns of others.
"""

import datetime
import json
import math
import pathlib
import random

import graphistry
import numpy
import pandas
from graphistry.hyper_dask import hypergraph

assert graphistry.__version__ == "0.61.2", graphistry.__version__
assert pandas.__version__ == "3.1.1", pandas.__version__
assert numpy.__version__ == "2.4.6", numpy.__version__

MICROS = datetime.timedelta(microseconds=1)


def series(kind, values):
    """A column of pandas; times are given in microseconds, dates in days."""
    if kind == "date":
        day = datetime.date(1970, 1, 1)
        days = [None if v is None else day + datetime.timedelta(days=v) for v in values]
        return pandas.Series(days, dtype="object")
    if kind == "time":
        midnight = datetime.datetime(1970, 1, 1)
        times = [None if v is None else (midnight + v * MICROS).time() for v in values]
        return pandas.Series(times, dtype="object")
    if kind.startswith("timestamp"):
        stamps = pandas.Series(numpy.array(["NaT" if v is None else v for v in values], dtype="datetime64[us]"))
        zone = kind.removeprefix("timestamp").strip()
        return stamps.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else stamps
    if kind == "duration":
        return pandas.Series(numpy.array(["NaT" if v is None else v for v in values], dtype="timedelta64[us]"))
    if kind == "dictionary":
        return pandas.Series(values, dtype="category")
    if kind == "string":
        return pandas.Series(values, dtype="str")
    if kind.startswith("float"):
        return pandas.Series([math.nan if v is None else float(v) for v in values], dtype=kind)
    # Columns of NumPy cannot be empty where they are not of 32 or 64 bits, even among entities.
    nullable = {"int64": "Int64", "uint8": "UInt8", "bool": "boolean"}
    plain = kind == "int64" and None not in values
    return pandas.Series(values, dtype=kind if plain else nullable[kind])


def cell(value):
    """A value of JSON: times as microseconds, dates as days, infinity as text."""
    if value is None or value is pandas.NA or value is pandas.NaT:
        return None
    if isinstance(value, pandas.Timestamp):
        return value.value // 1000
    if isinstance(value, (pandas.Timedelta, datetime.timedelta)):
        return value // MICROS
    if isinstance(value, numpy.timedelta64):
        return pandas.Timedelta(value) // MICROS
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond
    if isinstance(value, (bool, numpy.bool_)):
        return bool(value)
    if isinstance(value, (int, numpy.integer)):
        return int(value)
    if isinstance(value, (float, numpy.floating)):
        value = float(value)
        return None if math.isnan(value) else str(value) if math.isinf(value) else value
    assert isinstance(value, str), type(value)
    return value


def table(frame, names=None):
    names = list(frame.columns) if names is None else names
    return {"names": names, "columns": [[cell(v) for v in frame[name]] for name in names]}


def without_fill(frame, events, n_entities, opts):
    """`frame` without values in columns that entities have only because NumPy needs a value."""
    generated = [opts.get("TITLE", "nodeTitle"), opts.get("NODETYPE", "type"),
                 opts.get("CATEGORY", "category"), opts.get("NODEID", "nodeID")]
    frame = frame.reset_index(drop=True)
    types = list(frame[opts.get("NODETYPE", "type")])
    for name in frame.columns:
        if name in events.columns and name not in generated:
            values = [v if row >= n_entities or types[row] == name else None
                      for row, v in enumerate(frame[name])]
            frame[name] = pandas.Series(values, dtype="object")
    return frame


def case(columns, config):
    events = pandas.DataFrame({name: series(kind, values) for name, kind, values in columns})
    result = hypergraph(graphistry, events, verbose=False, engine="pandas", **config)
    opts = config.get("opts", {})
    n = len(result.entities)
    return {
        "columns": [{"name": name, "type": kind, "values": [cell(v) for v in series(kind, values)]}
                    for name, kind, values in columns],
        "config": config,
        "entities": table(without_fill(result.entities, events, n, opts)),
        "events": table(result.events),
        "nodes": table(without_fill(result.nodes, events, n, opts)),
        "edges": table(result.edges, sorted(result.edges.columns)),
        "ends": [result.graph._source, result.graph._destination, result.graph._node],
    }


SMALL = [("user", "string", ["u1", "u2", "u1"]), ("ip", "string", ["i1", "i1", None]),
         ("amt", "int64", [1, 2, 3])]
PAIRS = [("from", "string", ["a", "b", "a", "c"]), ("to", "string", ["b", "a", None, "c"]),
         ("port", "int64", [80, 443, None, 80]), ("note", "string", [None, "x", "null", "y"])]
DAY = 86_400_000_000
TYPES = [
    ("i", "int64", [3, -1, None, 3]),
    ("u", "uint8", [255, 0, 7, 255]),
    ("far", "int64", [2**62, -2**62, 2**62, 0]),
    ("f", "float64", [1.0, 1e-5, None, 1e16]),
    ("g", "float64", [0.1, math.inf, -math.inf, 123456.789]),
    ("s", "float32", [0.1, 1e-4, 1e6, 2.5]),
    ("h", "float16", [0.1, 1000, 999, 0.3333]),
    ("b", "bool", [True, None, False, True]),
    ("flag", "bool", [True, True, False, True]),
    ("d", "date", [0, -1, None, 18_000]),
    ("day", "timestamp", [0, -DAY, None, 18_000 * DAY]),
    ("second", "timestamp", [0, 1_000_000, None, -1_000_000]),
    ("milli", "timestamp", [0, 1_000, 2_000, -1_000]),
    ("micro", "timestamp UTC", [0, 1, None, -1]),
    ("zone", "timestamp Europe/Berlin", [1_577_836_800_000_000, 1_593_561_600_000_000, None, 0]),
    ("clock", "time", [0, 1, 3_723_000_000, None]),
    ("days", "duration", [DAY, -DAY, None, 0]),
    ("span", "duration", [1, -1, None, DAY]),
    ("c", "dictionary", ["x", None, "y", "x"]),
    ("text", "string", ["", " a", "a::b", "longer than twelve bytes, é"]),
]
SHADOWS = [("type", "string", ["a", "b", "a"]), ("category", "string", ["k", None, "l"]),
           ("nodeTitle", "int64", [1, 2, 3]), ("edgeType", "string", ["p", "q", "p"]),
           ("attribID", "string", ["p", "q", "r"]), ("v", "string", ["x", "y", "x"])]
PREFIXES = [("a", "string", ["b::c", "d"]), ("a::b", "string", ["c", "e"]), ("z", "string", ["c", "e"])]
IDS = [("EventID", "string", ["e1", "e2", "e1", None]), ("k", "string", ["x", "y", "y", "x"]),
       ("n", "int64", [1, 2, 1, 2])]
NULLS = [("k", "string", ["null", None, "x", "null"]), ("v", "float64", [None, 1.0, None, 2.0])]

CATEGORIES = {"CATEGORIES": {"host": ["from", "to"]}}
RENAMED = {"TITLE": "t", "DELIM": "/", "NODEID": "n", "ATTRIBID": "at", "EVENTID": "ev",
           "EVENTTYPE": "row", "SOURCE": "from_node", "DESTINATION": "to_node", "CATEGORY": "cat",
           "NODETYPE": "ty", "EDGETYPE": "et", "NULLVAL": "none", "SKIP": ["note"]}


def cases():
    both = ({}, {"direct": True})
    for direct in both:
        for rest in ({}, {"drop_na": False}, {"drop_edge_attrs": True},
                     {"drop_na": False, "drop_edge_attrs": True}):
            yield case(SMALL, {**direct, **rest})
            yield case(NULLS, {**direct, **rest})
        for entity_types in (["user"], ["ip", "user"], ["amt", "user"]):
            yield case(SMALL, {**direct, "entity_types": entity_types})
        for rest in ({"opts": CATEGORIES}, {"opts": CATEGORIES, "drop_edge_attrs": True},
                     {"opts": CATEGORIES, "drop_na": False}, {"opts": RENAMED},
                     {"opts": {**RENAMED, **CATEGORIES}, "drop_na": False},
                     {"opts": {"SKIP": ["port", "nothing"]}},
                     {"opts": {"SKIP": ["note"]}, "entity_types": ["note", "to", "from"]},
                     {"opts": {"EVENTID": "note"}}, {"opts": {"EVENTID": "port"}}):
            yield case(PAIRS, {**direct, **rest})
        yield case(TYPES, {**direct, "drop_edge_attrs": bool(direct)})
        yield case(TYPES[:6], {**direct, "drop_na": False})
        yield case(PREFIXES, direct)
        yield case(IDS, direct)
        yield case([(name, kind, values[:0]) for name, kind, values in SMALL], direct)
    # As an entity, a column with the name of a generated one is read there after it is replaced.
    yield case(SHADOWS, {"opts": {"SKIP": ["edgeType"]}})
    yield case(SHADOWS, {"opts": {"SKIP": ["edgeType", "category"], "CATEGORIES": {"w": ["v"]}}})
    yield case(SHADOWS, {"direct": True, "entity_types": ["v", "nodeTitle"]})
    for edges in ({"from": ["to"]}, {"to": ["port", "from"], "from": ["from", "note"]}, {"from": []}, {}):
        yield case(PAIRS, {"direct": True, "opts": {"EDGES": edges}})
    yield case(PAIRS, {"direct": True, "drop_na": False, "opts": {"EDGES": {"port": ["note"]}, **CATEGORIES}})

    random.seed(7)
    pools = {
        "string": ["a", "b", "null", "a longer text of many bytes", "", None],
        "int64": [0, 1, -5, 10**15, None],
        "float64": [0.5, 1.0, 1e20, None],
        "bool": [True, False, None],
        "dictionary": ["a", "b", "null", None],
        "timestamp": [0, DAY, 1_500_000, None],
    }
    for _ in range(60):
        names = random.sample(["b", "a", "A", "type", "x y", "é", "b::a"], random.randint(1, 5))
        rows = random.randint(1, 6)
        # All categories missing have no type in pandas.
        columns = [(name, kind, [random.choice(pools[kind]) for _ in range(rows)])
                   for name, kind in ((name, random.choice(list(pools))) for name in names)]
        columns = [(name, kind, values[:-1] + ["b"] if kind == "dictionary" else values)
                   for name, kind, values in columns]
        config = {"drop_na": random.random() < 0.5, "drop_edge_attrs": random.random() < 0.3,
                  "direct": random.random() < 0.5, "opts": {}}
        if random.random() < 0.4:
            config["entity_types"] = random.sample(names, random.randint(1, len(names)))
        if random.random() < 0.4:
            config["opts"]["CATEGORIES"] = {"a": random.sample(names, random.randint(1, len(names)))}
        # Columns of one time differ there in form if rows are left out, and times then differ
        # between entities and edges.
        if config["direct"] and config["drop_na"]:
            columns = [(name, "int64" if kind == "timestamp" else kind, values)
                       for name, kind, values in columns]
        yield case(columns, config)


if __name__ == "__main__":
    made = list(cases())
    path = pathlib.Path(__file__).with_suffix(".json")
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in made)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(len(made), "cases,", path.stat().st_size, "bytes")
