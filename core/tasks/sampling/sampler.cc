#include "core/tasks/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/number_text.h"

namespace latformer {
namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

// SplitMix64 as a function of its place: the number at `index` of the sequence `seed`, uniform in [0, 1).
double uniform(uint64_t seed, uint64_t sequence, uint64_t index) {
  const auto mixed = [](uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  };
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15U;
  const uint64_t start = mixed(mixed(seed + kStep) + sequence * kStep);
  return static_cast<double>(mixed(start + (index + 1) * kStep) >> 11) * 0x1p-53;
}

// y = softmax(x), sums in double.
void softmax(std::span<const float> x, std::vector<float>& y) {
  const float highest = *std::ranges::max_element(x);
  y.resize(x.size());
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = std::exp(x[i] - highest);
    sum += y[i];
  }
  for (float& value : y) value = static_cast<float>(value / sum);
}

Status fault(const char* option, const char* range, double value) {
  return invalid_argument(std::string(option) + " must be " + range + ", not " + short_text(value));
}

}  // namespace

Status check(const SamplingOptions& options) {
  const auto is_positive = [](double value) { return value > 0 && std::isfinite(value); };  // false for NaN
  if (!is_positive(options.temperature)) return fault("temperature", "finite and above 0", options.temperature);
  if (!(options.top_p > 0 && options.top_p <= 1)) return fault("top_p", "above 0 and at most 1", options.top_p);
  if (!(options.min_p >= 0 && options.min_p <= 1)) return fault("min_p", "from 0 to 1", options.min_p);
  if (!is_positive(options.repetition_penalty)) {
    return fault("repetition_penalty", "finite and above 0", options.repetition_penalty);
  }
  return {};
}

int32_t argmax(std::span<const float> logits) {
  return static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin());
}

void log_softmax(std::span<float> x) {
  const float highest = *std::ranges::max_element(x);
  double sum = 0;
  for (const float value : x) sum += std::exp(value - highest);
  const auto log_sum = static_cast<float>(std::log(sum));
  for (float& value : x) value = value - highest - log_sum;
}

void Sampler::process(std::span<const int32_t> text, std::span<float> logits) {
  if (options_.repetition_penalty != 1) {
    const auto penalty = static_cast<float>(options_.repetition_penalty);
    seen_.assign(logits.size(), 0);
    for (const int32_t id : text) {
      if (seen_[static_cast<size_t>(id)]++ > 0) continue;
      float& logit = logits[static_cast<size_t>(id)];
      logit = logit < 0 ? logit * penalty : logit / penalty;
      seen_[static_cast<size_t>(id)] = 1;
    }
  }
  if (!options_.do_sample) return;
  if (options_.temperature != 1) {
    for (float& logit : logits) logit /= static_cast<float>(options_.temperature);
  }
  if (options_.top_k > 0 && options_.top_k < logits.size()) keep_top_k(logits);
  if (options_.top_p < 1) keep_top_p(logits);
  if (options_.min_p > 0) keep_min_p(logits);
}

int32_t Sampler::next(std::span<const int32_t> text, std::span<float> logits) {
  process(text, logits);
  if (!options_.do_sample) return argmax(logits);
  const double u = uniform(options_.seed, sequence_, drawn_++);
  softmax(logits, sorted_);
  double sum = 0;
  int32_t last = argmax(logits);  // should rounding leave the sum below u
  for (size_t i = 0; i < sorted_.size(); ++i) {
    if (sorted_[i] <= 0) continue;
    sum += sorted_[i];
    last = static_cast<int32_t>(i);
    if (sum > u) break;
  }
  return last;
}

void Sampler::keep_top_k(std::span<float> logits) {
  sorted_.assign(logits.begin(), logits.end());
  const auto kth = sorted_.begin() + options_.top_k - 1;
  std::nth_element(sorted_.begin(), kth, sorted_.end(), std::greater<>());
  for (float& logit : logits) logit = logit < *kth ? kOut : logit;
}

void Sampler::keep_top_p(std::span<float> logits) {
  // Those that are out already come first and sum to nothing.
  order_.clear();
  for (uint32_t i = 0; i < logits.size(); ++i) {
    if (logits[i] != kOut) order_.push_back(i);
  }
  std::ranges::stable_sort(order_, [&](uint32_t a, uint32_t b) { return logits[a] < logits[b]; });
  std::vector<float> rising;
  rising.reserve(order_.size());
  for (const uint32_t i : order_) rising.push_back(logits[i]);
  softmax(rising, sorted_);
  const auto bound = static_cast<float>(1 - options_.top_p);
  double sum = 0;
  for (size_t i = 0; i + 1 < order_.size(); ++i) {
    sum += sorted_[i];
    if (static_cast<float>(sum) > bound) break;
    logits[order_[i]] = kOut;
  }
}

void Sampler::keep_min_p(std::span<float> logits) {
  softmax(logits, sorted_);
  const auto least = static_cast<float>(options_.min_p) * *std::ranges::max_element(sorted_);
  for (size_t i = 0; i < logits.size(); ++i) {
    if (sorted_[i] < least) logits[i] = kOut;
  }
}

}  // namespace latformer
