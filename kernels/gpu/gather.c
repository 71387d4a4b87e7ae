// gather: numbers taken from, or put to, the places that a list names; and copies.
// Numbers of 4 bytes are moved as u32 whatever they mean.

#define GATHER(T)                                                                            \
    KERNEL(gather_##T, 256)(IN(T) values, IN(u32) at, OUT(T) out, u32 n) {                   \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            out[i] = values[at[i]];                                                          \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    KERNEL(scatter_##T, 256)(IN(T) values, IN(u32) at, OUT(T) out, u32 n) {                  \
        for (u32 i = THREAD; i < n; i += THREADS) {                                          \
            out[at[i]] = values[i];                                                          \
        }                                                                                    \
    }                                                                                        \
                                                                                             \
    KERNEL(copy_##T, 256)(IN(T) values, OUT(T) out, u32 n) {                                 \
        for (u32 i = GROUP_ID * 1024 + LANE; i < n; i += GROUPS * 1024) {                    \
            T value[4];                                                                      \
            UNROLL(4)                                                                        \
            for (u32 j = 0; j < 4; j++) {                                                    \
                value[j] = i + j * 256 < n ? values[i + j * 256] : 0;                        \
            }                                                                                \
            UNROLL(4)                                                                        \
            for (u32 j = 0; j < 4; j++) {                                                    \
                if (i + j * 256 < n) {                                                       \
                    out[i + j * 256] = value[j];                                             \
                }                                                                            \
            }                                                                                \
        }                                                                                    \
    }

GATHER(u32)
GATHER(u64)
