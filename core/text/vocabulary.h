// The tokens of a WordPiece model and their ids: a hash table, quick to fill because a model's first answer waits for
// it.
//
// Open addressing; the hashes of everything that a word begins with come from a single pass over it (core/base/hash.h),
// and where one is found the whole text is compared. Files whose tokens were made to collide are refused, rather than
// searched for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"

namespace latformer {

class Vocabulary {
 public:
  struct Match {
    int32_t id;
    size_t size;  // bytes of the text
  };

  Vocabulary() = default;
  // Of a token given twice the highest id counts (of lines of vocab.txt the last, as in Hugging Face's reader); ids may
  // have gaps. `file` is how errors call the source. Errors: bad_model (an id of two tokens, tokens made to collide).
  static Result<Vocabulary> build(std::string_view file, std::vector<std::pair<std::string_view, int32_t>> entries);

  size_t size() const { return tokens_.size(); }
  size_t longest() const { return longest_; }  // bytes of a token
  int32_t highest_id() const { return tokens_.empty() ? -1 : tokens_.back().id; }
  std::optional<int32_t> id(std::string_view token) const;
  std::string_view token(int32_t id) const;  // empty if there is none

  // The longest token that is `prefix` and then at least one byte, and as many as possible, of the front of `text`.
  std::optional<Match> longest_match(std::string_view prefix, std::string_view text) const;

 private:
  struct Token {
    int32_t id;
    uint32_t begin, size;  // in text_
  };
  struct Slot {
    uint32_t hash;
    uint32_t token;  // in tokens_, counted from 1; 0: free
  };

  std::string_view text_of(const Token& token) const { return {text_.data() + token.begin, token.size}; }
  // The token of that hash which is `front` and then `rest`, or null.
  const Token* find(uint64_t whole_hash, std::string_view front, std::string_view rest) const;

  std::string text_;           // all tokens, one after the other
  std::vector<Token> tokens_;  // by id
  std::vector<Slot> slots_;    // a power of two, at least twice as many as tokens
  size_t longest_ = 0;         // bytes of a token
};

}  // namespace latformer
