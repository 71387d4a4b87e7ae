// cores: how deep in the dense part of a graph each node is, by peeling.

#define LEFT 0xffffffffu

// Nodes that are left and have at most k neighbors left: their core number is k, and they are the
// first frontier.
KERNEL(cores_begin, 256)
(IN(u32) degrees, INOUT(u32) cores, OUT(u32) frontier, INOUT(u32) count, u32 n, u32 k) {
    for (u32 u = THREAD; u < n; u += THREADS) {
        if (cores[u] == LEFT && degrees[u] <= k) {
            cores[u] = k;
            frontier[ATOMIC_ADD(count, 1)] = u;
        }
    }
}

// Edges from the frontier, one a thread: a neighbor that is left loses one, and whoever takes the
// last above k puts it in the next frontier. That happens once to each, so core numbers do not
// depend on the order of threads. starts: sums of sizes of the frontier's rows, with the total behind.
KERNEL(cores_peel, 256)
(IN(u32) offsets, IN(u32) targets, IN(u32) frontier, IN(u32) starts, INOUT(u32) degrees,
 INOUT(u32) cores, OUT(u32) next, INOUT(u32) count, u32 n, u32 total, u32 k) {
    for (u32 i = THREAD; i < total; i += THREADS) {
        u32 at = 0;
        u32 size = n;
        while (size > 1) {
            u32 step = size / 2;
            u32 is_before = starts[at + step] <= i;
            at = is_before ? at + step : at;
            size = is_before ? size - step : step;
        }
        u32 v = targets[offsets[frontier[at]] + i - starts[at]];
        if (RELAXED(&cores[v]) == LEFT && ATOMIC_ADD(&degrees[v], LEFT) == k + 1) {
            ATOMIC_MIN(&cores[v], k);
            next[ATOMIC_ADD(count, 1)] = v;
        }
    }
}

// Neighbors left of each node that is left; of others the largest number there is.
KERNEL(cores_left, 256)(IN(u32) degrees, IN(u32) cores, OUT(u32) left, u32 n) {
    for (u32 u = THREAD; u < n; u += THREADS) {
        left[u] = cores[u] == LEFT ? degrees[u] : LEFT;
    }
}
