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
#define ATOMIC_ADD(P, V) atomic_add((volatile __global u32 *)(P), (u32)(V))

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
#define ATOMIC_ADD(P, V) atomicAdd((P), (u32)(V))

#define BALLOT(WORD, YES) __ballot_sync(0xffffffffu, (YES))

// OpenCL has these as built-ins for every type.
FN u32 min(u32 a, u32 b) { return a < b ? a : b; }
FN u32 max(u32 a, u32 b) { return a > b ? a : b; }
#define fmin fminf
#define fmax fmaxf
#define fabs fabsf

#endif
