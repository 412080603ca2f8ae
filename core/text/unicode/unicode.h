// What a tokenizer must know about a code point, in the mixture of Unicode versions that Hugging Face's tokenizers
// use (generate.py says which and why).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace latformer::unicode {

struct Properties {
  uint8_t bits;             // of the k... masks below
  uint8_t combining_class;  // canonical combining class, 0 for starters
};

inline constexpr uint8_t kWhiteSpace = 1;
inline constexpr uint8_t kCleaned = 2;  // removed by cleaning: Cc, Cf, Co but not \t \n \r, and U+FFFD
inline constexpr uint8_t kPunctuation = 4;
inline constexpr uint8_t kNonspacingMark = 8;
inline constexpr uint8_t kWord = 16;      // \w of regular expressions
inline constexpr uint8_t kLetter = 32;    // \p{L} of a pre-tokenizer's
inline constexpr uint8_t kNumber = 64;    // \p{N} of a pre-tokenizer's
inline constexpr uint8_t kNumeric = 128;  // what the pre-tokenizer Digits calls a digit

Properties properties(char32_t c);

extern const std::array<uint8_t, 0x80> kAsciiBits;
inline uint8_t bits(char32_t c) { return c < 0x80 ? kAsciiBits[c] : properties(c).bits; }
inline bool has(char32_t c, uint8_t bit) { return (bits(c) & bit) != 0; }

// CJK ideographs as BERT's original tokenizer lists them: its list, gaps included.
constexpr bool is_cjk(char32_t c) {
  return c >= 0x3400 &&
         ((c >= 0x4E00 && c <= 0x9FFF) || c <= 0x4DBF || (c >= 0xF900 && c <= 0xFAFF) ||
          (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) || (c >= 0x2B740 && c <= 0x2B81F) ||
          (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0x2F800 && c <= 0x2FA1F));
}

// Syllables of Hangul are made of letters by rule (Unicode, section 3.12).
namespace hangul {
inline constexpr char32_t kSyllables = 0xAC00, kCount = 11172, kLeading = 0x1100, kVowels = 0x1161, kTrailing = 0x11A7;
inline constexpr char32_t kLeadingCount = 19, kVowelCount = 21, kTrailingCount = 28;  // of trailing ones, 0: none
}  // namespace hangul

inline constexpr size_t kMaxDecomposition = 4;
inline constexpr size_t kMaxLowercase = 2;

// One step of the canonical decomposition of a character that is no syllable of Hangul: into `first` and `second` (0:
// there is none). False where `c` does not decompose.
bool decompose_once(char32_t c, char32_t& first, char32_t& second);

// Full canonical decomposition of `c` into `out`; its length, 1 (and `c` itself) where there is none.
size_t decompose(char32_t c, char32_t out[kMaxDecomposition]);

// Full lower case of `c`, without regard to its neighbours, into `out`; its length.
size_t lowercase(char32_t c, char32_t out[kMaxLowercase]);

}  // namespace latformer::unicode
