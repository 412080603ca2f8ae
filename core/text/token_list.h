// The tokens of one text as they are found: all are counted, the first `limit` are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/text/encoding.h"

namespace latformer {

struct TokenList {
  // With `stop_early`, full() holds as soon as there are more tokens than are kept.
  explicit TokenList(size_t most, bool stop_early = false) : limit(most), stops_early(stop_early) {}
  void push(int32_t id, TextSpan span, bool goes_on = false) {
    if (count++ >= limit) return;
    ids.push_back(id);
    spans.push_back(span);
    continues.push_back(goes_on);
  }
  bool overflows() const { return count > limit; }
  bool full() const { return stops_early && overflows(); }

  size_t limit;
  bool stops_early;
  size_t count = 0;
  std::vector<int32_t> ids;
  std::vector<TextSpan> spans;
  std::vector<uint8_t> continues;  // 1 for a piece that goes on with the word before it
};

}  // namespace latformer
