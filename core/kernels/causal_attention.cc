#include "core/kernels/causal_attention.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <utility>

namespace latformer::kernels {
namespace {

// result (n) = the mean of each value of x (n) and its neighbours, `count` in all, fewer at the ends.
void smooth(std::span<const float> x, size_t count, float* result) {
  const size_t reach = count / 2;
  for (size_t j = 0; j < x.size(); ++j) {
    const size_t first = j < reach ? 0 : j - reach;
    const size_t end = std::min(j + reach + 1, x.size());
    float sum = 0;
    for (size_t i = first; i < end; ++i) sum += x[i];
    result[j] = sum / static_cast<float>(end - first);
  }
}

float length(const float* x, size_t n) {
  float squares = 0;
  for (size_t k = 0; k < n; ++k) squares += x[k] * x[k];
  return std::sqrt(squares);
}

}  // namespace

Status KeyValueCache::reserve(size_t rows) {
  if (padded_keys(*micro_, rows) <= capacity_) return {};
  LATFORMER_ASSIGN(*this, copy(rows));
  return {};
}

Result<KeyValueCache> KeyValueCache::copy(size_t rows) const {
  rows = padded_keys(*micro_, std::max(rows, rows_));
  KeyValueCache result(kv_heads_, head_size_, *micro_);
  const size_t size = volume({kv_heads_, rows, head_size_});
  LATFORMER_ASSIGN(result.keys_, Buffer<float>::allocate(size));
  LATFORMER_ASSIGN(result.values_, Buffer<float>::allocate(size));
  const size_t used = padded_keys(*micro_, rows_) * head_size_;  // of a head
  for (size_t head = 0; head < kv_heads_; ++head) {
    std::copy_n(keys_.data() + head * capacity_ * head_size_, used, result.keys_.data() + head * rows * head_size_);
    std::copy_n(values_.data() + head * capacity_ * head_size_, rows_ * head_size_,
                result.values_.data() + head * rows * head_size_);
  }
  result.rows_ = rows_;
  result.capacity_ = rows;
  return result;
}

void KeyValueCache::append(size_t count, StridedRows key, StridedRows value) {
  assert(rows_ + count <= capacity_);
  for (size_t head = 0; head < kv_heads_; ++head) {
    const size_t first = head * capacity_ * head_size_;
    pack_keys(*micro_, head_size_, key.from(0, head * head_size_), rows_, count, keys_.data() + first);
    float* to = values_.data() + first + rows_ * head_size_;
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(to + i * head_size_, value.row(i) + head * head_size_, head_size_ * sizeof(float));
    }
  }
  rows_ += count;
}

void KeyValueCache::truncate(size_t rows) { rows_ = std::min(rows_, rows); }

Status CausalAttention::reserve(size_t longest) {
  longest = padded_keys(*micro_, longest);
  if (longest <= longest_) return {};
  longest_ = 0;
  LATFORMER_TRY(panels_.reserve(volume({heads_, kPanel, longest})));
  LATFORMER_TRY(sums_.reserve(volume({heads_, longest})));
  LATFORMER_TRY(before_.reserve(volume({heads_, longest})));
  longest_ = longest;
  return {};
}

void CausalAttention::probabilities_of(const KeyValueCache& cache, size_t kv_head, StridedRows query, size_t count,
                                       const uint32_t* visible, float* result) const {
  const size_t width = padded_keys(*micro_, visible[count - 1]);
  attention_logits(*micro_, head_size_, query, count, cache.keys(kv_head), visible[count - 1], nullptr, result);
  for (size_t i = 0; i < count; ++i, result += width) {
    const size_t seen = padded_keys(*micro_, visible[i]);
    std::fill(result + visible[i], result + seen, -std::numeric_limits<float>::infinity());
    micro_->softmax_row(seen, result);
    std::fill(result + visible[i], result + width, 0.0F);
  }
}

