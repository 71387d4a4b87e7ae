// select: how keys are spread, to find those of given ranks, and those between edges.

// Digits of one pass, and counters of a group.
#define DIGITS 2048

// counts[d]: keys whose bits from `shift` on are d; of DIGITS of them.
#define SELECT(T)                                                                            \
    KERNEL(select_count_##T, 256)(IN(T) keys, INOUT(u32) counts, u32 n, u32 shift) {         \
        LOCAL u32 bins[DIGITS];                                                              \
        for (u32 i = LANE; i < DIGITS; i += 256) {                                           \
            bins[i] = 0;                                                                     \
        }                                                                                    \
        BARRIER;                                                                             \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            ATOMIC_ADD_LOCAL(&bins[(u32)(keys[i] >> shift) & (DIGITS - 1)], 1);              \
        }                                                                                    \
        BARRIER;                                                                             \
        for (u32 i = LANE; i < DIGITS; i += 256) {                                           \
            if (bins[i] > 0) {                                                               \
                ATOMIC_ADD(&counts[i], bins[i]);                                             \
            }                                                                                \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    /* Which keys have one of the digits that are wanted. */                                 \
    KERNEL(select_flags_##T, 256)                                                            \
    (IN(T) keys, IN(u32) wanted, OUT(u32) flags, u32 n, u32 shift) {                         \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            flags[i] = wanted[(u32)(keys[i] >> shift) & (DIGITS - 1)];                       \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    /* Which keys are at most `most`. */                                                     \
    KERNEL(select_below_##T, 256)(IN(T) keys, OUT(u32) flags, u32 n, T most) {               \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            flags[i] = keys[i] <= most;                                                      \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    /* counts[b]: keys from edges[b] to before edges[b + 1], in the last bin to its end;     \
       bins of them. Up to DIGITS bins are counted by groups of their own first. */          \
    KERNEL(select_bins_##T, 256)                                                             \
    (IN(T) keys, IN(u32) valid, IN(T) edges, INOUT(u32) counts, u32 n, u32 bins,             \
     u32 has_valid) {                                                                        \
        LOCAL u32 own[DIGITS];                                                               \
        u32 is_few = bins <= DIGITS;                                                         \
        for (u32 i = LANE; i < DIGITS; i += 256) {                                           \
            own[i] = 0;                                                                      \
        }                                                                                    \
        BARRIER;                                                                             \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            T key = keys[i];                                                                 \
            u32 is_in = key >= edges[0] && key <= edges[bins] && (!has_valid || valid[i]);   \
            u32 bin = 0;                                                                     \
            u32 size = is_in ? bins : 0;                                                     \
            while (size > 1) {                                                               \
                u32 step = size / 2;                                                         \
                u32 is_before = edges[bin + step] <= key;                                    \
                bin = is_before ? bin + step : bin;                                          \
                size = is_before ? size - step : step;                                       \
            }                                                                                \
            if (is_in) {                                                                     \
                if (is_few) {                                                                \
                    ATOMIC_ADD_LOCAL(&own[bin], 1);                                          \
                } else {                                                                     \
                    ATOMIC_ADD(&counts[bin], 1);                                             \
                }                                                                            \
            }                                                                                \
        }                                                                                    \
        BARRIER;                                                                             \
        for (u32 i = LANE; is_few && i < bins; i += 256) {                                   \
            if (own[i] > 0) {                                                                \
                ATOMIC_ADD(&counts[i], own[i]);                                              \
            }                                                                                \
        }                                                                                    \
    }

SELECT(u32)
SELECT(u64)

// A number of each row that looks random, the same for a seed on every device.
KERNEL(select_random, 256)(OUT(u64) keys, u32 n, u64 seed) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u64 x = seed + (u64)(i + 1) * 0x9e3779b97f4a7c15ul;
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ul;
        x = (x ^ x >> 27) * 0x94d049bb133111ebul;
        keys[i] = x ^ x >> 31;
    }
}
