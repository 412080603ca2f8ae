#include "core/text/unicode/unicode.h"

#include <algorithm>
#include <iterator>

namespace latformer::unicode {
namespace {

// One step of canonical decomposition, packed: `bits` = plane of code | plane of first << 2 | index of second << 4.
struct Decomposition {
  uint16_t code;
  uint16_t first;
  uint16_t bits;
};

// `count` capitals from `first` on, all or every second code point, with their small letters at `distance`.
struct Capitals {
  uint32_t first : 21;
  uint32_t count : 10;
  uint32_t every_second : 1;
  int32_t distance;
};

#include "core/text/unicode/tables.inc"

constexpr char32_t full_code(const Decomposition& d) { return char32_t{d.bits & 3u} << 16 | d.code; }

constexpr std::array<uint8_t, 0x80> ascii_bits() {
  std::array<uint8_t, 0x80> bits = {};
  size_t run = 0;
  for (uint32_t c = 0; c < bits.size(); ++c) {
    while (kRuns[run + 1] >> 8 <= c) ++run;
    bits[c] = kRecords[kRuns[run] & 0xFF].bits;
  }
  return bits;
}

}  // namespace

constinit const std::array<uint8_t, 0x80> kAsciiBits = ascii_bits();

Properties properties(char32_t c) {
  constexpr char32_t kIndexed = (std::size(kRunOfBlock) - 1) << 8;
  const uint32_t* begin = kRuns;
  const uint32_t* end = std::end(kRuns);
  if (c < kIndexed) {
    begin += kRunOfBlock[c >> 8];
    end = kRuns + kRunOfBlock[(c >> 8) + 1] + 1;
  } else {
    begin += kRunOfBlock[kIndexed >> 8];
  }
  const uint32_t* run = std::upper_bound(begin, end, uint32_t{c} << 8 | 0xFF);
  return kRecords[run[-1] & 0xFF];
}

bool decompose_once(char32_t c, char32_t& first, char32_t& second) {
  if (c < full_code(kDecompositions[0])) return false;
  const Decomposition* d = std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions), c,
                                            [](const Decomposition& a, char32_t b) { return full_code(a) < b; });
  if (d == std::end(kDecompositions) || full_code(*d) != c) return false;
  first = char32_t{(d->bits >> 2) & 3u} << 16 | d->first;
  second = kSeconds[d->bits >> 4];
  return true;
}

size_t decompose(char32_t c, char32_t out[kMaxDecomposition]) {
  if (c - hangul::kSyllables < hangul::kCount) {
    const char32_t i = c - hangul::kSyllables;
    out[0] = hangul::kLeading + i / (hangul::kVowelCount * hangul::kTrailingCount);
    out[1] = hangul::kVowels + i / hangul::kTrailingCount % hangul::kVowelCount;
    out[2] = hangul::kTrailing + i % hangul::kTrailingCount;
    return i % hangul::kTrailingCount == 0 ? 2 : 3;
  }
  // Only the first of two parts can decompose further, so the later parts pile up from the back.
  char32_t tail[kMaxDecomposition];
  size_t tail_size = 0;
  char32_t second = 0;
  while (decompose_once(c, c, second)) {
    if (second != 0) tail[tail_size++] = second;
  }
  size_t size = 0;
  out[size++] = c;
  while (tail_size > 0) out[size++] = tail[--tail_size];
  return size;
}

size_t lowercase(char32_t c, char32_t out[kMaxLowercase]) {
  out[0] = c;
  if (c < 0x80) {
    if (c >= 'A' && c <= 'Z') out[0] = c + ('a' - 'A');
    return 1;
  }
  if (c == 0x130) {  // I with a dot above: the only one that becomes two
    out[0] = 'i';
    out[1] = 0x307;
    return 2;
  }
  const Capitals* next = std::upper_bound(std::begin(kCapitals), std::end(kCapitals), c,
                                          [](char32_t a, const Capitals& b) { return a < b.first; });
  if (next == std::begin(kCapitals)) return 1;
  const Capitals& run = next[-1];
  const char32_t i = c - run.first;
  const bool is_capital = i >> run.every_second < run.count && (i & run.every_second) == 0;
  if (is_capital) out[0] = static_cast<char32_t>(static_cast<int32_t>(c) + run.distance);
  return 1;
}

}  // namespace latformer::unicode
