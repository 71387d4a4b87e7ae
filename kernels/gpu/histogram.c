// histogram: how often each number occurs. Additions of integers may come in any order.

// Bins that fit in LOCAL memory.
#define FEW 2048

// Up to FEW bins, in as many copies as fit, so that equal numbers do not queue up for one.
KERNEL(histogram_few, 256)(IN(u32) numbers, INOUT(u32) counts, u32 n, u32 bins, u32 copies) {
    LOCAL u32 shared[FEW];
    for (u32 i = LANE; i < bins * copies; i += 256) {
        shared[i] = 0;
    }
    BARRIER;
    u32 copy = LANE & (copies - 1);
    for (u32 i = THREAD; i < n; i += THREADS) {
        ATOMIC_ADD_LOCAL(&shared[numbers[i] * copies + copy], 1);
    }
    BARRIER;
    for (u32 bin = LANE; bin < bins; bin += 256) {
        u32 count = 0;
        for (u32 j = 0; j < copies; j++) {
            count += shared[bin * copies + j];
        }
        if (count > 0) {
            ATOMIC_ADD(&counts[bin], count);
        }
    }
}

KERNEL(histogram_many, 256)(IN(u32) numbers, INOUT(u32) counts, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        ATOMIC_ADD(&counts[numbers[i]], 1);
    }
}
