#include "core/text/wordpiece/normalizer.h"

#include <algorithm>

namespace latformer {

void MarkBuffer::sort() {
  const auto class_of = [](uint32_t mark) { return mark >> 24; };
  const auto by_class = [&](uint32_t a, uint32_t b) { return class_of(a) < class_of(b); };
  if (std::is_sorted(marks_.begin(), marks_.end(), by_class)) return;
  // Counting sort: a text may be one endless row of marks, and must still take linear time.
  std::array<size_t, 257> place = {};
  for (const uint32_t mark : marks_) ++place[class_of(mark) + 1];
  for (size_t c = 1; c < place.size(); ++c) place[c] += place[c - 1];
  std::vector<uint32_t> sorted(marks_.size());
  for (const uint32_t mark : marks_) sorted[place[class_of(mark)]++] = mark;
  marks_.swap(sorted);
}

}  // namespace latformer
