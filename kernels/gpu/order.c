// order: nodes along a Hilbert curve, so that neighbors in the plane are neighbors in rank.
// The curve has no jumps: any run of ranks covers one compact patch. Hilbert 1891,
// doi:10.1007/BF01199431.

FN float4 box_of_both(float4 a, float4 b) {
    return F4(fmin(a.x, b.x), fmin(a.y, b.y), fmax(a.z, b.z), fmax(a.w, b.w));
}

// The box around those of a group of 256.
FN float4 box_of_group(LOCAL_PTR(float4) shared, float4 box) {
    shared[LANE] = box;
    BARRIER;
    for (u32 stride = 128; stride > 0; stride /= 2) {
        if (LANE < stride) {
            shared[LANE] = box_of_both(shared[LANE], shared[LANE + stride]);
        }
        BARRIER;
    }
    return shared[0];
}

// Corners of the box around all positions: one partial result a group.
KERNEL(bounds_of_groups, 256)(IN(float2) at, OUT(float4) boxes, u32 n) {
    LOCAL float4 shared[256];
    float4 box = F4(1e38f, 1e38f, -1e38f, -1e38f);
    for (u32 u = THREAD; u < n; u += THREADS) {
        float2 p = at[u];
        box = F4(fmin(box.x, p.x), fmin(box.y, p.y), fmax(box.z, p.x), fmax(box.w, p.y));
    }
    box = box_of_group(shared, box);
    if (LANE == 0) {
        boxes[GROUP_ID] = box;
    }
}

// Joins the boxes of `count` groups into the first; one group.
KERNEL(bounds_of_all, 256)(INOUT(float4) boxes, u32 count) {
    LOCAL float4 shared[256];
    float4 box = F4(1e38f, 1e38f, -1e38f, -1e38f);
    for (u32 i = LANE; i < count; i += 256) {
        box = box_of_both(box, boxes[i]);
    }
    box = box_of_group(shared, box);
    if (LANE == 0) {
        boxes[0] = box;
    }
}

// Rank of a cell of the 65536 x 65536 grid along the curve.
FN u32 hilbert(u32 x, u32 y) {
    u32 key = 0;
    for (u32 bit = 1u << 15; bit > 0; bit >>= 1) {
        u32 right = (x & bit) != 0, up = (y & bit) != 0;
        key = key << 2 | ((3 * right) ^ up);
        // Each quarter of the curve is the whole, turned; only lower bits matter from here on.
        if (!up) {
            u32 flip = right ? ~0u : 0;
            u32 swapped = x ^ flip;
            x = y ^ flip;
            y = swapped;
        }
    }
    return key;
}

KERNEL(hilbert_keys, 256)(IN(float2) at, IN(float4) box, OUT(u32) keys, OUT(u32) nodes, u32 n) {
    float4 corners = box[0];
    f32 width = fmax(corners.z - corners.x, corners.w - corners.y);
    // A box that is a point gives the same key to all.
    f32 scale = width > 0.0f ? 65536.0f / width : 0.0f;
    for (u32 u = THREAD; u < n; u += THREADS) {
        float2 p = at[u];
        u32 x = min((u32)fmax((p.x - corners.x) * scale, 0.0f), 65535u);
        u32 y = min((u32)fmax((p.y - corners.y) * scale, 0.0f), 65535u);
        keys[u] = hilbert(x, y);
        nodes[u] = u;
    }
}

// Vectors of the nodes of ranks `first..first + count`, by rank.
KERNEL(pack_ranks, 256)(IN(u32) nodes, u32 first, u32 count, IN(float2) of_nodes,
                        OUT(float2) of_ranks) {
    for (u32 i = THREAD; i < count; i += THREADS) {
        of_ranks[i] = of_nodes[nodes[first + i]];
    }
}

// The way back.
KERNEL(unpack_ranks, 256)(IN(u32) nodes, u32 first, u32 count, IN(float2) of_ranks,
                          OUT(float2) of_nodes) {
    for (u32 i = THREAD; i < count; i += THREADS) {
        of_nodes[nodes[first + i]] = of_ranks[i];
    }
}