void CausalAttention::run(const Threads& threads, const KeyValueCache& cache, const CausalQueries& queries,
                          float* context) {
  assert(cache.rows() <= longest_);
  const size_t d = heads_ * head_size_;
  // A single query's heads are the rows of one product, for each head of keys.
  const bool single = queries.count == 1;
  const size_t of_task = single ? group() : 1;
  const uint64_t work = uint64_t{2} * d * queries.count * cache.rows();
  for_each_head(threads, heads_ / of_task, work, [&](size_t task) {
    const size_t head = task * of_task;
    const size_t kv_head = head / group();
    std::array<uint32_t, kPanel> visible;
    for (size_t first = 0; first < queries.count; first += kPanel) {
      const size_t count = std::min(kPanel, queries.count - first);
      for (size_t i = 0; i < count; ++i) {
        visible[i] = queries.visible != nullptr ? queries.visible[first + i]
                                                : static_cast<uint32_t>(cache.rows() - queries.count + first + i + 1);
      }
      const uint32_t most = visible[count - 1];
      const size_t width = padded_keys(*micro_, most);
      float* rows = panel(head);
      float* to = context + first * d + head * head_size_;
      if (!single) {
        probabilities_of(cache, kv_head, queries.query.from(first, head * head_size_), count, visible.data(), rows);
        attention_context(*micro_, head_size_, rows, width, nullptr, count, cache.values(kv_head), most, to, d);
        continue;
      }
      for (size_t h = 0; h < of_task; h += kPanel) {
        const size_t heads = std::min(kPanel, of_task - h);
        visible.fill(most);
        const StridedRows query = {queries.query.values + (head + h) * head_size_, head_size_};
        probabilities_of(cache, kv_head, query, heads, visible.data(), rows);
        attention_context(*micro_, head_size_, rows, width, nullptr, heads, cache.values(kv_head), most,
                          to + h * head_size_, head_size_);
      }
    }
  });
}

void CausalAttention::sum_probabilities(const KeyValueCache& cache, size_t head, StridedRows query, size_t count,
                                        size_t visible, float* sums) {
  std::fill_n(sums, padded_keys(*micro_, cache.rows()), 0.0F);
  for (size_t first = 0; first < count; first += kPanel) {
    const size_t rows = std::min(kPanel, count - first);
    std::array<uint32_t, kPanel> seen;
    for (size_t i = 0; i < rows; ++i) seen[i] = static_cast<uint32_t>(visible + first + i);
    probabilities_of(cache, head / group(), query.from(first, head * head_size_), rows, seen.data(), panel(head));
    micro_->add_rows(rows, padded_keys(*micro_, seen[rows - 1]), panel(head), sums);
  }
}

void CausalAttention::score(const Threads& threads, const KeyValueCache& cache, size_t count, StridedRows query,
                            const KeyScore& how, float* score) {
  assert(cache.rows() <= longest_ && count <= cache.rows());
  const size_t keys = cache.rows();
  const bool contrast = how.kind == KeyScore::Kind::contrast;
  const size_t window = std::min(how.window, count);
  const size_t before = contrast ? std::min(how.before, count - window) : 0;
  const size_t first = count - window;
  for_each_head(threads, heads_, uint64_t{heads_} * head_size_ * count * keys, [&](size_t head) {
    float* sums = sums_.data() + head * longest_;
    sum_probabilities(cache, head, query.from(first, 0), window, keys - window + 1, sums);
    for (size_t j = 0; j < keys; ++j) sums[j] /= static_cast<float>(window);
    if (!contrast) return;
    float* others = before_.data() + head * longest_;
    sum_probabilities(cache, head, query.from(first - before, 0), before, keys - window - before + 1, others);
    for (size_t j = 0; j < keys; ++j) {
      const float more = sums[j] - (before > 0 ? others[j] / static_cast<float>(before) : 0.0F);
      sums[j] = more > 0 ? more * length(cache.values(head / group()).row(j), head_size_) : 0.0F;
    }
  });
  float* all = how.smooth > 1 ? before_.data() : score;
  for (size_t j = 0; j < keys; ++j) {
    float result = 0;
    for (size_t head = 0; head < heads_; ++head) {
      const float of_head = sums_[head * longest_ + j];
      result = how.kind == KeyScore::Kind::largest_head ? std::max(result, of_head) : result + of_head;
    }
    all[j] = how.kind == KeyScore::Kind::largest_head ? result : result / static_cast<float>(heads_);
  }
  if (how.smooth > 1) smooth({all, keys}, how.smooth, score);
}

}  // namespace latformer::kernels
