// Which micro-kernels this processor can run.
#include "core/kernels/micro/instruction_sets.h"

#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace latformer::kernels {
namespace {

// Whether the processor has the 8-bit dot product in vectors of AVX2, for which not every compiler has a name.
[[maybe_unused]] bool has_avx_vnni() {
#if defined(__x86_64__)
  constexpr unsigned kAvxVnni = 1U << 4;
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & kAvxVnni) != 0;
#else
  return false;
#endif
}

// Whether the processor has AMX with products of 8 bits, and the system lets this process use it, which it has to be
// asked for (https://docs.kernel.org/arch/x86/xstate.html): a signal's frame grows by the tiles.
[[maybe_unused]] bool amx_is_permitted() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr unsigned kTileAndInt8 = 3U << 24;
  unsigned eax, ebx, ecx, edx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (edx & kTileAndInt8) != kTileAndInt8) return false;
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

// The fastest, natively the fastest whose name begins as LATFORMER_KERNELS says: to measure what other machines run.
const MicroKernels* wanted_of(const std::vector<const MicroKernels*>& tables) {
#if !defined(__EMSCRIPTEN__)
  const char* wanted = std::getenv("LATFORMER_KERNELS");
  for (size_t i = tables.size(); wanted != nullptr && i-- > 0;) {
    if (tables[i]->name.starts_with(wanted)) return tables[i];
  }
#endif
  return tables.back();
}

}  // namespace

std::vector<const MicroKernels*> available_micro_kernels() {
  std::vector<const MicroKernels*> tables = {&kScalarKernels, &kBaselineKernels};
#if defined(__wasm_relaxed_simd__)
  tables.insert(pair_kernels_are_faster() ? tables.end() : tables.end() - 1, &kPairKernels);
#elif defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    tables.push_back(&kAvx2Kernels);
    if (has_avx_vnni()) tables.push_back(&kAvxVnniKernels);
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni")) {
    tables.push_back(&kAvx512Kernels);
    if (amx_is_permitted()) tables.push_back(&kAmxKernels);
  }
#endif
  return tables;
}

const MicroKernels& micro_kernels() {
  static const MicroKernels& chosen = *wanted_of(available_micro_kernels());
  return chosen;
}

}  // namespace latformer::kernels
