# %% [markdown]
# # From PyGraphistry to graphlume
#
# What one writes with PyGraphistry, and what it is here. No server and no account are needed: pictures are drawn where the data is.

# %%
import pandas as pd

import graphlume as gl

logins = pd.DataFrame(
    {
        "user": ["ann", "bob", "eve", "eve", "eve", "kim", "lee", "kim", "bob", "ann", "eve"],
        "machine": ["db1", "db1", "db1", "web1", "web2", "web1", "web1", "web2", "mail", "mail", "backup"],
        "ip": ["10.0.0.4", "10.0.0.5", "10.9.9.9", "10.9.9.9", "10.9.9.9", "10.0.0.7", "10.0.0.8", "10.0.0.7", "10.0.0.5", "10.0.0.4", "10.9.9.9"],
        "failed": [0.0, 0, 5, 3, 8, 0, 1, 0, 0, 0, 9],
    }
)
people = pd.DataFrame({"team": ["data", "data", "web", "web"]}, index=pd.Index(["ann", "bob", "kim", "lee"], name="user"))

# %% [markdown]
# `graphistry.edges(logins, "user", "machine").nodes(people, "user")`. The index of the frame of nodes has their ids:

# %%
g = gl.Graph(logins, people, source="user", target="machine", directed=True)
g

# %% [markdown]
# `g.compute_igraph("pagerank")`, `g.compute_cugraph("pagerank")`, `g.get_degrees()`: measures are methods, and the names of igraph, cuGraph and NetworkX
# are understood.

# %%
g = g.pagerank().graph
g = g.get_degrees().graph
g.nodes.to_pandas().sort_values("page_rank", ascending=False).head(4)

# %% [markdown]
# `g.filter_edges_by_dict({"failed": ge(3)})` or a chain of GFQL: the JSON of PyGraphistry's queries, or objects that have `to_json()`, run as they are.

# %%
suspicious = g.gfql([
    {"type": "Node", "filter_dict": {}},
    {"type": "Edge", "direction": "forward", "edge_match": {"failed": {"type": "GE", "val": 3}}},
    {"type": "Node"},
])
suspicious.edges.to_pandas()

# %% [markdown]
# The same as an expression, in the grammar of SQL:

# %%
g.filter(edges="failed >= 3")

# %% [markdown]
# `g.encode_point_color("page_rank", ["blue", "red"]).encode_point_size("degree").plot()`: encodings are options of the picture.

# %%
g.plot(
    width=1000, height=750, color_by="page_rank", palette="#4060ff,#ff4040", color_scale="linear", size_by="degree", edge_color_by="failed",
    labels="all", node_scale=2, edge_scale=2, legend="none", margin=0.15, title="Who was where; red edges: logins that failed",
)

# %% [markdown]
# `graphistry.hypergraph(logins, ["user", "machine", "ip"])["graph"]`: each login is a node between the things that it names. Names of columns and of nodes are
# PyGraphistry's.

# %%
h = gl.hypergraph(logins, ["user", "machine", "ip"])
h.nodes.columns, h.n_nodes, h.n_edges

# %%
h.plot(width=1000, height=750, color_by="type", labels=12, theme="light", title="Logins, and what they name")

# %% [markdown]
# | PyGraphistry | graphlume |
# |---|---|
# | `graphistry.register(...)` | not needed |
# | `graphistry.edges(df, "a", "b").nodes(df, "id")` | `gl.Graph(df, nodes, source="a", target="b", id="id")` |
# | `g.compute_igraph("louvain")`, `g.compute_cugraph("louvain")` | `g.louvain().graph` |
# | `g.gfql([...])`, `g.chain([...])` | `g.gfql([...])` |
# | `graphistry.hypergraph(df, cols, direct=True)` | `gl.hypergraph(df, cols, direct=True)` |
# | `g.fa2_layout()`, `settings(url_params={"play": 5000})` | `g.layout(iterations=500)` |
# | `g.encode_point_color(...)`, `g.encode_point_size(...)` | `g.plot(color_by=..., size_by=...)` |
# | `g.umap(X=["age", "income"])` | `g.umap(["age", "income"])` for places, `g.nearest_neighbors(["age", "income"])` for edges |
# | `g.collapse(...)`, `g.drop_nodes(...)` | `g.gfql(...)`, `g.filter(...)` |
# | `g.to_igraph()`, `g.to_cugraph()` | `g.to_igraph()`, `g.to_networkx()`, `g.to_scipy()` |
