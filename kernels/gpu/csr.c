// csr: rows of a sparse matrix out of a list of entries, and turned around.

// A key that sorts entries by row, then by column; `order` is the entry's number.
KERNEL(csr_keys, 256)
(IN(u32) rows, IN(u32) columns, OUT(u64) keys, OUT(u32) order, u32 n, u32 column_bits) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        keys[i] = (u64)rows[i] << column_bits | columns[i];
        order[i] = i;
    }
}

// The columns of sorted keys.
KERNEL(csr_columns, 256)(IN(u64) keys, OUT(u32) columns, u32 n, u32 column_bits) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        columns[i] = (u32)(keys[i] & (((u64)1 << column_bits) - 1));
    }
}

// offsets[r]: how many of the sorted keys are of rows before r. The last is all: rows of n bits
// have no key for it.
#define OFFSETS(K)                                                                           \
    KERNEL(csr_offsets_##K, 256)                                                             \
    (IN(K) keys, OUT(u32) offsets, u32 n, u32 n_rows, u32 column_bits) {                     \
        for (u32 row = THREAD; row <= n_rows; row += THREADS) {                              \
            K least = (K)row << column_bits;                                                 \
            u32 begin = 0;                                                                   \
            u32 size = row < n_rows ? n : 0;                                                 \
            while (size > 0) {                                                               \
                u32 step = size / 2;                                                         \
                u32 before = keys[begin + step] < least;                                     \
                begin = before ? begin + step + 1 : begin;                                   \
                size = before ? size - step - 1 : step;                                      \
            }                                                                                \
            offsets[row] = row < n_rows ? begin : n;                                         \
        }                                                                                    \
    }

OFFSETS(u32)
OFFSETS(u64)

// The row of each entry that `order` names: the last whose offset is not beyond it.
KERNEL(csr_rows, 256)(IN(u32) offsets, IN(u32) order, OUT(u32) rows, u32 n, u32 n_rows) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u32 entry = order[i];
        u32 begin = 0;
        u32 size = n_rows;
        while (size > 0) {
            u32 step = size / 2;
            u32 before = offsets[begin + step + 1] <= entry;
            begin = before ? begin + step + 1 : begin;
            size = before ? size - step - 1 : step;
        }
        rows[i] = begin;
    }
}
