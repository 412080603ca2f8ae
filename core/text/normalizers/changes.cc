#include "core/text/normalizers/changes.h"

#include <algorithm>

namespace latformer {

NormalizedText changed(const NormalizedText& old, const std::vector<Change>& changes) {
  NormalizedText result;
  result.text.reserve(old.text.size());
  result.spans.reserve(old.text.size());
  size_t place = 0;  // in the old text
  for (const auto& [c, by] : changes) {
    const size_t from = by > 0 ? std::max<size_t>(place, 1) - 1 : std::min(place, old.text.size() - 1);
    result.put(c, old.spans[from]);
    for (int32_t left = by > 0 ? 0 : 1 - by; left > 0 && place < old.text.size(); --left) {
      place += utf8::decode(old.text, place).size;
    }
  }
  return result;
}

}  // namespace latformer
