#include "core/text/bpe/merges.h"

#include <bit>
#include <string>

#include "core/format/quote.h"

namespace latformer {
namespace {

constexpr size_t kMostMergeProbes = 256;  // by chance a dozen are many

constexpr uint64_t key_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

}  // namespace

// The finaliser of MurmurHash3: every bit of the pair decides every bit of the place.
size_t Merges::home(uint64_t pair) const {
  pair = (pair ^ pair >> 33) * 0xFF51AFD7ED558CCD;
  pair = (pair ^ pair >> 33) * 0xC4CEB9FE1A85EC53;
  return static_cast<size_t>(pair ^ pair >> 33) & (slots_.size() - 1);
}

Result<Merges> Merges::build(std::string_view file, const Vocabulary& vocabulary,
                             const std::vector<std::pair<std::string_view, std::string_view>>& pairs) {
  Merges merges;
  merges.slots_.resize(std::bit_ceil(2 * pairs.size() + 1));
  std::string whole;
  for (size_t rank = 0; rank < pairs.size(); ++rank) {
    const auto& [left, right] = pairs[rank];
    whole.assign(left).append(right);
    for (const std::string_view token : {left, right, std::string_view(whole)}) {
      if (vocabulary.id(token)) continue;
      return bad_model(std::string(file) + ": merge " + std::to_string(rank + 1) + " is of or gives " + quote(token) +
                       ", which is not in the vocabulary");
    }
    const uint64_t pair = key_of(*vocabulary.id(left), *vocabulary.id(right));
    size_t place = merges.home(pair), probes = 0;
    while (merges.slots_[place].merge.id != kFree && merges.slots_[place].pair != pair) {
      if (++probes == kMostMergeProbes) return bad_model(std::string(file) + ": its merges were made to collide");
      place = (place + 1) & (merges.slots_.size() - 1);
    }
    merges.slots_[place] = {pair, {static_cast<uint32_t>(rank), *vocabulary.id(whole)}};
  }
  return merges;
}

const Merge* Merges::find(int32_t left, int32_t right) const {
  if (slots_.empty()) return nullptr;
  const uint64_t pair = key_of(left, right);
  for (size_t place = home(pair);; place = (place + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[place];
    if (slot.merge.id == kFree) return nullptr;
    if (slot.pair == pair) return &slot.merge;
  }
}

}  // namespace latformer
