// motion: how far the nodes go, by the adaptive speed law; all on the device.
// Jacomy et al. 2014, doi:10.1371/journal.pone.0098679, with the efficiency factor of Gephi.
//
// A node is fixed when its mobility is below 0. The state is one array of f32:
#define SPEED 0
#define EFFICIENCY 1
#define ENERGY 2
#define SWINGING 3
#define TRACTION 4
#define MAX_WAY 5
#define MEAN_WAY 6
#define RADIUS 7
#define CONVERGENCE 8
// Steps made: exact up to 16 million.
#define ITERATION 9
// 1 when the mean way of the next step begins a new average.
#define FRESH 10
// 1 when the layout has settled: steps then change nothing.
#define STOPPED 11
// The centroid, about which the spread is summed: far from the origin nothing cancels.
#define CENTER_X 12
#define CENTER_Y 13
// What nodes keep: bits of a number.
#define LOCK_X 1u
#define LOCK_Y 2u
#define LOCK_R 4u
// Values that a group gives: three of `measure`, six of `move`.
#define SUMS 3
#define WAYS 6

FN f32 length_of(f32 x, f32 y) {
    return SQRT(x * x + y * y);
}

// Whether a number is neither infinite nor NaN.
FN u32 is_finite(f32 x) {
    return (BITS(x) & 0x7f800000u) != 0x7f800000u;
}

// Adds up `width` values a lane over a group of 256; lane 0 has the sums. The last value is a
// maximum if `last_is_max`.
FN void sum_of_group(LOCAL_PTR(f32) shared, f32 *values, u32 width, u32 last_is_max) {
    for (u32 k = 0; k < width; k++) {
        shared[LANE] = values[k];
        BARRIER;
        for (u32 stride = 128; stride > 0; stride /= 2) {
            if (LANE < stride) {
                f32 a = shared[LANE], b = shared[LANE + stride];
                shared[LANE] = last_is_max && k + 1 == width ? fmax(a, b) : a + b;
            }
            BARRIER;
        }
        values[k] = shared[0];
        BARRIER;
    }
}

// Takes from the forces on the nodes `first..first + count` what would move them off what they keep.
KERNEL(lock_forces, 256)(IN(float2) at, INOUT(float2) force, u32 locks, u32 first, u32 count) {
    for (u32 i = THREAD; i < count; i += THREADS) {
        u32 u = first + i;
        float2 p = at[u], f = force[u];
        if (locks & LOCK_R) {
            f32 square = p.x * p.x + p.y * p.y;
            // At the origin, and where x or y is kept too, there is nowhere to go.
            u32 can_turn = square > 0.0f && (locks & (LOCK_X | LOCK_Y)) == 0;
            f32 across = can_turn ? (f.y * p.x - f.x * p.y) / square : 0.0f;
            f = F2(-across * p.y, across * p.x);
        }
        force[u] = F2(locks & LOCK_X ? 0.0f : f.x, locks & LOCK_Y ? 0.0f : f.y);
    }
}

// Energy, swinging and traction of the nodes `first..first + count`: a partial sum a group.
KERNEL(measure, 256)(IN(float2) force, IN(float2) old, IN(f32) mass, IN(f32) mobility, u32 first,
                     u32 count, OUT(f32) sums) {
    LOCAL f32 shared[256];
    f32 values[SUMS] = {0.0f, 0.0f, 0.0f};
    for (u32 i = THREAD; i < count; i += THREADS) {
        u32 u = first + i;
        if (mobility[u] >= 0.0f) {
            float2 f = force[u], g = old[u];
            values[0] += f.x * f.x + f.y * f.y;
            values[1] += mass[u] * length_of(g.x - f.x, g.y - f.y);
            values[2] += mass[u] * 0.5f * length_of(g.x + f.x, g.y + f.y);
        }
    }
    sum_of_group(shared, values, SUMS, 0);
    if (LANE == 0) {
        for (u32 k = 0; k < SUMS; k++) {
            sums[SUMS * GROUP_ID + k] = values[k];
        }
    }
}

// The global speed for `n` nodes, from the sums of `count` groups; one group.
KERNEL(adapt_speed, 256)(IN(f32) sums, u32 count, u32 n, f32 tolerance, INOUT(f32) state) {
    LOCAL f32 shared[256];
    f32 values[SUMS] = {0.0f, 0.0f, 0.0f};
    for (u32 i = LANE; i < count; i += 256) {
        for (u32 k = 0; k < SUMS; k++) {
            values[k] += sums[SUMS * i + k];
        }
    }
    sum_of_group(shared, values, SUMS, 0);
    if (LANE == 0 && state[STOPPED] == 0.0f) {
        f32 swinging = values[1], traction = values[2];
        state[ENERGY] = values[0];
        state[SWINGING] = swinging;
        state[TRACTION] = traction;
        // Nothing swings when nothing moves, or when all turn by the same force as before.
        if (swinging > 0.0f && is_finite(swinging) && is_finite(traction)) {
            f32 speed = state[SPEED], efficiency = state[EFFICIENCY];
            f32 nodes = (f32)n;
            f32 estimate = 0.05f * SQRT(nodes);
            f32 jitter = tolerance
                * fmax(SQRT(estimate), fmin(estimate * (traction / nodes) / nodes, 10.0f));
            if (swinging > 2.0f * traction) {
                efficiency *= efficiency > 0.05f ? 0.5f : 1.0f;
                jitter = fmax(jitter, tolerance);
            }
            f32 target = jitter * efficiency * (traction / swinging);
            if (swinging > jitter * traction) {
                efficiency *= efficiency > 0.05f ? 0.7f : 1.0f;
            } else if (speed < 1000.0f) {
                efficiency *= 1.3f;
            }
            // It rises by at most a half, and from nothing it would never come back.
            speed += fmin(target - speed, 0.5f * speed);
            state[SPEED] = fmax(speed, 1e-6f);
            state[EFFICIENCY] = efficiency;
        }
    }
}

