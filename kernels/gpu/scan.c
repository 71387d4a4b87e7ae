// scan: running sums.
//
// Every group has a stretch of whole tiles. First each sums its stretch; then each adds up the
// sums before its own, and goes through its stretch again. The input is read twice and the output
// written once, by two launches; no group waits for another.

#define GROUP 256
#define ITEMS 8
#define TILE (GROUP * ITEMS)
// Keeps threads apart that each walk through ITEMS neighbors. ITEMS divides 32, and 32 divides
// GROUP: so PAD of a sum is the sum of its parts' PAD, and is done once.
#define PAD(I) ((I) + ((I) >> 5))

// group_scan: the sum over the threads before this one, and over all in *total. It needs
// GROUP + 16 places of LOCAL memory, and can be called again at once.
// group_sum: the sum over all threads, alike.
#define SCAN(T)                                                                              \
    FN T group_scan_##T(LOCAL_PTR(T) sums, T value, T *total) {                              \
        u32 lane = LANE;                                                                     \
        sums[lane] = value;                                                                  \
        BARRIER;                                                                             \
        T before = 0;                                                                        \
        UNROLL(16)                                                                           \
        for (u32 j = 0; j < 16; j++) {                                                       \
            T other = sums[(lane & ~15u) + j];                                               \
            before = j < (lane & 15u) ? before + other : before;                             \
        }                                                                                    \
        if ((lane & 15u) == 15u) {                                                           \
            sums[GROUP + (lane >> 4)] = before + value;                                      \
        }                                                                                    \
        BARRIER;                                                                             \
        T rows = 0;                                                                          \
        T all = 0;                                                                           \
        UNROLL(16)                                                                           \
        for (u32 j = 0; j < 16; j++) {                                                       \
            T other = sums[GROUP + j];                                                       \
            rows = j < (lane >> 4) ? rows + other : rows;                                    \
            all += other;                                                                    \
        }                                                                                    \
        *total = all;                                                                        \
        return rows + before;                                                                \
    }                                                                                        \
                                                                                             \
    /* sums[g]: of the tiles of group g. */                                                  \
    KERNEL(scan_sums_##T, GROUP)(IN(T) in, OUT(T) sums, u32 n, u32 stretch) {                \
        LOCAL T shared[GROUP + 16];                                                          \
        u32 begin = GROUP_ID * stretch;                                                      \
        u32 end = begin + min(stretch, n - begin);                                           \
        T sum = 0;                                                                           \
        for (u32 i = begin + LANE; i < end; i += TILE) {                                     \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                u32 at = i + j * GROUP;                                                      \
                sum += at < end ? in[at] : 0;                                                \
            }                                                                                \
        }                                                                                    \
        T total;                                                                             \
        group_scan_##T(shared, sum, &total);                                                 \
        if (LANE == 0) {                                                                     \
            sums[GROUP_ID] = total;                                                          \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    /* `in` may be `out`. There are n inputs, and n or n + 1 outputs. */                     \
    KERNEL(scan_tiles_##T, GROUP)                                                            \
    (INOUT(T) in, INOUT(T) out, IN(T) sums, u32 n, u32 n_out, u32 stretch, u32 inclusive) {  \
        LOCAL T shared[GROUP + 16];                                                          \
        LOCAL T tile[PAD(TILE)];                                                             \
        u32 lane = LANE;                                                                     \
        LOCAL_PTR(T) striped = tile + PAD(lane);                                             \
        LOCAL_PTR(T) block = tile + PAD(lane * ITEMS);                                       \
        T sum = 0;                                                                           \
        for (u32 g = lane; g < GROUP_ID; g += GROUP) {                                       \
            sum += sums[g];                                                                  \
        }                                                                                    \
        T carry;                                                                             \
        group_scan_##T(shared, sum, &carry);                                                 \
        u32 begin = GROUP_ID * stretch;                                                      \
        u32 end = begin + min(stretch, n_out - begin);                                       \
        for (u32 base = begin; base < end; base += TILE) {                                   \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                u32 at = j * GROUP + lane;                                                   \
                striped[j * PAD(GROUP)] = base + at < n ? in[base + at] : 0;                 \
            }                                                                                \
            BARRIER;                                                                         \
            T item[ITEMS];                                                                   \
            T own = 0;                                                                       \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                item[j] = block[j];                                                          \
                own += item[j];                                                              \
            }                                                                                \
            T total;                                                                         \
            T running = carry + group_scan_##T(shared, own, &total);                         \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                T next = running + item[j];                                                  \
                block[j] = inclusive ? next : running;                                       \
                running = next;                                                              \
            }                                                                                \
            carry += total;                                                                  \
            BARRIER;                                                                         \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                u32 at = j * GROUP + lane;                                                   \
                if (base + at < end) {                                                       \
                    out[base + at] = striped[j * PAD(GROUP)];                                \
                }                                                                            \
            }                                                                                \
            BARRIER;                                                                         \
        }                                                                                    \
    }

SCAN(u32)
SCAN(u64)
SCAN(f32)
