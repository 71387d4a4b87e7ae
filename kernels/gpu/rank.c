// rank: what each node does in an iteration of PageRank, besides gathering.

#define GROUP 256

// rank[u] becomes damping * gathered[u] + anew * start[u]; given[u] is what u gives along a unit of
// weight. moved[g], stuck[g]: how much ranks of group g changed, and those of its nodes that give
// nothing. Without `has_start` walks start at all nodes alike: `anew` then is of each.
KERNEL(rank_step, GROUP)
(IN(f32) gathered, IN(f32) per_weight, IN(f32) start, INOUT(f32) rank, OUT(f32) given,
 OUT(f32) moved, OUT(f32) stuck, u32 n, f32 damping, f32 anew, u32 has_start) {
    LOCAL f32 shared_moved[GROUP];
    LOCAL f32 shared_stuck[GROUP];
    f32 own_moved = 0.0f;
    f32 own_stuck = 0.0f;
    for (u32 u = THREAD; u < n; u += THREADS) {
        f32 next = damping * gathered[u] + anew * (has_start ? start[u] : 1.0f);
        own_moved += fabs(next - rank[u]);
        own_stuck += per_weight[u] == 0.0f ? next : 0.0f;
        rank[u] = next;
        given[u] = next * per_weight[u];
    }
    shared_moved[LANE] = own_moved;
    shared_stuck[LANE] = own_stuck;
    BARRIER;
    for (u32 stride = GROUP / 2; stride > 0; stride /= 2) {
        if (LANE < stride) {
            shared_moved[LANE] += shared_moved[LANE + stride];
            shared_stuck[LANE] += shared_stuck[LANE + stride];
        }
        BARRIER;
    }
    if (LANE == 0) {
        moved[GROUP_ID] = shared_moved[0];
        stuck[GROUP_ID] = shared_stuck[0];
    }
}
