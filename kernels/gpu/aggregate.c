// aggregate: one number of each group of rows, whatever their sizes.
//
// Rows come sorted by group. Each thread joins the rows of 8 neighboring places, each group of
// threads those of a stretch of whole tiles; a run of rows that a thread or a tile cuts is joined
// again by a segmented scan, and one that stretches cut by a launch of its own. So which rows meet in which
// order depends on their places and on the number of stretches alone.

#define GROUP 256
#define ITEMS 8
#define TILE (GROUP * ITEMS)

#define COUNT 0u
#define SUM_INTEGERS 1u
#define SUM_FLOATS 2u
#define MIN 3u
#define MAX 4u

#define UNSIGNED 0u
#define SIGNED 1u
#define FLOAT_BITS 2u

// Rows of a group: how many there are, and their sum of 128 bits, or one number in `low`.
typedef struct {
    u64 low;
    u64 high;
    u32 count;
} Part;

FN Part part_join(u32 kind, Part a, Part b) {
    if (a.count == 0) {
        return b;
    }
    if (b.count == 0) {
        return a;
    }
    Part all;
    all.high = 0;
    all.count = a.count + b.count;
    if (kind == SUM_FLOATS) {
        all.low = f64_add(a.low, b.low);
    } else if (kind == SUM_INTEGERS) {
        all.low = a.low + b.low;
        all.high = a.high + b.high + (all.low < a.low);
    } else {
        all.low = (a.low < b.low) == (kind == MIN) ? a.low : b.low;
    }
    return all;
}

FN Part part_of(u64 bits, u32 kind, u32 meaning, u32 wide) {
    Part part;
    part.low = 0;
    part.high = 0;
    part.count = 1;
    if (kind == SUM_FLOATS) {
        part.low = wide ? bits : f64_from_f32((u32)bits);
    } else if (kind == SUM_INTEGERS) {
        u64 minus = meaning == SIGNED && (bits >> (wide ? 63 : 31)) ? ~(u64)0 : 0;
        part.low = wide ? bits : (minus << 32) | bits;
        part.high = minus;
    } else if (kind != COUNT) {
        // The least and the most are found by keys.
        if (meaning == FLOAT_BITS) {
            part.low = wide ? f64_key(bits) : f32_key((u32)bits);
        } else {
            part.low = meaning == SIGNED ? bits ^ (wide ? F64_SIGN : 0x80000000ul) : bits;
        }
    }
    return part;
}

FN u64 part_number(Part part, u32 kind, u32 meaning, u32 wide) {
    u64 low = part.low;
    if (kind != MIN && kind != MAX) {
        return kind == COUNT ? part.count : low;
    }
    if (meaning == FLOAT_BITS) {
        return wide ? f64_from_key(low) : f32_from_key((u32)low);
    }
    return meaning == SIGNED ? low ^ (wide ? F64_SIGN : 0x80000000ul) : low;
}

FN void part_write(GLOBAL u64 *lows, GLOBAL u64 *highs, GLOBAL u32 *counts, u32 at, Part part,
                   u32 kind, u32 meaning, u32 wide) {
    counts[at] = part.count;
    lows[at] = part.count ? part_number(part, kind, meaning, wide) : 0;
    if (kind == SUM_INTEGERS) {
        highs[at] = part.high;
    }
}

