#include "core/text/vocabulary.h"

#include <algorithm>
#include <bit>

#include "core/base/hash.h"
#include "core/format/quote.h"

namespace latformer {
namespace {

constexpr size_t kMostTokenProbes = 1000;  // chance alone would not need a tenth of it for any file that can be read

// What a slot keeps: the upper half's low bits hardly depend on the last byte, nor the lower half's high bits.
uint32_t folded(uint64_t hash) { return static_cast<uint32_t>(hash ^ hash >> 32); }

}  // namespace

Result<Vocabulary> Vocabulary::build(std::string_view file, std::vector<std::pair<std::string_view, int32_t>> entries) {
  const auto by_id = [](const auto& a, const auto& b) { return a.second < b.second; };
  if (!std::is_sorted(entries.begin(), entries.end(), by_id)) std::stable_sort(entries.begin(), entries.end(), by_id);

  Vocabulary vocabulary;
  size_t bytes = 0;
  for (const auto& [text, id] : entries) bytes += text.size();
  vocabulary.text_.reserve(bytes);
  vocabulary.tokens_.reserve(entries.size());
  vocabulary.slots_.resize(std::bit_ceil(2 * entries.size() + 2), Slot{0, 0});
  const size_t mask = vocabulary.slots_.size() - 1;

  std::vector<bool> overruled;  // entries whose token comes again, with a higher id
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& [text, id] = entries[i];
    const uint32_t hash = folded(hash_of(text));
    size_t at = hash & mask;
    for (size_t probes = 0; vocabulary.slots_[at].token != 0; at = (at + 1) & mask) {
      const Slot& slot = vocabulary.slots_[at];
      if (slot.hash == hash && vocabulary.text_of(vocabulary.tokens_[slot.token - 1]) == text) {
        overruled.resize(entries.size());
        overruled[slot.token - 1] = true;
        break;
      }
      if (++probes > kMostTokenProbes) return bad_model(std::string(file) + ": its tokens are made to collide");
    }
    const auto begin = static_cast<uint32_t>(vocabulary.text_.size());
    vocabulary.text_ += text;
    vocabulary.tokens_.push_back({id, begin, static_cast<uint32_t>(text.size())});
    vocabulary.slots_[at] = {hash, static_cast<uint32_t>(i + 1)};
    vocabulary.longest_ = std::max(vocabulary.longest_, text.size());
  }
  if (!overruled.empty()) {
    size_t kept = 0;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (!overruled[i]) entries[kept++] = entries[i];
    }
    entries.resize(kept);
    return build(file, std::move(entries));
  }

  const auto same_id = [](const auto& a, const auto& b) { return a.second == b.second; };
  const auto twice = std::adjacent_find(entries.begin(), entries.end(), same_id);
  if (twice != entries.end()) {
    return bad_model(std::string(file) + ": id " + std::to_string(twice->second) + " belongs to two tokens, " +
                     quote(twice->first) + " and " + quote((twice + 1)->first));
  }
  return vocabulary;
}

const Vocabulary::Token* Vocabulary::find(uint64_t whole_hash, std::string_view front, std::string_view rest) const {
  if (slots_.empty()) return nullptr;
  const uint32_t hash = folded(whole_hash);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at].token != 0; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) continue;
    const Token& token = tokens_[slots_[at].token - 1];
    const std::string_view text = text_of(token);
    if (text.size() == front.size() + rest.size() && text.starts_with(front) && text.ends_with(rest)) return &token;
  }
  return nullptr;
}

std::optional<int32_t> Vocabulary::id(std::string_view token) const {
  const Token* found = find(hash_of(token), token, {});
  return found == nullptr ? std::nullopt : std::optional(found->id);
}

std::optional<Vocabulary::Match> Vocabulary::longest_match(std::string_view prefix, std::string_view text) const {
  std::optional<Match> longest;
  const size_t most = std::min(text.size(), longest_ - std::min(longest_, prefix.size()));
  uint64_t hash = hash_of(prefix);
  for (size_t size = 1; size <= most; ++size) {
    hash = extend_hash(hash, text[size - 1]);
    if (const Token* found = find(hash, prefix, text.substr(0, size))) longest = {found->id, size};
  }
  return longest;
}

std::string_view Vocabulary::token(int32_t id) const {
  const auto found =
      std::lower_bound(tokens_.begin(), tokens_.end(), id, [](const Token& token, int32_t b) { return token.id < b; });
  if (found == tokens_.end() || found->id != id) return {};
  return text_of(*found);
}

}  // namespace latformer
