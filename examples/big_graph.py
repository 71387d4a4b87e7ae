# %% [markdown]
# # A big graph
#
# 103,305 nodes and about 1.78 million edges: as many as the words and relations of the Moby thesaurus, whose picture is on the first page of the
# project. This one is made here, so that nothing has to be downloaded: words have topics, most of their relations stay within these, and a few
# words are related to everything.

# %%
import os
import time

import numpy as np

import graphlume as gl

# A tenth of it is enough to see that the notebook runs: the tests set this.
SCALE = float(os.environ.get("GRAPHLUME_EXAMPLE_SCALE", "1"))
N, M = int(103_305 * SCALE), int(1_783_351 * SCALE)

random = np.random.default_rng(7)
n_topics = max(N // 250, 4)
sizes = random.pareto(1.2, n_topics) + 1
topic = np.sort(random.choice(n_topics, N, p=sizes / sizes.sum()))
begin, end = np.searchsorted(topic, np.arange(n_topics)), np.searchsorted(topic, np.arange(n_topics), side="right")

source = (N * random.random(M) ** 1.3).astype(np.int64)
# Nine of ten relations lead to a word of the same topic, the common ones first; the others to any.
within = random.random(M) < 0.9
near = begin[topic[source]] + ((end - begin)[topic[source]] * random.random(M) ** 2).astype(np.int64)
far = random.permutation(N)[(N * random.random(M) ** 3).astype(np.int64)]
target = np.where(within, near, far)

# %% [markdown]
# Arrays become columns without a copy; so do frames of polars, pandas or pyarrow.

# %%
began = time.perf_counter()
g = gl.Graph({"source": source, "target": target}, {"id": np.arange(N), "topic": topic})
g = g.drop_self_loops().deduplicate().largest_component()
print(f"{time.perf_counter() - began:.1f} s: {g!r}")

# %%
began = time.perf_counter()
ranks, cores, parts = g.page_rank(), g.core_number(), g.leiden(seed=1)
print(f"{time.perf_counter() - began:.1f} s")
parts.summary["n_communities"], parts.summary["modularity"], cores.largest, ranks.top(3)

# %% [markdown]
# ForceAtlas2 on all of it. On a machine with a GPU, `device="auto"` finds that.

# %%
began = time.perf_counter()
g = g.with_nodes(community=parts.values, rank=ranks.values)
placed = g.layout(iterations=150, seed=1)
print(f"{time.perf_counter() - began:.1f} s, {placed.positions.nbytes / 1e6:.1f} MB of positions")

# %%
placed.plot(width=1600, height=1200, color_by="community", size_by="rank", labels="none", legend="none")

# %% [markdown]
# One topic by itself: that of the node with the highest rank, colored by how deep in it a node lies.

# %%
first = next(iter(ranks.top(1)))
one = g.filter(nodes=f"topic = {topic[first]}").largest_component()
one = one.with_nodes(core=one.core_number().values)
one.layout(iterations=300).plot(width=1200, height=900, color_by="core", size_by="rank", labels=8, title=f"The topic of node {first}")
