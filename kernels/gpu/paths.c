// paths: lengths of shortest paths, round by round.

// Each node takes the least of its length and of those of its in-neighbors with the edge's weight.
// Lengths are of double precision, as their bits, which sort as they do: they are not negative.
// Only in-neighbors whose length has changed in the round before are looked at.
KERNEL(paths_round, 256)
(IN(u32) offsets, IN(u32) sources, IN(u32) weights, IN(u64) lengths, IN(u32) changed,
 OUT(u64) next_lengths, OUT(u32) next_changed, INOUT(u32) count, u32 n, u32 is_weighted) {
    for (u32 v = THREAD; v < n; v += THREADS) {
        u64 old = lengths[v];
        u64 least = old;
        u32 end = offsets[v + 1];
        for (u32 e = offsets[v]; e < end; e++) {
            u32 u = sources[e];
            if (changed[u]) {
                // 1 in single precision, of edges without weights.
                u32 weight = is_weighted ? weights[e] : 0x3f800000u;
                u64 length = f64_add(lengths[u], f64_from_f32(weight));
                least = length < least ? length : least;
            }
        }
        next_lengths[v] = least;
        next_changed[v] = least < old;
        if (least < old) {
            ATOMIC_OR(count, 1u);
        }
    }
}
