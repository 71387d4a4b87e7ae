// keys: numbers as unsigned keys that ascend alike, and back; and which bits of keys differ.

// What the bits of a number mean.
#define UNSIGNED 0u
#define SIGNED 1u
#define FLOAT_BITS 2u

FN u32 key_of_u32(u32 x, u32 meaning) {
    return meaning == FLOAT_BITS ? f32_key(x) : meaning == SIGNED ? x ^ 0x80000000u : x;
}

FN u64 key_of_u64(u64 x, u32 meaning) {
    return meaning == FLOAT_BITS ? f64_key(x) : meaning == SIGNED ? x ^ F64_SIGN : x;
}

FN u32 number_of_u32(u32 key, u32 meaning) {
    return meaning == FLOAT_BITS ? f32_from_key(key) : meaning == SIGNED ? key ^ 0x80000000u : key;
}

FN u64 number_of_u64(u64 key, u32 meaning) {
    return meaning == FLOAT_BITS ? f64_from_key(key) : meaning == SIGNED ? key ^ F64_SIGN : key;
}

// `flip` has all bits set where keys are to descend.
#define KEYS(T)                                                                              \
    KERNEL(keys_of_##T, 256)(IN(T) numbers, OUT(T) keys, u32 n, u32 meaning, T flip) {       \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            keys[i] = key_of_##T(numbers[i], meaning) ^ flip;                                \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    KERNEL(keys_back_##T, 256)(IN(T) keys, OUT(T) numbers, u32 n, u32 meaning, T flip) {     \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            numbers[i] = number_of_##T(keys[i] ^ flip, meaning);                             \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    /* Bits, in two words, in which some key differs from the first. */                      \
    KERNEL(keys_differ_##T, 256)(IN(T) keys, INOUT(u32) bits, u32 n) {                       \
        LOCAL u32 shared[2];                                                                 \
        if (LANE < 2) {                                                                      \
            shared[LANE] = 0;                                                                \
        }                                                                                    \
        BARRIER;                                                                             \
        T first = keys[0];                                                                   \
        T own = 0;                                                                           \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            own |= keys[i] ^ first;                                                          \
        }                                                                                    \
        ATOMIC_OR_LOCAL(&shared[0], (u32)own);                                               \
        ATOMIC_OR_LOCAL(&shared[1], (u32)((u64)own >> 32));                                  \
        BARRIER;                                                                             \
        if (LANE < 2) {                                                                      \
            ATOMIC_OR(&bits[LANE], shared[LANE]);                                            \
        }                                                                                    \
    }

KEYS(u32)
KEYS(u64)

// One key of two words.
KERNEL(keys_join, 256)(IN(u32) high, IN(u32) low, OUT(u64) keys, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        keys[i] = (u64)high[i] << 32 | low[i];
    }
}

// Numbers of 32 bits out of the lower halves of others.
KERNEL(keys_narrow, 256)(IN(u64) wide, OUT(u32) narrow, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        narrow[i] = (u32)wide[i];
    }
}
