#include "core/text/template.h"

#include <algorithm>

namespace latformer {

size_t count_special(const Template& pieces) {
  return static_cast<size_t>(std::count_if(pieces.begin(), pieces.end(), [](const TemplatePiece& piece) {
    return piece.kind == TemplatePiece::Kind::special;
  }));
}

Encoding assemble(const Template& pieces, TokenRange first, TokenRange second) {
  Encoding encoding;
  const size_t size = count_special(pieces) + (first.end - first.begin) + (second.end - second.begin);
  encoding.ids.reserve(size);
  encoding.spans.reserve(size);
  for (const TemplatePiece& piece : pieces) {
    const bool is_special = piece.kind == TemplatePiece::Kind::special;
    const bool is_second = piece.kind == TemplatePiece::Kind::second_text;
    if (is_special) {
      encoding.ids.push_back(piece.id);
      encoding.spans.push_back({});
    } else {
      const auto& [tokens, begin, end] = is_second ? second : first;
      const auto copy = [&, b = begin, e = end](const auto& from, auto& to) {
        to.insert(to.end(), from.begin() + static_cast<ptrdiff_t>(b), from.begin() + static_cast<ptrdiff_t>(e));
      };
      copy(tokens->ids, encoding.ids);
      copy(tokens->spans, encoding.spans);
      copy(tokens->continues, encoding.continues);
    }
    encoding.type_ids.resize(encoding.ids.size(), piece.type_id);
    encoding.sequence_ids.resize(encoding.ids.size(), is_second);
    encoding.is_special.resize(encoding.ids.size(), is_special);
    encoding.continues.resize(encoding.ids.size());
  }
  return encoding;
}

std::pair<size_t, size_t> longest_first(size_t first, size_t second, size_t most) {
  if (first + second <= most) return {first, second};
  size_t shorter = std::min(first, second);
  size_t longer = shorter > most ? shorter : std::max(shorter, most - shorter);
  if (shorter + longer > most) {
    shorter = most / 2;
    longer = shorter + most % 2;
  }
  return first > second ? std::pair{longer, shorter} : std::pair{shorter, longer};
}

}  // namespace latformer
