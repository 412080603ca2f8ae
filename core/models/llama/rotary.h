// Rotary positions: the cosines and sines by which pairs of a head's values turn (kernels::rotate).
//
//   f_j = theta^(-2j / head_size), j < head_size / 2           angle of pair j at position p:  p f_j
//   linear: f_j / factor
//   llama3: with w = 2 pi / f_j the wavelength and o = original_max_positions,
//           f_j                     if w < o / high_freq_factor
//           f_j / factor            if w > o / low_freq_factor
//           (1 - s) f_j / factor + s f_j,  s = (o / w - low) / (high - low),  between
//
// In f32 where transformers' are, so that far positions turn by the same angles.
#pragma once

#include <cstdint>

#include "core/base/buffer.h"
#include "core/base/status.h"

namespace latformer {

struct RotaryScaling {
  enum class Kind { none, linear, llama3 };
  Kind kind = Kind::none;
  double theta = 10000;
  double factor = 1;
  double low_freq_factor = 1, high_freq_factor = 4, original_max_positions = 8192;  // llama3
};

class Rotary {
 public:
  // Errors: out_of_memory.
  static Result<Rotary> create(const RotaryScaling& scaling, uint32_t head_size);
  // Tables for positions below `positions`, at least. Errors: out_of_memory.
  Status reserve(uint32_t positions);

  uint32_t half() const { return half_; }
  const float* cosines() const { return cosines_.data(); }  // (positions, half)
  const float* sines() const { return sines_.data(); }

 private:
  uint32_t half_ = 0, positions_ = 0;
  Buffer<float> frequencies_;  // (half)
  Buffer<float> cosines_, sines_;
};

}  // namespace latformer
