// The dialect that every kernel is written in: OpenCL C 1.2 and CUDA C++ at once.
// The host puts this text in front of each family's source.
//
// Rules that keep both compilers content:
// - a pointer says where it points: IN, OUT and INOUT for arguments, GLOBAL elsewhere, and
//   LOCAL_PTR for LOCAL arrays given to a function;
// - LOCAL arrays are declared at the outermost level of a kernel, without initializer;
// - arguments are u32, i32, f32, u64 or pointers; vectors are built by F2 and F4, never swizzled;
// - DENSE_KERNEL has a third number: groups that a multiprocessor should hold, for the compiler;
// - no return before a BARRIER, and every thread of a group reaches it;
// - a literal has its suffix: 1.0 would be double precision.
#ifdef __OPENCL_VERSION__

typedef uchar u8;
typedef ushort u16;
typedef uint u32;
typedef int i32;
typedef ulong u64;
typedef float f32;

#define KERNEL(NAME, GROUP) __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void NAME
#define DENSE_KERNEL(NAME, GROUP, UNIT) KERNEL(NAME, GROUP)
#define FN static inline
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_PTR(T) __local T *
#define TABLE __constant
#define IN(T) __global const T *restrict
#define OUT(T) __global T *restrict
#define INOUT(T) __global T *
#define LANE ((u32)get_local_id(0))
#define GROUP_ID ((u32)get_group_id(0))
#define GROUPS ((u32)get_num_groups(0))
#define THREAD ((u32)get_global_id(0))
#define THREADS ((u32)get_global_size(0))
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)
#define UNROLL(N) __attribute__((opencl_unroll_hint(N)))
// Keeps the compiler from holding what the word X was made of beside X.
#define ONE_WORD(X)

#define F2(X, Y) ((float2)((X), (Y)))
#define F4(X, Y, Z, W) ((float4)((X), (Y), (Z), (W)))
// Reciprocal to about 1e-7: where a force is summed of many.
#define RECIPROCAL(X) native_recip(X)
#define BITS(X) as_uint(X)
#define FLOAT(X) as_float(X)
#define POPCOUNT(X) popcount((u32)(X))
#define LEADING_ZEROS(X) clz((u32)(X))
#define LOG1P(X) log1p(X)
#define SQRT(X) sqrt(X)
#define FMA(A, B, C) fma((A), (B), (C))
#define ATOMIC_ADD_LOCAL(P, V) atomic_add((volatile __local u32 *)(P), (u32)(V))
#define ATOMIC_OR_LOCAL(P, V) atomic_or((volatile __local u32 *)(P), (u32)(V))
#define ATOMIC_ADD(P, V) atomic_add((volatile __global u32 *)(P), (u32)(V))
#define ATOMIC_MIN(P, V) atomic_min((volatile __global u32 *)(P), (u32)(V))
#define ATOMIC_OR(P, V) atomic_or((volatile __global u32 *)(P), (u32)(V))
#define ATOMIC_CAS(P, OLD, NEW) atomic_cmpxchg((volatile __global u32 *)(P), (u32)(OLD), (u32)(NEW))
// What others change by atomics at the same time: an old or a new value, never a mixture. A
// simulator that looks for races takes any plain read for one.
#ifdef SIMULATED
#define RELAXED(P) atomic_or((volatile __global u32 *)(P), 0u)
#else
#define RELAXED(P) (*(volatile __global u32 *)(P))
#endif
#define MUL_HIGH_U64(A, B) mul_hi((u64)(A), (u64)(B))
#define LEADING_ZEROS_U64(X) ((u32)clz((u64)(X)))

