# %% [markdown]
# # Anomaly hunting in a stream
#
# A day in a network of 400 machines, a connection at a time. Somewhere in it a machine scans all others, and later many write to one at once.
# MIDAS looks at each connection once, in memory that does not grow, and says how surprising it is.

# %%
import numpy as np

import graphlume as gl

random = np.random.default_rng(3)
MACHINES, MINUTES = 400, 1440

# The usual: some machines are busier than others, and talk with those they always talk with.
busy = random.pareto(1.5, MACHINES) + 0.2
m = 60_000
source = random.choice(MACHINES, m, p=busy / busy.sum())
target = (source * 7 + random.integers(1, 12, m) ** 2) % MACHINES
minute = np.sort(random.integers(0, MINUTES, m))

# A scan at 9:20, from machine 17 to all others within six minutes; a flood at 18:40, from sixty machines to machine 42.
scan = np.array([(17, other, 560 + other * 6 // MACHINES) for other in range(MACHINES) if other != 17])
flood = np.array([(int(who), 42, 1120 + at % 4) for at, who in enumerate(np.repeat(random.choice(MACHINES, 60, replace=False), 25))])
rows = np.concatenate([np.stack([source, target, minute], axis=1), scan, flood])
attack = np.r_[np.zeros(m, bool), np.ones(len(scan) + len(flood), bool)]
order = np.argsort(rows[:, 2], kind="stable")
source, target, minute = rows[order].T.copy()
attack = attack[order]
len(minute), int(attack.sum())

# %% [markdown]
# The detector takes connections as they come, here in parts of a thousand. What it knows can be stored at any time, and taken up again.

# %%
detector = gl.detect.StreamDetector("midas-r", seed=1)
scores = []
for begin in range(0, len(minute), 1000):
    part = slice(begin, begin + 1000)
    scores.append(detector.push(source[part], target[part], minute[part]))
    if begin == 30_000:
        detector = gl.detect.StreamDetector.restore(detector.checkpoint())
scores = np.concatenate(scores)
detector.n_edges, len(detector.checkpoint())

# %% [markdown]
# How good is that? The labels were not used for it.

# %%
found = gl.metrics.report(attack, scores, k=[1000])
{"AUROC": round(found["roc_auc"], 3), "average precision": round(found["average_precision"], 3), "precision of the first 1000": found["at_k"][0]["precision"]}

# %% [markdown]
# Which minutes stand out?

# %%
worst = np.zeros(MINUTES)
np.maximum.at(worst, minute, scores)
[f"{at // 60}:{at % 60:02d}" for at in np.argsort(-worst)[:8].tolist()]

# %% [markdown]
# The hour around the scan as a graph: edges are as red as they are surprising.

# %%
def picture(first, last, title):
    inside = (minute >= first) & (minute < last)
    edges = {"source": source[inside], "target": target[inside], "surprise": np.log1p(scores[inside]).round(1), "minute": minute[inside]}
    g = gl.Graph(edges, directed=True).layout(seed=1, iterations=300)
    return g.plot(
        width=1200, height=900, edge_color_by="surprise", palette="#303040,#ff3020", color_by="degree", color_scale="linear", labels=3, title=title
    )


picture(540, 600, "9:00 to 10:00: a scan")

# %%
picture(1100, 1160, "18:20 to 19:20: a flood")
