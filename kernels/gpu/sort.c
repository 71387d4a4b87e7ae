// sort: stable radix sort of keys with values, by digits of at most 8 bits.
//
// A pass has three launches. Every group has a stretch of whole tiles: it counts the digits in
// it; the counts are summed, digit by digit; then it goes through its stretch again. There it
// sorts each tile by two half digits, in LOCAL memory, so that what goes to one place of the
// output is written side by side. Ranks come from counters that each thread has for itself:
// nothing depends on the order in which threads run.

#define GROUP 256
#define DIGITS 256
// Most groups of a pass: sort_offsets has four for each of its threads.
#define GROUPS_MAX 1024
// Half digits.
#define HALVES 16
// Bins of one digit, so that equal keys do not queue up for one counter.
#define COPIES 8
// Keep threads apart that each walk through their neighbors: of words, and of half words.
#define PAD(I) ((I) + ((I) >> 5))
#define PAD_HALF(I) ((I) + ((I) >> 6) * 2)

// The sum over the threads before this one, and over all in *total. It needs GROUP + 16 places,
// and can be called again at once.
FN u32 sort_scan(LOCAL_PTR(u32) sums, u32 value, u32 *total) {
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

// Turns counters into the first place of each half digit and thread: all threads of a half digit
// stand together, and the half digits one after the other.
FN void sort_places(LOCAL_PTR(u16) counters, LOCAL_PTR(u32) sums) {
    LOCAL_PTR(u16) block = counters + PAD_HALF(LANE * HALVES);
    u32 pair[HALVES / 2];
    u32 own = 0;
    UNROLL(8)
    for (u32 j = 0; j < HALVES / 2; j++) {
        u32 count = block[2 * j];
        u32 next = block[2 * j + 1];
        own += count + next;
        pair[j] = count | next << 16;
        ONE_WORD(pair[j]);
    }
    u32 total;
    u32 running = sort_scan(sums, own, &total);
    UNROLL(8)
    for (u32 j = 0; j < HALVES / 2; j++) {
        block[2 * j] = (u16)running;
        running += pair[j] & 0xffffu;
        block[2 * j + 1] = (u16)running;
        running += pair[j] >> 16;
    }
}

// counts[d * GROUPS + g]: keys of group g with digit d.
#define COUNT(K)                                                                                 \
    KERNEL(sort_count_##K, GROUP)(IN(K) keys, OUT(u32) counts, u32 n, u32 stretch, u32 shift,    \
                                  u32 mask) {                                                    \
        LOCAL u32 bins[DIGITS * COPIES];                                                         \
        u32 lane = LANE;                                                                         \
        for (u32 i = lane; i < DIGITS * COPIES; i += GROUP) {                                    \
            bins[i] = 0;                                                                         \
        }                                                                                        \
        BARRIER;                                                                                 \
        u32 begin = GROUP_ID * stretch;                                                          \
        u32 end = begin + min(stretch, n - begin);                                               \
        u32 copy = lane & (COPIES - 1);                                                          \
        for (u32 i = begin + lane; i < end; i += 4 * GROUP) {                                    \
            K key[4];                                                                            \
            UNROLL(4)                                                                            \
            for (u32 j = 0; j < 4; j++) {                                                        \
                u32 at = i + j * GROUP;                                                          \
                key[j] = at < end ? keys[at] : 0;                                                \
            }                                                                                    \
            UNROLL(4)                                                                            \
            for (u32 j = 0; j < 4; j++) {                                                        \
                if (i + j * GROUP < end) {                                                       \
                    u32 digit = (u32)(key[j] >> shift) & mask;                                   \
                    ATOMIC_ADD_LOCAL(&bins[digit * COPIES + copy], 1);                           \
                }                                                                                \
            }                                                                                    \
        }                                                                                        \
        BARRIER;                                                                                 \
        u32 count = 0;                                                                           \
        for (u32 j = 0; j < COPIES; j++) {                                                       \
            count += bins[lane * COPIES + ((j + lane / 4) & (COPIES - 1))];                      \
        }                                                                                        \
        counts[lane * GROUPS + GROUP_ID] = count;                                                \
    }

// Group d: counts of digit d become sums over the groups before; the sum over all is totals[d].
KERNEL(sort_offsets, GROUP)(INOUT(u32) counts, OUT(u32) totals, u32 groups) {
    LOCAL u32 sums[GROUP + 16];
    GLOBAL u32 *row = counts + GROUP_ID * groups;
    u32 first = LANE * (GROUPS_MAX / GROUP);
    u32 count[GROUPS_MAX / GROUP];
    u32 own = 0;
    UNROLL(4)
    for (u32 j = 0; j < GROUPS_MAX / GROUP; j++) {
        count[j] = first + j < groups ? row[first + j] : 0;
        own += count[j];
    }
    u32 total;
    u32 running = sort_scan(sums, own, &total);
    UNROLL(4)
    for (u32 j = 0; j < GROUPS_MAX / GROUP; j++) {
        if (first + j < groups) {
            row[first + j] = running;
        }
        running += count[j];
    }
    if (LANE == 0) {
        totals[GROUP_ID] = total;
    }
}

// Moves keys and values to their places. A tile is ITEMS keys a thread, a key WORDS words.
//
// What is sorted in LOCAL memory are words: a key's digit, and its place in the tile. Then keys
// and values follow, one word after the other. PAD of sums is taken apart (ITEMS divides 32, and
// 64 divides GROUP), so that it is done once. Keys are read again when they are moved, from the
// cache: in registers they would take the room of groups. They are no IN(K) since a compiler
// could then keep what it read.
#define SCATTER(K, WORDS, ITEMS, UNIT)                                                           \
    DENSE_KERNEL(sort_scatter_##K, GROUP, UNIT)                                                  \
    (INOUT(K) keys, IN(u32) values, OUT(K) keys_out, OUT(u32) values_out, IN(u32) counts,        \
     IN(u32) totals, u32 n, u32 stretch, u32 shift, u32 bits) {                                  \
        LOCAL u32 words[PAD(ITEMS * GROUP)];                                                     \
        LOCAL u16 counters[PAD_HALF(HALVES * GROUP)];                                            \
        LOCAL u32 sums[GROUP + 16];                                                              \
        LOCAL u32 first[DIGITS];                                                                 \
        LOCAL u32 last[DIGITS];                                                                  \
        u32 lane = LANE;                                                                         \
        LOCAL_PTR(u32) words_mine = words + PAD(lane);                                           \
        LOCAL_PTR(u32) words_after = words + PAD(lane + 1);                                      \
        LOCAL_PTR(u32) words_block = words + PAD(lane * ITEMS);                                  \
        LOCAL_PTR(u16) counters_mine = counters + PAD_HALF(lane);                                \
        /* From its place in the tile to a key's place among the sorted. */                      \
        LOCAL_PTR(u16) places = counters;                                                        \
        LOCAL_PTR(u16) places_mine = places + lane;                                              \
        u32 mask = (1u << bits) - 1;                                                             \
        u32 total;                                                                               \
        /* Where the next key of digit `lane` goes. */                                           \
        u32 next = sort_scan(sums, totals[lane], &total) + counts[lane * GROUPS + GROUP_ID];     \
        u32 begin = GROUP_ID * stretch;                                                          \
        u32 end = begin + min(stretch, n - begin);                                               \
        for (u32 base = begin; base < end; base += ITEMS * GROUP) {                              \
            u32 size = min(n - base, (u32)(ITEMS * GROUP));                                      \
            /* Of the places GROUP apart that are this thread's, those before `left` are taken. */\
            i32 left = (i32)size - (i32)lane;                                                    \
            const GLOBAL K *key_in = keys + base + lane;                                         \
            const GLOBAL u32 *value_in = values + base + lane;                                   \
            UNROLL(8)                                                                            \
            for (u32 j = 0; j < ITEMS; j++) {                                                    \
                /* What is beyond the end stays behind all keys. */                              \
                u32 digit = mask;                                                                \
                if ((i32)(j * GROUP) < left) {                                                   \
                    digit = (u32)(key_in[j * GROUP] >> shift) & mask;                            \
                }                                                                                \
                words_mine[j * PAD(GROUP)] = (digit << 16 | lane) + j * GROUP;                   \
            }                                                                                    \
            first[lane] = 0;                                                                     \
            last[lane] = 0;                                                                      \
            for (u32 low = 16; low < 16 + bits; low += 4) {                                      \
                UNROLL(16)                                                                       \
                for (u32 row = 0; row < HALVES; row++) {                                         \
                    counters_mine[row * PAD_HALF(GROUP)] = 0;                                    \
                }                                                                                \
                BARRIER;                                                                         \
                u32 word[ITEMS];                                                                 \
                UNROLL(ITEMS)                                                                    \
                for (u32 j = 0; j < ITEMS; j++) {                                                \
                    word[j] = words_block[j];                                                    \
                    u32 digit = word[j] >> low & 15u;                                            \
                    LOCAL_PTR(u16) counter = counters_mine + digit * PAD_HALF(GROUP);            \
                    u32 count = *counter;                                                        \
                    *counter = (u16)(count + 1);                                                 \
                    /* Keys of this thread and digit before it: less than ITEMS. */              \
                    word[j] |= count << 24;                                                      \
                    ONE_WORD(word[j]);                                                           \
                }                                                                                \
                BARRIER;                                                                         \
                sort_places(counters, sums);                                                     \
                BARRIER;                                                                         \
                UNROLL(ITEMS)                                                                    \
                for (u32 j = 0; j < ITEMS; j++) {                                                \
                    u32 digit = word[j] >> low & 15u;                                            \
                    u32 place = counters_mine[digit * PAD_HALF(GROUP)] + (word[j] >> 24);        \
                    words[PAD(place)] = word[j] & 0xffffffu;                                     \
                }                                                                                \
                BARRIER;                                                                         \
            }                                                                                    \
            /* Where each key stands among the sorted, and where each digit begins and ends. */  \
            UNROLL(4)                                                                            \
            for (u32 j = 0; j < ITEMS; j++) {                                                    \
                u32 word = words_mine[j * PAD(GROUP)];                                           \
                places[word & 0xffffu] = (u16)(j * GROUP + lane);                                \
                /* Behind the last comes no digit. */                                            \
                u32 after = DIGITS;                                                              \
                if (j * GROUP + lane + 1 < ITEMS * GROUP) {                                      \
                    after = words_after[j * PAD(GROUP)] >> 16;                                   \
                }                                                                                \
                if (after != word >> 16) {                                                       \
                    last[word >> 16] = j * GROUP + lane + 1;                                     \
                    if (after < DIGITS) {                                                        \
                        first[after] = j * GROUP + lane + 1;                                     \
                    }                                                                            \
                }                                                                                \
            }                                                                                    \
            BARRIER;                                                                             \
            u32 start = min(first[lane], size);                                                  \
            first[lane] = next - start;                                                          \
            next += min(last[lane], size) - start;                                               \
            K key[ITEMS];                                                                        \
            UNROLL(WORDS)                                                                        \
            for (u32 w = 0; w < WORDS; w++) {                                                    \
                UNROLL(8)                                                                        \
                for (u32 j = 0; j < ITEMS; j++) {                                                \
                    u32 place = places_mine[j * GROUP];                                          \
                    if ((i32)(j * GROUP) < left) {                                               \
                        words[PAD(place)] = (u32)(key_in[j * GROUP] >> w * 32);                  \
                    }                                                                            \
                }                                                                                \
                BARRIER;                                                                         \
                UNROLL(ITEMS)                                                                    \
                for (u32 j = 0; j < ITEMS; j++) {                                                \
                    K part = words_mine[j * PAD(GROUP)];                                         \
                    key[j] = w == 0 ? part : key[j] | part << w * 32;                            \
                }                                                                                \
                BARRIER;                                                                         \
            }                                                                                    \
            u32 to[ITEMS];                                                                       \
            UNROLL(ITEMS)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                    \
                if ((i32)(j * GROUP) < left) {                                                   \
                    to[j] = first[(u32)(key[j] >> shift) & mask] + (j * GROUP + lane);           \
                    keys_out[to[j]] = key[j];                                                    \
                }                                                                                \
            }                                                                                    \
            UNROLL(8)                                                                            \
            for (u32 j = 0; j < ITEMS; j++) {                                                    \
                u32 place = places_mine[j * GROUP];                                              \
                if ((i32)(j * GROUP) < left) {                                                   \
                    words[PAD(place)] = value_in[j * GROUP];                                     \
                }                                                                                \
            }                                                                                    \
            BARRIER;                                                                             \
            UNROLL(ITEMS)                                                                        \
            for (u32 j = 0; j < ITEMS; j++) {                                                    \
                if ((i32)(j * GROUP) < left) {                                                   \
                    values_out[to[j]] = words_mine[j * PAD(GROUP)];                              \
                }                                                                                \
            }                                                                                    \
            BARRIER;                                                                             \
        }                                                                                        \
    }

// After an odd number of passes.
#define COPY(K)                                                                                  \
    KERNEL(sort_copy_##K, GROUP)(IN(K) keys, IN(u32) values, OUT(K) keys_out,                    \
                                 OUT(u32) values_out, u32 n) {                                   \
        for (u32 i = THREAD; i < n; i += THREADS) {                                              \
            keys_out[i] = keys[i];                                                               \
            values_out[i] = values[i];                                                           \
        }                                                                                        \
    }

COUNT(u32)
COUNT(u64)
SCATTER(u32, 1, 16, 3)
SCATTER(u64, 2, 8, 4)
COPY(u32)
COPY(u64)
