// The merges of a byte pair encoding: which two neighbouring tokens become one, the earlier in the list the sooner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/text/vocabulary.h"

namespace latformer {

struct Merge {
  uint32_t rank;  // its place in the list
  int32_t id;     // of the token that the two become
};

class Merges {
 public:
  Merges() = default;
  // `pairs` in the order of the list; of a pair given twice the last place counts, as in Hugging Face's reader. `file`
  // is how errors call the source. Errors: bad_model (a part or the whole is no token, pairs made to collide).
  static Result<Merges> build(std::string_view file, const Vocabulary& vocabulary,
                              const std::vector<std::pair<std::string_view, std::string_view>>& pairs);

  // Null if the two do not merge.
  const Merge* find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t pair = 0;
    Merge merge = {0, kFree};
  };
  static constexpr int32_t kFree = -1;

  size_t home(uint64_t pair) const;

  std::vector<Slot> slots_;  // open addressing; a power of two, at least twice as many as merges
};

}  // namespace latformer
