// Two of XNNPACK's wasm kernels include <arm_neon.h> although they use wasm intrinsics only.
#include <wasm_simd128.h>
