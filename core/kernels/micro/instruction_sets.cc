// Which micro-kernels this processor can run.
#include "core/kernels/micro/instruction_sets.h"

#include <cstdlib>
#include <string>
#include <utility>

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

// Names the table that is to run by how its name begins, to measure what other machines run; null or empty: the
// fastest.
const char* choice() {
#if defined(__EMSCRIPTEN__)
  return nullptr;
#else
  const char* name = std::getenv("LATFORMER_KERNELS");
  return name != nullptr && *name != '\0' ? name : nullptr;
#endif
}

// The fastest of those that `name` may mean; null if it means none.
const MicroKernels* fastest_of(const std::vector<const MicroKernels*>& tables, std::string_view name) {
  for (size_t i = tables.size(); i-- > 0;) {
    if (tables[i]->name.starts_with(name)) return tables[i];
  }
  return nullptr;
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
  static const MicroKernels& chosen = []() -> const MicroKernels& {
    const auto tables = available_micro_kernels();
    const char* name = choice();
    const MicroKernels* named = name != nullptr ? fastest_of(tables, name) : nullptr;
    return named != nullptr ? *named : *tables.back();
  }();
  return chosen;
}

Status check_choice() {
  const char* name = choice();
  const auto tables = available_micro_kernels();
  if (name == nullptr || fastest_of(tables, name) != nullptr) return {};
  std::string message = "LATFORMER_KERNELS: this processor can run no \"" + std::string(name) + "\", but";
  for (const MicroKernels* table : tables) {
    message += (table == tables.front() ? " " : ", ") + std::string(table->name.substr(0, table->name.find(" (")));
  }
  return invalid_argument(std::move(message));
}

}  // namespace latformer::kernels
