#include "core/kernels/attention.h"

#include <algorithm>
#include <limits>

#include "core/kernels/rows.h"

namespace latformer::kernels {

size_t Attention::padded(size_t keys) const { return padded_keys(*micro_, keys); }

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

void Attention::pack_keys_of(size_t head, const AttentionInput& input) {
  pack_keys(*micro_, head_size_, input.key.from(0, head * head_size_), 0, input.keys,
            keys_.data() + head * longest_ * head_size_);
}

// logits (keys) of one query.
void Attention::add_relative_bias(const RelativeBias& bias, size_t head, size_t query, size_t keys, float* logits) {
  const float* at_query = bias.table + head * (2 * bias.reach + 1) + bias.reach - bias.places[query];
  for (size_t j = 0; j < keys; ++j) logits[j] += at_query[bias.places[j]];
}

// result (count, padded keys): rows of A, for `count` queries from `first`.
void Attention::probabilities_of(size_t head, const AttentionInput& input, size_t first, size_t count,
                                 float* result) const {
  const size_t width = padded(input.keys);
  attention_logits(*micro_, head_size_, input.query.from(first, head * head_size_), count,
                   keys_.data() + head * longest_ * head_size_, input.keys, log_sizes_.data(), result);
  for (size_t i = 0; i < count; ++i) {
    if (input.relative_bias) add_relative_bias(*input.relative_bias, head, first + i, input.keys, result + i * width);
    micro_->softmax_row(width, result + i * width);
  }
}

// context (count, dh) = rows of A times the head's values.
void Attention::context_of(size_t head, const AttentionInput& input, const float* probabilities, size_t count,
                           const uint32_t* rows, float* context) const {
  attention_context(*micro_, head_size_, probabilities, padded(input.keys), rows, count,
                    input.value.from(0, head * head_size_), input.keys, context + head * head_size_,
                    heads_ * head_size_);
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
    pack_keys_of(head, input);
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
    pack_keys_of(head, input);
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
