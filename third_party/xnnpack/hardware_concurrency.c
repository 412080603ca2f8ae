// XNNPACK's gemm-config.c would ask JavaScript for this, in the binary without relaxed SIMD alone; answered here, so that
// all binaries ask the same of their JavaScript and can share it. More than 4 would mean a processor with AVX.
int hardware_concurrency(void);
int hardware_concurrency(void) { return 8; }
