# %% [markdown]
# # A first graph
#
# College football, autumn 2000: 115 teams, and an edge for each of the 613 games between two of them (M. Girvan and M. Newman 2002). Teams of
# one conference play one another more often than others. Can that be seen, and can the conferences be found without knowing them?

# %%
from pathlib import Path

import graphlume as gl

DATA = Path("../tests/data/graphs")
g = gl.read(DATA / "football.csv", nodes=DATA / "football-nodes.csv")
g

# %% [markdown]
# `gl.Graph` takes frames, arrays, pairs and other libraries' graphs alike; `gl.read` takes files, and tells what it took for what.

# %%
g.read_report["format"], g.edges.columns, g.nodes.columns, g.is_directed

# %% [markdown]
# Measures are methods. Their values are arrays in the order of `g.ids`; `top` names the largest.

# %%
g.betweenness().top(5)

# %%
g.clustering().average, g.measure("diameter").upper

# %% [markdown]
# Communities, found from the games alone. Do they agree with the conferences?

# %%
found = g.louvain(seed=1)
found

# %%
from sklearn.metrics import adjusted_rand_score

adjusted_rand_score(g.nodes["label"].astype(str), found.values)

# %% [markdown]
# A layout gives each node a place: attraction along edges, repulsion between all. The same options give the same positions.

# %%
g = found.graph.layout(seed=2)
g.nodes.head(3)

# %% [markdown]
# Colored by the communities that were found:

# %%
g.plot(color_by="community", theme="light", width=1000, height=750, labels="none", title="Communities of games")

# %% [markdown]
# And by the conferences that the teams belong to:

# %%
g.plot(color_by="label", theme="light", width=1000, height=750, labels="none", title="Conferences")
