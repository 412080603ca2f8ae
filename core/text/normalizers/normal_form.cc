#include "core/text/normalizers/normal_form.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "core/text/normalizers/changes.h"
#include "core/text/unicode/normal_forms.h"
#include "core/text/unicode/unicode.h"

namespace latformer {
namespace {

// A further part of a decomposition takes the place of nothing. Marks carry that into their order.
std::vector<Change> decomposed(std::string_view text, bool is_compatible) {
  constexpr uint32_t kFurther = 1u << 21;
  std::vector<Change> changes;
  std::vector<uint32_t> marks;
  const auto flush = [&] {
    unicode::sort_marks(marks);
    for (const uint32_t mark : marks) changes.push_back({mark & (kFurther - 1), (mark & kFurther) != 0 ? 1 : 0});
    marks.clear();
  };
  static_assert(unicode::kMaxDecomposition <= unicode::kMaxCompatible);
  std::array<char32_t, unicode::kMaxCompatible> parts;
  for_each_character(text, [&](char32_t c, size_t, size_t) {
    const size_t size =
        is_compatible ? unicode::decompose_compatible(c, parts.data()) : unicode::decompose(c, parts.data());
    for (size_t i = 0; i < size; ++i) {
      const uint32_t mark_class = unicode::properties(parts[i]).combining_class;
      if (mark_class == 0) {
        flush();
        changes.push_back({parts[i], i > 0 ? 1 : 0});
      } else {
        marks.push_back(mark_class << 24 | (i > 0 ? kFurther : 0) | parts[i]);
      }
    }
  });
  flush();
  return changes;
}

// What is composed takes the place of both.
std::vector<Change> composed(const std::vector<Change>& parts) {
  std::vector<Change> changes;
  std::optional<size_t> starter;  // where the last character stands that others may be composed with
  uint32_t last_class = 0;        // of what stands behind it
  for (const Change& part : parts) {
    const uint32_t mark_class = unicode::properties(part.c).combining_class;
    const bool is_blocked = starter && *starter + 1 < changes.size() && last_class >= mark_class;
    if (starter && !is_blocked) {
      Change& whole = changes[*starter];
      if (const char32_t c = unicode::compose(whole.c, part.c); c != 0) {
        whole = {c, whole.by + part.by - 1};
        continue;
      }
    }
    if (mark_class == 0) starter = changes.size();
    last_class = mark_class;
    changes.push_back(part);
  }
  return changes;
}

}  // namespace

NormalizedText in_normal_form(NormalForm form, const NormalizedText& text) {
  const std::vector<Change> parts = decomposed(text.text, form.is_compatible);
  return changed(text, form.composes ? composed(parts) : parts);
}

}  // namespace latformer
