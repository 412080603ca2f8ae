// The tokens of a WordPiece model and their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/text/trie.h"

namespace latformer {

class Vocabulary {
 public:
  Vocabulary() = default;
  // Of a token given twice the highest id counts (of lines of vocab.txt the last, as in Hugging Face's reader); ids may
  // have gaps. `file` is how errors call the source. Errors: bad_model (an id of two tokens).
  static Result<Vocabulary> build(std::string_view file, std::vector<std::pair<std::string_view, int32_t>> entries);

  size_t size() const { return by_id_.size(); }  // tokens
  int32_t highest_id() const { return by_id_.empty() ? -1 : by_id_.back().id; }
  std::optional<int32_t> id(std::string_view token) const;
  std::string_view token(int32_t id) const;  // empty if there is none
  const Trie& trie() const { return trie_; }

 private:
  struct Entry {
    int32_t id;
    uint32_t begin, size;  // in text_
  };
  std::string text_;  // all tokens, one after the other
  std::vector<Entry> by_id_;
  Trie trie_;
};

}  // namespace latformer
