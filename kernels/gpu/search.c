// search: where many numbers would stand in a sorted array.

// The first place whose number is not below (or, for `upper`, is above) the query.
#define SEARCH(T)                                                                            \
    KERNEL(search_##T, 256)                                                                  \
    (IN(T) sorted, IN(T) queries, OUT(u32) out, u32 n, u32 n_queries, u32 upper) {           \
        for (u32 i = THREAD; i < n_queries; i += THREADS) {                                  \
            T query = queries[i];                                                            \
            u32 begin = 0;                                                                   \
            u32 size = n;                                                                    \
            while (size > 0) {                                                               \
                u32 step = size / 2;                                                         \
                T number = sorted[begin + step];                                             \
                u32 before = upper ? !(query < number) : number < query;                     \
                begin = before ? begin + step + 1 : begin;                                   \
                size = before ? size - step - 1 : step;                                      \
            }                                                                                \
            out[i] = begin;                                                                  \
        }                                                                                    \
    }

SEARCH(u32)
SEARCH(u64)
SEARCH(f32)