// Edges of stretch g: in place 2g its first rows, if they belong to a group that began before it,
// in 2g + 1 its last run. edge_ids[g]: the group that ends first in the stretch; begun[g]: whether one
// begins there.
KERNEL(aggregate_runs, GROUP)
(IN(u32) ids, IN(u32) order, IN(u32) values, IN(u32) valid, OUT(u64) lows, OUT(u64) highs,
 OUT(u32) counts, OUT(u64) edge_lows, OUT(u64) edge_highs, OUT(u32) edge_counts, OUT(u32) edge_ids,
 OUT(u32) begun, u32 n, u32 stretch, u32 kind, u32 meaning, u32 wide, u32 has_valid) {
    LOCAL u64 shared_low[GROUP];
    LOCAL u64 shared_high[GROUP];
    LOCAL u32 shared_count[GROUP];
    LOCAL u32 shared_head[GROUP];
    u32 lane = LANE;
    u32 begin = GROUP_ID * stretch;
    u32 end = begin + min(stretch, n - begin);
    const GLOBAL u64 *wide_values = (const GLOBAL u64 *)values;
    Part none;
    none.low = 0;
    none.high = 0;
    none.count = 0;
    Part carry = none;
    // Whether no group has begun in this stretch so far.
    u32 open = 1;
    for (u32 base = begin; base < end; base += TILE) {
        Part first = none;
        Part own = none;
        u32 has_head = 0;
        u32 first_id = 0;
        u32 at = base + lane * ITEMS;
        u32 before = at > 0 && at < end ? ids[at - 1] : 0;
        UNROLL(1)
        for (u32 j = 0; j < ITEMS && at + j < end; j++) {
            u32 id = ids[at + j];
            if (at + j == 0 || id != before) {
                if (has_head) {
                    part_write(lows, highs, counts, before, own, kind, meaning, wide);
                } else {
                    first = own;
                    first_id = before;
                    has_head = 1;
                }
                own = none;
                before = id;
            }
            u32 row = order[at + j];
            if (!has_valid || valid[row]) {
                u64 bits = kind == COUNT ? 0 : wide ? wide_values[row] : values[row];
                own = part_join(kind, own, part_of(bits, kind, meaning, wide));
            }
        }
        // What each thread's last run has in all, within the tile.
        u32 head = has_head;
        for (u32 stride = 1; stride < GROUP; stride *= 2) {
            shared_low[lane] = own.low;
            shared_high[lane] = own.high;
            shared_count[lane] = own.count;
            shared_head[lane] = head;
            BARRIER;
            if (lane >= stride && !head) {
                Part other;
                other.low = shared_low[lane - stride];
                other.high = shared_high[lane - stride];
                other.count = shared_count[lane - stride];
                own = part_join(kind, other, own);
                head = shared_head[lane - stride];
            }
            BARRIER;
        }
        shared_low[lane] = own.low;
        shared_high[lane] = own.high;
        shared_count[lane] = own.count;
        shared_head[lane] = head;
        BARRIER;
        if (has_head) {
            u32 begins_before = open;
            Part run = carry;
            if (lane > 0) {
                run.low = shared_low[lane - 1];
                run.high = shared_high[lane - 1];
                run.count = shared_count[lane - 1];
                if (shared_head[lane - 1]) {
                    begins_before = 0;
                } else {
                    run = part_join(kind, carry, run);
                }
            }
            run = part_join(kind, run, first);
            if (begins_before) {
                edge_lows[2 * GROUP_ID] = run.low;
                edge_highs[2 * GROUP_ID] = run.high;
                edge_counts[2 * GROUP_ID] = run.count;
                edge_ids[GROUP_ID] = first_id;
            } else {
                part_write(lows, highs, counts, first_id, run, kind, meaning, wide);
            }
        }
        Part last;
        last.low = shared_low[GROUP - 1];
        last.high = shared_high[GROUP - 1];
        last.count = shared_count[GROUP - 1];
        u32 any = shared_head[GROUP - 1];
        carry = any ? last : part_join(kind, carry, last);
        open = open && !any;
        BARRIER;
    }
    if (lane == 0) {
        edge_lows[2 * GROUP_ID + 1] = carry.low;
        edge_highs[2 * GROUP_ID + 1] = carry.high;
        edge_counts[2 * GROUP_ID + 1] = carry.count;
        begun[GROUP_ID] = !open;
    }
}

FN Part part_edge(const GLOBAL u64 *lows, const GLOBAL u64 *highs, const GLOBAL u32 *counts, u32 at) {
    Part part;
    part.low = lows[at];
    part.high = highs[at];
    part.count = counts[at];
    return part;
}

// Thread g: the group that ends first in stretch g, or at the end of all behind the last one. The
// stretch before it in which it began is the first one back in which any group did.
KERNEL(aggregate_edges, GROUP)
(IN(u32) ids, IN(u64) edge_lows, IN(u64) edge_highs, IN(u32) edge_counts, IN(u32) edge_ids,
 IN(u32) begun, OUT(u64) lows, OUT(u64) highs, OUT(u32) counts, u32 n, u32 stretches, u32 kind,
 u32 meaning, u32 wide) {
    u32 g = THREAD;
    u32 is_end = g == stretches;
    if (g > 0 && (is_end || (g < stretches && begun[g]))) {
        u32 from = g - 1;
        while (from > 0 && !begun[from]) {
            from--;
        }
        Part run = part_edge(edge_lows, edge_highs, edge_counts, 2 * from + 1);
        for (u32 between = from + 1; between < g; between++) {
            Part all = part_edge(edge_lows, edge_highs, edge_counts, 2 * between + 1);
            run = part_join(kind, run, all);
        }
        if (!is_end) {
            run = part_join(kind, run, part_edge(edge_lows, edge_highs, edge_counts, 2 * g));
        }
        u32 id = is_end ? ids[n - 1] : edge_ids[g];
        part_write(lows, highs, counts, id, run, kind, meaning, wide);
    }
}

// The first group whose sum does not fit in 64 bits, in first[0].
KERNEL(aggregate_overflow, 256)
(IN(u64) lows, IN(u64) highs, INOUT(u32) first, u32 n, u32 is_signed) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u64 fits = is_signed && (lows[i] >> 63) ? ~(u64)0 : 0;
        if (highs[i] != fits) {
            ATOMIC_MIN(first, i);
        }
    }
}

// Sums become means, as floats of 64 bits; 0 of none.
KERNEL(aggregate_means, 256)
(INOUT(u64) lows, IN(u64) highs, IN(u32) counts, u32 n, u32 kind) {
    for (u32 i = THREAD; i < n; i += THREADS) {
        u64 sum = lows[i];
        if (kind == SUM_INTEGERS) {
            u64 high = highs[i];
            if (high == (sum >> 63 ? ~(u64)0 : 0)) {
                sum = f64_from_integer(sum);
            } else {
                // 2^64 times the upper half, and the lower half.
                u64 upper = f64_multiply(f64_from_integer(high), 0x43f0000000000000ul);
                sum = f64_add(upper, f64_pack(0, 0, sum));
            }
        }
        lows[i] = counts[i] ? f64_divide(sum, f64_from_integer(counts[i])) : 0;
    }
}
