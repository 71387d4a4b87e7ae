// segments: one number of each of many stretches of an array, whatever their lengths.
//
// Segments are in three lists. Short ones take a thread each; medium ones take 32 threads; long
// ones are cut into chunks of a group each, and their parts are joined in order. So the longest
// segment keeps nobody waiting, and which numbers meet in which order depends on lengths alone.

#define GROUP 256
#define SUM 0u
#define MIN 1u
#define MAX 2u

// What each of four sorts of work is made of:
// T        the number;
// ITEM(E)  entry E;
// START    joins nothing;
// JOIN     of two;
// ARGUMENTS  of all kernels, by name.
#define SEGMENTS(NAME, T, ITEM, START, JOIN, ARGUMENTS)                                       \
    KERNEL(NAME##_short, GROUP)                                                               \
    (IN(u32) list, u32 n, IN(u32) offsets, OUT(T) out, ARGUMENTS) {                           \
        u32 i = THREAD;                                                                       \
        if (i < n) {                                                                          \
            u32 segment = list[i];                                                            \
            u32 end = offsets[segment + 1];                                                   \
            T all = START;                                                                    \
            for (u32 e = offsets[segment]; e < end; e++) {                                    \
                T item = ITEM(e);                                                             \
                all = JOIN(all, item);                                                        \
            }                                                                                 \
            out[segment] = all;                                                               \
        }                                                                                     \
    }                                                                                         \
                                                                                              \
    KERNEL(NAME##_medium, GROUP)                                                              \
    (IN(u32) list, u32 n, IN(u32) offsets, OUT(T) out, ARGUMENTS) {                           \
        LOCAL T shared[GROUP];                                                                \
        u32 lane = LANE & 31u;                                                                \
        u32 i = GROUP_ID * (GROUP / 32) + LANE / 32;                                          \
        u32 segment = i < n ? list[i] : 0;                                                    \
        u32 end = i < n ? offsets[segment + 1] : 0;                                           \
        u32 begin = i < n ? offsets[segment] : 0;                                             \
        T all = START;                                                                        \
        for (u32 e = begin + lane; e < end; e += 32) {                                        \
            T item = ITEM(e);                                                                 \
            all = JOIN(all, item);                                                            \
        }                                                                                     \
        shared[LANE] = all;                                                                   \
        BARRIER;                                                                              \
        for (u32 stride = 16; stride > 0; stride /= 2) {                                      \
            if (lane < stride) {                                                              \
                shared[LANE] = JOIN(shared[LANE], shared[LANE + stride]);                     \
            }                                                                                 \
            BARRIER;                                                                          \
        }                                                                                     \
        if (i < n && lane == 0) {                                                             \
            out[segment] = shared[LANE];                                                      \
        }                                                                                     \
    }                                                                                         \
                                                                                              \
    KERNEL(NAME##_chunk, GROUP)                                                               \
    (IN(u32) begins, IN(u32) ends, OUT(T) parts, ARGUMENTS) {                                 \
        LOCAL T shared[GROUP];                                                                \
        u32 end = ends[GROUP_ID];                                                             \
        T all = START;                                                                        \
        for (u32 e = begins[GROUP_ID] + LANE; e < end; e += GROUP) {                          \
            T item = ITEM(e);                                                                 \
            all = JOIN(all, item);                                                            \
        }                                                                                     \
        shared[LANE] = all;                                                                   \
        BARRIER;                                                                              \
        for (u32 stride = GROUP / 2; stride > 0; stride /= 2) {                               \
            if (LANE < stride) {                                                              \
                shared[LANE] = JOIN(shared[LANE], shared[LANE + stride]);                     \
            }                                                                                 \
            BARRIER;                                                                          \
        }                                                                                     \
        if (LANE == 0) {                                                                      \
            parts[GROUP_ID] = shared[0];                                                      \
        }                                                                                     \
    }

// The parts of each long segment, joined by a group.
#define LONG(T, JOIN)                                                                         \
    KERNEL(segments_long_##T, GROUP)                                                          \
    (IN(u32) list, IN(u32) firsts, IN(T) parts, OUT(T) out, u32 kind, T start) {              \
        LOCAL T shared[GROUP];                                                                \
        u32 end = firsts[GROUP_ID + 1];                                                       \
        T all = start;                                                                        \
        for (u32 i = firsts[GROUP_ID] + LANE; i < end; i += GROUP) {                          \
            all = JOIN(all, parts[i]);                                                        \
        }                                                                                     \
        shared[LANE] = all;                                                                   \
        BARRIER;                                                                              \
        for (u32 stride = GROUP / 2; stride > 0; stride /= 2) {                               \
            if (LANE < stride) {                                                              \
                shared[LANE] = JOIN(shared[LANE], shared[LANE + stride]);                     \
            }                                                                                 \
            BARRIER;                                                                          \
        }                                                                                     \
        if (LANE == 0) {                                                                      \
            out[list[GROUP_ID]] = shared[0];                                                  \
        }                                                                                     \
    }

#define JOIN_INTEGERS(A, B) (kind == SUM ? (A) + (B) : ((A) < (B)) == (kind == MIN) ? (A) : (B))
#define JOIN_FLOATS(A, B) (kind == SUM ? (A) + (B) : kind == MIN ? fmin((A), (B)) : fmax((A), (B)))
#define ADD(A, B) ((A) + (B))
#define NUMBER(E) in[E]
#define PRODUCT(E) (weights[E] * x[columns[E]])
#define ENTRY(E) x[columns[E]]

// A list of arguments is one argument of a macro only by name.
#define OF_u32 IN(u32) in, u32 kind, u32 start
#define OF_u64 IN(u64) in, u32 kind, u64 start
#define OF_f32 IN(f32) in, u32 kind, f32 start
#define OF_ENTRIES IN(u32) columns, IN(f32) x
#define OF_PRODUCTS IN(u32) columns, IN(f32) x, IN(f32) weights

SEGMENTS(segments_u32, u32, NUMBER, start, JOIN_INTEGERS, OF_u32)
SEGMENTS(segments_u64, u64, NUMBER, start, JOIN_INTEGERS, OF_u64)
SEGMENTS(segments_f32, f32, NUMBER, start, JOIN_FLOATS, OF_f32)
LONG(u32, JOIN_INTEGERS)
LONG(u64, JOIN_INTEGERS)
LONG(f32, JOIN_FLOATS)
SEGMENTS(spmv, f32, ENTRY, 0.0f, ADD, OF_ENTRIES)
SEGMENTS(spmv_weighted, f32, PRODUCT, 0.0f, ADD, OF_PRODUCTS)
