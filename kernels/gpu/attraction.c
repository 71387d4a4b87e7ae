// attraction: every edge pulls its two ends together.
// Jacomy et al. 2014, doi:10.1371/journal.pone.0098679, "attraction force".
//
// A node pulls along its own CSR row, so nothing is added to by two threads. Rows are split by
// length so that hubs do not stall: short ones take a thread, medium ones a group of 32, long
// ones a group a chunk, whose sums are added in order. Row 0 is that of node `first`.

// How the length of an edge becomes a pull.
#define LOG 1u
#define SIZED 2u
#define WEIGHTED 4u

// The pull of one edge over its vector.
FN f32 pull_of(float2 delta, f32 radii, u32 mode) {
    if ((mode & (LOG | SIZED)) == 0) {
        return 1.0f;
    }
    f32 d = SQRT(delta.x * delta.x + delta.y * delta.y);
    f32 gap = d - radii;
    f32 factor = gap > 0.0f ? 1.0f : 0.0f;
    // Overlapping ends do not pull; the linear spring keeps its full length otherwise.
    return (mode & LOG) && gap > 0.0f ? LOG1P(gap) / gap : factor;
}

// The pull of the edges `begin, begin + step, ... < end` on node `u`. Arrays that the mode does
// not need may be any.
FN float2 pull_of_row(u32 u, u32 begin, u32 end, u32 step, GLOBAL const u32 *others,
                      GLOBAL const f32 *pulls, GLOBAL const float2 *at, GLOBAL const f32 *size,
                      u32 mode) {
    float2 here = at[u];
    f32 radius = mode & SIZED ? size[u] : 0.0f;
    f32 fx = 0.0f, fy = 0.0f;
    for (u32 e = begin; e < end; e += step) {
        u32 v = others[e];
        float2 there = at[v];
        float2 delta = F2(there.x - here.x, there.y - here.y);
        f32 f = pull_of(delta, mode & SIZED ? radius + size[v] : 0.0f, mode);
        if (mode & WEIGHTED) {
            f *= pulls[e];
        }
        fx = FMA(f, delta.x, fx);
        fy = FMA(f, delta.y, fy);
    }
    return F2(fx, fy);
}

// One thread a row.
KERNEL(pull_short, 256)(IN(u32) rows, u32 n_rows, u32 first, IN(u32) offsets, IN(u32) others,
                        IN(f32) pulls, IN(float2) at, IN(f32) size, u32 mode, f32 strength,
                        INOUT(float2) force) {
    u32 i = THREAD;
    if (i < n_rows) {
        u32 row = rows[i];
        u32 u = first + row;
        float2 sum =
            pull_of_row(u, offsets[row], offsets[row + 1], 1, others, pulls, at, size, mode);
        float2 f = force[u];
        force[u] = F2(f.x + strength * sum.x, f.y + strength * sum.y);
    }
}

// The sum over a group of 32, in every lane's reach afterwards; fixed order.
FN float2 sum_of_group(LOCAL_PTR(float2) shared, float2 value) {
    shared[LANE] = value;
    BARRIER;
    for (u32 stride = 16; stride > 0; stride /= 2) {
        if (LANE < stride) {
            float2 a = shared[LANE], b = shared[LANE + stride];
            shared[LANE] = F2(a.x + b.x, a.y + b.y);
        }
        BARRIER;
    }
    return shared[0];
}

// One group a row.
KERNEL(pull_medium, 32)(IN(u32) rows, u32 first, IN(u32) offsets, IN(u32) others, IN(f32) pulls,
                        IN(float2) at, IN(f32) size, u32 mode, f32 strength,
                        INOUT(float2) force) {
    LOCAL float2 shared[32];
    u32 row = rows[GROUP_ID];
    u32 u = first + row;
    float2 sum = pull_of_row(u, offsets[row] + LANE, offsets[row + 1], 32, others, pulls, at, size,
                             mode);
    sum = sum_of_group(shared, sum);
    if (LANE == 0) {
        float2 f = force[u];
        force[u] = F2(f.x + strength * sum.x, f.y + strength * sum.y);
    }
}

// One group a chunk of a long row: chunk `i` is edges `begins[i]..ends[i]` of row `rows[i]`.
KERNEL(pull_chunk, 256)(IN(u32) rows, u32 first, IN(u32) begins, IN(u32) ends, IN(u32) others,
                        IN(f32) pulls, IN(float2) at, IN(f32) size, u32 mode,
                        OUT(float2) sums) {
    LOCAL float2 shared[256];
    u32 chunk = GROUP_ID;
    shared[LANE] = pull_of_row(first + rows[chunk], begins[chunk] + LANE, ends[chunk], 256, others, pulls,
                               at, size, mode);
    BARRIER;
    for (u32 stride = 128; stride > 0; stride /= 2) {
        if (LANE < stride) {
            float2 a = shared[LANE], b = shared[LANE + stride];
            shared[LANE] = F2(a.x + b.x, a.y + b.y);
        }
        BARRIER;
    }
    if (LANE == 0) {
        sums[chunk] = shared[0];
    }
}

// One group a long row: its chunks are `firsts[i]..firsts[i + 1]`.
KERNEL(pull_long, 32)(IN(u32) rows, u32 first, IN(u32) firsts, IN(float2) sums, f32 strength,
                      INOUT(float2) force) {
    LOCAL float2 shared[32];
    float2 sum = F2(0.0f, 0.0f);
    for (u32 chunk = firsts[GROUP_ID] + LANE; chunk < firsts[GROUP_ID + 1]; chunk += 32) {
        float2 part = sums[chunk];
        sum = F2(sum.x + part.x, sum.y + part.y);
    }
    sum = sum_of_group(shared, sum);
    if (LANE == 0) {
        u32 u = first + rows[GROUP_ID];
        float2 f = force[u];
        force[u] = F2(f.x + strength * sum.x, f.y + strength * sum.y);
    }
}
