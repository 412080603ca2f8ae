// Dropout by a counter: y_i = x_i m_i, m_i = 0 with probability p, else 1 / (1 - p).
//
//   m_i follows from the key and i alone, by a hash of 32 bits (Wellons' lowbias32), so that all of m is made at once
//   by SIMD: LibTorch's own draws one number after the other, which takes a sixth of a step.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace latformer::train {

// x of float32 or bfloat16, 0 <= p < 1. Another key gives other zeros. On other devices than the CPU it is LibTorch's,
// which draws from torch::manual_seed.
torch::Tensor dropout(const torch::Tensor& x, double p, uint64_t key);

}  // namespace latformer::train
