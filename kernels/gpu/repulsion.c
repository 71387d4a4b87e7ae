// repulsion: every node pushes every other with k m_i m_j / d.
//
// Nodes are taken in the order of a space-filling curve. 8 nodes make a leaf, four cells of a
// level make one of the next: cells are runs of ranks, so the tree needs no pointers and stays
// whole when nodes move on; only its boxes and moments are measured anew. Targets are taken 32 at
// a time: leaves smaller than that leave fewer pairs, and a cell costs the group less than a
// tenth of what a leaf's bodies do.
//
// A cell is a head of one float4 and a tail of four. The heads of all `n_cells` cells come first:
// they are all that a look at a cell reads, and those of four siblings are 64 bytes in a row.
//   head: center x, center y, reach (no body is farther, its radius included), mass
//   tail: a1, a2 | a3, a4 | a5, largest radius of a body, 0 | low x, low y, high x, high y
// The moments a_k = sum of m (z - center)^k are divided by reach^k, so that none overflows.
//
// Far cells act on a group of 32 targets through a local expansion about the group's center, near
// leaves body by body. Greengard, Rokhlin 1987, doi:10.1016/0021-9991(87)90140-9.

#define TERMS 6
#define TAIL(CELL) (n_cells + 4 * (CELL))
#define ARITY 4
#define LEAF 8
#define TINY 1e-36f
// A cell's name on the stack: its level above, its index in the level below.
#define LEVEL_SHIFT 27
#define INDEX_MASK 0x07ffffffu

TABLE f32 BINOMIAL[11][6] = {
    {1, 0, 0, 0, 0, 0},       {1, 1, 0, 0, 0, 0},       {1, 2, 1, 0, 0, 0},
    {1, 3, 3, 1, 0, 0},       {1, 4, 6, 4, 1, 0},       {1, 5, 10, 10, 5, 1},
    {1, 6, 15, 20, 15, 6},    {1, 7, 21, 35, 35, 21},   {1, 8, 28, 56, 70, 56},
    {1, 9, 36, 84, 126, 126}, {1, 10, 45, 120, 210, 252},
};

