// compact: what is selected, side by side and in order.
//
// As in a scan, every group has a stretch of whole tiles: first it counts what is selected
// there, then it adds up the counts before its own and writes. Within a tile the places of what
// is selected are listed in LOCAL memory, so that neighbors are written by neighbors.

#define GROUP 256
#define ITEMS 8
#define TILE (GROUP * ITEMS)
#define PAD(I) ((I) + ((I) >> 5))

// The sum over the threads before this one, and over all in *total. It needs GROUP + 16 places,
// and can be called again at once.
FN u32 compact_scan(LOCAL_PTR(u32) sums, u32 value, u32 *total) {
    u32 lane = LANE;
    sums[lane] = value;
    BARRIER;
    u32 before = 0;
    UNROLL(16)
    for (u32 j = 0; j < 16; j++) {
        u32 other = sums[(lane & ~15u) + j];
        before += j < (lane & 15u) ? other : 0;
    }
    if ((lane & 15u) == 15u) {
        sums[GROUP + (lane >> 4)] = before + value;
    }
    BARRIER;
    u32 rows = 0;
    u32 all = 0;
    UNROLL(16)
    for (u32 j = 0; j < 16; j++) {
        u32 other = sums[GROUP + j];
        rows += j < (lane >> 4) ? other : 0;
        all += other;
    }
    *total = all;
    return rows + before;
}

// Whether place I of `in` is selected: it is not 0, or it is not as the one before it.
#define IS_SET(I) (in[I] != 0)
#define IS_HEAD(I) ((I) == 0 || in[I] != in[(I)-1])

// counts[g]: selected places of group g.
#define COUNT(NAME, T, SELECTED)                                                             \
    KERNEL(count_##NAME, GROUP)(IN(T) in, OUT(u32) counts, u32 n, u32 stretch) {             \
        LOCAL u32 sums[GROUP + 16];                                                          \
        u32 begin = GROUP_ID * stretch;                                                      \
        u32 end = begin + min(stretch, n - begin);                                           \
        u32 own = 0;                                                                         \
        for (u32 i = begin + LANE; i < end; i += TILE) {                                     \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                u32 at = i + j * GROUP;                                                      \
                if (at < end) {                                                              \
                    own += SELECTED(at) ? 1 : 0;                                             \
                }                                                                            \
            }                                                                                \
        }                                                                                    \
        u32 total;                                                                           \
        compact_scan(sums, own, &total);                                                     \
        if (LANE == 0) {                                                                     \
            counts[GROUP_ID] = total;                                                        \
        }                                                                                    \
    }

// WRITE(TO, I): what to do with selected place I, which is number TO of all selected.
// LAST(COUNT): what to do at the end, when that many were selected. MORE: further arguments.
#define COMPACT(NAME, T, SELECTED, WRITE, LAST, MORE)                                        \
    KERNEL(compact_##NAME, GROUP)                                                            \
    (IN(T) in, IN(u32) counts, OUT(u32) count, u32 n, u32 stretch, MORE) {                   \
        LOCAL u32 sums[GROUP + 16];                                                          \
        LOCAL u32 list[PAD(TILE)];                                                           \
        u32 lane = LANE;                                                                     \
        LOCAL_PTR(u32) striped = list + PAD(lane);                                           \
        LOCAL_PTR(u32) block = list + PAD(lane * ITEMS);                                     \
        u32 before = 0;                                                                      \
        for (u32 g = lane; g < GROUP_ID; g += GROUP) {                                       \
            before += counts[g];                                                             \
        }                                                                                    \
        u32 done;                                                                            \
        compact_scan(sums, before, &done);                                                   \
        u32 begin = GROUP_ID * stretch;                                                      \
        u32 end = begin + min(stretch, n - begin);                                           \
        for (u32 base = begin; base < end; base += TILE) {                                   \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                u32 at = base + j * GROUP + lane;                                            \
                u32 is_selected = 0;                                                         \
                if (at < end) {                                                              \
                    is_selected = SELECTED(at) ? 1 : 0;                                      \
                }                                                                            \
                striped[j * PAD(GROUP)] = is_selected;                                       \
            }                                                                                \
            BARRIER;                                                                         \
            u32 selected = 0;                                                                \
            u32 own = 0;                                                                     \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                u32 flag = block[j];                                                         \
                selected |= flag << j;                                                       \
                own += flag;                                                                 \
            }                                                                                \
            u32 total;                                                                       \
            u32 to = compact_scan(sums, own, &total);                                        \
            /* All flags were read before the scan's barriers. */                            \
            UNROLL(8)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                \
                if (selected >> j & 1u) {                                                    \
                    list[to] = lane * ITEMS + j;                                             \
                    to++;                                                                    \
                }                                                                            \
            }                                                                                \
            BARRIER;                                                                         \
            for (u32 i = lane; i < total; i += GROUP) {                                      \
                u32 at = base + list[i];                                                     \
                WRITE(done + i, at)                                                          \
            }                                                                                \
            done += total;                                                                   \
            BARRIER;                                                                         \
        }                                                                                    \
        if (GROUP_ID == GROUPS - 1 && lane == 0) {                                           \
            count[0] = done;                                                                 \
            LAST(done)                                                                       \
        }                                                                                    \
    }

#define NOTHING(COUNT)
#define WRITE_PLACE(TO, I) out[TO] = (I);
#define WRITE_VALUE(TO, I) out[TO] = values[I];
#define WRITE_KEY(TO, I) out[TO] = in[I];
#define WRITE_RUN(TO, I)                                                                     \
    out[TO] = in[I];                                                                         \
    offsets[TO] = (I);
#define END_RUNS(COUNT) offsets[COUNT] = n;

// A list of arguments is one argument of a macro only by name.
#define FOR_PLACES OUT(u32) out
#define FOR_VALUES_u32 IN(u32) values, OUT(u32) out
#define FOR_VALUES_u64 IN(u64) values, OUT(u64) out
#define FOR_HEADS_u32 OUT(u32) out
#define FOR_HEADS_u64 OUT(u64) out
#define FOR_RUNS_u32 OUT(u32) out, OUT(u32) offsets
#define FOR_RUNS_u64 OUT(u64) out, OUT(u32) offsets

COUNT(flags, u32, IS_SET)
COUNT(heads_u32, u32, IS_HEAD)
COUNT(heads_u64, u64, IS_HEAD)
COMPACT(places, u32, IS_SET, WRITE_PLACE, NOTHING, FOR_PLACES)
COMPACT(values_u32, u32, IS_SET, WRITE_VALUE, NOTHING, FOR_VALUES_u32)
COMPACT(values_u64, u32, IS_SET, WRITE_VALUE, NOTHING, FOR_VALUES_u64)
COMPACT(heads_u32, u32, IS_HEAD, WRITE_KEY, NOTHING, FOR_HEADS_u32)
COMPACT(heads_u64, u64, IS_HEAD, WRITE_KEY, NOTHING, FOR_HEADS_u64)
COMPACT(runs_u32, u32, IS_HEAD, WRITE_RUN, END_RUNS, FOR_RUNS_u32)
COMPACT(runs_u64, u64, IS_HEAD, WRITE_RUN, END_RUNS, FOR_RUNS_u64)
