#include "core/kernels/attention.h"

#include <pthreadpool.h>

#include <algorithm>
#include <limits>

#include "core/kernels/rows.h"

namespace latformer::kernels {
namespace {

constexpr size_t kPanel = 24;                        // queries at a time: a multiple of the rows of every tile
constexpr size_t kMinWorkToShare = size_t{1} << 20;  // multiply-adds: less is done before a thread wakes up

template <class Function>
void for_each_head(const Threads& threads, size_t heads, uint64_t work, const Function& function) {
  pthreadpool_parallelize_1d(
      work < kMinWorkToShare ? nullptr : threads.pool(),
      [](void* context, size_t head) { (*static_cast<const Function*>(context))(head); },
      const_cast<Function*>(&function), heads, 0);
}

}  // namespace

// Rows of A end at a whole block, so that no kernel meets a part of a vector; what is beyond the keys comes out as next
// to nothing, and is not read.
size_t Attention::padded(size_t keys) const {
  const size_t columns = std::max(micro_->f32_columns, micro_->softmax_multiple);
  return (keys + columns - 1) / columns * columns;
}

Status Attention::reserve(size_t longest) {
  longest = padded(longest);
  if (longest <= longest_) return {};
  longest_ = 0;
  LATFORMER_TRY(keys_.reserve(volume({heads_, longest, head_size_})));
  LATFORMER_TRY(log_sizes_.reserve(longest));
  LATFORMER_TRY(probabilities_.reserve(volume({heads_, longest, std::max(longest, kPanel)})));
  LATFORMER_TRY(scores_.reserve(volume({heads_, longest})));
  longest_ = longest;
  return {};
}

float* Attention::probabilities(size_t head, const AttentionInput& input) {
  return probabilities_.data() + head * input.queries * padded(input.keys);
}

// keys (dh, keys) in blocks of columns.
void Attention::pack_keys(size_t head, const AttentionInput& input) {
  const size_t columns = micro_->f32_columns;
  float* packed = keys_.data() + head * longest_ * head_size_;
  const float* key = input.key.values + head * head_size_;
  for (size_t first = 0; first < input.keys; first += columns, packed += columns * head_size_) {
    const size_t count = std::min(columns, input.keys - first);
    for (size_t c = 0; c < count; ++c, key += input.key.stride) {
      for (size_t k = 0; k < head_size_; ++k) packed[k * columns + c] = key[k];
    }
    for (size_t c = count; c < columns; ++c) {
      for (size_t k = 0; k < head_size_; ++k) packed[k * columns + c] = 0;
    }
  }
}

// result (count, padded keys): rows of A, for `count` queries from `first`.
void Attention::probabilities_of(size_t head, const AttentionInput& input, size_t first, size_t count,
                                 float* result) const {
  const size_t columns = micro_->f32_columns;
  const size_t width = padded(input.keys);
  micro_->f32_product({.rows = count,
                       .in = head_size_,
                       .out = width,
                       .x = input.query.values + first * input.query.stride + head * head_size_,
                       .x_stride = input.query.stride,
                       .x_rows = nullptr,
                       .weights = keys_.data() + head * longest_ * head_size_,
                       .block_stride = columns * head_size_,
                       .k_stride = columns,
                       .first_bytes = nullptr,
                       .bias = log_sizes_.data(),
                       .y = result,
                       .y_stride = width},
                      0, width / columns);
  for (size_t i = 0; i < count; ++i) micro_->softmax_row(width, result + i * width);
}

// context (count, dh) = rows of A times the head's values.
void Attention::context_of(size_t head, const AttentionInput& input, const float* probabilities, size_t count,
                           const uint32_t* rows, float* context) const {
  const size_t columns = micro_->f32_columns;
  micro_->f32_product({.rows = count,
                       .in = input.keys,
                       .out = head_size_,
                       .x = probabilities,
                       .x_stride = padded(input.keys),
                       .x_rows = rows,
                       .weights = input.value.values + head * head_size_,
                       .block_stride = columns,
                       .k_stride = input.value.stride,
                       .first_bytes = nullptr,
                       .bias = nullptr,
                       .y = context + head * head_size_,
                       .y_stride = heads_ * head_size_},
                      0, (head_size_ + columns - 1) / columns);
}

void Attention::set_log_sizes(const AttentionInput& input) {
  const size_t last = input.keys - 1;
  std::fill_n(log_sizes_.data(), last, 0.0F);
  log_sizes_[last] = input.last_log_size;
  std::fill(log_sizes_.data() + input.keys, log_sizes_.data() + padded(input.keys),
            -std::numeric_limits<float>::infinity());
}

void Attention::run(const Threads& threads, const AttentionInput& input, float* context) {
  set_log_sizes(input);
  const uint64_t work = uint64_t{2} * heads_ * head_size_ * input.queries * input.keys;
  for_each_head(threads, heads_, work, [&](size_t head) {
    pack_keys(head, input);
    float* panel = probabilities_.data() + head * kPanel * padded(input.keys);  // the same few rows again and again
    for (size_t first = 0; first < input.queries; first += kPanel) {
      const size_t count = std::min(kPanel, input.queries - first);
      probabilities_of(head, input, first, count, panel);
      context_of(head, input, panel, count, nullptr, context + first * heads_ * head_size_);
    }
  });
}

void Attention::attend(const Threads& threads, const AttentionInput& input, float* score) {
  set_log_sizes(input);
  const size_t width = padded(input.keys);
  for_each_head(threads, heads_, uint64_t{heads_} * head_size_ * input.queries * input.keys, [&](size_t head) {
    pack_keys(head, input);
    float* rows = probabilities(head, input);
    float* sums = scores_.data() + head * longest_;
    std::fill_n(sums, width, 0.0F);
    for (size_t first = 0; first < input.queries; first += kPanel, rows += kPanel * width) {
      const size_t count = std::min(kPanel, input.queries - first);
      probabilities_of(head, input, first, count, rows);
      micro_->add_rows(count, width, rows, sums);
    }
  });
  const float share = 1.0F / static_cast<float>(heads_ * input.queries);
  for (size_t j = 0; j < input.keys; ++j) {
    float sum = 0;
    for (size_t head = 0; head < heads_; ++head) sum += scores_[head * longest_ + j];
    score[j] = sum * share;
  }
}

void Attention::mix(const Threads& threads, const AttentionInput& input, std::span<const uint32_t> kept,
                    std::span<const uint32_t> merged, std::span<const float> weights, float* context) {
  const size_t width = padded(input.keys);
  for_each_head(threads, heads_, uint64_t{heads_} * head_size_ * kept.size() * input.keys, [&](size_t head) {
    const float* rows = probabilities(head, input);
    context_of(head, input, rows, kept.size(), kept.data(), context);
    if (merged.empty()) return;
    float* rest = scores_.data() + head * longest_;
    weighted_row_sum(merged, weights, width, rows, width, rest);
    context_of(head, input, rest, 1, nullptr, context + kept.size() * heads_ * head_size_);
  });
}

}  // namespace latformer::kernels
