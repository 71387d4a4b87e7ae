// components: the smallest node that each node is connected to.
//
// A forest in which no node's parent is greater than the node: edges hook the greater of two roots
// to the smaller one, and a hooked root stays hooked. So each tree ends up with the smallest node of
// its component as root, in whatever order threads come.

#define BLOCK 1024

// Unites the ends of edges, of one in `step` blocks of BLOCK edges; `n` is the number of edges of
// these blocks, if the last one were whole. Parents begin as the nodes themselves.
KERNEL(components_unite, 256)
(IN(u32) sources, IN(u32) targets, INOUT(u32) parents, u32 n_edges, u32 n, u32 step) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 e = i / BLOCK * step * BLOCK + i % BLOCK;
        if (e >= n_edges) {
            continue;
        }
        u32 a = RELAXED(&parents[sources[e]]);
        u32 b = RELAXED(&parents[targets[e]]);
        while (a != b) {
            u32 high = max(a, b);
            u32 low = min(a, b);
            u32 above = RELAXED(&parents[high]);
            if (above == high) {
                // It was a root; if it still is, it becomes a child.
                above = ATOMIC_CAS(&parents[high], high, low);
                if (above == high) {
                    break;
                }
            }
            a = RELAXED(&parents[above]);
            b = RELAXED(&parents[low]);
        }
    }
}

// Each node gets its root as parent.
KERNEL(components_flatten, 256)(INOUT(u32) parents, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 parent = RELAXED(&parents[i]);
        u32 root = parent;
        for (u32 above = RELAXED(&parents[root]); above != root; above = RELAXED(&parents[root])) {
            root = above;
        }
        if (root != parent) {
            ATOMIC_MIN(&parents[i], root);
        }
    }
}