// BALLOT: which lanes of a group of 32 say yes, as bits. WORD is a LOCAL u32 of its own.
FN u32 ballot(LOCAL_PTR(u32) word, u32 lane, u32 yes) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (lane == 0) {
        word[0] = 0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (yes) {
        atomic_or((volatile __local u32 *)word, 1u << lane);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return word[0];
}
#define BALLOT(WORD, YES) ballot((WORD), LANE, (YES))

#else

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int i32;
typedef unsigned long long u64;
typedef float f32;

#define KERNEL(NAME, GROUP) extern "C" __global__ void __launch_bounds__(GROUP) NAME
#define DENSE_KERNEL(NAME, GROUP, UNIT) extern "C" __global__ void __launch_bounds__(GROUP, UNIT) NAME
#define FN static __device__ __forceinline__
#define GLOBAL
#define LOCAL __shared__
#define LOCAL_PTR(T) T *
#define TABLE __constant__
#define IN(T) const T *__restrict__
#define OUT(T) T *__restrict__
#define INOUT(T) T *
#define LANE ((u32)threadIdx.x)
#define GROUP_ID ((u32)blockIdx.x)
#define GROUPS ((u32)gridDim.x)
#define THREAD ((u32)(blockIdx.x * blockDim.x + threadIdx.x))
#define THREADS ((u32)(gridDim.x * blockDim.x))
#define BARRIER __syncthreads()
#define PRAGMA(X) _Pragma(#X)
#define UNROLL(N) PRAGMA(unroll N)
#define ONE_WORD(X) asm volatile("" : "+r"(X))

#define F2(X, Y) make_float2((X), (Y))
#define F4(X, Y, Z, W) make_float4((X), (Y), (Z), (W))
FN f32 approximate_reciprocal(f32 x) {
    f32 y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
#define RECIPROCAL(X) approximate_reciprocal(X)
#define BITS(X) __float_as_uint(X)
#define FLOAT(X) __uint_as_float(X)
#define POPCOUNT(X) ((u32)__popc((u32)(X)))
#define LEADING_ZEROS(X) ((u32)__clz((i32)(X)))
#define LOG1P(X) log1pf(X)
#define SQRT(X) sqrtf(X)
#define FMA(A, B, C) fmaf((A), (B), (C))
#define ATOMIC_ADD_LOCAL(P, V) atomicAdd((P), (u32)(V))
#define ATOMIC_OR_LOCAL(P, V) atomicOr((P), (u32)(V))
#define ATOMIC_ADD(P, V) atomicAdd((P), (u32)(V))
#define ATOMIC_MIN(P, V) atomicMin((P), (u32)(V))
#define ATOMIC_OR(P, V) atomicOr((P), (u32)(V))
#define ATOMIC_CAS(P, OLD, NEW) atomicCAS((P), (u32)(OLD), (u32)(NEW))
#define RELAXED(P) (*(volatile u32 *)(P))
#define MUL_HIGH_U64(A, B) __umul64hi((A), (B))
#define LEADING_ZEROS_U64(X) ((u32)__clzll((long long)(X)))

#define BALLOT(WORD, YES) __ballot_sync(0xffffffffu, (YES))

// OpenCL has these as built-ins for every type.
FN u32 min(u32 a, u32 b) { return a < b ? a : b; }
FN u32 max(u32 a, u32 b) { return a > b ? a : b; }
#define fmin fminf
#define fmax fmaxf
#define fabs fabsf

#endif

// Numbers in double precision, as their bits, computed in integers: devices without such a unit, or
// with a slow one, give the same bits as the processor. Rounded to nearest, ties to even; what is
// not a number is F64_NAN.
#define F64_SIGN 0x8000000000000000ul
#define F64_INFINITY 0x7ff0000000000000ul
#define F64_NAN 0x7ff8000000000000ul
#define F64_FRACTION 0x000ffffffffffffful

// sig * 2^exponent, rounded; the lowest bit of sig may stand for all that is behind it.
FN u64 f64_pack(u64 sign, i32 exponent, u64 sig) {
    if (sig == 0) {
        return sign;
    }
    u32 zeros = LEADING_ZEROS_U64(sig);
    sig <<= zeros;
    i32 biased = exponent - (i32)zeros + 1086;
    if (biased >= 2047) {
        return sign | F64_INFINITY;
    }
    // Below the normal numbers more bits are lost.
    u32 drop = biased > 0 ? 11u : (u32)(12 - biased);
    if (drop > 64) {
        return sign;
    }
    u64 kept = drop == 64 ? 0 : sig >> drop;
    u64 rest = sig << (64 - drop);
    // The leading bit of kept adds one to the exponent; rounding may carry into it.
    u64 bits = kept + (biased > 0 ? (u64)(biased - 1) << 52 : 0);
    return sign | (bits + (rest > F64_SIGN || (rest == F64_SIGN && (kept & 1))));
}

FN u64 f64_significand(u64 x) {
    u64 fraction = x & F64_FRACTION;
    return (x & F64_INFINITY) == 0 ? fraction : fraction | (1ul << 52);
}

// The number is its significand * 2^exponent.
FN i32 f64_exponent(u64 x) {
    i32 field = (i32)(x >> 52 & 2047);
    return (field == 0 ? 1 : field) - 1075;
}

FN u64 f64_add(u64 x, u64 y) {
    if ((x & ~F64_SIGN) < (y & ~F64_SIGN)) {
        u64 swap = x;
        x = y;
        y = swap;
    }
    u64 sign = x & F64_SIGN;
    u64 differ = (x ^ y) & F64_SIGN;
    u64 size = x & ~F64_SIGN;
    if (size >= F64_INFINITY) {
        u32 is_nan = size > F64_INFINITY || (size == (y & ~F64_SIGN) && differ);
        return is_nan ? F64_NAN : x;
    }
    i32 exponent = f64_exponent(x);
    u32 apart = (u32)(exponent - f64_exponent(y));
    u64 large = f64_significand(x) << 10;
    u64 small = f64_significand(y) << 10;
    if (apart >= 64) {
        small = small != 0;
    } else if (apart > 0) {
        small = small >> apart | ((small << (64 - apart)) != 0);
    }
    u64 sum = differ ? large - small : large + small;
    if (sum == 0) {
        return differ ? 0 : sign;
    }
    return f64_pack(sign, exponent - 10, sum);
}

FN u64 f64_multiply(u64 x, u64 y) {
    u64 sign = (x ^ y) & F64_SIGN;
    x &= ~F64_SIGN;
    y &= ~F64_SIGN;
    if (x >= F64_INFINITY || y >= F64_INFINITY) {
        u32 is_nan = x > F64_INFINITY || y > F64_INFINITY || x == 0 || y == 0;
        return is_nan ? F64_NAN : sign | F64_INFINITY;
    }
    u64 a = f64_significand(x);
    u64 b = f64_significand(y);
    if (a == 0 || b == 0) {
        return sign;
    }
    u32 left_a = LEADING_ZEROS_U64(a);
    u32 left_b = LEADING_ZEROS_U64(b);
    a <<= left_a;
    b <<= left_b;
    i32 exponent = f64_exponent(x) + f64_exponent(y) - (i32)(left_a + left_b) + 64;
    return f64_pack(sign, exponent, MUL_HIGH_U64(a, b) | (a * b != 0));
}

FN u64 f64_divide(u64 x, u64 y) {
    u64 sign = (x ^ y) & F64_SIGN;
    x &= ~F64_SIGN;
    y &= ~F64_SIGN;
    if (x > F64_INFINITY || y > F64_INFINITY || (x == y && (x == 0 || x == F64_INFINITY))) {
        return F64_NAN;
    }
    if (x == F64_INFINITY || y == 0) {
        return sign | F64_INFINITY;
    }
    if (x == 0 || y == F64_INFINITY) {
        return sign;
    }
    u64 a = f64_significand(x);
    u64 b = f64_significand(y);
    u32 left_a = LEADING_ZEROS_U64(a) - 1;
    u32 left_b = LEADING_ZEROS_U64(b) - 1;
    a <<= left_a;
    b <<= left_b;
    u64 quotient = 0;
    UNROLL(2)
    for (u32 bit = 0; bit < 62; bit++) {
        u32 fits = a >= b;
        quotient = quotient << 1 | fits;
        a = (fits ? a - b : a) << 1;
    }
    i32 exponent = f64_exponent(x) - f64_exponent(y) - (i32)left_a + (i32)left_b - 61;
    return f64_pack(sign, exponent, quotient | (a != 0));
}

// A signed integer without its sign. A choice instead would become an instruction that the
// simulator does not know.
FN u64 magnitude_u64(u64 x) {
    u64 minus = x >> 63;
    return (x ^ (0 - minus)) + minus;
}

// Of a signed integer in 64 bits.
FN u64 f64_from_integer(u64 x) { return f64_pack(x & F64_SIGN, 0, magnitude_u64(x)); }

// Exact.
FN u64 f64_from_f32(u32 x) {
    u64 sign = (u64)(x & 0x80000000u) << 32;
    u32 field = x >> 23 & 255u;
    u64 fraction = x & 0x7fffffu;
    if (field == 255) {
        return fraction ? F64_NAN : sign | F64_INFINITY;
    }
    return f64_pack(sign, (i32)(field ? field : 1) - 150, field ? fraction | 0x800000u : fraction);
}

// Unsigned keys that ascend as numbers do; zeros are equal, and what is not a number is equal to
// itself and greater than all others.
FN u64 f64_key(u64 x) {
    u64 size = x & ~F64_SIGN;
    x = size > F64_INFINITY ? F64_NAN : size == 0 ? 0 : x;
    return x >> 63 ? ~x : x | F64_SIGN;
}

FN u64 f64_from_key(u64 key) {
    return key >> 63 ? key & ~F64_SIGN : ~key;
}

FN u32 f32_key(u32 x) {
    u32 size = x & 0x7fffffffu;
    x = size > 0x7f800000u ? 0x7fc00000u : size == 0 ? 0 : x;
    return x >> 31 ? ~x : x | 0x80000000u;
}

FN u32 f32_from_key(u32 key) {
    return key >> 31 ? key & 0x7fffffffu : ~key;
}
