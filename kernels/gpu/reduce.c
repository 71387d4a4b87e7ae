// reduce: one number of many: the sum, the least or the most.
//
// Each group goes through its stretch, and a single group goes through what they found. Which
// numbers meet in which order depends on their count and the number of groups alone.

#define GROUP 256
#define SUM 0u
#define MIN 1u
#define MAX 2u

#define LEAST_INTEGER(A, B) ((A) < (B) ? (A) : (B))
#define MOST_INTEGER(A, B) ((A) > (B) ? (A) : (B))

// LEAST and MOST of two numbers; what is not a number loses.
#define REDUCE(T, LEAST, MOST)                                                               \
    FN T join_##T(T a, T b, u32 kind) {                                                      \
        return kind == SUM ? a + b : kind == MIN ? LEAST(a, b) : MOST(a, b);                 \
    }                                                                                        \
                                                                                             \
    /* The join of all threads' values, for thread 0. */                                     \
    FN T reduce_group_##T(LOCAL_PTR(T) shared, T value, u32 kind) {                          \
        shared[LANE] = value;                                                                \
        BARRIER;                                                                             \
        for (u32 stride = GROUP / 2; stride > 0; stride /= 2) {                              \
            if (LANE < stride) {                                                             \
                shared[LANE] = join_##T(shared[LANE], shared[LANE + stride], kind);          \
            }                                                                                \
            BARRIER;                                                                         \
        }                                                                                    \
        return shared[0];                                                                    \
    }                                                                                        \
                                                                                             \
    /* out[g]: of the numbers of group g; `start` changes nothing it is joined to. */        \
    KERNEL(reduce_##T, GROUP)                                                                \
    (IN(T) in, OUT(T) out, u32 n, u32 stretch, u32 kind, T start) {                          \
        LOCAL T shared[GROUP];                                                               \
        u32 begin = GROUP_ID * stretch;                                                      \
        u32 end = begin + min(stretch, n - begin);                                           \
        T own[4];                                                                            \
        UNROLL(4)                                                                            \
        for (u32 j = 0; j < 4; j++) {                                                        \
            own[j] = start;                                                                  \
        }                                                                                    \
        for (u32 i = begin + LANE; i < end; i += 4 * GROUP) {                                \
            UNROLL(4)                                                                        \
            for (u32 j = 0; j < 4; j++) {                                                    \
                T next = i + j * GROUP < end ? in[i + j * GROUP] : start;                    \
                own[j] = join_##T(own[j], next, kind);                                       \
            }                                                                                \
        }                                                                                    \
        T left = join_##T(own[0], own[1], kind);                                             \
        T rest = join_##T(own[2], own[3], kind);                                             \
        T all = reduce_group_##T(shared, join_##T(left, rest, kind), kind);                  \
        if (LANE == 0) {                                                                     \
            out[GROUP_ID] = all;                                                             \
        }                                                                                    \
    }

REDUCE(u32, LEAST_INTEGER, MOST_INTEGER)
REDUCE(u64, LEAST_INTEGER, MOST_INTEGER)
REDUCE(f32, fmin, fmax)
