// hash: a table of rows by their keys, with open addressing.
//
// A place of the table is FREE or has a row; a key is compared through its row, so that keys of any
// kind need no more than 32 bits of atomics. A place once taken stays with its key: only rows of the
// same key replace one another there, and the least of them wins. So, which place a key has depends
// on the order of threads, but not which row stands for it.

#define FREE 0xffffffffu

FN u64 hash_mix(u64 x) {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ul;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ul;
    return x ^ x >> 32;
}

FN u32 hash_place(u64 hash, u32 capacity) { return (u32)((hash >> 32) * capacity >> 32); }

// Goes on from the place of HASH until it finds the key for which SAME(ROW) holds; at a free place
// it does FREE_PLACE, and goes on if that has not ended the search.
#define PROBE(HASH, SAME, FREE_PLACE, FOUND)                                                 \
    u32 place = hash_place((HASH), capacity);                                                \
    for (;;) {                                                                               \
        u32 row = RELAXED(&table[place]);                                                    \
        if (row == FREE) {                                                                   \
            FREE_PLACE                                                                       \
        }                                                                                    \
        if (SAME(row)) {                                                                     \
            FOUND                                                                            \
            break;                                                                           \
        }                                                                                    \
        place = place + 1 == capacity ? 0 : place + 1;                                       \
    }

// Takes a free place for row i, unless another thread is first.
#define TAKE                                                                                 \
    row = ATOMIC_CAS(&table[place], FREE, i);                                                \
    if (row == FREE) {                                                                       \
        places[i] = place;                                                                   \
        break;                                                                               \
    }
#define KEEP                                                                                 \
    if (i < row) {                                                                           \
        ATOMIC_MIN(&table[place], i);                                                        \
    }                                                                                        \
    places[i] = place;
#define GIVE_UP                                                                              \
    found[i] = FREE;                                                                         \
    break;
#define ANSWER found[i] = row;

#define HASH(T)                                                                              \
    KERNEL(hash_insert_##T, 256)                                                             \
    (IN(T) keys, INOUT(u32) table, OUT(u32) places, u32 n, u32 capacity) {                   \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            T key = keys[i];                                                                 \
            PROBE(hash_mix(key), SAME_NUMBER, TAKE, KEEP)                                    \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    KERNEL(hash_find_##T, 256)                                                               \
    (IN(T) keys, INOUT(u32) table, IN(T) queries, OUT(u32) found, u32 n, u32 capacity) {     \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            T key = queries[i];                                                              \
            PROBE(hash_mix(key), SAME_NUMBER, GIVE_UP, ANSWER)                               \
        }                                                                                    \
    }
#define SAME_NUMBER(ROW) (keys[ROW] == key)

HASH(u32)
HASH(u64)

// Four bytes of a string from byte AT on, of which only COUNT belong to it; the others are 0.
FN u32 string_word(const GLOBAL u32 *words, u32 at, u32 count) {
    u32 shift = (at & 3u) * 8;
    u32 word = words[at >> 2] >> shift;
    if (shift && count > 4 - (at & 3u)) {
        word |= words[(at >> 2) + 1] << (32 - shift);
    }
    return count < 4 ? word & ((1u << count * 8) - 1) : word;
}

KERNEL(hash_strings, 256)(IN(u32) offsets, IN(u32) words, OUT(u64) hashes, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 end = offsets[i + 1];
        u64 hash = end - offsets[i];
        for (u32 at = offsets[i]; at < end; at += min(4u, end - at)) {
            hash = hash_mix(hash ^ string_word(words, at, end - at));
        }
        hashes[i] = hash_mix(hash);
    }
}

FN u32 same_string(const GLOBAL u32 *words_a, u32 a, const GLOBAL u32 *words_b, u32 b, u32 length) {
    for (u32 at = 0; at < length; at += 4) {
        if (string_word(words_a, a + at, length - at) != string_word(words_b, b + at, length - at)) {
            return 0;
        }
    }
    return 1;
}

#define SAME_STRING(ROW)                                                                     \
    (hashes[ROW] == hash && offsets[(ROW) + 1] - offsets[ROW] == length &&                   \
     same_string(words, offsets[ROW], words_own, begin, length))

KERNEL(hash_insert_strings, 256)
(IN(u32) offsets, IN(u32) words, IN(u64) hashes, INOUT(u32) table, OUT(u32) places, u32 n,
 u32 capacity) {
    const GLOBAL u32 *words_own = words;
    for (u32 i = THREAD; i < n; i += THREADS) {
        u64 hash = hashes[i];
        u32 begin = offsets[i];
        u32 length = offsets[i + 1] - begin;
        PROBE(hash, SAME_STRING, TAKE, KEEP)
    }
}

KERNEL(hash_find_strings, 256)
(IN(u32) offsets, IN(u32) words, IN(u64) hashes, INOUT(u32) table, IN(u32) offsets_own,
 IN(u32) words_own, IN(u64) hashes_own, OUT(u32) found, u32 n, u32 capacity) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u64 hash = hashes_own[i];
        u32 begin = offsets_own[i];
        u32 length = offsets_own[i + 1] - begin;
        PROBE(hash, SAME_STRING, GIVE_UP, ANSWER)
    }
}

// The first row of each row's key, instead of its place; and which rows are first.
KERNEL(hash_firsts, 256)(IN(u32) table, INOUT(u32) rows, OUT(u32) flags, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 first = table[rows[i]];
        rows[i] = first;
        flags[i] = first == i;
    }
}

// values[at] of each place that there is, and FREE of others.
KERNEL(hash_translate, 256)(IN(u32) values, INOUT(u32) at, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        at[i] = at[i] == FREE ? FREE : values[at[i]];
    }
}

// FREE where `valid` is 0.
KERNEL(hash_mask, 256)(IN(u32) valid, INOUT(u32) found, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        if (valid[i] == 0) {
            found[i] = FREE;
        }
    }
}
