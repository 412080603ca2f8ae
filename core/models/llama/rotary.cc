#include "core/models/llama/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace latformer {
namespace {

double scaled(const RotaryScaling& scaling, double frequency) {
  if (scaling.kind == RotaryScaling::Kind::none) return frequency;
  if (scaling.kind == RotaryScaling::Kind::linear) return frequency / scaling.factor;
  const double wavelength = 2 * std::numbers::pi / frequency;
  const double original = scaling.original_max_positions;
  if (wavelength < original / scaling.high_freq_factor) return frequency;
  if (wavelength > original / scaling.low_freq_factor) return frequency / scaling.factor;
  const double smooth =
      (original / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return (1 - smooth) * frequency / scaling.factor + smooth * frequency;
}

}  // namespace

Result<Rotary> Rotary::create(const RotaryScaling& scaling, uint32_t head_size) {
  Rotary rotary;
  rotary.half_ = head_size / 2;
  LATFORMER_TRY(rotary.frequencies_.reserve(rotary.half_));
  for (uint32_t j = 0; j < rotary.half_; ++j) {
    const auto frequency = static_cast<float>(std::pow(scaling.theta, -2.0 * j / head_size));
    rotary.frequencies_[j] = static_cast<float>(scaled(scaling, frequency));
  }
  return rotary;
}

Status Rotary::reserve(uint32_t positions) {
  if (positions <= positions_) return {};
  positions = std::max(positions, 2 * positions_);
  positions_ = 0;
  LATFORMER_TRY(cosines_.reserve(volume({positions, half_})));
  LATFORMER_TRY(sines_.reserve(volume({positions, half_})));
  for (uint32_t p = 0; p < positions; ++p) {
    for (uint32_t j = 0; j < half_; ++j) {
      const float angle = static_cast<float>(p) * frequencies_[j];
      cosines_[size_t{p} * half_ + j] = std::cos(angle);
      sines_[size_t{p} * half_ + j] = std::sin(angle);
    }
  }
  positions_ = positions;
  return {};
}

}  // namespace latformer
