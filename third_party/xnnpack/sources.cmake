# The XNNPACK sources that are used, by target: what core/kernels/micro/xnnpack.cc names, and in XNNPACK_BENCH_SOURCES what
# bench/xnnpack.cc does. A micro-kernel needs no other file.

set(XNNPACK_SOURCES_aarch64
    src/f32-raddstoreexpminusmax/gen/f32-raddstoreexpminusmax-neonfma-rr1-p5-u16-acc2.c
    src/f32-rminmax/gen/f32-rmax-neon-u16-acc4.c
    src/f32-vbinary/gen/f32-vmulc-neon-u8.c
    src/f32-vtanh/gen/f32-vtanh-neon-rational-9-8-div.c)

set(XNNPACK_SOURCES_wasm
    src/f32-raddstoreexpminusmax/gen/f32-raddstoreexpminusmax-wasmsimd-rr2-p5-u16-acc2.c
    src/f32-rminmax/gen/f32-rmax-wasmsimd-pminmax-u16-acc4.c
    src/f32-vbinary/gen/f32-vmulc-wasmsimd-u16.c
    src/f32-vtanh/gen/f32-vtanh-wasmsimd-rational-9-8-div.c)

set(XNNPACK_BENCH_SOURCES_wasm
    src/f32-gemm/gen/f32-gemm-1x8-wasmsimd-loadsplat.c
    src/f32-gemm/gen/f32-gemm-3x8-wasmsimd-loadsplat.c
    src/f32-gemm/gen/f32-gemm-4x8-wasmsimd-loadsplat.c
    src/f32-vgelu/gen/f32-vgelu-wasmsimd-rational-12-10-div.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x4c2s4-minmax-wasmsimd-dot16x2-ld128.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x4c2s4-minmax-wasmsimd-dot16x2-ld128.c)

set(XNNPACK_SOURCES_wasm_relaxed
    src/f32-raddstoreexpminusmax/gen/f32-raddstoreexpminusmax-wasmrelaxedsimd-rr2-p5-u16-acc2.c
    src/f32-rminmax/gen/f32-rmax-wasmsimd-pminmax-u16-acc4.c
    src/f32-vbinary/gen/f32-vmulc-wasmsimd-u16.c
    src/f32-vtanh/gen/f32-vtanh-wasmsimd-rational-9-8-div.c)

set(XNNPACK_BENCH_SOURCES_wasm_relaxed
    src/f32-gemm/gen/f32-gemm-1x8-wasmrelaxedsimd-fma-loadsplat.c
    src/f32-gemm/gen/f32-gemm-3x8-wasmrelaxedsimd-fma-loadsplat.c
    src/f32-gemm/gen/f32-gemm-4x8-wasmrelaxedsimd-fma-loadsplat.c
    src/f32-gemm/gen/f32-gemm-5x8-wasmrelaxedsimd-fma-loadsplat.c
    src/f32-gemm/gen/f32-gemm-6x8-wasmrelaxedsimd-fma-loadsplat.c
    src/f32-vgelu/gen/f32-vgelu-wasmsimd-rational-12-10-div.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x4c2s4-minmax-wasmsimd-dot16x2-ld128.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-wasmusdot-u2.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x4c2s4-minmax-wasmsimd-dot16x2-ld128.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x8c8-minmax-wasmusdot-u2.c)

set(XNNPACK_SOURCES_x86_64
    src/f32-raddstoreexpminusmax/gen/f32-raddstoreexpminusmax-avx2-rr2-p5-u32-acc2.c
    src/f32-raddstoreexpminusmax/gen/f32-raddstoreexpminusmax-avx512f-rr2-p5-u64-acc2.c
    src/f32-raddstoreexpminusmax/gen/f32-raddstoreexpminusmax-sse2-rr2-p5-u16-acc2.c
    src/f32-rminmax/gen/f32-rmax-avx-u32-acc4.c
    src/f32-rminmax/gen/f32-rmax-avx512f-u64-acc4.c
    src/f32-rminmax/gen/f32-rmax-sse-u16-acc4.c
    src/f32-vbinary/gen/f32-vmulc-avx-u16.c
    src/f32-vbinary/gen/f32-vmulc-avx512f-u32.c
    src/f32-vbinary/gen/f32-vmulc-sse-u8.c
    src/f32-vtanh/gen/f32-vtanh-avx512f-rational-9-8-nr.c
    src/f32-vtanh/gen/f32-vtanh-fma3-rational-9-8-div.c
    src/f32-vtanh/gen/f32-vtanh-sse2-rational-9-8-div.c)

set(XNNPACK_BENCH_SOURCES_x86_64
    src/f32-gemm/gen/f32-gemm-1x16-minmax-fma3-broadcast.c
    src/f32-gemm/gen/f32-gemm-1x32-minmax-avx512f-broadcast.c
    src/f32-gemm/gen/f32-gemm-3x16-minmax-fma3-broadcast.c
    src/f32-gemm/gen/f32-gemm-4x16-minmax-fma3-broadcast.c
    src/f32-gemm/gen/f32-gemm-4x32-minmax-avx512f-broadcast.c
    src/f32-gemm/gen/f32-gemm-5x16-minmax-fma3-broadcast.c
    src/f32-gemm/gen/f32-gemm-5x32-minmax-avx512f-broadcast.c
    src/f32-gemm/gen/f32-gemm-6x16-minmax-fma3-broadcast.c
    src/f32-gemm/gen/f32-gemm-6x32-minmax-avx512f-broadcast.c
    src/f32-gemm/gen/f32-gemm-7x32-minmax-avx512f-broadcast.c
    src/f32-gemm/gen/f32-gemm-8x32-minmax-avx512f-broadcast.c
    src/f32-vgelu/gen/f32-vgelu-avx512f-rational-12-10-nr.c
    src/f32-vgelu/gen/f32-vgelu-fma3-rational-12-10-div.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-10x16c8-minmax-avx512vnni-prfm.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x16c8-minmax-avx512vnni-prfm.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-1x8c8-minmax-avx2.c
    src/qd8-f32-qc8w-gemm/gen/qd8-f32-qc8w-gemm-4x8c8-minmax-avx2.c)
