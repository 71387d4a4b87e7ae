// triangles: three nodes that are all neighbors of one another.

// Rows have neighbors of smaller numbers alone, ascending. An edge a thread: what is in the rows of
// both its ends closes a triangle, each of which is so found once, at its two largest corners.
// low and high: halves of the number at each node, so that no wider atomics are needed.
FN void add(GLOBAL u32 *low, GLOBAL u32 *high, u32 u, u32 more) {
    u32 before = ATOMIC_ADD(&low[u], more);
    if (before + more < before) {
        ATOMIC_ADD(&high[u], 1u);
    }
}

KERNEL(triangles_count, 256)
(IN(u32) offsets, IN(u32) sources, IN(u32) targets, INOUT(u32) low, INOUT(u32) high, u32 m) {
    for (u32 e = THREAD; e < m; e += THREADS) {
        u32 u = sources[e];
        u32 v = targets[e];
        u32 short_at = offsets[v];
        u32 short_end = offsets[v + 1];
        u32 long_at = offsets[u];
        // Of u, only what is below v can be in the row of v.
        u32 long_end = e;
        if (short_end - short_at > long_end - long_at) {
            u32 swap = short_at;
            short_at = long_at;
            long_at = swap;
            swap = short_end;
            short_end = long_end;
            long_end = swap;
        }
        u32 found = 0;
        for (u32 i = short_at; i < short_end; i++) {
            u32 w = targets[i];
            // The first of the longer row that is not below w; the next one cannot be before it.
            u32 size = long_end - long_at;
            while (size > 0) {
                u32 step = size / 2;
                u32 is_below = targets[long_at + step] < w;
                long_at = is_below ? long_at + step + 1 : long_at;
                size = is_below ? size - step - 1 : step;
            }
            if (long_at < long_end && targets[long_at] == w) {
                found++;
                add(low, high, w, 1);
            }
        }
        if (found > 0) {
            add(low, high, u, found);
            add(low, high, v, found);
        }
    }
}
