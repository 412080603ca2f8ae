#include "core/train/data/holdout.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "core/base/hash.h"
#include "core/train/data/random.h"

namespace latformer::train {
namespace {

// Sets that grow together (union-find).
class Groups {
 public:
  explicit Groups(size_t count) : parent_(count) { std::iota(parent_.begin(), parent_.end(), 0U); }
  uint32_t of(uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(uint32_t a, uint32_t b) { parent_[of(a)] = of(b); }

 private:
  std::vector<uint32_t> parent_;
};

// The word-pieces of a text without [CLS] and [SEP].
std::vector<int32_t> words_of(const TokenText& text) {
  std::vector<int32_t> words;
  for (size_t i = 0; i < text.ids.size(); ++i) {
    if (text.is_special[i] == 0) words.push_back(text.ids[i]);
  }
  return words;
}

}  // namespace

std::vector<uint32_t> held_out_of(std::span<const Example> examples, size_t most, uint64_t seed) {
  Groups groups(examples.size());
  std::vector<bool> is_short(examples.size());
  std::unordered_map<uint64_t, uint32_t> first_with;  // a hash of kShared words -> the first text that has them
  for (uint32_t text = 0; text < examples.size(); ++text) {
    const std::vector<int32_t> words = words_of(examples[text].tokens);
    is_short[text] = words.size() < kShared;
    for (size_t i = 0; i + kShared <= words.size(); ++i) {
      uint64_t hash = kEmptyHash;
      for (const std::byte byte : std::as_bytes(std::span(words).subspan(i, kShared))) {
        hash = extend_hash(hash, static_cast<char>(byte));
      }
      const auto [first, is_new] = first_with.try_emplace(hash, text);
      if (!is_new) groups.join(text, first->second);
    }
  }
  std::unordered_map<uint32_t, std::vector<uint32_t>> members;
  std::vector<uint32_t> order;  // of groups, first by their first texts
  for (uint32_t text = 0; text < examples.size(); ++text) {
    if (is_short[text]) continue;
    std::vector<uint32_t>& group = members[groups.of(text)];
    if (group.empty()) order.push_back(groups.of(text));
    group.push_back(text);
  }
  Random(seed, "held out").shuffle(order);
  std::vector<uint32_t> held_out;
  for (const uint32_t group : order) {
    const std::vector<uint32_t>& texts = members[group];
    if (held_out.size() + texts.size() <= most) held_out.insert(held_out.end(), texts.begin(), texts.end());
  }
  std::sort(held_out.begin(), held_out.end());
  return held_out;
}

}  // namespace latformer::train
