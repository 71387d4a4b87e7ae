// hops: breadth-first search, level by level.

#define UNREACHED 0xffffffffu

// sizes[i]: out-edges of node i of the frontier.
KERNEL(hops_sizes, 256)(IN(u32) offsets, IN(u32) frontier, OUT(u32) sizes, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        sizes[i] = offsets[frontier[i] + 1] - offsets[frontier[i]];
    }
}

// Edges from the frontier, one a thread, however they are shared among its nodes: whoever is first
// at a node that was not reached puts it in the next frontier. starts: sums of sizes, with the total
// behind. The order of the next frontier depends on that of threads; distances do not.
KERNEL(hops_push, 256)
(IN(u32) offsets, IN(u32) targets, IN(u32) frontier, IN(u32) starts, INOUT(u32) distances,
 OUT(u32) next, INOUT(u32) count, u32 n, u32 total, u32 level) {
    for (u32 i = THREAD; i < total; i += THREADS) {
        // The last node that starts at or before i: it has edges.
        u32 at = 0;
        u32 size = n;
        while (size > 1) {
            u32 step = size / 2;
            u32 is_before = starts[at + step] <= i;
            at = is_before ? at + step : at;
            size = is_before ? size - step : step;
        }
        u32 v = targets[offsets[frontier[at]] + i - starts[at]];
        if (RELAXED(&distances[v]) == UNREACHED &&
            ATOMIC_CAS(&distances[v], UNREACHED, level) == UNREACHED) {
            next[ATOMIC_ADD(count, 1)] = v;
        }
    }
}

// Each node that was not reached looks for an in-neighbor in the frontier, and stops at the first.
KERNEL(hops_pull, 256)
(IN(u32) offsets, IN(u32) sources, INOUT(u32) distances, OUT(u32) next, INOUT(u32) count, u32 n,
 u32 level) {
    for (u32 u = THREAD; u < n; u += THREADS) {
        if (RELAXED(&distances[u]) != UNREACHED) {
            continue;
        }
        u32 end = offsets[u + 1];
        for (u32 e = offsets[u]; e < end; e++) {
            // Others are given `level` meanwhile, which is not what is looked for.
            if (RELAXED(&distances[sources[e]]) == level - 1) {
                ATOMIC_MIN(&distances[u], level);
                next[ATOMIC_ADD(count, 1)] = u;
                break;
            }
        }
    }
}

// The first in-neighbor of each node that is a hop nearer: the smallest where rows ascend.
KERNEL(hops_parents, 256)
(IN(u32) offsets, IN(u32) sources, IN(u32) distances, OUT(u32) parents, u32 n) {
    for (u32 u = THREAD; u < n; u += THREADS) {
        u32 distance = distances[u];
        u32 parent = UNREACHED;
        if (distance != UNREACHED && distance > 0) {
            u32 end = offsets[u + 1];
            for (u32 e = offsets[u]; e < end && parent == UNREACHED; e++) {
                parent = distances[sources[e]] == distance - 1 ? sources[e] : UNREACHED;
            }
        }
        parents[u] = parent;
    }
}
