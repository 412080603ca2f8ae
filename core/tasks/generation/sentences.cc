#include "core/tasks/generation/sentences.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string_view>

#include "core/elimination/prompt.h"

namespace latformer {
namespace {

struct Sentence {
  uint32_t begin, end;
  float likeness = 0;
};

// Unit vectors of the prompt's tokens less `mean`, (tokens, d); zero where nothing is left.
std::vector<float> directions(std::span<const int32_t> prompt, std::span<const float> mean,
                              const SentenceFinder::Embedding& embedding) {
  const size_t d = mean.size();
  std::vector<float> x(prompt.size() * d);
  for (size_t i = 0; i < prompt.size(); ++i) {
    float* row = x.data() + i * d;
    embedding(prompt[i], row);
    float squares = 0;
    for (size_t k = 0; k < d; ++k) {
      row[k] -= mean[k];
      squares += row[k] * row[k];
    }
    const float factor = squares > 0 ? 1 / std::sqrt(squares) : 0;
    for (size_t k = 0; k < d; ++k) row[k] *= factor;
  }
  return x;
}

}  // namespace

SentenceFinder::SentenceFinder(size_t hidden_size, Embedding embedding, std::vector<bool> ends)
    : hidden_size_(hidden_size), embedding_(std::move(embedding)), ends_(std::move(ends)), mean_(hidden_size) {
  constexpr size_t kSample = 4096;  // tokens, of all parts of the vocabulary
  const size_t step = std::max<size_t>(1, ends_.size() / kSample);
  std::vector<float> row(hidden_size);
  std::vector<double> sum(hidden_size);
  size_t count = 0;
  for (size_t id = 0; id < ends_.size(); id += step, ++count) {
    embedding_(static_cast<int32_t>(id), row.data());
    for (size_t k = 0; k < hidden_size; ++k) sum[k] += row[k];
  }
  for (size_t k = 0; k < hidden_size; ++k)
    mean_[k] = count > 0 ? static_cast<float>(sum[k] / static_cast<double>(count)) : 0;
}

bool may_end_sentence(std::string_view text) {
  while (!text.empty() && std::string_view("\"')]} ").find(text.back()) != std::string_view::npos) {
    text.remove_suffix(1);
  }
  return !text.empty() && std::string_view(".!?\n").find(text.back()) != std::string_view::npos;
}

std::vector<uint32_t> SentenceFinder::choose(std::span<const int32_t> prompt, uint32_t count,
                                             const PromptElimination& how) const {
  const auto n = static_cast<uint32_t>(prompt.size());
  const Protected always = always_of(how, count);
  const uint32_t tail = n - always.last;

  std::vector<Sentence> sentences;  // of what is neither the first token nor the tail
  for (uint32_t begin = always.first, i = begin; i < tail; ++i) {
    if (!ends_[static_cast<size_t>(prompt[i])] && i + 1 < tail) continue;
    sentences.push_back({.begin = begin, .end = i + 1});
    begin = i + 1;
  }

  const size_t d = hidden_size_;
  const std::vector<float> x = directions(prompt, mean_, embedding_);
  std::map<int32_t, uint32_t> times;
  for (const int32_t id : prompt) ++times[id];
  const uint32_t window = std::min(n, how.question);
  for (Sentence& sentence : sentences) {
    for (uint32_t q = n - window; q < n; ++q) {
      float best = 0;
      for (uint32_t t = sentence.begin; t < sentence.end; ++t) {
        const float* a = x.data() + q * d;
        best = std::max(best, std::inner_product(a, a + d, x.data() + t * d, 0.0F));
      }
      const float rarity = std::log(1 + static_cast<float>(n) / static_cast<float>(times[prompt[q]])) *
                           std::log(1 + static_cast<float>(prompt[q]));
      sentence.likeness += rarity * best * best;
    }
  }
  std::ranges::stable_sort(sentences, [](const Sentence& a, const Sentence& b) { return a.likeness > b.likeness; });

  std::vector<uint32_t> positions(always.first);
  std::iota(positions.begin(), positions.end(), 0U);
  for (uint32_t i = tail; i < n; ++i) positions.push_back(i);
  for (const Sentence& sentence : sentences) {
    const auto room = static_cast<uint32_t>(count - positions.size());
    const uint32_t taken = std::min(room, sentence.end - sentence.begin);
    for (uint32_t i = sentence.end - taken; i < sentence.end; ++i) positions.push_back(i);
    if (taken == room) break;
  }
  std::ranges::sort(positions);
  return positions;
}

}  // namespace latformer
