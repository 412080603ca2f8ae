#include "core/text/vocabulary.h"

#include <algorithm>

#include "core/format/quote.h"

namespace latformer {

Result<Vocabulary> Vocabulary::build(std::string_view file, std::vector<std::pair<std::string_view, int32_t>> entries) {
  std::sort(entries.begin(), entries.end());  // by token, then id
  const auto differs = [](const auto& a, const auto& b) { return a.first != b.first; };
  size_t kept = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + 1 == entries.size() || differs(entries[i], entries[i + 1])) entries[kept++] = entries[i];
  }
  entries.resize(kept);

  Vocabulary vocabulary;
  vocabulary.trie_ = Trie(entries);
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  vocabulary.by_id_.reserve(entries.size());
  for (const auto& [token, id] : entries) {
    if (id == vocabulary.highest_id()) {
      return bad_model(std::string(file) + ": id " + std::to_string(id) + " belongs to two tokens, " +
                       quote(vocabulary.token(id)) + " and " + quote(token));
    }
    const auto begin = static_cast<uint32_t>(vocabulary.text_.size());
    vocabulary.by_id_.push_back({id, begin, static_cast<uint32_t>(token.size())});
    vocabulary.text_ += token;
  }
  return vocabulary;
}

std::optional<int32_t> Vocabulary::id(std::string_view token) const {
  const Trie::Node node = trie_.walk(Trie::kRoot, token);
  if (node == Trie::kNoNode || trie_.value(node) == Trie::kNoValue) return std::nullopt;
  return trie_.value(node);
}

std::string_view Vocabulary::token(int32_t id) const {
  const auto found =
      std::lower_bound(by_id_.begin(), by_id_.end(), id, [](const Entry& entry, int32_t b) { return entry.id < b; });
  if (found == by_id_.end() || found->id != id) return {};
  return std::string_view(text_).substr(found->begin, found->size);
}

}  // namespace latformer
