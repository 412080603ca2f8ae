#include "core/train/modules/dropout.h"

#include <ATen/Parallel.h>

#include "core/train/modules/torch.h"
// One copy for each instruction set, the best of which is chosen when the program is loaded.
#if defined(__x86_64__) && defined(__gnu_linux__)
#define LATFORMER_FOR_EACH_ISA [[gnu::target_clones("avx512f", "avx2", "default")]]
#else
#define LATFORMER_FOR_EACH_ISA
#endif

namespace latformer::train {
namespace {

struct Rule {
  uint32_t low, high;  // of the key
  uint32_t limit;      // hashes below it are zeros
};

template <typename Bits>
[[gnu::always_inline]] inline void fill_any(const Rule& rule, int64_t first, int64_t last, Bits kept, Bits* mask) {
  const uint32_t low = rule.low, high = rule.high, limit = rule.limit;
  for (int64_t i = first; i < last; ++i) {
    uint32_t h = static_cast<uint32_t>(i) * 0x9e3779b9U + low;
    h = (h ^ (h >> 16)) * 0x7feb352dU + high;
    h = (h ^ (h >> 15)) * 0x846ca68bU;
    h ^= h >> 16;
    mask[i] = h < limit ? Bits{0} : kept;
  }
}

LATFORMER_FOR_EACH_ISA void fill(const Rule& rule, int64_t first, int64_t last, float kept, float* mask) {
  fill_any(rule, first, last, kept, mask);
}

LATFORMER_FOR_EACH_ISA void fill(const Rule& rule, int64_t first, int64_t last, uint16_t kept, uint16_t* mask) {
  fill_any(rule, first, last, kept, mask);
}

}  // namespace

torch::Tensor dropout(const torch::Tensor& x, double p, uint64_t key) {
  if (!x.device().is_cpu()) return torch::dropout(x, p, /*train=*/true);
  constexpr int64_t kGrain = 1 << 15;  // at least so many for a thread
  const Rule rule{.low = static_cast<uint32_t>(key),
                  .high = static_cast<uint32_t>(key >> 32),
                  .limit = static_cast<uint32_t>(p * 0x1p32)};
  torch::Tensor mask = torch::empty(x.sizes(), x.options().requires_grad(false));
  const auto kept = static_cast<float>(1 / (1 - p));
  at::parallel_for(0, mask.numel(), kGrain, [&](int64_t first, int64_t last) {
    if (mask.scalar_type() == torch::kFloat) {
      fill(rule, first, last, kept, mask.data_ptr<float>());
    } else {
      fill(rule, first, last, at::BFloat16(kept).x, reinterpret_cast<uint16_t*>(mask.data_ptr<at::BFloat16>()));
    }
  });
  return x * mask;
}

}  // namespace latformer::train