FN float2 times(float2 a, float2 b) {
    return F2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

FN f32 over(f32 a, f32 b) {
    return b > 0.0f ? a / b : 0.0f;
}

// The circle around up to 32 bodies, which every lane finds by itself.
typedef struct {
    f32 x, y, reach, low_x, low_y, high_x, high_y, size;
} Circle;

FN Circle circle_of(LOCAL_PTR(const float4) bodies, u32 count) {
    Circle c;
    c.low_x = c.low_y = 1e38f;
    c.high_x = c.high_y = -1e38f;
    c.size = 0.0f;
    for (u32 j = 0; j < count; j++) {
        float4 b = bodies[j];
        c.low_x = fmin(c.low_x, b.x);
        c.low_y = fmin(c.low_y, b.y);
        c.high_x = fmax(c.high_x, b.x);
        c.high_y = fmax(c.high_y, b.y);
        c.size = fmax(c.size, b.w);
    }
    c.x = 0.5f * (c.low_x + c.high_x);
    c.y = 0.5f * (c.low_y + c.high_y);
    f32 far = 0.0f;
    for (u32 j = 0; j < count; j++) {
        f32 dx = bodies[j].x - c.x, dy = bodies[j].y - c.y;
        far = fmax(far, dx * dx + dy * dy);
    }
    c.reach = SQRT(far) + c.size;
    return c;
}

// The bodies in order, and what each leaf of 8 is as a whole. One group for four leaves.
// `size` may be any array when `sized` is 0.
KERNEL(tree_leaves, 32)(IN(u32) nodes, IN(float2) at, IN(f32) mass, IN(f32) size, u32 sized,
                        OUT(float4) bodies, OUT(float4) cells, u32 n_cells, u32 n) {
    LOCAL float4 shared[32];
    LOCAL f32 terms[2 * TERMS][33];
    LOCAL f32 sums[32 / LEAF][2 * TERMS];
    u32 rank = THREAD;
    u32 mine = LANE / LEAF;
    u32 begin = rank - LANE % LEAF;
    u32 count = begin < n ? min(n - begin, (u32)LEAF) : 0;
    float4 body = F4(0.0f, 0.0f, 0.0f, 0.0f);
    if (rank < n) {
        u32 u = nodes[rank];
        float2 p = at[u];
        body = F4(p.x, p.y, mass[u], sized ? size[u] : 0.0f);
        bodies[rank] = body;
    }
    shared[LANE] = body;
    BARRIER;
    Circle c = circle_of(shared + LEAF * mine, count);
    float2 z = F2(over(body.x - c.x, c.reach), over(body.y - c.y, c.reach));
    float2 term = F2(body.z, 0.0f);
    for (u32 k = 0; k < TERMS; k++) {
        // Lanes without a body have no mass.
        terms[2 * k][LANE] = rank < n ? term.x : 0.0f;
        terms[2 * k + 1][LANE] = rank < n ? term.y : 0.0f;
        term = times(term, z);
    }
    BARRIER;
    for (u32 i = LANE; i < 32 / LEAF * 2 * TERMS; i += 32) {
        u32 leaf = i / (2 * TERMS), k = i % (2 * TERMS);
        f32 sum = 0.0f;
        for (u32 j = 0; j < LEAF; j++) {
            sum += terms[k][LEAF * leaf + j];
        }
        sums[leaf][k] = sum;
    }
    BARRIER;
    if (LANE % LEAF == 0 && count > 0) {
        cells[rank / LEAF] = F4(c.x, c.y, c.reach, sums[mine][0]);
        GLOBAL float4 *tail = cells + TAIL(rank / LEAF);
        tail[0] = F4(sums[mine][2], sums[mine][3], sums[mine][4], sums[mine][5]);
        tail[1] = F4(sums[mine][6], sums[mine][7], sums[mine][8], sums[mine][9]);
        tail[2] = F4(sums[mine][10], sums[mine][11], c.size, 0.0f);
        tail[3] = F4(c.low_x, c.low_y, c.high_x, c.high_y);
    }
}

// Joins up to four cells, which begin at `first`, into the cell at `to`.
FN void join(GLOBAL float4 *cells, u32 n_cells, u32 first, u32 count, u32 to) {
    float4 box = F4(1e38f, 1e38f, -1e38f, -1e38f);
    f32 size = 0.0f;
    for (u32 i = 0; i < count; i++) {
        float4 b = cells[TAIL(first + i) + 3];
        box = F4(fmin(box.x, b.x), fmin(box.y, b.y), fmax(box.z, b.z), fmax(box.w, b.w));
        size = fmax(size, cells[TAIL(first + i) + 2].z);
    }
    f32 x = 0.5f * (box.x + box.z), y = 0.5f * (box.y + box.w);
    f32 reach = 0.0f;
    for (u32 i = 0; i < count; i++) {
        float4 c = cells[first + i];
        f32 dx = c.x - x, dy = c.y - y;
        reach = fmax(reach, SQRT(dx * dx + dy * dy) + c.z);
    }
    f32 hx = box.z - x, hy = box.w - y;
    // Rounding must not leave a corner outside.
    reach = fmin(reach, SQRT(hx * hx + hy * hy) * 1.000001f + size);

    float2 moments[TERMS];
    for (u32 k = 0; k < TERMS; k++) {
        moments[k] = F2(0.0f, 0.0f);
    }
    for (u32 i = 0; i < count; i++) {
        GLOBAL const float4 *tail = cells + TAIL(first + i);
        float4 c0 = cells[first + i], c1 = tail[0], c2 = tail[1], c3 = tail[2];
        f32 shrink = over(c0.z, reach);
        f32 s2 = shrink * shrink;
        float2 from[TERMS];
        from[0] = F2(c0.w, 0.0f);
        from[1] = F2(shrink * c1.x, shrink * c1.y);
        from[2] = F2(s2 * c1.z, s2 * c1.w);
        from[3] = F2(s2 * shrink * c2.x, s2 * shrink * c2.y);
        from[4] = F2(s2 * s2 * c2.z, s2 * s2 * c2.w);
        from[5] = F2(s2 * s2 * shrink * c3.x, s2 * s2 * shrink * c3.y);
        float2 d = F2(over(c0.x - x, reach), over(c0.y - y, reach));
        float2 powers[TERMS];
        powers[0] = F2(1.0f, 0.0f);
        UNROLL(5)
        for (u32 k = 1; k < TERMS; k++) {
            powers[k] = times(powers[k - 1], d);
        }
        UNROLL(6)
        for (u32 k = 0; k < TERMS; k++) {
            UNROLL(6)
            for (u32 l = 0; l < TERMS; l++) {
                if (l <= k) {
                    float2 part = times(from[l], powers[k - l]);
                    moments[k].x += BINOMIAL[k][l] * part.x;
                    moments[k].y += BINOMIAL[k][l] * part.y;
                }
            }
        }
    }
    cells[to] = F4(x, y, reach, moments[0].x);
    GLOBAL float4 *tail = cells + TAIL(to);
    tail[0] = F4(moments[1].x, moments[1].y, moments[2].x, moments[2].y);
    tail[1] = F4(moments[3].x, moments[3].y, moments[4].x, moments[4].y);
    tail[2] = F4(moments[5].x, moments[5].y, size, 0.0f);
    tail[3] = box;
}

// One level: `below` cells from `from` on become a quarter of them from `to` on.
KERNEL(tree_level, 64)(INOUT(float4) cells, u32 n_cells, u32 from, u32 below, u32 to) {
    u32 i = THREAD;
    if (ARITY * i < below) {
        join(cells, n_cells, from + ARITY * i, min(below - ARITY * i, (u32)ARITY), to + i);
    }
}

// All levels above one of at most a few hundred cells; one group.
KERNEL(tree_top, 64)(INOUT(float4) cells, u32 n_cells, IN(u32) levels, u32 level, u32 top) {
    for (; level < top; level++) {
        u32 from = levels[level], to = levels[level + 1];
        u32 below = to - from;
        for (u32 i = LANE; ARITY * i < below; i += 64) {
            join(cells, n_cells, from + ARITY * i, min(below - ARITY * i, (u32)ARITY), to + i);
        }
        BARRIER;
    }
}

FN f32 push_of_pair(f32 d2, f32 mass) {
    return d2 > TINY ? mass * RECIPROCAL(d2) : 0.0f;
}

// Bodies with radii: the gap between their rims counts; what overlaps is driven apart.
FN f32 push_of_sized(f32 d2, f32 mass, f32 radii) {
    f32 gap = SQRT(d2) - radii;
    f32 square = gap * gap;
    f32 apart = square > TINY ? mass / square : 0.0f;
    return gap < 0.0f ? 100.0f * mass : apart;
}

// Adds the push of `count` bodies on one.
FN float2 push(LOCAL_PTR(const float4) bodies, u32 count, float4 me, u32 sized) {
    f32 fx = 0.0f, fy = 0.0f;
    if (sized) {
        for (u32 j = 0; j < count; j++) {
            float4 b = bodies[j];
            f32 dx = me.x - b.x, dy = me.y - b.y;
            f32 f = push_of_sized(FMA(dx, dx, dy * dy), b.z, me.w + b.w);
            fx = FMA(f, dx, fx);
            fy = FMA(f, dy, fy);
        }
    } else {
        UNROLL(8)
        for (u32 j = 0; j < count; j++) {
            float4 b = bodies[j];
            f32 dx = me.x - b.x, dy = me.y - b.y;
            f32 f = push_of_pair(FMA(dx, dx, dy * dy), b.z);
            fx = FMA(f, dx, fx);
            fy = FMA(f, dy, fy);
        }
    }
    return F2(fx, fy);
}

// Repulsion and gravity on a node, from the field of the others.
FN float2 force_on(float4 me, float2 field, f32 scaling, f32 gravity, u32 strong) {
    f32 d2 = me.x * me.x + me.y * me.y;
    f32 pull = strong ? gravity : (d2 > TINY ? gravity / SQRT(d2) : 0.0f);
    f32 k = scaling * me.z, g = pull * me.z;
    return F2(k * field.x - g * me.x, k * field.y - g * me.y);
}

// All pairs: writes repulsion and gravity of `n_targets` nodes from `first` on. O(n) a thread.
KERNEL(repulse_exact, 64)(IN(float2) at, IN(f32) mass, IN(f32) size, u32 sized, u32 n, u32 first,
                          u32 n_targets, f32 scaling, f32 gravity, u32 strong,
                          OUT(float2) force) {
    LOCAL float4 tile[64];
    u32 u = first + THREAD;
    u32 mine = THREAD < n_targets;
    float4 me = F4(0.0f, 0.0f, 0.0f, 0.0f);
    if (mine) {
        float2 p = at[u];
        me = F4(p.x, p.y, mass[u], sized ? size[u] : 0.0f);
    }
    f32 fx = 0.0f, fy = 0.0f;
    for (u32 begin = 0; begin < n; begin += 64) {
        u32 v = begin + LANE;
        if (v < n) {
            float2 p = at[v];
            tile[LANE] = F4(p.x, p.y, mass[v], sized ? size[v] : 0.0f);
        }
        BARRIER;
        // A sum for each tile, then the sum of those: rounding grows with their number only.
        float2 part = push(tile, min(n - begin, 64u), me, sized);
        fx += part.x;
        fy += part.y;
        BARRIER;
    }
    if (mine) {
        force[u] = force_on(me, F2(fx, fy), scaling, gravity, strong);
    }
}

// What a far cell adds to the local expansion of a group; `reach` is the group's.
FN void expand(float4 c0, GLOBAL const float4 *tail, f32 x, f32 y, f32 reach, float2 *field) {
    float4 c1 = tail[0], c2 = tail[1], c3 = tail[2];
    f32 wx = x - c0.x, wy = y - c0.y;
    f32 inverse = 1.0f / (wx * wx + wy * wy);
    float2 v = F2(wx * inverse, -wy * inverse);
    // a_k v^k, with the scale of the moments put back.
    float2 r = F2(c0.z * v.x, c0.z * v.y);
    float2 p = r;
    float2 a[TERMS];
    a[0] = F2(c0.w, 0.0f);
    a[1] = times(F2(c1.x, c1.y), p);
    p = times(p, r);
    a[2] = times(F2(c1.z, c1.w), p);
    p = times(p, r);
    a[3] = times(F2(c2.x, c2.y), p);
    p = times(p, r);
    a[4] = times(F2(c2.z, c2.w), p);
    p = times(p, r);
    a[5] = times(F2(c3.x, c3.y), p);
    // (-R v)^l v is the factor of b_l.
    float2 step = F2(-reach * v.x, -reach * v.y);
    p = v;
    UNROLL(6)
    for (u32 l = 0; l < TERMS; l++) {
        f32 sx = 0.0f, sy = 0.0f;
        UNROLL(6)
        for (u32 k = 0; k < TERMS; k++) {
            sx = FMA(BINOMIAL[k + l][l], a[k].x, sx);
            sy = FMA(BINOMIAL[k + l][l], a[k].y, sy);
        }
        float2 b = times(F2(sx, sy), p);
        field[l].x += b.x;
        field[l].y += b.y;
        p = times(p, step);
    }
}

// Room for what is still to be opened. Cells lie there by level, and a level gets new ones only
// when the last of it are taken: so never more than 32 of each of 14 levels.
#define STACK 448
// Lists are worked off when they hold 32; one look adds at most 32.
#define LIST 64

// Repulsion and gravity on the nodes of ranks `first..first + n_targets`, 32 a group. A source cell
// is far when (reach + reach) < theta * distance.
KERNEL(repulse, 32)(IN(u32) nodes, u32 first, u32 n_targets, IN(float2) at, IN(f32) mass, IN(f32) size,
                    u32 sized, IN(float4) bodies, u32 n, IN(float4) cells, u32 n_cells,
                    IN(u32) levels, u32 top, f32 theta, f32 scaling, f32 gravity, u32 strong,
                    OUT(float2) force) {
    LOCAL float4 tile[64];
    LOCAL u32 stack[STACK];
    LOCAL u32 far_list[LIST];
    LOCAL u32 near_list[LIST];
    LOCAL u32 votes[1];
    LOCAL f32 sums[2 * TERMS][33];
    u32 mine = THREAD < n_targets;
    u32 u = 0;
    float4 me = F4(0.0f, 0.0f, 0.0f, 0.0f);
    if (mine) {
        u = nodes[first + THREAD];
        float2 p = at[u];
        me = F4(p.x, p.y, mass[u], sized ? size[u] : 0.0f);
    }
    tile[LANE] = me;
    BARRIER;
    Circle group = circle_of(tile, min(n_targets - GROUP_ID * 32, 32u));

    float2 local_sum[TERMS];
    for (u32 k = 0; k < TERMS; k++) {
        local_sum[k] = F2(0.0f, 0.0f);
    }
    f32 fx = 0.0f, fy = 0.0f;
    // All lanes keep the same counts.
    u32 open = 0, n_far = 0, n_near = 0;
    if (top == 0) {
        // The root is a leaf.
        if (LANE == 0) {
            near_list[0] = 0;
        }
        n_near = 1;
    } else {
        if (LANE == 0) {
            stack[0] = top << LEVEL_SHIFT;
        }
        open = 1;
    }
    BARRIER;
    u32 below_me = (1u << LANE) - 1;
    while (open + n_far + n_near > 0) {
        // While there is something to open, the lists are worked off only when full.
        u32 last = open == 0;
        if (open > 0) {
            u32 take = min(open, 32u / ARITY);
            open -= take;
            u32 is_far = 0, is_near = 0, is_open = 0, name = 0, flat = 0;
            if (LANE / ARITY < take) {
                u32 parent = stack[open + LANE / ARITY];
                u32 level = (parent >> LEVEL_SHIFT) - 1;
                u32 index = (parent & INDEX_MASK) * ARITY + LANE % ARITY;
                flat = levels[level] + index;
                if (flat < levels[level + 1]) {
                    float4 c = cells[flat];
                    f32 dx = c.x - group.x, dy = c.y - group.y;
                    f32 reach = c.z + group.reach;
                    is_far = reach * reach < theta * theta * (dx * dx + dy * dy);
                    is_near = !is_far && level == 0;
                    is_open = !is_far && level > 0;
                    name = level << LEVEL_SHIFT | index;
                }
            }
            u32 bits = BALLOT(votes, is_open);
            if (is_open) {
                stack[open + POPCOUNT(bits & below_me)] = name;
            }
            open += POPCOUNT(bits);
            bits = BALLOT(votes, is_far);
            if (is_far) {
                far_list[n_far + POPCOUNT(bits & below_me)] = flat;
            }
            n_far += POPCOUNT(bits);
            bits = BALLOT(votes, is_near);
            if (is_near) {
                near_list[n_near + POPCOUNT(bits & below_me)] = flat;
            }
            n_near += POPCOUNT(bits);
            BARRIER;
            last = open == 0;
        }
        if (n_far >= 32 || (last && n_far > 0)) {
            u32 take = min(n_far, 32u);
            n_far -= take;
            if (LANE < take) {
                u32 cell = far_list[n_far + LANE];
                expand(cells[cell], cells + TAIL(cell), group.x, group.y, group.reach, local_sum);
            }
            BARRIER;
        }
        while (n_near >= 32 || (last && n_near > 0)) {
            // As many leaves as fill the tile. What the last of all lacks weighs nothing.
            u32 take = min(n_near, 64u / LEAF);
            n_near -= take;
            u32 count = LEAF * take;
            for (u32 i = LANE; i < count; i += 32) {
                u32 rank = LEAF * near_list[n_near + i / LEAF] + i % LEAF;
                tile[i] = rank < n ? bodies[rank] : F4(0.0f, 0.0f, 0.0f, 0.0f);
            }
            BARRIER;
            float2 part = push(tile, count, me, sized);
            fx += part.x;
            fy += part.y;
            BARRIER;
        }
    }

    UNROLL(6)
    for (u32 k = 0; k < TERMS; k++) {
        sums[2 * k][LANE] = local_sum[k].x;
        sums[2 * k + 1][LANE] = local_sum[k].y;
    }
    BARRIER;
    if (LANE < 2 * TERMS) {
        f32 sum = 0.0f;
        for (u32 j = 0; j < 32; j++) {
            sum += sums[LANE][j];
        }
        sums[LANE][32] = sum;
    }
    BARRIER;
    if (mine) {
        float2 z = F2(over(me.x - group.x, group.reach), over(me.y - group.y, group.reach));
        float2 value = F2(sums[2 * TERMS - 2][32], sums[2 * TERMS - 1][32]);
        for (u32 i = 2; i <= TERMS; i++) {
            value = times(value, z);
            value.x += sums[2 * (TERMS - i)][32];
            value.y += sums[2 * (TERMS - i) + 1][32];
        }
        // The field is the conjugate of the expansion.
        float2 field = F2(fx + value.x, fy - value.y);
        force[u] = force_on(me, field, scaling, gravity, strong);
    }
}
