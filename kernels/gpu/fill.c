// fill: the same value, or a range of numbers, in every place.

KERNEL(fill_u32, 256)(OUT(u32) out, u32 value, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        out[i] = value;
    }
}

KERNEL(fill_u64, 256)(OUT(u64) out, u64 value, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        out[i] = value;
    }
}

KERNEL(fill_f32, 256)(OUT(f32) out, f32 value, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        out[i] = value;
    }
}

KERNEL(iota, 256)(OUT(u32) out, u32 first, u32 n) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        out[i] = first + i;
    }
}
