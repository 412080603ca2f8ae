// What XNNPACK asks the cpuinfo library, answered by the compiler (x86) or the kernel (aarch64), which spares a dependency.
//
// Vendors' core types stay unknown: they would only choose between kernels of the same instruction set.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool cpuinfo_initialize(void) { return true; }

enum cpuinfo_uarch {
  cpuinfo_uarch_unknown = 0,
  cpuinfo_uarch_dhyana,
  cpuinfo_uarch_zen,
  cpuinfo_uarch_zen4,
};

struct cpuinfo_core {
  enum cpuinfo_uarch uarch;
};

static inline const struct cpuinfo_core* cpuinfo_get_core(uint32_t index) {
  static const struct cpuinfo_core core = {cpuinfo_uarch_unknown};
  (void)index;
  return &core;
}

#define LATFORMER_CPU_HAS(name, answer) \
  static inline bool cpuinfo_has_##name(void) { return answer; }

#if defined(__x86_64__)

LATFORMER_CPU_HAS(x86_ssse3, __builtin_cpu_supports("ssse3"))
LATFORMER_CPU_HAS(x86_sse4_1, __builtin_cpu_supports("sse4.1"))
LATFORMER_CPU_HAS(x86_avx, __builtin_cpu_supports("avx"))
LATFORMER_CPU_HAS(x86_f16c, __builtin_cpu_supports("f16c"))
LATFORMER_CPU_HAS(x86_fma3, __builtin_cpu_supports("fma"))
LATFORMER_CPU_HAS(x86_avx2, __builtin_cpu_supports("avx2"))
LATFORMER_CPU_HAS(x86_avxvnni, __builtin_cpu_supports("avxvnni"))
LATFORMER_CPU_HAS(x86_avx512f, __builtin_cpu_supports("avx512f"))
LATFORMER_CPU_HAS(x86_avx512bw, __builtin_cpu_supports("avx512bw"))
LATFORMER_CPU_HAS(x86_avx512dq, __builtin_cpu_supports("avx512dq"))
LATFORMER_CPU_HAS(x86_avx512vl, __builtin_cpu_supports("avx512vl"))
LATFORMER_CPU_HAS(x86_avx512vnni, __builtin_cpu_supports("avx512vnni"))

#elif defined(__aarch64__)

#if defined(__linux__)
#include <sys/auxv.h>
LATFORMER_CPU_HAS(arm_neon_dot, (getauxval(AT_HWCAP) >> 20) & 1)  // HWCAP_ASIMDDP
#else
LATFORMER_CPU_HAS(arm_neon_dot, true)  // every Apple processor that runs macOS on Arm
#endif

// Part of every 64-bit Arm processor.
LATFORMER_CPU_HAS(arm_vfpv3, true)
LATFORMER_CPU_HAS(arm_neon, true)
LATFORMER_CPU_HAS(arm_neon_fp16, true)
LATFORMER_CPU_HAS(arm_neon_fma, true)
LATFORMER_CPU_HAS(arm_neon_v8, true)

// Not used: their kernels are not built.
LATFORMER_CPU_HAS(arm_fp16_arith, false)
LATFORMER_CPU_HAS(arm_neon_fp16_arith, false)
LATFORMER_CPU_HAS(arm_neon_bf16, false)
LATFORMER_CPU_HAS(arm_i8mm, false)
LATFORMER_CPU_HAS(arm_sve, false)
LATFORMER_CPU_HAS(arm_sve2, false)
LATFORMER_CPU_HAS(arm_sme, false)
LATFORMER_CPU_HAS(arm_sme2, false)

#endif

#undef LATFORMER_CPU_HAS
