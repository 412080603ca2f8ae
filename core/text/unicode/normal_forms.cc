#include "core/text/unicode/normal_forms.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/text/unicode/unicode.h"

namespace latformer::unicode {
namespace {

// `count` characters from `first` on, each of which becomes `size` characters, all of them in a row from `place` on.
struct CompatibleRun {
  uint32_t first : 17;
  uint32_t count : 10;
  uint32_t size : 5;
  uint16_t place;
};

#include "core/text/unicode/normal_forms.inc"

using Pair = std::pair<char32_t, char32_t>;

Pair parts_of(char32_t composed) {
  Pair parts;
  decompose_once(composed, parts.first, parts.second);
  return parts;
}

char32_t compose_hangul(char32_t a, char32_t b) {
  const char32_t leading = a - hangul::kLeading, vowel = b - hangul::kVowels, trailing = b - hangul::kTrailing;
  if (leading < hangul::kLeadingCount && vowel < hangul::kVowelCount) {
    return hangul::kSyllables + (leading * hangul::kVowelCount + vowel) * hangul::kTrailingCount;
  }
  const char32_t syllable = a - hangul::kSyllables;
  const bool is_open = syllable < hangul::kCount && syllable % hangul::kTrailingCount == 0;
  return is_open && trailing > 0 && trailing < hangul::kTrailingCount ? a + trailing : 0;
}

}  // namespace

size_t decompose_compatible(char32_t c, char32_t out[kMaxCompatible]) {
  const CompatibleRun* next = std::upper_bound(std::begin(kCompatible), std::end(kCompatible), c,
                                               [](char32_t a, const CompatibleRun& b) { return a < b.first; });
  if (next == std::begin(kCompatible)) return decompose(c, out);
  const CompatibleRun& run = next[-1];
  const size_t index = c - run.first;
  if (index >= run.count) return decompose(c, out);
  std::copy_n(kParts + run.place + index * run.size, run.size, out);
  return run.size;
}

char32_t compose(char32_t a, char32_t b) {
  constexpr char32_t kFirstSecond = 0x300;
  if (b < kFirstSecond) return 0;
  if (const char32_t syllable = compose_hangul(a, b); syllable != 0) return syllable;
  const char32_t* found = std::lower_bound(std::begin(kComposed), std::end(kComposed), Pair(a, b),
                                           [](char32_t c, const Pair& pair) { return parts_of(c) < pair; });
  return found != std::end(kComposed) && parts_of(*found) == Pair(a, b) ? *found : 0;
}

bool is_mark(char32_t c) {
  const uint32_t* next = std::upper_bound(std::begin(kMarks), std::end(kMarks), uint32_t{c} << 11 | 0x7FF);
  return next != std::begin(kMarks) && c - (next[-1] >> 11) < (next[-1] & 0x7FF);
}

void sort_marks(std::vector<uint32_t>& marks) {
  const auto class_of = [](uint32_t mark) { return mark >> 24; };
  const auto by_class = [&](uint32_t a, uint32_t b) { return class_of(a) < class_of(b); };
  if (std::is_sorted(marks.begin(), marks.end(), by_class)) return;
  std::array<size_t, 257> place = {};
  for (const uint32_t mark : marks) ++place[class_of(mark) + 1];
  for (size_t c = 1; c < place.size(); ++c) place[c] += place[c - 1];
  std::vector<uint32_t> sorted(marks.size());
  for (const uint32_t mark : marks) sorted[place[class_of(mark)]++] = mark;
  marks.swap(sorted);
}

}  // namespace latformer::unicode
