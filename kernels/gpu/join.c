// join: pairs of rows whose keys are equal; and rows taken where there may be none.

#define NONE 0xffffffffu

// counts[i]: pairs of row i, whose key has number found[i] on the other side; outer rows without
// any have one pair with none. total: their sum, in two words.
KERNEL(join_counts, 256)
(IN(u32) found, IN(u32) offsets, OUT(u32) counts, INOUT(u32) total, u32 n, u32 outer) {
    LOCAL u64 sums[256];
    u64 own = 0;
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 id = found[i];
        u32 count = id == NONE ? 0 : offsets[id + 1] - offsets[id];
        count = outer && count == 0 ? 1 : count;
        counts[i] = count;
        own += count;
    }
    sums[LANE] = own;
    BARRIER;
    for (u32 stride = 128; stride > 0; stride /= 2) {
        if (LANE < stride) {
            sums[LANE] += sums[LANE + stride];
        }
        BARRIER;
    }
    if (LANE == 0) {
        // Whoever makes the low word overflow, carries: the sum does not depend on the order.
        u32 low = (u32)sums[0];
        u32 before = ATOMIC_ADD(&total[0], low);
        ATOMIC_ADD(&total[1], (u32)(sums[0] >> 32) + (before + low < before));
    }
}

// The pairs, row by row; those of a row in the order of the other side. starts has n + 1 places.
KERNEL(join_pairs, 256)
(IN(u32) starts, IN(u32) found, IN(u32) offsets, IN(u32) order, OUT(u32) left, OUT(u32) right, u32 n,
 u32 total) {
    for (u32 i = THREAD; i < total; i += THREADS) {
        // The last row that starts at or before i, and has pairs.
        u32 row = 0;
        u32 size = n;
        while (size > 1) {
            u32 step = size / 2;
            u32 is_before = starts[row + step] <= i;
            row = is_before ? row + step : row;
            size = is_before ? size - step : step;
        }
        u32 id = found[row];
        u32 other = NONE;
        if (id != NONE && offsets[id] < offsets[id + 1]) {
            other = order[offsets[id] + i - starts[row]];
        }
        left[i] = row;
        right[i] = other;
    }
}

// Which rows have a pair (want = 1), or have none (want = 0).
KERNEL(join_flags, 256)(IN(u32) found, IN(u32) offsets, OUT(u32) flags, u32 n, u32 want) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 id = found[i];
        flags[i] = (id != NONE && offsets[id] < offsets[id + 1]) == want;
    }
}

// values[at[i]], and whether it is there: 0 where at[i] is NONE, or `valid` says no.
#define TAKE(T)                                                                              \
    KERNEL(join_take_##T, 256)                                                               \
    (IN(T) values, IN(u32) valid, IN(u32) at, OUT(T) out, OUT(u32) out_valid, u32 n,         \
     u32 has_valid) {                                                                        \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            u32 row = at[i];                                                                 \
            u32 is_there = row != NONE && (!has_valid || valid[row]);                        \
            out[i] = is_there ? values[row] : 0;                                             \
            out_valid[i] = is_there;                                                         \
        }                                                                                    \
    }

TAKE(u32)
TAKE(u64)
