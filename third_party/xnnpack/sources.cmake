# Written by select_sources.py: the XNNPACK sources that core/kernels reaches, by target.

set(XNNPACK_SOURCES_aarch64
    src/configs/hardware-config.c
    src/configs/unary-elementwise-config.c
    src/f32-vtanh/gen/f32-vtanh-neon-rational-9-8-div.c)

set(XNNPACK_SOURCES_wasm
    src/configs/hardware-config.c
    src/configs/unary-elementwise-config.c
    src/f32-vtanh/gen/f32-vtanh-wasmsimd-rational-9-8-div.c)

set(XNNPACK_SOURCES_wasm_relaxed
    src/configs/hardware-config.c
    src/configs/unary-elementwise-config.c
    src/f32-vtanh/gen/f32-vtanh-wasmsimd-rational-9-8-div.c)

set(XNNPACK_SOURCES_x86_64
    src/configs/hardware-config.c
    src/configs/unary-elementwise-config.c
    src/f32-vtanh/gen/f32-vtanh-avx-rational-9-8-div.c
    src/f32-vtanh/gen/f32-vtanh-avx512f-rational-9-8-nr.c
    src/f32-vtanh/gen/f32-vtanh-fma3-rational-9-8-div.c
    src/f32-vtanh/gen/f32-vtanh-sse2-rational-9-8-div.c)
