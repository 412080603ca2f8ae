// A precompiled_charsmap of SentencePiece: what begins with one of its keys becomes something else. It is a trie in a
// double array, read where it lies:
//
//   u32 size of the array in bytes, its units (u32), then what keys become, each ended by a zero byte
//
//   inner node   label | has_leaf << 8 | offset << 10      (bit 9: the offset is 256 times that)
//   leaf         value | 1 << 31                           where its replacement begins
//
//   child(n, byte) = place of n ^ offset(n) ^ byte, if it has that label
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.h"
#include "core/format/json.h"

namespace latformer {

class Charsmap {
 public:
  // value: base64. Errors: bad_model (it is not, it ends too early, a replacement is not UTF-8).
  static Result<Charsmap> parse(const JsonValue& value);

  // What stands for `text` if it begins with a key: that of the shortest, as Hugging Face has it, and for all of
  // `text`.
  std::optional<std::string_view> replacement(std::string_view text) const;

 private:
  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace latformer
