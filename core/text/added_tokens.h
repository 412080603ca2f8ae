// Tokens that are cut out of a text as they stand, before it is split into words: [MASK], and whatever was added to a
// vocabulary after its training.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text/trie.h"

namespace latformer {

struct AddedToken {
  std::string content;
  int32_t id = -1;           // given by the tokenizer
  bool single_word = false;  // only where no word character (\w) touches it
  bool lstrip = false;       // swallows the white space before it
  bool rstrip = false;       // and behind it
  bool special = false;      // left out when a text is put together again, if that is asked for
  bool normalized = false;   // looked for in the normalized text, else in the text as it came
};

// Finds added tokens: the leftmost first, of those that begin together the longest, none overlapping.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() = default;
  // Each token with the text to look for, which is not empty; of equal texts the token with the lowest id counts.
  explicit AddedTokenMatcher(std::vector<std::pair<std::string, AddedToken>> tokens);

  bool empty() const { return tokens_.empty(); }

  struct Piece {
    size_t begin, end;        // bytes of the text
    const AddedToken* token;  // null for the text between tokens
  };

  // Cuts a text into pieces, from front to back, on demand.
  class Cutter {
   public:
    Cutter(const AddedTokenMatcher& matcher, std::string_view text) : matcher_(matcher), text_(text) {}
    // The next piece, never an empty one; false behind the last.
    bool next(Piece& piece);

   private:
    size_t end_of_space(size_t position);

    const AddedTokenMatcher& matcher_;
    std::string_view text_;
    size_t space_begin_ = 0, space_end_ = 0;  // white space that was read last: a token of white space asks again
    size_t search_ = 0;                       // where the next token may begin
    size_t done_ = 0;                         // pieces up to here have been given
    Piece pending_ = {0, 0, nullptr};
  };

 private:
  friend class Cutter;
  std::vector<AddedToken> tokens_;
  Trie trie_;                          // text -> index in tokens_
  std::array<bool, 256> begins_ = {};  // bytes that begin a text
};

}  // namespace latformer
