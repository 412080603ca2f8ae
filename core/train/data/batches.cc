#include "core/train/data/batches.h"

#include <algorithm>
#include <numeric>

#include "core/train/data/random.h"

namespace latformer::train {
namespace {

constexpr size_t kPoolBatches = 50;  // as large as keeps lengths of a batch alike, as small as keeps batches diverse

// Appends the batches of texts that are sorted by length.
void cut(std::span<const uint32_t> sorted, std::span<const uint32_t> lengths, const BatchLimits& limits,
         std::vector<Batch>& batches) {
  Batch batch;
  size_t longest = 0;
  for (const uint32_t text : sorted) {
    longest = std::max<size_t>(longest, lengths[text]);
    if (!batch.empty() && ((batch.size() + 1) * longest > limits.max_tokens || batch.size() >= limits.max_texts)) {
      batches.push_back(std::move(batch));
      batch = {};
      longest = lengths[text];
    }
    batch.push_back(text);
  }
  if (!batch.empty()) batches.push_back(std::move(batch));
}

}  // namespace

std::vector<Batch> training_batches(std::span<const uint32_t> lengths, const BatchLimits& limits, uint64_t seed,
                                    uint64_t epoch) {
  std::vector<uint32_t> texts(lengths.size());
  std::iota(texts.begin(), texts.end(), 0U);
  Random random(seed, "batches", epoch);
  random.shuffle(texts);

  std::vector<Batch> batches;
  for (size_t begin = 0; begin < texts.size();) {
    size_t end = begin;
    for (size_t tokens = 0; end < texts.size() && tokens < kPoolBatches * limits.max_tokens; ++end) {
      tokens += std::max<size_t>(lengths[texts[end]], limits.max_tokens / limits.max_texts);
    }
    const auto pool = std::span(texts).subspan(begin, end - begin);
    std::stable_sort(pool.begin(), pool.end(), [&](uint32_t a, uint32_t b) { return lengths[a] < lengths[b]; });
    cut(pool, lengths, limits, batches);
    begin = end;
  }
  random.shuffle(batches);
  return batches;
}

std::vector<Batch> evaluation_batches(std::span<const uint32_t> lengths, const BatchLimits& limits) {
  std::vector<uint32_t> texts(lengths.size());
  std::iota(texts.begin(), texts.end(), 0U);
  std::stable_sort(texts.begin(), texts.end(), [&](uint32_t a, uint32_t b) { return lengths[a] < lengths[b]; });
  std::vector<Batch> batches;
  cut(texts, lengths, limits, batches);
  return batches;
}

}  // namespace latformer::train