// Moves the nodes `first..first + count` along their forces, and remembers these.
KERNEL(move_nodes, 256)(INOUT(float2) at, IN(float2) force, INOUT(float2) old, IN(f32) mass,
                        IN(f32) mobility, IN(f32) state, u32 sized, u32 locks, u32 first,
                        u32 count, OUT(f32) ways) {
    LOCAL f32 shared[256];
    // Way, offset from the centroid in x and y, its square, nodes seen, longest way.
    f32 values[WAYS] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    f32 speed = state[SPEED];
    u32 moving = state[STOPPED] == 0.0f;
    f32 center_x = state[CENTER_X], center_y = state[CENTER_Y];
    for (u32 i = THREAD; i < count; i += THREADS) {
        u32 u = first + i;
        float2 p = at[u], f = force[u], g = old[u];
        f32 free = mobility[u];
        if (moving) {
            f32 way_x = 0.0f, way_y = 0.0f;
            if (free > 0.0f) {
                f32 swinging = mass[u] * length_of(g.x - f.x, g.y - f.y);
                f32 factor = speed / (1.0f + SQRT(speed * swinging));
                if (sized) {
                    f32 length = length_of(f.x, f.y);
                    factor = length > 0.0f ? fmin(0.1f * factor * length, 10.0f) / length : 0.0f;
                }
                way_x = f.x * factor * free;
                way_y = f.y * factor * free;
            }
            f32 way = length_of(way_x, way_y);
            // Weights near the end of f32 can overflow a force: such a node waits a step.
            if (is_finite(way)) {
                f32 radius = length_of(p.x, p.y);
                p = F2(p.x + way_x, p.y + way_y);
                // Straight on is outward, by little.
                if (locks & LOCK_R && way > 0.0f) {
                    f32 back = radius / length_of(p.x, p.y);
                    p = F2(p.x * back, p.y * back);
                }
                at[u] = p;
                values[0] += way;
                values[5] = fmax(values[5], way);
            }
            old[u] = f;
        }
        f32 dx = p.x - center_x, dy = p.y - center_y;
        values[1] += dx;
        values[2] += dy;
        values[3] += dx * dx + dy * dy;
        values[4] += 1.0f;
    }
    sum_of_group(shared, values, WAYS, 1);
    if (LANE == 0) {
        for (u32 k = 0; k < WAYS; k++) {
            ways[WAYS * GROUP_ID + k] = values[k];
        }
    }
}

// What the step did, from what `count` groups moved; one group. The layout stops at a mean way
// of less than `least` radii, if that is above 0.
KERNEL(report_step, 256)(IN(f32) ways, u32 count, u32 n, f32 least, INOUT(f32) state) {
    LOCAL f32 shared[256];
    f32 values[WAYS] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    for (u32 i = LANE; i < count; i += 256) {
        for (u32 k = 0; k + 1 < WAYS; k++) {
            values[k] += ways[WAYS * i + k];
        }
        values[5] = fmax(values[5], ways[WAYS * i + 5]);
    }
    sum_of_group(shared, values, WAYS, 1);
    if (LANE == 0 && state[STOPPED] == 0.0f) {
        f32 nodes = (f32)max(n, 1u);
        f32 mean_x = values[1] / nodes, mean_y = values[2] / nodes;
        f32 mean_way = values[0] / nodes;
        f32 radius = SQRT(fmax(values[3] / nodes - mean_x * mean_x - mean_y * mean_y, 0.0f));
        f32 share = radius > 0.0f ? mean_way / radius : 0.0f;
        f32 before = state[CONVERGENCE];
        f32 convergence = state[FRESH] != 0.0f ? share : before + (share - before) * 0.1f;
        f32 iteration = state[ITERATION] + 1.0f;
        state[MAX_WAY] = values[5];
        state[MEAN_WAY] = mean_way;
        state[RADIUS] = radius;
        state[CONVERGENCE] = convergence;
        state[ITERATION] = iteration;
        state[FRESH] = 0.0f;
        state[CENTER_X] += mean_x;
        state[CENTER_Y] += mean_y;
        if (iteration >= 10.0f && convergence < least) {
            state[STOPPED] = 1.0f;
        }
    }
}

// Positions on a grid of 65536 x 65536 over a box, as changes since the last time: x in the low
// half, y in the high one, both modulo 65536. `last` holds the places of the last time.
KERNEL(quantize, 256)(IN(float2) at, f32 low_x, f32 low_y, f32 scale, INOUT(u32) last,
                      OUT(u32) change, u32 n) {
    for (u32 u = THREAD; u < n; u += THREADS) {
        float2 p = at[u];
        u32 x = (u32)fmin(fmax(FMA(p.x - low_x, scale, 0.5f), 0.0f), 65535.0f);
        u32 y = (u32)fmin(fmax(FMA(p.y - low_y, scale, 0.5f), 0.0f), 65535.0f);
        u32 before = last[u];
        u32 dx = (x - before) & 0xffffu, dy = (y - (before >> 16)) & 0xffffu;
        change[u] = dx | dy << 16;
        last[u] = x | y << 16;
    }
}
